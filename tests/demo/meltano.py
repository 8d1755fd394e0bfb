"""`meltano run`, as a process that can be watched and that never stays."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from demo import PROJECT

MELTANO = PROJECT / ".tools" / "meltano" / "bin" / "meltano"
# Meltano keeps a run's catalog and state in files of fixed names, so runs take turns.
TURN = PROJECT / ".meltano" / "erp-taps.lock"
# Another run's settings in the environment are not the demo's.
FOREIGN = ("TAP_", "TARGET_", "MELTANO_", "SINGER_SDK_")
STOP_SECONDS = 10
# A month that was read before, and read again since it has changed, has no number.
PERIOD_READ = re.compile(r" \d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d( \(\d+ of \d+\))?: ")


@dataclass(frozen=True)
class _Entry:
    """One line of the log: Meltano's own, or passed on from a plugin."""

    level: str
    speaker: str
    logger: str
    text: str

    @property
    def shown(self) -> str | None:
        """What to show: errors, the plugins' warnings, each period read and each batch written."""
        if self.level == "info":
            if self.speaker.startswith("tap-") and PERIOD_READ.search(self.text):
                return str(self)
            if self.text.startswith("Inserting with SQL"):
                return f"{self.speaker}: writing {self.logger.rpartition('.')[2]}"
            return None
        return None if (self.level, self.speaker) == ("warning", "meltano") else str(self)

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text}"


class MeltanoError(RuntimeError):
    """The run failed; the message says where to read why."""


def run(
    settings: Mapping[str, str],
    *,
    log: Path,
    tell: Callable[[str], None],
    what: Sequence[str] = ("tap-omie", "target-postgres"),
) -> None:
    """Run plugins, or a job, with `settings` as environment variables until they end.

    `tell` gets what is worth watching, line by line; `log` gets everything.

    Raises:
        MeltanoError: The run failed.
    """
    # --force: a run that was killed must not stop the next one from starting.
    command = [str(MELTANO), "--log-format=json", "run", "--force", *what]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    last: deque[str] = deque(maxlen=15)
    with (
        turn(tell),
        subprocess.Popen(
            command,
            cwd=PROJECT,
            env=kept | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own, so that it can be ended as a whole.
            start_new_session=True,
        ) as process,
    ):
        try:
            _follow(process, log, last, tell)
            process.wait()
        finally:
            _end(process)
    if process.returncode:
        said = "\n".join(last)
        raise MeltanoError(
            f"`meltano run` failed; the whole log is in {log}. It ended with:\n{said}"
        )


@contextmanager
def turn(tell: Callable[[str], None] = print) -> Iterator[None]:
    """Wait until no other run of Meltano uses this project's folder, and keep others waiting."""
    with TURN.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another run of Meltano in this project to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _follow(
    process: subprocess.Popen[bytes], log: Path, last: deque[str], tell: Callable[[str], None]
) -> None:
    assert process.stdout is not None
    with log.open("wb") as file:
        for line in process.stdout:
            file.write(line)
            entry = _read(line)
            last.append(str(entry))
            if shown := entry.shown:
                tell(shown)


def _read(line: bytes) -> _Entry:
    text = line.decode(errors="replace").rstrip()
    try:
        entry = json.loads(text)
        speaker = entry.get("string_id") or "meltano"
        return _Entry(entry["level"], speaker, entry.get("plugin_logger") or "", entry["event"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return _Entry("info", "meltano", "", text)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    # Meltano does not wait for its plugins when it is told to end.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
