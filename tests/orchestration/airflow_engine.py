"""Apache Airflow as several machines would run it: its services, and workers fed by Celery."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import namedtuple_row

from demo.postgres import Postgres
from docs.blocks import Block, shell
from e2e.commands import PROJECT, environment, meltano
from orchestration.machines import power_off, tree
from orchestration.waiting import until

PROGRAM = PROJECT / ".airflow" / "venv" / "bin" / "airflow"
DAGS = PROJECT / "orchestrate" / "airflow"
SERVICES = ("api-server", "scheduler", "dag-processor")
WORKER = ("celery", "worker", "--concurrency")


class Task(NamedTuple):
    """A task of a run, as the engine keeps it."""

    state: str | None
    try_number: int
    pid: int | None


def program() -> Path:
    """Airflow's command.

    Raises:
        FileNotFoundError: It is not installed.
    """
    if not PROGRAM.exists():
        raise FileNotFoundError("Airflow is missing: run `make test-orchestration`.")
    return PROGRAM


def commands() -> list[str]:
    """The folders of Airflow's and Meltano's commands."""
    return [str(program().parent), str(meltano().parent)]


def own_settings(home: Path) -> dict[str, str]:
    """What every command of one Airflow needs; it holds no key of an ERP."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }


def shared_settings(port: int, kept: str, broker: str) -> dict[str, str]:
    """What all machines of one Airflow have in common."""
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{kept}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": kept,
    }


class Engine:
    """The services and the workers of one Airflow, until `stop`."""

    def __init__(self, home: Path, postgres: Postgres, database: str, broker: str) -> None:
        """Remember where it keeps its own state; nothing is started yet.

        The engine looks for killed workers after ten seconds instead of five minutes, and tries
        again after one second instead of six minutes.
        """
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self._home = home
        self._env = (
            environment({"PATH": os.pathsep.join([*commands(), os.environ["PATH"]])})
            | own_settings(home)
            | shared_settings(port, postgres.uri(database, "psycopg2"), broker)
            | {
                "AIRFLOW__API__HOST": "127.0.0.1",
                "AIRFLOW__API__PORT": str(port),
                "AIRFLOW__API__WORKERS": "1",
                "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
                "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
                "ERP_AIRFLOW_RETRY_SECONDS": "1",
            }
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._database = psycopg.connect(
            postgres.uri(database), autocommit=True, row_factory=namedtuple_row
        )

    def start(self, workers: int, secret: Mapping[str, str]) -> None:
        """Start the services, and workers of one task each; they alone know what is secret."""
        self.shell(Block("", "sh", "airflow db migrate\n"))
        for service in SERVICES:
            self._start(service, [service], self._env)
        names = [f"worker-{number}" for number in range(workers)]
        for name in names:
            options = ["1", "--celery-hostname", f"{name}@%h"]
            self._start(name, [*WORKER, *options, "--skip-serve-logs"], self._env | dict(secret))
        until(lambda: all(" ready." in self.log(name) for name in names), "the workers are ready")
        until(lambda: self.rows("select 1 from dag"), "the DAGs are read")

    def stop(self) -> None:
        """End everything."""
        for process in self._processes.values():
            if process.poll() is None:
                power_off(process.pid, process.wait)
        self._processes.clear()
        self._database.close()

    def shell(self, block: Block) -> str:
        """Run a block of commands as an operator of this Airflow; gives what it prints."""
        return shell(block, self._env, path=[program().parent])

    def run(self, how: str) -> str:
        """The newest run that was started so, `scheduled` or `manual`, once it is there."""
        asked = "select run_id from dag_run where run_type = %s order by id desc"
        return str(until(lambda: self.rows(asked, how), f"a run, {how}")[0].run_id)

    def end(self, run: str) -> str:
        """The state in which a run has ended, once it has."""
        asked = "select state from dag_run where run_id = %s and state in ('success', 'failed')"
        return str(until(lambda: self.rows(asked, run), f"the end of {run}")[0].state)

    def tasks(self, run: str) -> dict[str, Task]:
        """The tasks of a run by their names."""
        found = self.rows(
            "select task_id, state, try_number, pid from task_instance where run_id = %s", run
        )
        return {row.task_id: Task(row.state, row.try_number, row.pid) for row in found}

    def worker_of(self, task: Task) -> str:
        """The worker that runs a task."""
        [name] = [
            name for name, process in self._processes.items() if task.pid in tree(process.pid)
        ]
        return name

    def power_off(self, worker: str) -> int:
        """Kill a worker with all that it runs; gives how many processes that were."""
        process = self._processes.pop(worker)
        return power_off(process.pid, process.wait)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the engine's own database."""
        return self._database.execute(query.encode(), values or None).fetchall()

    def log(self, name: str) -> str:
        """What a service or worker has printed."""
        return (self._home / f"{name}.out").read_text(errors="replace")

    def task_log(self, run: str, task: str, attempt: int = 1) -> str:
        """The log of a task."""
        folder = self._home / "logs" / "dag_id=portfolio-monthly" / f"run_id={run}"
        return (folder / f"task_id={task}" / f"attempt={attempt}.log").read_text(errors="replace")

    def everything_kept(self) -> str:
        """All that the engine has written: its database, the logs of its tasks and its own."""
        tables = self.rows("select tablename as name from pg_tables where schemaname = 'public'")
        rows = [str(row) for table in tables for row in self.rows(f"table {table.name}")]
        files = [file for file in self._home.rglob("*") if file.is_file()]
        return "\n".join([*rows, *(file.read_text(errors="replace") for file in files)])

    def _start(self, name: str, words: list[str], env: Mapping[str, str]) -> None:
        with (self._home / f"{name}.out").open("wb") as out:
            self._processes[name] = subprocess.Popen(
                [program(), *words],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
