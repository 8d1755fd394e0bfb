"""The filed ledger beside the ERP's: as filed no difference, and each change exactly its own."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from close.conftest import Serve
from close.reading import Reader, Streams
from close.warehouses import DuckClose
from simulator import Books, Simulator

FIRST, LAST = date(2023, 12, 1), date(2024, 1, 31)
DECEMBER, JANUARY = "2023-12-31", "2024-01-31"
RENT = "5.1.02.01.001"
SIDES = ("debit_amount", "credit_amount")
pytestmark = [pytest.mark.close, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Streams, Streams]:
    """The same two months without closing entries, and with them as Protheus tells of them."""
    folder = tmp_path_factory.mktemp("books")
    rows = []
    for closing in ("none", "yearly"):
        plan: dict[str, Any] = {"entries_per_month": 6, "start": FIRST, "end": LAST}
        with Simulator(Books.generate(**plan, closing=closing)) as sim:
            rows.append(Reader(sim, folder).read("totvs", "101", FIRST, LAST))
    return rows[0], rows[1]


def tied(duck: DuckClose, own: Streams, filed: Streams) -> dict[tuple[str, str], str]:
    """Load both, compare, and tell the statuses by account as filed (else as the ERP has it)."""
    duck.load(own)
    duck.load(filed, schema="ecd")
    duck.build("--select", "+ecd_posting_diff", "+close_status", "--indirect-selection=cautious")
    return {
        (str(row["period_end"]), row["ecd_account_code"] or row["account_code"]): row["status"]
        for row in duck.rows("ecd_tie_out")
    }


def filed_as(rows: Streams, rename: Any) -> Streams:
    """The rows with other account codes."""
    filed = deepcopy(dict(rows))
    for name in ("trial_balance", "subledger"):
        for row in filed[name]:
            row["account_code"] = rename(row["account_code"])
    return filed


def test_books_as_filed_are_equal_with_or_without_the_mask(
    duck: DuckClose, read: tuple[Streams, Streams]
) -> None:
    own, _ = read
    found = tied(duck, own, filed_as(own, lambda code: code.replace(".", "")))
    assert set(found.values()) == {"EQUAL"}
    assert duck.rows("ecd_posting_diff") == []
    assert {row["ecd_status"] for row in duck.rows("close_status")} == {"EQUAL"}


def test_closing_entries_in_the_file_alone_are_set_apart(
    duck: DuckClose, read: tuple[Streams, Streams]
) -> None:
    own, closed = read
    found = tied(duck, own, closed)
    assert set(found.values()) == {"EQUAL", "ONLY_CLOSING"}
    # What was closed in December opens otherwise in January, and no other way.
    apart = {code for (end, code), status in found.items() if status == "ONLY_CLOSING"}
    assert apart == {
        row["account_code"]
        for row in closed["subledger"]
        if row["posting_kind"] is not None and row["posting_kind"].value == "CLOSING"
    }
    assert {row["is_closing"] for row in duck.rows("ecd_posting_diff")} == {True}
    assert {row["ecd_status"] for row in duck.rows("close_status")} == {"ONLY_CLOSING"}


def test_a_year_that_one_side_alone_has_loaded_may_be_closed_in_both_or_in_one(
    duck: DuckClose, read: tuple[Streams, Streams]
) -> None:
    own, closed = read
    entries = [
        row
        for row in closed["subledger"]
        if row["posting_kind"] is not None and row["posting_kind"].value == "CLOSING"
    ]
    filed = january(closed)
    # Closed in December, which the file has not; January is closed in the file alone.
    moved = {
        "period_start": "2024-01-01",
        "period_end": JANUARY,
        "transaction_date": JANUARY,
        "extracted_at": filed["periods"][0]["extracted_at"],
    }
    for side in SIDES:
        entry = next(row for row in entries if row[side])
        filed["subledger"].append({**entry, **moved, "entry_id": f"2{entry['entry_id']}"})
        for row in filed["trial_balance"]:
            if row["account_code"] == entry["account_code"]:
                row["debit_amount"] += entry["debit_amount"]
                row["credit_amount"] += entry["credit_amount"]
                row["net_closing_balance"] += entry["debit_amount"] - entry["credit_amount"]
    found = tied(duck, closed, filed)
    assert {end for end, _ in found} == {JANUARY}
    assert set(found.values()) == {"EQUAL", "ONLY_CLOSING"}
    # Closed in the file alone, whose December the ERP has not.
    duck.execute("drop schema erp cascade", "drop schema ecd cascade")
    found = tied(duck, january(own), closed)
    assert set(found.values()) == {"EQUAL", "ONLY_CLOSING"}
    assert {code for (_, code), status in found.items() if status == "ONLY_CLOSING"} == {
        row["account_code"] for row in entries
    }


def january(rows: Streams) -> Streams:
    """The rows of January alone."""
    return {
        name: [row for row in deepcopy(of) if str(row["period_end"]) == JANUARY]
        for name, of in rows.items()
    }


def test_a_changed_amount_an_account_less_and_codes_that_fit_twice(
    duck: DuckClose, read: tuple[Streams, Streams]
) -> None:
    own, _ = read
    filed = deepcopy(dict(own))
    moved = next(
        row
        for row in filed["subledger"]
        if row["debit_amount"] and str(row["period_end"]) == JANUARY
    )
    code = moved["account_code"]
    moved["debit_amount"] += 1
    for row in filed["trial_balance"]:
        if row["account_code"] == code and str(row["period_end"]) == JANUARY:
            row["debit_amount"] += 1
            row["net_closing_balance"] += 1
    gone = next(
        row["account_code"]
        for row in filed["trial_balance"]
        if not row["is_summary"] and row["net_closing_balance"] and row["account_code"] != code
    )
    filed["trial_balance"] = [r for r in filed["trial_balance"] if r["account_code"] != gone]
    twin = next(
        row
        for row in own["trial_balance"]
        if not row["is_summary"]
        and row["account_code"] not in (code, gone)
        and row["net_closing_balance"]
        and str(row["period_end"]) == DECEMBER
    )
    # The ERP has 1.1.0… twice once the dots are gone; the file has it without.
    double = {**twin, "account_code": twin["account_code"].replace(".", "-")}
    for row in filed["trial_balance"]:
        if row["account_code"] == twin["account_code"]:
            row["account_code"] = row["account_code"].replace(".", "")
    found = tied(duck, {**own, "trial_balance": [*own["trial_balance"], double]}, filed)
    odd = {key: status for key, status in found.items() if status != "EQUAL"}
    bare = twin["account_code"].replace(".", "")
    assert odd.pop((JANUARY, code)) == "DIFFERS"
    assert odd.pop((DECEMBER, bare)) == "AMBIGUOUS_CODE"
    assert odd.pop((DECEMBER, twin["account_code"])) == "AMBIGUOUS_CODE"
    assert odd.pop((DECEMBER, double["account_code"])) == "AMBIGUOUS_CODE"
    assert {code for _, code in odd} == {gone}
    assert set(odd.values()) == {"NOT_IN_ECD"}
    changed = {
        (row["transaction_date"], row["side"], row["amount"], row["missing_in"])
        for row in duck.rows("ecd_posting_diff", where=f"account_code = '{code}'")
    }
    day, amount = moved["transaction_date"], moved["debit_amount"]
    assert changed == {
        (day, "DEBIT", amount, "ERP"),
        (day, "DEBIT", amount - Decimal(1), "ECD"),
    }
    # The map says which of the two it is.
    pair = {"company_id": "101", "ecd_account_code": bare, "account_code": twin["account_code"]}
    duck.seed("ecd_account_map", pair)
    named = tied(duck, {**own, "trial_balance": [*own["trial_balance"], double]}, filed)
    assert named[DECEMBER, bare] == "EQUAL"
    assert (DECEMBER, twin["account_code"]) not in named
    assert named[DECEMBER, double["account_code"]] == "NOT_IN_ECD"


def test_reduced_codes_by_the_map(
    duck: DuckClose, read: tuple[Streams, Streams], tmp_path: Path
) -> None:
    del tmp_path
    own, _ = read
    codes = sorted({row["account_code"] for row in own["trial_balance"]})
    reduced = {code: str(9000 + number) for number, code in enumerate(codes)}
    filed = filed_as(own, reduced.__getitem__)
    assert set(tied(duck, own, filed).values()) == {"NOT_IN_ERP", "NOT_IN_ECD"}
    duck.seed(
        "ecd_account_map",
        *(
            {"company_id": "101", "ecd_account_code": short, "account_code": code}
            for code, short in reduced.items()
        ),
    )
    assert set(tied(duck, own, filed).values()) == {"EQUAL"}
    assert duck.rows("ecd_posting_diff") == []


def test_an_entry_moved_after_filing_shows_on_both_days(duck: DuckClose, serve: Serve) -> None:
    books = Books.generate(entries_per_month=6, start=FIRST, end=LAST)
    reader = serve(books)
    filed = reader.read("omie", "101", FIRST, LAST)
    entry = next(one for one in books.company.entries if one.date.month == 12)
    books.company.edit_entry(entry.id, date=date(2024, 1, 15))
    found = tied(duck, reader.read("omie", "101", FIRST, LAST), filed)
    touched = {line.account for line in entry.lines}
    assert {code for (_, code), status in found.items() if status != "EQUAL"} == touched
    diff = duck.rows("ecd_posting_diff")
    assert {row["ecd_entry_id"] or row["erp_entry_id"] for row in diff} == {str(entry.id)}
    assert {(row["transaction_date"], row["missing_in"]) for row in diff} == {
        (entry.date, "ERP"),
        (date(2024, 1, 15), "ECD"),
    }
