"""The views say the same in every database that they are written for."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.warehouse import Warehouse
from erp_common.sql import Dialect, create_views, script
from loaders.mariadb import MariaDB

COLUMNS = {
    "periods": "company_id, period_start, period_end, entry_count, extracted_at",
    "trial_balance": "company_id, period_start, period_end, account_code, extracted_at",
    "subledger": "company_id, entry_id, transaction_date, extracted_at",
    "validation_issues": "issue_id, company_id, period_start, period_end, stream_name,"
    " extracted_at",
}
TYPES = {
    "period_start": "date",
    "period_end": "date",
    "transaction_date": "date",
    "extracted_at": "timestamp",
    "entry_count": "bigint",
}
DATABASES = ["postgres", "duckdb", "sqlite", pytest.param("mysql", marks=pytest.mark.loaders)]

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass
class Database:
    """A database, and how it is asked."""

    dialect: Dialect
    schema: str
    run: Callable[[str], object]
    ask: Query

    def tables(self) -> None:
        """Make the four tables, empty."""
        for table, columns in COLUMNS.items():
            described = ", ".join(
                f"{column} {TYPES.get(column, 'varchar(40)')}"
                for column in columns.replace(" ", "").split(",")
            )
            self.run(f"drop table if exists {self.schema}.{table}")
            self.run(f"create table {self.schema}.{table} ({described})")

    def fill(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Put these rows, and no others, into a table."""
        self.run(f"delete from {self.schema}.{table}")  # noqa: S608
        for row in rows:
            values = ", ".join("null" if value is None else f"'{value}'" for value in row)
            into = f"{self.schema}.{table} ({COLUMNS[table]})"
            self.run(f"insert into {into} values ({values})")  # noqa: S608

    def current(self, view: str, column: str) -> list[str]:
        """What a view leaves."""
        query = f"select {column} from {self.schema}.{view} order by 1"  # noqa: S608
        return [row[0] for row in self.ask(query)]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """One of the databases, with the four tables."""
    name = request.param
    if name == "postgres":
        warehouse: Warehouse = request.getfixturevalue("warehouse")
        warehouse.execute("create schema erp")
        with psycopg.connect(warehouse.uri, autocommit=True) as connection:
            yield made(
                Dialect.POSTGRES,
                "erp",
                lambda sql: connection.execute(sql.encode()),
                lambda sql: connection.execute(sql.encode()).fetchall(),
            )
    elif name == "duckdb":
        with duckdb.connect(str(tmp_path / "books.duckdb")) as duck:
            duck.execute("create schema erp")
            yield made(
                Dialect.DUCKDB, "erp", duck.execute, lambda sql: duck.execute(sql).fetchall()
            )
    elif name == "sqlite":
        lite = sqlite3.connect(tmp_path / "erp.sqlite", isolation_level=None)
        yield made(Dialect.SQLITE, "main", lite.executescript, lambda sql: list(lite.execute(sql)))
        lite.close()
    else:
        server: MariaDB = request.getfixturevalue("mariadb")
        server.run("create or replace database erp")
        yield made(Dialect.MYSQL, "erp", server.run, server.ask)


