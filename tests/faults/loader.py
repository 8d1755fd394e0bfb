"""A small, faithful loader into the real PostgreSQL: upsert by key, no deletes.

It commits after every message, so that what a killed run has printed is there to the last line.
"""

from __future__ import annotations

import json
from typing import Any

from e2e.warehouse import SCHEMA, Warehouse
from faults.loaded import STREAMS, Key, Row
from faults.runs import JsonObject, Output

VIEWS = {
    "periods": "periods",
    "trial_balance": "current_trial_balance",
    "subledger": "current_subledger",
    "validation_issues": "current_validation_issues",
}
_TYPES = {
    "boolean": "boolean",
    "integer": "bigint",
    "number": "numeric",
    "object": "jsonb",
    "string": "text",
}
_FORMATS = {"date": "date", "date-time": "timestamptz"}


class Loader:
    """Loads into the schema that the project's views look at."""

    def __init__(self, warehouse: Warehouse) -> None:
        """Make the schema; tables come with the first SCHEMA message of each stream."""
        self._warehouse = warehouse
        self._upserts: dict[str, tuple[str, list[str]]] = {}
        self._keys: dict[str, list[str]] = {}
        warehouse.execute(f"create schema if not exists {SCHEMA}")

    def load(self, output: Output) -> None:
        """Load every complete message."""
        for message in output.messages:
            if message["type"] == "SCHEMA" and message["stream"] not in self._upserts:
                self._prepare(message)
            elif message["type"] == "RECORD":
                upsert, columns = self._upserts[message["stream"]]
                self._warehouse.execute(
                    upsert, *(_value(message["record"].get(name)) for name in columns)
                )

    def current(self) -> dict[str, dict[Key, Row]]:
        """The rows of the project's views, without the time at which they were read."""
        self._warehouse.create_views()
        found: dict[str, dict[Key, Row]] = {}
        for stream in STREAMS:
            rows = self._warehouse.rows(f"select * from {VIEWS[stream]}")  # noqa: S608 - a name from above
            for row in rows:
                del row["extracted_at"]
            found[stream] = {tuple(row[name] for name in self._keys[stream]): row for row in rows}
            assert len(found[stream]) == len(rows), "a key came twice"
        return found

    def _prepare(self, schema: JsonObject) -> None:
        stream, keys = schema["stream"], schema["key_properties"]
        properties: dict[str, JsonObject] = schema["schema"]["properties"]
        columns = ", ".join(f'"{name}" {_column(about)}' for name, about in properties.items())
        key = ", ".join(f'"{name}"' for name in keys)
        self._warehouse.execute(
            f'create table if not exists "{stream}" ({columns}, primary key ({key}))'
        )
        names = list(properties)
        quoted = ", ".join(f'"{name}"' for name in names)
        renewed = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in keys)
        values = ", ".join(["%s"] * len(names))
        insert = f'insert into "{stream}" ({quoted}) values ({values})'  # noqa: S608 - the tap's names
        self._upserts[stream] = (f"{insert} on conflict ({key}) do update set {renewed}", names)
        self._keys[stream] = keys


def _column(about: JsonObject) -> str:
    kinds = about["type"] if isinstance(about["type"], list) else [about["type"]]
    kind = next(kind for kind in kinds if kind != "null")
    return _FORMATS.get(about.get("format", ""), _TYPES[kind])


def _value(value: Any) -> Any:
    return json.dumps(value, default=str) if isinstance(value, dict) else value
