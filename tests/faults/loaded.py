"""What a warehouse holds after some runs, and which of it is current.

A small copy of the loader (upsert by key) and of the project's views, for tests with many runs. The
tests with PostgreSQL compare both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from faults.runs import Output

Row = dict[str, Any]
Key = tuple[Any, ...]
STREAMS = ("periods", "trial_balance", "subledger", "validation_issues")


class Loaded:
    """The tables, by key."""

    def __init__(self, *outputs: Output) -> None:
        """Load what some runs printed, in order."""
        self._keys: dict[str, list[str]] = {}
        self._tables: dict[str, dict[Key, Row]] = {stream: {} for stream in STREAMS}
        for output in outputs:
            self.load(output)

    def load(self, output: Output, *, read_at: str | None = None) -> None:
        """Add or replace rows by key; `read_at` is the time to read in place of their own."""
        for message in output.messages:
            if message["type"] == "SCHEMA":
                self._keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, row = message["stream"], message["record"]
                key = tuple(row[name] for name in self._keys[stream])
                self._tables[stream][key] = row | ({"extracted_at": read_at} if read_at else {})

    def current(self) -> dict[str, dict[Key, Row]]:
        """The rows that are current, without the time at which they were read."""
        return {
            stream: {
                key: {name: value for name, value in row.items() if name != "extracted_at"}
                for key, row in table.items()
                if not any(_supersedes(period, row, stream) for period in self._periods)
            }
            for stream, table in self._tables.items()
        }

    @property
    def _periods(self) -> Iterable[Row]:
        return self._tables["periods"].values()


def _supersedes(period: Row, row: Row, stream: str) -> bool:
    """Whether this extraction, complete and newer than the row, says that the row is gone."""
    if period["company_id"] != row["company_id"] or period["extracted_at"] <= row["extracted_at"]:
        return False
    if stream == "subledger":
        inside = period["period_start"] <= row["transaction_date"] <= period["period_end"]
        return inside and period["entry_count"] is not None
    if (period["period_start"], period["period_end"]) != (row["period_start"], row["period_end"]):
        return False
    return stream != "validation_issues" or (
        period["entry_count"] is not None or row["stream_name"] != "subledger"
    )


def differences(
    found: Mapping[str, Mapping[Key, Row]], truth: Mapping[str, Mapping[Key, Row]]
) -> list[str]:
    """What is lost, invented or changed; short, for a failed test's message."""
    told: list[str] = []
    for stream, rows in truth.items():
        table = found[stream]
        told += [f"{stream}: lost {key}" for key in rows.keys() - table.keys()]
        told += [f"{stream}: invented {key}" for key in table.keys() - rows.keys()]
        for key in rows.keys() & table.keys():
            if rows[key] != table[key]:
                changed = [n for n in rows[key] if rows[key][n] != table[key].get(n)]
                told.append(f"{stream}: {key} differs in {', '.join(changed)}")
    return told
