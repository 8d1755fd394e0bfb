"""What Bling's rows mean, in v3 and v2: pure functions from its fields to the ledger's."""

from __future__ import annotations

from typing import Any

import msgspec

from erp_common.ledger.fields import optional_id, part, stated_type
from erp_common.ledger.models import ZERO, Posting, Side, StatedAccount
from erp_common.ledger.normalize import (
    account_code,
    amount,
    flag,
    optional_account_code,
    optional_amount,
    optional_date,
    parse_date,
    required_side,
    required_text,
    text,
)

# The names of the fields are Bling's own.
# ruff: noqa: N815


class Account(msgspec.Struct, gc=False):
    """A row of `contascontabeis`."""

    id: Any = None
    codigo: Any = None
    descricao: Any = None
    tipo: Any = None
    contaPai: Any = None
    sintetica: Any = None
    saldoInicial: Any = None


class Movement(msgspec.Struct, gc=False):
    """A row of `movimentacoes`."""

    id: Any = None
    data: Any = None
    dataLancamento: Any = None
    tipo: Any = None
    valor: Any = None
    historico: Any = None
    numeroDocumento: Any = None
    tipoDocumento: Any = None
    centroCusto: Any = None
    contato: Any = None


def account(row: Account) -> StatedAccount:
    """An account of the chart, with its debit-positive opening balance where Bling states one.

    Its type may be missing or unknown: then headings decide it.

    Raises:
        InvalidValue: If another field that every account has is missing or cannot be read.
    """
    opening = optional_amount(row.saldoInicial, "saldoInicial")
    return StatedAccount(
        code=account_code(row.codigo, "codigo"),
        name=required_text(row.descricao, "descricao"),
        stated_type=stated_type(row.tipo, "tipo"),
        parent_code=_parent(row.contaPai),
        is_summary=flag(row.sintetica, "sintetica"),
        opening=ZERO if opening is None else opening,
        opening_stated=opening is not None,
        erp_id=required_text(row.id, "id"),
    )


def line(row: Movement, account_code: str) -> tuple[Posting]:
    """A line of the account whose movements were asked for; a row does not name it.

    The amount stays on the side that Bling names, be it negative.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read.
    """
    side = required_side(row.tipo, "tipo")
    value = amount(row.valor, "valor")
    day = parse_date(row.data, "data")
    contact = part(row.contato, "contato")
    return (
        Posting(
            account_code=account_code,
            entry_id=required_text(row.id, "id"),
            transaction_date=day,
            # A short way for what nearly every row has.
            posting_date=day
            if row.dataLancamento is None or row.dataLancamento == row.data
            else optional_date(row.dataLancamento, "dataLancamento") or day,
            debit_amount=value if side is Side.DEBIT else ZERO,
            credit_amount=value if side is Side.CREDIT else ZERO,
            description=text(row.historico, "historico"),
            document_number=text(row.numeroDocumento, "numeroDocumento"),
            document_type=text(row.tipoDocumento, "tipoDocumento"),
            cost_center=text(row.centroCusto, "centroCusto"),
            entity_id=optional_id(contact.get("id"), "contato.id"),
            entity_name=text(contact.get("nome"), "contato.nome"),
        ),
    )


def _parent(value: object) -> str | None:
    """The code of the account above: v3 puts it into an object, v2 states it as it is."""
    code = value.get("codigo") if isinstance(value, dict) else None if value == [] else value
    return optional_account_code(code, "contaPai")
