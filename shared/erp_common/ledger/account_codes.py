"""Account codes: how they nest in one another."""

from __future__ import annotations

import re
from collections.abc import Iterable

_separator = re.compile(r"[./_-]")


def bare(code: str) -> str:
    """The letters and digits of the code alone: `2.3.01` and `2301` are the same."""
    return "".join(c for c in code if c.isalnum()).casefold()


class CodeTree:
    """Finds the code above another by its prefix.

    Where a code has separators, a prefix ends at one: `1.10` is not below `1.1`. Where it has
    none, any prefix will do (`111` is below `11`), except one whose own children are set off by a
    separator: beside `1.1`, the code `10` is a root and not a child of `1`.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        """Read the codes of a whole chart."""
        self._codes = frozenset(codes)
        self._set_off = {
            code[: match.start()] for code in self._codes if (match := _separator.search(code))
        }

    def above(self, code: str, *, among: Iterable[str] | None = None) -> str | None:
        """The longest other code that is a prefix, or None.

        Args:
            code: A code, of the chart or not.
            among: Take only these codes of the chart.
        """
        codes = self._codes if among is None else self._codes.intersection(among)
        return next((prefix for prefix in self._prefixes(code) if prefix in codes), None)

    def _prefixes(self, code: str) -> list[str]:
        cuts = [match.start() for match in _separator.finditer(code)]
        if not cuts:
            return [
                prefix
                for length in range(len(code) - 1, 0, -1)
                if (prefix := code[:length]) not in self._set_off
            ]
        return [
            prefix
            for cut in reversed(cuts)
            for prefix in (code[: cut + 1], code[:cut])
            if prefix and prefix != code
        ]
