"""A command run to its end, and what it cost."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

_PIECE = 1 << 16
_BYTECODE = tempfile.mkdtemp(prefix="bench-bytecode-")
atexit.register(shutil.rmtree, _BYTECODE, ignore_errors=True)


class CommandError(RuntimeError):
    """A measured command failed; the message holds the end of what it said."""


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        cpu: Seconds of user and system time.
        spoken: Of these, what the process itself had used when its last output was read.
        wall: Seconds on the clock.
        peak: Largest resident memory in megabytes.
        lines: Lines on standard output.
        bytes: Bytes on standard output.
    """

    cpu: float
    spoken: float
    wall: float
    peak: float
    lines: int
    bytes: int


def environment() -> dict[str, str]:
    """This process's environment, as a user's would be: compiled modules are kept."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAP_", "TARGET_", "MELTANO_", "SINGER_SDK_", "PYTHON"))
    }
    # Not beside the sources: measuring must leave no trace in the checkout.
    return kept | {"PYTHONPYCACHEPREFIX": _BYTECODE}


def run(command: Sequence[str], output: Path | None = None, *, source: Path | None = None) -> Cost:
    """Run a command, its output read as a loader would read it, its input from a file if any.

    The peak is the process's own: the kernel would count its parent's size too if that were the
    larger one at the fork, which is why simulators never live in the process that calls this.

    Raises:
        CommandError: It failed.
    """
    with (
        tempfile.TemporaryFile() as errors,
        (source or Path(os.devnull)).open("rb") as given,
    ):
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(),
            bufsize=0,
        )
        assert process.stdout is not None
        lines = size = 0
        spoken = 0.0
        with open(output or os.devnull, "wb") as kept:  # noqa: PTH123 - a device is no Path's file
            while piece := process.stdout.read(_PIECE):
                lines += piece.count(b"\n")
                size += len(piece)
                spoken = _used(process.pid)
                kept.write(piece)
        _, status, usage = os.wait4(process.pid, 0)
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-2000:]
            raise CommandError(f"{' '.join(command)} failed: {said}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(cpu, spoken, wall, usage.ru_maxrss / 1024, lines, size)


def _used(pid: int) -> float:
    """User and system time of a process until now, in seconds; 0 where the kernel tells none."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


class Commands:
    """The command lines that are compared, their configurations in one folder."""

    def __init__(self, folder: Path) -> None:
        """Write configuration files to this folder."""
        self._folder = folder
        self._files = 0

    def tap(self, name: str, settings: dict[str, Any], *more: str) -> list[str]:
        """One of the project's taps."""
        return [str(Path(sys.executable).parent / name), *self._config(settings), *more]

    def plain(self, settings: dict[str, Any], *more: str) -> list[str]:
        """The plain SDK tap."""
        own = {name: value for name, value in settings.items() if name != "rate_limit"}
        return [sys.executable, "-m", "bench.plain_tap", *self._config(own), *more]

    def tuned(self, kind: str, settings: dict[str, Any]) -> list[str]:
        """The plain SDK tap with each account asked for once: `wide`, or `tuned` for CPU too."""
        own = {name: value for name, value in settings.items() if name != "rate_limit"}
        return [sys.executable, "-m", "bench.tuned_tap", kind, *self._config(own)]

    def floor(self, settings: dict[str, Any]) -> list[str]:
        """The bare program."""
        return [sys.executable, "-m", "bench.floor", self._config(settings)[1]]

    def last_state(self, command: Sequence[str]) -> Any:
        """The state that a run of a tap ends with."""
        output = self._folder / "messages"
        run(command, output)
        states = [
            message["value"]
            for message in map(json.loads, output.read_text(encoding="utf-8").splitlines())
            if message["type"] == "STATE"
        ]
        return states[-1]

    def file(self, content: Any) -> str:
        """A JSON file with this content."""
        self._files += 1
        path = self._folder / f"{self._files}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def _config(self, settings: dict[str, Any]) -> tuple[str, str]:
        return "--config", self.file(settings)


def interleaved(
    commands: Mapping[str, Sequence[str]],
    times: int,
    tidy: Callable[[], object] = lambda: None,
) -> dict[str, list[Cost]]:
    """Run all commands in turn, `times` times; of several rounds the first only warms up.

    `tidy` removes what a command may have left, so that no run pays for those before it.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(times + (times > 1)):
        for name, command in commands.items():
            cost = run(command)
            tidy()
            if number or times == 1:
                costs[name].append(cost)
    return costs


def middle(costs: Sequence[Cost]) -> float:
    """The median of the CPU seconds."""
    return median(cost.cpu for cost in costs)
