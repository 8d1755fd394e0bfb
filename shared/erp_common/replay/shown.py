"""A capture as text, to be read before it is sent to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import msgspec

from erp_common.http.tape import Kept
from erp_common.printable import printable
from erp_common.replay.archive import Capture, Outcome
from erp_common.replay.disguise import inflated

_MOST = 4000
"""Characters of a body; the whole of it is in the file."""
_MOST_UNPACKED = 1 << 26
"""Bytes of a body that came compressed: it may come from anybody."""


def lines(capture: Capture, *, whole: bool = False) -> Iterator[str]:
    """What the capture holds, in the order in which it happened.

    Args:
        capture: The capture.
        whole: Whether bodies and messages are shown to their end.
    """
    for text in _texts(capture, whole=whole):
        # It may come from anybody: nothing in it moves the cursor, or looks like a line of ours.
        yield " ".join(printable(text).splitlines())


def _texts(capture: Capture, *, whole: bool) -> Iterator[str]:
    manifest = capture.manifest
    kind = {
        "disguised": "names, texts, numbers and amounts are stand-ins",
        "raw": "RAW: everything as the ERP sent it; send it to nobody who may not see the books",
    }[manifest.mode]
    yield f"{manifest.tap} {manifest.release}, {manifest.moment} ({kind})"
    if manifest.options:
        yield f"options: {' '.join(manifest.options)}"
    yield f"settings: {_json(manifest.settings)}"
    if manifest.state is not None:
        yield f"state: {_json(manifest.state)}"
    if manifest.left_out:
        yield f"left out: {manifest.left_out} exchanges"
    if manifest.interrupted:
        yield "somebody ended the run: this is what came until then"
    yield from _outcome("the run", manifest.original)
    if manifest.expected is not None:
        yield from _outcome("a run against this capture", manifest.expected)
    for number, kept in enumerate(capture.exchanges, 1):
        yield ""
        yield from _exchange(number, kept)
        body = capture.bodies.get(kept.answer, b"")
        if any(name == "Content-Encoding" for name, _ in kept.headers):
            body = inflated(body, _MOST_UNPACKED)[0]
        yield from _cut(body, whole=whole)
    yield ""
    yield "messages:"
    yield from _cut(capture.messages, whole=whole)


def _outcome(what: str, outcome: Outcome) -> Iterator[str]:
    records = ", ".join(f"{count} {stream}" for stream, count in outcome.records.items())
    yield f"{what}: exit status {outcome.status}; {records or 'no records'}"
    if outcome.last_line:
        yield f"  {outcome.last_line}"
    for one in outcome.findings:
        of = f"{one.stream_name}, {one.period_start}"
        yield f"  {one.count} x {one.code} ({one.severity}) in {of}"


def _exchange(number: int, kept: Kept) -> Iterator[str]:
    if kept.token:
        yield f"#{number} {kept.method} (a token; nothing of it is kept) -> {kept.status}"
        return
    query = f"?{urlencode(kept.query, safe='/:[]*')}" if kept.query else ""
    yield f"#{number} {kept.method} {kept.path}{query}  (at {kept.began:.2f} s, {kept.took:.2f} s)"
    for name, value in kept.sent.items():
        yield f"  > {name}: {value}"
    if kept.body:
        yield f"  > {kept.body}"
    ended = "" if kept.ended == "whole" else f" ({kept.ended})"
    yield f"  < {kept.status or 'nothing'}{ended}, {kept.size} bytes {kept.answer}"
    for name, value in kept.headers:
        yield f"  < {name}: {value}"


def _cut(body: bytes, *, whole: bool) -> Iterator[str]:
    text = body.decode(errors="replace")
    shown = text if whole else text[:_MOST]
    for line in shown.splitlines():
        yield f"    {line}"
    if len(shown) < len(text):
        yield f"    … {len(text) - len(shown)} characters more (--whole shows them)"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
