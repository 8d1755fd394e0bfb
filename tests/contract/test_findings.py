"""One broken ledger for each finding: it is found, and nothing else is."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import date
from typing import Any

import pytest

from contract.applies import each, where
from contract.breakages import WARNINGS, Breakage, shown_by
from contract.commands import Run
from contract.conftest import Build
from contract.ledger import by_key, without
from contract.ways_to_break import FEBRUARY, JANUARY, TWO_MONTHS
from contract.world import World

LAST_DAY = str(TWO_MONTHS[-1].end)
FIGURES = re.compile(r"-?\d[\d.,-]*\d")
ENGLISH = re.compile(r"\b(the|is|of|and|its|was|with)\b", re.IGNORECASE)


def broken(build: Build) -> World:
    """Books to break: two companies where the ERP knows more than one; the first is broken."""
    return build.several(entries_per_month=4)


def issues(run: Run, company: str) -> list[dict[str, Any]]:
    """A company's findings."""
    return run.records("validation_issues", company)


@pytest.mark.by_day("omie", "contaazul", "bling_v2")
@each("breakage", shown_by)
def test_warn_finds_exactly_this(build: Build, breakage: Breakage) -> None:
    world = broken(build)
    first, *others = world.truths
    with breakage.apply(world):
        run = world.good(end_date=LAST_DAY, **breakage.settings)
    found = issues(run, first.id)
    assert {issue["code"] for issue in found} == {breakage.code}
    assert {issue["severity"] for issue in found} == {
        "warning" if breakage.code in WARNINGS else "error"
    }
    month = str(breakage.month(world.erp))
    assert {issue["period_start"] for issue in found} <= {month, str(FEBRUARY)}
    found = [issue for issue in found if issue["period_start"] == month]
    assert lines_apart(world, found) == breakage.count
    assert {issue["stream_name"] for issue in found} == {breakage.stream}
    for issue in found:
        assert isinstance(issue["raw"], dict)
        assert issue["message"]
        assert isinstance(issue["expected"], (str, type(None)))
        assert isinstance(issue["actual"], (str, type(None)))
    if breakage.code == "INVALID_RECORD":
        assert all(issue["raw"] for issue in found)
    if breakage.as_books:
        balances = [row for span in TWO_MONTHS for row in first.trial_balance(span)]
        got = without(run.records("trial_balance", first.id))
        assert sorted(got, key=_account) == sorted(balances, key=_account)
        lines = [row for span in TWO_MONTHS for row in first.subledger(span)]
        assert by_key(without(run.records("subledger", first.id))) == by_key(lines)
    for other in others:
        assert issues(run, other.id) == []
    assert_counted(run)


def lines_apart(world: World, found: list[dict[str, Any]]) -> int:
    """How many findings there are, those of the lines of one entry counted as one."""
    if not world.erp.whole_entries:
        return len(found)
    strays = {issue["entry_id"] for issue in found if issue["code"] == "OUT_OF_PERIOD"}
    return len(strays) + len([one for one in found if one["code"] != "OUT_OF_PERIOD"])


def _account(row: dict[str, Any]) -> tuple[str, str]:
    return row["period_start"], row["account_code"]


def assert_counted(run: Run) -> None:
    """Check that headers count the findings, and that no finding overwrites another."""
    found = run.records("validation_issues")
    assert len({issue["issue_id"] for issue in found}) == len(found)
    for header in run.records("periods"):
        key = header["company_id"], header["period_start"]
        mine = [one for one in found if (one["company_id"], one["period_start"]) == key]
        assert header["issue_count"] == len(mine)
        assert {one["extracted_at"] for one in mine} <= {header["extracted_at"]}


@pytest.mark.by_day("totvs", "contaazul")
@each("breakage", lambda erp: [one for one in shown_by(erp) if one.is_error])
def test_strict_stops_before_the_period(build: Build, breakage: Breakage) -> None:
    world = broken(build)
    first, *others = world.truths
    with breakage.apply(world):
        run = world.bad(validation="strict", end_date=LAST_DAY, **breakage.settings)
    month = breakage.month(world.erp)
    before = [span for span in TWO_MONTHS if span.start < month]
    assert_stopped(run, world, month)
    assert run.last_error.startswith("ERPValidationError: ")
    for word in (first.id, f"{month:%Y-%m}", breakage.code):
        assert word in run.last_error
    found = issues(run, first.id)
    assert {(one["code"], one["period_start"]) for one in found} == {(breakage.code, str(month))}
    assert lines_apart(world, found) == breakage.count
    for other in others:
        lines = [row for span in TWO_MONTHS for row in other.subledger(span)]
        assert by_key(without(run.records("subledger", other.id))) == by_key(lines)
        headers = [other.header(span) for span in TWO_MONTHS]
        assert without(run.records("periods", other.id)) == headers
        assert run.bookmark("periods", other.id) == LAST_DAY
    if breakage.as_books:
        balances = [row for span in before for row in first.trial_balance(span)]
        assert without(run.records("trial_balance", first.id)) == balances


