"""What is pasted into standard input, line by line, as it comes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

THREAD = "pasted"
_BLOCK = 1 << 12
_LONGEST = 1 << 16


def watch(typed: Callable[[str], None], closed: Callable[[], None]) -> bool:
    """Tell of each line of standard input, on a thread that ends with the process.

    Args:
        typed: Told of each line.
        closed: Told when no more can come.

    Returns:
        Whether there is a standard input at all.
    """
    try:
        source = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        # Python has none where file 0 was closed; that number may be something else's by now.
        return False
    arguments = (source, typed, closed)
    threading.Thread(target=_read, args=arguments, name=THREAD, daemon=True).start()
    return True


def _read(source: int, typed: Callable[[str], None], closed: Callable[[], None]) -> None:
    # Not through sys.stdin, whose lock a thread that waits would still hold when Python ends.
    kept = b""
    while True:
        try:
            block = os.read(source, _BLOCK)
        except OSError:
            block = b""
        *lines, kept = (kept + block).split(b"\n")
        if not block and kept:
            lines.append(kept)
        for line in lines:
            typed(line.decode(errors="replace"))
        if not block or len(kept) > _LONGEST:
            closed()
            return
