"""Tokens in a crowd: asked for once, renewed once, and kept where they rotate."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from importlib.metadata import entry_points
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from erp_common.extract.source import HttpSource
from erp_common.http.masking import Masker
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
from erp_common.setup.connection import Build
from erp_common.setup.parse import parse
from faults.erps import ACTIVE, WAYS, Erp
from faults.loaded import Loaded, differences
from faults.runs import PATIENCE, Output, Running, Runs
from faults.small_books import small_books
from simulator import Simulator, faults
from simulator.faults import Exchange, Fault
from simulator.http11 import Delivery, Response
from simulator.requestlog import Where

THREADS = 200
MONTHS = 3
TOKENS = [
    (erp, way)
    for erp in ACTIVE
    for way in WAYS[erp.name]
    if way in {"oauth2", "password", "refresh_token"}
]
TOKEN_NAMES = [f"{erp.name}-{way}" for erp, way in TOKENS]
ROTATING = [erp for erp, way in TOKENS if way == "refresh_token"]
ROTATING_NAMES = [erp.name for erp in ROTATING]


@contextmanager
def source(erp: Erp, given: dict[str, Any]) -> Iterator[HttpSource]:
    """The books of a tap, without the tap around them."""
    module = erp.command.replace("-", "_")
    tap = next(
        entry.load()
        for entry in entry_points(group="erp_common.taps")
        if entry.value.partition(".")[0] == module
    )
    build = Build(tap.defaults, Masker())
    try:
        yield tap.source(parse(given, tap.settings_class), build)
    finally:
        build.close()


@pytest.mark.by_day("totvs", "contaazul_public")
@pytest.mark.parametrize(("erp", "way"), TOKENS, ids=TOKEN_NAMES)
def test_a_crowd_of_threads_asks_for_one_token(erp: Erp, way: str) -> None:
    month = Period(date(2024, 1, 1), date(2024, 1, 31))
    with Simulator(small_books()) as simulator:
        simulator.tokens.rotate = True
        given = erp.authenticated(simulator, way, max_concurrency=16)
        company = simulator.books.company
        with (
            source(erp, given) as books,
            ThreadPoolExecutor(THREADS) as threads,
        ):
            start = Barrier(THREADS)

            def ask(_: int) -> object:
                start.wait(PATIENCE)
                request, read = books.probe(Company(company.id, company.id, company.name), month)
                return books.transport.fetch(request, read)

            assert len(list(threads.map(ask, range(THREADS)))) == THREADS
            assert simulator.tokens.count == 1

            simulator.tokens.revoke_all(erp.name)
            assert len(list(threads.map(ask, range(THREADS)))) == THREADS
            assert simulator.tokens.count == 2


@pytest.mark.parametrize(("erp", "way"), TOKENS, ids=TOKEN_NAMES)
def test_a_token_that_expires_in_the_middle_is_renewed_once(erp: Erp, way: str, runs: Runs) -> None:
    with Simulator(small_books(months=MONTHS)) as simulator:
        simulator.tokens.rotate = True
        whole = finished(runs, erp, erp.authenticated(simulator, way, months=MONTHS))
        before = simulator.tokens.count
        simulator.faults.add(faults.expired_token(), erp=erp.name, nth=3)
        given = erp.authenticated(simulator, way, months=MONTHS, max_concurrency=4)
        renewed = finished(runs, erp, given)
        assert simulator.tokens.count == before + 2  # one to begin with, one after it has expired
    assert differences(Loaded(renewed).current(), Loaded(whole).current()) == []


class Store:
    """A tap whose refresh token is replaced at each use, and the file that keeps the newest."""

    def __init__(self, erp: Erp, runs: Runs, simulator: Simulator, folder: Path) -> None:
        simulator.tokens.rotate = True
        self._erp = erp
        self._runs = runs
        self._simulator = simulator
        self.file = folder / "tokens.json"
        # One request at a time: a killed run leaves none behind that could be taken for the next's.
        self._given = erp.authenticated(
            simulator,
            "refresh_token",
            months=MONTHS,
            token_store=str(self.file),
            max_concurrency=1,
        )
        runs.secrets.learn_settings(self._given)

    def start(self) -> Running:
        return self._runs.start(self._erp.command, self._given)

    def finished(self) -> Output:
        return finished(self._runs, self._erp, self._given)

    def killed_asking_for_a_token(self) -> Output:
        """A run that is killed when it asks for a token, and gets none."""
        return self._killed("token", lambda _: True)

    def killed_using_a_new_token(self) -> Output:
        """A run that is killed when it first uses a token that it has been granted."""
        before = self._simulator.tokens.count
        return self._killed(None, lambda _: self._simulator.tokens.count > before)

    def _killed(self, endpoint: str | None, where: Where) -> Output:
        pid: Future[int] = Future()

        def act(_: Exchange) -> Response:
            os.kill(pid.result(timeout=PATIENCE), signal.SIGKILL)
            return Response(0, delivery=Delivery(silent=True, reset=True))

        self._simulator.faults.add(Fault("kill", act), endpoint=endpoint, where=where)
        running = self.start()
        pid.set_result(running.pid)
        return running.wait()

    def refused(self) -> int:
        """How many requests for a token were refused: none may be, or the chain is broken."""
        return self._simulator.requests.count(
            self._erp.name, "token", lambda one: one.status not in {200, None}
        )


@pytest.fixture(params=ROTATING, ids=ROTATING_NAMES)
def rotating(request: pytest.FixtureRequest) -> Erp:
    """Each ERP that hands out refresh tokens."""
    given: Erp = request.param
    return given


def test_a_rotated_token_outlives_the_run(rotating: Erp, runs: Runs, tmp_path: Path) -> None:
    with Simulator(small_books(months=MONTHS)) as simulator:
        store = Store(rotating, runs, simulator, tmp_path)
        for _ in range(2):
            store.finished()
            simulator.tokens.revoke_all(rotating.name)  # the next one must renew
        assert (simulator.tokens.count, store.refused()) == (2, 0)
        assert store.file.stat().st_mode & 0o777 == 0o600


def test_a_kill_after_the_grant_loses_no_token(rotating: Erp, runs: Runs, tmp_path: Path) -> None:
    """The refresh token is on disk before the access token beside it is used."""
    with Simulator(small_books(months=MONTHS)) as simulator:
        store = Store(rotating, runs, simulator, tmp_path)
        for _ in range(3):
            assert store.killed_using_a_new_token().status == -signal.SIGKILL
            simulator.tokens.revoke_all(rotating.name)
        store.finished()
        assert (simulator.tokens.count, store.refused()) == (4, 0)


def test_a_kill_while_it_holds_the_lock_holds_up_nobody(
    rotating: Erp, runs: Runs, tmp_path: Path
) -> None:
    with Simulator(small_books(months=MONTHS)) as simulator:
        store = Store(rotating, runs, simulator, tmp_path)
        assert store.killed_asking_for_a_token().status == -signal.SIGKILL
        store.finished()
        assert store.refused() == 0


def test_processes_at_once_use_one_chain(rotating: Erp, runs: Runs, tmp_path: Path) -> None:
    with Simulator(small_books(months=MONTHS)) as simulator:
        store = Store(rotating, runs, simulator, tmp_path)
        for _ in range(3):
            # It ends under their hands, and all of them notice.
            simulator.faults.add(faults.expired_token(), erp=rotating.name, nth=4)
            outputs = [running.wait() for running in [store.start() for _ in range(3)]]
            assert [output.status for output in outputs] == [0, 0, 0], outputs[0].stderr
        assert (simulator.tokens.count, store.refused()) == (4, 0)


def finished(runs: Runs, erp: Erp, given: dict[str, Any]) -> Output:
    """A run that succeeds."""
    runs.secrets.learn_settings(given)
    output = runs(erp.command, given)
    assert output.status == 0, output.stderr
    return output
