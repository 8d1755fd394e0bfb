"""The books that were filed come out of the tap row for row, tied out to the cent."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from ecd import writer
from ecd.reading import YEAR, filing
from ecd.tapped import Run, read
from ecd.writer import Filing, changed, write
from erp_common.ledger.models import ZERO


@pytest.fixture(scope="module")
def filed() -> Run:
    """A year as it was filed."""
    return read({"ecd.txt": write(filing())})


def test_every_month_is_balanced_and_reconciled_without_a_finding(filed: Run) -> None:
    assert filed.periods() == [f"2024-{month:02d}-01" for month in range(1, 13)]
    for header in filed.rows["periods"]:
        assert header["is_balanced"] is True
        assert header["is_reconciled"] is True
        assert header["issue_count"] == 0
        assert header["basis"] == "reported"
        assert header["fiscal_year"] == 2024
    assert filed.codes() == []


def test_the_trial_balance_is_that_of_the_books(filed: Run) -> None:
    wanted = filing()
    for start, end in writer.months(*YEAR):
        rows = [row for row in filed.rows["trial_balance"] if row["period_start"] == str(start)]
        found = {
            row["account_code"]: (
                *(row["net_opening_balance"], row["debit_amount"], row["credit_amount"]),
                row["net_closing_balance"],
            )
            for row in rows
        }
        expected = {row.code: tuple(row[1:]) for row in wanted.company.trial_balance(start, end)}
        assert found == expected
        for row in rows:
            account = wanted.company.account(row["account_code"])
            assert account is not None
            assert row["account_name"] == account.name
            assert row["account_type"] == account.type
            assert row["parent_account_code"] == account.parent
            assert (row["level"], row["is_summary"]) == (account.level, account.is_summary)


def test_the_subledger_is_the_journal(filed: Run) -> None:
    wanted = filing()
    numbers: defaultdict[tuple[str, int], int] = defaultdict(int)
    expected = []
    for entry in wanted.company.entries_between(*YEAR):
        for line in entry.lines:
            numbers[line.account, entry.id] += 1
            expected.append(
                (
                    *(line.account, f"20240101-{entry.id}", numbers[line.account, entry.id]),
                    *(str(entry.id), wanted.kind(entry), str(entry.date), str(entry.date)),
                    *(line.debit, line.credit, line.description or entry.description),
                    *(entry.document_number, None, line.cost_center),
                    str(entry.entity.id) if entry.entity else None,
                )
            )
    kinds = {"NORMAL": "N", "CLOSING": "E", "LATE": "X"}
    found = [
        (
            *(row["account_code"], row["entry_id"], row["line_number"], row["journal_id"]),
            *(kinds[row["posting_kind"]], row["transaction_date"], row["posting_date"]),
            *(row["debit_amount"], row["credit_amount"], row["description"]),
            *(row["document_number"], row["document_type"], row["cost_center"], row["entity_id"]),
        )
        for row in filed.rows["subledger"]
    ]
    assert found == expected
    by_journal: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in filed.rows["subledger"]:
        by_journal[row["journal_id"]] += row["debit_amount"] - row["credit_amount"]
    assert not any(by_journal.values())


def test_cost_centers_closings_and_statements_are_what_was_filed(filed: Run) -> None:
    wanted = filing()
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in filed.rows["ecd_cost_center_balances"]:
        assert (
            row["opening_balance"] + row["debit_amount"] - row["credit_amount"]
            == (row["closing_balance"])
        )
        if row["cost_center"]:
            assert row["cost_center_name"] == writer.center_name(row["cost_center"])
        sums[row["period_start"], row["account_code"]] += row["closing_balance"]
    for row in filed.rows["trial_balance"]:
        if not row["is_summary"]:
            key = (row["period_start"], row["account_code"])
            assert sums.get(key, ZERO) == row["net_closing_balance"]
    before = {
        (row["closed_on"], row["account_code"], row["cost_center"]): row["closing_balance"]
        for row in filed.rows["ecd_before_closing"]
    }
    assert before == {
        (str(closed), account, center): amount
        for closed, held in writer.closings(wanted).items()
        for (account, center), amount in held.items()
    }
    sheet = [
        (row["line_code"], row["group_code"], row["opening_balance"], row["closing_balance"])
        for row in filed.rows["ecd_statements"]
        if row["statement"] == "balance_sheet"
    ]
    assert sheet == writer.statement(wanted)
    profit = [
        row["closing_balance"]
        for row in filed.rows["ecd_statements"]
        if row["statement"] == "income_statement"
    ]
    assert profit == [sum(before.values(), ZERO)]


@pytest.mark.parametrize("layout", range(1, 10))
def test_every_layout_gives_the_same_rows(filed: Run, layout: int) -> None:
    other = read({"ecd.txt": write(changed(filing(), layout=layout))}).without_times()
    same = filed.without_times()
    for stream in ("trial_balance", "subledger", "periods", "ecd_before_closing"):
        assert other[stream] == same[stream], stream
    assert other["ecd_cost_center_balances"] == same["ecd_cost_center_balances"]


@pytest.mark.parametrize("cut", ["quarter", "year", "range"])
def test_longer_periods_are_sums_of_months(cut: str) -> None:
    wanted = filing()
    more: dict[str, Any] = {"start_date": "2024-02-01"} if cut == "range" else {}
    run = read({"ecd.txt": write(wanted)}, period=cut, **more)
    assert run.codes() == []
    for header in run.rows["periods"]:
        assert header["is_reconciled"] is True
    first = run.rows["periods"][0]
    start, end = first["period_start"], first["period_end"]
    expected = {
        row.code: tuple(row[1:])
        for row in wanted.company.trial_balance(
            *(type(YEAR[0]).fromisoformat(day) for day in (start, end))
        )
    }
    found = {
        row["account_code"]: (
            *(row["net_opening_balance"], row["debit_amount"], row["credit_amount"]),
            row["net_closing_balance"],
        )
        for row in run.rows["trial_balance"]
        if row["period_start"] == start
    }
    assert found == expected


def test_a_year_in_files_of_months_is_the_year(filed: Run) -> None:
    files = {
        f"{start:%m}.txt": write(changed(filing(), start=start, end=end, number=start.month))
        for start, end in writer.months(*YEAR)
    }
    parts = read(files)
    assert parts.codes() == []
    for stream in ("trial_balance", "ecd_cost_center_balances"):
        assert parts.without_times()[stream] == filed.without_times()[stream]
    lines = [{**row, "entry_id": row["journal_id"]} for row in parts.without_times()["subledger"]]
    assert lines == [
        {**row, "entry_id": row["journal_id"]} for row in filed.without_times()["subledger"]
    ]
    keys = [
        (row["account_code"], row["entry_id"], row["line_number"])
        for row in parts.rows["subledger"]
    ]
    assert len(set(keys)) == len(keys)


def test_branches_with_books_of_their_own_are_summed_up(filed: Run) -> None:
    def branch(number: int, of: Filing) -> bytes:
        cnpj = "1122233300" + f"{number:02d}" + "81"
        return write(
            changed(
                of,
                cnpj=cnpj,
                decentralised=True,
                opens=number == 1,
                part=lambda entry: (
                    (entry.document_type == "ENC" or entry.id % 2 == 0) is (number == 1)
                ),
            )
        )

    run = read({"a.txt": branch(1, filing()), "b.txt": branch(2, filing())})
    assert run.failed == {}
    same = filed.without_times()
    found = run.without_times()
    assert found["trial_balance"] == same["trial_balance"]
    numbers = sorted((row["journal_id"], row["account_code"]) for row in found["subledger"])
    assert numbers == sorted((row["journal_id"], row["account_code"]) for row in same["subledger"])
    assert {row["entry_id"][:13] for row in found["subledger"]} == {
        "20240101-0001",
        "20240101-0002",
    }
    assert {row["is_reconciled"] for row in run.rows["periods"]} == {True}
