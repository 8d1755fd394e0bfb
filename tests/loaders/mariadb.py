"""A MariaDB server of a test's own, from Debian's package."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from typing_extensions import Self

STARTS_WITHIN = 60  # seconds
COMMON = ["--no-defaults", "--user=root"]


class MariaDB:
    """A server in a folder, reached through a socket file, by its own client."""

    def __init__(self, folder: Path) -> None:
        """Prepare the data; `with` starts the server."""
        self._folder = folder
        self._socket = folder / "socket"
        install = ["mariadb-install-db", *COMMON, f"--datadir={folder / 'data'}"]
        subprocess.run(install, check=True, capture_output=True)

    def run(self, sql: str) -> None:
        """Run statements.

        Raises:
            RuntimeError: With what the server said.
        """
        self.ask(sql)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as text."""
        done = subprocess.run(
            ["mariadb", f"--socket={self._socket}", "--batch", "--skip-column-names", "--raw"],
            input=sql.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return [tuple(line.split("\t")) for line in done.stdout.decode().splitlines()]

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        self._process = subprocess.Popen(
            [
                "mariadbd",
                *COMMON,
                f"--datadir={self._folder / 'data'}",
                f"--socket={self._socket}",
                f"--pid-file={self._folder / 'pid'}",
                "--skip-networking",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        last = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                self.run("select 1")
            except RuntimeError:
                if time.monotonic() > last or self._process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.wait()
