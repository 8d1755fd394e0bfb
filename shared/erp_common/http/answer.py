"""An ERP's answer, read to its end before anything is made of it."""

from __future__ import annotations

import codecs
import io
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from functools import lru_cache
from typing import BinaryIO, cast

from requests import PreparedRequest

from erp_common.errors import ERPValidationError

_IN_MEMORY = 1 << 18
"""Bytes of a body that are held in memory; the rest goes to disk."""
MAX_IN_MEMORY = 1 << 26
"""Bytes of a body that is read as a whole."""
MAX_DECODED = 1 << 32
"""Bytes of a body once its content encoding is undone."""
_INFLATED_AT_ONCE = 1 << 20
_WINDOWS_1252 = frozenset({"cp1252", "windows-1252", "1252", "x-cp1252"})
_NO_CHARSETS = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}
)


class WrongShapeError(ERPValidationError):
    """What came can be read, and is not what was asked for."""


class Undecodable(Exception):  # noqa: N818 -- the reason why an answer is asked for again
    """The body is not what its content type, its length or the caller says it is."""

    def __init__(self, expected: str, detail: str = "") -> None:
        """Create the error.

        Args:
            expected: What was expected, such as `JSON`.
            detail: What is wrong with it, without data from the body.
        """
        super().__init__(f"not {expected}" + (f": {detail}" if detail else ""))
        self.expected = expected
        self.detail = detail


def decoded(body: bytes, charset: str) -> str:
    """The text; bytes that Windows-1252 leaves undefined are control characters, as browsers do.

    Raises:
        UnicodeDecodeError: The bytes are not in this charset.
        LookupError: Nobody knows the charset.
    """
    is_windows = charset.lower().replace("_", "-") in _WINDOWS_1252
    return body.decode(charset, "c1_controls" if is_windows else "strict")


