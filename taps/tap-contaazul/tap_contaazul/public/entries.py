"""Entries from what settled an installment, from transfers and from initial balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled
from erp_common.ledger.exact import turned
from erp_common.ledger.fields import part
from erp_common.ledger.models import Posting
from erp_common.ledger.normalize import InvalidValue, parse_date, required_text, shown, text
from erp_common.ledger.sentences import told
from tap_contaazul.public.mapping import money_code
from tap_contaazul.public.rows import InitialBalance, Moved, Transfer
from tap_contaazul.public.shares import WHOLE, Counterpart, Lookups, apportionment, cents, composed

ELSEWHERE: Final = frozenset({"TRANSFERENCIA", "SALDO_CONTA_BANCARIA"})
"""Origins of installments that are listed for themselves as well: they must not count twice."""


def entry(lookups: Lookups, row: Moved) -> list[Posting]:
    """The entry of what moved.

    Raises:
        InvalidValue: If it cannot be read.
    """
    if row.baixa is not None:
        return _settlement(lookups, row)
    if row.transferencia is not None:
        return _transfer(lookups, msgspec.convert(row.transferencia, Transfer), row.lado or "")
    if row.saldo is not None:
        return _initial(msgspec.convert(row.saldo, InitialBalance), early=row.precoce)
    raise InvalidValue("id", "is missing; Conta Azul must name every installment it lists")


def signed(row: InitialBalance) -> Decimal:
    """What an account held: below zero if its kind says so, whether or not the amount does.

    Raises:
        InvalidValue: If kind and amount contradict each other, or cannot be read.
    """
    held = cents(row.saldo_inicial, "saldo_inicial")
    kind = required_text(row.tipo, "tipo").upper()
    if kind not in {"RECEITA", "DESPESA"} or (kind == "RECEITA" and held < 0):
        raise InvalidValue("tipo", "is {kind} for a balance of {held}", kind=kind, held=held)
    return turned(held.copy_abs()) if kind == "DESPESA" else held


def _settlement(lookups: Lookups, row: Moved) -> list[Posting]:
    settlement, installment = part(row.baixa, "baixa"), part(row.parcela, "parcela")
    if not settlement:
        raise InvalidValue("baixas", "are missing, though something was paid")
    event = part(installment.get("evento"), "evento")
    person = part(row.pessoa, "cliente or fornecedor")
    kind = required_text(
        settlement.get("tipo_evento_financeiro") or event.get("tipo"), "evento.tipo"
    ).upper()
    if kind not in {"RECEITA", "DESPESA"}:
        raise InvalidValue("evento.tipo", "is {kind}; it must be RECEITA or DESPESA", kind=kind)
    value = part(settlement.get("valor_composicao"), "valor_composicao")
    money, lines = composed(lookups, kind, value, apportionment(lookups, event.get("rateio")))
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


def _transfer(lookups: Lookups, row: Transfer, side: str) -> list[Posting]:
    """One side of a transfer; the other may have another day."""
    own = part(getattr(row, side), side)
    if not own:
        raise InvalidValue(
            side,
            told(
                "is empty in transfer {transfer}: Conta Azul does not say which account the money "
                "left, and only the other side is posted",
                transfer=shown(row.id),
            )
            if side == "origem"
            else told(
                "is empty in transfer {transfer}: Conta Azul does not say which account the money "
                "came to, and only the other side is posted",
                transfer=shown(row.id),
            ),
        )
    value = part(own.get("composicao_valor"), f"{side}.composicao_valor")
    kind = "DESPESA" if side == "origem" else "RECEITA"
    money, lines = composed(
        lookups,
        kind,
        value or {"valor_bruto": row.valor},
        {cash.TRANSFERS: WHOLE},
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
            "is {day}: account {account} held {held} then, which is before the ledger begins, "
            "so that it lacks what moved in between; set opening_balances_from to that day or "
            "earlier",
            day=day,
            account="CC." + number,
            held=held,
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
    return _posted(settled, [Counterpart(cash.OPENING, held)])


def _posted(settled: Settled, lines: list[Counterpart]) -> list[Posting]:
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
