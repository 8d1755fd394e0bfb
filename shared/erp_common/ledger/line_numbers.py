"""Numbers for the lines of an entry within an account, in little memory."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final

_MOST_IN_DICTIONARIES: Final = 1 << 15
_BUCKETS: Final = 1 << 16
_FEW: Final = 16
_packed = Struct("<q").pack


class LineNumbers:
    """Counts how often each entry has occurred in each account.

    A line's number must not depend on the page it came on, so every entry is remembered until its
    account is finished: in dictionaries, which are fast, and packed where that gets too much.
    """

    def __init__(self) -> None:
        """Start with no entries."""
        self._numbers: dict[str, dict[str, int]] = {}
        self._room = _MOST_IN_DICTIONARIES
        self._packed = PackedNumbers()
        self._packed_accounts: set[str] = set()
        self._turn_to("")

    def next(self, account_code: str, entry_id: str) -> int:
        """The number of the next line of this entry in this account, from 1."""
        if account_code != self._account:
            self._turn_to(account_code)
        if self._is_packed:
            return self._packed.next(account_code, entry_id)
        number = self._entries.get(entry_id, 0) + 1
        self._entries[entry_id] = number
        if number == 1:
            self._room -= 1
            if not self._room:
                self._pack()
        return number

    def finish(self, account_code: str) -> None:
        """Forget the entries of an account, which will have no more lines."""
        self._room += len(self._numbers.pop(account_code, ()))
        self._packed_accounts.discard(account_code)
        if not self._packed_accounts:
            self._packed = PackedNumbers()
        self._turn_to("")

    def _turn_to(self, account_code: str) -> None:
        self._account = account_code
        self._is_packed = account_code in self._packed_accounts
        entries = self._numbers.get(account_code)
        if entries is None:
            entries = self._numbers[account_code] = {}
        self._entries = entries

    def _pack(self) -> None:
        for account_code, entries in self._numbers.items():
            if entries:
                self._packed.add(account_code, entries)
                self._packed_accounts.add(account_code)
        self._numbers.clear()
        self._room = _MOST_IN_DICTIONARIES
        self._turn_to(self._account)


class PackedNumbers:
    """The numbers of a million entries in about 10 MB, where dictionaries would take over 150 MB.

    An entry is a hash in one of many buckets, there as often as it has occurred; only entries of
    very many lines are counted apart, lest the counting take longer and longer. That any two of a
    million entries have equal hashes is less likely than one in ten million, and would only leave
    out a number.
    """

    def __init__(self) -> None:
        """Start with no entries."""
        self._buckets: list[bytes] = []
        self._many: dict[int, int] = {}

    def add(self, account_code: str, numbers: Mapping[str, int]) -> None:
        """Take over entries that are not here yet, with the numbers of their last lines."""
        if not self._buckets:
            self._buckets = [b""] * _BUCKETS
        for entry_id, number in numbers.items():
            hashed = hash((account_code, entry_id))
            self._buckets[hashed & (_BUCKETS - 1)] += _packed(hashed) * min(number, _FEW)
            if number > _FEW:
                self._many[hashed] = number

    def next(self, account_code: str, entry_id: str) -> int:
        """The number of the next line of this entry in this account."""
        hashed = hash((account_code, entry_id))
        place, packed = hashed & (_BUCKETS - 1), _packed(hashed)
        bucket = self._buckets[place]
        number = bucket.count(packed) + 1
        if number <= _FEW:
            self._buckets[place] = bucket + packed
        else:
            number = self._many[hashed] = self._many.get(hashed, _FEW) + 1
        return number
