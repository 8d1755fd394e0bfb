"""What the suite has seen loaders do: `measured.json`, of which docs/loaders.md makes its table.

A run of the suite holds each loader to what is written there. `make test-loaders MEASURE=1` writes
it anew, and `make readme` the table.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from loaders.known import Loader

FILE = Path(__file__).with_name("measured.json")


class Amounts(str, Enum):
    """What becomes of amounts."""

    EXACT = "exact"
    FLOAT = "binary floats"
    TEXT = "exact, as text"
    FAILS = "does not load"


class Again(str, Enum):
    """What a second load does with rows that were loaded before."""

    REPLACES = "replaced by key"
    ADDS = "added again"
    ANEW = "file written anew"


class Deleted(str, Enum):
    """What becomes of rows that the ERP no longer has."""

    GONE = "gone from the views"
    STAY = "stay in the files"


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a loader makes of the postings in one form of the messages."""

    amounts: Amounts
    dates: str | None = None
    objects: str | None = None
    again: Again | None = None
    columns: dict[str, str] = {}
    """The types of some columns, where they alone can be looked at."""


class Measured(msgspec.Struct, omit_defaults=True):
    """What was seen of a loader."""

    versions: dict[str, str] = {}
    forms: dict[str, Seen] = {}
    """By the setting `amounts`."""
    deleted: Deleted | None = None


def read() -> dict[str, Measured]:
    """What was seen last, by the loader's folder."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Measured])


def hold(loader: Loader, **seen: Any) -> None:
    """Hold a loader to what was seen before, or write down what is seen now.

    Args:
        loader: Which.
        seen: Fields of `Measured`; of a mapping, the keys that were tried.

    Raises:
        AssertionError: It does something else than it did.
    """
    if os.environ.get("MEASURE"):
        with _written() as everything:
            one = everything.setdefault(loader.folder, Measured())
            for name, value in seen.items():
                before = getattr(one, name)
                together = {**before, **value} if isinstance(value, Mapping) else value
                setattr(one, name, together)
        return
    known = read()[loader.folder]
    for name, value in seen.items():
        before = getattr(known, name)
        if isinstance(value, Mapping):
            before = {key: before.get(key) for key in value}
        assert value == before, f"{loader.folder}: {name} are no longer those of {FILE.name}"


@contextmanager
def _written() -> Iterator[dict[str, Measured]]:
    """What is in the file, to be changed; tests of other processes write there too."""
    with FILE.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        everything = msgspec.json.decode(file.read(), type=dict[str, Measured])
        yield everything
        text = msgspec.json.format(msgspec.json.encode(everything, order="sorted")) + b"\n"
        file.seek(0)
        file.write(text)
        file.truncate()
