# ruff: noqa: INP001 -- `http` must not become a package
"""The server that a browser brings the answer to, and what it makes of other visitors."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest
import requests

from erp_common.auth.authorization import Stray
from erp_common.auth.callback import Callback, Redirect
from erp_common.errors import ERPAuthenticationError, ERPValidationError
from erp_common.http.addresses import Loopback

CODE = "the-code-that-nobody-may-see"
SOCKET_TIMEOUT = 30


def read(query: str) -> str:
    """Believes two answers: a code, and a denial."""
    if query == f"code={CODE}":
        return CODE
    if query == "error":
        raise ERPAuthenticationError("Denied.")
    raise Stray("Not <ours>.")


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as probe:
        port: int = probe.getsockname()[1]
        return port


class Listening:
    """A callback, and browsers that visit it."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.where = Loopback(host, free_port(host), "/callback")
        self.came: Queue[Redirect] = Queue()
        self.callback = Callback(self.where, read, self.came.put)

    def url(self, path: str) -> str:
        host = f"[{self.where.host}]" if ":" in self.where.host else self.where.host
        return f"http://{host}:{self.where.port}{path}"

    def visit(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        return requests.request(method, self.url(path), timeout=SOCKET_TIMEOUT, **more)

    def raw(self, data: bytes) -> bytes:
        """What comes back for bytes that no browser sends."""
        with socket.create_connection((self.where.host, self.where.port), SOCKET_TIMEOUT) as line:
            line.sendall(data)
            return line.recv(1 << 16)


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    with made.callback:
        yield made


@pytest.fixture
def browsers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def test_a_browser_waits_for_how_it_ends(
    listening: Listening, browsers: ThreadPoolExecutor
) -> None:
    visit = browsers.submit(listening.visit, f"/callback?code={CODE}")
    arrival = listening.came.get(timeout=SOCKET_TIMEOUT)
    assert (arrival.code, arrival.refusal) == (CODE, None)
    assert not visit.done()
    arrival.ended(None, "You <may> close it.")
    page = visit.result(SOCKET_TIMEOUT)
    assert page.status_code == 200
    assert "<h1>The tap is authorised</h1>" in page.text
    assert "You &lt;may&gt; close it." in page.text


def test_the_page_is_complete_and_kept_nowhere(
    listening: Listening, browsers: ThreadPoolExecutor
) -> None:
    visit = browsers.submit(listening.visit, f"/callback?code={CODE}")
    listening.came.get(timeout=SOCKET_TIMEOUT).ended(None, "Done.")
    page = visit.result(SOCKET_TIMEOUT)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not any(word in page.text for word in ("src=", "href=", "<script", "url(", CODE))
    assert "Python" not in page.headers["Server"]


def test_a_refusal_is_an_answer_too(listening: Listening, browsers: ThreadPoolExecutor) -> None:
    visit = browsers.submit(listening.visit, "/callback?error")
    arrival = listening.came.get(timeout=SOCKET_TIMEOUT)
    assert arrival.code == ""
    assert arrival.refusal is not None
    arrival.ended(arrival.refusal, "Look at the tap.")
    page = visit.result(SOCKET_TIMEOUT)
    assert page.status_code == 400
    assert "The tap is not authorised" in page.text


def test_who_comes_twice_is_told_the_same(
    listening: Listening, browsers: ThreadPoolExecutor
) -> None:
    visits = [browsers.submit(listening.visit, f"/callback?code={CODE}") for _ in range(5)]
    listening.came.get(timeout=SOCKET_TIMEOUT).ended(None, "Done.")
    assert {visit.result(SOCKET_TIMEOUT).status_code for visit in visits} == {200}
    assert listening.came.empty()


OTHERS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "another path": ("GET", "/favicon.ico", {}, 404),
    "a path that begins alike": ("GET", f"/callback/?code={CODE}", {}, 404),
    "a stray": ("GET", "/callback?code=other", {}, 400),
    "no query": ("GET", "/callback", {}, 400),
    "HEAD": ("HEAD", f"/callback?code={CODE}", {}, 405),
    "POST": ("POST", f"/callback?code={CODE}", {}, 405),
    "OPTIONS": ("OPTIONS", f"/callback?code={CODE}", {}, 405),
    "a method of its own": ("BREW", f"/callback?code={CODE}", {}, 501),
    "prefetch": ("GET", f"/callback?code={CODE}", {"Sec-Purpose": "prefetch;prerender"}, 503),
    "prefetch of old": ("GET", f"/callback?code={CODE}", {"X-Moz": "prefetch"}, 503),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_visitors_change_nothing(
    listening: Listening, browsers: ThreadPoolExecutor, other: tuple[str, str, dict[str, str], int]
) -> None:
    method, path, headers, status = other
    body = b"some=form" if method == "POST" else None
    page = listening.visit(path, method, headers=headers, data=body)
    assert page.status_code == status
    assert listening.came.empty()
    assert CODE not in page.text
    assert "Not <ours>" not in page.text
    if status == 405:
        assert page.headers["Allow"] == "GET"
    visit = browsers.submit(listening.visit, f"/callback?code={CODE}")
    listening.came.get(timeout=SOCKET_TIMEOUT).ended(None, "Done.")
    assert visit.result(SOCKET_TIMEOUT).status_code == 200


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"GET /callback?code=" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b" 414 "),
        (b"GET /callback HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b" 431 "),
        # Whoever names no version that is known gets the page alone.
        (b"\x16\x03\x01\x02\x00 \r\n\r\n", b"<h1>Bad Request</h1>"),
        (b"GET /callback HTTP/9.9\r\n\r\n", b"<h1>HTTP Version Not Supported</h1>"),
    ],
    ids=["a very long line", "headers without end", "TLS", "another version"],
)
def test_what_is_no_request(listening: Listening, data: bytes, told: bytes) -> None:
    try:
        answer = listening.raw(data)
    except ConnectionResetError:
        answer = b""  # it may hang up before all of a very long line has been read
    assert not answer or told in answer
    assert listening.visit("/").status_code == 404
    assert listening.came.empty()


