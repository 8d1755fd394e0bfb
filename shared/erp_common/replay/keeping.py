"""Makes a capture of what a tape has kept: secrets masked, and disguised unless it is to be raw."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from erp_common.http.masking import Masker
from erp_common.http.tape import CREDENTIALS, SECRETS, Kept, Tape
from erp_common.replay import watched
from erp_common.replay.again import LOCAL, SHAPING
from erp_common.replay.archive import (
    LARGEST,
    Capture,
    Manifest,
    Outcome,
    outcome,
    read,
    write,
)
from erp_common.replay.disguise import Disguise, inflated
from erp_common.replay.standby import LONGEST, Standby, without_environment
from erp_common.replay.vocabulary import words_of

PLACEHOLDER = "***"
_QUICK = 1
"""Compression of what is much, and is to be had soon."""


def settings_kept(given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that say what was asked for; of credentials, that they were set."""
    kept: dict[str, Any] = {}
    for name, described in schema.get("properties", {}).items():
        value = given.get(name)
        if value is None or name in LOCAL or name in SHAPING:
            continue
        if described.get("secret") or name in CREDENTIALS:
            kept[name] = PLACEHOLDER
        elif isinstance(value, Mapping) and described.get("properties"):
            kept[name] = {
                one: part
                for one, part in value.items()
                if not described["properties"].get(one, {}).get("secret")
            }
        else:
            kept[name] = value
    return kept


def keep(
    tape: Tape,
    manifest: Manifest,
    messages: bytes,
    masker: Masker,
    path: Path,
    standby: Standby | None = None,
) -> Manifest:
    """Write a capture; what it says of a run against itself is what such a run came to.

    Raises:
        OSError: It cannot be written.
    """
    raw = manifest.mode == "raw"
    spoken = words_of(manifest.tap.replace("-", "_"))
    disguise = None if raw else Disguise(spoken=spoken)
    exchanges: list[Kept] = []
    bodies: dict[str, bytes] = {}
    for number, kept in enumerate(tape.exchanges()):
        one, body = _kept(kept, tape.body(number), masker, disguise)
        if body:
            one.answer = f"answers/{number + 1:05}.{_kind(one)}"
            bodies[one.answer] = body
        exchanges.append(one)
    manifest.left_out = tape.left_out + sum(one.left_out for one in exchanges)
    if disguise is not None:
        manifest.settings = disguise.settings(manifest.settings)
    began = manifest.state
    manifest.state = disguise.state(began) if disguise else began
    capture = Capture(manifest, exchanges, bodies, messages)
    if raw and not manifest.options and not manifest.interrupted:
        manifest.expected = manifest.original  # as it came, the run is what a run comes to
    else:
        _expect(capture, standby)
        if disguise and watched.knows_the_past(began):
            came_to, replayed = map(watched.last_state, (messages, capture.messages))
            watched.remember(manifest.state, began, came_to, replayed)
            _expect(capture, standby)
    write(capture, path, _QUICK)
    return manifest


def expect(path: Path) -> Manifest:
    """Run the tap against a capture, and put what it comes to into it.

    Raises:
        ERPValidationError: It is none.
        OSError: It cannot be written.
    """
    capture = read(path)
    _expect(capture)
    write(capture, path)
    return capture.manifest


def _expect(capture: Capture, standby: Standby | None = None) -> None:
    capture.manifest.expected, capture.messages = run_again(capture, standby)
    if len(capture.messages) > LARGEST:
        capture.messages = b""  # how many there were is known all the same


def _kept(kept: Kept, body: bytes, masker: Masker, disguise: Disguise | None) -> tuple[Kept, bytes]:
    """An exchange and its body as they are kept; what cannot be disguised is not."""
    try:
        body = _without_secrets(kept, body, masker, by_name=disguise is None)
        if disguise is not None:
            body = disguise.answered(kept, body)
            disguise.asked(kept)
    except Exception as error:  # noqa: BLE001 -- it must never be kept as it is
        name = type(error).__name__
        return Kept(method=kept.method, left_out=True, ended=name, began=kept.began), b""
    kept.size = len(body)
    return kept, body


def run_again(capture: Capture, standby: Standby | None = None) -> tuple[Outcome | None, bytes]:
    """Run the tap against a capture: how that ends, and its messages.

    Raises:
        OSError: There is no room for them.
    """
    capture = msgspec.structs.replace(capture, messages=b"")
    status, messages, said = (standby.run if standby else _in_another_process)(capture)
    if status is None or status < 0:
        return None, b""
    lines = said.decode(errors="replace").strip().splitlines()
    return outcome(messages, status, lines[-1] if lines and status else ""), messages


def _in_another_process(capture: Capture) -> tuple[int | None, bytes, bytes]:
    kept = dict(os.environ)
    without_environment(kept)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as said,
    ):
        path = Path(folder) / "capture.zip"
        write(capture, path, level=0)
        command = [sys.executable, "-m", "erp_common.replay", "--run", str(path)]
        try:
            done = subprocess.run(  # noqa: S603 -- this Python, and a file of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                env=kept,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, b"", b""
        out.seek(0)
        said.seek(0)
        return done.returncode, out.read(), said.read()


def _without_secrets(kept: Kept, body: bytes, masker: Masker, *, by_name: bool) -> bytes:
    """The body, and what was asked, without any secret that was learnt until the run's end.

    Fields that are named as secrets are emptied by a disguise as well.
    """
    kept.path = masker.mask(kept.path)
    kept.query = [(name, masker.mask(value)) for name, value in kept.query]
    kept.sent = {name: masker.mask(value) for name, value in kept.sent.items()}
    kept.body = kept.body and _TOKENS.sub(r'\1"***"', masker.mask(kept.body))
    kept.headers = [
        (name, "https://elsewhere.invalid/" if name == "Location" else masker.mask(value))
        for name, value in kept.headers
    ]
    plain, whole = body, True
    packed = any(name == "Content-Encoding" for name, _ in kept.headers)
    if packed:
        plain, whole = inflated(body)
    masked = _masked(plain, masker, by_name=by_name)
    if masked == plain:
        return body
    if packed and whole:
        kept.headers = [one for one in kept.headers if one[0] != "Content-Encoding"]
    return masked


_TOKENS = re.compile(
    rf'("(?:{"|".join(sorted(SECRETS))})"\s*:\s*)'
    r'(?:"(?:[^"\\]|\\.)*"?|[\w.+-]+)',
    re.IGNORECASE,
)


def _masked(body: bytes, masker: Masker, *, by_name: bool) -> bytes:
    text = body.decode(errors="surrogateescape")
    masked = masker.mask(text)
    if by_name:
        masked = _TOKENS.sub(r'\1"***"', masked)
    return body if masked is text else masked.encode(errors="surrogateescape")


def _kind(kept: Kept) -> str:
    headers = {name.lower(): value.lower() for name, value in kept.headers}
    packed = ".gz" if headers.get("content-encoding") else ""
    said = headers.get("content-type", "")
    named = next((kind for kind in ("json", "xml", "html") if kind in said), "txt")
    return named + packed
