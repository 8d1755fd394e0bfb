# ruff: noqa: INP001 -- packages named tests would hide one another
"""The ledger under Bling's public API: it ties out, sums to zero, and equals the money there is."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.cash import assert_sound
from simulator import Simulator
from simulator.cash import Category

ERP = "bling_public"
SINCE = date(2024, 1, 1)
MONTHS = [(date(2024, m, 1), date(2024, m, monthrange(2024, m)[1])) for m in (1, 2, 3)]
Runs = Callable[..., Any]


def code(category: Category) -> str:
    return f"CAT.{category.number}"


def test_every_balance_is_the_money_s(sim: Simulator, run: Runs, tmp_path: Path) -> None:
    store = tmp_path / "tokens.json"
    done = run(token_store=str(store))
    cash = sim.cash(ERP)
    assert done.status == 0, done.said
    assert done.rows["validation_issues"] == []
    for start, end in MONTHS:
        assert done.balances(start) == cash.trial_balance(SINCE, start, end, code)
        for account in cash.accounts:
            closing = done.balances(start)[f"CC.{account.id}"][4]
            assert closing == cash.balance(account.id, end + timedelta(days=1))


def test_every_period_sums_to_zero_and_ties_out(read: Runs) -> None:
    assert_sound(read(), [start for start, _ in MONTHS])


def test_types_and_hierarchy(sim: Simulator, read: Runs) -> None:
    said = {
        row["account_code"]: (row["account_type"], row["parent_account_code"], row["is_summary"])
        for row in read(period="quarter").rows["trial_balance"]
    }
    categories = {one.code: one for one in sim.cash(ERP).categories if one.kind != "T"}
    for one in categories.values():
        kind = "REVENUE" if one.kind == "R" else "EXPENSE"
        above = code(categories[one.parent]) if one.parent else None
        assert said[code(one)] == (kind, above, one.parent is None)
    assert said["CLEARING.TRANSFER"] == ("ASSET", None, False)
    assert said["OPENING"] == ("EQUITY", None, False)
    assert {kind for name, (kind, _, _) in said.items() if name.startswith("CC.")} == {"ASSET"}


def test_without_a_first_day_the_ledger_starts_from_nothing_and_says_so(read: Runs) -> None:
    done = read(opening_balances_from=None)
    assert done.codes() == ["OPENING_ASSUMED_ZERO"]
    assert all(period["is_balanced"] for period in done.rows["periods"])


def test_runs_in_a_chain_give_the_rows_of_a_full_refresh(
    sim: Simulator, run: Runs, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"token_store": str(tmp_path / "tokens.json")}
    settings |= sim.credentials(ERP)
    first = run(end_date="2024-02-29", **settings)
    cash = sim.cash(ERP)
    january, february = (cash.between(*MONTHS[at]) for at in (0, 1))
    cash.delete(next(one for one in january if one.kind == "direct").id)
    cash.delete(february[3].id)
    changed = next(one for one in february[10:] if one.kind == "direct")
    parts = ((changed.parts[0][0], Decimal("-77.77")),)
    cash.edit(changed.id, amount=Decimal("-77.77"), parts=parts)
    # The refresh token of the settings is used up: the store has the one that came after it.
    second, full = run(state=first.state, **settings), run(**settings)

    for start, end in MONTHS:
        assert second.balances(start) == full.balances(start)
        assert full.balances(start) == cash.trial_balance(SINCE, start, end, code)
    assert second.rows["validation_issues"] == []


def test_what_one_movement_says(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    one = next(
        m for m in cash.between(*MONTHS[0]) if m.kind == "direct" and m.entity and m.amount < 0
    )
    number = Category(one.parts[0][0], "", "P").number
    rows = [
        row
        for row in read(end_date="2024-01-31").rows["subledger"]
        if row["entry_id"] == str(one.id)
    ]
    assert [(row["account_code"], row["debit_amount"], row["credit_amount"]) for row in rows] == [
        (f"CC.{one.account}", 0, -one.amount),
        (f"CAT.{number}", -one.amount, 0),
    ]
    assert one.entity is not None
    for row in rows:
        assert row["transaction_date"] == row["posting_date"] == one.date
        assert (row["description"], row["document_type"]) == (one.description, "caixa")
        assert (row["entity_id"], row["entity_name"]) == (str(one.entity.id), one.entity.name)
        assert row["metadata"] == {"accounting_basis": "cash", "origin": "caixa"}
