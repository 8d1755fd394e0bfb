"""A process of Meltano: followed line by line, ended as a whole, and judged by how it ended.

Meltano and the plugins that it starts are a process group of their own. None of them outlives who
waits for it: the group ends when the task is told to end, and also when the task's own supervisor
is gone, for then the engine soon gives the company to another worker.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from erp_orchestration.log import Ending, LogLine

STOP_SECONDS = 3
"""How long Meltano may take to note in its database that the run has ended; Airflow grants five."""
WATCH_SECONDS = 1.0


class Process:
    """One command, from its start to its end."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        source: IO[bytes] | None = None,
        sink: IO[bytes] | None = None,
    ) -> None:
        """Start the command; it reads `source`, and what it prints goes to `sink` or is followed.

        Raises:
            OSError: The command is not on the `PATH`, or the folder is not there.
        """
        self._process = subprocess.Popen(  # noqa: S603 - names out of meltano.yml, no shell
            command,
            cwd=folder,
            env=dict(environment),
            stdin=source or subprocess.DEVNULL,
            stdout=sink or subprocess.PIPE,
            stderr=subprocess.PIPE if sink else subprocess.STDOUT,
            start_new_session=True,
        )
        self._ended = threading.Event()

    def follow(self, tell: Callable[[LogLine], None]) -> Ending:
        """Tell each line of the log until the command ends, and how it ended."""
        watcher = threading.Thread(target=self._watch, args=(os.getppid(),), daemon=True)
        watcher.start()
        said = self._process.stdout or self._process.stderr
        last_error: str | None = None
        with self._process:
            try:
                for raw in said or ():
                    line = LogLine.of(raw)
                    last_error = line.named_error or last_error
                    tell(line)
                return Ending(self._process.wait(), last_error)
            finally:
                self._ended.set()
                self.stop()

    def stop(self) -> None:
        """End the whole group; harmless when it has ended."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        # Meltano does not wait for its plugins when it is told to end.
        self._signal(signal.SIGKILL)

    def _watch(self, supervisor: int) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            if os.getppid() != supervisor:
                self.stop()
                return

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
