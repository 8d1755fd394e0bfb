"""What tests in every part of the project may ask for: the installed commands and PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.postgres import Postgres, temporary_postgres
from e2e.commands import TapRunner
from e2e.warehouse import Warehouse

PIPELINES = "pipelines"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{PIPELINES}: minutes of Meltano; only with -m {PIPELINES}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is asked for: `make test-pipelines` does."""
    if PIPELINES in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker(PIPELINES)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


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
