"""What the rows of Bling's public API mean for a cash-basis ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled
from erp_common.ledger.exact import turned
from erp_common.ledger.models import AccountType, Side, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    amount,
    flag,
    parse_date,
    required_side,
    required_text,
    text,
)
from tap_bling.public.rows import Category, MoneyAccount, Movement

_KINDS: Final = {"1": AccountType.EXPENSE, "2": AccountType.REVENUE}
"""3 is both: the names decide."""


def account(row: MoneyAccount | Category | StatedAccount) -> StatedAccount:
    """An account of the chart: a money account, a category, or one the ledger adds.

    Raises:
        InvalidValue: If a field that every account has is missing or cannot be read.
    """
    if isinstance(row, MoneyAccount):
        kind = text(row.tipo, "tipo")
        return cash.money_account(
            account_code(f"CC.{required_text(row.id, 'id')}", "id"),
            required_text(row.descricao, "descricao"),
            None,
            {} if kind is None else {"kind": kind},
        )
    if isinstance(row, Category):
        above = _number(row.idCategoriaPai, "idCategoriaPai")
        return cash.category(
            account_code(f"CAT.{required_text(row.id, 'id')}", "id"),
            required_text(row.descricao, "descricao"),
            _KINDS.get(text(row.tipo, "tipo") or ""),
            None if above is None else f"CAT.{above}",
        )
    return row


def is_deleted(row: Movement) -> bool:
    """Whether the movement was deleted in Bling."""
    return (text(row.situacao, "situacao") or "R").upper() == "E"


def settled(row: Movement) -> Settled:
    """A movement of a money account; C came in, D went out.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read.
    """
    number = _id(row.contaFinanceira, "contaFinanceira")
    if number is None:
        raise InvalidValue("contaFinanceira", "is missing; Bling must name the account that moved")
    value = amount(row.valor, "valor")
    came_in = required_side(row.debCred, "debCred") is Side.CREDIT
    origin = row.origem if isinstance(row.origem, dict) else {}
    person = row.contato if isinstance(row.contato, dict) else {}
    kind = text(origin.get("tipo"), "origem.tipo")
    return Settled(
        entry_id=required_text(row.id, "id"),
        day=parse_date(row.data, "data"),
        money_account=account_code(f"CC.{number}", "contaFinanceira.id"),
        amount=value if came_in else turned(value),
        shares=[(_other_side(row), Decimal(1))],
        description=text(row.descricao, "descricao") or text(row.observacoes, "observacoes"),
        document_type=kind,
        entity_id=_number(person.get("id"), "contato.id"),
        entity_name=text(person.get("nome"), "contato.nome"),
        origin=kind,
    )


def _other_side(row: Movement) -> str:
    """What a movement was for."""
    if flag(row.saldo, "saldo"):
        return cash.OPENING
    if _id(row.transferencia, "transferencia") is not None:
        return cash.TRANSFERS
    category = _id(row.categoria, "categoria")
    return cash.UNCATEGORISED if category is None else account_code(f"CAT.{category}", "categoria")


def _id(value: object, field: str) -> str | None:
    """The id of a nested object; Bling writes 0 for none."""
    return _number(value.get("id"), f"{field}.id") if isinstance(value, dict) else None


def _number(value: object, field: str) -> str | None:
    found = text(value, field)
    return None if found == "0" else found
