"""Waiting for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SECONDS = 900
"""An end for what never comes; nothing is measured by it."""


def until(true: Callable[[], T | None], what: str) -> T:
    """Wait until a function gives something true, and give that."""
    end = time.monotonic() + SECONDS
    while not (found := true()):
        assert time.monotonic() < end, f"{what}: this has not come about"
        time.sleep(0.05)
    return found
