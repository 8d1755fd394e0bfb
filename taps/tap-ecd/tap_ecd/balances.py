"""The balances of a stretch of time, by account and cost centre: the records I155 and I157.

All amounts are BRL and debit-positive, debits and credits excepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO, Final, NamedTuple, Protocol

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.exact import add
from erp_common.ledger.models import ZERO
from erp_common.ledger.normalize import InvalidValue, account_code, text
from tap_ecd.layout import at
from tap_ecd.scan import fields
from tap_ecd.survey import Section, Survey
from tap_ecd.values import amount, signed

MOST_BALANCES: Final = 2_000_000
"""Pairs of account and cost centre in one period; no books have more."""

Key = tuple[str, str]
"""Account and cost centre; the centre is empty where there is none."""


class Rejects(Protocol):
    """Keeps what cannot be read."""

    def __call__(self, problem: InvalidValue, record: str, line: int, /) -> None:
        """Keep a record."""


class Previous(msgspec.Struct, frozen=True):
    """What an account of the chart before it opened with (I157), where the chart has changed."""

    account_code: str
    cost_center: str | None
    opening_balance: Decimal


class Balance(msgspec.Struct):
    """One account and cost centre."""

    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal
    previous: list[Previous] = []


class Part(NamedTuple):
    """A month's balances in a file."""

    survey: Survey
    section: Section


class Opens(Protocol):
    """Opens the file of a survey."""

    def __call__(self, survey: Survey, /) -> BinaryIO:
        """The file, to be closed by who asked."""


def of_section(file: BinaryIO, part: Part, rejects: Rejects) -> Iterator[tuple[Key, Balance, int]]:
    """The balances of one month of a file, each with its line.

    Args:
        file: The file.
        part: Which month.
        rejects: Keeps the records that cannot be read.
    """
    section, utf8, form = part.section, part.survey.is_utf8, part.survey.form
    held: tuple[Key, Balance, int] | None = None
    for texts in section.region.read(file, utf8=utf8):
        for number, line in enumerate(texts.lines, texts.number):
            kind = line[:6]
            try:
                if kind == "|I155|":
                    if held is not None:
                        yield held
                    held = None
                    held = (*_balance(form.checked("I155", fields(line))), number)
                elif kind == "|I157|":
                    _previous(held, form.checked("I157", fields(line)))
            except InvalidValue as problem:
                rejects(problem, line, number)
    if held is not None:
        yield held


class Repeated(NamedTuple):
    """A balance that stands twice in one month of a file."""

    key: Key
    file: str
    line: int


class Balances:
    """The balances of a period: of months in a row, or of branches side by side."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_key: dict[Key, Balance] = {}
        self.repeated: list[Repeated] = []

    def take(self, chain: Sequence[Part], opens: Opens, rejects: Rejects) -> None:
        """Add months that follow each other: they open with the first and close with the last.

        Args:
            chain: The months, in order.
            opens: Opens their files.
            rejects: Keeps the records that cannot be read.
        """
        for place, part in enumerate(chain):
            seen: set[Key] = set()
            with opens(part.survey) as file:
                for key, balance, line in of_section(file, part, rejects):
                    if key in seen:
                        self.repeated.append(Repeated(key, part.survey.name, line))
                        continue
                    seen.add(key)
                    self._add(key, balance, first=place == 0, last=place == len(chain) - 1)

    def _add(self, key: Key, balance: Balance, *, first: bool, last: bool) -> None:
        found = self.by_key.get(key)
        if found is None:
            if len(self.by_key) >= MOST_BALANCES:
                raise ERPValidationError(
                    f"a period has more than {MOST_BALANCES} balances, which no books have; give "
                    "the file as the program exports it",
                )
            found = self.by_key[key] = Balance(ZERO, ZERO, ZERO, ZERO)
        if first:
            found.opening = add(found.opening, balance.opening)
        if last:
            found.closing = add(found.closing, balance.closing)
        found.debit = add(found.debit, balance.debit)
        found.credit = add(found.credit, balance.credit)
        found.previous += balance.previous

    def by_account(self) -> dict[str, Balance]:
        """The balances summed up over cost centres."""
        sums: dict[str, Balance] = {}
        for (account, _), balance in self.by_key.items():
            found = sums.get(account)
            if found is None:
                found = sums[account] = Balance(ZERO, ZERO, ZERO, ZERO)
            found.opening = add(found.opening, balance.opening)
            found.debit = add(found.debit, balance.debit)
            found.credit = add(found.credit, balance.credit)
            found.closing = add(found.closing, balance.closing)
        return sums


def center(written: str) -> str:
    """A cost centre as a key; empty where there is none."""
    return text(written) or ""


def _balance(values: list[str]) -> tuple[Key, Balance]:
    key = (account_code(at(values, 2), "COD_CTA"), center(at(values, 3)))
    return key, Balance(
        opening=signed(at(values, 4), at(values, 5), "VL_SLD_INI", "IND_DC_INI"),
        debit=amount(at(values, 6), "VL_DEB"),
        credit=amount(at(values, 7), "VL_CRED"),
        closing=signed(at(values, 8), at(values, 9), "VL_SLD_FIN", "IND_DC_FIN"),
    )


def _previous(held: tuple[Key, Balance, int] | None, values: list[str]) -> None:
    """Keep what the account opened with under the chart before."""
    previous = Previous(
        account_code=account_code(at(values, 2), "COD_CTA"),
        cost_center=text(at(values, 3)),
        opening_balance=signed(at(values, 4), at(values, 5), "VL_SLD_INI", "IND_DC_INI"),
    )
    if held is None:
        raise InvalidValue("I157", "belongs to a balance (I155) that is not read")
    held[1].previous.append(previous)


def chains(parts: Iterable[Part]) -> list[list[Part]]:
    """Months in a row, one for each establishment that keeps books of its own."""
    found: dict[str, list[Part]] = {}
    for part in sorted(parts, key=lambda one: (one.section.starts, one.section.begins)):
        head = part.survey.head
        found.setdefault(head.cnpj if head.is_decentralised else "", []).append(part)
    return list(found.values())
