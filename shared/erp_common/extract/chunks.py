"""Where a large JSON list can be cut into lists that decode on their own.

An answer of a million rows is hundreds of megabytes; decoded whole it would not fit. A list can be
cut after any of its elements, and a cut anywhere else (inside a text or a nested object) leaves a
piece that is no JSON. So a cut is made at a likely place and kept if the piece decodes, which
proves the cut right and the piece sound, before a single row of it is used. Where no likely place
will do, every bracket is counted, outside texts; and what is sound but for its texts is kept.
"""

from __future__ import annotations

import re
from typing import BinaryIO

import msgspec

from erp_common.http.answer import Undecodable
from erp_common.http.json_text import STRING, read_json

CHUNK = 1 << 18
"""Bytes read at a time."""

MAX_ROW = 1 << 24
"""Bytes in which at least one row must end."""

_ATTEMPTS = 2
"""Likely places that are tried before the list is gone through sign by sign."""

_boundary = re.compile(rb"\}\s*,\s*(?=\{)")
_following = re.compile(rb"\s*,\s*")
_token = re.compile(STRING + rb"|[\[\]{}]", re.DOTALL)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])

Piece = tuple[int, int]


def find_pieces(file: BinaryIO, key: str) -> list[Piece] | None:
    """Offsets and lengths of the pieces of the list that an object holds first under this key.

    Each piece is the inside of a list, without its brackets. Returns None if the body does not
    begin with that list, so that it must be read whole. The time it takes grows with the length of
    the body alone, whatever is in it.

    Raises:
        Undecodable: If the body is not JSON from its beginning to its end.
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
    # What holds no whole row is looked at again with twice as much of it.
    while chunk := file.read(max(CHUNK, len(rest))):
        rest += chunk
        length, consumed = _cut(rest, offset)
        if length:
            pieces.append((offset, length))
            offset += consumed
            rest = rest[consumed:]
        elif len(rest) > MAX_ROW:
            raise Undecodable("JSON", f"no row ends within {MAX_ROW} bytes from byte {offset}")
    last = _last(rest, offset, key)
    if last is None:
        return None
    if last:
        pieces.append((offset, last))
    return pieces


def _cut(text: bytes, offset: int) -> tuple[int, int]:
    """Length of the longest run of whole elements, and where the next element starts."""
    end, attempts = len(text), 0
    while attempts < _ATTEMPTS and (brace := text.rfind(b"}", 0, end)) >= 0:
        following = _boundary.match(text, brace)
        if following is not None:
            if _is_list(text[: brace + 1]):
                return brace + 1, following.end()
            attempts += 1
        end = brace
    length, consumed, _ = _scanned(text)
    if length:
        _must_be_list(text[:length], offset)
    return length, consumed


def _last(text: bytes, offset: int, key: str) -> int | None:
    """Length of the list's last elements; what follows the list in the object must be JSON too.

    None if the list's key comes again: then the last of them counts, as in a body read whole.
    """
    bracket = text.rfind(b"]")
    if bracket < 0 or not _is_list(text[:bracket]):
        bracket = _scanned(text)[2]
        if bracket < 0:
            raise Undecodable("JSON", f"the list does not end, at byte {offset + len(text)}")
        _must_be_list(text[:bracket], offset)
    opened = b'{"":0'
    begins = offset + bracket + 1 - len(opened)
    if key in read_json(_object.decode, opened + text[bracket + 1 :], begins):
        return None
    return bracket if text[:bracket].strip() else 0


def _scanned(text: bytes) -> tuple[int, int, int]:
    """Where a list's whole elements end, where the next begins, and where the list does (or -1)."""
    depth = length = consumed = 0
    for token in _token.finditer(text):
        sign = token[0]
        if sign in b"[{":
            depth += 1
        elif sign in b"]}":
            if not depth:
                return length, consumed, token.start()
            depth -= 1
            following = None if depth else _following.match(text, token.end())
            if following is not None and following.end() < len(text):
                length, consumed = token.end(), following.end()
        elif not token[1]:
            break  # a text that goes on
    return length, consumed, -1


def _must_be_list(inside: bytes, offset: int) -> None:
    read_json(_list.decode, b"[" + inside + b"]", offset - 1)


def _is_list(inside: bytes) -> bool:
    try:
        _list.decode(b"[" + inside + b"]")
    except msgspec.DecodeError:
        return False
    return True
