"""The past is watched: a closed month that was changed is noticed wherever it lies."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from contract.applies import where
from contract.commands import Run
from contract.conftest import Build
from contract.ledger import Span, by_key, months, without
from contract.world import BANK, OTHER_BANK, SUPPLIER, World
from simulator import faults

pytestmark = pytest.mark.by_day("omie", "contaazul")

EIGHT = months(2024, 1, 8)
AUGUST = str(EIGHT[-1].end)
reported = where(lambda erp: erp.reported)


@pytest.fixture
def world(build: Build) -> World:
    """Books of January to August; the first run has read them all."""
    world = build(entries_per_month=3, end=EIGHT[-1].end)
    world.end_date = AUGUST
    return world


def starts(run: Run) -> list[str]:
    """The periods that a run has delivered, in their order."""
    return [row["period_start"] for row in run.records("periods")]


def told(run: Run) -> list[str]:
    """The periods that are told to have changed."""
    issues = run.records("validation_issues")
    assert {(one["code"], one["severity"]) for one in issues} <= {
        ("CLOSED_PERIOD_CHANGED", "warning")
    }
    return [one["period_start"] for one in issues]


def assert_books(run: Run, world: World, spans: list[Span]) -> None:
    """Check that a run has delivered exactly these periods, as the books have them."""
    assert starts(run) == [str(span.start) for span in spans]
    balances = [row for span in spans for row in world.truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == balances
    lines = [row for span in spans for row in world.truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)


def asked(world: World) -> Counter[str]:
    """How many requests came since they were forgotten, by endpoint."""
    return Counter(request.endpoint for request in world.sim.requests)


@reported
def test_what_has_not_changed_costs_its_one_listing(world: World) -> None:
    state = world.good().state
    world.sim.requests.clear()
    run = world.good(state=state)
    assert_books(run, world, EIGHT[6:])
    assert told(run) == []
    counted = asked(world)
    assert counted[world.erp.accounts.endpoint] == 8
    moved = [(code, span) for span in EIGHT[6:] for code in world.truth.moved(span)]
    apart = world.periods == 1
    calls = len(moved) if apart else len({code for code, _ in moved})
    assert counted[world.erp.postings.endpoint] == calls
    assert run.state["bookmarks"] == state["bookmarks"]


@reported
def test_a_month_that_was_changed_is_read_again_and_told_once(world: World) -> None:
    """Those after it hold its balances on: they are read again too, and not told."""
    state = world.good().state
    world.enter(EIGHT[2].start, (BANK, "123.45"), (SUPPLIER, "-123.45"))
    run = world.good(state=state)
    assert_books(run, world, EIGHT[2:])
    assert told(run) == [str(EIGHT[2].start)]
    headers = {row["period_start"]: row["issue_count"] for row in run.records("periods")}
    assert headers[str(EIGHT[2].start)] == 1
    after = world.good(state=run.state)
    assert_books(after, world, EIGHT[6:])
    assert told(after) == []


@reported
def test_two_months_that_were_changed_are_told_each(world: World) -> None:
    state = world.good().state
    for month in (1, 3):
        world.enter(EIGHT[month].start, (BANK, "1.00"), (SUPPLIER, "-1.00"))
    assert told(world.good(state=state)) == [str(EIGHT[1].start), str(EIGHT[3].start)]


@reported
def test_changes_that_cancel_out_reach_no_further(world: World) -> None:
    """An entry more in March and its reversal in April: from May on nothing is different."""
    state = world.good().state
    world.enter(EIGHT[2].start, (BANK, "7.00"), (SUPPLIER, "-7.00"))
    world.enter(EIGHT[3].start, (BANK, "-7.00"), (SUPPLIER, "7.00"))
    run = world.good(state=state)
    assert_books(run, world, [*EIGHT[2:4], *EIGHT[6:]])
    assert told(run) == [str(span.start) for span in EIGHT[2:4]]


@reported
def test_a_change_before_all_that_is_watched_is_told_of_the_first(world: World) -> None:
    settings = {"recheck_periods": 3}
    state = world.good(**settings).state
    world.enter(EIGHT[0].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    run = world.good(state=state, **settings)
    assert_books(run, world, EIGHT[3:])
    assert told(run) == [str(EIGHT[3].start)]


@reported
def test_nothing_is_told_of_what_the_lookback_reads_anyway(world: World) -> None:
    state = world.good().state
    world.enter(EIGHT[6].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    run = world.good(state=state)
    assert_books(run, world, EIGHT[6:])
    assert told(run) == []


@reported
def test_it_can_be_switched_off(world: World) -> None:
    state = world.good(recheck_periods=0).state
    assert "closed_periods" not in json.dumps(state)
    world.enter(EIGHT[2].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    run = world.good(state=state, recheck_periods=0)
    assert starts(run) == [str(span.start) for span in EIGHT[6:]]
    # Switched on again, it knows nothing yet: what is there now is what changes are told from.
    later = world.good(state=run.state)
    assert starts(later) == [str(span.start) for span in EIGHT[6:]]
    assert told(later) == []
    world.enter(EIGHT[1].start, (BANK, "5.00"), (OTHER_BANK, "-5.00"))
    assert told(world.good(state=later.state)) == [str(EIGHT[1].start)]


@reported
def test_nothing_before_start_date_is_watched(world: World) -> None:
    state = world.good().state
    world.sim.requests.clear()
    world.good(state=state, start_date="2024-06-15")
    assert asked(world)[world.erp.accounts.endpoint] == 3


@reported
def test_a_listing_that_fails_is_a_warning(world: World) -> None:
    state = world.good().state
    listing = world.erp.accounts
    world.enter(EIGHT[3].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    refused = world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        endpoint=listing.endpoint,
        where=lambda request: listing.asks_from(request, EIGHT[3].start),
        times=None,
    )
    run = world.good(state=state)
    assert "2024-04-01" in run.stderr
    assert "WARNING" in run.stderr
    assert str(EIGHT[3].start) not in starts(run)
    refused.cancel()
    later = world.good(state=run.state)
    assert starts(later)[0] == str(EIGHT[3].start)


@reported
def test_a_run_that_fails_in_the_past_is_taken_up_again(world: World) -> None:
    state = world.good().state
    world.enter(EIGHT[2].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    listing = world.erp.postings
    refused = world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        endpoint=listing.endpoint,
        where=lambda request: listing.asks_about(request, EIGHT[3].start),
        times=None,
    )
    failed = world.bad(state=state)
    assert starts(failed) == [str(EIGHT[2].start)]
    for stream in ("periods", "trial_balance", "subledger", "validation_issues"):
        assert failed.bookmark(stream, world.truth.id) == AUGUST
    refused.cancel()
    again = world.good(state=failed.state)
    assert_books(again, world, EIGHT[2:])
    assert told(again) == [str(EIGHT[2].start)]  # the months after it merely follow


@reported
def test_a_change_in_an_entry_s_text_alone_is_no_change_of_the_balances(world: World) -> None:
    state = world.good().state
    entry = world.company.entries_between(*EIGHT[2])[0]
    world.company.edit_entry(entry.id, description="outro texto")
    assert starts(world.good(state=state)) == [str(span.start) for span in EIGHT[6:]]


@reported
def test_strict_is_not_stopped_by_a_change(world: World) -> None:
    state = world.good(validation="strict").state
    world.enter(EIGHT[2].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    assert told(world.good(state=state, validation="strict")) == [str(EIGHT[2].start)]


@reported
def test_without_checks_it_is_read_again_and_not_told(world: World) -> None:
    state = world.good(validation="off").state
    world.enter(EIGHT[2].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    run = world.good(state=state, validation="off")
    assert_books(run, world, EIGHT[2:])
    assert told(run) == []


@pytest.fixture
def no_subledger(catalog: dict[str, Any]) -> dict[str, Any]:
    """A catalog that selects all streams but the subledger."""
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "subledger":
            for one in entry["metadata"]:
                if one["breadcrumb"] == []:
                    one["metadata"]["selected"] = False
    return catalog


@reported
def test_without_the_subledger_the_past_is_watched_too(
    world: World, no_subledger: dict[str, Any]
) -> None:
    state = world.good(catalog=no_subledger).state
    world.enter(EIGHT[2].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    run = world.good(state=state, catalog=no_subledger)
    assert starts(run) == [str(span.start) for span in EIGHT[2:]]
    assert run.records("subledger") == []


@reported
def test_a_change_that_a_stream_missed_is_read_once_it_is_selected_again(
    world: World, no_subledger: dict[str, Any]
) -> None:
    """The subledger had come farther before: that run told of the change, and had no postings."""
    state = world.good().state
    world.enter(EIGHT[2].start, (BANK, "5.00"), (SUPPLIER, "-5.00"))
    without = world.good(state=state, catalog=no_subledger)
    assert told(without) == [str(EIGHT[2].start)]
    assert starts(world.good(state=without.state, catalog=no_subledger)) == [
        str(span.start) for span in EIGHT[6:]
    ]
    run = world.good(state=without.state)
    assert_books(run, world, EIGHT[1:])  # the month before is the lookback's
    assert starts(world.good(state=run.state)) == [str(span.start) for span in EIGHT[6:]]


@reported
def test_another_cut_knows_nothing_of_the_months(world: World) -> None:
    state = world.good().state
    run = world.good(state=state, period="quarter", end_date="2024-06-30")
    assert told(run) == []


@reported
@pytest.mark.parametrize(
    "held", [[], {"period": "month"}, {"period": "month", "digests": {"soon": "x"}}]
)
def test_a_state_of_another_shape_is_refused(world: World, held: object) -> None:
    state = world.good().state
    state["bookmarks"]["periods"]["partitions"][0]["closed_periods"] = held
    assert "closed_periods" in world.bad(state=state).last_error


@reported
def test_the_state_stays_small(build: Build) -> None:
    """Five years are watched in less than three kilobytes a company."""
    world = build(entries_per_month=1, start=date(2019, 1, 1), end=date(2024, 1, 31))
    run = world.good(start_date="2019-01-01", end_date="2024-01-31", recheck_periods=60)
    held = run.state["bookmarks"]["periods"]["partitions"][0]["closed_periods"]
    assert len(held["digests"]) == 61  # all there are
    assert len(json.dumps(run.state)) < 3 * 1024


@where(lambda erp: not erp.reported)
def test_a_derived_ledger_watches_nothing(world: World) -> None:
    state = world.good().state
    assert "closed_periods" not in json.dumps(state)
