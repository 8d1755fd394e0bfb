"""Numbers for the lines of an entry within an account, in little memory."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_DIGEST_BYTES: Final = 14
_BUCKET_BYTES: Final = 2
_KEY_BYTES: Final = _DIGEST_BYTES - _BUCKET_BYTES
_COUNT_BYTES: Final = 4
_RECORD_BYTES: Final = _KEY_BYTES + _COUNT_BYTES


class LineNumbers:
    """Counts how often each entry has occurred in each account.

    A line's number must not depend on the page it came on, so every entry of the period has to be
    remembered. A dictionary of a million entries takes over 150 MB; here an entry takes 16 bytes in
    one of 65,536 buckets, plus 4 MB for the buckets: 112 bits of a hash and a count. Even among a
    billion entries two hashes are equal with a chance of one in 10^16.
    """

    def __init__(self) -> None:
        """Start with no entries."""
        self._buckets: dict[bytes, bytearray] = {}

    def next(self, account_code: str, entry_id: str) -> int:
        """The number of the next line of this entry in this account, from 1."""
        digest = blake2b(f"{account_code}\0{entry_id}".encode(), digest_size=_DIGEST_BYTES).digest()
        number, key = digest[:_BUCKET_BYTES], digest[_BUCKET_BYTES:]
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = bytearray()
        at = bucket.find(key)
        while at % _RECORD_BYTES:  # a match across two records, or -1
            if at < 0:
                bucket += key + b"\0\0\0\1"
                return 1
            at = bucket.find(key, at + 1)
        count_at = slice(at + _KEY_BYTES, at + _RECORD_BYTES)
        count = int.from_bytes(bucket[count_at], "big") + 1
        bucket[count_at] = count.to_bytes(_COUNT_BYTES, "big")
        return count
