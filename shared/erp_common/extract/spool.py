"""Rows that are needed later: in memory while they are few, then in a file without a name."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.models import Posting

T = TypeVar("T")

IN_MEMORY: Final = 1 << 23
"""Bytes that a spool holds before it goes to disk."""

MOST: Final = 8 << 30
"""Bytes that a spool holds in all."""

Mark = tuple[int, int]
"""Where something stands, and how long it is."""

encode_postings: Final = msgspec.msgpack.Encoder().encode
decode_postings: Final = msgspec.msgpack.Decoder(list[Posting]).decode
"""Amounts keep every digit: they are written as text."""

encode_rows: Final[Callable[[Any], bytes]] = msgspec.json.Encoder(decimal_format="number").encode
decode_rows: Final[Callable[[bytes], Any]] = msgspec.json.Decoder(float_hook=Decimal).decode
"""Rows as the ERP sent them: a number stays a number with every digit, a text stays a text."""


class SpoolFull(ERPValidationError):  # noqa: N818 - less may be asked for instead
    """More rows would have to be kept than a spool holds."""


class Spool(Generic[T]):
    """Keeps what is put into it until the run ends; safe to use from several threads.

    The file is readable by its owner alone (mode 0600) and has no name, so that nothing of it is
    left behind however the run ends.
    """

    def __init__(self, encode: Callable[[T], bytes], decode: Callable[[bytes], T]) -> None:
        """Start empty.

        Args:
            encode: Writes what is kept.
            decode: Reads it again.
        """
        self._encode = encode
        self._decode = decode
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - lives as long as the spool
        self.close = weakref.finalize(self, self._file.close)
        """Gives the room back, in memory and on disk."""
        self._lock = threading.Lock()
        self._end = 0

    def put(self, value: T) -> Mark:
        """Keep something.

        Raises:
            SpoolFull: If that is more than it holds.
            ERPValidationError: If the disk is full.
        """
        data = self._encode(value)
        try:
            with self._lock:
                if self._end + len(data) > MOST:
                    raise SpoolFull(
                        f"the rows of the periods that are asked for together take more than "
                        f"{MOST >> 20:,} MiB; set periods_per_request to 1, or read fewer periods "
                        "in a run (start_date, end_date)"
                    )
                self._file.seek(self._end)
                self._file.write(data)
                mark = (self._end, len(data))
                self._end += len(data)
        except OSError as error:
            raise ERPValidationError(
                f"rows cannot be kept in {tempfile.gettempdir()} ({error.strerror}); make room "
                "there, let TMPDIR name a folder with more, or set periods_per_request to 1"
            ) from None
        return mark

    def get(self, mark: Mark) -> T:
        """What was kept."""
        with self._lock:
            self._file.seek(mark[0])
            data = self._file.read(mark[1])
        return self._decode(data)
