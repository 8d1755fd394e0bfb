"""A worker as a machine: a process and all that it started, which can lose power."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from orchestration.waiting import until


def tree(root: int) -> list[int]:
    """A process and its descendants, the parents first."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if (parent := _parent(folder)) is not None:
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def power_off(root: int, reap: Callable[[], object]) -> int:
    """Kill a process and all that it started, none of which can say anything; gives how many.

    `reap` waits for the process itself, whose parent is who calls.
    """
    # What is stopped starts nothing more, so that the second list is complete.
    for process in tree(root):
        os.kill(process, signal.SIGSTOP)
    doomed = tree(root)
    for process in doomed:
        os.kill(process, signal.SIGKILL)
    reap()
    until(lambda: not any(map(alive, doomed)), "a killed process is gone")
    return len(doomed)


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    with suppress(OSError):
        return _status(Path(f"/proc/{process}"))[0] not in "ZX"
    return False


def _parent(folder: Path) -> int | None:
    with suppress(OSError):
        return int(_status(folder)[1])
    return None


def _status(folder: Path) -> list[str]:
    # The name, in parentheses, may hold anything.
    return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