def made(dialect: Dialect, schema: str, run: Callable[[str], object], ask: Query) -> Database:
    """The database with its tables and views."""
    database = Database(dialect, schema, run, ask)
    database.tables()
    database.run(create_views(schema, dialect))
    return database


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A MariaDB server of this session's own."""
    with MariaDB(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


def month(number: int, length: int = 1) -> tuple[date, date]:
    """A period of 2024 that begins with this month."""
    after = number + length
    end = date(2024 + after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return date(2024, number + 1, 1), end


MOMENTS = st.integers(1, 4).map(lambda day: f"2024-12-0{day} 03:00:00")
PERIODS = st.one_of(
    st.integers(0, 5).map(month), st.sampled_from([0, 3]).map(lambda first: month(first, 3))
)
COMPANIES = st.sampled_from(["acme", "beta"])
LOADS = st.fixed_dictionaries(
    {
        "periods": st.dictionaries(
            st.tuples(COMPANIES, PERIODS), st.tuples(st.one_of(st.none(), st.just(2)), MOMENTS)
        ),
        "accounts": st.lists(st.tuples(COMPANIES, PERIODS, MOMENTS), max_size=6),
        "postings": st.lists(
            st.tuples(COMPANIES, st.dates(date(2024, 1, 1), date(2024, 7, 9)), MOMENTS), max_size=6
        ),
        "issues": st.lists(
            st.tuples(COMPANIES, PERIODS, st.sampled_from(["subledger", "trial_balance"]), MOMENTS),
            max_size=4,
        ),
    }
)


@pytest.mark.parametrize("database", DATABASES, indirect=True)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(loaded=LOADS)
def test_a_view_leaves_what_was_read_last(database: Database, loaded: dict[str, Any]) -> None:
    periods = loaded["periods"]
    rows = [(company, *period, entries, at) for (company, period), (entries, at) in periods.items()]
    database.fill("periods", rows)
    accounts = [
        (company, *period, f"a{n}", at)
        for n, (company, period, at) in enumerate(loaded["accounts"])
    ]
    database.fill("trial_balance", accounts)
    postings = [
        (company, f"p{n}", day, at) for n, (company, day, at) in enumerate(loaded["postings"])
    ]
    database.fill("subledger", postings)
    issues = [
        (f"i{n}", company, *period, stream, at)
        for n, (company, period, stream, at) in enumerate(loaded["issues"])
    ]
    database.fill("validation_issues", issues)

    assert database.current("current_trial_balance", "account_code") == [
        code
        for company, start, end, code, at in accounts
        if periods.get((company, (start, end)), (0, ""))[1] <= at
    ]
    assert database.current("current_subledger", "entry_id") == [
        entry
        for company, entry, day, at in postings
        if all(
            since <= at
            for owner, start, end, entries, since in rows
            if owner == company and start <= day <= end and entries is not None
        )
    ]
    assert database.current("current_validation_issues", "issue_id") == [
        name
        for name, company, start, end, stream, at in issues
        if periods.get((company, (start, end)), (0, ""))[1] <= at
        or (stream == "subledger" and periods[company, (start, end)][0] is None)
    ]


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_the_views_can_be_made_again(database: Database) -> None:
    database.run(f"alter table {database.schema}.subledger add column project varchar(10)")
    database.run(create_views(database.schema, database.dialect))
    assert database.current("current_subledger", "project") == []


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_without_tables_it_says_so(database: Database) -> None:
    for view in ("trial_balance", "subledger", "validation_issues"):
        database.run(f"drop view {database.schema}.current_{view}")
    database.run(f"drop table {database.schema}.periods")
    with pytest.raises(Exception, match="periods"):
        database.run(create_views(database.schema, database.dialect))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_the_work_grows_with_the_rows_alone(database: Database) -> None:
    """Five years of months: no posting is compared with every period of its company."""
    database.run(
        """
        insert into erp.periods
        select 'acme', start, start + interval '1 month - 1 day', 1, '2029-01-01'
        from generate_series(date '2024-01-01', date '2028-12-01', interval '1 month') as start;
        insert into erp.subledger
        select 'acme', 'e' || number, date '2024-01-01' + number % 1800, '2029-01-01'
        from generate_series(1, 30000) as number;
        analyze erp.periods; analyze erp.subledger;
        """
    )
    explain = "explain (analyze, timing off, format json) select * from erp.current_subledger"
    plan = database.ask(explain)[0][0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    assert compared(plan[0]["Plan"]) <= 1800 * 60 * 1.1


def compared(node: dict[str, Any]) -> float:
    """How many pairs the joins of a plan have looked at and thrown away."""
    here = node.get("Rows Removed by Join Filter", 0) * node.get("Actual Loops", 1)
    return float(here) + sum(compared(child) for child in node.get("Plans", []))


@pytest.mark.parametrize("dialect", [one.value for one in Dialect])
def test_the_command_prints_them(dialect: str) -> None:
    command = [sys.executable, "-m", "erp_common.sql", "--dialect", dialect, "--schema", "books"]
    printed = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    assert printed == script("books", Dialect(dialect))


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3 command here")
def test_the_client_fails_where_nothing_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sqlite3", str(tmp_path / "empty.sqlite")],
        input=script("main", Dialect.SQLITE).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert b"load once with all streams first" in done.stderr
