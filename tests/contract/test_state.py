"""State: how far each company has come, what a run starts from, and how large that is."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contract.applies import where
from contract.commands import Run
from contract.conftest import Build
from contract.ledger import QUARTER, Span, by_key, months, without
from contract.test_catalog import STREAMS, deselect
from contract.world import World
from simulator import faults

pytestmark = pytest.mark.by_day("omie", "contaazul", "ecd")

FOUR = months(2024, 1, 4)
APRIL = str(FOUR[-1].end)


@pytest.fixture
def four_months(build: Build) -> World:
    """Books of January to April."""
    return build(entries_per_month=3, end=FOUR[-1].end)


def ends(run: Run, company: str | None = None) -> list[str]:
    """The periods that a run has delivered."""
    return [row["period_end"] for row in run.records("periods", company)]


def assert_books(run: Run, world: World, spans: list[Span]) -> None:
    """Check that a run has delivered exactly these periods, as the books have them."""
    truth = world.truth
    assert ends(run) == [str(span.end) for span in spans]
    balances = [row for span in spans for row in truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == balances
    lines = [row for span in spans for row in truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)


@pytest.mark.by_day("totvs")
@pytest.mark.parametrize(("lookback", "first"), [(0, 2), (1, 1), (2, 0), (99, 0)])
def test_a_run_starts_before_its_bookmark(four_months: World, lookback: int, first: int) -> None:
    """March is the bookmark's; never before the period of start_date."""
    world = four_months
    state = world.good(lookback_periods=lookback).state
    run = world.good(state=state, lookback_periods=lookback, end_date=APRIL)
    assert_books(run, world, FOUR[first:])
    assert run.bookmark("periods", world.truth.id) == APRIL


def test_a_run_that_ends_before_its_bookmark(four_months: World) -> None:
    """It reads what it is asked for, and the bookmark does not move back."""
    world = four_months
    state = world.good().state
    run = world.good(state=state, end_date="2024-02-29")
    assert ends(run) == ["2024-02-29"]
    for stream in STREAMS:
        assert run.bookmark(stream, world.truth.id) == "2024-03-31"
    later = world.good(state=state, start_date="2024-03-01", lookback_periods=9)
    assert ends(later) == ["2024-03-31"]
    none = world.good(state=state, end_date="2024-01-31", lookback_periods=0)
    assert ends(none) == []
    assert "nothing is left to read up to end_date (2024-01-31)" in none.stderr


def test_a_run_without_a_bookmark_starts_at_start_date(four_months: World) -> None:
    run = four_months.good(state={"bookmarks": {}}, start_date="2024-01-31")
    assert_books(run, four_months, FOUR[:3])


def test_a_larger_lookback_later(four_months: World) -> None:
    """A derived ledger knows no openings that far back: it reads from start_date again."""
    world = four_months
    state = world.good(lookback_periods=0).state
    run = world.good(state=state, lookback_periods=1, end_date=APRIL)
    assert_books(run, world, FOUR[1:] if world.erp.reported else FOUR)


def test_a_smaller_lookback_later(four_months: World) -> None:
    world = four_months
    state = world.good(lookback_periods=2).state
    run = world.good(state=state, lookback_periods=0, end_date=APRIL)
    found = ends(run)
    assert found[-2:] == [str(span.end) for span in FOUR[2:]]
    assert_books(run, world, FOUR[-len(found) :])


def test_a_stream_selected_later_starts_from_the_beginning(
    four_months: World, catalog: dict[str, Any]
) -> None:
    world = four_months
    state = world.good(catalog=deselect(catalog, "subledger")).state
    assert "subledger" not in state["bookmarks"]
    run = world.good(state=state, end_date=APRIL)
    assert_books(run, world, FOUR)
    for stream in STREAMS:
        assert run.bookmark(stream, world.truth.id) == APRIL


