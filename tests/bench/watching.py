"""What each program of a pipeline costs, while another program starts and ends them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from typing_extensions import Self

INTERVAL = 0.05
"""Seconds between two looks; what a process does after the last one is not seen."""

_TICKS = os.sysconf("SC_CLK_TCK")


class Seen(NamedTuple):
    """A process: its command line, environment and seconds of user and system time."""

    parent: int
    command: str
    environment: bytes
    cpu: float


class Watch:
    """Adds up CPU by the name that `role` gives a process, or None, while a `with` block lasts."""

    def __init__(self, role: Callable[[int, Seen], str | None]) -> None:
        """Count the processes that have a role."""
        self._role = role
        self._cpu: dict[tuple[str, int], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def cpu(self) -> dict[str, float]:
        """Seconds of user and system time by role."""
        total: dict[str, float] = {}
        for (role, _), seconds in self._cpu.items():
            total[role] = total.get(role, 0.0) + seconds
        return total

    def _look(self) -> None:
        while not self._ended.wait(INTERVAL):
            for pid, seen in processes().items():
                role = self._role(pid, seen)
                if role is not None:
                    self._cpu[role, pid] = seen.cpu

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()


def processes() -> dict[int, Seen]:
    """All processes that may be looked at."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue  # another user's, or gone since
        cpu = (int(stat[11]) + int(stat[12])) / _TICKS
        found[int(folder.name)] = Seen(int(stat[1]), command, environment, cpu)
    return found
