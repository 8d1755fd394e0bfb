"""Conta Azul's way to see a company's money: events, their installments, and what settled them.

Made from the cash book: a movement settles an installment of its own, but some settle one together,
and some installments belong to one event, whose apportionment is stated in full on each of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid5

from simulator.cash import CashBook, CashDesk, Movement, Part, Title
from simulator.model import ZERO, Entity

OPENED: Final = dt.date(2023, 12, 31)
"""The day for which the accounts' initial balances were entered."""

OPERATIONS: Final[Mapping[str, str | None]] = {
    "JUROS_RECEBIDOS": "1.02.01",
    "JUROS_PAGOS": "2.04.02",
    "MULTAS_RECEBIDAS": None,
    "MULTAS_PAGAS": None,
    "DESCONTOS_FINANCEIROS_CONCEDIDOS": "2.01.01",
    "DESCONTOS_FINANCEIROS_OBTIDOS": "1.01.02",
    "TARIFAS": "2.04.03",
    "PERDAS": "2.04.02",
}
"""The category of each operation; None where the company has not chosen one."""

_SPACE: Final = UUID("6f0c2a52-5a0e-4a0e-9d5e-0c0f7a3b9f11")


@cache
def uuid(kind: str, number: object) -> str:
    """Return the id of a thing."""
    return str(uuid5(_SPACE, f"{kind}/{number}"))


@dataclass(frozen=True)
class Extras:
    """What a settlement brings beyond the face value; none is negative."""

    interest: Decimal = ZERO
    fine: Decimal = ZERO
    discount: Decimal = ZERO
    fee: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What they add to the face value."""
        return self.interest + self.fine - self.discount - self.fee


@dataclass(frozen=True)
class Settlement:
    """A `baixa`: money that settles an installment, or a part of one."""

    id: str
    day: dt.date
    account: int
    face: Decimal
    extras: Extras


@dataclass
class Installment:
    """A `parcela`; `parts` are the categories of the whole event."""

    id: str
    event: str
    receivable: bool
    due: dt.date
    parts: dict[str, Decimal]
    description: str
    entity: Entity | None = None
    document: str | None = None
    origin: str = "LANCAMENTO_FINANCEIRO"
    unpaid: Decimal = ZERO
    settlements: list[Settlement] = field(default_factory=list)

    @property
    def paid(self) -> Decimal:
        """Face value settled."""
        return sum((one.face for one in self.settlements), ZERO)

    def moved(self, start: dt.date, end: dt.date) -> bool:
        """Whether something was paid in these days."""
        return any(start <= one.day <= end for one in self.settlements)


@dataclass
class Plans:
    """What the cash book does not say; by the numbers of movements.

    Attributes:
        extras: Interest, fines, discounts and fees of a movement's settlement.
        settles: The movement whose installment this one settles too.
        event_of: The movement to whose event this one's installment belongs.
        due: Days for which installments are due, where that is not as usual.
    """

    extras: dict[int, Extras] = field(default_factory=dict)
    settles: dict[int, int] = field(default_factory=dict)
    event_of: dict[int, int] = field(default_factory=dict)
    due: dict[int, dt.date] = field(default_factory=dict)


class PlannedDesk(CashDesk):
    """The money of each company, with what Conta Azul knows of it beyond the movements."""

    def __init__(self, *args: Any) -> None:
        """Serve companies."""
        super().__init__(*args)
        self._plans: dict[str, Plans] = {}

    def of(self, company_id: str | None = None) -> CashBook:
        """Return a company's money; the first company's by default."""
        with self._lock:
            cash = super().of(company_id)
            if cash.company.id not in self._plans:
                self._plans[cash.company.id] = _planned(cash)
            return cash

    def plans(self, cash: CashBook) -> Plans:
        """Return what there is beyond a company's movements; change it at any time."""
        return self._plans[cash.company.id]


def installments(cash: CashBook, plans: Plans, *, event_scoped: bool = True) -> list[Installment]:
    """Return every installment of payables and receivables, as they fall due.

    Args:
        cash: The company's money.
        plans: What it does not say.
        event_scoped: Whether installments state the apportionment of the whole event.
    """
    made: dict[str, Installment] = {}
    for one in cash.movements:
        if one.kind == "transfer":
            continue
        for title in one.titles or (_untitled(one, plans),):
            _settle(made, one, title, plans)
    if event_scoped:
        _state_whole_events(made.values())
    return sorted(made.values(), key=lambda found: (found.due, found.id))


