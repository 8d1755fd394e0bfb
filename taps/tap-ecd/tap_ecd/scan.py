"""The lines of an ECD file: cut at line ends, in bounded memory, up to the record 9999.

What is no record is left out: the RTF of J800 and J801, which may be 30 MB over many lines, and the
binary signature after 9999.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from erp_common.errors import ERPValidationError
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.sentences import told

BLOCK = 1 << 20
"""Bytes read at once."""

LONGEST = 1 << 20
"""Bytes in one record at most; the longest field of an ECD is a history of 65,535 signs."""

_END = b"\n|9999|"
_STOPS = ((b"\n|J800|", b"J800FIM|"), (b"\n|J801|", b"J801FIM|"), (_END, b""))
"""Where a pass stops to look: how the line begins, and what ends the RTF that begins there."""

_ANOTHER = b"|0000|LECD|"
"""How another file begins."""

_LINE_ENDS = ("\r", "")
_MARK = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


class Lines(NamedTuple):
    """Some lines in a row, without their line feeds."""

    raw: list[bytes]
    offset: int
    """Where the first begins in the file."""
    number: int
    """The first one's number, counted from 1."""


class Scan:
    """One pass over a file; what it says of the file stands when the pass is over."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Begin to read.

        Args:
            file: The file, at its start.
            name: What the file is called, for sentences.
        """
        self._file = file
        self._name = name
        self._whole = hashlib.sha256()
        self._text = hashlib.sha1(usedforsecurity=False)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._maybe_utf8 = True
        self._beyond_ascii = False
        self._marker = b""
        self._buffer = b""
        self._offset = 0
        self._number = 1
        self.rtf_lines = 0
        """Lines inside RTF texts, beyond those that their records begin on."""
        self.open_rtf: int | None = None
        """The line of the RTF that has no end."""
        self.is_closed = False
        """Whether the record 9999 was met."""
        self.cut_short: bytes | None = None
        """What stands after the last line end of a file without 9999."""
        self.size = 0
        self.goes_on = False
        """Whether another ECD follows the record 9999, where there is at most a signature."""

    @property
    def sha256(self) -> str:
        """Of the whole file, the signature included."""
        return self._whole.hexdigest()

    @property
    def sha1(self) -> str:
        """Of the text up to 9999, in capitals, as a substitute names the file it replaces."""
        return self._text.hexdigest().upper()

    @property
    def is_utf8(self) -> bool:
        """Whether the text is UTF-8, which an ECD never should be."""
        return self._beyond_ascii and self._maybe_utf8

    def lines(self) -> Iterator[Lines]:
        """The lines outside RTF texts, the record 9999 the last.

        Raises:
            ERPValidationError: If the file is no such text.
        """
        while block := self._take():
            self._buffer += block
            if self._offset == 0 and self._number == 1:
                self._begin()
            yield from self._complete_lines()
            if self.is_closed:
                break
        yield from self._last()
        rest = self._buffer if self.is_closed else b""
        while block := self._take():
            self.goes_on |= _ANOTHER in rest + block
            rest = block[-len(_ANOTHER) :]
        self.goes_on |= _ANOTHER in rest

    def _last(self) -> Iterator[Lines]:
        """What stands after the last line end: 9999 need not end its line."""
        if self.is_closed:
            return
        rest = self._buffer
        self._text_is(rest)
        if self._marker or not rest.strip():
            return
        if rest.startswith(_END[1:]):
            self.is_closed = True
            yield Lines([rest], self._offset, self._number)
        else:
            self.cut_short = rest

    def _take(self) -> bytes:
        block = self._file.read(BLOCK)
        self._whole.update(block)
        self.size += len(block)
        return block

    def _begin(self) -> None:
        if self._buffer.startswith(_WIDE):
            raise ERPValidationError(
                f"{self._name} is written in UTF-16; save it as the program exports it, in "
                "ISO-8859-1",
            )
        if self._buffer.startswith(_MARK):
            self._text_is(_MARK)
            self._buffer = self._buffer[len(_MARK) :]
            self._offset = len(_MARK)

    def _complete_lines(self) -> Iterator[Lines]:
        """The lines that the buffer holds whole; what follows the last line end stays in it."""
        while not self.is_closed:
            if self._marker and not self._skip_rtf():
                return
            end = self._buffer.rfind(b"\n") + 1
            stop = self._next_stop(end)
            if not end and stop is None:
                self._must_end()
                return
            if stop is None:
                yield self._cut(end)
                return
            begins, rtf = stop
            if begins:
                yield self._cut(begins)
            if rtf:
                # The record ends somewhere in the RTF; its beginning is as much as is of use.
                self._marker = rtf
                self.open_rtf = self._number
                yield Lines([self._buffer[:6]], self._offset, self._number)
            else:
                line_end = self._buffer.index(b"\n") + 1
                self.is_closed = True
                self.goes_on = _ANOTHER in self._buffer[:line_end]
                yield self._cut(line_end)

    def _next_stop(self, end: int) -> tuple[int, bytes] | None:
        """Where the first RTF or 9999 begins, and what ends the RTF; None if neither does."""
        found = []
        for mark, ending in _STOPS:
            # A text may be one line of many megabytes; the record 9999 is read when it is whole.
            if self._buffer.startswith(mark[1:]) and (ending or end):
                return 0, ending
            at = self._buffer.find(mark, 0, end)
            if 0 <= at < end - 1:
                found.append((at + 1, ending))
        return min(found, default=None)

    def _skip_rtf(self) -> bool:
        """Drop the RTF that the buffer begins in; False if it goes on beyond the buffer."""
        at = self._buffer.find(self._marker)
        if at < 0:
            self._drop(max(0, len(self._buffer) - len(self._marker)))
            return False
        end = self._buffer.find(b"\n", at) + 1
        if not end:
            self._drop(at)
            self._must_end()
            return False
        self._drop(end)
        self.rtf_lines -= 1  # the line that the record begins on
        self._marker = b""
        self.open_rtf = None
        return True

    def _drop(self, length: int) -> None:
        gone = self._buffer[:length]
        self._text_is(gone)
        ends = gone.count(b"\n")
        self.rtf_lines += ends
        self._number += ends
        self._offset += length
        self._buffer = self._buffer[length:]

    def _cut(self, length: int) -> Lines:
        gone = self._buffer[:length]
        self._text_is(gone)
        raw = gone.split(b"\n")
        raw.pop()
        lines = Lines(raw, self._offset, self._number)
        self._offset += length
        self._number += len(raw)
        self._buffer = self._buffer[length:]
        return lines

    def _must_end(self) -> None:
        if len(self._buffer) > LONGEST:
            raise ERPValidationError(
                f"{self._name} has a line of more than {LONGEST} bytes (line {self._number}), "
                "which is no record of an ECD; give the file as the program exports it",
            )

    def _text_is(self, text: bytes) -> None:
        self._text.update(text)
        if text.isascii() and not self._utf8.getstate()[0]:
            return
        self._beyond_ascii = True
        if self._maybe_utf8:
            try:
                self._utf8.decode(text)
            except UnicodeDecodeError:
                self._maybe_utf8 = False
                self._utf8.reset()


def fields(line: str) -> list[str]:
    """The fields of a record, field 1 its name; field 0 is what stands before the first `|`.

    Raises:
        InvalidValue: If the line does not end with `|`: its last field may have been cut.
    """
    parts = line.split("|")
    after = parts.pop()
    if after not in _LINE_ENDS and after.strip():
        raise InvalidValue(
            told("the record"), told("does not end with |, so part of it may be missing")
        )
    return parts


def decoded(raw: bytes, *, utf8: bool = False) -> str:
    """The text of a line, without its carriage return.

    ISO-8859-1, which most programs take Windows-1252 for; or UTF-8 if the file says so. A byte that
    has no meaning there stays what it is in ISO-8859-1: nothing is lost.
    """
    if raw.isascii():
        return raw.decode("ascii").rstrip("\r")
    if utf8:
        try:
            return raw.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError:
            pass
    try:
        return raw.decode("cp1252").rstrip("\r")
    except UnicodeDecodeError:
        return raw.decode("latin-1").rstrip("\r")
