"""How many requests may be in flight at once."""

from __future__ import annotations

import threading
from types import TracebackType

from erp_common.http.clock import Closed


class Gate:
    """At most `width` requests in flight at once; closing it wakes everyone who waits."""

    def __init__(self, width: int) -> None:
        """Create an open gate."""
        self._free = threading.Semaphore(width)
        self._closed = False

    def __enter__(self) -> None:
        """Wait for a free place.

        Raises:
            Closed: The gate was closed.
        """
        self._free.acquire()
        if self._closed:
            self._free.release()  # wakes the next one who waits
            raise Closed

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free the place."""
        self._free.release()

    def close(self) -> None:
        """Refuse everyone from now on, those who wait already too."""
        self._closed = True
        self._free.release()
