"""Everything about one company after another, in memory one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from close_report.errors import CloseReportError
from close_report.models import (
    NAMES,
    AccountBalance,
    CostCenter,
    Finding,
    Income,
    Posting,
    Restatement,
    Sheet,
    TieOut,
    Unmapped,
)
from close_report.warehouse import Warehouse

RowT = TypeVar("RowT", bound=NamedTuple)
_COMPANY = itemgetter(0)


@dataclass
class Books:
    """What a company's pages and sheets show; the lists are in the order of period and account."""

    company_id: str
    balances: dict[date, list[AccountBalance]]
    income: dict[date, list[Income]]
    sheet: dict[date, list[Sheet]]
    centers: dict[date, list[CostCenter]]
    postings: dict[date, list[Posting]]
    left_out: dict[date, int]
    """How many postings a period has that were not read, where it was not read."""
    findings: dict[date, list[Finding]] = field(default_factory=dict)
    restatements: list[Restatement] = field(default_factory=list)
    differences: dict[date, list[TieOut]] = field(default_factory=dict)
    unmapped: list[Unmapped] = field(default_factory=list)

    @property
    def ends(self) -> list[date]:
        """The last days of the periods that have balances."""
        return sorted(self.balances)

    def of(self, end: date) -> Books:
        """Those of one period alone; what changed is of every period."""
        return replace(
            self,
            balances=_only(self.balances, end),
            income=_only(self.income, end),
            sheet=_only(self.sheet, end),
            centers=_only(self.centers, end),
            postings=_only(self.postings, end),
            findings=_only(self.findings, end),
            differences=_only(self.differences, end),
        )


def read_books(
    warehouse: Warehouse, companies: Sequence[str], gone: Sequence[str], max_postings: int
) -> Iterator[Books]:
    """Read each company, in the database's own order.

    Args:
        warehouse: An open database.
        companies: All companies of `close_status`, in the database's order.
        gone: Companies that were signed and are no longer there: their books are empty.
        max_postings: The most postings of a company to read: whole periods, the newest first.

    Raises:
        CloseReportError: A model is missing, or has a company that `close_status` lacks. What was
            found or restated of such a company stays in its tables, and is left out here.
    """
    rank = {company: place for place, company in enumerate(companies)}
    counts = _posting_counts(warehouse)
    kept = {company: _newest(counts.get(company, {}), max_postings) for company in companies}
    by_account = ("company_id", "period_end", "account_code")

    def stream(
        model: type[RowT], *conditions: sa.ColumnElement[bool], order: Sequence[str] = by_account
    ) -> _Stream[RowT]:
        return _Stream(NAMES[model], warehouse.read(model, *conditions, order=order), rank)

    def optional(
        model: type[RowT], *conditions: sa.ColumnElement[bool], order: Sequence[str] = by_account
    ) -> _Stream[RowT]:
        read = warehouse.read(model, *conditions, order=order)
        rows = read if warehouse.has(NAMES[model]) else iter(())
        return _Stream(NAMES[model], (row for row in rows if _COMPANY(row) in rank), rank)

    balances = stream(AccountBalance)
    income = stream(Income)
    sheet = stream(Sheet)
    centers = stream(CostCenter, order=("company_id", "period_end", "cost_center", "account_code"))
    postings = stream(
        Posting,
        _within(kept),
        order=(*by_account, "transaction_date", "entry_id", "line_number"),
    )
    findings = optional(Finding, order=("company_id", "period_end", "severity", "code"))
    restatements = optional(Restatement)
    differences = optional(TieOut, sa.column("status") != "EQUAL")
    unmapped = optional(Unmapped, order=("company_id", "account_code"))
    for company in companies:
        yield Books(
            company,
            _by_end(balances.take(company)),
            _by_end(income.take(company)),
            _by_end(sheet.take(company)),
            _by_end(centers.take(company)),
            _by_end(postings.take(company)),
            {
                end: count
                for end, count in counts.get(company, {}).items()
                if end not in kept[company]
            },
            _by_end(findings.take(company)),
            restatements.take(company),
            _by_end(differences.take(company)),
            unmapped.take(company),
        )
    for company in gone:
        yield Books(company, {}, {}, {}, {}, {}, {})


class _Stream(Generic[RowT]):
    """The rows of a model, company after company."""

    def __init__(self, name: str, rows: Iterator[RowT], rank: Mapping[str, int]) -> None:
        self._name = name
        self._rank = rank
        self._place = 0
        self._groups = groupby(rows, key=_COMPANY)
        self._next = self._following()

    def take(self, company: str) -> list[RowT]:
        """The company's rows; ask for the companies in the database's order."""
        if self._next is None or self._next[0] != company:
            return []
        taken = list(self._next[1])
        self._next = self._following()
        return taken

    def _following(self) -> tuple[str, Iterator[RowT]] | None:
        following = next(self._groups, None)
        if following is not None:
            place = self._rank.get(following[0], -1)
            if place < self._place:
                raise CloseReportError(
                    f"The model {self._name} has the company '{following[0]}' where close_status "
                    "has none: run `dbt build` again."
                )
            self._place = place
        return following


def _posting_counts(warehouse: Warehouse) -> dict[str, dict[date, int]]:
    table = warehouse.table(NAMES[Posting], ("company_id", "period_end"))
    keys = (table.c.company_id, table.c.period_end)
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    with warehouse.told(f"The model {warehouse.schema}.{NAMES[Posting]} cannot be read"):
        for company, end, count in warehouse.connection.execute(
            sa.select(*keys, sa.func.count()).group_by(*keys)
        ):
            counts[company][end] = count
    return counts


def _newest(counts: Mapping[date, int], most: int) -> set[date]:
    kept = set()
    for end in sorted(counts, reverse=True):
        most -= counts[end]
        if most < 0:
            break
        kept.add(end)
    return kept


def _within(kept: Mapping[str, set[date]]) -> sa.ColumnElement[bool]:
    # Companies whose newest periods begin alike share a condition: few, however many companies.
    since: dict[date, list[str]] = defaultdict(list)
    for company, ends in kept.items():
        if ends:
            since[min(ends)].append(company)
    conditions = (
        sa.and_(sa.column("period_end") >= first, sa.column("company_id").in_(companies))
        for first, companies in since.items()
    )
    return sa.or_(sa.false(), *conditions)


def _only(rows: Mapping[date, list[RowT]], end: date) -> dict[date, list[RowT]]:
    return {end: rows[end]} if end in rows else {}


def _by_end(rows: Sequence[Any]) -> dict[date, list[Any]]:
    found: dict[date, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.period_end].append(row)
    return dict(found)
