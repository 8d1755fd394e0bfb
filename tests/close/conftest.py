"""Books read once by all four taps, and databases to close them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from close.reading import Reader
from close.warehouses import Close, DuckClose, PostgresClose
from e2e.warehouse import Warehouse
from simulator import Books, Simulator

Serve = Callable[[Books], Reader]


@pytest.fixture
def duck(tmp_path: Path) -> DuckClose:
    """An empty file of DuckDB."""
    return DuckClose(tmp_path)


@pytest.fixture(params=["duckdb", "postgres"])
def close(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Close]:
    """An empty database of each kind."""
    if request.param == "duckdb":
        yield DuckClose(tmp_path)
        return
    warehouse: Warehouse = request.getfixturevalue("warehouse")
    yield PostgresClose(tmp_path, warehouse.uri)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve books, and read them through the taps."""
    running: list[Simulator] = []

    def _serve(books: Books) -> Reader:
        sim = Simulator(books)
        sim.__enter__()
        running.append(sim)
        return Reader(sim, tmp_path)

    yield _serve
    for sim in running:
        sim.__exit__(None, None, None)
