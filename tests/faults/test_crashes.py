"""Taps that are killed, told to end or left alone by their reader, again and again.

A kill falls on a condition, never on a moment: after so many bytes have been read, or when a
certain request arrives. What was read up to then is loaded; the next run goes on from its last
STATE.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import Future
from random import Random

import pytest

from e2e.warehouse import SCHEMA, Warehouse
from faults.erps import Erp
from faults.loaded import Key, Loaded, Row, differences
from faults.loader import Loader
from faults.runs import PATIENCE, PIPE, JsonObject, Output, Prelude, Running, Runs
from faults.small_books import small_books
from simulator import Simulator
from simulator.faults import Exchange, Fault
from simulator.http11 import Delivery, Response

pytestmark = pytest.mark.by_day("totvs", "bling")

MONTHS = 4
SALES = 8
MANY_SALES = 80
POINTS = range(5)
NIGHTLY_POINTS = range(5, 25)
LAST_WORDS = "The run was ended from outside; run again to go on from the last state."
EAGER: tuple[Prelude, ...] = (("state_after_each_period",), ("write_each_line",))
Truth = dict[str, dict[Key, Row]]


@pytest.fixture(scope="module")
def truths() -> dict[str, Truth]:
    """What PostgreSQL holds after an undisturbed run of each ERP."""
    return {}


class Crashing:
    """Runs of one tap, ended before their time; each goes on from the last."""

    def __init__(self, erp: Erp, runs: Runs, simulator: Simulator) -> None:
        self._erp = erp
        self._runs = runs
        self._simulator = simulator
        self._state: JsonObject | None = None
        # No lookback: the run after a kill repairs nothing by reading more than it must.
        self._settings = erp.configured(simulator, months=MONTHS, lookback_periods=0)
        runs.secrets.learn_settings(self._settings)

    def start(self, preludes: Sequence[Prelude] = EAGER, *, pipe: bool = False) -> Running:
        """Start a run from the last state that was read."""
        return self._runs.start(
            self._erp.command, self._settings, state=self._state, preludes=preludes, pipe=pipe
        )

    def told(self, output: Output) -> Output:
        """Keep the last state that was read, as Meltano does."""
        self._state = output.state or self._state
        return output

    def undisturbed(self) -> Output:
        """A run to its end; the first of all leaves no state behind."""
        output = self.start().wait()
        assert output.status == 0, output.stderr
        return output

    def after_bytes(self, size: int, number: signal.Signals) -> Output:
        """A run that is sent a signal when so many bytes of it have been read."""
        running = self.start(pipe=True)
        running.read(size)
        running.signal(number)
        return self.told(running.wait(reading=False))

    def at_request(self, nth: int, number: signal.Signals) -> Output:
        """A run that is sent a signal when its nth request arrives, which is never answered."""
        pid: Future[int] = Future()

        def act(_: Exchange) -> Response:
            os.kill(pid.result(timeout=PATIENCE), number)
            return Response(0, delivery=Delivery(silent=True, reset=True))

        rule = self._simulator.faults.add(Fault("signal", act), nth=nth)
        running = self.start()
        pid.set_result(running.pid)
        output = self.told(running.wait())
        rule.cancel()
        return output


@pytest.mark.by_day("totvs")
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point(
    erp: Erp, point: int, runs: Runs, warehouse: Warehouse, truths: dict[str, Truth]
) -> None:
    killed_again_and_again(erp, point, runs, warehouse, truths)


@pytest.mark.nightly
@pytest.mark.parametrize("point", NIGHTLY_POINTS)
def test_killed_at_many_points(
    erp: Erp, point: int, runs: Runs, warehouse: Warehouse, truths: dict[str, Truth]
) -> None:
    killed_again_and_again(erp, point, runs, warehouse, truths)


def killed_again_and_again(
    erp: Erp, point: int, runs: Runs, warehouse: Warehouse, truths: dict[str, Truth]
) -> None:
    chance = Random(f"{erp.name}/{point}")  # noqa: S311 - the same points each time
    with Simulator(small_books(erp.companies(2), MONTHS, SALES)) as simulator:
        crashing = Crashing(erp, runs, simulator)
        whole = crashing.undisturbed()
        requests = simulator.requests.count(where=lambda one: one.endpoint != "token")
        outputs: list[Output] = []
        for _ in range(chance.randint(1, 3)):
            if point % 2:
                nth = chance.randint(1, requests)
                outputs.append(crashing.at_request(nth, signal.SIGKILL))
            else:
                size = chance.randint(0, len(whole.stdout) - PIPE)
                outputs.append(crashing.after_bytes(size, signal.SIGKILL))
        assert outputs[0].status == -signal.SIGKILL
        outputs.append(crashing.undisturbed())
    if str(erp) not in truths:
        truths[str(erp)] = current(warehouse, whole)
    found = current(warehouse, *outputs)
    assert differences(found, truths[str(erp)]) == []
    assert keys(found) == keys(Loaded(*outputs).current()), "the small copy of the views is wrong"


def current(warehouse: Warehouse, *outputs: Output) -> Truth:
    """What the project's views show in PostgreSQL of what some runs printed."""
    warehouse.execute(f"drop schema if exists {SCHEMA} cascade")
    loader = Loader(warehouse)
    for output in outputs:
        loader.load(output)
    return loader.current()


