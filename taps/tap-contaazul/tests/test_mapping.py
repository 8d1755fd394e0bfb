# ruff: noqa: INP001 -- packages named tests would hide one another
"""What each field of ContaAzul becomes, and which rows are refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from erp_common.ledger.models import AccountType, Posting, StatedAccount, StatedType
from erp_common.ledger.normalize import InvalidValue
from tap_contaazul.mapping import Account, Transaction, account, lines


def chart_row(**changes: Any) -> Account:
    row = {
        "id": "a-1",
        "code": " 1.1.01 ",
        "name": "Caixa ",
        "type": "ASSET",
        "parent_code": "1.1",
        "is_summary": False,
    }
    return Account(**{**row, **changes})


def line(**changes: Any) -> dict[str, Any]:
    row = {
        "account_code": "1.1.01 ",
        "account_name": "Caixa",
        "debit_amount": Decimal("10.50"),
        "credit_amount": 0,
        "cost_center": " ADM",
        "description": "Parcela 1",
    }
    return {**row, **changes}


def transaction(**changes: Any) -> Transaction:
    row = {
        "id": "t-1 ",
        "date": "2024-01-31",
        "posting_date": "2024-02-02",
        "description": "Venda à vista ",
        "document_number": "NF 7",
        "document_type": "NF",
        "entity": {"id": 9, "name": "Cliente Exemplo"},
        "lines": [
            line(),
            {"account_code": "3.1.01", "debit_amount": "0", "credit_amount": "10,50"},
        ],
    }
    return Transaction(**{**row, **changes})


def test_account() -> None:
    assert account(chart_row()) == StatedAccount(
        code="1.1.01",
        name="Caixa",
        stated_type=StatedType(type=AccountType.ASSET),
        parent_code="1.1",
        is_summary=False,
        erp_id="a-1",
    )


def test_what_an_account_need_not_say() -> None:
    stated = account(chart_row(type=None, parent_code="", is_summary=None))
    assert (stated.stated_type, stated.parent_code, stated.is_summary) == (None, None, None)


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        ("Receita", StatedType(type=AccountType.REVENUE)),
        ("LIABILITY", StatedType(type=AccountType.LIABILITY)),
        ("Compensação", StatedType(off_balance=True)),
        ("Diversos", StatedType(unread="Diversos")),
    ],
)
def test_type(words: str, stated: StatedType | None) -> None:
    assert account(chart_row(type=words)).stated_type == stated


@pytest.mark.parametrize("field", ["id", "code", "name"])
@pytest.mark.parametrize("value", [None, "  "])
def test_an_account_lacks_a_field(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{field} "):
        account(chart_row(**{field: value}))


def test_each_line_is_a_posting_of_the_entry() -> None:
    shared: dict[str, Any] = {
        "entry_id": "t-1",
        "journal_id": "t-1",
        "transaction_date": date(2024, 1, 31),
        "posting_date": date(2024, 2, 2),
        "document_number": "NF 7",
        "document_type": "NF",
        "entity_id": "9",
        "entity_name": "Cliente Exemplo",
    }
    assert lines(transaction()) == [
        Posting(
            account_code="1.1.01",
            account_name="Caixa",
            debit_amount=Decimal("10.50"),
            credit_amount=Decimal(0),
            cost_center="ADM",
            description="Parcela 1",
            **shared,
        ),
        Posting(
            account_code="3.1.01",
            debit_amount=Decimal(0),
            credit_amount=Decimal("10.50"),
            description="Venda à vista",
            **shared,
        ),
    ]


def test_what_an_entry_need_not_say() -> None:
    optional = ("posting_date", "document_number", "document_type", "entity")
    first, _ = lines(transaction(description="", **dict.fromkeys(optional)))
    assert first.posting_date == date(2024, 1, 31)
    assert {first.document_number, first.document_type, first.entity_id, first.entity_name} == {
        None
    }


@pytest.mark.parametrize("field", ["id", "date", "description"])
def test_an_entry_lacks_a_field(field: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^{field} "):
        lines(transaction(**{field: None}))


@pytest.mark.parametrize("value", [None, [], {}, "", {"account_code": "1"}])
def test_an_entry_without_lines_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^lines is no list"):
        lines(transaction(lines=value))


@pytest.mark.parametrize("field", ["account_code", "debit_amount", "credit_amount"])
@pytest.mark.parametrize("value", [None, " ", [], "1;2"])
def test_one_bad_line_spoils_the_entry(field: str, value: object) -> None:
    bad = line(**{field: value})
    with pytest.raises(InvalidValue, match=rf"^lines\[1\]\.{field} "):
        lines(transaction(lines=[line(), bad]))


def test_a_line_that_is_no_object() -> None:
    with pytest.raises(InvalidValue, match=r"^lines\[1\] is no object"):
        lines(transaction(lines=[line(), "1.1.01"]))


@pytest.mark.parametrize("entity", [7, ["x"], "Cliente"])
def test_an_entity_that_is_no_object(entity: object) -> None:
    with pytest.raises(InvalidValue, match=r"^entity is "):
        lines(transaction(entity=entity))
