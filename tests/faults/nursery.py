"""Runs taps in forks of a process that has imported them: each a process, none slow to start.

`python -m faults.nursery` listens on the Unix socket it is given. A connection is a run: it brings
the two files for standard output and standard error, is told the process's id, and then how it
ended. The fork runs the very function that the installed command runs.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, NoReturn

_REQUEST = 1 << 16
_FILES = 2


class Nursery:
    """Forks runs, and tells how they ended."""

    def __init__(self, address: str) -> None:
        """Import every tap and what a run imports late, and listen."""
        self._commands: dict[str, Callable[[], Any]] = {
            script.name: script.load()
            for script in entry_points(group="console_scripts")
            if script.name.startswith("tap-")
        }
        for name in ("redis", "faults.preludes"):
            importlib.import_module(name)
        # Each tap's class has brought a handler of its own; a process with one tap has one.
        del logging.getLogger().handlers[1:]
        self._runs: dict[int, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(address)
        self._listener.listen(64)
        # A child's end wakes the loop below, by a byte in this pipe.
        self._woken, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        gc.freeze()  # what is shared with the forks is not written to by their collectors

    def serve(self) -> None:
        """Serve until the parent process is gone, which closes our standard input."""
        with selectors.DefaultSelector() as selector:
            for source in (self._listener, self._woken, sys.stdin):
                selector.register(source, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if sys.stdin in ready:
                    return
                if self._woken in ready:
                    os.read(self._woken, _REQUEST)
                    self._reap()
                if self._listener in ready:
                    self._start()

    def _start(self) -> None:
        connection, _ = self._listener.accept()
        request, files, _, _ = socket.recv_fds(connection, _REQUEST, _FILES)
        if not request:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            self._run(json.loads(request), files)
        for file in files:
            os.close(file)
        self._runs[pid] = connection
        _tell(connection, pid)

    def _reap(self) -> None:
        while self._runs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self._runs.pop(pid)
            _tell(connection, os.waitstatus_to_exitcode(status))
            connection.close()

    def _run(self, request: dict[str, Any], files: list[int]) -> NoReturn:
        """Be the run; never returns."""
        status: object = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._listener.close()
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            os.environ.update(request["env"])
            sys.argv = [request["command"], *request["args"]]
            for name, *arguments in request["preludes"]:
                getattr(importlib.import_module("faults.preludes"), name)(*arguments)
            self._commands[request["command"]]()
            status = 0
        except SystemExit as leave:
            status = leave.code
        except BaseException:  # noqa: BLE001 - the interpreter does as much
            traceback.print_exc()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            status = 120  # as the interpreter has it where the last words cannot be said
        os._exit(status if isinstance(status, int) else int(status is not None))


def _tell(connection: socket.socket, number: int) -> None:
    try:
        connection.sendall(b"%d\n" % number)
    except OSError:
        return  # nobody waits for this run any more


if __name__ == "__main__":
    nursery = Nursery(sys.argv[1])
    print("ready", flush=True)
    nursery.serve()
