"""An S3 on this machine, by moto, while a `with` block lasts."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from loaders.known import INSTALLED, S3

STARTS_WITHIN = 60  # seconds


@contextmanager
def local_s3(bucket: str) -> Iterator[str]:
    """Its address; one bucket is there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [str(INSTALLED / S3 / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            last = time.monotonic() + STARTS_WITHIN
            while True:
                try:
                    requests.put(f"{address}/{bucket}", timeout=STARTS_WITHIN).raise_for_status()
                    break
                except requests.ConnectionError:
                    if time.monotonic() > last or process.poll() is not None:
                        raise
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()
