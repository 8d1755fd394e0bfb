"""Meters go on from period to period and log once, in the SDK's form."""

from __future__ import annotations

import logging

import pytest
from singer_sdk.metrics import METRICS_LOGGER_NAME, Metric, Point

from erp_common.singer.meters import Meters


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged as a metric."""
    caplog.set_level(logging.INFO, METRICS_LOGGER_NAME)
    return caplog


def points(logged: pytest.LogCaptureFixture) -> list[Point[float]]:
    """The points logged so far, as the SDK's formatter for log collectors finds them."""
    found = []
    for record in logged.records:
        assert isinstance(record.args, tuple)
        assert isinstance(record.args[0], Point)
        found.append(record.args[0])
    return found


def test_a_stream_that_was_not_synced_says_nothing(logged: pytest.LogCaptureFixture) -> None:
    Meters("periods").finish()
    assert points(logged) == []


def test_periods_are_added_up(logged: pytest.LogCaptureFixture) -> None:
    meters = Meters("subledger")
    for rows in (3, 4):
        with meters.records as counter, meters.time as timer:
            counter.with_context({"company_id": "1"})
            timer.with_context({"company_id": "1"})
            counter.increment(rows)
    assert points(logged) == []
    meters.finish()
    count, time = points(logged)
    assert (count.metric_type, count.metric, count.value) == ("counter", Metric.RECORD_COUNT, 7)
    assert (time.metric_type, time.metric) == ("timer", Metric.SYNC_DURATION)
    assert time.value >= 0
    assert count.tags.keys() == {"stream", "pid"}
    assert time.tags == {**count.tags, "status": "succeeded"}


def test_a_failure_stays_one(logged: pytest.LogCaptureFixture) -> None:
    meters = Meters("subledger")
    with pytest.raises(KeyError), meters.time:
        raise KeyError
    with meters.time:
        pass
    meters.finish()
    [time] = points(logged)
    assert time.tags["status"] == "failed"


def test_a_long_count_is_told_on_the_way_and_nothing_twice(
    logged: pytest.LogCaptureFixture,
) -> None:
    meters = Meters("subledger")
    meters.records.log_interval = -1  # every moment is late enough
    for rows in (3, 4):
        with meters.records as counter:
            counter.increment(rows)
    assert [point.value for point in points(logged)] == [3, 4]
    meters.finish()
    assert sum(point.value for point in points(logged)) == 7


def test_the_next_run_begins_anew(logged: pytest.LogCaptureFixture) -> None:
    meters = Meters("subledger")
    for rows in (3, 4):
        with meters.batches as counter, meters.time:
            counter.increment(rows)
        meters.finish()
    counts = [point.value for point in points(logged) if point.metric is Metric.BATCH_COUNT]
    assert counts == [3, 4]
    assert len(points(logged)) == 4
