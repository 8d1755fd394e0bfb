"""Filters cut what is emitted, after the whole ledger has been checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract.conftest import Build, Plain
from contract.ledger import by_key, without
from contract.world import World

Row = dict[str, Any]
AMOUNTS = ("opening_balance", "debit_amount", "credit_amount", "closing_balance")


def of_types(*types: str) -> Callable[[Row], bool]:
    """Whether an account is of one of these types."""
    return lambda row: row["account_type"] in types


BALANCES: dict[str, tuple[dict[str, Any], Callable[[Row], bool]]] = {
    "ativo": ({"account_types": ["Ativo"]}, of_types("ASSET")),
    "several": (
        {"account_types": ["PASSIVO", "Patrimônio Líquido"]},
        of_types("LIABILITY", "EQUITY"),
    ),
    "words": (
        {"account_types": ["receitas", "custo", "patrimonio liquido"]},
        of_types("REVENUE", "EXPENSE", "EQUITY"),
    ),
    "english": ({"account_types": ["Income", "PL"]}, of_types("REVENUE", "EQUITY")),
    "not zero": (
        {"include_zero_balances": False},
        lambda row: any(row[name] for name in AMOUNTS),
    ),
    "level": ({"level": 5}, lambda row: row["level"] == 5),
    "roots": ({"level": 1}, lambda row: row["level"] == 1),
    "all three": (
        {"account_types": ["ASSET"], "level": 5, "include_zero_balances": False},
        lambda row: (
            row["account_type"] == "ASSET"
            and row["level"] == 5
            and any(row[name] for name in AMOUNTS)
        ),
    ),
}


@pytest.mark.by_day("ecd", "omie")
@pytest.mark.parametrize("name", BALANCES)
def test_the_trial_balance_is_cut(same: World, brief: Plain, name: str) -> None:
    filters, keeps = BALANCES[name]
    run = same.good(filters=filters)
    everything = brief.run.records("trial_balance")
    expected = [row for row in everything if keeps(row)]
    assert 0 < len(expected) < len(everything)
    assert without(run.records("trial_balance")) == without(expected)
    for stream in ("subledger", "periods", "validation_issues"):
        assert without(run.records(stream)) == without(brief.run.records(stream))


@pytest.mark.parametrize("fields", ["document_type", "cost_center", "document_type cost_center"])
def test_the_subledger_is_cut(same: World, brief: Plain, fields: str) -> None:
    everything = brief.run.records("subledger")
    chosen = next(row for row in everything if all(row[name] for name in fields.split()))
    wanted = {name: chosen[name] for name in fields.split()}
    filters = {
        "document_types" if name == "document_type" else name: (
            [value, "other"] if name == "document_type" else value
        )
        for name, value in wanted.items()
    }
    run = same.good(filters=filters)
    expected = [row for row in everything if all(row[n] == v for n, v in wanted.items())]
    assert 0 < len(expected) < len(everything)
    assert by_key(without(run.records("subledger"))) == by_key(without(expected))
    for stream in ("trial_balance", "periods", "validation_issues"):
        assert without(run.records(stream)) == without(brief.run.records(stream))


def test_findings_are_those_of_the_whole(build: Build) -> None:
    world = build(entries_per_month=5)
    world.break_balance()
    filters = {"account_types": ["Receita"], "level": 1, "cost_center": "nowhere"}
    whole, cut = world.good(), world.good(filters=filters)
    assert whole.codes
    for stream in ("validation_issues", "periods"):
        assert without(cut.records(stream)) == without(whole.records(stream))
    assert cut.records("subledger") == []
    assert cut.records("trial_balance")
