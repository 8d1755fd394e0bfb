"""Entries from what settled an installment, from transfers and from initial balances.

An installment states the apportionment of its whole event, which several installments may share:
so it only says in which proportion a settlement falls to the categories, and never an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, NamedTuple

import msgspec

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled, Share
from erp_common.ledger.exact import add, close, plain, subtract, total, turned
from erp_common.ledger.fields import part
from erp_common.ledger.models import ZERO, Posting
from erp_common.ledger.normalize import (
    InvalidValue,
    amount,
    optional_amount,
    parse_date,
    required_text,
    text,
)
from tap_contaazul.public.mapping import category_code, money_code
from tap_contaazul.public.rows import InitialBalance, Moved, Transfer

_CENT: Final = Decimal("0.01")
_DUST: Final = Decimal("0.0001")

_EXTRAS: Final = (("juros", 1), ("multa", 1), ("desconto", -1), ("taxa", -1))
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

ELSEWHERE: Final = frozenset({"TRANSFERENCIA", "SALDO_CONTA_BANCARIA"})
"""Origins of installments that are listed for themselves as well: they must not count twice."""


class Books(msgspec.Struct):
    """What entries need to know of a company: filled in when its chart is read.

    Attributes:
        operations: Account codes of the categories chosen for operations.
        centers: What the ledger calls the cost centers, by id.
    """

    operations: dict[str, str | None]
    centers: dict[str, str]


class Line(NamedTuple):
    """A line of an entry against the money: what came in falls to the account."""

    account: str
    amount: Decimal
    center: str | None = None
    component: str | None = None


def entry(books: Books, row: Moved) -> list[Posting]:
    """The entry of what moved.

    Raises:
        InvalidValue: If it cannot be read.
    """
    if row.baixa is not None:
        return _settlement(books, row)
    if row.transferencia is not None:
        return _transfer(books, msgspec.convert(row.transferencia, Transfer), row.lado or "")
    if row.saldo is not None:
        return _initial(msgspec.convert(row.saldo, InitialBalance), early=row.precoce)
    raise InvalidValue("id", "is missing; Conta Azul must name every installment it lists")


def cents(value: object, field: str) -> Decimal:
    """An amount without what a binary float may have added.

    Raises:
        InvalidValue: If it is no amount.
    """
    return _without_dust(amount(value, field))


def _without_dust(exact: Decimal) -> Decimal:
    rounded = exact.quantize(_CENT, ROUND_HALF_EVEN)
    return rounded if exact != rounded and close(exact, rounded, _DUST) else exact


def signed(row: InitialBalance) -> Decimal:
    """What an account held: below zero if its kind says so, whether or not the amount does.

    Raises:
        InvalidValue: If kind and amount contradict each other, or cannot be read.
    """
    held = cents(row.saldo_inicial, "saldo_inicial")
    kind = required_text(row.tipo, "tipo").upper()
    if kind not in {"RECEITA", "DESPESA"} or (kind == "RECEITA" and held < 0):
        raise InvalidValue("tipo", f"is {kind} for a balance of {plain(held)}")
    return turned(held.copy_abs()) if kind == "DESPESA" else held


def composed(
    books: Books, kind: str, value: Mapping[str, Any], shares: Mapping[str, list[Share]]
) -> tuple[Decimal, list[Line]]:
    """What a settlement brings in or takes out, and what that falls to.

    Args:
        books: The company.
        kind: RECEITA for money that came in, DESPESA for money that went out.
        value: The composition of the amount, as Conta Azul states it.
        shares: The cost centers' weights by category; the weights of a category add up to its own.

    Returns:
        The money, below zero if it went out, and lines that add up to it.

    Raises:
        InvalidValue: If the composition cannot be read or does not add up.
    """
    extras = {name: _extra(value, name, sign) for name, sign in _EXTRAS}
    face = cents(value.get("valor_bruto"), "valor_bruto")
    follows = add(face, total(extras.values()))
    stated = value.get("valor_liquido")
    net = follows if stated is None else cents(stated, "valor_liquido")
    if not close(net, follows, _CENT):
        raise InvalidValue(
            "valor_liquido",
            f"is {plain(net)}, but valor_bruto, juros, multa, desconto and taxa make "
            f"{plain(follows)}",
        )
    lines: list[Line] = []
    own = net
    for name, extra in extras.items():
        account = books.operations.get(_OPERATIONS.get((kind, name), ""))
        if account is not None and extra:
            own = subtract(own, extra)
            lines.append(Line(account, extra, component=name))
    lines[:0] = _shared(own, shares)
    if kind == "DESPESA":
        return turned(net), [line._replace(amount=turned(line.amount)) for line in lines]
    return net, lines


def apportionment(books: Books, rateio: object) -> dict[str, list[Share]]:
    """The categories of an event, each with the weights of its cost centers ("" for none).

    Raises:
        InvalidValue: If it cannot be read.
    """
    if rateio is None or rateio == []:
        return {cash.UNCATEGORISED: [("", Decimal(1))]}
    if not isinstance(rateio, list):
        raise InvalidValue("rateio", "is no list")
    shares: dict[str, list[Share]] = {}
    for at, one in enumerate(rateio):
        field = f"rateio[{at}]"
        share = part(one, field)
        code = category_code(share.get("id_categoria"), f"{field}.id_categoria")
        weight = amount(share.get("valor"), f"{field}.valor")
        centers = _centers(books, share.get("rateio_centro_custo"), field)
        rest = subtract(weight, total(given for _, given in centers))
        if not centers or rest > _DUST:
            centers.append(("", rest))
        shares.setdefault(code or cash.UNCATEGORISED, []).extend(centers)
    return shares


def _centers(books: Books, given: object, field: str) -> list[Share]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise InvalidValue(f"{field}.rateio_centro_custo", "is no list")
    found: list[Share] = []
    for one in given:
        center = part(one, f"{field}.rateio_centro_custo")
        number = text(center.get("id_centro_custo"), "id_centro_custo") or ""
        name = text(center.get("nome_centro_custo"), "nome_centro_custo") or ""
        weight = optional_amount(center.get("valor"), f"{field}.rateio_centro_custo.valor")
        found.append((books.centers.get(number, name), weight or ZERO))
    return found


def _shared(own: Decimal, shares: Mapping[str, list[Share]]) -> list[Line]:
    """The face value's lines, category by category and within each by cost center."""
    weights = [(code, total(given for _, given in centers)) for code, centers in shares.items()]
    return [
        Line(code, divided, center or None)
        for code, part_of_it in cash.apportioned(own, weights)
        for center, divided in cash.apportioned(part_of_it, shares[code])
        if divided
    ]


