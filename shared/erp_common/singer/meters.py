"""The SDK's metrics of a stream, over a whole run.

The SDK logs them whenever a stream has been synced for a context, which here is each period of each
company: thousands of lines that nobody adds up. These meters go on from period to period and log
at the run's end, in the SDK's own form (`METRIC: {…}` of the logger `singer_sdk.metrics`). A count
that goes on for longer than a minute is also logged on the way, as by the SDK: each line says what
has been counted since the one before.
"""

from __future__ import annotations

from typing import Any

from singer_sdk import metrics
from typing_extensions import Self, override


class RunCounter(metrics.Counter):
    """Counts what a stream emits, from the run's beginning to `finish`."""

    _entered = False

    @override
    def __enter__(self) -> Self:
        self._entered = True
        return self

    @override
    def exit(self) -> None:
        """Log nothing: the next period goes on with the count."""

    @override
    def with_context(self, value: Any) -> None:
        """Note nothing: the count is that of all periods and companies."""

    def finish(self) -> None:
        """Log what has been counted since the last line, if the stream was synced at all."""
        if self._entered:
            super().exit()
        self._entered = False


class RunTimer(metrics.Timer):
    """Adds up the seconds that a stream takes, those of its children included."""

    _seconds: float | None = None

    @override
    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        self._seconds = (self._seconds or 0.0) + self.elapsed()
        if exc_type is not None:
            self.tags[metrics.Tag.STATUS] = metrics.Status.FAILED

    @override
    def with_context(self, value: Any) -> None:
        """Note nothing: the time is that of all periods and companies."""

    def finish(self) -> None:
        """Log the time and whether all went well, if the stream was synced at all."""
        if self._seconds is None:
            return
        status = self.tags.pop(metrics.Tag.STATUS, metrics.Status.SUCCEEDED)
        tags = {**self.tags, metrics.Tag.STATUS: status}
        metrics.log(self.logger, metrics.Point("timer", self.metric, self._seconds, tags))
        self._seconds = None


class Meters:
    """The meters of one stream."""

    def __init__(self, stream: str) -> None:
        """Make them; nothing is counted yet."""
        self.records = RunCounter(metrics.Metric.RECORD_COUNT, {metrics.Tag.STREAM: stream})
        self.batches = RunCounter(metrics.Metric.BATCH_COUNT, {metrics.Tag.STREAM: stream})
        self.time = RunTimer(metrics.Metric.SYNC_DURATION, {metrics.Tag.STREAM: stream})

    def finish(self) -> None:
        """Log what was measured in this run."""
        for meter in (self.records, self.batches, self.time):
            meter.finish()
