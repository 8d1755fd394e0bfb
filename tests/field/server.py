"""An HTTPS server on loopback that plays back a script of answers."""

from __future__ import annotations

import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import trustme

from simulator.tls import ClosingSocket


class Call(NamedTuple):
    """What a tap asked: the last value of each parameter, and the body if it is JSON."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What an ERP answers; `body` is written as JSON unless it is bytes already."""

    body: Any
    status: int = 200
    content_type: str = "application/json"


Play = Callable[[Call], Answer]


class Script:
    """Which call gets which answer; what was said first is tried last."""

    def __init__(self) -> None:
        """Know no call yet."""
        self._lines: list[tuple[str, str, Callable[[Call], bool], Play]] = []

    def on(
        self, method: str, path: str, play: Play, *, when: Callable[[Call], bool] | None = None
    ) -> None:
        """Answer with `play`; a path that ends with `*` stands for all that begin so."""
        self._lines.insert(0, (method, path, when or (lambda _: True), play))

    def once(
        self,
        method: str,
        path: str,
        answer: Answer,
        *,
        when: Callable[[Call], bool] | None = None,
    ) -> None:
        """Give this answer to the first such call alone."""
        asked = iter([True])
        wanted = when or (lambda _: True)
        self.on(
            method, path, lambda _: answer, when=lambda call: wanted(call) and next(asked, False)
        )

    def play(self, call: Call) -> Answer | None:
        """Find the answer; none where the script has no such line."""
        for method, path, when, play in self._lines:
            known = call.path.startswith(path[:-1]) if path.endswith("*") else call.path == path
            if method == call.method and known and when(call):
                return play(call)
        return None


@dataclass
class Stage:
    """A server while a test runs: its address, what was asked, what nobody foresaw."""

    url: str
    ca_bundle: str
    script: Script
    calls: list[Call] = field(default_factory=list)
    unforeseen: list[Call] = field(default_factory=list)
    most_at_once: Counter[str] = field(default_factory=Counter)
    """For each Omie method, the most calls that were ever in flight together."""
    _in_flight: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: Call) -> Answer:
        """Play the script, and keep what was asked."""
        name = str(call.body.get("call")) if isinstance(call.body, dict) else call.path
        with self._lock:
            self.calls.append(call)
            self._in_flight[name] += 1
            self.most_at_once[name] = max(self.most_at_once[name], self._in_flight[name])
        try:
            found = self.script.play(call)
        finally:
            with self._lock:
                self._in_flight[name] -= 1
        if found is None:
            self.unforeseen.append(call)
            return Answer({"message": "no such address"}, status=404)
        return found


class Theatre(ThreadingHTTPServer):
    """Holds the certificate and the stage."""

    daemon_threads = True

    def __init__(self, ca: trustme.CA, ca_bundle: str, script: Script) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslsocket_class = ClosingSocket
        ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.stage = Stage(f"https://localhost:{self.server_port}", ca_bundle, script)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Theatre

    def do_GET(self) -> None:
        self._play()

    def do_POST(self) -> None:
        self._play()

    def _play(self) -> None:
        address = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {
            name: values[-1]
            for name, values in parse_qs(address.query, keep_blank_values=True).items()
        }
        body = json.loads(sent, parse_float=Decimal) if sent.startswith(b"{") else sent.decode()
        answer = self.server.stage.answer(Call(self.command, address.path, query, body))
        content = answer.body if isinstance(answer.body, bytes) else wire(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def wire(value: Any) -> str:
    """JSON with every digit of a `Decimal`."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(k)}:{wire(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(wire, value)) + "]"
    return json.dumps(value)
