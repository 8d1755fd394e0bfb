"""What the rows of Omie's public API mean for a cash-basis ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import unescape
from typing import Final

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled, Share
from erp_common.ledger.models import AccountType, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    amount,
    flag,
    optional_account_code,
    parse_date,
    required_text,
    text,
)
from tap_omie.public.rows import BankAccount, Category, Movement, Title

FORECASTS: Final = frozenset({"previsto", "prevista", "atrasado", "atrasada"})
"""Situations of rows that a statement shows although nothing has been paid yet."""

_KINDS: Final = {"1": AccountType.REVENUE, "2": AccountType.EXPENSE}
"""What Omie's own categories are by their first digit, where their flags leave it open."""


def money_code(number: str) -> str:
    """The account code of a bank account."""
    return f"CC.{number}"


def account(row: BankAccount | Category | StatedAccount) -> StatedAccount:
    """An account of the chart: a bank account, a category, or one the ledger adds.

    Raises:
        InvalidValue: If a field that every account has is missing or cannot be read.
    """
    if isinstance(row, BankAccount):
        return _money(row)
    if isinstance(row, Category):
        return _category(row)
    return row


def is_transfer(row: Category) -> bool:
    """Whether a category only names transfers between the company's own accounts."""
    return flag(row.transferencia, "transferencia") is True


def is_movement(row: Movement) -> bool:
    """Whether money moved: lines of balances have no number, forecasts have not happened."""
    number = text(row.nCodLancamento, "nCodLancamento")
    situation = text(row.cSituacao, "cSituacao") or ""
    return number not in {None, "0"} and situation.lower() not in FORECASTS


def settled(
    row: Movement, number: str, splits: Mapping[tuple[str, str], Sequence[Share]]
) -> Settled:
    """A movement of a bank account.

    Amounts are signed as Omie signs them in statements: what is paid is negative already.

    Args:
        row: The statement's row, which is a movement.
        number: The bank account.
        splits: The categories of settlements by bank account and movement.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read.
    """
    movement = required_text(row.nCodLancamento, "nCodLancamento")
    day = parse_date(row.dDataLancamento, "dDataLancamento")
    own = optional_account_code(row.cCodCategoria, "cCodCategoria") or cash.UNCATEGORISED
    return Settled(
        # Both sides of a transfer carry one number, and a number may come on several days.
        entry_id=f"{number}-{day:%Y%m%d}-{movement}",
        day=day,
        money_account=money_code(number),
        amount=amount(row.nValorDocumento, "nValorDocumento"),
        shares=splits.get((number, movement)) or [(own, Decimal(1))],
        description=_words(row.cObservacoes, "cObservacoes")
        or _words(row.cDesCategoria, "cDesCategoria"),
        document_number=text(row.cNumero, "cNumero")
        or text(row.cDocumentoFiscal, "cDocumentoFiscal"),
        document_type=text(row.cTipoDocumento, "cTipoDocumento"),
        entity_id=_number(row.nCodCliente, "nCodCliente"),
        entity_name=_words(row.cRazCliente, "cRazCliente")
        or _words(row.cDesCliente, "cDesCliente"),
        origin=text(row.cOrigem, "cOrigem"),
    )


def splits(row: Title) -> list[tuple[tuple[str, str], list[Share]]]:
    """The categories of a title's settlements, by bank account and movement there.

    A settlement has its share of each category of the title, interest and discounts included. A
    movement that settles several titles is told by each of them with its part.

    Raises:
        InvalidValue: If a title of several categories cannot be read.
    """
    head = row.cabecTitulo
    if not isinstance(head, dict):
        raise InvalidValue("cabecTitulo", "is missing; Omie must send it with every title")
    parts = [_share(part) for part in _objects(head.get("aCodCateg"), "aCodCateg")]
    if not parts:
        own = optional_account_code(head.get("cCodCateg"), "cCodCateg") or cash.UNCATEGORISED
        parts = [(own, Decimal(1))]
    found = []
    for settlement in _objects(row.lancamentos, "lancamentos"):
        movement = _number(settlement.get("nIdLancCC"), "nIdLancCC")
        bank = _number(settlement.get("nCodCC"), "nCodCC")
        if movement is None or bank is None:
            if len(parts) > 1:
                raise InvalidValue(
                    "nIdLancCC", "is missing, so that the title's categories cannot be applied"
                )
            continue
        paid = amount(settlement.get("nValLanc"), "nValLanc")
        found.append(((bank, movement), cash.apportioned(paid, parts)))
    return found


def _money(row: BankAccount) -> StatedAccount:
    said = {
        "kind": text(row.tipo_conta_corrente, "tipo_conta_corrente"),
        "bank": text(row.codigo_banco, "codigo_banco"),
        "number": text(row.numero_conta_corrente, "numero_conta_corrente"),
        "inactive": "S" if flag(row.inativo, "inativo") else None,
    }
    return cash.money_account(
        account_code(money_code(required_text(row.nCodCC, "nCodCC")), "nCodCC"),
        unescape(required_text(row.descricao, "descricao")),
        row.opening,
        {name: value for name, value in said.items() if value is not None},
    )


def _category(row: Category) -> StatedAccount:
    code = account_code(row.codigo, "codigo")
    revenue, expense = (
        flag(row.conta_receita, "conta_receita"),
        flag(row.conta_despesa, "conta_despesa"),
    )
    kind = _KINDS.get(code[:1])
    if bool(revenue) != bool(expense):
        kind = AccountType.REVENUE if revenue else AccountType.EXPENSE
    return cash.category(
        code,
        unescape(required_text(row.descricao, "descricao")),
        kind,
        optional_account_code(row.categoria_superior, "categoria_superior"),
        is_summary=flag(row.totalizadora, "totalizadora"),
    )


def _share(part: dict[str, object]) -> Share:
    code = account_code(part.get("cCodCateg"), "aCodCateg.cCodCateg")
    if part.get("nValor") is not None:
        return code, amount(part["nValor"], "aCodCateg.nValor")
    return code, amount(part.get("nPerc"), "aCodCateg.nPerc")


def _objects(value: object, field: str) -> list[dict[str, object]]:
    """A list of objects that Omie leaves out where it is empty."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InvalidValue(field, "is no list of objects")
    return value


def _words(value: object, field: str) -> str | None:
    """A text in which Omie may write signs as HTML."""
    found = text(value, field)
    return None if found is None else unescape(found)


def _number(value: object, field: str) -> str | None:
    """An id; 0 stands for none."""
    found = text(value, field)
    return None if found == "0" else found
