"""The file of a capture: a ZIP of JSON and of bodies, to be looked at with any program.

`capture.json` says what was run and how it ended, `exchanges.jsonl` has a line for each exchange,
`answers/` the bodies as they came over the wire, and `messages.jsonl` what the tap makes of them.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Any, Literal

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.http.tape import MAX_EXCHANGES, Kept
from erp_common.printable import printable

LARGEST = 1 << 28
"""Bytes of one file in a capture: it may come from anybody."""
_LARGEST_OF_ALL = 1 << 29
"""Bytes of all its files; those that are written have less, answers and messages together."""
_MOST_FILES = MAX_EXCHANGES + 100


class Finding(msgspec.Struct, frozen=True, order=True):
    """How often a check found something in a period."""

    code: str
    severity: str
    stream_name: str
    period_start: str
    count: int = 1


class Outcome(msgspec.Struct):
    """How a run ended.

    Attributes:
        status: Its exit status.
        last_line: The last line on standard error, if it failed.
        records: Records of each stream.
        findings: What the checks found.
    """

    status: int = 0
    last_line: str = ""
    records: dict[str, int] = {}
    findings: list[Finding] = []

    def is_like(self, other: Outcome) -> bool:
        """Whether as many rows were read and the same was found."""
        mine, others = ((one.status, one.records, one.findings) for one in (self, other))
        return mine == others


class Manifest(msgspec.Struct, kw_only=True):
    """What was run.

    Attributes:
        format: The version of this format.
        tap: The command, such as `tap-omie`.
        release: Its version.
        mode: `disguised` or `raw`.
        options: What the command line asked for, such as `--health-check`.
        moment: When the run began, in the companies' time zone: it decides which period is open.
        settings: Without addresses of this machine and without credentials.
        state: The state it began from.
        catalog: The catalog it was given.
        left_out: Exchanges whose bodies, or all of which, are missing.
        interrupted: Whether somebody ended the run: then this is what came until then.
        original: How the run against the ERP ended.
        expected: How a run against this capture ends; None where none was made.
    """

    format: Literal[1] = 1
    tap: str
    release: str
    mode: Literal["disguised", "raw"]
    options: list[str] = []
    moment: str
    settings: dict[str, Any]
    state: dict[str, Any] | None = None
    catalog: dict[str, Any] | None = None
    left_out: int = 0
    interrupted: bool = False
    original: Outcome
    expected: Outcome | None = None


class Capture(msgspec.Struct):
    """A capture as a whole: what was run, the exchanges and their bodies, and the messages."""

    manifest: Manifest
    exchanges: Sequence[Kept]
    bodies: dict[str, bytes]
    messages: bytes = b""


def write(capture: Capture, path: Path, level: int = 6) -> None:
    """Write a capture; a file that stands there already is replaced at once.

    Args:
        capture: The capture.
        path: The file, for its owner's eyes alone.
        level: How much is done to make it small, 0 to 9.

    Raises:
        OSError: It cannot be written.
    """
    number, name = mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
    try:
        with open(number, "wb") as file:  # noqa: PTH123 -- open already
            write_into(file, capture, level)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def write_into(file: IO[bytes], capture: Capture, level: int) -> None:
    """Write a capture into an open file.

    Raises:
        OSError: It cannot be written.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        lines = [msgspec.json.encode(one) for one in capture.exchanges]
        manifest = msgspec.json.format(msgspec.json.encode(capture.manifest))
        _put(archive, "capture.json", manifest)
        _put(archive, "exchanges.jsonl", b"".join(line + b"\n" for line in lines))
        _put(archive, "messages.jsonl", capture.messages)
        for answer, body in capture.bodies.items():
            _put(archive, answer, body)


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # Always the same day: the same capture is the same file.
    entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
    packing = zipfile.ZIP_DEFLATED if archive.compresslevel else zipfile.ZIP_STORED
    archive.writestr(entry, content, packing, archive.compresslevel)


def read(source: Path | IO[bytes]) -> Capture:
    """Read a capture.

    Raises:
        ERPValidationError: It is none, or one of a later release, or larger than any.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            files = {entry.filename: archive.read(entry) for entry in _entries(archive)}
        manifest = msgspec.json.decode(files.pop("capture.json"), type=Manifest)
        exchanges = [
            msgspec.json.decode(line, type=Kept)
            for line in files.pop("exchanges.jsonl").splitlines()
        ]
    except OSError as error:
        if error.errno is None:  # what is packed in it is broken
            raise _none(source, error) from None
        reason = error.strerror or type(error).__name__
        raise ERPValidationError(f"{source} cannot be read ({reason}); correct its path.") from None
    except _BROKEN as error:
        raise _none(source, error) from None
    return Capture(manifest, exchanges, files, files.pop("messages.jsonl", b""))


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    KeyError,
    ValueError,
    EOFError,
    RuntimeError,  # an encrypted one, or one that nests without end
)


def _none(source: object, error: Exception) -> ERPValidationError:
    return ERPValidationError(
        f"{source} is no capture that this release can read ({printable(str(error))[:200]}); name "
        "a file that --capture has written, or install the release that wrote it."
    )


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What is in it, unless it would grow beyond all bounds."""
    entries = archive.infolist()
    if len(entries) > _MOST_FILES:
        raise ValueError(f"it has more than {_MOST_FILES} files")
    for entry in entries:
        if entry.file_size > LARGEST:
            raise ValueError(f"{entry.filename} is larger than {LARGEST >> 20} MiB")
    if sum(entry.file_size for entry in entries) > _LARGEST_OF_ALL:
        raise ValueError(f"it is larger than {_LARGEST_OF_ALL >> 20} MiB")
    return entries


def outcome(messages: bytes, status: int, last_line: str) -> Outcome:
    """What messages and an exit status say of a run."""
    # Counted as they stand, by what is found quickly: there may be hundreds of megabytes of them.
    counts = {
        stream: messages.count(_RECORD_OF % stream.encode())
        for stream in sorted({_SCHEMA.decode(line).stream for line in _lines(messages, _OF_SCHEMA)})
    }
    records = {stream: count for stream, count in counts.items() if count}
    found: dict[Finding, int] = {}
    for line in _lines(messages, _RECORD_OF % b"validation_issues"):
        row = _RECORD.decode(line).record
        one = Finding(**{name: str(row.get(name)) for name in _OF_A_FINDING})  # type: ignore[arg-type]
        found[one] = found.get(one, 0) + 1
    findings = [msgspec.structs.replace(one, count=count) for one, count in sorted(found.items())]
    return Outcome(status, last_line, records, findings)


def _lines(messages: bytes, opening: bytes) -> Iterator[bytes]:
    """The lines that begin so; within a text its quotes would be written in another way."""
    start = messages.find(opening)
    while start >= 0:
        end = messages.find(b"\n", start)
        end = len(messages) if end < 0 else end
        if not start or messages[start - 1 : start] == b"\n":
            yield messages[start:end]
        start = messages.find(opening, end)


class _Schema(msgspec.Struct):
    stream: str


class _Record(msgspec.Struct):
    record: dict[str, Any]


_SCHEMA = msgspec.json.Decoder(_Schema)
_RECORD = msgspec.json.Decoder(_Record)
_OF_SCHEMA = b'{"type":"SCHEMA","stream":"'
_RECORD_OF = b'{"type":"RECORD","stream":"%b"'
_OF_A_FINDING = ("code", "severity", "stream_name", "period_start")
