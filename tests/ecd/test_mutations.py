"""One field changed in a file changes exactly the rows that say it, and is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache

import pytest

from ecd import writer
from ecd.reading import filing
from ecd.tapped import Row, Run, read
from ecd.writer import Filing, Record, changed

Change = Callable[[str], str]
Difference = dict[str, dict[str, set[str]]]
"""By stream: the rows that differ, by what names them, with the columns that do."""

_KEYS = {
    "trial_balance": ("period_start", "account_code"),
    "subledger": ("account_code", "entry_id", "line_number"),
    "periods": ("period_start",),
    "validation_issues": ("issue_id",),
    "ecd_files": ("period_start", "file_name"),
    "ecd_cost_center_balances": ("period_start", "account_code", "cost_center"),
    "ecd_before_closing": ("closed_on", "account_code", "cost_center"),
    "ecd_statements": ("statement", "line_number"),
}


@cache
def quarter() -> Filing:
    """The last months of a year, with its closing."""
    return changed(filing(), start=date(2024, 10, 1))


@cache
def records() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(record) for record in writer.records(quarter()))


@cache
def sound() -> Run:
    return read({"ecd.txt": writer.as_bytes(quarter(), [list(one) for one in records()])})


def with_field(kind: str, nth: int, number: int, change: Change) -> tuple[Record, Run]:
    """The file with one field of one record changed; fields are counted as the manual does."""
    lines = [list(one) for one in records()]
    places = [place for place, one in enumerate(lines) if one[0] == kind]
    record = lines[places[nth % len(places)]]
    before = list(record)
    record[number - 1] = change(record[number - 1])
    assert record != before
    return before, read({"ecd.txt": writer.as_bytes(quarter(), lines)})


def difference(run: Run) -> Difference:
    found: Difference = {}
    before, after = sound().without_times(), run.without_times()
    for stream, key in _KEYS.items():
        old = {named(row, key): row for row in before.get(stream, [])}
        new = {named(row, key): row for row in after.get(stream, [])}
        differ = {
            name: {
                column
                for column in {**old.get(name, {}), **new.get(name, {})}
                if old.get(name, {}).get(column) != new.get(name, {}).get(column)
            }
            for name in {*old, *new}
            if old.get(name) != new.get(name)
        }
        if differ and stream != "validation_issues":
            found[stream] = differ
    return found


def named(row: Row, key: tuple[str, ...]) -> str:
    return " ".join(str(row[column]) for column in key)


def more(written: str) -> str:
    """A centavo more, or less where that would be too much."""
    whole, _, cents = written.partition(",")
    return f"{whole},{(int(cents or 0) + 1) % 100:02d}"


def other_side(written: str) -> str:
    return {"D": "C", "C": "D"}[written]


@pytest.mark.parametrize("nth", [3, 120, 250, 301])
def test_the_amount_of_a_line(nth: int) -> None:
    before, run = with_field("I250", nth, 4, more)
    found = difference(run)
    assert set(found) == {"subledger", "periods"}
    [(name, columns)] = found["subledger"].items()
    assert name.startswith(before[1] + " ")
    assert columns == {"debit_amount" if before[4] == "D" else "credit_amount"}
    assert len(found["periods"]) == 1
    # A centavo is within the tolerance of the tie-out; the header's sums still show it.
    assert found["periods"].popitem()[1] <= {"subledger_debit", "subledger_credit"}


@pytest.mark.parametrize("nth", [3, 120, 290])
def test_a_larger_amount_of_a_line_is_told(nth: int) -> None:
    before, run = with_field("I250", nth, 4, lambda written: "9" + written)
    assert set(difference(run)) == {"subledger", "periods"}
    assert sorted(run.codes()) == ["SUBLEDGER_MISMATCH", "UNBALANCED_ENTRY"]
    told = {row["account_code"] for row in run.rows["validation_issues"]} - {None}
    assert told == {before[1]}


@pytest.mark.parametrize("nth", [1, 133, 280])
def test_the_side_of_a_line(nth: int) -> None:
    before, run = with_field("I250", nth, 5, other_side)
    found = difference(run)
    assert set(found) == {"subledger", "periods"}
    [columns] = found["subledger"].values()
    assert columns == {"debit_amount", "credit_amount"}
    assert "UNBALANCED_ENTRY" in run.codes()
    assert {row["account_code"] for row in run.rows["validation_issues"]} <= {None, before[1]}


@pytest.mark.parametrize("nth", [5, 200])
def test_the_account_of_a_line(nth: int) -> None:
    before, run = with_field("I250", nth, 2, lambda _: "2.4.04.01.001")
    found = difference(run)
    assert set(found) == {"subledger", "periods"}
    accounts = {name.split(" ")[0] for name in found["subledger"]}
    assert accounts == {before[1], "2.4.04.01.001"}
    mismatches = [
        row["account_code"]
        for row in run.rows["validation_issues"]
        if row["code"] == "SUBLEDGER_MISMATCH"
    ]
    assert sorted(mismatches) == sorted(accounts)


@pytest.mark.parametrize(
    ("number", "column"),
    [(3, "cost_center"), (6, "document_number"), (8, "description"), (9, "entity_id")],
)
def test_a_text_of_a_line(number: int, column: str) -> None:
    _, run = with_field("I250", 77, number, lambda _: "OUTRO")
    found = difference(run)
    assert set(found) == {"subledger"}
    [columns] = found["subledger"].values()
    assert column in columns
    assert columns <= {column, "entity_name"}
    assert run.codes() == []


@pytest.mark.parametrize("nth", [2, 60, 100])
def test_the_date_of_an_entry(nth: int) -> None:
    before, run = with_field("I200", nth, 3, lambda _: "15112024")
    month = f"2024-{before[2][2:4]}-01"
    found = difference(run)
    columns = set().union(*found["subledger"].values())
    if month == "2024-11-01":
        assert set(found) == {"subledger"}
        assert columns == {"transaction_date", "posting_date"}
        return
    assert set(found) == {"subledger", "periods"}
    assert columns == {"transaction_date", "posting_date", "period_start", "period_end"}
    assert set(found["periods"]) == {month, "2024-11-01"}
    assert {row["period_start"] for row in run.rows["validation_issues"]} == set(found["periods"])


@pytest.mark.parametrize(("kind", "told"), [("X", []), ("E", ["CLOSING_MISMATCH"])])
def test_the_kind_of_an_entry(kind: str, told: list[str]) -> None:
    before, run = with_field("I200", 42, 5, lambda _: kind)
    found = difference(run)
    assert set(found) <= {"subledger", "periods"}
    assert {name.split(" ")[1] for name in found["subledger"]} == {f"20241001-{before[1]}"}
    assert set().union(*found["subledger"].values()) == {"posting_kind"}
    assert set(run.codes()) <= set(told)


def test_the_total_of_an_entry_is_told() -> None:
    _, run = with_field("I200", 42, 4, lambda written: "9" + written)
    assert set(difference(run)) == {"periods"}
    assert run.codes() == ["UNBALANCED_ENTRY"]


@pytest.mark.parametrize(
    ("number", "column"),
    [(4, "opening"), (6, "debit_amount"), (7, "credit_amount"), (8, "closing")],
)
@pytest.mark.parametrize("nth", [7, 60])
def test_an_amount_of_a_balance(nth: int, number: int, column: str) -> None:
    before, run = with_field("I155", nth, number, lambda written: "9" + written)
    found = difference(run)
    assert set(found) == {"trial_balance", "ecd_cost_center_balances", "periods"}
    [center] = found["ecd_cost_center_balances"].items()
    assert center[0].split(" ")[1:] == [before[1], before[2]]
    account = quarter().company.account(before[1])
    lineage = set()
    while account is not None:
        lineage.add(account.code)
        account = quarter().company.account(account.parent) if account.parent else None
    assert {name.split(" ")[1] for name in found["trial_balance"]} == lineage
    assert all(any(column in one for one in columns) for columns in found["trial_balance"].values())
    assert "BALANCE_EQUATION" in run.codes()


@pytest.mark.parametrize("number", [5, 9])
def test_a_side_of_a_balance(number: int) -> None:
    lines = [one for one in records() if one[0] == "I155"]
    nth = next(place for place, one in enumerate(lines) if one[3] != "0,00" and one[7] != "0,00")
    _, run = with_field("I155", nth, number, other_side)
    assert set(difference(run)) == {"trial_balance", "ecd_cost_center_balances", "periods"}
    assert "UNBALANCED_TRIAL_BALANCE" in run.codes()


def test_an_amount_before_closing() -> None:
    before, run = with_field("I355", 2, 4, lambda written: "9" + written)
    found = difference(run)
    assert set(found) == {"ecd_before_closing", "periods"}
    [(name, columns)] = found["ecd_before_closing"].items()
    assert name == f"2024-12-31 {before[1]} {before[2]}"
    assert columns == {"closing_balance"}
    assert run.codes() == ["CLOSING_MISMATCH"]


def test_an_amount_of_a_statement() -> None:
    _, run = with_field("J100", 1, 10, lambda written: "9" + written)
    found = difference(run)
    assert set(found) == {"ecd_statements"}
    assert found["ecd_statements"] == {"balance_sheet 2": {"closing_balance"}}


def test_the_name_of_an_account() -> None:
    before, run = with_field("I050", 40, 8, lambda _: "Outro nome")
    found = difference(run)
    assert set(found) <= {"trial_balance", "subledger"}
    assert {name.split(" ")[1] for name in found["trial_balance"]} == {before[5]}
    assert set().union(*(set().union(*rows.values()) for rows in found.values())) == {
        "account_name"
    }


def test_the_mutations_are_of_a_sound_file() -> None:
    assert sound().codes() == []
    assert difference(sound()) == {}
