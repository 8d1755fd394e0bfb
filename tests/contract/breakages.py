"""Ledgers broken in one way each, and the one finding that each must give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from contract.erps import Erp
from contract.ledger import QUARTER
from contract.wire import Body, Listing
from contract.world import BANK, OTHER_BANK, SUPPLIER, World
from simulator import Account, LoggedRequest

TWO_MONTHS = QUARTER[:2]
JANUARY, FEBRUARY = (span.start for span in TWO_MONTHS)
MIDDLE = date(2024, 2, 14)
TEN = Decimal("10.00")
WARNINGS = {
    "OPENING_ASSUMED_ZERO",
    "UNKNOWN_ACCOUNT_TYPE",
    "ASSUMED_ACCOUNT_TYPE",
    "CONTINUITY_BREAK",
}
Break = Callable[[World], AbstractContextManager[None]]


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
    settings: dict[str, Any] = field(default_factory=lambda: dict(MappingProxyType({})))
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


def booked(change: Callable[[World], object]) -> Break:
    """A change of the books themselves."""

    def apply(world: World) -> AbstractContextManager[None]:
        change(world)
        return nullcontext()

    return apply


def told(listing: str, change: Callable[[Listing, Body], object]) -> Break:
    """A change of what the ERP says of February: of `accounts`, or of the first `postings`.

    In a repeated run the same account's postings are changed.
    """

    @contextmanager
    def apply(world: World) -> Iterator[None]:
        where: Listing = getattr(world.erp, listing)
        changed: list[object] = []

        def tamper(body: Body, request: LoggedRequest) -> None:
            mine = request.company == world.company.id and where.asks_from(request, FEBRUARY)
            if mine and where.rows(body) and request.account == (changed or [request.account])[0]:
                changed.append(request.account)
                change(where, body)

        with world.tamper(where, tamper):
            yield
        assert changed, "the answer that was to be changed did not come"

    return apply


def account(code: str, name: str, **fields: Any) -> Account:
    """An analytic asset without a parent, unless told otherwise."""
    usual = {"type": "ASSET", "nature": "D", "parent": None, "level": 1, "is_summary": False}
    return Account(code=code, name=name, **{**usual, **fields})


def row_of(listing: Listing, body: Body, code: str) -> dict[str, Any]:
    """The row of an account."""
    return next(row for row in listing.rows(body) if listing.code(row) == code)


# The books


def unbalanced_entries(world: World) -> None:
    """Two entries that are wrong by the same amount, each the other way."""
    world.enter(MIDDLE, (BANK, "15.00"), (SUPPLIER, "-10.00"))
    world.enter(MIDDLE, (BANK, "10.00"), (SUPPLIER, "-15.00"))


def orphan(world: World) -> None:
    """A parent that does not exist; the account then stands one level below a root."""
    known = world.truth.account("1.1.06.01.001")
    world.company.put_account(replace(known, parent="9.9", level=2))


def posted_on_summaries(world: World) -> None:
    """An entry between two summary accounts."""
    world.enter(MIDDLE, ("1.1.01", "10.00"), ("2.1.01", "-10.00"))


def unlisted(world: World) -> None:
    """A posting on an account that no chart has."""
    world.enter(MIDDLE, ("5.1.05.01.009", "10.00"), (BANK, "-10.00"))


def analytic_with_children(world: World) -> None:
    """An account with one below it that is flagged analytic; neither has an amount."""
    over = {"parent": "1", "level": 2}
    world.company.put_account(account("1.3", "Contas a classificar", **over))
    under = {"parent": "1.3", "level": 3}
    world.company.put_account(account("1.3.01", "Conta a classificar", **under))


def untyped(code: str) -> Break:
    """A root of which neither the ERP nor its name says what it is."""

    def apply(world: World) -> AbstractContextManager[None]:
        world.company.put_account(account(code, "Contas transitórias", type="EXPENSE"))
        listing = world.erp.accounts

        def tamper(body: Body, request: LoggedRequest) -> None:
            if request.company == world.company.id:
                del row_of(listing, body, code)[listing.fields["type"]]

        return world.tamper(listing, tamper)

    return apply


def without_openings(world: World) -> None:
    """An ERP that states no opening balances."""
    if hasattr(world.options, "opening_balances"):
        world.options.opening_balances = False


# What is said of them


def closings_off(listing: Listing, body: Body) -> None:
    """Two closing balances off by the same amount, each the other way."""
    listing.change(row_of(listing, body, BANK), "closing", TEN)
    listing.change(row_of(listing, body, OTHER_BANK), "closing", -TEN)


def openings_off(listing: Listing, body: Body) -> None:
    """Two accounts that open, and therefore close, with another balance than the one before."""
    for code, by in ((BANK, TEN), (OTHER_BANK, -TEN)):
        listing.change(row_of(listing, body, code), "opening", by)
        listing.change(row_of(listing, body, code), "closing", by)


def root_off(listing: Listing, body: Body) -> None:
    """A root that is more than the accounts below it."""
    row = row_of(listing, body, "1")
    for name in ("opening", "closing"):
        if name in listing.fields:
            listing.change(row, name, TEN)


def doubled(listing: Listing, body: Body) -> None:
    """A row that comes twice."""
    listing.append(body, listing.copy(row_of(listing, body, BANK)))


def unreadable_account(listing: Listing, body: Body) -> None:
    """A row more, without a code."""
    listing.append(body, listing.copy(row_of(listing, body, BANK), code="   "))


def stray(listing: Listing, body: Body) -> None:
    """A posting more, of another month."""
    day = listing.day(date(2024, 5, 2))
    listing.append(body, listing.copy(listing.rows(body)[0], date=day))


def impossible_date(listing: Listing, body: Body) -> None:
    """A posting more, of a day that no calendar has."""
    day = listing.day(date(2024, 3, 31)).replace("03", "02")
    listing.append(body, listing.copy(listing.rows(body)[0], date=day))


def another_amount(listing: Listing, body: Body) -> None:
    """A posting with another amount than the trial balance knows."""
    row = listing.rows(body)[0]
    names = [name for name in ("debit", "credit", "amount") if name in listing.fields]
    name = next(name for name in names if Decimal(row[listing.fields[name]]))
    listing.change(row, name, TEN)


def one_more_announced(listing: Listing, body: Body) -> None:
    """A row fewer than the ERP says there are."""
    assert listing.total is not None
    body[listing.total] += 1


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
        booked(unbalanced_entries),
        stream="subledger",
        count=2,
    ),
    Breakage("BALANCE_EQUATION", "closings off", told("accounts", closings_off),
             as_books=False, count=2),
    Breakage("ORPHAN_ACCOUNT", "no such parent", booked(orphan), JANUARY),
    Breakage("SUMMARY_MISMATCH", "root off", told("accounts", root_off), chart=True,
             as_books=False),
    Breakage("DUPLICATE_ACCOUNT", "a row twice", told("accounts", doubled), chart=True),
    Breakage("POSTING_ON_SUMMARY", "between two", booked(posted_on_summaries),
             stream="subledger", count=2),
    Breakage("OUT_OF_PERIOD", "another month", told("postings", stray), stream="subledger"),
    Breakage("ACCOUNT_NOT_IN_CHART", "unlisted", booked(unlisted), stream="subledger",
             as_books=False),
    Breakage("OPENING_ASSUMED_ZERO", "none stated", booked(without_openings), JANUARY,
             as_books=False, settings={"opening_balances_from": ...}),
    Breakage("UNKNOWN_ACCOUNT_TYPE", "nothing says it", untyped("9"), JANUARY, as_books=False),
    Breakage("ASSUMED_ACCOUNT_TYPE", "the first digit says it", untyped("49"), JANUARY),
    Breakage("ACCOUNT_CLASS_INVERTED", "analytic with children", booked(analytic_with_children),
             JANUARY),
    Breakage("INVALID_RECORD", "account without code", told("accounts", unreadable_account),
             chart=True),
    Breakage("INVALID_RECORD", "impossible date", told("postings", impossible_date),
             stream="subledger"),
    Breakage("SUBLEDGER_MISMATCH", "another amount", told("postings", another_amount),
             stream="subledger", as_books=False),
    Breakage("CONTINUITY_BREAK", "another opening", told("accounts", openings_off),
             as_books=False, count=2),
    Breakage("ROW_COUNT_MISMATCH", "an account missing", told("accounts", one_more_announced),
             chart=True),
    Breakage("ROW_COUNT_MISMATCH", "a posting missing", told("postings", one_more_announced),
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
