"""What Omie's rows mean: pure functions from its fields to the ledger's."""

from __future__ import annotations

from typing import Any

import msgspec

from erp_common.ledger.fields import optional_id, required_words, stated_type, words
from erp_common.ledger.models import Posting, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    amount,
    flag,
    optional_account_code,
    optional_date,
    parse_date,
    required_text,
    text,
)

# The names of the fields are Omie's own.
# ruff: noqa: N815


class Balance(msgspec.Struct, gc=False):
    """A row of ListarBalancete."""

    cCodConta: Any = None
    cDescConta: Any = None
    cTipoConta: Any = None
    cCodContaPai: Any = None
    nNivel: Any = None
    cSintetica: Any = None
    nSaldoInicial: Any = None
    nDebitos: Any = None
    nCreditos: Any = None
    nSaldoFinal: Any = None


class Movement(msgspec.Struct, gc=False):
    """A row of ListarMovimentos."""

    nCodMov: Any = None
    dDtMov: Any = None
    dDtLanc: Any = None
    cCodConta: Any = None
    cDescConta: Any = None
    nDebito: Any = None
    nCredito: Any = None
    cHistorico: Any = None
    cNumDoc: Any = None
    cTipoDoc: Any = None
    cCodCC: Any = None
    nCodCliente: Any = None
    cNomeCliente: Any = None


def account(row: Balance) -> StatedAccount:
    """An account of the trial balance; balances in Omie's sign, debit-positive unless told apart.

    Raises:
        InvalidValue: If a field that every account has is missing or cannot be read.
    """
    return StatedAccount(
        code=account_code(row.cCodConta, "cCodConta"),
        name=required_words(row.cDescConta, "cDescConta"),
        stated_type=stated_type(words(row.cTipoConta, "cTipoConta"), "cTipoConta"),
        parent_code=optional_account_code(row.cCodContaPai, "cCodContaPai"),
        is_summary=flag(row.cSintetica, "cSintetica"),
        opening=amount(row.nSaldoInicial, "nSaldoInicial"),
        debit=amount(row.nDebitos, "nDebitos"),
        credit=amount(row.nCreditos, "nCreditos"),
        closing=amount(row.nSaldoFinal, "nSaldoFinal"),
    )


def line(row: Movement, asked: str) -> tuple[Posting]:
    """A line of the account that was asked for.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read, or the row
            belongs to another account.
    """
    if row.cCodConta != asked:
        code = account_code(row.cCodConta, "cCodConta")
        if _bare(code) != _bare(asked):
            raise InvalidValue(
                "cCodConta",
                "is {code}, but movements of {asked} were asked for",
                code=repr(code),
                asked=asked,
            )
    day = parse_date(row.dDtMov, "dDtMov")
    number = required_text(row.nCodMov, "nCodMov")
    return (
        Posting(
            account_code=asked,
            account_name=words(row.cDescConta, "cDescConta"),
            entry_id=number,
            journal_id=number,
            transaction_date=day,
            posting_date=day
            if row.dDtLanc == row.dDtMov
            else optional_date(row.dDtLanc, "dDtLanc") or day,
            debit_amount=amount(row.nDebito, "nDebito"),
            credit_amount=amount(row.nCredito, "nCredito"),
            description=words(row.cHistorico, "cHistorico"),
            document_number=text(row.cNumDoc, "cNumDoc"),
            document_type=text(row.cTipoDoc, "cTipoDoc"),
            cost_center=text(row.cCodCC, "cCodCC"),
            entity_id=optional_id(row.nCodCliente, "nCodCliente"),
            entity_name=words(row.cNomeCliente, "cNomeCliente"),
        ),
    )


def _bare(code: str) -> str:
    """The letters and digits of a code: some answers leave the separators out."""
    return "".join(sign for sign in code if sign.isalnum())
