# ruff: noqa: INP001 -- packages named tests would hide one another
"""Every field of Omie's rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from erp_common.ledger.models import AccountType, StatedType
from erp_common.ledger.normalize import InvalidValue
from tap_omie.mapping import Balance, Movement, account, line

BALANCE: dict[str, Any] = {
    "cCodConta": " 1.01.001 ",
    "cDescConta": "Caixa e Equivalentes  ",
    "cTipoConta": "Ativo",
    "cCodContaPai": "1.01",
    "nNivel": 3,
    "cSintetica": "N",
    "nSaldoInicial": Decimal("100.10"),
    "nDebitos": "1.234,56",
    "nCreditos": 0,
    "nSaldoFinal": "1334.66",
}
MOVEMENT: dict[str, Any] = {
    "nCodMov": 5298679806,
    "dDtMov": "31/01/2024",
    "dDtLanc": "01/02/2024",
    "cCodConta": "1.01.001",
    "cDescConta": "Caixa",
    "nDebito": Decimal("0.01"),
    "nCredito": 0,
    "cHistorico": "Recebimento nº 7 - José",
    "cNumDoc": "NF-7",
    "cTipoDoc": "NF",
    "cCodCC": "ADM",
    "nCodCliente": 2087480949,
    "cNomeCliente": "Padaria São João",
}


def _balance(**fields: Any) -> Balance:
    return msgspec.convert({**BALANCE, **fields}, Balance)


def _movement(**fields: Any) -> Movement:
    return msgspec.convert({**MOVEMENT, **fields}, Movement)


def test_an_account() -> None:
    found = account(_balance())
    assert (found.code, found.name, found.parent_code) == (
        "1.01.001",
        "Caixa e Equivalentes",
        "1.01",
    )
    assert found.stated_type == StatedType(type=AccountType.ASSET)
    assert found.is_summary is False
    assert (found.opening, found.debit) == (Decimal("100.10"), Decimal("1234.56"))
    assert (found.credit, found.closing) == (Decimal(0), Decimal("1334.66"))
    assert str(found.opening) == "100.10"


def test_what_an_account_may_lack() -> None:
    found = account(_balance(cCodContaPai=None, nNivel=None, cSintetica=" ", cTipoConta=None))
    assert (found.parent_code, found.is_summary, found.stated_type) == (None, None, None)


@pytest.mark.parametrize(
    "field",
    ["cCodConta", "cDescConta", "nSaldoInicial", "nDebitos", "nCreditos", "nSaldoFinal"],
)
@pytest.mark.parametrize("value", [None, "  ", []])
def test_an_account_without_a_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=field):
        account(_balance(**{field: value}))


def test_a_line() -> None:
    (found,) = line(_movement(), "1.01.001")
    assert msgspec.structs.asdict(found) == {
        "account_code": "1.01.001",
        "account_name": "Caixa",
        "entry_id": "5298679806",
        "line_number": 1,
        "journal_id": "5298679806",
        "posting_kind": None,
        "transaction_date": date(2024, 1, 31),
        "posting_date": date(2024, 2, 1),
        "debit_amount": Decimal("0.01"),
        "credit_amount": Decimal(0),
        "description": "Recebimento nº 7 - José",
        "document_number": "NF-7",
        "document_type": "NF",
        "cost_center": "ADM",
        "entity_id": "2087480949",
        "entity_name": "Padaria São João",
        "metadata": {},
    }


def test_what_a_line_may_lack() -> None:
    optional = {
        "dDtLanc": "",
        "cDescConta": None,
        "cHistorico": None,
        "cNumDoc": " ",
        "cTipoDoc": None,
        "cCodCC": None,
        "nCodCliente": None,
        "cNomeCliente": None,
    }
    (found,) = line(_movement(**optional), "1.01.001")
    assert found.posting_date == found.transaction_date
    assert {found.account_name, found.description, found.document_number, found.entity_id} == {None}


@pytest.mark.parametrize("field", ["nCodMov", "dDtMov", "cCodConta", "nDebito", "nCredito"])
def test_a_line_without_a_field_is_refused(field: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        line(_movement(**{field: None}), "1.01.001")


def test_a_line_of_another_account_is_never_taken_for_this_one() -> None:
    with pytest.raises(InvalidValue, match=r"movements of 1\.01\.001 were asked for"):
        line(_movement(cCodConta="1.01.002"), "1.01.001")
    (found,) = line(_movement(cCodConta="101001"), "1.01.001")
    assert found.account_code == "1.01.001"


def test_signs_written_as_html_and_partners_of_number_0() -> None:
    sent = BALANCE | {"cDescConta": "Aluguéis &amp;amp; Condomínio"}
    assert account(msgspec.convert(sent, Balance)).name == "Aluguéis & Condomínio"
    row = MOVEMENT | {"cHistorico": "Venda &lt;1&gt;", "nCodCliente": 0, "cNomeCliente": "A&amp;B"}
    (read,) = line(msgspec.convert(row, Movement), asked=row["cCodConta"])
    assert (read.description, read.entity_id, read.entity_name) == ("Venda <1>", None, "A&B")
