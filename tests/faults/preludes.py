"""What a run may be told before it begins: changes that a test cannot wait for or see without."""

from __future__ import annotations

import importlib
import os
import resource
import signal
import threading
import time
from itertools import count
from pathlib import Path

from erp_common.extract import spool
from erp_common.extract.derived import DerivedBooks, DerivedWindow
from erp_common.extract.reported import AskedBalances, ReportedBooks, ReportedWindow
from erp_common.http.clock import Closed, SystemClock
from erp_common.singer import state, writer

_DAWDLE = 0.01
_LITTLE = 512 << 20


def state_after_each_period() -> None:
    """Write a STATE after each period, where the taps would wait for some seconds to pass."""
    state.WRITE_EVERY = 0.0


def write_each_line() -> None:
    """Write each message at once, where the taps gather them: a kill may then fall between any."""
    writer.FLUSH_AT = 1


def dawdling_threads() -> None:
    """Let the threads that fetch be late whenever they make plans, as on a busy machine."""

    def late(kind: type, name: str) -> None:
        prompt = getattr(kind, name)

        def dawdle(*args: object) -> object:
            if threading.current_thread() is not threading.main_thread():
                time.sleep(_DAWDLE)
            return prompt(*args)

        setattr(kind, name, dawdle)

    late(DerivedBooks, "_begin")
    late(DerivedWindow, "ask")
    late(ReportedBooks, "begin")
    late(AskedBalances, "_assemble")
    late(ReportedWindow, "_arrived")


def little_memory() -> None:
    """Allow far less memory than a million of anything takes."""
    resource.setrlimit(resource.RLIMIT_DATA, (_LITTLE, _LITTLE))


def turned_clock(log: str) -> None:
    """Let waits pass in no time, and note their seconds, one a line, in the file `log`."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    lock = threading.Lock()
    passed = 0.0

    def monotonic(_: SystemClock) -> float:
        return time.monotonic() + passed

    def wait(_: SystemClock, seconds: float, stop: threading.Event | None = None) -> None:
        nonlocal passed
        if stop is not None and stop.is_set():
            raise Closed
        with lock:
            passed += max(0.0, seconds)
        os.write(file, b"%r\n" % seconds)

    setattr(SystemClock, "monotonic", monotonic)  # noqa: B010 - a method is put in its place
    setattr(SystemClock, "wait", wait)  # noqa: B010 - likewise


def waits(log: Path) -> list[float]:
    """The seconds that a run under `turned_clock` has waited."""
    return [float(line) for line in log.read_text().splitlines()] if log.exists() else []


def killed(target: str, moment: str, nth: str) -> None:
    """Kill the run as SIGKILL does, `before` or `after` the nth call of a method.

    Args:
        target: The method, as `module:Class.method`.
        moment: `before` or `after`.
        nth: The number of the call, from 1.
    """
    module, _, path = target.partition(":")
    owner, _, name = path.partition(".")
    kind = getattr(importlib.import_module(module), owner)
    alive = getattr(kind, name)
    calls = count(1)

    def call(*args: object, **more: object) -> object:
        last = next(calls) == int(nth)
        if last and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = alive(*args, **more)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(kind, name, call)


def little_room(most: str) -> None:
    """Let what is kept of a window take so many bytes at most."""
    setattr(spool, "MOST", int(most))  # noqa: B010 - a constant is put in its place


def kept_on_disk() -> None:
    """Let what is kept of a window go to disk from its first byte on."""
    setattr(spool, "IN_MEMORY", 1)  # noqa: B010 - a constant is put in its place
