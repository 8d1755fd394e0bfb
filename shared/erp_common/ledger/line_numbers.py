"""Numbers for the lines of an entry within an account, in little memory."""

from __future__ import annotations

from struct import Struct
from typing import Final

_BUCKETS: Final = 1 << 16
_record = Struct("<QII")
_key = Struct("<QI")
_count = Struct("<I")


class LineNumbers:
    """Counts how often each entry has occurred in each account.

    A line's number must not depend on the page it came on, so every entry of the period has to be
    remembered. A dictionary of a million entries takes over 150 MB. Here an entry takes 16 bytes:
    96 bits of two independent hashes and a count, in one of 65,536 buckets. That two of a million
    entries have equal hashes is as likely as one in 10^17, and would only leave out a number.
    """

    def __init__(self) -> None:
        """Start with no entries."""
        self._buckets: list[bytearray | None] = [None] * _BUCKETS

    def next(self, account_code: str, entry_id: str) -> int:
        """The number of the next line of this entry in this account, from 1."""
        first = hash((account_code, entry_id)) & 0xFFFF_FFFF_FFFF_FFFF
        second = hash(entry_id + account_code) & 0xFFFF_FFFF
        bucket = self._buckets[first % _BUCKETS]
        if bucket is None:
            self._buckets[first % _BUCKETS] = bytearray(_record.pack(first, second, 1))
            return 1
        key = _key.pack(first, second)
        at = bucket.find(key)
        while at > 0 and at % _record.size:  # the end of one record and the start of the next
            at = bucket.find(key, at + 1)
        if at < 0:
            bucket += _record.pack(first, second, 1)
            return 1
        number: int = _count.unpack_from(bucket, at + _key.size)[0] + 1
        _count.pack_into(bucket, at + _key.size, number)
        return number
