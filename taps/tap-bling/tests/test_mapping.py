# ruff: noqa: INP001 -- packages named tests would hide one another
"""What each field of Bling becomes, and which rows are refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from erp_common.ledger.models import AccountType, Posting, StatedAccount, StatedType
from erp_common.ledger.normalize import InvalidValue
from tap_bling.mapping import Account, Movement, account, line


def chart_row(**changes: Any) -> Account:
    row = {
        "id": 14886766361,
        "codigo": "1.1.01 ",
        "descricao": " Caixa",
        "tipo": "Ativo",
        "contaPai": {"codigo": "1.1"},
        "sintetica": False,
        "saldoInicial": Decimal("150.25"),
    }
    return Account(**{**row, **changes})


def movement(**changes: Any) -> Movement:
    row = {
        "id": 5300000001,
        "data": "2024-01-31",
        "dataLancamento": "2024-02-02",
        "tipo": "D",
        "valor": Decimal("10.50"),
        "historico": "Venda à vista ",
        "numeroDocumento": "7",
        "tipoDocumento": "NF",
        "centroCusto": "ADM",
        "contato": {"id": 9, "nome": "Cliente Exemplo"},
    }
    return Movement(**{**row, **changes})


def test_account() -> None:
    assert account(chart_row()) == StatedAccount(
        code="1.1.01",
        name="Caixa",
        stated_type=StatedType(type=AccountType.ASSET),
        parent_code="1.1",
        is_summary=False,
        opening=Decimal("150.25"),
        opening_stated=True,
        erp_id="14886766361",
    )


def test_what_an_account_need_not_say() -> None:
    optional = ("tipo", "contaPai", "sintetica", "saldoInicial")
    assert account(chart_row(**dict.fromkeys(optional))) == StatedAccount(
        code="1.1.01", name="Caixa", erp_id="14886766361"
    )


@pytest.mark.parametrize(
    ("value", "parent"),
    [
        ({"codigo": "1.1"}, "1.1"),
        ("1.1 ", "1.1"),
        ({}, None),
        ({"codigo": ""}, None),
        ("", None),
        ([], None),
    ],
)
def test_parent(value: object, parent: str | None) -> None:
    assert account(chart_row(contaPai=value)).parent_code == parent


@pytest.mark.parametrize(
    ("value", "is_summary"), [(True, True), ("S", True), ("N", False), ("", None)]
)
def test_summary_flag(value: object, is_summary: bool | None) -> None:  # noqa: FBT001
    assert account(chart_row(sintetica=value)).is_summary is is_summary


def test_an_opening_balance_of_zero_is_stated() -> None:
    assert account(chart_row(saldoInicial=0)).opening_stated


def test_a_credit_balance_at_the_opening_is_negative() -> None:
    assert account(chart_row(saldoInicial="-150,25")).opening == Decimal("-150.25")


@pytest.mark.parametrize("field", ["id", "codigo", "descricao"])
@pytest.mark.parametrize("value", [None, "  "])
def test_an_account_lacks_a_field(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{field} "):
        account(chart_row(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"), [("saldoInicial", "1.000"), ("contaPai", ["1"]), ("tipo", [])]
)
def test_an_account_s_field_cannot_be_read(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{field} "):
        account(chart_row(**{field: value}))


@pytest.mark.parametrize(
    ("side", "value", "debit", "credit"),
    [
        ("D", Decimal("10.50"), "10.50", "0"),
        ("C", Decimal("10.50"), "0", "10.50"),
        ("d ", "10,50", "10.50", "0"),
        ("D", Decimal(-10), "-10", "0"),
        ("C", "(1.234,56)", "0", "-1234.56"),
    ],
)
def test_side_and_amount(side: str, value: object, debit: str, credit: str) -> None:
    (found,) = line(movement(tipo=side, valor=value), "1.1.01")
    assert (found.debit_amount, found.credit_amount) == (Decimal(debit), Decimal(credit))


def test_line() -> None:
    assert line(movement(), "1.1.01") == (
        Posting(
            account_code="1.1.01",
            entry_id="5300000001",
            transaction_date=date(2024, 1, 31),
            posting_date=date(2024, 2, 2),
            debit_amount=Decimal("10.50"),
            description="Venda à vista",
            document_number="7",
            document_type="NF",
            cost_center="ADM",
            entity_id="9",
            entity_name="Cliente Exemplo",
        ),
    )


@pytest.mark.parametrize("nothing", [None, " "])
def test_what_a_movement_need_not_say(nothing: object) -> None:
    optional = (
        "dataLancamento",
        "historico",
        "numeroDocumento",
        "tipoDocumento",
        "centroCusto",
        "contato",
    )
    (found,) = line(movement(**dict.fromkeys(optional, nothing)), "1.1.01")
    assert found.posting_date == date(2024, 1, 31)
    assert {
        found.description,
        found.document_number,
        found.document_type,
        found.cost_center,
        found.entity_id,
        found.entity_name,
    } == {None}


@pytest.mark.parametrize("field", ["id", "data", "tipo", "valor"])
@pytest.mark.parametrize("value", [None, "  "])
def test_a_movement_lacks_a_field(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{field} "):
        line(movement(**{field: value}), "1.1.01")


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", []), ("data", "31/02/2024"), ("tipo", "X"), ("valor", "12,500")],
)
def test_a_movement_s_field_cannot_be_read(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{field} is "):
        line(movement(**{field: value}), "1.1.01")


@pytest.mark.parametrize("contact", [7, ["x"], "Cliente"])
def test_a_contact_that_is_no_object(contact: object) -> None:
    with pytest.raises(InvalidValue, match=r"^contato is "):
        line(movement(contato=contact), "1.1.01")


@pytest.mark.parametrize("nothing", ["0000-00-00 00:00:00", "0000-00-00T00:00:00", "0000-00-00"])
def test_a_posting_date_of_zeros_is_none(nothing: str) -> None:
    (posting,) = line(movement(dataLancamento=nothing), "1.1")
    assert posting.posting_date == date(2024, 1, 31)


def test_php_writes_an_empty_object_as_a_list() -> None:
    (posting,) = line(movement(contato=[]), "1.1")
    assert (posting.entity_id, posting.entity_name) == (None, None)


def test_a_partner_of_number_0_is_none() -> None:
    (posting,) = line(movement(contato={"id": 0, "nome": ""}), "1.1")
    assert (posting.entity_id, posting.entity_name) == (None, None)
