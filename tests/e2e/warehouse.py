"""A PostgreSQL database that a test loads into and asks questions of."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.rows import dict_row
from typing_extensions import Self

from erp_common.sql import create_views

SCHEMA = "erp"


class Warehouse:
    """One database, with the loader's schema first on its search path."""

    def __init__(self, uri: str) -> None:
        """Connect to the database at `uri`; every statement is its own transaction."""
        self.uri = uri
        self._connection = psycopg.connect(
            uri, autocommit=True, options=f"-c search_path={SCHEMA}", row_factory=dict_row
        )

    @property
    def sqlalchemy_url(self) -> str:
        """The same database as a loader's settings name it."""
        return self.uri.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def dbt_environment(self) -> dict[str, str]:
        """The same database as the profile of transform/ names it."""
        return dbt_environment(self.uri)

    def execute(self, statement: str, *values: Any) -> None:
        """Run a statement that gives no rows."""
        self._connection.execute(statement.encode(), values or None)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query, by column name; amounts are `Decimal`."""
        return self._connection.execute(query.encode(), values or None).fetchall()

    def values(self, query: str, *values: Any) -> list[Any]:
        """The only column of a query."""
        return [value for row in self.rows(query, *values) for value in row.values()]

    def create_views(self) -> None:
        """Make the project's views in the loader's schema."""
        self.execute(create_views(SCHEMA))

    def __enter__(self) -> Self:
        """Nothing more than what has been opened already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()


def dbt_environment(uri: str) -> dict[str, str]:
    """The variables by which dbt finds the database at this address."""
    parts = urlsplit(uri)
    return {
        "DBT_HOST": parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0],
        "DBT_PORT": str(parts.port or 5432),
        "DBT_USER": parts.username or "postgres",
        "DBT_PASSWORD": parts.password or "",
        "DBT_DBNAME": parts.path.strip("/"),
    }
