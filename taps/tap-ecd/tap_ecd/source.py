"""The books that files hold, as the house asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from erp_common.errors import ERPError, ERPValidationError
from erp_common.extract.ahead import FetchAhead
from erp_common.extract.listing import Batch, Page
from erp_common.extract.paged import Paging
from erp_common.extract.period import CompanyBooks
from erp_common.extract.reading import Lines, Reading
from erp_common.extract.source import AccountListings, Source
from erp_common.extract.work import Extraction, Fetcher, Work
from erp_common.ledger.models import Basis, Company, Posting, StatedAccount
from erp_common.ledger.periods import Period
from tap_ecd.addresses import Found, found
from tap_ecd.books import FiledBooks, FiledPeriod, Surveys
from tap_ecd.head import UnreadableHead, read
from tap_ecd.shelf import Known, Shelf, shelves


class FiledLedgers(Source):
    """The ECD files of some companies."""

    source_system = "sped_ecd"
    system = "SPED ECD"
    told_apart_by = "erp_id in companies, and paths"
    basis = Basis.REPORTED

    def __init__(self, paths: tuple[str, ...], companies: list[Company]) -> None:
        """Read the files that these paths name.

        Args:
            paths: Files, folders, patterns, addresses.
            companies: The companies; `erp_id` is the CNPJ.
        """
        self._paths = paths
        self._companies = companies
        self._known: Mapping[str, Mapping[str, Known]] = {}
        self._shelves: dict[str, Shelf | ERPError] | None = None

    def remember(self, known: Mapping[str, Mapping[str, Known]]) -> None:
        """Take over what the state keeps of each company's files, by their paths.

        Files of the same size and time are not read again to know whether they have changed.
        """
        self._known = known

    def shelf(self, company: Company) -> Shelf:
        """A company's files.

        Raises:
            ERPError: If they cannot be found or chosen among.
        """
        if company not in self._companies:  # asked for by its CNPJ alone
            self._companies, self._shelves = [company], None
        if self._shelves is None:
            self._shelves = shelves(self._companies, found(self._paths), self._known)
        its = self._shelves[company.id]
        if isinstance(its, Exception):
            raise its
        return its

    def account(self, row: Any) -> StatedAccount:  # noqa: ANN401 - as the house types it
        """An account is what the file states."""
        stated: StatedAccount = row
        return stated

    def check(self, company: Company, period: Period, timeout: float) -> None:
        """Make sure that there is a file which is an ECD.

        Raises:
            ERPError: If there is none.
        """
        _ = company, period, timeout
        for file in found(self._paths):
            if _is_ecd(file):
                return
        raise ERPValidationError("no file in paths is an ECD; put the companies' files there")

    def books(
        self, number: int, work: Work, extraction: Extraction, ahead: FetchAhead
    ) -> CompanyBooks[Any, Any]:
        """A company's books; what keeps them from being read is said when they are asked for."""
        fetcher = Fetcher(self, extraction, ahead)
        try:
            return FiledBooks(fetcher, number, work, self.shelf(work.company))
        except ERPError as error:
            return _Unreadable(fetcher, number, work, error)

    def of_account(
        self, company: Company, period: Period, code: str, reading: Reading, extraction: Extraction
    ) -> AccountListings:
        """The postings of one account: those of the whole time, of which it is picked."""
        _ = reading
        shelf = self.shelf(company)
        # A line that cannot be read is an error: there is no other place to tell of it.
        rules = msgspec.structs.replace(extraction.rules, checks=False)
        alone = msgspec.structs.replace(extraction, rules=rules, subledger=True)
        fetcher = Fetcher(self, alone, FetchAhead(1))
        its = FiledPeriod(fetcher, company, period, shelf, Surveys(), set())
        return AccountListings([(_Journal(its, code), Lines(_as_it_is))])


class _Journal:
    """A period's postings of one account, as a listing of one page."""

    paging = Paging.SINGLE
    page_size = 0
    identity = ""

    def __init__(self, period: FiledPeriod, code: str) -> None:
        self._period = period
        self._code = code
        self.name = f"postings of account {code}"

    def page(self, number: int) -> Page[Posting]:
        """All of them, as a stream."""
        _ = number
        return Page(self._batches())

    def _batches(self) -> Iterator[Batch[Posting]]:
        known = not self._period.accounts or self._code in self._period.accounts
        for postings in self._period.postings():
            rows = [one for one in postings if one.account_code == self._code]
            known |= bool(rows)
            yield Batch(rows, list)
        if not known:
            raise ERPValidationError(
                f"the ECD has no account {self._code}; ask for one of its chart"
            )


class _Unreadable(CompanyBooks[Any, Any]):
    """Books that cannot be read: the company fails, the others do not."""

    def __init__(self, fetcher: Fetcher[Any], number: int, work: Work, why: ERPError) -> None:
        super().__init__(fetcher, number, work)
        self._why = why

    def take(self, number: int) -> NoReturn:
        """Say why."""
        _ = number
        raise self._why

    def _ask(self, index: int) -> tuple[None]:
        _ = index
        return (None,)


def _as_it_is(posting: Posting) -> tuple[Posting]:
    return (posting,)


def _is_ecd(file: Found) -> bool:
    with file.open() as opened:
        try:
            return read(opened) is not None
        except UnreadableHead:
            return False
