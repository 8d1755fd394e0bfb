"""What companies of one holding sell to each other: both sides of each sale, month by month."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import Final

from simulator.company import Company
from simulator.model import ZERO, Entity, Line

CLIENT: Final = "1.1.02.01.001"
SUPPLIER: Final = "2.1.01.01.001"
SALES: Final = "3.1.01.01.001"
EXPENSE: Final = "5.1.02.01.001"
BANK: Final = "1.1.01.02.001"
_SOLD_ON: Final = 20
_PAID_ON: Final = 5
_DOCUMENT: Final = "NFI"
Rename = Callable[[str], str]


def partner(index: int, name: str) -> Entity:
    """Return what the other companies call the one at that place."""
    return Entity(9_900_000_001 + index, name)


def sell_to_each_other(
    companies: Sequence[Company], renames: Sequence[Rename], months: Sequence[date], seed: str
) -> None:
    """Let each company sell a service to the next, every month, and be paid a month later."""
    rng = Random(f"{seed}/between")  # noqa: S311 - the same books again are the point
    for index, seller in enumerate(companies):
        other = (index + 1) % len(companies)
        if other == index:
            return
        buyer = companies[other]
        owed = ZERO
        for month in months:
            if owed:
                day = month.replace(day=_PAID_ON)
                _book(seller, renames[index], day, (BANK, CLIENT), owed, partner(other, buyer.name))
                _book(
                    buyer, renames[other], day, (SUPPLIER, BANK), owed, partner(index, seller.name)
                )
            owed = Decimal(rng.randrange(50_000, 500_000)).scaleb(-2)
            day = month.replace(day=min(_SOLD_ON, monthrange(month.year, month.month)[1]))
            _book(seller, renames[index], day, (CLIENT, SALES), owed, partner(other, buyer.name))
            _book(
                buyer, renames[other], day, (EXPENSE, SUPPLIER), owed, partner(index, seller.name)
            )


def close_again(company: Company, retained: str) -> None:
    """Let the closing entries take out what was booked after they were drawn up."""
    types = {account.code: account.type for account in company.accounts}
    for closing in company.entries:
        if closing.closes is None:
            continue
        result: dict[str, Decimal] = {}
        for entry in company.entries:
            # A closing entry belongs to the day that it closes, whatever its own date.
            if entry.id == closing.id or (entry.closes or entry.date) > closing.closes:
                continue
            for line in entry.lines:
                if types[line.account] in ("REVENUE", "EXPENSE"):
                    net = line.debit - line.credit
                    result[line.account] = result.get(line.account, ZERO) + net
        sums = {code: -net for code, net in sorted(result.items()) if net}
        sums[retained] = -sum(sums.values(), ZERO)
        company.edit_entry(
            closing.id,
            lines=tuple(
                Line(code, max(net, ZERO), max(-net, ZERO)) for code, net in sums.items() if net
            ),
        )


def _book(
    company: Company,
    rename: Rename,
    day: date,
    accounts: tuple[str, str],
    amount: Decimal,
    entity: Entity,
) -> None:
    debit, credit = map(rename, accounts)
    company.add_entry(
        date=day,
        lines=[Line(debit, amount, ZERO), Line(credit, ZERO, amount)],
        document_type=_DOCUMENT,
        description="Serviço entre empresas do grupo",
        entity=entity,
    )
