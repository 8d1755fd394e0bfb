"""Taps that are killed at each kind of point within a window, and what the next run makes of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from faults.erps import ACTIVE, Erp
from faults.loaded import Loaded, differences
from faults.runs import JsonObject, Output, Prelude, Runs
from faults.small_books import last_day, small_books
from simulator import Line, Simulator, faults

MONTHS = 4
TOGETHER = 3
"""Two windows: three months, and one."""
EAGER: tuple[Prelude, ...] = (("state_after_each_period",), ("write_each_line",))


class Point(NamedTuple):
    """Where a run is killed.

    Attributes:
        name: In words.
        target: The method that it is killed at, within `erp_common`.
        moment: Before or after its call.
        nth: Which of the calls; two accounts move each month.
        delivered: Periods whose STATE has been written by then.
        holds: Which taps have it.
        split: Whether the first request for postings breaks, so that less is asked for.
        on_disk: Whether rows go to disk at once, where so few would stay in memory.
    """

    name: str
    target: str
    moment: str
    nth: int = 1
    delivered: int = 0
    holds: Callable[[Erp], bool] = lambda _: True
    split: bool = False
    on_disk: bool = False


def _reported(erp: Erp) -> bool:
    return not erp.derived


def _derived(erp: Erp) -> bool:
    return erp.derived


POINTS = (
    Point("before the first request", "extract.paged:HttpQuery.page", "before"),
    Point("once one trial balance is in", "extract.reported:ReportedWindow._arrived", "after",
          holds=_reported),
    Point("once the chart is in", "extract.derived:CompanyChart._assemble", "after",
          holds=_derived),
    Point("before postings are asked for", "extract.window:Window.ask", "before"),
    Point("once postings are asked for", "extract.window:Window.ask", "after"),
    Point("between accounts", "extract.window:Window._take", "before", nth=2),
    Point("while a window is split", "extract.window:Window._again", "before", split=True),
    Point("after a window was split", "extract.window:Window._again", "after", split=True),
    Point("before the first row is kept", "extract.spool:Spool.put", "before"),
    Point("while rows are kept", "extract.spool:Spool.put", "after", nth=2),
    Point("while rows go to disk", "extract.spool:Spool.put", "after", on_disk=True),
    Point("while rows are read from disk", "extract.spool:Spool.get", "after", on_disk=True),
    Point("before rows are compared with how many were announced",
          "extract.reading:Reading.tell", "after"),
    Point("once all are kept, before the first row", "extract.window:Window._fill", "after"),
    Point("between the accounts of the first period", "extract.spool:Spool.get", "before", nth=2),
    Point("before the first header", "extract.period:PeriodExtract.header", "before"),
    Point("before the first STATE", "singer.state:PacedStateWriter.write_now", "before"),
    Point("after the first STATE", "singer.state:PacedStateWriter.write_now", "after",
          delivered=1),
    Point("between periods", "extract.period:CompanyBooks._claim", "before", nth=2, delivered=1),
    Point("within the second period", "extract.spool:Spool.get", "after", nth=3, delivered=1),
    Point("before the last header of the window", "extract.period:PeriodExtract.header", "before",
          nth=5, delivered=2),
    Point("between windows", "extract.period:CompanyBooks._claim", "before", nth=4, delivered=3),
    Point("after the last STATE", "singer.state:PacedStateWriter.write_now", "after", nth=4,
          delivered=4),
)  # fmt: skip
EVERY_DAY = ("bling",)
"""The others have their turn at night."""
CASES = [
    pytest.param(
        erp,
        point,
        marks=() if erp.name in EVERY_DAY else pytest.mark.nightly,
        id=f"{erp}-{point.name}",
    )
    for erp in ACTIVE
    for point in POINTS
    if erp.windows and point.holds(erp)
]


class Window:
    """Runs of one tap over a window of months and one of a month."""

    def __init__(self, erp: Erp, runs: Runs, simulator: Simulator) -> None:
        self._erp = erp
        self._runs = runs
        self._simulator = simulator
        self._settings = erp.configured(
            simulator, months=MONTHS, lookback_periods=0, periods_per_request=TOGETHER
        )
        runs.secrets.learn_settings(self._settings)

    def run(self, state: JsonObject | None = None, *preludes: Prelude) -> Output:
        """A run from a state."""
        started = self._runs.start(
            self._erp.command, self._settings, state=state, preludes=(*EAGER, *preludes)
        )
        return started.wait()

    def killed(self, point: Point, state: JsonObject | None = None) -> Output:
        """A run that is killed at a point."""
        rule = None
        if point.split:
            rule = self._simulator.faults.add(
                faults.reset(), endpoint=self._erp.postings, times=None
            )
        kill = ("killed", f"erp_common.{point.target}", point.moment, str(point.nth))
        output = self.run(state, *((("kept_on_disk",),) if point.on_disk else ()), kill)
        if rule is not None:
            rule.cancel()
        assert output.status == -signal.SIGKILL, output.stderr
        return output


@pytest.fixture(scope="module")
def truths(runs: Runs) -> Callable[[Erp], Any]:
    """What an undisturbed run of each tap comes to."""
    known: dict[str, Any] = {}

    def find(erp: Erp) -> Any:
        if erp.name not in known:
            with Simulator(small_books(1, MONTHS)) as simulator:
                whole = Window(erp, runs, simulator).run()
            assert whole.status == 0, whole.stderr
            known[erp.name] = Loaded(whole).current()
        return known[erp.name]

    return find


def bookmark(output: Output) -> str | None:
    """The last day of the last period that is delivered, by the last state."""
    partitions = (output.state or {}).get("bookmarks", {}).get("periods", {}).get("partitions", [])
    found = [entry["replication_key_value"] for entry in partitions]
    return found[0] if found else None


@pytest.mark.parametrize(("erp", "point"), CASES)
def test_killed_within_a_window(
    erp: Erp, point: Point, runs: Runs, truths: Callable[[Erp], Any]
) -> None:
    """Only what was delivered is bookmarked, and the next run brings all the rest."""
    with Simulator(small_books(1, MONTHS)) as simulator:
        window = Window(erp, runs, simulator)
        killed = window.killed(point)
        assert bookmark(killed) == (last_day(point.delivered) if point.delivered else None)
        resumed = window.run(killed.state)
    assert resumed.status == 0, resumed.stderr
    assert differences(Loaded(killed, resumed).current(), truths(erp)) == []


@pytest.mark.nightly
@pytest.mark.parametrize(("erp", "point"), CASES)
def test_killed_within_a_window_and_within_the_next(
    erp: Erp, point: Point, runs: Runs, truths: Callable[[Erp], Any]
) -> None:
    """The run that goes on is killed too, once its first period is delivered."""
    between = next(one for one in POINTS if one.name == "after the first STATE")
    with Simulator(small_books(1, MONTHS)) as simulator:
        window = Window(erp, runs, simulator)
        first = window.killed(point)
        second = window.killed(between, first.state)
        resumed = window.run(second.state)
    assert resumed.status == 0, resumed.stderr
    assert differences(Loaded(first, second, resumed).current(), truths(erp)) == []


def by_night(points: tuple[Point, ...], day: str) -> list[Any]:
    """These points for each reported ledger, one of which has its turn by day."""
    return [
        pytest.param(
            erp,
            point,
            marks=() if erp.name == day else pytest.mark.nightly,
            id=f"{erp}-{point.name}",
        )
        for erp in ACTIVE
        for point in points
        if erp.windows and not erp.derived
    ]


BETWEEN_COMPANIES = (
    Point("once the first is done", "singer.base:TapBase.company_done", "before"),
    Point("before the second's first period", "singer.base:TapBase.company_done", "after"),
    # Two accounts in each of three months are the first company's.
    Point("once rows of the second are kept", "extract.spool:Spool.put", "after", nth=7),
)


@pytest.mark.parametrize(("erp", "point"), by_night(BETWEEN_COMPANIES, "totvs"))
def test_killed_between_two_companies(erp: Erp, point: Point, runs: Runs) -> None:
    """The first is delivered, and the next run brings the second."""
    with Simulator(small_books(2, MONTHS)) as simulator:
        window = Window(erp, runs, simulator)
        whole = window.run()
        killed = window.killed(point)
        resumed = window.run(killed.state)
    assert (whole.status, resumed.status) == (0, 0), resumed.stderr
    assert bookmark(killed) == last_day(MONTHS)
    assert differences(Loaded(killed, resumed).current(), Loaded(whole).current()) == []


# February is changed; March follows from it and is read again too, then April, the bookmark's.
WATCHING = (
    Point("before the past is compared", "extract.watch:Watch.changed", "before"),
    Point("once a change is found", "extract.watch:Watch.changed", "after", nth=2),
    Point("before the changed period's rows", "extract.period:PeriodExtract.postings", "before"),
    Point("before its header", "extract.period:PeriodExtract.header", "before"),
    Point("after its STATE", "singer.state:PacedStateWriter.write_now", "after"),
    Point("before the header of the one that follows", "extract.period:PeriodExtract.header",
          "before", nth=2),
    Point("once all that changed are delivered", "singer.state:PacedStateWriter.write_now",
          "after", nth=2),
)  # fmt: skip


@pytest.mark.parametrize(("erp", "point"), by_night(WATCHING, "omie"))
def test_killed_while_the_past_is_watched(erp: Erp, point: Point, runs: Runs) -> None:
    """What changed is read again by the next run, and told of as if there had been no kill."""
    with Simulator(small_books(1, MONTHS)) as simulator:
        window = Window(erp, runs, simulator)
        first = window.run()
        lines = [
            Line("1.1", Decimal("0.31"), Decimal(0)),
            Line("3.1", Decimal(0), Decimal("0.31")),
        ]
        simulator.books.company.add_entry(date=date(2024, 2, 10), lines=lines)
        undisturbed = window.run(first.state)
        killed = window.killed(point, first.state)
        resumed = window.run(killed.state or first.state)
    assert (undisturbed.status, resumed.status) == (0, 0), resumed.stderr
    expected = Loaded(first, undisturbed).current()
    assert {row["code"] for row in expected["validation_issues"].values()} > {
        "CLOSED_PERIOD_CHANGED"
    }
    assert differences(Loaded(first, killed, resumed).current(), expected) == []
