"""Requests over several periods: the rows are the same, whatever happens on the way."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from contract.applies import where
from contract.conftest import Build
from contract.ledger import by_key, months, without
from contract.test_catalog import STREAMS
from contract.wire import Body
from contract.world import World
from simulator import LoggedRequest, faults
from simulator.faults import Fault

pytestmark = pytest.mark.by_day("omie", "bling")

HALF = months(2024, 1, 6)
BREAKS: dict[str, Fault] = {
    "a reset": faults.reset(),
    "a reset within": faults.reset_in_body(),
    "a body shorter than announced": faults.short_body(),
    "half a body": faults.truncated(),
    "status 504": faults.status(504),
    "status 500": faults.status(500),
}


def width(world: World, request: LoggedRequest) -> int:
    """How many months a request spans."""
    days = world.erp.postings.days_asked(request)
    first, last = min(days), max(days)
    return (last.year - first.year) * 12 + last.month - first.month + 1


def widths(world: World) -> list[int]:
    """How many months the requests for postings have spanned, in their order."""
    listing = world.erp.postings
    return [
        width(world, request)
        for request in world.sim.requests
        if request.endpoint == listing.endpoint
    ]


def assert_half(run: Any, world: World) -> None:
    """Check that a run has delivered the half year as the books have it, without a finding."""
    truth = world.truth
    balances = [row for span in HALF for row in truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == balances
    lines = [row for span in HALF for row in truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)
    assert run.codes == []


@pytest.fixture
def half_a_year(build: Build) -> World:
    """Books of January to June."""
    world = build(entries_per_month=3, end=HALF[-1].end)
    world.end_date = str(HALF[-1].end)
    return world


@where(lambda erp: erp.by_account, apart=False)
@pytest.mark.parametrize("name", BREAKS)
def test_what_is_too_wide_is_split(half_a_year: World, name: str) -> None:
    """An ERP that breaks on more than two months; nothing but its trial balance is asked twice."""
    world = half_a_year
    world.sim.faults.add(
        BREAKS[name],
        erp=world.erp.name,
        endpoint=world.erp.postings.endpoint,
        where=lambda request: width(world, request) > 2,
        times=None,
    )
    run = world.good(max_concurrency=1, circuit_breaker={"failure_threshold": 1})
    assert_half(run, world)
    if "status" not in name:
        found = widths(world)
        # Once is enough: what is asked for after that is narrow from the start.
        assert [one for one in found if one > 3] == [6]
        assert len([one for one in found if one == 3]) <= 1


@where(lambda erp: erp.by_account, apart=False)
def test_what_takes_too_long_is_split(half_a_year: World) -> None:
    world = half_a_year
    world.sim.faults.add(
        faults.slow_first_byte(5.0),
        erp=world.erp.name,
        endpoint=world.erp.postings.endpoint,
        where=lambda request: width(world, request) > 1,
        times=None,
    )
    run = world.good(extract_timeout=0.3, max_concurrency=2)
    assert_half(run, world)


@where(lambda erp: erp.by_account, apart=False)
@pytest.mark.parametrize("together", [1, 2, 4])
def test_every_width_gives_the_same_rows(half_a_year: World, together: int) -> None:
    world = half_a_year
    run = world.good(periods_per_request=together)
    assert_half(run, world)
    assert max(widths(world)) <= together


def count(body: Any, rows: int) -> None:
    """Let an answer say that it has so many rows, where it says how many."""
    if "nTotRegistros" in body:
        body["nTotRegistros"] = rows


@where(lambda erp: erp.reported, apart=False)
def test_what_does_not_add_up_is_asked_for_again_by_its_period(half_a_year: World) -> None:
    """A report that leaves a row out of more than a month, and one that is out of every answer."""
    world = half_a_year
    listing = world.erp.postings
    code = next(iter(world.truth.moved(HALF[3])))
    world.good()
    plain = Counter(widths(world))

    def tamper(body: Body, request: LoggedRequest) -> None:
        if (request.account or "").strip() == code and width(world, request) > 1:
            rows = listing.rows(body)
            del rows[len(rows) // 2]
            count(body, len(rows))

    world.sim.requests.clear()
    with world.tamper(listing, tamper):
        run = world.good()
    assert_half(run, world)
    # Once more for the month that lacks the row, and for nothing else.
    assert Counter(widths(world)) == plain + Counter([1])


@where(lambda erp: erp.reported, apart=False)
@pytest.mark.parametrize("together", [1, 12])
def test_what_never_adds_up_is_asked_for_again_once(half_a_year: World, together: int) -> None:
    world = half_a_year
    listing = world.erp.postings
    code = next(iter(world.truth.moved(HALF[3])))

    def tamper(body: Body, request: LoggedRequest) -> None:
        if (request.account or "").strip() == code:
            listing.rows(body).clear()
            count(body, 0)

    with world.tamper(listing, tamper):
        run = world.good(periods_per_request=together)
    moved = [str(span.end) for span in HALF if code in world.truth.moved(span)]
    told = [row["period_end"] for row in run.records("validation_issues")]
    assert set(run.codes) == {"SUBLEDGER_MISMATCH"}
    assert told == moved
    found = [
        width(world, request)
        for request in world.sim.requests
        if request.endpoint == listing.endpoint and (request.account or "").strip() == code
    ]
    assert found.count(1) == len(moved)
    assert len(found) <= len(moved) + 1


@where(lambda erp: erp.by_account, apart=False)
def test_one_account_that_fails_costs_its_own_period_alone(half_a_year: World) -> None:
    """The periods before it are delivered and bookmarked, as if each had been asked for alone."""
    world = half_a_year
    listing = world.erp.postings
    code = next(iter(world.truth.moved(HALF[3])))
    refused = world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        endpoint=listing.endpoint,
        where=lambda request: (
            (request.account or "").strip() == code and listing.asks_about(request, HALF[3].start)
        ),
        times=None,
    )
    run = world.bad()
    assert [row["period_end"] for row in run.records("periods")] == [
        str(span.end) for span in HALF[:3]
    ]
    for stream in STREAMS:
        assert run.bookmark(stream, world.truth.id) == str(HALF[2].end)
    refused.cancel()
    again = world.good(state=run.state, lookback_periods=0)
    read = {row["period_end"] for row in again.records("periods")}
    assert read >= {str(span.end) for span in HALF[2:]}
    spans = [span for span in HALF if str(span.end) in read]
    lines = [row for span in spans for row in world.truth.subledger(span)]
    assert by_key(without(again.records("subledger"))) == by_key(lines)


@where(lambda erp: erp.reported, apart=False)
def test_a_trial_balance_that_fails_costs_its_own_period_alone(half_a_year: World) -> None:
    world = half_a_year
    listing = world.erp.accounts
    world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        endpoint=listing.endpoint,
        where=lambda request: listing.asks_from(request, HALF[2].start),
        times=None,
    )
    run = world.bad()
    assert [row["period_end"] for row in run.records("periods")] == [
        str(span.end) for span in HALF[:2]
    ]
    lines = [row for span in HALF[:2] for row in world.truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)


@where(lambda erp: erp.by_account, apart=False)
def test_a_window_spans_a_year_at_most(build: Build) -> None:
    world = build(entries_per_month=1, end=date(2025, 2, 28))
    world.good(end_date="2025-02-28", periods_per_request=99)
    assert max(widths(world)) <= 12


@where(lambda erp: erp.by_account, apart=False)
def test_without_the_subledger_nothing_is_asked_over_a_window(
    half_a_year: World, catalog: dict[str, Any]
) -> None:
    world = half_a_year
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "subledger":
            for one in entry["metadata"]:
                if one["breadcrumb"] == []:
                    one["metadata"]["selected"] = False
    run = world.good(catalog=catalog)
    assert len(run.records("periods")) == len(HALF)
    assert run.records("subledger") == []


@where(lambda erp: erp.by_account, apart=False)
def test_a_test_of_the_connection_reads_no_year(half_a_year: World) -> None:
    world = half_a_year
    done = world.command(["--test"])
    assert done.returncode == 0, done.stderr
    assert max(widths(world)) == 1
    listing = world.erp.postings
    asked = [one for one in world.sim.requests if one.endpoint == listing.endpoint]
    assert max(max(listing.days_asked(one)) for one in asked) == HALF[0].end
