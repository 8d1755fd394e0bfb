"""`make demo-psql`: a SQL prompt, or one query, on what the demo has loaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from demo import KEPT, SCHEMA
from demo.postgres import Postgres, PostgresError


def main() -> int:
    """Start the demo's PostgreSQL for as long as psql runs; gives psql's exit status."""
    server = Postgres(KEPT / "postgres")
    if not server.data.exists():
        print("There is no data yet: run `make demo` first.", file=sys.stderr)
        return 1
    try:
        server.start()
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        query = os.environ.get("SQL")
        command = [str(server.psql()), "--no-psqlrc", server.uri()]
        # At the prompt, Ctrl-C cancels a query; psql deals with it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.run(
            [*command, "--command", query] if query else command,
            check=False,
            env={**os.environ, "PGOPTIONS": f"-c search_path={SCHEMA}"},
        ).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
