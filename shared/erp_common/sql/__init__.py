"""SQL views over the loaded streams: the current state of every period.

`current_trial_balance`, `current_subledger` and `current_validation_issues` leave out the rows that
the ERP has deleted since they were loaded; `periods` needs no view, its rows are always current.
"""

from __future__ import annotations

import re
from enum import Enum
from importlib import resources

TABLES = ("periods", "subledger", "trial_balance", "validation_issues")


class Dialect(str, Enum):
    """Databases whose SQL the views are written in."""

    POSTGRES = "postgres"
    DUCKDB = "duckdb"
    SQLITE = "sqlite"
    MYSQL = "mysql"
    """MySQL and MariaDB."""


def create_views(schema: str, dialect: Dialect = Dialect.POSTGRES) -> str:
    """SQL statements that create, or renew, the views beside the tables in `schema`.

    They fail with a sentence where the tables are not there yet. In PostgreSQL, DuckDB and SQLite
    they are one transaction.

    Args:
        schema: Where the loader put the tables: a schema, in MySQL a database, in SQLite `main` or
            the name of an attached file.
        dialect: The database.
    """
    mark = "`" if dialect is Dialect.MYSQL else '"'
    quoted = mark + schema.replace(mark, mark * 2) + mark
    template = resources.files(__package__).joinpath("views.sql").read_text(encoding="utf-8")
    views = template.replace("{schema}", quoted)
    if dialect is Dialect.SQLITE:
        views = re.sub(
            r"create or replace view (\S+) as", r"drop view if exists \1;\ncreate view \1 as", views
        )
    if dialect is Dialect.MYSQL:
        return views  # it says itself which table does not exist
    begin = "begin transaction" if dialect is Dialect.DUCKDB else "begin"
    return f"{begin};\n\n{_check(schema, quoted, dialect)}\n{views}\ncommit;\n"


def script(schema: str, dialect: Dialect = Dialect.POSTGRES) -> str:
    """The same for a client (psql, duckdb, sqlite3, mysql), which then stops at an error."""
    stop = {
        Dialect.POSTGRES: "\\set ON_ERROR_STOP on\n",
        Dialect.DUCKDB: ".bail on\n",
        Dialect.SQLITE: ".bail on\n",
        Dialect.MYSQL: "",  # it does without being told
    }
    return stop[dialect] + create_views(schema, dialect)


def _check(schema: str, quoted: str, dialect: Dialect) -> str:
    """Statements that fail with a sentence where a table is not there."""
    sentence = (
        f"schema {schema} lacks tables of the erp-taps ({', '.join(TABLES)}): load once with all "
        "streams first, or name the loader's schema with --schema"
    )
    wanted = ", ".join(f"({_text(name)})" for name in TABLES)
    template = resources.files(__package__).joinpath(f"check_{dialect.value}.sql")
    values = {
        "{wanted}": f"(values {wanted})",
        "{sentence}": _text(sentence),
        "{naming}": _text(f"{sentence}; missing: "),
        "{name}": _text(schema),
        "{prefix}": _text(f"{quoted}."),
        "{schema}": quoted,
    }
    statements = template.read_text(encoding="utf-8")
    for mark, value in values.items():
        statements = statements.replace(mark, value)
    return statements


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
