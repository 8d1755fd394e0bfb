"""The database: how it is reached, and how the rows of a dbt model are read from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_type_hints

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from typing_extensions import Self

from close_report.amounts import Written
from close_report.errors import CloseReportError
from close_report.models import NAMES
from close_report.text import harmless

DIALECTS: Final = {"postgresql": "postgresql+psycopg", "duckdb": "duckdb"}
"""The databases this is tested with, and the driver that speaks to each."""
BATCH: Final = 10_000
"""Rows fetched at a time."""
_FLOATS: Final = ("double precision", "double", "real", "float")

RowT = TypeVar("RowT", bound=NamedTuple)


class Warehouse:
    """One schema of one database, open for reading.

    Everything is read in one transaction, so that a page never mixes two states of the models.
    """

    def __init__(self, address: str, schema: str, *, writable: bool = False) -> None:
        """Name the database; it is opened by `with`.

        Args:
            address: A SQLAlchemy address; `postgresql://…` or `duckdb:///file`.
            schema: Where the models lie.
            writable: Whether something will be written too; a DuckDB file is locked for it.

        Raises:
            CloseReportError: The address is none, or of a database that is not supported.
        """
        self.schema = schema
        self._url = _understood(address)
        self._secrets = _secrets(self._url)
        self._writable = writable
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._opened: list[Connection] = []

    @property
    def dialect(self) -> str:
        """`postgresql` or `duckdb`."""
        return self._url.get_backend_name()

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            CloseReportError: The database cannot be reached.
        """
        arguments: dict[str, Any] = {}
        if self.dialect == "duckdb":
            file = self._url.database or ""
            if not file.startswith("md:") and not Path(file).is_file():
                raise CloseReportError(
                    f"There is no DuckDB file '{file}': name the file that dbt builds into."
                )
            arguments = {"read_only": not self._writable}
        with self.told(
            "The database cannot be opened; see that --database (or CLOSE_REPORT_DATABASE) is right"
        ):
            self._engine = sa.create_engine(
                self._url, connect_args=arguments, hide_parameters=True, future=True
            )
            self._connection = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections; what was not committed is dropped."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        if self._engine is not None:
            self._engine.dispose()

    def has(self, table: str) -> bool:
        """Whether the schema has a table or view of this name."""
        with self.told("The database cannot be asked what it holds"):
            inspector = sa.inspect(self.connection)
            if table in inspector.get_table_names(schema=self.schema):
                return True
            return table in inspector.get_view_names(schema=self.schema)

    def table(self, name: str, columns: Sequence[str]) -> sa.TableClause:
        """A table of the schema, for a query."""
        return sa.table(name, *map(sa.column, columns), schema=self.schema)

    def read(
        self, model: type[RowT], *conditions: sa.ColumnElement[bool], order: Sequence[str] = ()
    ) -> Iterator[RowT]:
        """The rows of a model, a batch at a time.

        Args:
            model: A class of `models`.
            conditions: Which rows.
            order: Columns to order by.

        Raises:
            CloseReportError: The model is missing or another than expected, or an amount is a
                binary float.
        """
        name = NAMES[model]
        table = self.table(name, model._fields)
        kinds = get_type_hints(model)
        columns = [
            self._written(table.c[field]) if _is_written(kinds[field]) else table.c[field]
            for field in model._fields
        ]
        query = sa.select(*columns).where(*conditions).order_by(*(table.c[key] for key in order))
        with self.told(f"The model {self.schema}.{name} cannot be read; has `dbt build` run?"):
            self._refuse_floats(name, model._fields)
            streaming = {"yield_per": BATCH}
            with self._stream().execute(query, execution_options=streaming) as result:
                for batch in result.partitions():
                    yield from map(model._make, batch)

    def _written(self, amount: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """The amount as `Written`."""
        if self.dialect == "postgresql":
            return sa.cast(sa.func.trim_scale(amount), sa.Text)
        # DuckDB writes all nine decimals of the models' decimal(38, 9).
        digits = sa.func.rtrim(sa.cast(sa.cast(amount, sa.Numeric(38, 9)), sa.Text), "0")
        return sa.case((amount == 0, "0"), else_=sa.func.rtrim(digits, "."))

    def _refuse_floats(self, model: str, columns: Sequence[str]) -> None:
        for column in columns:
            if (model, column) in self._floats:
                raise CloseReportError(
                    f"{self.schema}.{model}.{column} is a binary float, which is not exact: load "
                    "the amounts as decimals (setting amounts of the tap) and build the models "
                    "again."
                )

    @cached_property
    def _floats(self) -> set[tuple[str, str]]:
        """The columns of the schema that are binary floats."""
        names = ("table_schema", "table_name", "column_name", "data_type", "table_catalog")
        listed = sa.table("columns", *map(sa.column, names), schema="information_schema")
        query = sa.select(listed.c.table_name, listed.c.column_name).where(
            listed.c.table_schema == self.schema,
            listed.c.table_catalog == sa.func.current_database(),
            sa.func.lower(listed.c.data_type).in_(_FLOATS),
        )
        return {(table, column) for table, column in self.connection.execute(query)}

    @property
    def connection(self) -> Connection:
        """The connection, for what else there is to ask or to write."""
        if self._connection is None:
            raise CloseReportError("The database is not open.")
        return self._connection

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Turn the database's errors into a sentence that begins with `what`, without secrets."""
        try:
            yield
        except DBAPIError as error:
            raise CloseReportError(f"{what}: {self._masked(str(error.orig))}") from None
        except SQLAlchemyError as error:
            raise CloseReportError(f"{what}: {self._masked(str(error))}") from None

    def _open(self) -> Connection:
        if self._engine is None:
            raise CloseReportError("The database is not open.")
        connection = self._engine.connect()
        self._opened.append(connection)
        if self.dialect == "postgresql":
            return connection.execution_options(isolation_level="REPEATABLE READ")
        return connection

    def _stream(self) -> Connection:
        # PostgreSQL has many cursors in one transaction; in DuckDB a new one ends the last.
        return self.connection if self.dialect == "postgresql" else self._open()

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return harmless(text.strip().partition("\n")[0], 500)


def _understood(address: str) -> URL:
    try:
        url = sa.make_url(address.replace("postgres://", "postgresql://", 1))
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        # The text may hold a password, so it is not repeated.
        raise CloseReportError(
            "--database is no SQLAlchemy address: write postgresql://user:password@host/database "
            "or duckdb:///path/to/file.duckdb."
        ) from None
    if backend not in DIALECTS:
        raise CloseReportError(
            f"'{harmless(backend, 40)}' is not supported: --database takes "
            f"{' and '.join(f'{name}://' for name in DIALECTS)} addresses."
        )
    if url.drivername == backend:
        url = url.set(drivername=DIALECTS[backend])
    try:
        url.get_dialect()
    except NoSuchModuleError:
        raise CloseReportError(
            f"The driver of '{harmless(url.drivername, 40)}' is not installed: write {backend}://…"
        ) from None
    return url


def _secrets(url: URL) -> list[str]:
    values = [str(url.password or "")]
    for key, value in url.query.items():
        if any(word in key.lower() for word in ("password", "token", "secret", "key")):
            values += [value] if isinstance(value, str) else value
    rendered = [
        sa.URL.create("x", password=value).render_as_string(hide_password=False) for value in values
    ]
    encoded = [text.rpartition(":")[2].rstrip("@") for text in rendered]
    return [secret for secret in (*values, *encoded) if secret]


def _is_written(kind: object) -> bool:
    return kind is Written or Written in get_args(kind)
