"""Filters: what is set cuts, and nonsense is refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from erp_common.errors import ERPValidationError
from erp_common.ledger.filters import Filters
from erp_common.ledger.models import AccountBalance, AccountType, Posting
from erp_common.ledger.rules import Rules
from erp_common.ledger.trial_balance import reported

from .books import account, posting, sound


def kept(**settings: Any) -> list[str]:
    filters = Filters.parse(settings)
    rows = [*sound(), account("1.2", name="Vazia"), account("9", name="Compensação")]
    balance = reported(rows, Rules())
    return [a.account_code for a in balance.accounts if filters.keeps_account(a)]


def test_nothing_set_keeps_everything() -> None:
    assert len(kept()) == len(kept(account_types=[], level=None, cost_center="")) == 14
    assert Filters.parse(None) == Filters.parse({}) == Filters()


def test_account_types_in_both_languages() -> None:
    assert kept(account_types=["Receitas", "EXPENSE"]) == ["3", "3.01", "4", "4.01"]


def test_level() -> None:
    assert kept(level=1) == ["1", "2", "3", "4", "9"]
    assert kept(level="3") == ["1.1.01", "1.1.02", "2.3.01"]


def test_zero_balances() -> None:
    assert set(kept()) - set(kept(include_zero_balances=False)) == {"1.2", "9"}


@pytest.mark.parametrize("field", ["opening_balance", "debit_amount", "credit_amount"])
def test_one_amount_unlike_zero_keeps_an_account(field: str) -> None:
    row: AccountBalance = reported([account("1")], Rules()).accounts[0]
    filters = Filters(include_zero_balances=False)
    assert not filters.keeps_account(row)
    setattr(row, field, row.closing_balance + 1)
    assert filters.keeps_account(row)


def test_an_account_without_a_type_is_of_no_type() -> None:
    assert "9" not in kept(account_types=[kind.value for kind in AccountType])


def lines() -> list[Posting]:
    made = [posting("1", str(number), "1") for number in range(3)]
    made[0].document_type, made[0].cost_center = "NF", "10"
    made[1].document_type, made[1].cost_center = "RC", "20"
    return made


def test_postings() -> None:
    every = lines()
    assert Filters().keep_postings(every) is every
    assert Filters.parse({"document_types": [" NF "]}).keep_postings(every) == every[:1]
    assert Filters.parse({"cost_center": 20}).keep_postings(every) == every[1:2]
    both = Filters.parse({"document_types": ["NF", "RC"], "cost_center": "10"})
    assert both.keep_postings(every) == every[:1]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"account_type": ["ASSET"]}, "filters has no account_type; there are account_types"),
        ({"account_types": ["ASSET", "Foo"]}, "filters.account_types has Foo; there are ASSET"),
        ({"account_types": "ASSET"}, "filters.account_types must be a list"),
        ({"document_types": "NF"}, "filters.document_types must be a list"),
        ({"level": 0}, "filters.level must be a whole number from 1"),
        ({"level": "zwei"}, "filters.level must be"),
        ({"level": -1}, "filters.level must be"),
        ({"include_zero_balances": "maybe"}, "include_zero_balances must be true or false"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ERPValidationError) as caught:
        Filters.parse(settings)
    assert told in str(caught.value)
