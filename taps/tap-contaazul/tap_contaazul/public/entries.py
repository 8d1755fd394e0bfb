"""Entries from what settled an installment, from transfers and from initial balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled
from erp_common.ledger.exact import turned
from erp_common.ledger.fields import part
from erp_common.ledger.findings import Code, LeftOut
from erp_common.ledger.models import Posting
from erp_common.ledger.normalize import (
    InvalidValue,
    cents,
    flag,
    parse_date,
    required_text,
    shown,
    text,
)
from erp_common.ledger.sentences import told
from tap_contaazul.public.mapping import money_code
from tap_contaazul.public.rows import InitialBalance, Moved, Transfer
from tap_contaazul.public.shares import WHOLE, Counterpart, Lookups, apportionment, composed

ELSEWHERE: Final = frozenset({"TRANSFERENCIA", "SALDO_CONTA_BANCARIA"})
"""Origins of installments that are listed for themselves as well: they must not count twice."""


_SETTLED: Final = frozenset(
    {
        "QUITADO",
        "RECEBIDO",
        "RECEBIDO_PARCIAL",
        "ACQUITTED",
        # Open, late or lost for the rest: what settled a part of it is money all the same.
        "PENDENTE",
        "EM_ABERTO",
        "ATRASADO",
        "OVERDUE",
        "PERDIDO",
        "",
    }
)
"""Statuses of installments whose settlements are money; none says nothing against it."""

_ORIGINS: Final = frozenset(
    {
        "LANCAMENTO_FINANCEIRO",
        "DAS",
        "FOLHA",
        "VENDA",
        "COMPRA",
        "VENDA_AGENDADA",
        "COMPRA_AGENDADA",
        "IMPORTACAO_DOCUMENTO",
        "IMPOSTO_RETIDO",
        "SIC",
        "NOTA_COMPRA",
        "HONORARIOS_CONTABEIS",
        "",
    }
)
"""Where in Conta Azul settlements of money come from."""

_EVENT_ORIGINS: Final = _ORIGINS | {"RENEGOCIACAO", "ANTECIPACAO"}
"""Where events come from that can be paid; no document says whether what comes from there pays."""

_NOTHING: Final[frozenset[str]] = frozenset()


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
    origin = part(event.get("referencia"), "referencia").get("origem")
    _must_be_money(settlement, installment, origin)
    kind = _kind(settlement, event)
    value = part(settlement.get("valor_composicao"), "valor_composicao")
    money, lines = composed(lookups, kind, value, apportionment(lookups, event.get("rateio")))
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
        origin=text(origin, "origem") or text(settlement.get("origem"), "baixa.origem"),
    )
    return _posted(settled, lines)


def _kind(settlement: dict[str, Any], event: dict[str, Any]) -> str:
    """Whether money came in or went out: RECEITA or DESPESA."""
    whole = _word(event.get("tipo"), "evento.tipo")
    own = _word(settlement.get("tipo_evento_financeiro"), "tipo_evento_financeiro")
    kind = required_text(own or whole, "evento.tipo")
    if kind not in {"RECEITA", "DESPESA"}:
        raise InvalidValue("evento.tipo", "is {kind}; it must be RECEITA or DESPESA", kind=kind)
    if whole and kind != whole:
        raise InvalidValue(
            "tipo_evento_financeiro",
            "is {kind} in an event of {event}; see in Conta Azul whether money came in or went out",
            kind=kind,
            event=whole,
        )
    return kind


def _must_be_money(
    settlement: dict[str, Any], installment: dict[str, Any], event_origin: object
) -> None:
    """Make sure that nothing in a settlement says, or may say, that no money has moved.

    Raises:
        LeftOut: A word or flag that is not known, or not known to mean money.
    """
    of_event = _word(event_origin, "evento.referencia.origem")
    origin = _word(settlement.get("origem"), "baixa.origem") or of_event
    # What was withheld from a payment never came in; an event of withheld tax is paid like others.
    is_withheld = origin == "IMPOSTO_RETIDO" != of_event
    doubts = (
        ("status", installment.get("status"), _SETTLED),
        ("evento.referencia.origem", event_origin, _EVENT_ORIGINS),
        ("baixa.origem", origin, _NOTHING if is_withheld else _ORIGINS),
    )
    found = [(field, value) for field, value, known in doubts if _word(value, field) not in known]
    if _word(settlement.get("metodo_pagamento"), "metodo_pagamento") == "SEM_PAGAMENTO":
        found.append(("metodo_pagamento", settlement["metodo_pagamento"]))
    for name, one in (("baixa_agendada", installment), ("baixa.baixa_agendada", settlement)):
        if flag(one.get("baixa_agendada"), name):
            found.append((name, one["baixa_agendada"]))
    if found:
        field, value = found[0]
        raise LeftOut(
            Code.UNKNOWN_SITUATION,
            field,
            "is {value} in settlement {settlement}, which does not say for certain that money "
            "has moved; see in Conta Azul whether it has, and tell the makers of this tap",
            value=shown(value),
            settlement=shown(settlement.get("id")),
        )


def _word(value: object, field: str) -> str:
    return (text(value, field) or "").upper()


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
