"""Numbers for the lines of an entry within an account, in little memory."""

from __future__ import annotations

from struct import Struct
from typing import Final

_BUCKETS: Final = 1 << 16
_FEW: Final = 16
_packed = Struct("<q").pack


class LineNumbers:
    """Counts how often each entry has occurred in each account.

    A line's number must not depend on the page it came on, so every entry of the period has to be
    remembered. A dictionary of a million entries takes over 150 MB. Here a line takes 8 bytes, a
    hash of account and entry in one of 65,536 buckets, and its number is how often that hash is
    there already. Entries of very many lines are counted apart, lest the counting take longer and
    longer. That any two of a million entries have equal hashes is less likely than one in ten
    million, and would only leave out a number.
    """

    def __init__(self) -> None:
        """Start with no entries."""
        self._buckets: list[bytes] = [b""] * _BUCKETS
        self._many: dict[int, int] = {}

    def next(self, account_code: str, entry_id: str) -> int:
        """The number of the next line of this entry in this account, from 1."""
        hashed = hash((account_code, entry_id))
        packed = _packed(hashed)
        place = hashed & (_BUCKETS - 1)
        bucket = self._buckets[place]
        number = bucket.count(packed) + 1
        if number <= _FEW:
            self._buckets[place] = bucket + packed
        else:
            number = self._many[hashed] = self._many.get(hashed, _FEW) + 1
        return number
