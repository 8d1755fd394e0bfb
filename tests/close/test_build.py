"""The package builds from nothing, from half an extraction, and again."""

from __future__ import annotations

from datetime import date

import pytest

from close.conftest import Serve
from close.warehouses import BuildFailedError, Close, DuckClose
from simulator import Books

JAN, FEB = date(2024, 1, 1), date(2024, 2, 29)
MODELS = [
    "postings",
    "account_balances",
    "income_statement",
    "balance_sheet",
    "cost_center_result",
    "eliminations",
    "consolidated",
    "unmapped_accounts",
    "trial_balance_history",
    "restatements",
    "close_status",
    "ecd_tie_out",
    "ecd_posting_diff",
]


@pytest.mark.close
def test_before_anything_was_loaded_every_model_is_empty(close: Close) -> None:
    close.load({})
    close.build()
    assert {model: close.rows(model) for model in MODELS} == {model: [] for model in MODELS}


@pytest.mark.close
def test_the_models_hold_the_books_and_the_same_again(close: Close, serve: Serve) -> None:
    reader = serve(Books.generate(entries_per_month=4, end=FEB))
    rows = reader.read("omie", "101", JAN, FEB)
    close.load(rows)
    close.build()
    first = {model: sorted(map(str, close.rows(model))) for model in MODELS}
    assert len(first["postings"]) == len(rows["subledger"])
    assert len(first["account_balances"]) == len(rows["trial_balance"])
    assert first["restatements"] == first["ecd_tie_out"] == []
    close.build()
    assert {model: sorted(map(str, close.rows(model))) for model in MODELS} == first


def test_binary_floats_are_refused(duck: DuckClose) -> None:
    duck.load({})
    duck.execute("alter table erp.subledger alter debit_amount type double")
    with pytest.raises(
        BuildFailedError, match=r"subledger.*debit_amount is a binary float.*amounts: "
    ):
        duck.build()
