# ruff: noqa: INP001 -- packages named tests would hide one another
"""The tap against a simulated ContaAzul: every row is what the books say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from harness.runs import balances
from simulator import Books, Simulator

Extract = Callable[[Mapping[str, Any]], Mapping[str, list[dict[str, Any]]]]

START, END = date(2024, 1, 1), date(2024, 3, 31)


def settings(sim: Simulator, auth_type: str, **more: Any) -> dict[str, Any]:
    company = sim.books.company
    return {
        "base_url": sim.base_url("contaazul"),
        "ca_bundle": sim.ca_bundle,
        "companies": [{"id": "ACME", "name": company.name}],
        "auth_type": auth_type,
        "rate_limit": {"requests": 100000, "burst": 10000},
        "start_date": str(START),
        "end_date": str(END),
        "period": "quarter",
        "opening_balances_from": "2023-12-31",
        **sim.credentials("contaazul", auth_type),
        **more,
    }


@pytest.mark.parametrize("auth_type", ["oauth2", "bearer_token"])
def test_rows_equal_the_books(extract: Extract, auth_type: str) -> None:
    with Simulator(Books.generate(opening="entry")) as sim:
        sim.contaazul.english = auth_type == "oauth2"
        rows = extract(settings(sim, auth_type, page_size=7))
        company = sim.books.company

    assert balances(rows["trial_balance"]) == company.trial_balance(START, END)
    assert {(row["account_code"], row["account_type"]) for row in rows["trial_balance"]} == {
        (account.code, account.type) for account in company.accounts
    }
    name_of = {account.code: account.name for account in company.accounts}
    assert sorted(
        (
            row["entry_id"],
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
            entry.uuid,
            line.account,
            name_of[line.account],
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
        for entry, line in company.lines(START, END)
    )
    (period,) = rows["periods"]
    assert (period["is_balanced"], period["is_reconciled"]) == (True, True)
    assert rows["validation_issues"] == []


def test_an_entry_with_a_bad_line_is_told_and_not_emitted(extract: Extract) -> None:
    def spoil(body: dict[str, Any], _: object) -> None:
        body["transactions"][0]["lines"][0]["debit_amount"] = "12,500"

    with Simulator(Books.generate()) as sim:
        company = sim.books.company
        spoilt = company.entries_between(START, END)[0]
        with sim.tamper("contaazul", "transactions", spoil):
            rows = extract(settings(sim, "oauth2", opening_balances_from=None, page_size=1000))

    assert spoilt.uuid not in {row["entry_id"] for row in rows["subledger"]}
    (issue,) = [row for row in rows["validation_issues"] if row["code"] == "INVALID_RECORD"]
    assert issue["raw"]["id"] == spoilt.uuid
    assert len(issue["raw"]["lines"]) == len(spoilt.lines)
    assert "lines[0].debit_amount" in issue["message"]


def keyed_in(times: int) -> Callable[[dict[str, Any], object], None]:
    """While pages are read something is keyed in: rows move one on, and the total grows."""
    last: dict[int, Any] = {}
    left = [times]

    def shift(body: dict[str, Any], _: object) -> None:
        rows = body["transactions"]
        page = body["page"]
        if page == 1:
            left[0] -= 1
        if left[0] >= 0 and page > 1:
            rows.insert(0, last[page - 1])
            last[page] = rows.pop() if len(rows) > 1 else rows[-1]
            body["total"] += 1
        elif rows:
            last[page] = rows[-1]

    return shift


def test_a_listing_that_moves_is_read_again(extract: Extract) -> None:
    with Simulator(Books.generate(opening="entry")) as sim:
        given = settings(sim, "oauth2", page_size=7, period="month", max_concurrency=1)
        usual = extract(given)
        with sim.tamper("contaazul", "transactions", keyed_in(1)):
            rows = extract(given)
    assert rows["validation_issues"] == []
    assert balances(rows["trial_balance"]) == balances(usual["trial_balance"])
    assert len(rows["subledger"]) == len(usual["subledger"])


def test_a_listing_that_never_stands_still_is_taken_once_and_told(extract: Extract) -> None:
    with Simulator(Books.generate()) as sim:
        given = settings(sim, "oauth2", page_size=7, opening_balances_from=None, max_concurrency=1)
        with sim.tamper("contaazul", "transactions", keyed_in(1000)):
            rows = extract(given)
    told = [row for row in rows["validation_issues"] if row["code"] == "DUPLICATE_ENTRY"]
    assert told
    assert {row["severity"] for row in told} == {"error"}
    assert "ROW_COUNT_MISMATCH" in {row["code"] for row in rows["validation_issues"]}
    keys = [(row["account_code"], row["entry_id"], row["line_number"]) for row in rows["subledger"]]
    assert len(keys) == len(set(keys))
