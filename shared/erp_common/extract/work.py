"""What a run is to read, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import FetchAhead
from erp_common.extract.reading import Reading
from erp_common.ledger.digest import Digest
from erp_common.ledger.filters import Filters
from erp_common.ledger.models import Basis, Company, StatedAccount
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Period, Periodicity
from erp_common.ledger.rules import Rules


class CarriedOpenings(msgspec.Struct, frozen=True):
    """What a derived ledger hands to its next run."""

    openings: Openings
    mark: str
    """A mark of the settings that decide openings; another mark makes the balances useless."""


class CarriedDigests(msgspec.Struct, frozen=True):
    """What closed periods of a reported ledger are known by, for the next run."""

    periodicity: Periodicity
    digests: dict[date, Digest]
    """By the periods' last days."""


Carried = CarriedOpenings | CarriedDigests


class Work(msgspec.Struct):
    """The periods of one company that are read, in order.

    For a derived ledger also where its openings come from: the balances carried over from an
    earlier run, or spans before the first period whose postings are summed first, or nothing.
    """

    company: Company
    periods: list[Period]
    openings: Openings | None = None
    """As at the start of the first period."""
    before: list[Period] = []
    openings_mark: str = ""
    watched: list[Period] = []
    """Closed periods before the first, of a reported ledger: what has changed is read again."""
    digests: dict[date, Digest] = {}
    """What closed periods were when they were last read, by their last days."""


class Extraction(msgspec.Struct, kw_only=True):
    """How the books are read."""

    rules: Rules
    subledger: bool = True
    """Whether postings are asked for (a derived ledger needs them in any case)."""
    all_accounts: bool = False
    """Whether postings are asked for of all analytic accounts, not just of those that moved."""
    strict: bool = False
    filters: Filters = Filters()
    threads: int = 4
    lookback: int = 1
    """Periods that the next run will read again."""
    periods_per_request: int
    """Closed periods that one request for postings may span; it gets fewer where the ERP breaks."""
    periodicity: Periodicity = Periodicity.MONTH
    year_end_close: bool = False
    openings_stated: bool = False
    """Whether the settings say where a derived ledger's openings come from."""
    today: date
    mask: Callable[[str], str] = str
    known: dict[str, StatedAccount] = {}
    """The company's accounts by their codes, as far as a trial balance has told them before."""
    catalogue: Mapping[str, str] = MappingProxyType({})
    """What findings say in the language asked for, by what they say in English."""

    def narrow(self, periods: int) -> None:
        """Span no more periods than these in a request from now on."""
        self.periods_per_request = max(1, min(periods, self.periods_per_request))


class Origin:
    """Where books come from, as their rows say it."""

    source_system: ClassVar[str]
    system: ClassVar[str]
    """The ERP's name as people write it."""
    basis: ClassVar[Basis]
    natural_balances: ClassVar[bool] = False
    """Whether balances are taken as stated on the account's natural side if nothing tells."""
    class_setting: ClassVar[str] = ""
    """The setting that says which class summary accounts have, where that differs by site."""
    told_apart_by: ClassVar[str] = "erp_id in companies"
    """What in the settings decides whose books are read."""
    whole_entries: ClassVar[bool] = False
    """Whether each row of the postings is a whole entry, whose debits equal its credits."""
    made_of: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What the books are read from, or on which basis they stand, for the metadata of `periods`."""

    def whose(self, company: Company) -> str:
        """The company, and by what the ERP is asked for it."""
        return f"company {company.id} (erp_id {company.erp_id!r})"

    def nothing_of(self, company: Company, what: str) -> ERPValidationError:
        """The error of a company of which the ERP has not one account.

        Args:
            company: The company.
            what: Where accounts should be: "the chart of accounts is empty".
        """
        return ERPValidationError(
            f"{self.system} knows not one account of {self.whose(company)}: {what}. That is what a "
            f"wrong company or branch looks like: check {self.told_apart_by}, and what the "
            "ERP's user may see. Nothing counts as read",
        )


SourceT = TypeVar("SourceT", bound=Origin)


class Fetcher(msgspec.Struct, Generic[SourceT]):
    """The ERP, how its books are read, and the threads that fetch them."""

    source: SourceT
    extraction: Extraction
    ahead: FetchAhead

    def reading(self, company: Company, of: Period | str) -> Reading:
        """What is read of a company: of a period, or of what a sentence calls so."""
        extraction = self.extraction
        return Reading(
            f"{company.id}, {of}",
            checks=extraction.rules.checks,
            mask=extraction.mask,
            is_open=isinstance(of, Period) and of.is_open(extraction.today),
            entries=extraction.rules if self.source.whole_entries else None,
        )
