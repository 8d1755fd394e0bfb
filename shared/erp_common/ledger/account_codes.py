"""Account codes: how they nest in one another."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

_SEPARATORS: Final = "./_ -"
_split = re.compile(rf"[{_SEPARATORS}]").split
_set_off_parts = re.compile(rf"[{_SEPARATORS}]?[^{_SEPARATORS}]+|.").findall
_check_digit = re.compile(r"(.*[./_ ].*)-[0-9Xx]").fullmatch
_ALIKE: Final = str.maketrans(dict.fromkeys(string.ascii_letters + string.digits, "9"))
_MOST: Final = 0.9
"""What share of the codes must have one shape for it to be the chart's mask."""
_ZEROS: Final = str.maketrans(dict.fromkeys(string.ascii_letters + string.digits, "0"))


@lru_cache(maxsize=65536)
def bare(code: str) -> str:
    """The letters and digits of the code alone: `2.3.01` and `2301` are the same."""
    return "".join(c for c in code if c.isalnum()).casefold()


@lru_cache(maxsize=65536)
def significant(code: str) -> str:
    """The code without the zero segments it is filled up with: `1.1.00` is `1.1`, `0` is `0`."""
    return _unfilled(_set_off_parts(_comparable(code)))


@lru_cache(maxsize=65536)
def segments(code: str) -> tuple[str, ...]:
    """The parts of the code between its separators."""
    return tuple(_split(code))


@lru_cache(maxsize=65536)
def is_zero(code: str) -> bool:
    """Whether the code is nothing but zeros, as that of a root above the roots."""
    return set(bare(code)) == {"0"}


class CodeTree:
    """Finds the code above another.

    Where a code has separators, a prefix ends at one: `1.10` is not below `1.1`. Where it has
    none, any prefix will do (`111` is below `11`), except one whose own children are set off by a
    separator: beside `1.1`, the code `10` is a root and not a child of `1`.

    Where all codes are filled up to one shape, the code above has its last segment that is not
    zero set to zero: `1.1.00` is above `1.1.01`. Without separators that is any last digit. A check
    digit (`1.1.01-7`, or `11017`; no code differs in it alone) is no part of it.

    Separators at either end count for nothing.
    """

    def __init__(self, codes: Iterable[str], *, top: str | None = None) -> None:
        """Read the codes of a whole chart.

        Args:
            codes: Every code once.
            top: The root above the roots, if there is one.
        """
        self._top = top
        in_order = sorted(codes, key=lambda code: (len(code), code))
        self._check_digits = _check_digits([_comparable(code) for code in in_order])
        self._codes: dict[str, str] = {}
        for code in in_order:
            self._codes.setdefault(self._key(code), code)
        self._set_off = {
            key[: len(parts[0])] for key in self._codes if len(parts := segments(key)) > 1
        }
        self._mask = self._most_common_shape()
        self.has_separators = bool(self._set_off)

    def above(
        self, code: str, analytic: Container[str] = (), summaries: Container[str] = ()
    ) -> str | None:
        """The code right above, or None for a root.

        Args:
            code: A code, of the chart or not.
            analytic: The codes that stand above no other.
            summaries: The codes that surely stand above others.
        """
        key = self._key(code)
        for prefix in self._prefixes(key):
            found = self._codes.get(prefix)
            if found is not None and found != code and found not in analytic:
                return found
        for filled in self._zeroed(key):
            found = self._codes.get(filled)
            fits = found in summaries or (self.has_separators and found not in analytic)
            if found is not None and found != code and fits:
                return found
        return self._top if code != self._top else None

    def _key(self, code: str) -> str:
        key = _comparable(code)
        return key[: len(key) - self._check_digits] or key

    def _prefixes(self, key: str) -> Iterator[str]:
        parts = segments(key)
        if len(parts) > 1:
            end = len(key)
            for part in reversed(parts[1:]):
                end -= len(part) + 1
                yield key[:end]
        else:
            for end in range(len(key) - 1, 0, -1):
                if (prefix := key[:end]) not in self._set_off:
                    yield prefix

    def _most_common_shape(self) -> str | None:
        shapes = Counter(key.translate(_ALIKE) for key in self._codes)
        shape, count = max(shapes.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        return shape if len(shape) > 1 and count >= _MOST * len(self._codes) else None

    def _zeroed(self, key: str) -> Iterator[str]:
        """The filled-up code with its last part zero, the last two, and so on."""
        if key.translate(_ALIKE) != self._mask:
            return
        parts = self._parts(key)
        for place in range(len(parts) - 1, -1, -1):
            if parts[place].strip("0" + _SEPARATORS):
                parts[place] = parts[place].translate(_ZEROS)
                yield "".join(parts)

    def _parts(self, key: str) -> list[str]:
        """The segments of the code, each with the separator before it."""
        return _set_off_parts(key) if self.has_separators else list(key)

    def significant(self, code: str) -> str:
        """What all codes below this one begin with: of `1.1.00` that is `1.1`."""
        return _unfilled(self._parts(self._key(code))) if self._mask else code


def _check_digits(keys: Sequence[str]) -> int:
    """How many characters a check digit takes at the end of every code; 0 if they have none.

    Without it no two codes are the same: a digit that tells accounts apart is no check digit.
    """
    if all(map(_check_digit, keys)):
        length = 2
    elif all(map(str.isdigit, keys)) and len(set(map(len, keys))) == 1:
        length = 1
    else:
        return 0
    return length if len({key[:-length] for key in keys}) == len(keys) else 0


def _unfilled(parts: list[str]) -> str:
    """The parts of a code without those at its end that are nothing but zeros."""
    while len(parts) > 1 and not parts[-1].strip("0" + _SEPARATORS):
        del parts[-1]
    return "".join(parts)


def _comparable(code: str) -> str:
    return code.strip(_SEPARATORS)
