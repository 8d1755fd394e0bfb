"""A company's books: its periods, each with its rows, what the checks found, its control totals."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any, Generic, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import Place
from erp_common.extract.reading import Postings, Reading
from erp_common.extract.window import Window, window_length
from erp_common.extract.work import Carried, Fetcher, SourceT, Work
from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.finding_keys import with_keys
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Basis, Company, Finding, Posting, Severity
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period, fiscal_year

PlannedT = TypeVar("PlannedT")
ExtractT = TypeVar("ExtractT", bound="PeriodExtract")


class Header(msgspec.Struct):
    """A row of `periods`, without the extraction's constants; totals are over analytic accounts."""

    fiscal_year: int
    period_status: str
    basis: Basis
    account_count: int
    entry_count: int | None
    total_debit: Decimal
    total_credit: Decimal
    is_balanced: bool
    subledger_debit: Decimal | None
    subledger_credit: Decimal | None
    is_reconciled: bool | None
    issue_count: int
    metadata: dict[str, Any]


class PeriodExtract(ABC):
    """What was extracted of a period.

    The postings stream through once; balances, findings and the header stand when they have.
    """

    def __init__(
        self,
        fetcher: Fetcher[Any],
        company: Company,
        period: Period,
        extracted_at: str | None = None,
        reading: Reading | None = None,
    ) -> None:
        """Hold the books of this period.

        Args:
            fetcher: Where they come from, and how they are read.
            company: Whose they are.
            period: The days.
            extracted_at: When they were asked for; None for now.
            reading: What was read of them already.
        """
        self.company = company
        self.period = period
        self.position = ""
        """Where in the company's periods it stands, in words for the log."""
        self.extracted_at = extracted_at or now()
        self._origin = fetcher.source
        self._extraction = fetcher.extraction
        self._reading = reading or fetcher.reading(company, period)
        self.moves_bookmark = True
        """Whether the next run may begin after it."""
        self.leaves: Carried | None = None
        """What the next run needs beside the bookmark, where that is known before it is read."""
        self._before: TrialBalance | None = None
        self._started = False
        self._finished = False
        self._coming: Iterator[list[Posting]] | None = None
        self._keyed: list[Finding] | None = None

    # What the streams take

    def constants(self, stream: str) -> dict[str, Any]:
        """The fields that all rows of a stream share in this extraction."""
        company = self.company
        shared: dict[str, Any] = {
            "source_system": self._origin.source_system,
            "company_id": company.id,
            "company_name": company.name,
            "period_start": str(self.period.start),
            "period_end": str(self.period.end),
            "currency": company.currency,
            "extracted_at": self.extracted_at,
        }
        if stream == "validation_issues":
            del shared["company_name"], shared["currency"]
        return shared

    def postings(self) -> Iterator[list[Posting]]:
        """The postings that pass the filters, checked and counted as they pass."""
        self._started = True
        filters = self._extraction.filters
        self._coming = self._coming or self._postings()
        for postings in self._coming:
            kept = filters.keep_postings(postings) if filters.cut_postings else postings
            if kept:
                yield kept
        self._finished = True

    def balances(self) -> list[Any]:
        """The accounts that pass the filters."""
        filters = self._extraction.filters
        accounts = self.trial_balance.accounts
        return [account for account in accounts if filters.keeps_account(account)]

    def findings(self) -> list[Finding]:
        """What the checks found."""
        if self._keyed is None:
            how, company = self._extraction, self.company.id
            keyed = with_keys(self._found, company, self.period, how.mask, how.catalogue)
            self._keyed = list(keyed)
        return self._keyed

    def header(self) -> Header:
        """The header and control totals of the extraction."""
        ledger = self.trial_balance
        movements = self.movements if self._read_whole else None
        rules = self._extraction.rules
        return Header(
            fiscal_year=fiscal_year(self.period.end, rules.fiscal_year_start_month),
            period_status="open" if self.period.is_open(self._extraction.today) else "closed",
            basis=ledger.basis,
            account_count=ledger.totals.account_count,
            entry_count=None if movements is None else movements.entry_count,
            total_debit=ledger.totals.debit,
            total_credit=ledger.totals.credit,
            is_balanced=ledger.is_balanced,
            subledger_debit=None if movements is None else movements.total_debit,
            subledger_credit=None if movements is None else movements.total_credit,
            is_reconciled=None
            if movements is None
            else checks.is_reconciled(ledger, movements, rules),
            issue_count=len(self.findings()),
            metadata={"balance_convention": ledger.convention.value, **self._origin.made_of},
        )

    def summary(self) -> str:
        """The period in one line, for the log."""
        if not self._read_whole:
            return f"{self._name}: some rows were read, and not compared"
        header = self.header()
        found = Counter(one.code for one in self.findings())
        parts = [
            f"{self._name}: {header.account_count} accounts",
            "no subledger" if header.entry_count is None else f"{header.entry_count} postings",
            "balanced" if header.is_balanced else "NOT BALANCED",
        ]
        if header.is_reconciled is not None:
            parts.append("reconciled" if header.is_reconciled else "NOT RECONCILED")
        told = ", ".join(f"{count} {code}" for code, count in sorted(found.items()))
        return f"{', '.join(parts)}; {told or 'no findings'}"

    @property
    def rows(self) -> int:
        """How many postings and balances there are, once the period was read."""
        movements = self.movements if self._read_whole else None
        postings = 0 if movements is None else movements.entry_count
        return postings + len(self.trial_balance.accounts)

    @property
    def is_refused(self) -> bool:
        """Whether `validation: strict` keeps this period's balances and header back."""
        return self._extraction.strict and bool(self._errors)

    def fail_if_strict(self) -> None:
        """Fail the company if the period is refused.

        Raises:
            ERPValidationError: Naming the period and its errors.
        """
        if not self.is_refused:
            return
        errors = self._errors
        codes = ", ".join(sorted({one.code for one in errors}))
        raise ERPValidationError(
            f"the books of {self.company.id} for {self.period} have {len(errors)} error(s) "
            f"({codes}): {errors[0].message}; correct them in the ERP, or set validation: warn to "
            "load the period with its findings",
        )

    def carried(self) -> Carried | None:
        """What the next run needs beside the bookmark."""
        return self.leaves

    def follow(self, before: PeriodExtract) -> None:
        """Let its openings be compared with the closings of the period right before it."""
        if before.period.end.toordinal() + 1 == self.period.start.toordinal():
            self._before = before.trial_balance

    # Whether there is anything in it

    @property
    def has_accounts(self) -> bool:
        """Whether the ERP states a single account for it."""
        return True

    @property
    def is_zero(self) -> bool:
        """Whether no account holds anything and nothing was posted; looks ahead for a posting."""
        if self._holds_balances() or self._started or self._has_errors():
            return False
        coming = self._coming or self._postings()
        first = next(filter(None, coming), None)
        self._coming = coming if first is None else chain([first], coming)
        return first is None and not self._has_errors()

    def _has_errors(self) -> bool:
        """Whether rows came that are left out: that is told, and is no empty answer."""
        counted = self.movements
        return (counted is not None and counted.has_refused) or any(
            one.severity is Severity.ERROR for one in self._reading.findings
        )

    def tell_empty(self) -> None:
        """Tell that there is nothing in it."""
        self._reading.tell([checks.empty_ledger(self.period, has_accounts=self.has_accounts)])

    # What the kinds of ledger differ in

    @property
    @abstractmethod
    def trial_balance(self) -> TrialBalance:
        """The trial balance; a derived one stands once the postings have been read."""

    @property
    @abstractmethod
    def movements(self) -> Movements | None:
        """The sums of the postings; None if they are not asked for."""

    @abstractmethod
    def _postings(self) -> Iterator[list[Posting]]:
        """The postings as they come in."""

    @abstractmethod
    def _holds_balances(self) -> bool:
        """Whether an account has an amount that does not come from the postings."""

    @abstractmethod
    def _check(self) -> Iterable[Finding]:
        """The checks over the whole period, once everything has been read."""

    # What they share

    @property
    def _name(self) -> str:
        """Company and period, for the log."""
        return f"{self.company.id}, {self.period}{self.position}"

    def _reader(self, movements: Movements, chart: Chart) -> Postings:
        """What counts in the postings that the checks let pass."""
        names = {account.code: account.name for account in chart.accounts}
        return Postings(self._reading, movements, names, self._extraction.rules.closing_entries)

    @cached_property
    def _found(self) -> list[Finding]:
        """Everything that was found; the checks over the whole period run once."""
        ledger = self.trial_balance
        checked = self._check() if self._extraction.rules.checks else ()
        return [*ledger.findings, *checked, *self._reading.findings]

    @property
    def _errors(self) -> list[Finding]:
        return [one for one in self._found if one.severity is Severity.ERROR]

    @property
    def _read_whole(self) -> bool:
        """Whether all postings were read; a dry run stops before."""
        return self._finished or not self._started


