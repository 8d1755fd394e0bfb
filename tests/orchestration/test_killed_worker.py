"""The portfolio on four workers of Airflow, one of which loses power: the books are exact."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import psycopg
import pytest

from demo.meltano import turn
from demo.postgres import Postgres
from docs.blocks import substituted
from e2e.commands import target_postgres
from e2e.holding import MEMBERS, agree, books, keys, settings
from e2e.warehouse import Warehouse
from faults.redis_server import redis_server
from house.portfolio import Member
from orchestration.airflow_engine import Engine, Task
from orchestration.page import block
from orchestration.waiting import until
from simulator import LoggedRequest, Simulator, faults

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.xdist_group("meltano"),
    pytest.mark.timeout(2400),
]

WORKERS = 4
REFUSED = next(member for member in MEMBERS if member.code == "MUNDDI")


@pytest.fixture
def databases(postgres: Postgres, warehouse: Warehouse) -> Iterator[str]:
    """The prefix of the names of two more databases: Airflow's and Meltano's."""
    prefix = str(warehouse.values("select current_database()")[0])
    names = [f"{prefix}_airflow", f"{prefix}_meltano"]
    with Warehouse(postgres.uri()) as server:
        for name in names:
            server.execute(f"create database {name}")
        try:
            yield prefix
        finally:
            for name in names:
                server.execute(f"drop database {name} with (force)")


@pytest.fixture
def broker() -> Iterator[str]:
    """A real Redis, which hands the workers their tasks and holds the vendors' allowances."""
    with redis_server() as address:
        yield address


@pytest.fixture
def engine(postgres: Postgres, databases: str, broker: str, tmp_path: Path) -> Iterator[Engine]:
    """An Airflow of the test's own; what it said is in the test's folder."""
    one = Engine(tmp_path, postgres, f"{databases}_airflow", broker)
    try:
        yield one
    finally:
        one.stop()


def asked_of(member: Member) -> Callable[[LoggedRequest], bool]:
    """Whether a request is for this company's books."""
    return lambda request: request.company == member.code


def worker_environment(
    erp: Simulator, warehouse: Warehouse, database: str, broker: str
) -> dict[str, str]:
    """What each worker's environment holds; allowances are the vendors' own, which are defaults."""
    env = {name: value for name, value in settings(erp).items() if "_RATE_LIMIT_" not in name}
    for tap in {member.tap for member in MEMBERS}:
        env[f"{tap.upper().replace('-', '_')}_RATE_LIMIT_STORAGE_URL"] = broker
    for member in MEMBERS:
        env |= keys(erp, member)
    return env | {
        "MELTANO_ENVIRONMENT": "prod",
        "MELTANO_DATABASE_URI": database,
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        **warehouse.dbt_environment,
    }


def secrets_of(env: dict[str, str]) -> set[str]:
    """The values that nobody may write down."""
    return {
        value
        for name, value in env.items()
        if name.endswith(("_APP_KEY", "_APP_SECRET", "_CLIENT_SECRET", "_API_KEY"))
    }


def pass_five_minutes(meltano: str, job: str) -> None:
    """Let the last sign of life of a job's run be older than Meltano believes in."""
    with psycopg.connect(meltano) as connection:
        aged = connection.execute(
            "update runs set last_heartbeat_at = last_heartbeat_at - interval '5 minutes'"
            " where state = 'RUNNING' and job_name like %s",
            (f"%--{job}-to-%",),
        )
        assert aged.rowcount == 1


def all_at_work(engine: Engine, run: str) -> dict[str, Task] | None:
    """The companies under way, once every worker has one."""
    jobs = {member.job for member in MEMBERS}
    found = {
        name: task
        for name, task in engine.tasks(run).items()
        if name in jobs and task.state == "running" and task.pid
    }
    return found if len(found) == WORKERS else None


def test_the_books_are_exact_after_a_worker_is_gone(
    warehouse: Warehouse, postgres: Postgres, databases: str, broker: str, engine: Engine
) -> None:
    target_postgres()
    of = books(entries_per_month=8)
    go_on = Event()
    meltano = f"{databases}_meltano"
    with Simulator(of) as erp, turn():
        erp.limits.real()
        env = worker_environment(erp, warehouse, postgres.uri(meltano, "psycopg"), broker)
        # One company's key is refused; each of the others stops in the middle, at its third call.
        revoked = erp.faults.add(faults.forbidden(), where=asked_of(REFUSED))
        for member in MEMBERS:
            if member is not REFUSED:
                erp.faults.add(faults.slow_first_byte(go_on), where=asked_of(member), nth=3)
        engine.start(WORKERS, env)

        began = time.monotonic()
        engine.shell(block("airflow dags unpause"))
        run = engine.run("scheduled")
        try:
            until(
                lambda: len({one.company for one in erp.requests if one.fault}) > WORKERS,
                "four companies are in the middle, and the fifth has been refused",
            )
            under_way = until(lambda: all_at_work(engine, run), "every worker has a company")
            of_each = {name: engine.worker_of(task) for name, task in under_way.items()}
            assert len(set(of_each.values())) == WORKERS
            victim = min(under_way)
            killed = engine.power_off(of_each[victim])
            pass_five_minutes(postgres.uri(meltano), victim)
        finally:
            go_on.set()
        assert engine.end(run) == "failed"
        took = time.monotonic() - began

        tasks = engine.tasks(run)
        assert {name for name, task in tasks.items() if task.state != "success"} == {
            REFUSED.job,
            "tie-out",
            "build",
        }
        # Another try would be refused as well, so there was none; who was killed had a second one.
        assert tasks[REFUSED.job] == Task("failed", 1, tasks[REFUSED.job].pid)
        assert {name for name, task in tasks.items() if task.try_number != 1} == {victim}
        assert tasks[victim].try_number == 2
        last = engine.task_log(run, "tie-out")
        assert f"Not read to the end: {REFUSED.job} (failed)." in last
        for member in MEMBERS:
            assert (f"{member.code} " in last) == (member is not REFUSED)
        assert "ERPAuthenticationError: " in engine.task_log(run, REFUSED.job)

        revoked.cancel()
        erp.requests.clear()
        engine.shell(substituted(block("airflow dags trigger"), {"DATAHUB": REFUSED.code}))
        assert engine.end(engine.run("manual")) == "success"
        assert {one.company for one in erp.requests if one.company} == {REFUSED.code}

        assert erp.limits.rejected() == 0
        kept = engine.everything_kept()
        assert victim in kept
        assert not [secret for secret in secrets_of(env) if secret in kept]
    agree(warehouse, of)
    print(
        f"{len(MEMBERS)} companies, {WORKERS} workers, one killed ({victim}: {killed} processes):"
        f" {took:.0f} s until the run's end"
    )
