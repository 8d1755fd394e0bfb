"""What tests in every part of the project may ask for: the installed commands and PostgreSQL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.postgres import Postgres, temporary_postgres
from e2e.commands import TapRunner, target_postgres
from e2e.warehouse import SCHEMA, Warehouse
from faults.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

ASKED_FOR = {
    "pipelines": "minutes of Meltano, and of what documents tell a reader to type",
    "nightly": "many more points of failure",
    "slow": "seconds each, where quicker tests cover most of the ground",
    "close": "minutes of dbt",
    "browser": "needs Debian's Chromium",
    "accessibility": "needs axe-core, which npm brings",
    "orchestration": "needs Apache Airflow",
    "hostile": "a minute or two of servers that mean harm",
    "loaders": "needs MariaDB, and loaders in environments of their own",
}
"""Markers of tests that `make test` leaves out, and why; each runs with `-m` and its name."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker, why in ASKED_FOR.items():
        config.addinivalue_line("markers", f"{marker}: {why}; only with -m {marker}")
    config.addinivalue_line("markers", "by_day(*erps): slow for every other `erp` than these")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes or more than Python, unless it is asked for."""
    for item in items:
        by_day = item.get_closest_marker("by_day")
        erp = _erp(item)
        if by_day is not None and erp is not None and erp not in by_day.args:
            item.add_marker("slow")
    silent = [marker for marker in ASKED_FOR if marker not in config.option.markexpr]
    left_out = {item for item in items if any(map(item.get_closest_marker, silent))}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _erp(item: pytest.Item) -> str | None:
    """The name of the ERP that a test is run with, however that is asked."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return None
    given = item.callspec.params.get("erp")
    return None if given is None else str(getattr(given, "erp", given))


@pytest.fixture
def run_tap(tmp_path: Path) -> TapRunner:
    """Run an installed tap command: `run_tap("tap-omie", config, state=…, catalog=…, args=…)`."""
    return TapRunner(tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server, one for each worker, empty at first and gone at the end."""
    with temporary_postgres() as server:
        yield server


@pytest.fixture
def warehouse(postgres: Postgres) -> Iterator[Warehouse]:
    """An empty database on that server, the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with Warehouse(postgres.uri()) as server:
        server.execute(f"create database {name}")
        try:
            with Warehouse(postgres.uri(name)) as database:
                yield database
        finally:
            server.execute(f"drop database {name} with (force)")


@pytest.fixture
def loader(warehouse: Warehouse, tmp_path: Path) -> list[str]:
    """The command line of target-postgres, with the settings of meltano.yml that matter here."""
    config = tmp_path / "target.json"
    settings = {
        "sqlalchemy_url": warehouse.sqlalchemy_url,
        "default_target_schema": SCHEMA,
        "use_copy": False,
        "validate_records": False,
        "activate_version": False,
        "add_record_metadata": False,
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    return [str(target_postgres()), "--config", str(config)]
