"""The files that the command line names: settings, state and catalog."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from erp_common.setup.parse import refusal
from erp_common.setup.wrong_setting import sentence

FROM_ENVIRONMENT = "ENV"
"""In place of a file of settings: they come from the environment."""


class JsonFile(click.ParamType[Any]):
    """A JSON object in a file, read before anything is done with it."""

    name = "path"

    def __init__(self, what: str, told: Callable[[dict[str, Any]], None]) -> None:
        """Take files of this kind.

        Args:
            what: Such as `state`.
            told: Told of the settings, if it is a file of those.
        """
        self._what = what
        self._holds_settings = what == "config"
        self._told = told

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - as click has it
        """A file's content, of settings its path, once it is known to be what it must be.

        Raises:
            ConfigValidationError: It cannot be read, or holds something else.
        """
        _ = param, ctx
        if not isinstance(value, str) or (self._holds_settings and value == FROM_ENVIRONMENT):
            return value
        content = self._read(value)
        if self._holds_settings:
            self._told(content)
            return value
        if self._what == "state":
            content = checked_state(content, value)
        elif self._what == "catalog":
            check_catalog(content, value)
        return io.StringIO(json.dumps(content))

    def _read(self, path: str) -> dict[str, Any]:
        where = f"The {self._what} file {path}"
        try:
            text = Path(path).read_bytes().decode()
        except FileNotFoundError:
            raise refusal(f"{where} does not exist; correct the path") from None
        except IsADirectoryError:
            raise refusal(f"{where} is a folder; name a file in it") from None
        except OSError as error:
            raise refusal(
                f"{where} cannot be read ({error.strerror or type(error).__name__}); correct its "
                "permissions or the path"
            ) from None
        except UnicodeDecodeError:
            raise refusal(f"{where} is no text in UTF-8; save it in UTF-8") from None
        if not text.strip():
            raise refusal(f"{where} is empty; write a JSON object into it, or leave the file out")
        content = _decoded(text, where)
        if text.startswith("\ufeff") and self._holds_settings:
            raise refusal(f"{where} begins with a byte order mark; save it in UTF-8 without one")
        if not isinstance(content, dict):
            kind = "a list" if isinstance(content, list) else "a single value"
            raise refusal(f"{where} holds {kind}; it must hold one JSON object")
        return content


def _decoded(text: str, where: str) -> Any:  # noqa: ANN401 - whatever is in it
    def refuse(name: str) -> NoReturn:  # `NaN` and `Infinity`, which Python's own reader takes
        raise refusal(f"{where} holds {name}, which JSON does not know; correct it")

    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise refusal(
            f"{where} is no JSON from line {error.lineno}, column {error.colno} on; correct it"
        ) from None
    except (RecursionError, ValueError):
        raise refusal(f"{where} is no JSON that can be read; correct it") from None


def checked_state(content: dict[str, Any], path: str) -> dict[str, Any]:
    """The bookmarks in a state file: a state, a STATE message, or what `meltano state get` prints.

    Raises:
        ConfigValidationError: It is none of them, or its bookmarks have another shape.
    """
    state: Any = content
    if content.get("type") == "STATE" and "value" in content:
        state = content["value"]
    elif "singer_state" in content:
        state = content["singer_state"]
    elif isinstance(content.get("completed"), dict):
        state = content["completed"].get("singer_state", {})
    where = f"the state file {path}"
    advice = "give the last STATE of a run as it is, or leave the file out for a full refresh"
    if not isinstance(state, dict):
        raise refusal(f"{where} holds no state object; {advice}")
    if state and "bookmarks" not in state:
        raise refusal(f"{where} has no bookmarks, only {', '.join(sorted(state)[:5])}; {advice}")
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise refusal(f"bookmarks in {where} is no object; {advice}")
    for stream, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            raise refusal(f"the bookmark of {stream} in {where} is no object; {advice}")
        _check_partitions(bookmark.get("partitions", []), f"{stream} in {where}", advice)
    return state


def _check_partitions(partitions: object, of: str, advice: str) -> None:
    if not isinstance(partitions, list):
        raise refusal(f"partitions of {of} is no list; {advice}")
    seen: list[object] = []
    for partition in partitions:
        context = partition.get("context") if isinstance(partition, dict) else None
        if not isinstance(context, dict):
            raise refusal(f"a partition of {of} names no company in a context; {advice}")
        if context in seen:
            name = context.get("company_id")
            raise refusal(f"company {name} has two partitions of {of}; remove one of them")
        seen.append(context)


class _Schema(msgspec.Struct, frozen=True):
    """As far as the SDK reads one; the streams have their own."""

    properties: dict[str, _Schema] | None = None
    items: _Schema | None = None


class _Said(msgspec.Struct, rename="kebab"):
    """What a catalog says of a stream, or of a property."""

    table_key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None


class _Item(msgspec.Struct):
    breadcrumb: list[str]
    metadata: _Said


class _Entry(msgspec.Struct):
    tap_stream_id: str
    stream: str | None = None
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None
    schema: _Schema = _Schema()
    metadata: list[_Item] = []


class _Catalog(msgspec.Struct):
    streams: list[_Entry]


def check_catalog(content: dict[str, Any], path: str) -> None:
    """See that a catalog file holds what the SDK reads without a look.

    Raises:
        ConfigValidationError: It has another shape.
    """
    try:
        if "streams" not in content:
            raise refusal(f"the catalog file {path} has no streams; discover it again (--discover)")
        msgspec.convert(content, _Catalog)
    except msgspec.ValidationError as error:
        raise refusal(
            f"the catalog file {path} has another shape: {sentence(str(error), _Catalog)}; "
            "discover it again (--discover)"
        ) from None
