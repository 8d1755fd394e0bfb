"""The SDK's metrics: one of each kind for each stream at the end of a run, in the SDK's form."""

from __future__ import annotations

import json
from typing import Any

from contract.commands import Run
from contract.conftest import Build, Plain
from simulator import faults

STREAMS = {"periods", "subledger", "trial_balance", "validation_issues"}


def measured(run: Run, metric: str) -> dict[str, dict[str, Any]]:
    """The points of one metric by their streams, of which each has one."""
    lines = [line for line in run.stderr.splitlines() if "METRIC: " in line]
    points = [json.loads(line.partition("METRIC: ")[2]) for line in lines]
    ours = [point for point in points if point["metric"] == metric]
    found = {point["tags"]["stream"]: point for point in ours}
    assert len(found) == len(ours)
    return found


def test_each_stream_says_once_how_many_rows_it_emitted(brief: Plain) -> None:
    counts = measured(brief.run, "record_count")
    assert set(counts) == STREAMS.union(brief.world.erp.more_streams)
    for stream, point in counts.items():
        assert (point["type"], point["value"]) == ("counter", len(brief.run.records(stream)))
        assert "context" not in point["tags"]


def test_each_stream_says_how_long_it_took(brief: Plain) -> None:
    times = measured(brief.run, "sync_duration")
    assert set(times) == STREAMS.union(brief.world.erp.more_streams)
    assert {point["tags"]["status"] for point in times.values()} == {"succeeded"}
    # The parent's holds those of its children.
    children = sum(point["value"] for stream, point in times.items() if stream != "periods")
    assert 0 <= children <= times["periods"]["value"]


def test_the_sdks_own_loop_counts_alike(brief: Plain, build: Build) -> None:
    run = build.like(brief).good(flattening_enabled=True, flattening_max_depth=1)
    counts = measured(run, "record_count")
    assert {stream: point["value"] for stream, point in counts.items()} == {
        stream: len(run.records(stream)) for stream in STREAMS.union(brief.world.erp.more_streams)
    }


def test_a_run_that_fails_tells_what_it_had_done_before_its_last_word(build: Build) -> None:
    world = build(entries_per_month=2)
    # From there on: what fails over several periods is asked for again, period by period.
    world.sim.faults.add(faults.forbidden(), nth=3, times=None)
    run = world.bad()
    counts = measured(run, "record_count")
    for stream, point in counts.items():
        assert point["value"] == len(run.records(stream))
    assert measured(run, "sync_duration")["periods"]["tags"]["status"] == "failed"
    assert "METRIC" not in run.last_error