def _extra(value: Mapping[str, Any], name: str, sign: int) -> Decimal:
    """What interest, a fine, a discount or a fee adds to the money."""
    stated = optional_amount(value.get(name), name)
    found = ZERO if stated is None else _without_dust(stated)
    return found if sign > 0 else turned(found)


def _settlement(books: Books, row: Moved) -> list[Posting]:
    settlement, installment = part(row.baixa, "baixa"), part(row.parcela, "parcela")
    if not settlement:
        raise InvalidValue("baixas", "are missing, though something was paid")
    event = part(installment.get("evento"), "evento")
    person = part(row.pessoa, "cliente or fornecedor")
    kind = required_text(
        settlement.get("tipo_evento_financeiro") or event.get("tipo"), "evento.tipo"
    ).upper()
    if kind not in {"RECEITA", "DESPESA"}:
        raise InvalidValue("evento.tipo", f"is {kind}; it must be RECEITA or DESPESA")
    value = part(settlement.get("valor_composicao"), "valor_composicao")
    money, lines = composed(books, kind, value, apportionment(books, event.get("rateio")))
    origin = text(part(event.get("referencia"), "referencia").get("origem"), "origem")
    invoice = part(installment.get("fatura"), "fatura")
    settled = Settled(
        entry_id=required_text(settlement.get("id"), "baixa.id"),
        day=parse_date(settlement.get("data_pagamento"), "data_pagamento"),
        money_account=_money(settlement.get("conta_financeira")),
        amount=money,
        shares=[],
        description=text(installment.get("descricao"), "descricao")
        or text(settlement.get("observacao"), "observacao"),
        document_number=text(event.get("codigo_referencia"), "codigo_referencia")
        or text(invoice.get("numero"), "fatura.numero"),
        document_type=text(settlement.get("metodo_pagamento"), "metodo_pagamento"),
        entity_id=text(person.get("id"), "id"),
        entity_name=text(person.get("nome"), "nome"),
        origin=origin or text(settlement.get("origem"), "baixa.origem"),
    )
    return _posted(settled, lines)


def _transfer(books: Books, row: Transfer, side: str) -> list[Posting]:
    """One side of a transfer; the other may have another day."""
    own = part(getattr(row, side), side)
    value = part(own.get("composicao_valor"), f"{side}.composicao_valor")
    kind = "DESPESA" if side == "origem" else "RECEITA"
    money, lines = composed(
        books,
        kind,
        value or {"valor_bruto": row.valor},
        {cash.TRANSFERS: [("", Decimal(1))]},
    )
    settled = Settled(
        entry_id=f"{required_text(row.id, 'id')}.{side}",
        day=parse_date(own.get("data") or row.data, f"{side}.data"),
        money_account=_money(own.get("conta_financeira")),
        amount=money,
        shares=[],
        description=text(row.descricao, "descricao"),
        origin="TRANSFERENCIA",
    )
    return _posted(settled, lines)


def _initial(row: InitialBalance, *, early: bool) -> list[Posting]:
    """What an account held when it was entered, against what all of them held."""
    day = parse_date(row.data_competencia, "data_competencia")
    held = signed(row)
    number = required_text(row.id_conta_financeira, "id_conta_financeira")
    if early:
        raise InvalidValue(
            "data_competencia",
            f"is {day}: account CC.{number} held {plain(held)} then, which is before the ledger "
            "begins, so that it lacks what moved in between; set opening_balances_from to that "
            "day or earlier",
        )
    settled = Settled(
        entry_id=f"{number}.saldo-inicial",
        day=day,
        money_account=money_code(number, "id_conta_financeira"),
        amount=held,
        shares=[],
        description="Saldo inicial",
        origin="SALDO_CONTA_BANCARIA",
    )
    return _posted(settled, [Line(cash.OPENING, held)])


def _posted(settled: Settled, lines: list[Line]) -> list[Posting]:
    postings = cash.entry(settled, [(line.account, line.amount) for line in lines])
    for posting, line in zip(postings[1:], lines, strict=True):
        posting.cost_center = line.center
        if line.component:
            posting.metadata = {**posting.metadata, "component": line.component}
    return postings


def _money(value: object) -> str:
    """The account code of a nested money account, which may be its bare id."""
    number = value.get("id") if isinstance(value, dict) else value
    return money_code(number, "conta_financeira")