class CompanyBooks(ABC, Generic[SourceT, PlannedT]):
    """A company's books, period by period: begun ahead of time, in any thread, taken in order."""

    has_accounts = False
    """Whether a period that is watched, and not read again, has accounts."""
    _taken: PeriodExtract | None = None

    def __init__(self, fetcher: Fetcher[SourceT], number: int, work: Work) -> None:
        """Plan the books; nothing is asked for yet.

        Args:
            fetcher: Asks for them.
            number: Where in the run the company stands.
            work: What is read of it.
        """
        self.work = work
        self._fetcher = fetcher
        self._source = fetcher.source
        self._extraction = fetcher.extraction
        self._number = number
        self._lock = threading.Lock()
        self._begun: dict[int, PlannedT] = {}
        self._next = 0
        self._many: set[Hashable] = set()

    def begin(self, number: int) -> None:
        """Ask for a period, unless that has been done; it may be needed long after."""
        if number < len(self.work.periods):  # a run may have none left to read
            self._begin(number)

    @property
    def begun(self) -> int:
        """How many periods have been asked for."""
        with self._lock:
            return self._next + len(self._begun)

    def changed(self) -> Iterator[PeriodExtract]:
        """Closed periods before the first that are not what they were, to be read again."""
        return iter(())

    @abstractmethod
    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""

    def _window(self, place: Place, periods: Sequence[Period]) -> Window:
        """The postings of the first of these periods, and of those asked for with it."""
        length = window_length(periods, self._extraction)
        return Window(self._fetcher, place, self.work.company, periods[:length], self._many)

    def _follow(self, period: ExtractT) -> ExtractT:
        """The period, which is compared with the one taken before it."""
        if self._taken is not None:
            period.follow(self._taken)
        self._taken = period
        return period

    @abstractmethod
    def _ask(self, index: int) -> Sequence[PlannedT]:
        """Ask for what a period is made of, and those of one window with it; by one thread."""

    def _begin(self, index: int) -> PlannedT | None:
        """The period if it is begun by this call."""
        with self._lock:
            if index < self._next or index in self._begun:
                return None
            self._begun.update(enumerate(self._ask(index), index))
            return self._begun[index]

    def _claim(self, index: int) -> PlannedT:
        """The period that was begun; it and those before it are not begun again."""
        with self._lock:
            self._next = index + 1
            return self._begun.pop(index)


def now() -> str:
    """This moment, as rows say it."""
    moment: str = msgspec.to_builtins(datetime.now(timezone.utc))
    return moment
