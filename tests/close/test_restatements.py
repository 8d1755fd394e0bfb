"""Changes of closed months leave a trace; nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from close.conftest import Serve
from close.warehouses import Close
from simulator import Books, Company

FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
ENDS = (date(2024, 1, 31), date(2024, 2, 29), LAST)
Movements = dict[tuple[date, str], tuple[Decimal, Decimal]]


def movements(company: Company) -> Movements:
    """What every analytic account moved by, month by month."""
    return {
        (end, row.code): (row.debit, row.credit)
        for end in ENDS
        for row in company.trial_balance(end.replace(day=1), end)
        if (account := company.account(row.code)) and not account.is_summary
    }


def changes(before: Movements, after: Movements) -> set[tuple[object, ...]]:
    """What `restatements` must say."""
    nothing = (Decimal(0), Decimal(0))
    found: set[tuple[object, ...]] = set()
    for key in {*before, *after}:
        (was_debit, was_credit), (debit, credit) = before.get(key, nothing), after.get(key, nothing)
        if (was_debit, was_credit) != (debit, credit):
            delta = (debit - credit) - (was_debit - was_credit)
            found.add((*key, was_debit, debit, was_credit, credit, delta))
    return found


@pytest.mark.close
@pytest.mark.timeout(900)
def test_edits_deletions_and_moves_of_closed_months(close: Close, serve: Serve) -> None:
    books = Books.generate(entries_per_month=6, end=LAST)
    company = books.company
    reader = serve(books)

    def told() -> set[tuple[object, ...]]:
        close.load(reader.read("omie", company.id, FIRST, LAST))
        close.build("--select", "+close_status", "--indirect-selection=cautious")
        return {
            (
                row["period_end"],
                row["account_code"],
                row["debit_before"],
                row["debit_after"],
                row["credit_before"],
                row["credit_after"],
                row["delta"],
            )
            for row in close.rows("restatements")
        }

    assert told() == set()  # a first snapshot is none
    first = movements(company)
    edited, deleted, moved, *_ = company.entries_between(FIRST, ENDS[0])
    company.edit_entry(
        edited.id,
        lines=tuple(
            replace(line, debit=line.debit * 2, credit=line.credit * 2) for line in edited.lines
        ),
    )
    company.delete_entry(deleted.id)
    company.edit_entry(moved.id, date=date(2024, 2, 15))
    second = movements(company)
    expected = changes(first, second)
    assert {end for end, *_ in expected} == {ENDS[0], ENDS[1]}
    assert told() == expected
    counts = {row["period_end"]: row["restated_accounts"] for row in close.rows("close_status")}
    assert counts == {end: sum(one[0] == end for one in expected) for end in ENDS}
    # An account renamed, moved or no longer there without having moved is no change of a month.
    account = company.account("5.1.05.01.002")
    assert account is not None
    company.put_account(replace(account, name="Juros e multas"))
    for unused in [one.code for one in company.accounts if one.code.startswith("1.1.06")][::-1]:
        if all(second.get((end, unused), (0, 0)) == (0, 0) for end in ENDS):
            company.drop_account(unused)
    assert told() == expected


@pytest.mark.close
@pytest.mark.timeout(900)
def test_what_changes_while_a_month_is_open_is_no_restatement(close: Close, serve: Serve) -> None:
    books = Books.generate(entries_per_month=4, end=ENDS[0])
    company, reader = books.company, serve(books)
    for status in ("open", "open", "closed"):
        rows = reader.read("omie", company.id, FIRST, ENDS[0])
        for header in rows["periods"]:
            header["period_status"] = status
        close.load(rows)
        close.build("--select", "+restatements", "--indirect-selection=cautious")
        assert close.rows("restatements") == []
        company.delete_entry(company.entries[-1].id)
    close.load(reader.read("omie", company.id, FIRST, ENDS[0]))
    close.build("--select", "+restatements", "--indirect-selection=cautious")
    assert close.rows("restatements") != []
