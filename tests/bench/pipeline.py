"""From the ERP into PostgreSQL: who takes the time, and what the loader's settings change."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from psycopg.conninfo import conninfo_to_dict

from bench.figures import Figure, Section
from bench.process import Commands, Cost, run
from bench.served import Served, serving
from bench.serving import LARGE
from bench.sizes import Sizes
from bench.watching import Seen, Watch, processes
from demo import meltano
from demo.postgres import Postgres, temporary_postgres
from e2e.commands import target_postgres
from e2e.warehouse import SCHEMA, Warehouse

HOW = f"""\
One month of one company with about {{rows:,}} postings, one of {LARGE} among them, by `meltano run
tap-omie target-postgres` as meltano.yml has it into the PostgreSQL of the demo; CPU seconds of each
program as `/proc` shows them twenty times a second; the plain SDK tap's share is what it would be
with its CPU in place of tap-omie's. Then the same messages from a file into the
loader alone, with one setting changed at a time: seconds on the clock, each once. Beside them
[`dlt_pipeline.py`](../tests/bench/dlt_pipeline.py), in turn with `tap-omie | erp-target-postgres`:
the same postings from the same simulator, upserted by the same key, by dlt with its inserts and by
its COPY; CPU seconds of all programs and of PostgreSQL's backends, medians of {{times}} runs into
empty databases. Exact means that the large amount and the sum of all are in the table with every
digit."""
DLT = Path(__file__).parents[2] / ".tools" / "loaders" / "dlt" / "bin" / "python"
WITHOUT_DLT = Figure(
    "from ERP to table beside dlt",
    "not measured",
    ratio="dlt is not there: `python -m loaders.known dlt`",
)

LOADER: dict[str, Any] = {
    "default_target_schema": SCHEMA,
    "use_copy": False,
    "validate_records": False,
    "activate_version": False,
    "add_record_metadata": False,
}
"""Settings of the loader as meltano.yml has them."""

CHANGES: dict[str, dict[str, Any]] = {
    "as in meltano.yml": {},
    "batch_size_rows 2000": {"batch_size_rows": 2_000},
    "batch_size_rows 50000": {"batch_size_rows": 50_000},
    "validate_records true": {"validate_records": True},
    "use_copy true": {"use_copy": True},
}
WITH_FILES = "batch_config in the tap"
BATCH_SIZE = 10_000


class Loaded(NamedTuple):
    """What a run of the loader took, and whether the amounts are exact."""

    cost: Cost
    rows: int
    exact: bool


class Databases:
    """Empty databases on one server."""

    def __init__(self, server: Postgres) -> None:
        """Make them there."""
        self._server = server
        self._numbers = count(1)

    @contextmanager
    def empty(self) -> Iterator[Warehouse]:
        """A new one."""
        name = f"bench_{next(self._numbers)}"
        with Warehouse(self._server.uri()) as server:
            server.execute(f"create database {name}")
        with Warehouse(self._server.uri(name)) as warehouse:
            yield warehouse


def measure(folder: Path, sizes: Sizes) -> Section:
    """Measure the whole pipeline, then the loader alone."""
    with temporary_postgres() as server, serving(rows=sizes.pipeline, large_amount=True) as books:
        databases = Databases(server)
        whole = _whole(folder, databases, books)
        loaded = _alone(folder, databases, books)
        times = min(sizes.times, 3)
        beside = _beside_dlt(folder, databases, books, times) if DLT.exists() else [WITHOUT_DLT]
    usual = loaded["as in meltano.yml"].cost.wall
    alone = [
        Figure(
            f"loader alone, {name}",
            f"{one.rows / one.cost.wall:,.0f} rows/s, {one.cost.cpu:.1f} CPU s",
            ratio=f"{usual / one.cost.wall:.2f} x as in meltano.yml, "
            + ("exact" if one.exact else "not exact"),
            goal="" if name == "use_copy true" else "exact",
            reached=None if name == "use_copy true" else one.exact,
        )
        for name, one in loaded.items()
    ]
    how = HOW.format(rows=sizes.pipeline, times=times)
    return Section("Pipeline", how, [*whole, *beside, *alone])


def _whole(folder: Path, databases: Databases, books: Served) -> list[Figure]:
    database = f"sqlite:///{folder / 'meltano.db'}"
    with databases.empty() as warehouse:
        server = _server(warehouse)

        def role(pid: int, seen: Seen) -> str | None:
            if server in {pid, seen.parent}:
                return "PostgreSQL"
            if database.encode() not in seen.environment:
                return None
            words = seen.command.partition(" --")[0]
            return next(
                (name for name in ("tap-omie", "target-postgres") if name in words), "Meltano"
            )

        began = time.monotonic()
        with Watch(role) as watch:
            meltano.run(
                _environment(books.settings("omie"), warehouse, database),
                log=folder / "meltano.log",
                tell=lambda _: None,
            )
        seconds = time.monotonic() - began
        rows, exact = _amounts(warehouse, books)
    cpu = watch.cpu()
    others = sum(cpu.values()) - cpu["tap-omie"]
    plain = run(Commands(folder).plain(books.settings("omie"))).cpu
    programs = ", ".join(f"{name} {taken:.1f}" for name, taken in sorted(cpu.items()))
    return [
        Figure(
            f"meltano run, {rows:,} postings",
            f"{seconds:.1f} s",
            ratio=f"{rows / seconds:,.0f} rows/s, " + ("exact" if exact else "not exact"),
            goal="exact",
            reached=exact,
        ),
        Figure(
            f"the tap's share of CPU (seconds: {programs})",
            _share(cpu["tap-omie"], others),
            _share(plain, others),
        ),
    ]


def _share(tap: float, others: float) -> str:
    return f"{tap / (tap + others):.1%}"


def _alone(folder: Path, databases: Databases, books: Served) -> dict[str, Loaded]:
    """What the loader takes, by what was changed."""
    write, settings = Commands(folder), books.settings("omie")
    messages, manifests = folder / "messages.jsonl", folder / "manifests.jsonl"
    run(write.tap("tap-omie", settings), messages)
    root = folder / "batches-for-loader"
    root.mkdir()
    batches = {
        "batch_size": BATCH_SIZE,
        "encoding": {"format": "jsonl", "compression": "none"},
        "storage": {"root": root.as_uri()},
    }
    run(write.tap("tap-omie", {**settings, "batch_config": batches}), manifests)
    run([str(target_postgres()), "--about"])  # compiles the modules
    sources = [(name, messages, more) for name, more in CHANGES.items()]
    loaded = {}
    for name, source, more in [*sources, (WITH_FILES, manifests, {})]:
        with databases.empty() as warehouse:
            config = {**LOADER, "sqlalchemy_url": warehouse.sqlalchemy_url, **more}
            command = [str(target_postgres()), "--config", write.file(config)]
            cost = run(command, source=source)
            loaded[name] = Loaded(cost, *_amounts(warehouse, books))
    return loaded


class Taken(NamedTuple):
    """What a pipeline took, PostgreSQL's CPU among it."""

    wall: float
    cpu: float
    rows: int
    exact: bool


