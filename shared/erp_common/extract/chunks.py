"""Where a large JSON list can be cut into lists that decode on their own.

An answer of a million rows is hundreds of megabytes; decoded whole it would not fit. A list can be
cut after any of its elements, and a cut anywhere else (inside a text or a nested object) leaves a
piece that is no JSON. So a cut is made at a likely place and kept if the piece decodes, which
proves the cut right and the piece sound, before a single row of it is used.
"""

from __future__ import annotations

import re
from typing import BinaryIO

import msgspec

CHUNK = 1 << 18
"""Bytes read at a time."""

MAX_ROW = 1 << 24
"""Bytes in which at least one row must end."""

_boundary = re.compile(rb"\}\s*,\s*(?=\{)")
_list = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])

Piece = tuple[int, int]


def find_pieces(file: BinaryIO, key: str) -> list[Piece] | None:
    """Offsets and lengths of the pieces of the list that an object holds first under this key.

    Each piece is the inside of a list, without its brackets. Returns None if the body does not
    begin with that list, so that it must be read whole.

    Raises:
        msgspec.DecodeError: If the body is not JSON from its beginning to its end.
    """
    head = file.read(CHUNK)
    start = re.match(
        rb'(?:\xef\xbb\xbf)?\s*\{\s*"' + re.escape(key.encode()) + rb'"\s*:\s*\[', head
    )
    if start is None:
        return None
    pieces: list[Piece] = []
    offset = start.end()
    rest = head[offset:]
    while chunk := file.read(CHUNK):
        rest += chunk
        length, consumed = _cut(rest)
        if length:
            pieces.append((offset, length))
            offset += consumed
            rest = rest[consumed:]
        elif len(rest) > MAX_ROW:
            raise msgspec.DecodeError(f"no row ends within {MAX_ROW} bytes")
    last = _last(rest)
    if last:
        pieces.append((offset, last))
    return pieces


def _cut(text: bytes) -> tuple[int, int]:
    """Length of the longest run of whole elements, and where the next element starts."""
    end = len(text)
    while (brace := text.rfind(b"}", 0, end)) >= 0:
        following = _boundary.match(text, brace)
        if following is not None and _is_list(text[: brace + 1]):
            return brace + 1, following.end()
        end = brace
    return 0, 0


def _last(text: bytes) -> int:
    """Length of the list's last elements; what follows the list in the object must be JSON too."""
    end = len(text)
    while (bracket := text.rfind(b"]", 0, end)) >= 0:
        if _is_list(text[:bracket]):
            _object.decode(b'{"":0' + text[bracket + 1 :])
            return bracket if text[:bracket].strip() else 0
        end = bracket
    raise msgspec.DecodeError("the list does not end")


def _is_list(inside: bytes) -> bool:
    try:
        _list.decode(b"[" + inside + b"]")
    except msgspec.DecodeError:
        return False
    return True
