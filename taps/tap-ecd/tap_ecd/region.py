"""Stretches of a file, read again as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from tap_ecd.scan import BLOCK, decoded


class Texts(NamedTuple):
    """Some lines in a row, without their line feeds."""

    lines: list[str]
    number: int
    """The first one's number, counted from 1."""


class Region(NamedTuple):
    """A stretch of a file, from the beginning of a line to the end of another."""

    begins: int
    until: int
    line: int
    """The first line's number."""

    def read(self, file: BinaryIO, *, utf8: bool) -> Iterator[Texts]:
        """The lines.

        Args:
            file: The file.
            utf8: Whether its text is UTF-8.
        """
        file.seek(self.begins)
        rest, at, number = b"", self.begins, self.line
        while at < self.until:
            block = file.read(min(BLOCK, self.until - at))
            if not block:
                break
            at += len(block)
            whole, feed, rest_of_it = (rest + block).rpartition(b"\n")
            rest = rest_of_it
            if feed:
                lines = _text(whole, utf8=utf8)
                yield Texts(lines, number)
                number += len(lines)
        if rest:
            yield Texts([decoded(rest, utf8=utf8)], number)


def _text(whole: bytes, *, utf8: bool) -> list[str]:
    """The lines of a block: at once where all of it is of one kind, else each by itself."""
    try:
        return whole.decode("utf-8" if utf8 else "cp1252").split("\n")
    except UnicodeDecodeError:
        return [decoded(raw, utf8=utf8) for raw in whole.split(b"\n")]