@where(lambda erp: erp.reported)
def test_a_company_added_later_starts_from_the_beginning(build: Build) -> None:
    world = build(companies=2, entries_per_month=4, end=FOUR[-1].end)
    both = world.settings()["companies"]
    state = world.good(companies=both[:1]).state
    run = world.good(companies=both, state=state, end_date=APRIL)
    first, second = world.truths
    assert ends(run, first.id) == [str(span.end) for span in FOUR[1:]]
    assert ends(run, second.id) == [str(span.end) for span in FOUR]


def test_a_range_is_always_read_again(four_months: World) -> None:
    world = four_months
    asked = {"period": "range", "start_date": "2024-01-01", "end_date": "2024-02-10"}
    first = world.good(**asked)
    again = world.good(state=first.state, **asked)
    for stream in STREAMS:
        assert without(again.records(stream)) == without(first.records(stream))
    assert again.records("periods")
    longer = world.good(state=again.state, **{**asked, "end_date": "2024-03-05"})
    assert ends(longer) == ["2024-03-05"]


@pytest.mark.by_day("bling")
@pytest.mark.parametrize(
    ("before", "until", "after", "start"),
    [
        ("month", "2024-02-29", "quarter", "2024-01-01"),
        ("month", "2024-03-31", "quarter", "2024-01-01"),
        ("month", "2024-04-30", "quarter", "2024-04-01"),
        ("quarter", "2024-03-31", "month", "2024-03-01"),
        ("year", "2023-12-31", "month", "2023-12-01"),
    ],
)
def test_another_period_starts_where_the_bookmark_is(
    build: Build, before: str, until: str, after: str, start: str
) -> None:
    world = build(entries_per_month=2, end=date(2024, 4, 30))
    first = "2023-12-01" if until.startswith("2023") else "2024-01-01"
    asked = {"start_date": first, "lookback_periods": 0}
    if world.erp.openings_from:
        asked["opening_balances_from"] = first if first < "2024" else world.erp.openings_from
    state = world.good(period=before, end_date=until, **asked).state
    run = world.good(period=after, end_date="2024-04-30", state=state, **asked)
    starts = [row["period_start"] for row in run.records("periods")]
    if world.erp.reported:
        assert starts[0] == start
    else:
        # Its openings may have to be summed up again from the beginning.
        assert starts[0] <= start
    fresh = world.good(period=after, end_date="2024-04-30", **asked)
    for stream in STREAMS:
        rows = [row for row in fresh.records(stream) if row["period_start"] >= starts[0]]
        assert by_period(run.records(stream)) == by_period(rows)


def by_period(rows: list[dict[str, Any]]) -> list[str]:
    """Rows in an order of their own."""
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in without(rows))


def today() -> date:
    """Today in São Paulo."""
    return datetime.now(ZoneInfo("America/Sao_Paulo")).date()


def test_the_open_period_is_read_on_every_run(build: Build) -> None:
    day = today()
    this_month = day.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    world = build(entries_per_month=5, start=last_month, end=day)
    asked: dict[str, Any] = {"start_date": str(last_month), "end_date": ..., "lookback_periods": 0}
    if world.erp.openings_from:
        asked["opening_balances_from"] = str(last_month - timedelta(days=1))
    first = world.good(**asked)
    closed, opened = first.records("periods")
    assert (closed["period_start"], closed["period_status"]) == (str(last_month), "closed")
    assert (opened["period_start"], opened["period_status"]) == (str(this_month), "open")
    assert opened["entry_count"] == len(world.company.lines(this_month, date.max))
    world.enter(day, ("1.1.01.02.001", "1.00"), ("2.1.01.01.001", "-1.00"))
    second = world.good(state=first.state, **asked)
    assert [row["period_start"] for row in second.records("periods")] == [str(this_month)]
    assert second.records("periods")[0]["entry_count"] == opened["entry_count"] + 2
    span = Span(this_month, date.fromisoformat(opened["period_end"]))
    assert without(second.records("trial_balance")) == world.truth.trial_balance(span)
    assert by_key(without(second.records("subledger"))) == world.truth.subledger(span)
    assert second.state["bookmarks"] == first.state["bookmarks"] or not world.erp.reported