def _beside_dlt(folder: Path, databases: Databases, books: Served, times: int) -> list[Figure]:
    """From the ERP into the table, ours and dlt's in turn."""
    taken: dict[str, list[Taken]] = {"ours": [], "insert_values": [], "csv": []}
    for number in range(times):
        for name, runs in taken.items():
            with databases.empty() as warehouse:
                own = folder / f"{name}-{number}"
                own.mkdir()
                command = _ours(own, warehouse, books)
                if name != "ours":
                    command = _dlts(own, warehouse, books, name)
                with Watch(_new_backends(_server(warehouse))) as watch:
                    cost = run(command)
                cpu = cost.cpu + watch.cpu().get("PostgreSQL", 0.0)
                runs.append(Taken(cost.wall, cpu, *_amounts(warehouse, books)))
    wall = {name: median(one.wall for one in runs) for name, runs in taken.items()}
    cpus = {name: median(one.cpu for one in runs) for name, runs in taken.items()}
    figures = []
    for name, title in (("insert_values", "dlt, its inserts"), ("csv", "dlt, its COPY")):
        shares = wall["ours"] / wall[name], cpus["ours"] / cpus[name]
        exact = all(one.exact for one in (*taken[name], *taken["ours"]))
        judged = name == "csv"
        figures.append(
            Figure(
                f"from ERP to table beside {title}, {taken[name][0].rows:,} postings",
                f"{wall['ours']:.1f} s, {cpus['ours']:.1f} CPU s",
                ratio=f"{title}: {wall[name]:.1f} s, {cpus[name]:.1f} CPU s"
                f"{'' if exact else ', not exact'}; {shares[0]:.2f} x and {shares[1]:.2f} x",
                goal="at most 0.5 x" if judged else "",
                reached=max(shares) <= 0.5 and exact if judged else None,
            )
        )
    return figures


def _new_backends(server: int) -> Callable[[int, Seen], str | None]:
    """The role of the server's processes that are not there yet."""
    there = set(processes())
    return lambda pid, seen: "PostgreSQL" if seen.parent == server and pid not in there else None


def _ours(folder: Path, warehouse: Warehouse, books: Served) -> list[str]:
    write = Commands(folder)
    target = {**LOADER, "sqlalchemy_url": warehouse.sqlalchemy_url}
    tap = shlex.join(write.tap("tap-omie", books.settings("omie")))
    load = shlex.join([str(target_postgres()), "--config", write.file(target)])
    return ["bash", "-c", f"set -o pipefail; {tap} | {load}"]


def _dlts(folder: Path, warehouse: Warehouse, books: Served, form: str) -> list[str]:
    parts = conninfo_to_dict(warehouse.uri)
    # dlt insists on a host and a password; libpq takes the folder of the socket from the query.
    address = f"postgresql://{parts['user']}:-@localhost/{parts['dbname']}?host={parts['host']}"
    own = {"database": address, "folder": str(folder), "format": form}
    config = Commands(folder).file({**books.settings("omie"), **own})
    environment = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "DLT_DATA_DIR": str(folder),
        "HOME": str(folder),
    }
    settings = [f"{name}={value}" for name, value in environment.items()]
    return ["env", "-C", str(folder), *settings, str(DLT), "-m", "bench.dlt_pipeline", config]


def _environment(settings: dict[str, Any], warehouse: Warehouse, database: str) -> dict[str, str]:
    """The tap's settings as Meltano takes them from the environment."""
    written = {
        f"TAP_OMIE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
        if name != "rate_limit"
    }
    limit = {
        f"TAP_OMIE_RATE_LIMIT_{name.upper()}": str(value)
        for name, value in settings["rate_limit"].items()
    }
    return {
        **written,
        **limit,
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        "MELTANO_DATABASE_URI": database,
    }


def _amounts(warehouse: Warehouse, books: Served) -> tuple[int, bool]:
    """How many postings were loaded, and whether their amounts are the books'."""
    [row] = warehouse.rows(
        "select count(*) as rows, max(debit_amount) as largest,"
        " sum(debit_amount) as debits from subledger"
    )
    return row["rows"], (row["largest"], row["debits"]) == (LARGE, books.debits())


def _server(warehouse: Warehouse) -> int:
    """The process id of the server that all its backends have as their parent."""
    [backend] = warehouse.values("select pg_backend_pid()")
    stat = Path(f"/proc/{backend}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])
