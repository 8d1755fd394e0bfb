"""Runs installed commands again and again, each run a process of its own.

Most of a tap's start is imports. This process makes them once; each run is a fork of it that
becomes the command from there on: its own arguments, environment, output files, threads and exit.
A line of JSON in asks for a run, a line out gives its exit status.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, NoReturn

from erp_common.replay.again import at

LONGEST_RUN = 120
"""Seconds after which a run is ended; its exit status is then that of SIGALRM, negative."""


def main() -> None:
    """Serve runs until standard input ends; in a fork, be the command."""
    commands: dict[str, EntryPoint] = {}
    for line in sys.stdin:
        job = json.loads(line)
        name = Path(job["command"][0]).name
        if name not in commands:
            (commands[name],) = entry_points(group="console_scripts", name=name)
            import_module(commands[name].module)
            version(name)  # imports what reads it, which each fork would do anew
            gc.freeze()  # what is here by now stays shared with every fork
        pid = os.fork()
        if not pid:
            become(job)
            with at(job["moment"]) if job["moment"] else nullcontext():
                run_and_leave(commands[name])
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def run_and_leave(entry: EntryPoint) -> NoReturn:
    """Be the command up to its exit handlers; taking the interpreter apart is left out."""
    command: Callable[[], object] = entry.load()
    try:
        left: object = command()
    except SystemExit as leaving:
        left = leaving.code
    except BaseException:  # noqa: BLE001 - told as the interpreter would, then the fork ends
        traceback.print_exc()
        left = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(left if isinstance(left, int) else int(left is not None))


def become(job: dict[str, Any]) -> None:
    """Take on what a new process would have been given."""
    signal.alarm(LONGEST_RUN)
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv[:] = job["command"]
    for number, (path, flags) in enumerate(
        (
            (os.devnull, os.O_RDONLY),
            (job["stdout"], os.O_WRONLY | os.O_CREAT),
            (job["stderr"], os.O_WRONLY | os.O_CREAT),
        )
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)


if __name__ == "__main__":
    main()