def test_state_stays_before_a_period_that_fails(four_months: World) -> None:
    world = four_months
    listing = world.erp.postings
    refused = world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        endpoint=listing.endpoint,
        where=lambda request: listing.asks_about(request, QUARTER[1].start),
        times=None,
    )
    run = world.bad()
    assert refused.hits
    assert ends(run) == ["2024-01-31"]
    for stream in STREAMS:
        assert run.bookmark(stream, world.truth.id) == "2024-01-31"
    refused.cancel()
    again = world.good(state=run.state, lookback_periods=1)
    assert_books(again, world, QUARTER)


def test_no_state_promises_what_has_not_come(build: Build) -> None:
    """Whatever STATE is the last that a loader sees, the rows before it are all there."""
    world = build.several(entries_per_month=4)
    run = world.good()
    headers: set[tuple[str, str]] = set()
    for message in run.messages:
        if message["type"] == "RECORD" and message["stream"] == "periods":
            headers.add((message["record"]["company_id"], message["record"]["period_end"]))
        if message["type"] == "STATE":
            for bookmark in message["value"]["bookmarks"].values():
                for entry in bookmark["partitions"]:
                    if "replication_key_value" in entry:
                        key = entry["context"]["company_id"], entry["replication_key_value"]
                        assert key in headers


@where(lambda erp: erp.reported)
def test_state_does_not_grow_with_the_periods(build: Build) -> None:
    world = build(companies=2, entries_per_month=2, start=date(2019, 1, 1), end=date(2023, 12, 31))
    run = world.good(start_date="2019-01-01", end_date="2023-12-31")
    assert len(ends(run)) == 120
    for state in run.states:
        assert len(json.dumps(state)) < 2048 * 2


@where(lambda erp: not erp.reported)
def test_a_derived_ledger_keeps_one_balance_for_each_account(build: Build) -> None:
    world = build(entries_per_month=5, end=date(2024, 12, 31))
    sizes = []
    for end in ("2024-03-31", "2024-12-31"):
        state = world.good(end_date=end).state
        (partition,) = state["bookmarks"]["periods"]["partitions"]
        assert partition["context"] == {"company_id": world.truth.id}
        sizes.append(len(json.dumps(state)))
    assert max(sizes) < 60 * len(world.company.accounts)
    assert sizes[1] < sizes[0] * 1.5


def test_a_state_that_holds_no_date(four_months: World) -> None:
    world = four_months
    entry = {"context": {"company_id": world.truth.id}, "replication_key_value": "yesterday"}
    bookmarks = {stream: {"partitions": [entry]} for stream in STREAMS}
    run = world.bad(state={"bookmarks": bookmarks})
    assert run.last_error.startswith("ConfigValidationError: ")
    assert "yesterday" in run.last_error
    assert run.records("trial_balance") == []


@where(lambda erp: not erp.reported)
def test_settings_that_decide_openings_may_change(build: Build) -> None:
    """Balances carried under other settings are of no use: the openings are summed up again."""
    world = build(entries_per_month=4, opening="entry", end=FOUR[-1].end)
    state = world.good(opening_balances_from=...).state
    run = world.good(state=state, end_date=APRIL, opening_balances_from="2023-12-31")
    found = ends(run)
    assert_books(run, world, FOUR[-len(found) :])


def test_the_same_state_gives_the_same_run(four_months: World) -> None:
    world = four_months
    state = world.good().state
    first, second = (world.good(state=state, end_date=APRIL) for _ in range(2))
    for stream in STREAMS:
        assert without(first.records(stream)) == without(second.records(stream))
    assert first.state == second.state
