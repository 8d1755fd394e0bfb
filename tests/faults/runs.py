"""A run of a tap: started, watched, killed, and what it left behind."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import IO, Any

from typing_extensions import Self

from e2e.commands import environment
from faults.leaks import Secrets

BLOCK = 1 << 16
PIPE = 4096
"""Bytes in a pipe that its reader has not taken: the least that Linux knows."""
PATIENCE = 180
"""Seconds after which a run that has not ended hangs."""
Prelude = tuple[str, ...]
JsonObject = dict[str, Any]


class HangError(Exception):
    """A run did not end."""


class NurseryError(Exception):
    """The process that forks the runs is not there."""


@dataclass(frozen=True)
class Output:
    """What a run left behind; `status` is negative for a signal."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def lines(self) -> list[bytes]:
        """The complete lines of standard output: a reader knows no others."""
        return self.stdout.split(b"\n")[:-1]

    @property
    def messages(self) -> list[JsonObject]:
        """The Singer messages; amounts are `Decimal`, anything but a message is an error."""
        messages = [json.loads(line, parse_float=Decimal) for line in self.lines]
        assert all(message["type"] for message in messages)
        return messages

    @property
    def state(self) -> JsonObject | None:
        """The last state."""
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return states[-1] if states else None

    @property
    def last_words(self) -> str:
        """The last line on standard error."""
        return self.stderr.rstrip().rpartition("\n")[2]

    def records(self, stream: str) -> list[JsonObject]:
        """The records of a stream."""
        return [
            m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream
        ]


@dataclass
class Running:
    """A run under way; its standard output is a file unless `read` is used."""

    pid: int
    _ended: socket.socket
    _stdout: IO[bytes]
    _stderr: IO[bytes]
    _secrets: Secrets
    _pipe: int | None = None
    _read: bytearray = field(default_factory=bytearray)

    def read(self, size: float = inf) -> bytes:
        """Read from the pipe until there are `size` bytes, or the run has closed it."""
        assert self._pipe is not None
        while len(self._read) < size:
            if not select.select([self._pipe], [], [], PATIENCE)[0]:
                raise HangError(self._text())
            piece = os.read(
                self._pipe, min(int(size) - len(self._read), BLOCK) if size < inf else BLOCK
            )
            if not piece:
                break
            self._read += piece
        return bytes(self._read)

    def stall(self) -> None:
        """Read on until the run is in the middle of writing a block, and stop there."""
        assert self._pipe is not None
        held = array("i", [0])
        while held[0] < PIPE:  # a full pipe: the rest of the block waits outside
            self.read(len(self._read) + held[0])
            if not select.select([self._pipe], [], [], PATIENCE)[0]:
                raise HangError(self._text())
            fcntl.ioctl(self._pipe, termios.FIONREAD, held)
            assert held[0], "the run ended before it wrote a block"

    def go_away(self) -> None:
        """Stop reading for good, as a target that has died."""
        assert self._pipe is not None
        os.close(self._pipe)
        self._pipe = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; the process exists until `wait` has returned, or is nobody's any more."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def wait(self, *, reading: bool = True) -> Output:
        """Wait for the end, reading all that is left in the pipe.

        Args:
            reading: False to leave unread what has not been read.

        Raises:
            HangError: The run does not end; it has been killed.
            LeakError: What it printed holds a secret.
        """
        if self._pipe is not None:
            if reading:
                self.read()
            os.close(self._pipe)
            self._pipe = None
        try:
            status = int(_line(self._ended))
        except TimeoutError:
            self.signal(signal.SIGKILL)
            raise HangError(self._text()) from None
        finally:
            self._ended.close()
        self._stdout.seek(0)
        output = Output(status, self._stdout.read() or bytes(self._read), self._text())
        self._stdout.close()
        self._stderr.close()
        self._secrets.must_not_be_in(output.stdout, output.stderr)
        return output

    def _text(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode()


class Runs:
    """Starts runs by a nursery of its own; everything they print is searched for secrets."""

    def __init__(self, secrets: Secrets) -> None:
        """Start the nursery."""
        self.secrets = secrets
        self._folder = Path(tempfile.mkdtemp(prefix="erp-taps-"))
        self._address = str(self._folder / "nursery")
        self._files = 0
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "faults.nursery", self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
        assert self._nursery.stdout is not None
        if self._nursery.stdout.readline() != b"ready\n":
            raise NurseryError("the nursery did not come up")

    def __enter__(self) -> Self:
        """Nothing more than what has been started already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the nursery."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait(10)
        self._nursery.stdout.close()
        shutil.rmtree(self._folder)

    def __call__(self, command: str, settings: Mapping[str, Any], **more: Any) -> Output:
        """Run a tap to its end; arguments as `start` has them."""
        return self.start(command, settings, **more).wait()

    def start(
        self,
        command: str,
        settings: Mapping[str, Any],
        *,
        state: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
        preludes: Sequence[Prelude] = (),
        env: Mapping[str, str] | None = None,
        pipe: bool = False,
    ) -> Running:
        """Start a tap.

        Args:
            command: Its command.
            settings: Its configuration.
            state: What it goes on from.
            args: More arguments.
            preludes: Functions of `faults.preludes` that the run begins with, and their arguments.
            env: More environment variables.
            pipe: Whether standard output is a pipe to read from, instead of a file.
        """
        arguments = ["--config", self._file(settings)]
        if state is not None:
            arguments += ["--state", self._file(state)]
        request = {
            "command": command,
            "args": [*arguments, *args],
            "preludes": preludes,
            "env": dict(env or {}),
        }
        stdout, stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by `wait`
        reading, writing = os.pipe() if pipe else (None, stdout.fileno())
        if pipe:
            # So small that a run cannot be far ahead of its reader.
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)
        if self._nursery.poll() is not None:
            raise NurseryError(f"the nursery has ended with status {self._nursery.poll()}")
        ended = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ended.settimeout(PATIENCE)
        ended.connect(self._address)
        socket.send_fds(ended, [json.dumps(request).encode()], [writing, stderr.fileno()])
        pid = int(_line(ended))
        if pipe:
            os.close(writing)
        return Running(pid, ended, stdout, stderr, self.secrets, reading)

    def _file(self, content: Mapping[str, Any]) -> str:
        self._files += 1
        file = self._folder / f"{self._files}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        return str(file)


def _line(connection: socket.socket) -> bytes:
    """One line, and nothing of what follows it."""
    line = b""
    while not line.endswith(b"\n"):
        piece = connection.recv(1)
        if not piece:
            raise NurseryError("the nursery is gone")
        line += piece
    return line