def keys(tables: Truth) -> dict[str, set[tuple[str, ...]]]:
    """The rows' keys, as text: PostgreSQL knows dates."""
    return {stream: {tuple(map(str, key)) for key in rows} for stream, rows in tables.items()}


def test_asked_to_end_while_it_waits_for_an_answer(erp: Erp, runs: Runs) -> None:
    with Simulator(small_books(erp.companies(2), MONTHS, SALES)) as simulator:
        crashing = Crashing(erp, runs, simulator)
        whole = crashing.undisturbed()
        nth = simulator.requests.count(endpoint=erp.postings) * 3 // 4
        ended = crashing.at_request(nth, signal.SIGTERM)
        assert_ended(ended)
        resumed = crashing.undisturbed()
    assert differences(Loaded(ended, resumed).current(), Loaded(whole).current()) == []


def test_asked_to_end_while_nobody_reads(erp: Erp, runs: Runs) -> None:
    with Simulator(small_books(1, MONTHS, MANY_SALES)) as simulator:
        crashing = Crashing(erp, runs, simulator)
        whole = crashing.undisturbed()
        # In blocks, as it is by default: only those can be cut, since a pipe takes a line whole.
        running = crashing.start((), pipe=True)
        running.read(len(whole.stdout) // 3)
        running.stall()
        running.signal(signal.SIGTERM)
        ended = crashing.told(running.wait())
        assert_ended(ended)
        resumed = crashing.undisturbed()
    assert differences(Loaded(ended, resumed).current(), Loaded(whole).current()) == []


def assert_ended(output: Output) -> None:
    """It ended as asked: no line cut in two, no success claimed."""
    assert output.status == 128 + signal.SIGTERM, output.stderr
    assert output.stdout.endswith(b"\n"), output.stdout[-200:]
    assert output.last_words == LAST_WORDS
    assert "Traceback" not in output.stderr


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_reader_that_goes_away(erp: Erp, share: float, runs: Runs) -> None:
    with Simulator(small_books(erp.companies(2), MONTHS, SALES)) as simulator:
        crashing = Crashing(erp, runs, simulator)
        size = int(len(crashing.undisturbed().stdout) * share)
        running = crashing.start(EAGER, pipe=True)
        running.read(size)
        running.go_away()
        output = running.wait()
    assert output.status == 1, output.stderr
    assert "stopped reading" in output.last_words
    assert "Traceback" not in output.stderr
    assert "Exception ignored" not in output.stderr