def assert_stopped(run: Run, world: World, month: date) -> None:
    """Check that the first company was delivered up to the month, and no further."""
    first = world.truths[0]
    before = [span for span in TWO_MONTHS if span.start < month]
    ends = [str(span.end) for span in before]
    assert [row["period_end"] for row in run.records("periods", first.id)] == ends
    assert sorted({row["period_end"] for row in run.records("trial_balance", first.id)}) == ends
    reached = ends[-1] if ends else None
    for stream in ("periods", "trial_balance", "subledger", "validation_issues"):
        assert run.states == [] or run.bookmark(stream, first.id) == reached


@each("breakage", lambda erp: [one for one in shown_by(erp) if not one.is_error])
def test_a_warning_fails_no_strict_run(build: Build, breakage: Breakage) -> None:
    world = broken(build)
    with breakage.apply(world):
        run = world.good(validation="strict", end_date=LAST_DAY, **breakage.settings)
    assert {issue["code"] for issue in issues(run, world.truth.id)} == {breakage.code}
    assert len(run.records("periods", world.truth.id)) == len(TWO_MONTHS)


HIDDEN = {"ROW_COUNT_MISMATCH", "OPENING_ASSUMED_ZERO"}
"""What others hide where all come at once: rows added, or opening balances changed."""


def break_all(world: World, stack: ExitStack, *without: str) -> set[str]:
    """Break the books in every way that shows beside the others; the codes that shows by."""
    found = [one for one in shown_by(world.erp) if one.code not in HIDDEN.union(without)]
    for breakage in found:
        stack.enter_context(breakage.apply(world))
    return {breakage.code for breakage in found}


def test_off_checks_nothing(build: Build) -> None:
    world = broken(build)
    with ExitStack() as stack:
        break_all(world, stack, "INVALID_RECORD")
        run = world.good(validation="off", end_date=LAST_DAY)
    assert run.records("validation_issues") == []
    assert {header["issue_count"] for header in run.records("periods")} == {0}
    assert run.bookmark("periods", world.truth.id) == LAST_DAY


def test_a_repeated_run_repeats_its_findings(build: Build) -> None:
    world = broken(build)
    with ExitStack() as stack:
        codes = break_all(world, stack)
        run, again = (world.good(end_date=LAST_DAY) for _ in range(2))
    assert set(run.codes) == codes
    assert without(again.records("validation_issues")) == without(run.records("validation_issues"))
    assert_counted(run)


@each("breakage", lambda erp: [one for one in shown_by(erp) if one.code == "INVALID_RECORD"])
def test_off_still_fails_on_what_cannot_be_read(build: Build, breakage: Breakage) -> None:
    world = broken(build)
    with breakage.apply(world):
        run = world.bad(validation="off", end_date=LAST_DAY, **breakage.settings)
    assert "ERPValidationError: " in run.last_error
    assert world.truth.id in run.last_error
    reached = None if breakage.month(world.erp) == JANUARY else "2024-01-31"
    assert run.states == [] or run.bookmark("periods", world.truth.id) == reached


@each("breakage", lambda erp: [one for one in shown_by(erp) if one.code == "ROW_COUNT_MISMATCH"])
def test_off_still_tells_of_rows_that_did_not_come(build: Build, breakage: Breakage) -> None:
    world = broken(build)
    with breakage.apply(world):
        run = world.good(validation="off", end_date=LAST_DAY)
    assert run.records("validation_issues") == []
    assert "1 are missing" in run.stderr


@where(lambda erp: not erp.reported)
def test_an_account_that_left_the_chart_keeps_its_balance(build: Build) -> None:
    world = build(entries_per_month=6)
    state = world.good(end_date=LAST_DAY, lookback_periods=0).state
    code = "2.4.01.01.001"
    (before,) = (row for row in world.company.trial_balance(*TWO_MONTHS[1]) if row.code == code)
    world.company.drop_account(code)
    run = world.good(state=state, end_date=LAST_DAY, lookback_periods=0)
    (row,) = (row for row in run.records("trial_balance") if row["account_code"] == code)
    assert before.opening
    assert row["net_opening_balance"] == before.opening
    assert set(run.codes) == {"ACCOUNT_NOT_IN_CHART"}


@pytest.mark.by_day("omie")
@each("breakage", shown_by)
def test_portuguese_says_the_same_of_the_same(build: Build, breakage: Breakage) -> None:
    world = broken(build)
    first = world.truths[0]
    with breakage.apply(world):
        english, portuguese = (
            issues(world.good(end_date=LAST_DAY, language=language, **breakage.settings), first.id)
            for language in ("en", "pt-BR")
        )
    told = [
        {issue["issue_id"]: issue["message"] for issue in found} for found in (english, portuguese)
    ]
    assert told[0].keys() == told[1].keys() != set()
    for key, message in told[0].items():
        assert message != told[1][key]
        # Every amount, code and day is in both.
        assert sorted(FIGURES.findall(message)) == sorted(FIGURES.findall(told[1][key]))
        # How a listing is called is the name that the log knows it by.
        if breakage.code != "ROW_COUNT_MISMATCH":
            assert not ENGLISH.search(told[1][key]), told[1][key]
