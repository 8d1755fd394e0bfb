"""A TLS server that sends whatever bytes a test wants, byte by byte if need be."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat

from simulator.tls import ca_bundle, server_context

PAUSE = 0.25
"""Seconds between two pieces of an answer that never ends: shorter than any timeout."""


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: str
    body: bytes
    connection: int
    number: int
    """Counted from 1, over all connections."""


@dataclass(frozen=True)
class Pause:
    """A while in which nothing is sent."""


Piece = bytes | Pause
Script = Callable[[Asked], Iterable[Piece]]


class RawServer:
    """Serves each connection on a thread of its own, by a script."""

    def __init__(self, script: Script, *, encrypted: bool = True) -> None:
        """Listen."""
        self.script = script
        self.asked: list[Asked] = []
        self.connections = 0
        self._context = server_context() if encrypted else None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._ended: dict[int, threading.Event] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://localhost:{self.port}"

    @property
    def ca_bundle(self) -> str:
        """Whom it is certified by."""
        return str(ca_bundle())

    def wait_for_the_end(self, asked: Asked) -> None:
        """Wait until the connection of a request is closed."""
        assert self._ended[asked.connection].wait(30)

    def close(self) -> None:
        """Hang up on everyone, and listen no more."""
        self._stop.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            pass
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            connection, _ = self._listener.accept()
            if self._stop.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(30)
        with self._lock:
            self.connections += 1
            number = self.connections
            ended = self._ended[number] = threading.Event()
        connection = plain
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(plain, server_side=True)
            while not self._stop.is_set() and (asked := self._read(connection, number)):
                for piece in self.script(asked):
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    elif self._stop.wait(PAUSE):
                        return
        except (OSError, ssl.SSLError):
            pass  # the client has hung up, as it should
        finally:
            with suppress(OSError):
                connection.close()
            ended.set()

    def _read(self, connection: socket.socket, number: int) -> Asked | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(1 << 16)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        while length is not None and len(body) < int(length[1]):
            body += connection.recv(1 << 16)
        line, _, headers = head.decode("latin-1").partition("\r\n")
        method, target, _ = line.split(" ", 2)
        with self._lock:
            asked = Asked(method, target, headers, body, number, len(self.asked) + 1)
            self.asked.append(asked)
        return asked


@contextmanager
def serving(script: Script, *, encrypted: bool = True) -> Iterator[RawServer]:
    """A server for as long as a test wants it."""
    server = RawServer(script, encrypted=encrypted)
    try:
        yield server
    finally:
        server.close()


def answer(
    body: bytes = b"{}", *headers: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    """A whole answer; more headers as they stand on the wire."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def dripped(piece: bytes, times: int | None = None) -> Iterator[Piece]:
    """The same piece again and again, a while apart; for ever if nobody says how often."""
    for each in repeat(piece) if times is None else repeat(piece, times):
        yield each
        yield Pause()
