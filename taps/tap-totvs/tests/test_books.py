# ruff: noqa: INP001 -- packages named tests would hide one another
"""The tap against a simulated site: every row is what the books say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from harness.runs import balances
from simulator import Books, Simulator, faults

Extract = Callable[[Mapping[str, Any]], Mapping[str, list[dict[str, Any]]]]

QUARTER = {"start_date": "2024-01-01", "end_date": "2024-03-31", "period": "quarter"}
START, END = date(2024, 1, 1), date(2024, 3, 31)


def settings(sim: Simulator, auth_type: str, **more: Any) -> dict[str, Any]:
    company = sim.books.company
    return {
        "base_url": sim.base_url("totvs"),
        "ca_bundle": sim.ca_bundle,
        "companies": [{"id": "ACME", "erp_id": company.id, "name": company.name}],
        "auth_type": auth_type,
        "rate_limit": {"requests": 100000, "burst": 10000},
        **sim.credentials("totvs", auth_type),
        **QUARTER,
        **more,
    }


@pytest.mark.parametrize("settled", [QUARTER, {**QUARTER, "period": "month"}])
def test_a_line_that_comes_again_is_told_and_counts_once(
    extract: Extract, settled: dict[str, Any]
) -> None:
    def again(body: dict[str, Any], _: object) -> None:
        rows = body["movimentacao"]
        rows += rows[:1]

    with Simulator(Books.generate()) as sim:
        given = settings(sim, "bearer_token", **settled)
        usual = extract(given)
        with sim.tamper("totvs", "movimentacao", again):
            rows = extract(given)
    told = rows["validation_issues"]
    assert {(row["code"], row["severity"]) for row in told} == {("DUPLICATE_ENTRY", "error")}
    assert balances(rows["trial_balance"]) == balances(usual["trial_balance"])
    assert len(rows["subledger"]) == len(usual["subledger"])
    assert all(row["is_reconciled"] for row in rows["periods"])


@pytest.mark.parametrize("auth_type", ["oauth2", "basic_auth", "bearer_token"])
def test_rows_equal_the_books(extract: Extract, auth_type: str) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs.tenant, sim.totvs.environment = "01,0101", "PRODUCAO"
        sim.totvs.cp1252 = auth_type == "basic_auth"
        sim.totvs.numbers = "brazilian" if auth_type == "bearer_token" else "number"
        rows = extract(settings(sim, auth_type, tenant="01,0101", environment="PRODUCAO"))
        company = sim.books.company
        expected_balances = company.trial_balance(START, END)
        expected_lines = company.lines(START, END)

    assert balances(rows["trial_balance"]) == expected_balances
    account = company.account
    assert {(row["account_code"], row["is_summary"]) for row in rows["trial_balance"]} == {
        (one.code, one.is_summary) for one in company.accounts
    }
    assert sorted(
        (
            row["account_code"],
            row["account_name"],
            row["transaction_date"],
            row["posting_date"],
            row["debit_amount"],
            row["credit_amount"],
            row["description"],
            row["document_number"] or "",
            row["document_type"] or "",
            row["cost_center"] or "",
            row["entity_id"] or "",
            row["entity_name"] or "",
        )
        for row in rows["subledger"]
    ) == sorted(
        (
            line.account,
            getattr(account(line.account), "name", None),
            str(entry.date),
            str(entry.posting_date or entry.date),
            line.debit,
            line.credit,
            line.description or entry.description,
            entry.document_number or "",
            entry.document_type or "",
            line.cost_center or "",
            str(entry.entity.id) if entry.entity else "",
            entry.entity.name if entry.entity else "",
        )
        for entry, line in expected_lines
    )
    (period,) = rows["periods"]
    assert (period["is_balanced"], period["is_reconciled"]) == (True, True)
    assert rows["validation_issues"] == []


def test_classes_the_wrong_way_round_name_the_setting_that_mends_it(extract: Extract) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs.inverted_class = True
        (issue,) = extract(settings(sim, "oauth2"))["validation_issues"]
    assert issue["code"] == "ACCOUNT_CLASS_INVERTED"
    assert issue["message"].endswith("set summary_class to the other value.")


def test_a_site_with_the_classes_the_other_way_round(extract: Extract) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs.inverted_class = True
        rows = extract(settings(sim, "oauth2", summary_class="1"))
        accounts = sim.books.company.accounts
    assert {row["account_code"] for row in rows["trial_balance"] if row["is_summary"]} == {
        account.code for account in accounts if account.is_summary
    }
    assert rows["validation_issues"] == []


def test_an_answer_that_cannot_be_read_names_account_period_and_byte(extract: Extract) -> None:
    body = b'{"movimentacao": [{"CT2_DC": "1", "CT2_HIST": "TAB\there", "CT2_VALOR": 1?}]}'
    with Simulator(Books.generate()) as sim:
        sim.faults.add(
            faults.answer(200, body, "application/json"), endpoint="movimentacao", times=None
        )
        with pytest.raises(AssertionError) as refused:  # the run fails, and says why
            extract(settings(sim, "basic_auth", retry={"max_attempts": 2, "base_delay": 0.01}))
    said = str(refused.value)
    assert "ERPValidationError: TOTVS Protheus answered" in said
    assert "account 1." in said
    assert "2024-01-01..2024-03-31" in said
    assert f"at byte {body.index(b'?')}" in said