def _settle(made: dict[str, Installment], one: Movement, title: Title, plans: Plans) -> None:
    owner = plans.settles.get(one.id)
    number = title.id if owner is None else owner
    found = made.get(uuid("installment", number))
    if found is None:
        found = Installment(
            uuid("installment", number),
            uuid("event", plans.event_of.get(one.id, number)),
            one.amount > 0,
            plans.due.get(one.id, _usually_due(one)),
            {category: abs(amount) for category, amount in title.parts},
            one.description,
            one.entity,
            one.document,
        )
        made[found.id] = found
    if owner is not None or one.id in plans.settles.values():
        found.unpaid = Decimal(10)
    if one.forecast:
        found.unpaid += title.face
        return
    extras = plans.extras.get(one.id, Extras())
    settlement = uuid("settlement", f"{one.id}/{title.id}")
    face = title.paid - extras.net
    found.settlements.append(Settlement(settlement, one.date, one.account, face, extras))
    if one.titles and title.face != title.paid:
        # The first installment of three; the others have still to be paid.
        for at in (1, 2):
            later = found.due + dt.timedelta(days=30 * at)
            sibling = uuid("installment", f"{number}/{at}")
            made[sibling] = Installment(
                sibling,
                found.event,
                found.receivable,
                later,
                dict(found.parts),
                one.description,
                one.entity,
                unpaid=title.face,
            )


def _state_whole_events(made: Iterable[Installment]) -> None:
    of: dict[str, list[Installment]] = defaultdict(list)
    for one in made:
        of[one.event].append(one)
    for siblings in of.values():
        whole: dict[str, Decimal] = defaultdict(Decimal)
        for one in siblings:
            for category, amount in one.parts.items():
                whole[category] += amount
        for one in siblings:
            one.parts = dict(whole)


def _untitled(one: Movement, plans: Plans) -> Title:
    """What a movement without a title of its own settles."""
    amount = abs(one.amount)
    parts: tuple[Part, ...] = one.parts
    if one.id in plans.extras:
        parts = ((one.parts[0][0], amount - plans.extras[one.id].net),)
    return Title(one.id, amount, amount, parts)


def _usually_due(one: Movement) -> dt.date:
    """Some weeks before or after it was paid, and now and then years."""
    days = one.id * 7919 % 81 - 40
    if one.id % 13 == 0:
        days = -1460
    elif one.id % 17 == 0:
        days = 690
    return one.date + dt.timedelta(days=days)


def _planned(cash: CashBook) -> Plans:
    """Give some settlements extras, let some settle together, and bind others into events."""
    plans = Plans()
    alike: dict[tuple[str, bool], list[Movement]] = defaultdict(list)
    single = [one for one in cash.movements if one.kind == "direct" and not one.forecast]
    for at, one in enumerate(single):
        if at % 8 == 0:
            _add_extras(cash, plans, one)
        else:
            alike[one.parts[0][0], one.amount > 0].append(one)
    for first, *others in alike.values():
        if len(others) > 2:
            plans.settles[others[-1].id] = first.id
        for one in others[:-1]:
            plans.event_of[one.id] = first.id
    return plans


def _add_extras(cash: CashBook, plans: Plans, one: Movement) -> None:
    category = one.parts[0][0]
    came_in = one.amount > 0
    extras = Extras(Decimal(2), Decimal(1), Decimal("1.50"), Decimal("0.75") if came_in else ZERO)
    plans.extras[one.id] = extras
    sign = 1 if came_in else -1
    names = (
        ("JUROS_RECEBIDOS", "MULTAS_RECEBIDAS", "DESCONTOS_FINANCEIROS_CONCEDIDOS", "TARIFAS")
        if came_in
        else ("JUROS_PAGOS", "MULTAS_PAGAS", "DESCONTOS_FINANCEIROS_OBTIDOS", "TARIFAS")
    )
    amounts = (extras.interest, extras.fine, -extras.discount, -extras.fee)
    face = abs(one.amount) - extras.net
    parts = [(category, sign * face)]
    for name, amount in zip(names, amounts, strict=True):
        if amount:
            parts.append((OPERATIONS[name] or category, sign * amount))
    cash.edit(one.id, parts=tuple(parts))


__all__ = [
    "OPENED",
    "OPERATIONS",
    "Extras",
    "Installment",
    "PlannedDesk",
    "Plans",
    "Settlement",
    "installments",
    "uuid",
]
