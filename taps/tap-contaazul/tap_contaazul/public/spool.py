"""Rows that are needed later: in memory while they are few, then in a file."""

from __future__ import annotations

import tempfile
import threading
import weakref
from decimal import Decimal
from typing import Any, Final

import msgspec

_IN_MEMORY: Final = 1 << 23
"""Bytes."""

Mark = tuple[int, int]
"""Where a row stands, and how long it is."""

_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


class Spool:
    """Keeps rows as they came, amounts to the digit; the file has no name and ends with the run."""

    def __init__(self) -> None:
        """Start empty."""
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as the spool
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._end = 0

    def put(self, row: dict[str, Any]) -> Mark:
        """Keep a row."""
        data = _encoder.encode(row)
        with self._lock:
            self._file.seek(self._end)
            self._file.write(data)
            mark = (self._end, len(data))
            self._end += len(data)
        return mark

    def get(self, mark: Mark) -> dict[str, Any]:
        """A row that was kept."""
        with self._lock:
            self._file.seek(mark[0])
            data = self._file.read(mark[1])
        row: dict[str, Any] = _decoder.decode(data)
        return row