def _control(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(error.object[error.start]), error.start + 1


codecs.register_error("c1_controls", _control)


class BoundExceeded(Exception):  # noqa: N818 -- tells what happened
    """An answer is beyond what any answer may be; says how, as in "more than 1 GiB"."""


class Answer:
    """Status, headers and the whole body of an answer."""

    sent: PreparedRequest | None = None
    """The request that it answers, signature included."""

    def __init__(self, status: int, headers: Mapping[str, str], body: BinaryIO, size: int) -> None:
        """Wrap a body that has been received completely.

        Args:
            status: HTTP status.
            headers: Looked up in any case, as `requests` does.
            body: The body without its content encoding, at its beginning.
            size: Bytes of the body.
        """
        self.status = status
        self.headers = headers
        self.size = size
        self._body = body
        self._taken = False
        self.content_type, self.charset = _media_type(headers.get("Content-Type") or "")
        """Such as `application/json`, without parameters, and the charset it states, else utf-8."""

    def read(self) -> bytes:
        """The whole body.

        Raises:
            BoundExceeded: It is larger than what is read into memory.
        """
        if self.size > MAX_IN_MEMORY:
            raise BoundExceeded(f"more than {MAX_IN_MEMORY >> 20} MiB that must be read as a whole")
        return self.open().read()

    def text(self) -> str:
        """The whole body as text.

        Raises:
            Undecodable: It is not in its charset, or nobody knows that charset.
        """
        try:
            return decoded(self.read(), self.charset)
        except LookupError:
            raise Undecodable("text", f"unknown charset {self.charset[:40]!r}") from None
        except UnicodeDecodeError as error:
            raise Undecodable("text", f"not {self.charset} at byte {error.start}") from None

    def utf8(self) -> bytes:
        """The whole body in UTF-8, without a byte order mark, for decoders that expect it.

        Raises:
            Undecodable: It is not in its charset, or nobody knows that charset.
        """
        plain = self.charset in {"utf-8", "utf8", "us-ascii", "ascii"}
        body = self.read() if plain else self.text().encode()
        return body.removeprefix(b"\xef\xbb\xbf")

    def open(self) -> BinaryIO:
        """The body from its beginning; it is the answer's own and is closed with it."""
        self._body.seek(0)
        return self._body

    def take(self) -> BinaryIO:
        """The body from its beginning; it is now the caller's to close, also after the answer."""
        self._taken = True
        return self.open()

    def close(self) -> None:
        """Release the body, unless it was taken."""
        if not self._taken:
            self._body.close()


def receive(
    read: Callable[[], bytes],
    status: int,
    headers: Mapping[str, str],
    check: Callable[[], object] = lambda: None,
) -> Answer:
    """Read a body to its end and undo its content encoding.

    Args:
        read: Gives the next bytes as they arrive, and none at the end; what it raises goes on.
        check: Called while bytes are made of those that have arrived; raises to break it off.
        status: HTTP status.
        headers: The answer's headers.

    Raises:
        Undecodable: The content encoding is unknown, broken or cut off.
        BoundExceeded: There are more encodings than one, or more bytes than an answer may have.
        ERPValidationError: There is no room on disk.
    """
    # No SpooledTemporaryFile: before Python 3.11 parsers cannot read from it.
    body: BinaryIO = io.BytesIO()
    size = 0
    try:
        for piece in _decoded(iter(read, b""), headers.get("Content-Encoding") or ""):
            check()
            size = _within_bounds(size + len(piece))
            with _told_if_full():
                if isinstance(body, io.BytesIO) and size > _IN_MEMORY:
                    begun = body.getvalue()
                    body = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 -- closed with the answer
                    body.write(begun)
                body.write(piece)
        with _told_if_full():  # what is still to be written is
            body.seek(0)
        return Answer(status, headers, body, size)
    except BaseException:
        with suppress(OSError):
            body.close()
        raise


def _within_bounds(size: int) -> int:
    if size > MAX_DECODED:
        raise BoundExceeded(f"more than {MAX_DECODED >> 30} GiB of content")
    return size


@contextmanager
def _told_if_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ERPValidationError(
            f"The temporary folder {tempfile.gettempdir()} cannot be written to "
            f"({error.strerror or type(error).__name__}); make room there, or set TMPDIR to a "
            "folder with more.",
            ends_run=True,
        ) from None


@lru_cache(maxsize=64)
def _media_type(written: str) -> tuple[str, str]:
    message = Message()
    message["content-type"] = written or "application/octet-stream"
    charset = message.get_content_charset() or "utf-8"
    # Python's own, of no use to a server; some take time that grows with the square of the text.
    known = charset.replace("-", "_") not in _NO_CHARSETS
    return message.get_content_type(), charset if known else f"x-{charset}"


def _decoded(pieces: Iterator[bytes], encodings: str) -> Iterator[bytes]:
    named = [name.strip() for name in encodings.lower().split(",")]
    named = [name for name in named if name not in {"", "identity"}]
    if len(named) > 1:
        raise BoundExceeded("more than one content encoding")
    if not named:
        return pieces
    (encoding,) = named
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise Undecodable("gzip or deflate", f"content encoding {encoding[:40]!r}")
    return _inflated(pieces, encoding)


def _inflated(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Inflate; unlike urllib3's decoder it notices that the end is missing."""
    inflater = None
    try:
        for piece in pieces:
            rest, more = piece, False
            while rest or more:
                if inflater is None:
                    inflater = zlib.decompressobj(_window(rest, encoding))
                # A few bytes may hold a thousand times as many.
                inflated = inflater.decompress(rest, _INFLATED_AT_ONCE)
                yield inflated
                rest, more = inflater.unconsumed_tail, len(inflated) == _INFLATED_AT_ONCE
                if inflater.eof:  # gzip may go on with another member
                    rest, more, inflater = inflater.unused_data, False, None
    except zlib.error:
        raise Undecodable(encoding, "broken") from None
    if inflater is not None:
        raise Undecodable(encoding, "cut off")


def _window(first: bytes, encoding: str) -> int:
    if encoding != "deflate":
        return 16 + zlib.MAX_WBITS
    # Some servers send deflate without its zlib header, which begins with method 8.
    return zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS  # noqa: PLR2004
