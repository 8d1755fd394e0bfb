# ruff: noqa: INP001 -- packages named tests would hide one another
"""The ledger under Omie's public API: it ties out, sums to zero, and equals the bank's balances."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from harness.cash import assert_sound
from simulator import Simulator

SINCE = date(2024, 1, 1)
MONTHS = [(date(2024, m, 1), date(2024, m, monthrange(2024, m)[1])) for m in (1, 2, 3)]
Runs = Callable[..., Any]


def test_every_balance_is_the_money_s(sim: Simulator, run: Runs) -> None:
    done = run()
    cash = sim.cash("omie_public")
    assert done.status == 0
    assert done.rows["validation_issues"] == []
    for start, end in MONTHS:
        assert done.balances(start) == cash.trial_balance(SINCE, start, end)
        for account in cash.accounts:
            closing = done.balances(start)[f"CC.{account.id}"][4]
            assert closing == cash.balance(account.id, end + timedelta(days=1))
    assert {row["account_name"] for row in done.rows["trial_balance"]} >= {
        "Banco do Brasil & Cia",
        "Cartão 'Corporativo'",
        "Aluguel & Condomínio",
    }


def test_every_period_sums_to_zero_and_ties_out(read: Runs) -> None:
    assert_sound(read(), [start for start, _ in MONTHS])


def test_types_and_hierarchy(read: Runs) -> None:
    rows = {row["account_code"]: row for row in read(period="quarter").rows["trial_balance"]}
    said = {
        code: (row["account_type"], row["parent_account_code"], row["is_summary"])
        for code, row in rows.items()
    }
    # Omie's 1 is revenue and its 2 expense, where an accounting chart's are asset and liability.
    assert said["1.01"] == ("REVENUE", None, True)
    assert said["1.01.01"] == ("REVENUE", "1.01", False)
    assert said["2.04"] == ("EXPENSE", None, True)
    assert said["2.04.03"] == ("EXPENSE", "2.04", False)
    assert said["CLEARING.TRANSFER"] == ("ASSET", None, False)
    assert said["OPENING"] == ("EQUITY", None, False)
    assert {kind for code, (kind, _, _) in said.items() if code.startswith("CC.")} == {"ASSET"}
    # Transfers have an account of their own, so their categories have none.
    assert not [code for code in said if code.startswith("0.")]


def test_runs_in_a_chain_give_the_rows_of_a_full_refresh(sim: Simulator, run: Runs) -> None:
    first = run(end_date="2024-02-29")
    cash = sim.cash("omie_public")
    january, february = (cash.between(*MONTHS[at]) for at in (0, 1))
    cash.delete(february[3].id)
    gone = next(one for one in january if one.kind == "direct")
    cash.delete(gone.id)
    changed = next(one for one in february[10:] if one.kind == "direct")
    parts = ((changed.parts[0][0], Decimal("-77.77")),)
    cash.edit(changed.id, amount=Decimal("-77.77"), parts=parts)
    second, full = run(state=first.state, lookback_periods=1), run()

    # January lies in the lookback of February's bookmark.
    for start, end in MONTHS:
        assert second.balances(start) == full.balances(start)
        assert full.balances(start) == cash.trial_balance(SINCE, start, end)
    assert second.rows["validation_issues"] == []


def test_a_movement_without_category_is_kept_and_told(sim: Simulator, read: Runs) -> None:
    cash = sim.cash("omie_public")
    one = next(m for m in cash.between(*MONTHS[0]) if m.kind == "direct")

    def without(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if row.get("nCodLancamento") == one.id:
                row["cCodCategoria"] = ""

    with sim.tamper("omie_public", "ListarExtrato", without):
        done = read(end_date="2024-01-31")

    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("MISSING_CATEGORY", "warning")
    assert issue["entry_id"].endswith(f"-{one.id}")
    (row,) = [r for r in done.rows["trial_balance"] if r["account_code"] == "CAT.NONE"]
    assert row["account_name"] == "sem categoria"
    # An ordinary state: strict takes it too.
    with sim.tamper("omie_public", "ListarExtrato", without):
        assert read(end_date="2024-01-31", validation="strict").codes() == ["MISSING_CATEGORY"]
    assert done.rows["periods"][0]["is_balanced"]
    (line,) = [row for row in done.rows["subledger"] if row["account_code"] == "CAT.NONE"]
    assert line["credit_amount"] - line["debit_amount"] == one.amount


def test_what_one_movement_says(sim: Simulator, read: Runs) -> None:
    cash = sim.cash("omie_public")
    known = next(m for m in cash.between(*MONTHS[0]) if m.kind == "direct" and m.entity)
    one = replace(known, amount=Decimal("-12.30"), parts=(("2.04.03", Decimal("-12.30")),))
    cash.edit(one.id, amount=one.amount, parts=one.parts)
    rows = [
        row
        for row in read(end_date="2024-01-31").rows["subledger"]
        if row["entry_id"].endswith(f"-{one.id}")
    ]
    assert [(row["account_code"], row["debit_amount"], row["credit_amount"]) for row in rows] == [
        (f"CC.{one.account}", 0, Decimal("12.30")),
        ("2.04.03", Decimal("12.30"), 0),
    ]
    assert one.entity is not None
    for row in rows:
        assert row["entry_id"] == f"{one.account}-{one.date:%Y%m%d}-{one.id}"
        assert row["transaction_date"] == row["posting_date"] == one.date
        assert row["description"] == one.description
        assert row["document_number"] == one.document
        assert row["document_type"] == "DIN"
        assert (row["entity_id"], row["entity_name"]) == (str(one.entity.id), one.entity.name)
        assert row["metadata"] == {"accounting_basis": "cash", "origin": "MANP"}
