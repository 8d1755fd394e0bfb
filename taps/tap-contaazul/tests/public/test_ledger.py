# ruff: noqa: INP001 -- packages named tests would hide one another
"""The ledger under Conta Azul's public API: it ties out, sums to zero, and equals the money."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harness.cash import assert_sound
from harness.runs import Runs
from simulator import Simulator
from simulator.contaazul_public import category_code, money_code, money_in
from simulator.installments import uuid

ERP = "contaazul_public"
SINCE = date(2024, 1, 1)
MONTHS = [(date(2024, m, 1), date(2024, m, monthrange(2024, m)[1])) for m in (1, 2, 3)]


def test_every_balance_is_the_money_s(sim: Simulator, run: Runs, tmp_path: Path) -> None:
    done = run(token_store=str(tmp_path / "tokens.json"))
    cash = sim.cash(ERP)
    assert done.status == 0, done.said
    assert done.rows["validation_issues"] == []
    for start, end in MONTHS:
        assert done.balances(start) == money_in(cash, SINCE, start, end)
        for account in cash.accounts:
            closing = done.balances(start)[money_code(account)][4]
            assert closing == cash.balance(account.id, end + timedelta(days=1))


def test_every_period_sums_to_zero_and_ties_out(read: Runs) -> None:
    assert_sound(read(), [start for start, _ in MONTHS])


def test_types_and_hierarchy(sim: Simulator, read: Runs) -> None:
    rows = {row["account_code"]: row for row in read(period="quarter").rows["trial_balance"]}
    said = {
        code: (row["account_type"], row["parent_account_code"], row["is_summary"])
        for code, row in rows.items()
    }
    categories = {one.code: one for one in sim.cash(ERP).categories if one.kind != "T"}
    for one in categories.values():
        kind = "REVENUE" if one.kind == "R" else "EXPENSE"
        above = category_code(categories[one.parent]) if one.parent else None
        assert said[category_code(one)] == (kind, above, one.parent is None)
        if one.kind == "P":
            assert rows[category_code(one)]["metadata"]["dre"] == "DESPESAS_ADMINISTRATIVAS"
    assert said["CLEARING.TRANSFER"] == ("ASSET", None, False)
    assert said["OPENING"] == ("EQUITY", None, False)
    assert {kind for name, (kind, _, _) in said.items() if name.startswith("CC.")} == {"ASSET"}


def test_the_ledger_begins_with_nothing_and_says_so(read: Runs) -> None:
    done = read(opening_balances_from=None)
    assert done.codes() == ["OPENING_ASSUMED_ZERO"]
    assert all(period["is_balanced"] for period in done.rows["periods"])


def test_runs_in_a_chain_give_the_rows_of_a_full_refresh(
    sim: Simulator, run: Runs, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"token_store": str(tmp_path / "tokens.json")}
    settings |= {"lookback_periods": 0, **sim.credentials(ERP)}
    first = run(end_date="2024-02-29", **settings)
    assert first.status == 0, first.said
    cash = sim.cash(ERP)
    plain = [
        one
        for one in cash.between(*MONTHS[1])
        if one.kind == "direct" and one.id not in sim.plans.extras
    ]
    cash.delete(plain[0].id)
    parts = ((plain[1].parts[0][0], Decimal("-77.77")),)
    cash.edit(plain[1].id, amount=Decimal("-77.77"), parts=parts)
    # The refresh token of the settings is used up: the store has the one that came after it.
    second, full = run(state=first.state, **settings), run(**settings)

    for start, end in MONTHS[1:]:
        assert second.balances(start) == full.balances(start)
        assert full.balances(start) == money_in(cash, SINCE, start, end)
    assert second.rows["validation_issues"] == full.rows["validation_issues"] == []
    assert {row["period_start"] for row in second.rows["periods"]} == {"2024-02-01", "2024-03-01"}


@pytest.mark.parametrize("threads", [1, 4])
def test_nothing_is_asked_twice(sim: Simulator, read: Runs, threads: int) -> None:
    assert read(max_concurrency=threads).codes() == []
    asked = [(one.path, tuple(sorted(one.params.items()))) for one in sim.requests]
    assert len(set(asked)) == len(asked)
    assert sim.requests.most_in_flight(ERP) <= threads


def test_what_one_settlement_says(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    one = next(
        m
        for m in cash.between(*MONTHS[0])
        if m.kind == "direct" and m.entity and m.document and m.id not in sim.plans.extras
    )
    number = uuid("settlement", f"{one.id}/{one.id}")
    rows = [
        row for row in read(end_date="2024-01-31").rows["subledger"] if row["entry_id"] == number
    ]
    money, *others = rows
    assert money["account_code"] == f"CC.{uuid('account', one.account)}"
    assert money["debit_amount"] - money["credit_amount"] == one.amount
    assert {row["account_code"] for row in others} == {f"CAT.{uuid('category', one.parts[0][0])}"}
    assert sum(row["credit_amount"] - row["debit_amount"] for row in others) == one.amount
    assert one.entity is not None
    for row in rows:
        assert row["transaction_date"] == row["posting_date"] == one.date
        assert (row["description"], row["document_number"], row["document_type"]) == (
            one.description,
            one.document,
            "PIX_PAGAMENTO_INSTANTANEO",
        )
        person = (uuid("person", one.entity.id), one.entity.name)
        assert (row["entity_id"], row["entity_name"]) == person
        assert row["metadata"] == {"accounting_basis": "cash", "origin": "LANCAMENTO_FINANCEIRO"}
