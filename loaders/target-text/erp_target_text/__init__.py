"""Loaders that make binary floats of numbers, given every amount as text with its digits.

`erp-target-duckdb` runs the `target-duckdb` beside it and hands it what comes on standard input,
with numbers as text and objects as JSON text, in SCHEMA and RECORD messages: what a tap writes with
`amounts: string` and `objects: json`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from erp_target_text.messages import UnusableMessageError, messages

ASKS = {"--about", "--help", "--version"}
"""Options with which a loader reads nothing."""


def main() -> None:
    """Run the loader that this command is named after, beside it."""
    own = Path(sys.argv[0])
    loader = own.with_name(own.name.removeprefix("erp-"))
    if not loader.exists():
        sys.exit(f"{own.name}: there is no {loader.name} beside it; install that loader there")
    command = [str(loader), *sys.argv[1:]]
    if ASKS & set(sys.argv):
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - the loader's own
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None  # noqa: S101 - a pipe, as asked for
        try:
            for message in messages(sys.stdin.buffer):
                process.stdin.write(message)
            process.stdin.close()
        except BrokenPipeError:  # the loader has ended, and said why
            sys.exit(process.wait() or 1)
        except BaseException as error:
            # What it has not been given must not look like a whole load.
            process.kill()
            if isinstance(error, UnusableMessageError):
                sys.exit(f"{own.name}: {error}")
            raise
    sys.exit(process.returncode)
