"""What the rows of Bling's public API mean for a cash-basis ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled
from erp_common.ledger.exact import turned
from erp_common.ledger.fields import optional_id, part
from erp_common.ledger.findings import Code, LeftOut
from erp_common.ledger.models import AccountType, Side, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    cents,
    flag,
    parse_date,
    required_side,
    required_text,
    shown,
    text,
)
from tap_bling.public.rows import Category, MoneyAccount, Movement

_KINDS: Final = {"1": AccountType.EXPENSE, "2": AccountType.REVENUE}
"""3 is both: the names decide, or nothing does."""
_REGISTERED: Final = "R"
_NOT_POSTED: Final = {
    "E": "excluded",
    "H": "hidden",
    "N": "not registered",
    "P": "being processed",
    "C": "cancelled",
}


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
        above = optional_id(row.idCategoriaPai, "idCategoriaPai")
        return cash.category(
            account_code(f"CAT.{required_text(row.id, 'id')}", "id"),
            required_text(row.descricao, "descricao"),
            _KINDS.get(text(row.tipo, "tipo") or ""),
            None if above is None else f"CAT.{above}",
        )
    return row


def is_posted(row: Movement) -> bool:
    """Whether the movement is in the books: registered, and not deleted, cancelled or on its way.

    Raises:
        LeftOut: If its situation is not known.
    """
    situation = (text(row.situacao, "situacao") or "").upper()
    if not situation:
        raise LeftOut(
            Code.UNKNOWN_SITUATION,
            "situacao",
            "is missing in movement {movement}: nothing says whether it is registered; ask Bling's "
            "support",
            movement=shown(row.id),
        )
    if situation != _REGISTERED and situation not in _NOT_POSTED:
        raise LeftOut(
            Code.UNKNOWN_SITUATION,
            "situacao",
            "is {value} in movement {movement}, which says neither that it is registered nor "
            "that it is not; tell the makers of this tap what it means",
            value=shown(row.situacao),
            movement=shown(row.id),
        )
    return situation == _REGISTERED


def settled(row: Movement) -> Settled:
    """A movement of a money account; C came in, D went out.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read.
    """
    number, money = _moved(row)
    _must_agree(row, number, money)
    origin = part(row.origem, "origem")
    person = part(row.contato, "contato")
    kind = text(origin.get("tipo"), "origem.tipo")
    return Settled(
        entry_id=required_text(row.id, "id"),
        day=parse_date(row.data, "data"),
        money_account=account_code(f"CC.{number}", "contaFinanceira.id"),
        amount=money,
        shares=[(_other_side(row), Decimal(1))],
        # `descricao` is what the screen calls the category.
        description=text(row.observacoes, "observacoes") or text(row.descricao, "descricao"),
        document_type=kind,
        entity_id=optional_id(person.get("id"), "contato.id"),
        entity_name=text(person.get("nome"), "contato.nome"),
        origin=kind,
    )


def _moved(row: Movement) -> tuple[str, Decimal]:
    """Which account moved, and by how much: below zero if money went out."""
    number = _id(row.contaFinanceira, "contaFinanceira")
    if number is None:
        raise InvalidValue("contaFinanceira", "is missing; Bling must name the account that moved")
    value = cents(row.valor, "valor")
    if required_side(row.debCred, "debCred") is Side.CREDIT:
        if value < 0:
            raise InvalidValue(
                "valor",
                "is {value} with debCred C; see in Bling whether money came in or went out",
                value=value,
            )
        return number, value
    return number, value if value < 0 else turned(value)  # some have their sign once more


def _must_agree(row: Movement, number: str, money: Decimal) -> None:
    """Make sure that the list, where it can be read, says the same money as the details."""
    try:
        listed = (number, money) if row.listed is None else _moved(row.listed)
    except InvalidValue:
        return
    if listed != (number, money):
        raise InvalidValue(
            "valor",
            "is {money} on account {account} in the movement's details, but {listed} on "
            "account {other} in the list; run again, and if it stays so, ask Bling's support",
            money=money,
            account=number,
            listed=listed[1],
            other=listed[0],
        )


def _other_side(row: Movement) -> str:
    """What a movement was for."""
    if flag(row.saldo, "saldo"):
        return cash.OPENING
    if _is_transfer(row.transferencia):
        return cash.TRANSFERS
    category = _id(row.categoria, "categoria")
    return cash.UNCATEGORISED if category is None else account_code(f"CAT.{category}", "categoria")


def _is_transfer(value: object) -> bool:
    """Whether the flag says that a movement is one side of a transfer.

    Raises:
        InvalidValue: If it is no flag: taken for no, a transfer would be revenue and expense.
    """
    return bool(flag(None if value == [] else value, "transferencia"))


def _id(value: object, field: str) -> str | None:
    """The id of a nested object; Bling writes 0 for none."""
    return optional_id(part(value, field).get("id"), f"{field}.id")
