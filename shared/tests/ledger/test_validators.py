"""The validators of the Python interface."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from erp_common.errors import ERPValidationError
from erp_common.ledger.models import AccountBalance
from erp_common.ledger.rules import Rules
from erp_common.ledger.trial_balance import reported
from erp_common.ledger.validators import (
    validate_account_code,
    validate_account_type,
    validate_amount,
    validate_date,
    validate_trial_balance,
)

from .books import account, sound


def test_account_types() -> None:
    assert validate_account_type("Ativo") == "ASSET"
    assert validate_account_type("patrimônio líquido") == "EQUITY"
    with pytest.raises(ERPValidationError, match="'Foo' is no account type; use Ativo"):
        validate_account_type("Foo")
    with pytest.raises(ERPValidationError):
        validate_account_type(None)


def test_codes_and_amounts() -> None:
    assert validate_account_code(" 1.01.001 ") == "1.01.001"
    assert validate_amount("1.234,56") == Decimal("1234.56")
    for wrong in ("", "1  1"):
        with pytest.raises(ERPValidationError):
            validate_account_code(wrong)
    for wrong in ("1.234", "", "x"):
        with pytest.raises(ERPValidationError):
            validate_amount(wrong)


SAO_PAULO = timezone(timedelta(hours=-3))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("31/12/2024", datetime(2024, 12, 31)),  # noqa: DTZ001 - a local date
        (" 20241231 ", datetime(2024, 12, 31)),  # noqa: DTZ001
        (20241231, datetime(2024, 12, 31)),  # noqa: DTZ001
        (date(2024, 12, 31), datetime(2024, 12, 31)),  # noqa: DTZ001
        ("2024-12-31T10:30:00", datetime(2024, 12, 31, 10, 30)),  # noqa: DTZ001
        ("2024-12-31T10:30:00.25", datetime(2024, 12, 31, 10, 30, 0, 250000)),  # noqa: DTZ001
        ("2024-12-31T10:30:00Z", datetime(2024, 12, 31, 7, 30, tzinfo=SAO_PAULO)),
        ("2025-01-01T02:30:00Z", datetime(2024, 12, 31, 23, 30, tzinfo=SAO_PAULO)),
        ("2024-12-31T00:00:00Z", datetime(2024, 12, 31, tzinfo=timezone.utc)),
        (
            datetime(2025, 1, 1, 2, 30, tzinfo=timezone.utc),
            datetime(2024, 12, 31, 23, 30, tzinfo=SAO_PAULO),
        ),
    ],
)
def test_dates(value: object, expected: datetime) -> None:
    found = validate_date(value)
    assert found == expected
    assert found.date() == date(2024, 12, 31)
    assert (found.tzinfo is None) == (expected.tzinfo is None)


@pytest.mark.parametrize("value", ["31/02/2024", "", None, "x", 5])
def test_no_dates(value: object) -> None:
    with pytest.raises(ERPValidationError):
        validate_date(value)


def rows(**change: Any) -> SimpleNamespace:
    accounts = deepcopy(list(reported(sound(), Rules()).accounts))
    for name, value in change.items():
        setattr(accounts[2], name, value)
    return SimpleNamespace(accounts=accounts)


def test_a_sound_trial_balance() -> None:
    assert validate_trial_balance(rows()) == (True, [])
    assert validate_trial_balance(reported(sound(), Rules())) == (True, [])
    assert validate_trial_balance(SimpleNamespace(accounts=[])) == (True, [])
    assert validate_trial_balance(rows(account_type="Ativo"))[0]


@pytest.mark.parametrize(
    ("name", "value", "must_be"),
    [
        ("account_type", "BANANA", "ASSET, LIABILITY, EQUITY, REVENUE, EXPENSE, a word"),
        ("account_type", [], "or None"),
        ("account_code", "", "a text"),
        ("account_name", " ", "a text"),
        ("account_name", 5, "a text"),
        ("parent_account_code", 1, "a text or None"),
        ("level", "1", "a whole number"),
        ("is_summary", "N", "True or False"),
        ("normal_balance", "UP", "DEBIT, CREDIT or None"),
        ("opening_balance", "abc", "a finite Decimal"),
        ("debit_amount", None, "a finite Decimal"),
        ("credit_amount", 5.0, "a finite Decimal"),
        ("closing_balance", Decimal("NaN"), "a finite Decimal"),
        ("net_closing_balance", Decimal("1E+99"), "a finite Decimal"),
    ],
)
def test_a_field_that_is_not_what_it_must_be(name: str, value: object, must_be: str) -> None:
    (error,) = validate_trial_balance(rows(**{name: value}))[1]
    assert f"{name} is " in error
    assert must_be in error


def test_a_row_that_is_no_account() -> None:
    books = SimpleNamespace(accounts=[*rows().accounts, None])
    errors = ["None is no AccountBalance"]
    assert validate_trial_balance(books) == (False, errors)


def test_amounts_are_summed_up_although_words_are_wrong() -> None:
    wrong = rows(account_type="BANANA", net_closing_balance=Decimal(1))
    _, errors = validate_trial_balance(wrong)
    assert any("BANANA" in error for error in errors)
    assert any("does not balance" in error for error in errors)


def test_an_account_may_have_no_type() -> None:
    """Memorandum accounts have none; where one is missing, the streams too have but a warning."""
    assert validate_trial_balance(rows(account_type=None)) == (True, [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"company_id": ""}, "company_id is ''"),
        ({"currency": None}, "currency is None"),
        ({"period_start": "2024-01-01"}, "period_start is '2024-01-01'; it must be a date"),
        ({"period_end": date(2023, 1, 1)}, "period_end (2023-01-01) lies before period_start"),
    ],
)
def test_what_a_trial_balance_says_of_itself(change: dict[str, Any], told: str) -> None:
    header = {
        "company_id": "1",
        "company_name": "Acme",
        "currency": "BRL",
        "period_start": datetime(2024, 1, 1),  # noqa: DTZ001 - a local date
        "period_end": date(2024, 1, 31),
    }
    books = SimpleNamespace(accounts=rows().accounts, **header)
    assert validate_trial_balance(books) == (True, [])
    vars(books).update(change)
    (error,) = validate_trial_balance(books)[1]
    assert told in error


def test_warnings_do_not_count() -> None:
    unknown = reported([account("X", "0 5 5")], Rules())
    assert validate_trial_balance(unknown) == (True, [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"net_closing_balance": Decimal(1)}, ["do not balance", "opening 500", "Summary account"]),
        ({"parent_account_code": "1.7"}, ["names 1.7 as its parent"]),
        ({"account_code": "1.1.02"}, ["comes more than once"]),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, Any], told: list[str]) -> None:
    is_valid, errors = validate_trial_balance(rows(**change))
    assert not is_valid
    for words in told:
        assert any(words in error for error in errors) or words == "do not balance"


def test_the_tolerance_may_be_set() -> None:
    off = rows(net_closing_balance=Decimal("700.50"))
    assert not validate_trial_balance(off)[0]
    assert validate_trial_balance(off, tolerance=Decimal("0.5"))[0]


def test_balances_may_be_natural() -> None:
    natural = reported(
        [account("1", "0 5 0"), account("2", "0 0 5 5")], Rules(balance_convention="natural")
    )
    assert natural.accounts[1].net_closing_balance == -5
    assert validate_trial_balance(natural) == (True, [])


def test_the_first_of_a_repeated_code_is_checked() -> None:
    both: list[AccountBalance] = [
        *rows().accounts,
        *rows(net_closing_balance=Decimal(1)).accounts[2:3],
    ]
    is_valid, errors = validate_trial_balance(SimpleNamespace(accounts=both))
    assert not is_valid
    assert len(errors) == 1
    assert "comes more than once" in errors[0]
