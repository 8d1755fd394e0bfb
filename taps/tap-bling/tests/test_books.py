# ruff: noqa: INP001 -- packages named tests would hide one another
"""The tap against a simulated Bling: every row is what the books say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from harness.runs import balances
from simulator import Books, Simulator

Extract = Callable[[Mapping[str, Any]], Mapping[str, list[dict[str, Any]]]]

START, END = date(2024, 1, 1), date(2024, 3, 31)


@pytest.mark.parametrize(
    ("server", "auth_type", "more"),
    [
        ("bling", "api_key", {"page_size": 10}),
        ("bling", "api_key", {"api_key_location": "query", "page_size": 500}),
        ("bling", "oauth2", {}),
        ("bling_v2", "api_key", {"api_version": "v2", "opening_balances_from": "2023-12-31"}),
    ],
)
def test_rows_equal_the_books(
    extract: Extract, server: str, auth_type: str, more: dict[str, Any]
) -> None:
    books = Books.generate(opening="entry" if server == "bling_v2" else "balances")
    with Simulator(books) as sim:
        company = sim.books.company
        rows = extract(
            {
                "base_url": sim.base_url(server),
                "ca_bundle": sim.ca_bundle,
                "companies": [{"id": "ACME", "name": company.name}],
                "auth_type": auth_type,
                "rate_limit": {"requests": 100000, "burst": 10000},
                "start_date": str(START),
                "end_date": str(END),
                "period": "quarter",
                **sim.credentials(server, auth_type),
                **more,
            }
        )

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
            str(entry.id),
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
