"""A request's time holds from the first byte of its answer to the last, wherever they trickle."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from erp_common.errors import ERPConnectionError
from erp_common.http.answer import Answer
from erp_common.http.options import TransportOptions
from erp_common.http.request import Request
from erp_common.http.retry import RetryPolicy
from erp_common.http.transport import Transport
from hostile.raw import Asked, Pause, Piece, RawServer, answer, dripped, serving

TIMEOUT = 1.0
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def _flood() -> Iterator[Piece]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100


ENDLESS: dict[str, Callable[[], Iterator[Piece]]] = {
    "nothing": lambda: dripped(b""),
    "a status line": lambda: dripped(b"H"),
    "a reason": lambda: iter([b"HTTP/1.1 200 ", *dripped(b"x", 60)]),
    "100 Continue": lambda: dripped(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a flood of 100 Continue": _flood,
    "a header's name": lambda: iter([OK, *dripped(b"x", 60)]),
    "headers": lambda: iter([OK, *dripped(b"X-Y: z\r\n", 60)]),
    "a chunk's length": lambda: iter([CHUNKED, *dripped(b"0", 60)]),
    "a chunk's extension": lambda: iter([CHUNKED, b"1;", *dripped(b"x", 60)]),
    "chunks": lambda: iter([CHUNKED, *dripped(b"1\r\nx\r\n", 60)]),
    "trailers": lambda: iter([CHUNKED, b"2\r\n{}\r\n0\r\n", *dripped(b"X-Y: z\r\n", 60)]),
    "a body": lambda: iter([answer(b"{", length=1000), *dripped(b" ", 60)]),
    "a body until it hangs up": lambda: iter([OK, b"\r\n", *dripped(b" ", 60)]),
}


def connect(server: RawServer, **more: object) -> Transport:
    options = TransportOptions(
        server.url,
        timeout=TIMEOUT,
        extract_timeout=TIMEOUT,
        ca_bundle=server.ca_bundle,
        retry=RetryPolicy(max_attempts=1),
        **more,  # type: ignore[arg-type]
    )
    return Transport(options)


BY_DAY = {"a status line", "trailers"}
"""Of these each takes a second, and two stand for all."""


@pytest.mark.parametrize(
    "what",
    [pytest.param(one, marks=() if one in BY_DAY else pytest.mark.hostile) for one in ENDLESS],
)
@pytest.mark.timeout(20)
def test_what_never_ends_is_given_up(what: str) -> None:
    with serving(lambda _: ENDLESS[what]()) as server:
        transport = connect(server)
        with pytest.raises(ERPConnectionError, match="did not answer within 1 s"):
            transport.fetch(Request("GET", "/x"), Answer.read)
        transport.close()


@pytest.mark.hostile
@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["a status line", "headers"])
def test_a_proxy_that_never_says_yes_is_given_up(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda _: ENDLESS[what](), encrypted=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        transport = connect(proxy)
        with pytest.raises(ERPConnectionError, match=r"did not answer within 1 s|the proxy"):
            transport.fetch(Request("GET", "https://erp.example/x"), Answer.read)
        transport.close()
        assert [asked.method for asked in proxy.asked] == ["CONNECT"]


def test_an_answer_in_pieces_within_the_time_is_whole() -> None:
    def script(_: Asked) -> Iterator[Piece]:
        for piece in (CHUNKED, b"1;x\r\n{\r\n", b"1\r\n}\r\n", b"0\r\nX: y\r\n", b"\r\n"):
            yield piece
            yield Pause()

    with serving(script) as server:
        transport = connect(server, max_concurrency=1)
        transport_timeout = 10.0
        read = transport.fetch(Request("GET", "/x"), Answer.read, timeout=transport_timeout)
        assert read == b"{}"
        transport.close()
