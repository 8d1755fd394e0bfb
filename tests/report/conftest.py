"""Models of small books in PostgreSQL and in DuckDB, and the command to run on them."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from close_report.cli import main
from demo.postgres import Postgres
from report.ledgers import Facts, Rows, models
from report.tables import create
from simulator import Books

START, END = date(2024, 10, 1), date(2025, 2, 28)
TODAY = date(2025, 2, 10)
"""February is open then, and January the newest closed month."""


@dataclass
class Said:
    """What a run of the command left."""

    status: int
    out: str
    err: str


Run = Callable[..., Said]


@dataclass
class Database:
    """A warehouse with the models, and how to build them anew."""

    address: str
    folder: Path

    def build(self, rows: Rows) -> None:
        """What `dbt build` does: every model anew, and nothing else touched."""
        create(self.address, rows, self.folder)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        engine = sa.create_engine(self.address)
        with engine.connect() as connection:
            found = [dict(row._mapping) for row in connection.execute(sa.text(query))]
        engine.dispose()
        return found


def usual_books(start: date = START) -> Books:
    """Two companies over five months, a year's end among them."""
    return Books.generate(
        companies=["aurora", "bela"],
        start=start,
        end=END,
        entries_per_month=8,
        year_end_closing=True,
    )


@pytest.fixture
def books() -> Books:
    """The books, which the test may change."""
    return usual_books()


@cache
def usual_rows() -> Rows:
    """The models of the usual books, in which nothing is wrong."""
    return models(usual_books(), START, END)


@pytest.fixture
def facts() -> Facts:
    """What is wrong with the books; a test's file may say something else."""
    return Facts()


@pytest.fixture
def rows(books: Books, facts: Facts) -> Rows:
    """The models' rows; the lists are the test's own."""
    if facts == Facts():
        return {table: list(listed) for table, listed in usual_rows().items()}
    return models(books, START, END, facts)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Database]:
    """The usual models in each kind of database, built once; tests have copies."""
    folder = tmp_path_factory.mktemp("templates")

    @cache
    def template(address: str) -> Database:
        built = Database(address, folder)
        built.build(usual_rows())
        return built

    return template


@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.close), "duckdb"])
def database(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    templates: Callable[[str], Database],
) -> Iterator[Database]:
    """A copy of the usual models, the test's own."""
    if request.param == "duckdb":
        file = tmp_path / "warehouse.duckdb"
        folder = request.getfixturevalue("tmp_path_factory").getbasetemp()
        built = templates(f"duckdb:///{folder / 'template.duckdb'}")
        shutil.copy(built.address.removeprefix("duckdb:///"), file)
        yield Database(f"duckdb:///{file}", tmp_path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"report_{uuid.uuid4().hex}"
    with psycopg.connect(server.uri(), autocommit=True) as connection:
        existing = connection.execute("select datname from pg_database").fetchall()
        if ("report_template",) not in existing:
            connection.execute("create database report_template")
            templates(_address(server, "report_template"))
        connection.execute(f"create database {name} template report_template".encode())
        try:
            yield Database(_address(server, name), tmp_path)
        finally:
            connection.execute(f"drop database {name} with (force)".encode())


def _address(server: Postgres, name: str) -> str:
    return server.uri(name).replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture
def close(database: Database, rows: Rows, facts: Facts) -> Database:
    """The database with the models of the test's own facts in it."""
    if facts != Facts():
        database.build(rows)
    return database


@pytest.fixture
def run(database: Database, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `close-report` on the database, as on the day `TODAY`."""

    def run(*arguments: str, address: str | None = None) -> Said:
        command, *rest = arguments
        where = ["--database", address or database.address, "--as-of", TODAY.isoformat()]
        status = main([command, *where, *rest])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


class Scripts(HTMLParser):
    """The JSON in a page: what is shared, and each company's."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shared: Any = None
        self.companies: dict[str, Any] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._taking: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "script" and found.get("type") == "application/json":
            self._taking = found.get("data-company") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._taking = None

    def handle_data(self, data: str) -> None:
        if self._taking is None:
            return
        if self._taking:
            self.companies[self._taking] = json.loads(data)
        else:
            self.shared = json.loads(data)


def scripts(file: Path) -> Scripts:
    """What a page's script draws from."""
    return Scripts(file.read_text(encoding="utf-8"))
