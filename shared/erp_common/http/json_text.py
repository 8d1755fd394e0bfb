"""JSON as programs write it by hand: read leniently where its meaning is plain.

Hand-written programs leave control characters inside texts, and cut texts of other alphabets in the
middle of a sign. No decoder takes that, and the rows around it are sound. So a body that does not
decode is mended, once, in one pass: a control character becomes its escape, half a sign is dropped.
What is still no JSON is refused, with the byte at which the trouble is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from erp_common.http.answer import Undecodable

T = TypeVar("T")

STRING: Final = rb'"[^"\\]*(?:\\.[^"\\]*)*("?)'
"""A text from its first quote to its last, or to the end if it has none."""

_string: Final = re.compile(STRING, re.DOTALL)
_suspect: Final = re.compile(rb"[\x00-\x1f]|\\u[dD][89a-fA-F]")
_odd: Final = re.compile(
    rb"[\x00-\x1f]"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    rb"|\\.",
    re.DOTALL,
)
_ESCAPES: Final = {b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}
_HALF: Final = len(rb"\ud83d")
_position: Final = re.compile(r"^(?:JSON is malformed: )?(.*?) \(byte (\d+)\)$")


class Mended:
    """A body with its texts mended."""

    def __init__(self, body: bytes) -> None:
        """Mend a body; linear in its length."""
        pieces: list[bytes] = []
        self._shifts: list[tuple[int, int]] = []
        done = length = 0
        for found in _string.finditer(body):
            text = found[0]
            if _suspect.search(text) is None:
                continue
            for one in _odd.finditer(text):
                put = _in_place_of(one[0])
                if put == one[0]:
                    continue
                start, end = found.start() + one.start(), found.start() + one.end()
                length += start - done + len(put)
                pieces += (body[done:start], put)
                self._shifts.append((length, end))
                done = end
        pieces.append(body[done:])
        self.body = b"".join(pieces)

    def origin(self, at: int) -> int:
        """The byte of the body as it came that stands at this place now."""
        before = [shift for shift in self._shifts if shift[0] <= at]
        mended, sent = before[-1] if before else (0, 0)
        return at - mended + sent


def read_json(decode: Callable[[bytes], T], body: bytes, offset: int = 0) -> T:
    """What a decoder makes of a body, mended if need be.

    Args:
        decode: The decoder.
        body: In UTF-8, or in what the decoder takes for that.
        offset: Where in the answer it begins.

    Raises:
        msgspec.ValidationError: It is JSON of another shape.
        Undecodable: It is no JSON; the detail names the byte.
    """
    mended: Mended | None = None
    while True:
        try:
            return decode(body if mended is None else mended.body)
        except msgspec.ValidationError:
            raise
        except UnicodeDecodeError as error:
            raise Undecodable("text in UTF-8", _not_utf8(body, offset, error)) from None
        except msgspec.DecodeError as error:
            if mended is not None:
                raise Undecodable("JSON", _malformed(error, body, offset, mended)) from None
            mended = Mended(body)


def _malformed(error: msgspec.DecodeError, body: bytes, offset: int, mended: Mended) -> str:
    """What a decoder says of a body that is no JSON, with its place in the answer."""
    found = _position.match(str(error))
    if found is None:
        return f"it ends too early, at byte {offset + len(body)}"
    return f"{found[1]} at byte {offset + mended.origin(int(found[2]))}"


def _in_place_of(odd: bytes) -> bytes:
    if odd[:1] == b"\\":
        return b"" if len(odd) == _HALF else odd
    return _ESCAPES.get(odd, b"\\u%04x" % odd[0])


def _not_utf8(body: bytes, offset: int, error: UnicodeDecodeError) -> str:
    """Where a body is no UTF-8; a decoder tells the place within a text alone."""
    try:
        body.decode()
    except UnicodeDecodeError as whole:
        error = whole
    return f"{error.reason} at byte {offset + error.start}"
