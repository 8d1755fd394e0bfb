"""PostgreSQL and DuckDB with the streams' tables, and dbt on them as a user runs it."""

# Names of tables and columns are the tests' own.
# ruff: noqa: S608

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import psycopg

from e2e.warehouse import dbt_environment
from erp_common.ledger.schemas import KEYS, SCHEMAS

PROJECT = Path(__file__).parents[2]
TRANSFORM = PROJECT / "transform"
DBT = PROJECT / ".tools" / "dbt" / "bin" / "dbt"
Row = dict[str, Any]


class BuildFailedError(Exception):
    """dbt ended with another status than 0."""


class Close(ABC):
    """A database with the streams' tables in `erp`, and the package's models in `close`."""

    kind: ClassVar[str]
    types: ClassVar[Mapping[str, str]]

    def __init__(self, folder: Path) -> None:
        """Keep dbt's files in `folder`."""
        self._folder = folder
        self.vars: Row = {}
        self.project = TRANSFORM

    # The loader's part

    def load(self, streams: Mapping[str, Iterable[Row]], schema: str = "erp") -> None:
        """Load rows as a loader does: the last of a key replaces the one that is there."""
        statements: list[tuple[str, str]] = [(f'create schema if not exists "{schema}"', "")]
        for stream, described in SCHEMAS.items():
            columns = {
                name: self.types[self._kind(field)]
                for name, field in described["properties"].items()
            }
            table = f'"{schema}"."{stream}"'
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            keys = KEYS[stream]
            key = f"primary key ({', '.join(keys)})"
            statements.append((f"create table if not exists {table} ({listed}, {key})", ""))
            last = {tuple(str(row[key]) for key in keys): row for row in streams.get(stream, ())}
            if last:
                text = _csv(columns, last.values())
                statements += self._upsert(table, columns, keys, text)
        self._run(statements)

    @staticmethod
    def _kind(field: Row) -> str:
        if field.get("format") in ("date", "date-time"):
            return str(field["format"])
        return str(field["type"][0])

    @abstractmethod
    def _upsert(
        self, table: str, columns: Mapping[str, str], keys: Sequence[str], text: str
    ) -> list[tuple[str, str]]:
        """Statements, each with what it reads, that load rows given as CSV."""

    @abstractmethod
    def _run(self, statements: Iterable[tuple[str, str]]) -> None:
        """Run statements in one transaction."""

    def execute(self, *statements: str) -> None:
        """Run statements."""
        self._run((statement, "") for statement in statements)

    @abstractmethod
    def query(self, query: str) -> list[Row]:
        """The rows of a query."""

    def rows(self, model: str, columns: str = "*", where: str = "true") -> list[Row]:
        """The rows of a model."""
        return self.query(f"select {columns} from close.{model} where {where}")

    def seed(self, name: str, *rows: Row, schema: str = "inputs") -> None:
        """Fill the table that takes a seed's place, whole."""
        header = (TRANSFORM / "seeds" / f"{name}.csv").read_text(encoding="utf-8").strip()
        columns = header.split(",")
        listed = ", ".join(f"{column} varchar" for column in columns)
        values = [
            "(" + ", ".join(_literal(row.get(column)) for column in columns) + ")" for row in rows
        ]
        for row in rows:
            assert not row.keys() - set(columns), row
        self.execute(
            f"create schema if not exists {schema}",
            f"drop table if exists {schema}.{name}",
            f"create table {schema}.{name} ({listed})",
            *([f"insert into {schema}.{name} values {', '.join(values)}"] if values else []),
        )
        self.vars["close_inputs_schema"] = schema

    # dbt

    @property
    @abstractmethod
    def address(self) -> str:
        """The database as SQLAlchemy names it."""

    @property
    @abstractmethod
    def _environment(self) -> dict[str, str]:
        """How dbt finds the database."""

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt."""
        command = [
            *(str(DBT), "--no-use-colors", *arguments),
            *(
                "--project-dir",
                str(self.project),
                "--profiles-dir",
                f"{TRANSFORM}/profiles/{self.kind}",
            ),
            *("--vars", json.dumps(self.vars)),
        ]
        environment = {
            **os.environ,
            **self._environment,
            "DBT_TARGET_PATH": str(self._folder / "target"),
            "DBT_LOG_PATH": str(self._folder / "logs"),
            "DBT_THREADS": "2",
        }
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=1500
        )

    def build(self, *arguments: str) -> None:
        """Build everything, or what the arguments select.

        Raises:
            BuildFailedError: With what dbt said.
        """
        done = self.dbt("build", *arguments)
        if done.returncode:
            raise BuildFailedError(done.stdout + done.stderr)

    def failing(self, *arguments: str) -> set[str]:
        """The names of the tests that fail or warn; one that cannot run is not among them."""
        self.dbt("test", *arguments)
        results = json.loads((self._folder / "target" / "run_results.json").read_text())
        return {
            one["unique_id"].split(".")[2]
            for one in results["results"]
            if one["status"] in ("fail", "warn")
        }


class PostgresClose(Close):
    """In PostgreSQL."""

    kind = "postgres"
    types: ClassVar[Mapping[str, str]] = {
        "string": "text",
        "date": "date",
        "date-time": "timestamp",
        "number": "numeric",
        "integer": "bigint",
        "boolean": "boolean",
        "object": "jsonb",
    }

    def __init__(self, folder: Path, uri: str) -> None:
        """Use the database at this address."""
        super().__init__(folder)
        self.uri = uri

    @property
    def address(self) -> str:
        """The database as SQLAlchemy names it."""
        return self.uri

    @property
    def _environment(self) -> dict[str, str]:
        return dbt_environment(self.uri)

    def _upsert(
        self, table: str, columns: Mapping[str, str], keys: Sequence[str], text: str
    ) -> list[tuple[str, str]]:
        names = ", ".join(f'"{name}"' for name in columns)
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns)
        taken = (
            f"select {names} from loaded on conflict ({', '.join(keys)}) do update set {changed}"
        )
        return [
            (f"create temp table loaded (like {table}) on commit drop", ""),
            (f"copy loaded ({names}) from stdin with (format csv)", text),
            (f"insert into {table} ({names}) {taken}", ""),
            ("drop table loaded", ""),
        ]

    def _run(self, statements: Iterable[tuple[str, str]]) -> None:
        with psycopg.connect(self.uri) as connection, connection.cursor() as cursor:
            for statement, text in statements:
                if text:
                    with cursor.copy(statement.encode()) as copy:
                        copy.write(text)
                else:
                    cursor.execute(statement.encode())

    def query(self, query: str) -> list[Row]:
        """The rows of a query."""
        with psycopg.connect(self.uri, row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(query.encode()).fetchall()


class DuckClose(Close):
    """In a file of DuckDB."""

    kind = "duckdb"
    types: ClassVar[Mapping[str, str]] = {
        "string": "varchar",
        "date": "date",
        "date-time": "timestamp",
        "number": "decimal(38, 9)",
        "integer": "bigint",
        "boolean": "boolean",
        "object": "json",
    }

    def __init__(self, folder: Path) -> None:
        """Use a file in the folder."""
        super().__init__(folder)
        self.path = folder / "books.duckdb"

    @property
    def address(self) -> str:
        """The database as SQLAlchemy names it."""
        return f"duckdb:///{self.path}"

    @property
    def _environment(self) -> dict[str, str]:
        return {"DBT_DUCKDB_PATH": str(self.path)}

    def _upsert(
        self, table: str, columns: Mapping[str, str], keys: Sequence[str], text: str
    ) -> list[tuple[str, str]]:
        del keys  # the table's own
        file = self._folder / "loaded.csv"
        typed = json.dumps(dict(columns)).replace('"', "'")
        read = f"read_csv('{file}', header = false, columns = {typed}, nullstr = '')"
        return [
            (f"insert or replace into {table} select * from {read}", text),
        ]

    def _run(self, statements: Iterable[tuple[str, str]]) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for statement, text in statements:
                if text:
                    (self._folder / "loaded.csv").write_text(text, encoding="utf-8")
                connection.execute(statement)

    def query(self, query: str) -> list[Row]:
        """The rows of a query."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = connection.execute(query)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _csv(columns: Mapping[str, str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_told(row.get(name)) for name in columns])
    return text.getvalue()


def _told(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bool, dict)):
        return json.dumps(value, default=str)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, str) and value.endswith("Z") and value[10:11] == "T":
        return value[:-1]  # a time of extraction, in UTC
    return f"{value:f}" if isinstance(value, Decimal) else value


def _literal(value: object) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
