"""What the rows of Omie's public API mean for a cash-basis ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled, Share
from erp_common.ledger.exact import add, subtract, total, turned
from erp_common.ledger.fields import optional_id, required_words, words
from erp_common.ledger.findings import Code, LeftOut
from erp_common.ledger.models import AccountType, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    amount,
    cents,
    flag,
    optional_account_code,
    optional_cents,
    optional_date,
    parse_date,
    required_text,
    shown,
    text,
)
from erp_common.ledger.sentences import told
from erp_common.ledger.vocabulary import flag_of, fold
from tap_omie.public.rows import BankAccount, Category, Movement, Title

_PAID: Final = frozenset({"", "conciliado", "nao conciliado"})
"""Situations of rows that are money; rows without the key are money too."""
_NOT_PAID: Final = frozenset(
    {
        "previsto",
        "prevista",
        "atrasado",
        "atrasada",
        "vence hoje",
        "a vencer",
        "avencer",
        "cancelado",
        "cancelada",
    }
)
"""Situations of rows that a statement shows although no money has moved."""
_TRANSFERS: Final = frozenset({"trap", "trar", "tran"})
"""Origins of transfers as codes; in words they name a transferência."""

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
    if flag(row.transferencia, "transferencia"):
        return True
    return (text(row.codigo, "codigo") or "").startswith("0.")


def is_numbered(row: Movement) -> bool:
    """Whether a row of a statement is a movement or a title; lines of balances have no number."""
    return optional_id(row.nCodLancamento, "nCodLancamento") is not None


def is_movement(row: Movement) -> bool:
    """Whether money moved: titles that are open are listed too, and lines of balances.

    Raises:
        LeftOut: If the row's situation is not known: it may be money or not.
    """
    if not is_numbered(row):
        return False
    situation = fold(text(row.cSituacao, "cSituacao") or "")
    if situation in _NOT_PAID:
        return False
    forecast = fold(text(row.cOrigem, "cOrigem") or "").startswith("previs")
    if situation not in _PAID or (forecast and situation == "conciliado"):
        raise LeftOut(
            Code.UNKNOWN_SITUATION,
            "cSituacao",
            "is {value}{origin} in movement {movement}, which says neither that money has "
            "moved nor that it has not; tell the makers of this tap what it means",
            value=shown(row.cSituacao),
            origin=told(" with cOrigem {origin}", origin=shown(row.cOrigem)) if forecast else "",
            movement=shown(row.nCodLancamento),
        )
    return not forecast


def settled(row: Movement, bank: str) -> Settled:
    """A movement of a bank account, all of it in the category that it names itself.

    Amounts are signed as Omie signs them in statements: what is paid is negative already.

    Args:
        row: The statement's row, which is a movement.
        bank: The bank account.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read.
    """
    movement = required_text(row.nCodLancamento, "nCodLancamento")
    day = parse_date(row.dDataLancamento, "dDataLancamento")
    own = optional_account_code(row.cCodCategoria, "cCodCategoria")
    if own is None and _names_transfer(row):
        own = cash.TRANSFERS
    own = own or cash.UNCATEGORISED
    return Settled(
        # Both sides of a transfer carry one number, and a number may come on several days.
        entry_id=f"{bank}-{day:%Y%m%d}-{movement}",
        day=day,
        money_account=money_code(bank),
        amount=cents(row.nValorDocumento, "nValorDocumento"),
        shares=[(own, Decimal(1))],
        description=words(row.cObservacoes, "cObservacoes")
        or words(row.cDesCategoria, "cDesCategoria"),
        document_number=text(row.cNumero, "cNumero")
        or text(row.cDocumentoFiscal, "cDocumentoFiscal"),
        document_type=text(row.cTipoDocumento, "cTipoDocumento"),
        entity_id=optional_id(row.nCodCliente, "nCodCliente"),
        entity_name=words(row.cRazCliente, "cRazCliente") or words(row.cDesCliente, "cDesCliente"),
        origin=text(row.cOrigem, "cOrigem"),
    )


def title_number(row: Title) -> str | None:
    """Omie's number of a title; None if it has none that can be read."""
    head = row.cabecTitulo
    return optional_id(head.get("nCodTitulo"), "nCodTitulo") if isinstance(head, dict) else None


