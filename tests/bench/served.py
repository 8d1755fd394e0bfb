"""The other end of `bench.serving`: a simulator in another process, while a `with` block lasts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

SETTINGS = {
    "start_date": "2024-01-01",
    "end_date": "2024-01-31",
    # No waiting for the allowance where CPU and memory are measured.
    "rate_limit": {"requests": 1_000_000_000, "interval": 1, "burst": 1_000_000},
}


class Called(NamedTuple):
    """A call that the simulator has seen; seconds on a clock of its own."""

    erp: str
    endpoint: str
    started: float
    rejected: str | None


class Served:
    """A running simulator."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Speak to this process."""
        self._process = process

    def settings(self, erp: str, **more: Any) -> dict[str, Any]:
        """A whole configuration of a tap."""
        settings: dict[str, Any] = self._ask({"do": "settings", "erp": erp, **SETTINGS, **more})
        return settings

    def calls(self) -> list[Called]:
        """What was called since this was asked last."""
        return [Called(*one) for one in self._ask({"do": "calls"})]

    def expected(self, erp: str, page_size: int = 100) -> dict[str, int]:
        """How many calls of each kind the books take if none is wasted."""
        counts: dict[str, int] = self._ask({"do": "expected", "erp": erp, "page_size": page_size})
        return counts

    def debits(self) -> Decimal:
        """The sum of the first company's debits."""
        return Decimal(self._ask({"do": "debits"}))

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def serving(**spec: Any) -> Iterator[Served]:
    """Serve what `bench.serving.Spec` describes; a month of 2024 unless told."""
    spec = {"start": "2024-01-01", "end": "2024-01-31", **spec}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.serving", msgspec.json.encode(spec).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        json.loads(process.stdout.readline())
        try:
            yield Served(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
