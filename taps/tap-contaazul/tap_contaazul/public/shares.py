"""How the money of a settlement is shared out among accounts, and to the cent.

An installment states the apportionment of its whole event, which several installments may share:
so it only says in which proportion a settlement falls to the categories, and never an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from erp_common.ledger import cash
from erp_common.ledger.cash import Share
from erp_common.ledger.exact import add, close, subtract, total, turned
from erp_common.ledger.fields import part
from erp_common.ledger.models import ZERO
from erp_common.ledger.normalize import (
    InvalidValue,
    amount,
    cents,
    optional_amount,
    optional_cents,
    text,
)
from erp_common.ledger.sentences import told
from tap_contaazul.public.mapping import category_code

CENT: Final = Decimal("0.01")
_DUST: Final = Decimal("0.0001")

EXTRAS: Final = (("juros", 1), ("multa", 1), ("desconto", -1), ("taxa", -1))
"""What a settlement holds beside its face value, and whether that adds to the money."""

_OPERATIONS: Final = {
    ("RECEITA", "juros"): "JUROS_RECEBIDOS",
    ("RECEITA", "multa"): "MULTAS_RECEBIDAS",
    ("RECEITA", "desconto"): "DESCONTOS_FINANCEIROS_CONCEDIDOS",
    ("RECEITA", "taxa"): "TARIFAS",
    ("DESPESA", "juros"): "JUROS_PAGOS",
    ("DESPESA", "multa"): "MULTAS_PAGAS",
    ("DESPESA", "desconto"): "DESCONTOS_FINANCEIROS_OBTIDOS",
}


class Lookups(msgspec.Struct):
    """What entries need to know of a company: filled in when its chart is read.

    Attributes:
        operations: Account codes of the categories chosen for operations.
        centers: What the ledger calls the cost centers, by id.
    """

    operations: dict[str, str | None]
    centers: dict[str, str]


class Portion(NamedTuple):
    """What of an event falls to a category, and how cost centers share that ("" for none)."""

    weight: Decimal
    centers: list[Share]


class Counterpart(NamedTuple):
    """A line of an entry against the money: what came in falls to the account."""

    account: str
    amount: Decimal
    center: str | None = None
    component: str | None = None


WHOLE: Final = Portion(Decimal(1), [("", Decimal(1))])
"""All of it, without a cost center."""


def composed(
    lookups: Lookups, kind: str, value: Mapping[str, Any], shares: Mapping[str, Portion]
) -> tuple[Decimal, list[Counterpart]]:
    """What a settlement brings in or takes out, and what that falls to.

    Args:
        lookups: What is known of the company.
        kind: RECEITA for money that came in, DESPESA for money that went out.
        value: The composition of the amount, as Conta Azul states it.
        shares: The categories that the face value falls to.

    Returns:
        The money, below zero if it went out, and lines that add up to it.

    Raises:
        InvalidValue: If the composition cannot be read or does not add up.
    """
    extras = {name: extra_of(value, name, sign) for name, sign in EXTRAS}
    face = cents(value.get("valor_bruto"), "valor_bruto")
    follows = add(face, total(extras.values()))
    stated = value.get("valor_liquido")
    net = follows if stated is None else cents(stated, "valor_liquido")
    if not close(net, follows, CENT):
        raise InvalidValue(
            "valor_liquido",
            "is {stated}, but valor_bruto, juros, multa, desconto and taxa make {sum}",
            stated=net,
            sum=follows,
        )
    lines: list[Counterpart] = []
    own = net
    for name, extra in extras.items():
        account = lookups.operations.get(_OPERATIONS.get((kind, name), ""))
        if account is not None and extra:
            own = subtract(own, extra)
            lines.append(Counterpart(account, extra, component=name))
    lines[:0] = _shared(own, shares)
    if kind == "DESPESA":
        return turned(net), [line._replace(amount=turned(line.amount)) for line in lines]
    return net, lines


def apportionment(lookups: Lookups, rateio: object) -> dict[str, Portion]:
    """The categories of an event; none where several share nothing, which says no proportion.

    Raises:
        InvalidValue: If it cannot be read.
    """
    if rateio is None or rateio == []:
        return {cash.UNCATEGORISED: WHOLE}
    if not isinstance(rateio, list):
        raise InvalidValue("rateio", "is no list")
    shares: dict[str, Portion] = {}
    for at, one in enumerate(rateio):
        field = f"rateio[{at}]"
        share = part(one, field)
        code = category_code(share.get("id_categoria"), f"{field}.id_categoria")
        weight = amount(share.get("valor"), f"{field}.valor")
        centers = _centers(lookups, share.get("rateio_centro_custo"), field)
        rest = subtract(weight, total(given for _, given in centers))
        if not centers or rest > _DUST:
            centers.append(("", rest))
        known = shares.get(code or cash.UNCATEGORISED, Portion(ZERO, []))
        shares[code or cash.UNCATEGORISED] = Portion(
            add(known.weight, weight), [*known.centers, *centers]
        )
    if len(shares) > 1 and not total(portion.weight for portion in shares.values()):
        return {cash.UNCATEGORISED: WHOLE}
    return shares


def _centers(lookups: Lookups, given: object, field: str) -> list[Share]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise InvalidValue(f"{field}.rateio_centro_custo", told("is no list"))
    found: list[Share] = []
    for one in given:
        center = part(one, f"{field}.rateio_centro_custo")
        number = text(center.get("id_centro_custo"), "id_centro_custo") or ""
        name = text(center.get("nome_centro_custo"), "nome_centro_custo") or ""
        weight = optional_amount(center.get("valor"), f"{field}.rateio_centro_custo.valor")
        found.append((lookups.centers.get(number, name), weight or ZERO))
    return found


def _shared(own: Decimal, shares: Mapping[str, Portion]) -> list[Counterpart]:
    """The face value's lines, category by category and within each by cost center."""
    weights = [(code, portion.weight) for code, portion in shares.items()]
    return [
        Counterpart(code, divided, center or None)
        for code, part_of_it in cash.apportioned(own, weights)
        for center, divided in cash.apportioned(part_of_it, shares[code].centers)
        if divided
    ]


def extra_of(value: Mapping[str, Any], name: str, sign: int) -> Decimal:
    """What interest, a fine, a discount or a fee adds to the money."""
    stated = optional_cents(value.get(name), name)
    found = ZERO if stated is None else stated
    return found if sign > 0 else turned(found)
