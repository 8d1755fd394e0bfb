"""Whatever bytes come, there is an answer or one of the known errors, and the next is unharmed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erp_common.auth.oauth import OAuth2Handler
from erp_common.errors import ERPError
from erp_common.http import answer as received
from erp_common.http import connection
from erp_common.http.answer import Answer
from erp_common.http.dialect import AnswerTooLarge
from erp_common.http.options import RateLimit, TransportOptions
from erp_common.http.request import Request
from erp_common.http.retry import RetryPolicy
from erp_common.http.transport import Transport
from hostile.raw import Asked, RawServer, answer, serving

NAMES = st.sampled_from(
    [
        "Content-Length",
        "Transfer-Encoding",
        "Content-Encoding",
        "Content-Type",
        "Connection",
        "Location",
        "Retry-After",
        "Set-Cookie",
        "X",
        "",
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "chunked",
            "gzip",
            "deflate, gzip",
            "close",
            "0",
            "2",
            "-1",
            "99999999999999999999",
            "2, 2",
            "text/html; charset=punycode",
            "application/json; charset*=''%ff",
            "https://[",
        ]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=40),
)
LINES = st.lists(st.tuples(NAMES, VALUES), max_size=6)
STATUS = st.one_of(
    st.sampled_from(
        ["HTTP/1.1 200 OK", "HTTP/1.1 204 x", "HTTP/1.0 200", "HTTP/1.1 301 x", "HTTP/2 200", ""]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30),
)
BODIES = st.one_of(
    st.sampled_from(
        [
            b"{}",
            b"2\r\n{}\r\n0\r\n\r\n",
            b"-2\r\n{}\r\n0\r\n\r\n",
            b"ffffffffffffffffffff\r\n{}",
            b"2;" + b"x" * 100 + b"\r\n{}\r\n0\r\nX: y\r\n\r\n",
            b"{}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
        ]
    ),
    st.binary(max_size=200),
)


def connect(server: RawServer) -> Transport:
    return Transport(
        TransportOptions(
            server.url,
            timeout=5,
            extract_timeout=5,
            ca_bundle=server.ca_bundle,
            rate_limit=RateLimit(requests=1_000_000, interval=60, burst=10000),
            retry=RetryPolicy(max_attempts=1),
        )
    )


class Scripted:
    """Says what it was given once, and hangs up; then answers as it should."""

    def __init__(self) -> None:
        self.next = b""

    def __call__(self, asked: Asked) -> Iterator[bytes]:
        if asked.target == "/odd":
            yield self.next
            raise ConnectionResetError
        yield answer(b'"sound"')


@pytest.fixture(scope="module")
def odd() -> Any:
    script = Scripted()
    with serving(script) as server:
        transport = connect(server)
        yield script, server, transport
        transport.close()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(status=STATUS, lines=LINES, body=BODIES)
def test_any_head_and_any_body(
    odd: tuple[Scripted, RawServer, Transport],
    status: str,
    lines: list[tuple[str, str]],
    body: bytes,
) -> None:
    script, server, transport = odd
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    script.next = f"{status}\r\n{head}\r\n".encode("latin-1") + body
    said = ""
    try:
        transport.fetch(Request("GET", "/odd"), Answer.read)
    except ERPError as error:
        said = str(error)
    assert said.isprintable() or not said
    assert len(said) < 1000
    server.wait_for_the_end(server.asked[-1])  # else it may hang up on what is asked next
    transport.breaker.succeeded(transport.breaker.admit())
    assert transport.fetch(Request("GET", "/next"), Answer.read) == b'"sound"'


@pytest.mark.parametrize("extra", [1, 100, 20_000])
def test_what_comes_beyond_an_answer_is_nobodys(extra: int) -> None:
    """A second answer behind the first, short or longer than what is read at once."""
    surplus = answer(b'{"of":"another account"}') + b" " * extra

    def script(asked: Asked) -> list[bytes]:
        own = answer(f'{{"of":"{asked.target}"}}'.encode())
        return [own + surplus] if asked.number == 1 else [own]

    with serving(script) as server:
        transport = connect(server)
        for target in ("/1", "/2", "/3"):
            read = transport.fetch(Request("GET", target), Answer.read)
            assert read == f'{{"of":"{target}"}}'.encode()
        transport.close()
        assert [one.connection for one in server.asked] == [1, 2, 2]


def test_sound_answers_share_a_connection() -> None:
    with serving(lambda asked: [answer(asked.target.encode())]) as server:
        transport = connect(server)
        for target in ("/1", "/2", "/3"):
            assert transport.fetch(Request("GET", target), Answer.read) == target.encode()
        transport.close()
        assert server.connections == 1


@pytest.mark.parametrize("lifetime", [1e-9, 0.5])
def test_a_lifetime_of_nothing_fetches_no_token_for_each_request(lifetime: float) -> None:
    def script(asked: Asked) -> list[bytes]:
        granted = f'{{"access_token":"access-token","expires_in":{lifetime}}}'.encode()
        return [answer(granted if asked.method == "POST" else b"{}")]

    with serving(script) as server:
        auth = OAuth2Handler("id", "geheim-geheim", f"{server.url}/token")
        limit = RateLimit(requests=60, interval=60, burst=100)
        options = TransportOptions(server.url, ca_bundle=server.ca_bundle, rate_limit=limit)
        transport = Transport(options, auth)
        for _ in range(5):
            transport.fetch(Request("GET", "/x"), Answer.read)
        transport.close()
        assert [one.method for one in server.asked].count("POST") == 1


def test_more_than_an_answer_may_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    """With bounds of some kilobytes: gigabytes would take minutes."""
    monkeypatch.setattr(connection, "MAX_RECEIVED", 5000)
    monkeypatch.setattr(received, "MAX_DECODED", 20000)
    monkeypatch.setattr(received, "MAX_IN_MEMORY", 10000)
    packed = gzip.compress(b"1" * 30000)
    half = gzip.compress(b"1" * 15000)
    bodies = {
        "/wire": answer(b"1" * 6000),
        "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n1\r\n" * 2000,
        "/headers": b"HTTP/1.1 100 Continue\r\nX: " + b"1" * 6000 + b"\r\n\r\n" + answer(b"1"),
        "/decoded": answer(packed, "Content-Encoding: gzip"),
        "/whole": answer(half, "Content-Encoding: gzip"),
    }
    with serving(lambda asked: [bodies[asked.target]]) as server:
        transport = connect(server)
        for target in bodies:
            with pytest.raises(AnswerTooLarge, match="with more than"):
                transport.fetch(Request("GET", target), Answer.read)
        assert transport.breaker.state == "closed"
        transport.close()
        assert [one.target for one in server.asked] == list(bodies)
