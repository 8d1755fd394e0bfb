"""Ledgers broken in one way each, and the one finding that each must give."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from contract import ways_to_break as ways
from contract.erps import Erp
from contract.ways_to_break import FEBRUARY, JANUARY, MIDDLE, Break, booked, told

WARNINGS = {
    "OPENING_ASSUMED_ZERO",
    "UNKNOWN_ACCOUNT_TYPE",
    "ASSUMED_ACCOUNT_TYPE",
    "CONTINUITY_BREAK",
}


@dataclass(frozen=True)
class Breakage:
    """One way to break the first company's books, or what the ERP says of them.

    Attributes:
        code: The one finding that it must give.
        name: What is broken.
        apply: Breaks them for as long as the block lasts.
        first: The first month with the finding, for ERPs that serve a trial balance.
        chart: Whether it lies in the chart: then ERPs without a trial balance show it in January.
        stream: The stream of the finding.
        as_books: Whether the rows still are the books.
        settings: What the tap needs to be told.
        count: How many findings there are in the first month, for an entry of one line.
    """

    code: str
    name: str
    apply: Break
    first: date = FEBRUARY
    chart: bool = False
    stream: str = "trial_balance"
    as_books: bool = True
    settings: dict[str, Any] = field(default_factory=dict)
    count: int = 1

    @property
    def is_error(self) -> bool:
        """Whether it fails a strict run."""
        return self.code not in WARNINGS

    def month(self, erp: Erp) -> date:
        """The first month with the finding."""
        return self.first if erp.reported or not self.chart else JANUARY

    def __str__(self) -> str:
        """For test ids."""
        return f"{self.code}-{self.name}"


BREAKAGES = (
    Breakage(
        "UNBALANCED_TRIAL_BALANCE",
        "entries within the tolerance add up",
        booked(lambda world: world.break_balance(MIDDLE)),
        count=2,
    ),
    Breakage(
        "UNBALANCED_ENTRY",
        "two entries are off",
        booked(ways.unbalanced_entries),
        stream="subledger",
        count=2,
    ),
    Breakage("BALANCE_EQUATION", "closings off", told("accounts", ways.closings_off),
             as_books=False, count=2),
    Breakage("ORPHAN_ACCOUNT", "no such parent", booked(ways.orphan), JANUARY),
    Breakage("SUMMARY_MISMATCH", "root off", told("accounts", ways.root_off), chart=True,
             as_books=False),
    Breakage("DUPLICATE_ACCOUNT", "a row twice", told("accounts", ways.doubled), chart=True),
    Breakage("POSTING_ON_SUMMARY", "between two", booked(ways.posted_on_summaries),
             stream="subledger", count=2),
    Breakage("OUT_OF_PERIOD", "another month", told("postings", ways.stray), stream="subledger"),
    Breakage("ACCOUNT_NOT_IN_CHART", "unlisted", booked(ways.unlisted), stream="subledger",
             as_books=False),
    Breakage("OPENING_ASSUMED_ZERO", "none stated", booked(ways.without_openings), JANUARY,
             as_books=False, settings={"opening_balances_from": ...}),
    Breakage("UNKNOWN_ACCOUNT_TYPE", "nothing says it", ways.untyped("9"), JANUARY, as_books=False),
    Breakage("ASSUMED_ACCOUNT_TYPE", "the first digit says it", ways.untyped("49"), JANUARY),
    Breakage("ACCOUNT_CLASS_INVERTED", "analytic with children",
             booked(ways.analytic_with_children), JANUARY),
    Breakage("INVALID_RECORD", "account without code", told("accounts", ways.unreadable_account),
             chart=True),
    Breakage("INVALID_RECORD", "impossible date", told("postings", ways.impossible_date),
             stream="subledger"),
    Breakage("SUBLEDGER_MISMATCH", "another amount", told("postings", ways.another_amount),
             stream="subledger", as_books=False),
    Breakage("CONTINUITY_BREAK", "another opening", told("accounts", ways.openings_off),
             as_books=False, count=2),
    Breakage("ROW_COUNT_MISMATCH", "an account missing", told("accounts", ways.one_more_announced),
             chart=True),
    Breakage("ROW_COUNT_MISMATCH", "a posting missing", told("postings", ways.one_more_announced),
             stream="subledger"),
)  # fmt: skip


def shown_by(erp: Erp) -> list[Breakage]:
    """The breakages that an ERP can show."""
    return [one for one in BREAKAGES if _shows(erp, one)]


def _shows(erp: Erp, breakage: Breakage) -> bool:
    if breakage.code == "ROW_COUNT_MISMATCH":
        listing = erp.accounts if breakage.stream == "trial_balance" else erp.postings
        return listing.total is not None
    return {
        "BALANCE_EQUATION": erp.reported,
        "SUBLEDGER_MISMATCH": erp.reported,
        "CONTINUITY_BREAK": erp.reported,
        "SUMMARY_MISMATCH": erp.reported or erp.openings,
        "OPENING_ASSUMED_ZERO": not erp.reported,
        "UNBALANCED_ENTRY": erp.whole_entries,
        # An account's postings are asked for only where it is analytic and in the chart.
        "POSTING_ON_SUMMARY": not erp.by_account,
        "ACCOUNT_NOT_IN_CHART": not erp.by_account,
    }.get(breakage.code, True)