class Settlement(NamedTuple):
    """What a title says of a movement that settled it, or a part of it.

    Attributes:
        key: The bank account, and the movement there.
        day: When; None where that cannot be read, and the movement alone can tell.
        paid: What was received by it, negative for what was paid.
        beside: The interest and fines, less the discount, with the same sign.
        parts: The title's categories, by any weights.
    """

    key: tuple[str, str]
    day: date | None
    paid: Decimal
    beside: Decimal
    parts: list[Share]


def categories(settlements: Sequence[Settlement]) -> list[str]:
    """The categories that settlements fall to, each once."""
    return list(dict.fromkeys(code for one in settlements for code, part in one.parts if part))


def shared(moved: Decimal, settlements: Sequence[Settlement]) -> list[Share] | None:
    """What of a movement falls to its titles' categories; None if they do not tell all of it.

    Nothing says whether `nValLanc` holds the interest, fines and discount that stand beside it.
    """
    for stated in (
        [one.paid for one in settlements],
        [add(one.paid, one.beside) for one in settlements],
    ):
        if total(stated) == moved:
            told_of = zip(stated, settlements, strict=True)
            return [part for paid, one in told_of for part in cash.apportioned(paid, one.parts)]
    return None


def splits(row: Title, nature: str) -> list[Settlement]:
    """The categories of a title's settlements, by bank account and movement there.

    A settlement has its share of each category of the title, interest and discounts included. A
    movement that settles several titles is told by each of them with its part.

    Args:
        row: The title.
        nature: The nature that was asked for, R or P.

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
        movement = optional_id(settlement.get("nIdLancCC"), "nIdLancCC")
        bank = optional_id(settlement.get("nCodCC"), "nCodCC")
        if movement is None or bank is None:
            if len(parts) > 1:
                raise LeftOut(
                    Code.SPLIT_NOT_MATCHED,
                    "nIdLancCC",
                    "is missing in title {title}, so that its categories cannot be applied; "
                    "the movement keeps its own category",
                    title=shown(head.get("nCodTitulo")),
                )
            continue
        paid = cents(settlement.get("nValLanc"), "nValLanc")
        juros, multa, desconto = (
            optional_cents(settlement.get(name), name) or Decimal(0)
            for name in ("nJuros", "nMulta", "nDesconto")
        )
        beside = subtract(add(juros, multa), desconto)
        if not _is_received(settlement.get("cNatureza"), head.get("cNatureza"), nature):
            paid, beside = turned(paid), turned(beside)
        day = _day(settlement.get("dDtLanc"))
        found.append(Settlement((bank, movement), day, paid, beside, parts))
    return found


def _money(row: BankAccount) -> StatedAccount:
    said = {
        "kind": text(row.tipo_conta_corrente, "tipo_conta_corrente"),
        "bank": text(row.codigo_banco, "codigo_banco"),
        "number": text(row.numero_conta_corrente, "numero_conta_corrente"),
        "inactive": "S" if flag_of(text(row.inativo, "inativo") or "") else None,
    }
    return cash.money_account(
        account_code(money_code(required_text(row.nCodCC, "nCodCC")), "nCodCC"),
        required_words(row.descricao, "descricao"),
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
        required_words(row.descricao, "descricao"),
        kind,
        optional_account_code(row.categoria_superior, "categoria_superior"),
        is_summary=flag(row.totalizadora, "totalizadora"),
    )


def _share(part: dict[str, object]) -> Share:
    code = account_code(part.get("cCodCateg"), "aCodCateg.cCodCateg")
    if part.get("nValor") is not None:
        return code, amount(part["nValor"], "aCodCateg.nValor")
    return code, amount(part.get("nPerc"), "aCodCateg.nPerc")


def _is_received(*natures: object) -> bool:
    """Whether the first nature that says so is R, and not P; one movement may settle both."""
    said = (fold(text(one, "cNatureza") or "") for one in natures)
    return next(one for one in said if one in {"r", "p"}) == "r"


def _day(value: object) -> date | None:
    try:
        return optional_date(value, "dDtLanc")
    except InvalidValue:
        return None


def _objects(value: object, field: str) -> list[dict[str, object]]:
    """A list of objects that Omie leaves out where it is empty."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InvalidValue(field, "is no list of objects")
    return value


def _names_transfer(row: Movement) -> bool:
    """Whether a movement's origin says that it is one side of a transfer."""
    origin = fold(text(row.cOrigem, "cOrigem") or "")
    return origin in _TRANSFERS or "transferencia" in origin
