"""Ways to break books, or what an ERP says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from contract.ledger import QUARTER
from contract.wire import Body, Listing
from contract.world import BANK, OTHER_BANK, SUPPLIER, World
from simulator import Account, LoggedRequest

TWO_MONTHS = QUARTER[:2]
JANUARY, FEBRUARY = (span.start for span in TWO_MONTHS)
MIDDLE = date(2024, 2, 14)
TEN = Decimal("10.00")
Break = Callable[[World], AbstractContextManager[None]]


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
            mine = request.company == world.company.id and where.asks_about(request, FEBRUARY)
            if listing == "postings":
                mine = mine and bool(where.first_within(body, TWO_MONTHS[1]))
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


def of_february(listing: Listing, body: Body) -> dict[str, Any]:
    """The first posting of February, in an answer that may hold those of other months too."""
    row = listing.first_within(body, TWO_MONTHS[1])
    assert row is not None
    return row


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
    listing.append(body, renamed(listing, listing.copy(of_february(listing, body), date=day)))


def impossible_date(listing: Listing, body: Body) -> None:
    """A posting more, of a day that no calendar has."""
    day = listing.day(date(2024, 3, 31)).replace("03", "02")
    listing.append(body, renamed(listing, listing.copy(of_february(listing, body), date=day)))


def renamed(listing: Listing, row: dict[str, Any]) -> dict[str, Any]:
    """The row under a name of its own where rows have one: one that comes twice is told as such."""
    name = listing.fields.get("entry")
    if name and "-" in str(row[name]):
        row[name] = str(uuid5(NAMESPACE_OID, str(row)))
    return row


def another_amount(listing: Listing, body: Body) -> None:
    """A posting with another amount than the trial balance knows."""
    row = of_february(listing, body)
    names = [name for name in ("debit", "credit", "amount") if name in listing.fields]
    name = next(name for name in names if Decimal(row[listing.fields[name]]))
    listing.change(row, name, TEN)


def one_more_announced(listing: Listing, body: Body) -> None:
    """A row fewer than the ERP says there are."""
    assert listing.total is not None
    body[listing.total] += 1
