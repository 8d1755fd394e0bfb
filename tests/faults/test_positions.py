"""Every kind of fault at every request of a run: all rows arrive, or the next run brings them."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from faults.erps import ACTIVE, APART, KNOWN, Erp
from faults.kinds import HURRIED, KINDS, Kind
from faults.loaded import Loaded, differences
from faults.positions import Position, Undisturbed, befall
from faults.runs import Output, Prelude, Runs
from faults.small_books import small_books
from faults.summary import POSITIONS
from simulator import Simulator

EACH_PERIOD: tuple[Prelude, ...] = (("state_after_each_period",),)
# The bookmark's own period is read again, and none before it: a bookmark too far ahead shows.
STRICT = {"lookback_periods": 0}
MORE_CALLS_APART = {"totvs", "bling_v2"}
CASES = [(erp, kind) for erp in (*ACTIVE, *APART) for kind in KINDS if kind.applies(erp)]
BY_DAY = [case for case in CASES if case[0].apart is (case[0].name in MORE_CALLS_APART)]
BOTH_WAYS = [
    pytest.param(*case, marks=() if case in BY_DAY else pytest.mark.nightly) for case in CASES
]
"""By day some taps ask for several periods at once and some for each alone, by night the others."""
ENOUGH = 862
LATER = "9999-12-31T00:00:00Z"


class Days:
    """One ERP and its tap, on a good day, on bad ones, and on the day after."""

    def __init__(self, erp: Erp, runs: Runs) -> None:
        self.erp = erp
        self._runs = runs
        self._next: dict[str, Output] = {}
        self._books = small_books()
        with Simulator(self._books) as simulator:
            output = runs(erp.command, self._settings(simulator))
            self.truth = Undisturbed.of(output, simulator)

    def bad(self, kind: Kind, where: Position, *, lasting: bool) -> tuple[Output, int]:
        """A run that the fault befalls, and how often it did."""
        more = dict(kind.settings)
        if kind.settings is HURRIED:
            # As many as it takes where the fault passes, and as few as show where it lasts.
            more["retry"] = {"max_attempts": 2 if lasting else 20, "base_delay": 0.001}
        # A server of its own: a request of an earlier run may still be on its way to another one.
        with Simulator(self._books) as simulator:
            over = Event()
            hits = befall(simulator, kind.make(over), where, lasting=lasting)
            settings = self._settings(simulator, **more)
            output = self._runs(self.erp.command, settings, preludes=EACH_PERIOD + kind.preludes)
            over.set()
            return output, hits()

    def after(self, output: Output) -> Output:
        """The next run, on a good day; from the same state it is always the same."""
        state = json.dumps(output.state)
        if state not in self._next:
            with Simulator(self._books) as simulator:
                settings = self._settings(simulator)
                self._next[state] = self._runs(self.erp.command, settings, state=output.state)
        return self._next[state]

    def _settings(self, simulator: Simulator, **more: Any) -> dict[str, Any]:
        settings = self.erp.configured(simulator, **STRICT, **more)
        self._runs.secrets.learn_settings(settings)
        return settings


@pytest.fixture(scope="module")
def days(runs: Runs) -> Callable[[Erp], Days]:
    """The days of each ERP."""
    known: dict[str, Days] = {}

    def find(erp: Erp) -> Days:
        if str(erp) not in known:
            known[str(erp)] = Days(erp, runs)
        return known[str(erp)]

    return find


@pytest.mark.by_day("omie")
@pytest.mark.parametrize(("erp", "kind"), BOTH_WAYS, ids=str)
def test_a_fault_that_passes_or_lasts(
    erp: Erp,
    kind: Kind,
    days: Callable[[Erp], Days],
    record_property: Callable[[str, object], None],
) -> None:
    """Passing at every other request and lasting at those between; the next kind the other way."""
    turn = KINDS.index(kind)
    struck = 0
    for number, where in enumerate(days(erp).truth.positions):
        struck += strikes(days(erp), kind, where, lasting=(number + turn) % 2 == 1)
    record_property(POSITIONS, struck)


@pytest.mark.nightly
@pytest.mark.parametrize(("erp", "kind"), BY_DAY, ids=str)
def test_a_fault_that_lasts_or_passes(
    erp: Erp,
    kind: Kind,
    days: Callable[[Erp], Days],
    record_property: Callable[[str, object], None],
) -> None:
    """What the test above leaves out, in the way that each tap is asked by day."""
    turn = KINDS.index(kind)
    struck = 0
    for number, where in enumerate(days(erp).truth.positions):
        struck += strikes(days(erp), kind, where, lasting=(number + turn) % 2 == 0)
    record_property(POSITIONS, struck)


def strikes(days: Days, kind: Kind, where: Position, *, lasting: bool) -> int:
    """Let a fault strike and compare what is loaded in the end; gives 1 where it struck."""
    error = kind.lasting if lasting else kind.passing_at(where[0], days.erp)
    output, hits = days.bad(kind, where, lasting=lasting)
    loaded = Loaded(output)
    if error is None:
        assert output.status == 0, output.stderr
    else:
        assert output.status == 1, output.stderr
        assert output.last_words.startswith(f"{error}: "), output.stderr
        assert "Traceback" not in output.stderr
        assert not output.stdout or output.stdout.endswith(b"\n"), "a line was cut in two"
        after = days.after(output)
        assert after.status == 0, after.stderr
        loaded.load(after, read_at=LATER)
    assert differences(loaded.current(), days.truth.current) == []
    # A run in a hurry may have given up on another request before.
    assert hits >= 1 or (kind.settings is HURRIED and error is not None)
    return min(hits, 1)


def test_positions_are_enough(days: Callable[[Erp], Days]) -> None:
    if len(ACTIVE) < len(KNOWN):
        pytest.skip("not all taps are installed")
    assert sum(len(days(erp).truth.positions) for erp, _ in BY_DAY) >= ENOUGH