def test_nothing_is_logged(
    listening: Listening,
    browsers: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    visit = browsers.submit(listening.visit, f"/callback?code={CODE}")
    listening.came.get(timeout=SOCKET_TIMEOUT).ended(None, "Done.")
    visit.result(SOCKET_TIMEOUT)
    listening.raw(b"GET /callback?code=" + CODE.encode() + b" HTTP/9.9\r\n\r\n")
    said = [one.getMessage() for one in caplog.records if one.name.startswith("erp_common")]
    assert CODE not in "".join(said)
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_goes_away_takes_nobody_along(
    listening: Listening, browsers: ThreadPoolExecutor
) -> None:
    line = socket.create_connection((listening.where.host, listening.where.port), SOCKET_TIMEOUT)
    line.sendall(f"GET /callback?code={CODE} HTTP/1.1\r\n\r\n".encode())
    arrival = listening.came.get(timeout=SOCKET_TIMEOUT)
    line.close()
    visit = browsers.submit(listening.visit, f"/callback?code={CODE}")
    arrival.ended(None, "Done.")
    assert visit.result(SOCKET_TIMEOUT).status_code == 200


def test_when_it_is_over_nothing_is_left(browsers: ThreadPoolExecutor) -> None:
    before = set(threading.enumerate())
    listening = Listening()
    with listening.callback:
        silent = socket.create_connection(
            (listening.where.host, listening.where.port), SOCKET_TIMEOUT
        )
        visit = browsers.submit(listening.visit, f"/callback?code={CODE}")
        listening.came.get(timeout=SOCKET_TIMEOUT)
    page = visit.result(SOCKET_TIMEOUT)
    assert page.status_code == 400
    assert "It is over" in page.text
    assert silent.recv(1) == b""
    silent.close()
    left = set(threading.enumerate()) - before
    assert all(one.name.startswith("ThreadPoolExecutor") for one in left)
    with pytest.raises(requests.ConnectionError):
        listening.visit("/callback")


def test_it_can_listen_again_at_once() -> None:
    listening = Listening()
    with listening.callback:
        assert listening.visit("/").status_code == 404
    with Callback(listening.where, read, listening.came.put):
        assert listening.visit("/").status_code == 404


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = Loopback("127.0.0.1", other.getsockname()[1], "/callback")
        with pytest.raises(ERPValidationError, match=f"listen on port {where.port} of 127.0.0.1"):
            Callback(where, read, print)


def test_nobody_else_can_reach_it(listening: Listening) -> None:
    assert listening.callback._server.socket.getsockname()[0] == "127.0.0.1"


def test_the_newer_loopback() -> None:
    try:
        listening = Listening("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listening.callback:
        assert listening.visit("/").status_code == 404
