"""Charts of other shapes than the usual one, with small books on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib import resources
from random import Random
from typing import Final, cast

from simulator.books import Books
from simulator.company import Company
from simulator.model import FIRST_ENTRY_ID, ZERO, Account, AccountType, Entry, Line, Nature

_TYPES: Final[dict[str, AccountType | None]] = {
    "A": "ASSET",
    "L": "LIABILITY",
    "Q": "EQUITY",
    "R": "REVENUE",
    "E": "EXPENSE",
    "-": None,
}
# A code may have a blank inside it after a separator: "1. 1.5 Adiantamentos".
_account = re.compile(r"( *)(\S*[.] \d\S*|\S+) (.+?)  ([ALQRE-]) ([DC])").fullmatch
_heading = re.compile(r"\[(\w+)\] .+").fullmatch


def _read() -> dict[str, list[Account]]:
    text = (resources.files("simulator") / "shapes.txt").read_text(encoding="utf-8")
    charts: dict[str, list[Account]] = {}
    chart: list[Account] = []
    for line in text.splitlines():
        if heading := _heading(line):
            chart = charts.setdefault(heading[1], [])
        elif found := _account(line):
            indent, code, name, kind, nature = found.groups()
            level = len(indent) // 2 + 1
            above = [account.code for account in chart if account.level == level - 1]
            chart.append(
                Account(
                    code=code,
                    name=name,
                    type=_TYPES[kind],
                    nature=cast("Nature", nature),
                    parent=above[-1] if above else None,
                    level=level,
                    is_summary=False,
                )
            )
        elif line and not line.startswith("#"):
            raise ValueError(f"no account: {line}")
    return {name: list(_with_classes(chart)) for name, chart in charts.items()}


def _with_classes(chart: list[Account]) -> Iterator[Account]:
    parents = {account.parent for account in chart}
    for account in chart:
        yield replace(account, is_summary=account.code in parents)


SHAPES: Final = _read()
"""The charts by the name of their shape."""


def books_of(shape: str, *, opening: bool = True, months: int = 1) -> Books:
    """A company with sound books from January 2024 on, every analytic account with balances.

    Args:
        shape: The shape of its chart.
        opening: Opening balances; else an entry of the day before has them.
        months: How many months of entries there are.
    """
    chart = SHAPES[shape]
    rng = Random(shape)  # noqa: S311 - the same books again are the point
    leaves = [account.code for account in chart if not account.is_summary]
    first = date(2024, 1, 1)
    balances = dict.fromkeys(leaves, ZERO)
    for code, other in zip(leaves, [*leaves[1:], leaves[0]], strict=True):
        amount = Decimal(rng.randint(100, 999_999)).scaleb(-2)
        balances[code] += amount
        balances[other] -= amount
    entries = []
    if not opening:
        entries.append(_entry(0, first - timedelta(days=1), balances))
    for number in range(1, months * 12 + 1):
        debit, credit = rng.sample(leaves, 2)
        amount = Decimal(rng.randint(100, 99_999)).scaleb(-2)
        day = first + timedelta(days=rng.randrange(31 if months == 1 else 29 * months))
        entries.append(_entry(number, day, {debit: amount, credit: -amount}))
    return Books([Company("101", f"Forma {shape}", chart, balances if opening else {}, entries)])


def _entry(number: int, day: date, amounts: dict[str, Decimal]) -> Entry:
    return Entry(
        id=FIRST_ENTRY_ID + 1 + number,
        date=day,
        posting_date=day,
        description=f"Lançamento {number}",
        lines=tuple(
            Line(code, max(amount, ZERO), max(-amount, ZERO))
            for code, amount in amounts.items()
            if amount
        ),
    )
