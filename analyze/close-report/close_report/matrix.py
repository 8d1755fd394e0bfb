"""Companies by periods: what is known of each, and the one word that says how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property

from close_report.directory import Directory
from close_report.models import CloseStatus
from close_report.periods import Period, is_open
from close_report.signoffs import Key, Signoff, Totals, current_totals, read_signoffs, standing
from close_report.text import collated
from close_report.warehouse import Warehouse


class State(str, Enum):
    """How a company's period stands; the first that applies, in this order."""

    CHANGED = "changed"
    """Signed, and other movements now than those that were signed."""
    OPEN = "open"
    """Not over yet."""
    FAILED = "failed"
    """The trial balance or the postings do not tie out, signed or not."""
    RESERVED = "reserved"
    """Signed although something stood against it then."""
    SIGNED = "signed"
    ATTENTION = "attention"
    """Ties out, but there are errors, the ECD differs, or the postings were not read."""
    READY = "ready"
    """Closed and tied out: it can be signed."""


class Ecd(str, Enum):
    """How the ledger stands beside the filed one."""

    NONE = "none"
    EQUAL = "equal"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Cell:
    """One company's period."""

    status: CloseStatus
    is_open: bool
    signoff: Signoff | None
    changed: bool
    """Whether a signed period has other movements now."""

    @property
    def company_id(self) -> str:
        """The company as the warehouse calls it."""
        return self.status.company_id

    @property
    def period(self) -> Period:
        """The span of days."""
        return Period(self.status.period_start, self.status.period_end)

    @property
    def ecd(self) -> Ecd:
        """How it stands beside the filed ledger; entries of the closing alone are no difference."""
        stated = (self.status.ecd_status or "").upper()
        if not stated or stated in {"NONE", "NOT_FILED"}:
            return Ecd.NONE
        return Ecd.EQUAL if stated in {"EQUAL", "ONLY_CLOSING"} else Ecd.DIFFERS

    @property
    def errors(self) -> int:
        """Findings of the severity error."""
        return self.status.error_count or 0

    @property
    def issues(self) -> int:
        """Findings of either severity."""
        return self.status.issue_count or 0

    @property
    def restated(self) -> int:
        """Accounts that changed after the period was first seen closed."""
        return self.status.restated_accounts or 0

    @property
    def state(self) -> State:
        """The one word."""
        if self.changed:
            return State.CHANGED
        if self.is_open:
            return State.OPEN
        if not self.status.is_balanced or self.status.is_reconciled is False:
            return State.FAILED
        if self.signoff is not None:
            return State.RESERVED if self.signoff.anyway else State.SIGNED
        if self.errors or self.ecd is Ecd.DIFFERS or self.status.is_reconciled is None:
            return State.ATTENTION
        return State.READY


@dataclass(frozen=True)
class Matrix:
    """All companies and periods."""

    companies: Mapping[str, str]
    """Names by id, in the order of the names."""
    read_in: tuple[str, ...]
    """The ids of those that are in the warehouse, as the database orders them."""
    periods: tuple[Period, ...]
    cells: Mapping[Key, Cell]
    """In the order of the companies and their periods."""
    signoffs: tuple[Signoff, ...]
    """Every row of `close_signoffs`, oldest first."""
    currencies: Mapping[str, str]
    """Of the companies' books by id, where it is known."""

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """Each company's place in that order."""
        return {company: place for place, company in enumerate(self.companies)}

    @property
    def currency(self) -> str | None:
        """The only currency of all books, in which they have a sum; none if there are several."""
        found = set(self.currencies.values())
        return found.pop() if len(found) == 1 else None

    @property
    def gone(self) -> list[str]:
        """Companies that were signed and are no longer in the warehouse."""
        return [company for company in self.companies if company not in self.read_in]

    @property
    def changed(self) -> list[Cell]:
        """The signed periods that have changed since."""
        return [cell for cell in self.cells.values() if cell.changed]

    def row(self, company_id: str) -> list[Cell | None]:
        """The company's cells in the order of the periods; None where it has none."""
        return [self.cells.get((company_id, period.end)) for period in self.periods]


def read_matrix(warehouse: Warehouse, directory: Directory, today: date) -> Matrix:
    """Read how every period stands, with its signature and whether it changed since.

    Args:
        warehouse: An open database.
        directory: The companies' names and currencies.
        today: The day that decides what is open.

    Raises:
        CloseReportError: A model is missing.
    """
    statuses = list(warehouse.read(CloseStatus, order=("company_id", "period_end")))
    signed = read_signoffs(warehouse)
    now = current_totals(warehouse, list(standing(signed)))
    return matrix(statuses, signed, now, directory, today)


def matrix(
    statuses: Iterable[CloseStatus],
    signoffs: Iterable[Signoff],
    now: Mapping[Key, Totals],
    directory: Directory,
    today: date,
) -> Matrix:
    """Put together what was read.

    Args:
        statuses: One for each company and period.
        signoffs: All of them, oldest first.
        now: The present totals of the signed periods.
        directory: The companies' names and currencies.
        today: The day that decides what is open.
    """
    signoffs = tuple(signoffs)
    counted = standing(signoffs)
    statuses = list(statuses)
    known = {(status.company_id, status.period_end) for status in statuses}
    read_in = tuple(dict.fromkeys(status.company_id for status in statuses))
    # What was signed and is gone altogether has changed as much as anything can.
    statuses += [_gone(row) for key, row in counted.items() if key not in known]
    cells = {}
    for status in statuses:
        key = (status.company_id, status.period_end)
        signoff = counted.get(key)
        cells[key] = Cell(
            status,
            is_open(status.period_end, today),
            signoff,
            changed=signoff is not None and key in now and now[key].digest != signoff.digest,
        )
    companies = {company: directory.names.get(company) or company for company, _ in cells}
    named = sorted(companies.items(), key=lambda item: (*map(collated, item[::-1]), item[0]))
    rank = {company: place for place, (company, _) in enumerate(named)}
    return Matrix(
        dict(named),
        read_in,
        tuple(sorted({cell.period for cell in cells.values()}, key=lambda period: period[::-1])),
        dict(sorted(cells.items(), key=lambda item: (rank[item[0][0]], item[0][1]))),
        signoffs,
        {one: directory.currencies[one] for one in companies if one in directory.currencies},
    )


def _gone(row: Signoff) -> CloseStatus:
    return CloseStatus(
        row.company_id,
        row.period_start,
        row.period_end,
        is_balanced=None,
        is_reconciled=None,
        issue_count=None,
        error_count=None,
        restated_accounts=None,
        ecd_status=None,
        extracted_at=None,
    )
