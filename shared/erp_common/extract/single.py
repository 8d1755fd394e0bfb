"""The postings of a single account, without the rest of its period."""

from __future__ import annotations

from collections.abc import Iterator

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import FetchAhead
from erp_common.extract.composed import ComposedSource
from erp_common.extract.paged import Paged
from erp_common.extract.reading import Postings, Reading
from erp_common.extract.source import DerivedSource, ReportedSource, Source
from erp_common.extract.work import Extraction
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import Company, Finding, Posting, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period


class AccountPostings:
    """The postings of one account in one span of dates, streamed.

    A row that cannot be read is an error here: there is no other place to tell of it.
    """

    def __init__(
        self,
        source: Source,
        company: Company,
        period: Period,
        code: str,
        extraction: Extraction,
    ) -> None:
        """Plan to read; nothing is asked for yet."""
        self._source = source
        self._company = company
        self._period = period
        self._code = code
        self._extraction = extraction
        self._reading = Reading(f"{company.id}, {period}", checks=False, mask=extraction.mask)
        self._movements = Movements(period)

    def __iter__(self) -> Iterator[list[Posting]]:
        """The postings that pass the filters, page by page.

        Raises:
            ERPError: If they cannot be read, or the account is not known.
        """
        ahead = FetchAhead(self._extraction.threads)
        filters = self._extraction.filters
        try:
            for postings in self._read(ahead):
                kept = filters.keep_postings([one for one in postings if self._is_of(one)])
                if kept:
                    yield kept
        finally:
            ahead.close()

    @property
    def strays(self) -> list[Finding]:
        """Postings outside the dates asked for, which are left out; known once all are read."""
        chart = build([StatedAccount(code=self._code, name=self._code)], self._extraction.rules)
        return [one for one in self._movements.findings(chart) if one.code == "OUT_OF_PERIOD"]

    def _is_of(self, posting: Posting) -> bool:
        return posting.account_code == self._code

    def _read(self, ahead: FetchAhead) -> Iterator[list[Posting]]:
        source, rules = self._source, self._extraction.rules
        if isinstance(source, ReportedSource):
            account = StatedAccount(code=self._code, name=self._code)
            query = source.postings(self._company, self._period, account)
            listings = [(query, source.lines(account))]
            names: dict[str, str] = {}
        elif isinstance(source, ComposedSource):
            # The whole period's: a row of another account may be the one that a text goes on from.
            listings = [(source.entries(self._company, self._period), source.lines())]
            names = {}
        elif isinstance(source, DerivedSource):
            paged = Paged(source.transport, ahead, (0,), source.chart(self._company))
            stated = list(self._reading.accounts(paged.pages(), source.account, "trial_balance"))
            known = [account for account in stated if account.code == self._code]
            if not known:
                raise ERPValidationError(
                    f"{source.system} has no account {self._code}; ask for one of its chart",
                )
            listings = list(source.postings(self._company, self._period, build(known, rules)))
            names = {self._code: known[0].name}
        else:
            raise TypeError(type(source))
        for index, (query, reader) in enumerate(listings):
            paged = Paged(source.transport, ahead, (1, index), query)
            yield from Postings(self._reading, self._movements, names, rules.closing_entries).of(
                paged, reader
            )
