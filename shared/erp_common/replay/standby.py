"""A process forked before a run, to become the run against its capture.

It has all imported by then and nothing of the run, so it costs no more than the tap's own work. The
files between it and the run have no names: whichever of them is killed leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any, NoReturn

from erp_common.replay import again, archive

LONGEST = 600
"""Seconds that the run against a capture may take."""


class Standby:
    """Waits beside a run for its captures."""

    def __init__(self, tap: Any) -> None:  # noqa: ANN401 -- a tap's class, which stands above this storey
        """Fork.

        Raises:
            OSError: There is no room for another process, or for its files.
        """
        self._tap = tap
        self._given, self._out, self._said = (TemporaryFile() for _ in range(3))  # noqa: SIM115 -- closed with it
        self._line, there = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:
            self._line.close()
            self._wait(there)
        there.close()

    def run(self, capture: archive.Capture) -> tuple[int, bytes, bytes]:
        """Run the tap against a capture: the exit status, and what came out of either stream.

        Raises:
            OSError: There is no room for it.
        """
        self._given.seek(0)
        self._given.truncate()
        archive.write_into(self._given, capture, 0)
        self._given.flush()
        self._line.sendall(b"\n")
        status = int(self._line.recv(16) or b"1")
        self._out.seek(0)
        self._said.seek(0)
        return status, self._out.read(), self._said.read()

    def close(self) -> None:
        """End it, whatever it does."""
        with suppress(ProcessLookupError):
            try:
                os.killpg(self._pid, signal.SIGKILL)
            except ProcessLookupError:  # not at the head of a group of its own yet
                os.kill(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        for one in (self._line, self._given, self._out, self._said):
            with suppress(OSError):  # what a full disk did not take
                one.close()

    # In the fork

    def _wait(self, line: socket.socket) -> NoReturn:
        """Run what is given, until the process that gives it ends."""
        try:
            os.setsid()  # what ends the run from a terminal is not meant for this
            nothing = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(nothing, number)
            while line.recv(1):
                pid = os.fork()
                if not pid:
                    self._become()
                _, status = os.waitpid(pid, 0)
                line.sendall(b"%d" % os.waitstatus_to_exitcode(status))
        finally:
            os._exit(0)

    def _become(self) -> NoReturn:
        signal.alarm(LONGEST)
        without_environment(os.environ)
        for file, number in ((self._out, 1), (self._said, 2)):
            file.seek(0)
            file.truncate()
            os.dup2(file.fileno(), number)
        left: object = 1
        try:
            self._given.seek(0)
            again.run(archive.read(self._given), self._tap)
        except SystemExit as leaving:
            left = leaving.code
        except BaseException:  # noqa: BLE001 -- told as the interpreter would
            traceback.print_exc()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(left if isinstance(left, int) else int(left is not None))


def without_environment(environment: Any) -> None:  # noqa: ANN401 -- a mapping that can be changed
    """Take what tells a tap its settings out of an environment."""
    for name in [one for one in environment if one.startswith(("TAP_", "MELTANO_", "SINGER_SDK_"))]:
        del environment[name]


def standby(tap: Any) -> Standby | None:  # noqa: ANN401 -- as there
    """What waits for a run's capture; None where a process cannot simply be forked."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return None
    try:
        usual = (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
        sys.stdout.flush()
        return Standby(tap) if usual else None
    except (OSError, ValueError, AttributeError):
        return None
