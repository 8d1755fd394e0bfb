"""Whether the numbers of a file's entries come once each, in bounded memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

MOST_STRETCHES: Final = 50_000
"""Stretches of numbers in a row that are kept of one file."""

_DIGITS: Final = b"0123456789"
_MOST_DIGITS: Final = 18


class Numbers:
    """The numbers that have come.

    Programs number entries in a row, alone or behind a mark (`LOTE-0001`), so that millions of
    numbers are a few stretches.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.is_full = False
        """Whether there are too many stretches to keep: of what comes then nothing is known."""
        self._room = MOST_STRETCHES
        self._forms: dict[tuple[bytes, int], Stretches] = {}

    def comes_again(self, written: bytes) -> bool:
        """Whether a number was there before; if not, it is now."""
        mark = written.rstrip(_DIGITS)
        digits = written[len(mark) :][-_MOST_DIGITS:]
        if len(mark) + len(digits) < len(written):
            mark = written[: -len(digits)]
        form = (mark, len(digits))
        stretches = self._forms.get(form)
        if stretches is None:
            if not self._room:
                self.is_full = True
                return False
            self._room -= 1
            stretches = self._forms[form] = Stretches()
        number = int(digits or b"0")
        if stretches.hold(number):
            return True
        if stretches.goes_on(number):
            return False
        if not self._room:
            self.is_full = True
            return False
        self._room -= 1
        stretches.begin(number)
        return False


class Stretches:
    """Whole numbers, as stretches of numbers in a row."""

    __slots__ = ("_first", "_firsts", "_last", "_lasts")

    def __init__(self) -> None:
        """Begin with none."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._first = 0
        """Where the stretch that goes on begins; it is in the lists once another one does."""
        self._last = -1

    def hold(self, number: int) -> bool:
        """Whether the number is in one of them."""
        if self._first <= number <= self._last:
            return True
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._lasts[place]

    def goes_on(self, number: int) -> bool:
        """Add the number to the last stretch if it follows; whether it did."""
        if self._last < self._first:
            self._first = self._last = number
            return True
        if number != self._last + 1:
            return False
        self._last = number
        return True

    def begin(self, number: int) -> None:
        """End the last stretch, and begin another with the number."""
        place = bisect_right(self._firsts, self._first)
        self._firsts.insert(place, self._first)
        self._lasts.insert(place, self._last)
        self._first = self._last = number
