"""The installed commands themselves: a tap alone, before the real loader, under Meltano; killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import PROJECT, Result, TapRunner, environment, meltano, target_postgres
from e2e.warehouse import SCHEMA, Warehouse
from faults.erps import ACTIVE, Erp
from faults.leaks import Secrets
from faults.loaded import Key, Loaded, Row, differences
from faults.loader import VIEWS, Loader
from faults.runs import PATIENCE, Output, Runs
from faults.small_books import small_books
from simulator import Simulator, faults
from simulator.faults import Exchange, Fault
from simulator.http11 import Delivery, Response

pytestmark = pytest.mark.pipelines

MONTHS = 3
MANY_MONTHS = 12
TIMEOUT = 600
OMIE = next(erp for erp in ACTIVE if erp.name == "omie")


def killing(simulator: Simulator, nth: int, pid: Future[int], *, group: bool = False) -> None:
    """Kill a process, or its whole group, when the nth request from now arrives."""

    def act(_: Exchange) -> Response:
        kill = os.killpg if group else os.kill
        kill(pid.result(timeout=PATIENCE), signal.SIGKILL)
        return Response(0, delivery=Delivery(silent=True, reset=True))

    simulator.faults.add(Fault("kill", act), nth=nth)


def printed(result: Result, given: Mapping[str, Any]) -> Output:
    """What an installed command printed, searched for secrets."""
    output = Output(result.returncode, result.stdout.encode(), result.stderr)
    secrets = Secrets()
    secrets.learn_settings(given)
    secrets.must_not_be_in(output.stdout, output.stderr)
    return output


def test_an_installed_tap_fails_clearly_and_goes_on(
    erp: Erp, run_tap: TapRunner, runs: Runs
) -> None:
    with Simulator(small_books(erp.companies(2))) as simulator:
        given = erp.configured(simulator, debug=True)
        simulator.faults.add(faults.status(503), nth=4, times=None)
        failed = printed(run_tap(erp.command, given), given)
        assert failed.status == 1
        assert failed.last_words.startswith("ERPConnectionError: ")
        simulator.faults.clear()
        resumed = runs(erp.command, given, state=failed.state)
        assert resumed.status == 0, resumed.stderr
        lines = sum(len(one.lines) for c in simulator.books.companies for one in c.entries)
    assert len(Loaded(failed, resumed).current()["subledger"]) == lines


def current(warehouse: Warehouse) -> dict[str, dict[Key, Row]]:
    """The rows of the project's views, by all of their columns but the time of reading."""
    warehouse.create_views()
    tables: dict[str, dict[Key, Row]] = {}
    for stream, view in VIEWS.items():
        rows = warehouse.rows(f"select * from {view}")  # noqa: S608 - a name of ours
        for row in rows:
            del row["extracted_at"]
        tables[stream] = {tuple(map(str, row.values())): row for row in rows}
    warehouse.execute(f"drop schema {SCHEMA} cascade")
    return tables


@dataclass(frozen=True)
class Undisturbed:
    """What a run that nobody disturbs leaves in the warehouse, and how many requests it makes."""

    current: dict[str, dict[Key, Row]]
    requests: int

    @classmethod
    def of(
        cls, given: dict[str, Any], simulator: Simulator, runs: Runs, warehouse: Warehouse
    ) -> Undisturbed:
        """Run, and load with the small loader."""
        output = runs(OMIE.command, given)
        assert output.status == 0, output.stderr
        Loader(warehouse).load(output)
        truth = current(warehouse)
        assert truth["subledger"]
        return cls(truth, len(simulator.requests))


def test_killed_in_front_of_the_real_loader(
    run_tap: TapRunner, loader: list[str], warehouse: Warehouse, runs: Runs
) -> None:
    """The loader alone knows how far it came: the next run starts from the state that it prints."""
    with Simulator(small_books(2, MANY_MONTHS)) as simulator:
        given = OMIE.configured(simulator, MANY_MONTHS, lookback_periods=0)

        def run(state: Any, kill_at: int | None = None) -> tuple[int, Any]:
            pid: Future[int] = Future()
            if kill_at is not None:
                killing(simulator, kill_at, pid)
            command = run_tap.command(OMIE.command, given, state=state)
            with subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment()
            ) as tap:
                pid.set_result(tap.pid)
                target = subprocess.run(
                    loader,
                    stdin=tap.stdout,
                    capture_output=True,
                    check=False,
                    env=environment(),
                    timeout=TIMEOUT,
                )
            states = target.stdout.splitlines()
            return tap.returncode, json.loads(states[-1]) if states else state

        truth = Undisturbed.of(given, simulator, runs, warehouse)
        # The second falls far into the other company: the first one's state has been written.
        first, state = run(None, kill_at=truth.requests // 3)
        second, state = run(state, kill_at=truth.requests * 5 // 6)
        assert (first, second) == (-signal.SIGKILL, -signal.SIGKILL)
        assert state is not None, "the first company was finished"
        assert run(state)[0] == 0
    assert differences(current(warehouse), truth.current) == []


def test_killed_under_meltano(warehouse: Warehouse, tmp_path: Path, runs: Runs) -> None:
    """Meltano, tap and loader killed together; then run again with --force."""
    target_postgres()
    with Simulator(small_books(2, MONTHS)) as simulator:
        given = OMIE.configured(simulator, MONTHS, lookback_periods=0)
        settings = {
            f"TAP_OMIE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()
            if name not in {"rate_limit", "retry"}
        } | {
            "TAP_OMIE_RATE_LIMIT__REQUESTS": "100000",
            "TAP_OMIE_RATE_LIMIT__BURST": "1000",
            "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
            "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
        }

        def run(*options: str, kill_at: int | None = None) -> int:
            pid: Future[int] = Future()
            if kill_at is not None:
                killing(simulator, kill_at, pid, group=True)
            command = [str(meltano()), "run", *options, OMIE.command, "target-postgres"]
            with (tmp_path / "log").open("wb") as log:
                process = subprocess.Popen(
                    command,
                    cwd=PROJECT,
                    env=environment(settings),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                pid.set_result(process.pid)
                status = process.wait(TIMEOUT)
            secrets = Secrets()
            secrets.learn_settings(given)
            secrets.must_not_be_in((tmp_path / "log").read_bytes())
            return status

        truth = Undisturbed.of(given, simulator, runs, warehouse)
        assert run(kill_at=truth.requests * 2 // 3) == -signal.SIGKILL
        assert run("--force") == 0, (tmp_path / "log").read_text()
    assert differences(current(warehouse), truth.current) == []
