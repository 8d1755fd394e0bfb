"""What the accounts of Conta Azul's public API mean for a cash-basis ledger."""

from __future__ import annotations

from typing import Any, Final

from erp_common.ledger import cash
from erp_common.ledger.models import AccountType, StatedAccount, StatedType
from erp_common.ledger.normalize import account_code, required_text, text
from tap_contaazul.public.rows import Category, CostCenter, MoneyAccount, Operation

_KINDS: Final = {"RECEITA": AccountType.REVENUE, "DESPESA": AccountType.EXPENSE}


def money_code(number: object, field: str) -> str:
    """The account code of a bank or cash account.

    Raises:
        InvalidValue: If there is no number.
    """
    return account_code(f"CC.{required_text(number, field)}", field)


def category_code(number: object, field: str) -> str | None:
    """The account code of a category; None if there is no number."""
    found = text(number, field)
    return None if found is None else account_code(f"CAT.{found}", field)


def account(row: MoneyAccount | Category | StatedAccount) -> StatedAccount:
    """An account of the chart: a money account, a category, or one the ledger adds.

    Raises:
        InvalidValue: If a field that every account has is missing or cannot be read.
    """
    if isinstance(row, MoneyAccount):
        sort = text(row.tipo, "tipo")
        return cash.money_account(
            money_code(row.id, "id"),
            required_text(row.nome, "nome"),
            None,
            {} if sort is None else {"kind": sort},
        )
    if isinstance(row, Category):
        word = text(row.tipo, "tipo")
        kind = _KINDS.get((word or "").upper())
        stated = cash.category(
            account_code(f"CAT.{required_text(row.id, 'id')}", "id"),
            required_text(row.nome, "nome"),
            kind,
            category_code(row.categoria_pai, "categoria_pai"),
        )
        if kind is None:
            # Neither revenue nor expense by its own word: names decide; what stays open is told.
            stated.stated_type = None if word is None else StatedType(unread=word)
        line = text(row.entrada_dre, "entrada_dre")
        if line is not None:
            stated.metadata["dre"] = line
        return stated
    return row


def operation(row: Operation) -> tuple[str, str | None]:
    """An operation, and the account code of the category chosen for it.

    Raises:
        InvalidValue: If it cannot be read.
    """
    name = required_text(row.tipo_operacao, "tipo_operacao").upper()
    return name, category_code(row.id_categoria, "id_categoria")


def cost_center(row: CostCenter) -> tuple[str, str]:
    """The id of a cost center, and what the ledger calls it: its code, else its name.

    Raises:
        InvalidValue: If it cannot be read.
    """
    code: Any = text(row.codigo, "codigo")
    return required_text(row.id, "id"), code or required_text(row.nome, "nome")
