"""Requests and answers of HTTP/1.1, and the ways to break an answer's promises."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from threading import Event
from typing import Final
from urllib.parse import parse_qsl, unquote

_LARGEST_HEAD: Final = 1 << 16
_BLOCK: Final = 1 << 16


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def path(self) -> str:
        """The path without the query, percent-decoded."""
        return unquote(self.target.partition("?")[0])

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters; the last of a repeated one."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """The body's parameters, where it is a form."""
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))


@dataclass(frozen=True)
class Pause:
    """A wait for seconds, or until an event is set."""

    until: float | Event


@dataclass
class Delivery:
    """How an answer reaches the client; the defaults are an honest server."""

    before: Pause | None = None
    halfway: Pause | None = None
    announced_length: int | None = None
    keep_bytes: int | None = None
    reset: bool = False
    silent: bool = False


@dataclass
class Response:
    """An answer; a body of blocks instead of bytes is sent in chunks as it is produced.

    Attributes:
        status: HTTP status.
        body: Bytes, or an iterable of blocks.
        headers: Beside Content-Type, Content-Length or Transfer-Encoding, Connection.
        content_type: Content-Type; None for none.
        delivery: Promises to be broken on the way.
        on_sent: Called once, before the answer's last bytes leave or when they could not.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    on_sent: Callable[[], None] | None = None


class BadRequestError(Exception):
    """The client speaks no HTTP that this server knows."""


class Reader:
    """Cuts requests out of a connection's bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def request(self) -> Request | None:
        """Return the next request, or None when the client has closed."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _LARGEST_HEAD or not self._more():
                return None
        head = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        try:
            method, target, _ = head[0].split(" ")
            pairs = (line.partition(":") for line in head[1:])
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            length = int(headers.get("content-length", "0"))
        except ValueError as error:
            raise BadRequestError from error
        while len(self._buffer) < length:
            if not self._more():
                return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return Request(method, target, headers, body)

    def _more(self) -> bool:
        data = self._connection.recv(_BLOCK)
        self._buffer += data
        return bool(data)


def head_of(response: Response, framing: str, *, closing: bool) -> bytes:
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {reason}", "Server: simulator", framing]
    if response.content_type is not None:
        lines.append(f"Content-Type: {response.content_type}")
    if closing:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def keeps_alive(request: Request) -> bool:
    return request.headers.get("connection", "").lower() != "close"
