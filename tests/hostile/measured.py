"""Runs a command and says what it took: `python measured.py REPORT COMMAND…`.

The kernel counts the size of the process that forks towards its child's peak, so it is this small
one that forks.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

ADDRESS_SPACE = 6 << 30
"""Bytes; an attack that succeeds ends there, and not with the machine."""


def main(report: str, command: list[str]) -> None:
    """Run the command and write its exit status and its peak of memory, in bytes."""
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        os.execv(command[0], command)  # noqa: S606 -- the test's own command
    _, status, usage = os.wait4(pid, 0)
    done = {"status": os.waitstatus_to_exitcode(status), "peak": usage.ru_maxrss * 1024}
    Path(report).write_text(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
