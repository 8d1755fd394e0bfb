# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""The transport against a real HTTPS server: retries, error classes, what is sent."""

from __future__ import annotations

import gzip
import io
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from erp_common.auth.handlers import APIKeyHandler, BasicAuthHandler
from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPError,
    ERPRateLimitError,
    ERPValidationError,
)
from erp_common.http.answer import Answer, Undecodable
from erp_common.http.breaker import BreakerPolicy
from erp_common.http.clock import SYSTEM_CLOCK, Closed
from erp_common.http.dialect import AnswerTooLarge, Dialect, Fault, FaultKind, NoRecords
from erp_common.http.options import RateLimit
from erp_common.http.request import Request
from erp_common.http.retry import RetryPolicy

GET = Request("GET", "/balancete")


def as_json(answer: Answer) -> Any:
    return msgspec.json.decode(answer.utf8())


class Rows(msgspec.Struct):
    rows: list[int]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503, "body": b"<html>down</html>"},
        {"status": 429},
        {"body": b'{"a": 1}', "cut": 4},
        {"body": b'{"a": 1}', "cut": 4, "reset": True},
        {"body": b'{"a": 1}', "cut": 6, "headers": {"Transfer-Encoding": "chunked"}},
        {"body": b"zz", "cut": 99, "headers": {"Transfer-Encoding": "broken, chunked"}},
        {"body": b'{"a": 1'},
        {"body": b""},
        {"body": b"<html>", "headers": {"Content-Type": "text/html"}},
        {"body": b"\xff\xfe", "headers": {"Content-Type": "application/json"}},
        {"body": b"no gzip", "headers": {"Content-Encoding": "gzip"}},
        {"body": gzip.compress(b'{"a": 1}')[:-6], "headers": {"Content-Encoding": "gzip"}},
        {"body": b"{}", "headers": {"Content-Encoding": "br"}},
        {"body": b"{}", "headers": {"Content-Type": "text/plain; charset=nobody-knows"}},
    ],
)
def test_a_fault_that_may_pass_is_tried_again(
    server: Any, connect: Any, clock: Any, fault: dict[str, Any]
) -> None:
    fault = dict(fault)
    body = fault.pop("body", b"{}")
    server.add(body, body, **fault)
    server.add({"a": 1})
    assert connect().fetch(GET, as_json) == {"a": 1}
    assert len(server.seen) == 3
    assert 2.0 in clock.waited


@pytest.mark.parametrize(
    ("status", "kind", "ends_run", "requests"),
    [
        (302, ERPValidationError, False, 1),
        (400, ERPValidationError, False, 1),
        (401, ERPAuthenticationError, True, 1),
        (403, ERPAuthenticationError, False, 1),
        (404, ERPValidationError, False, 1),
        (425, ERPRateLimitError, True, 1),
        (429, ERPRateLimitError, True, 3),
        (500, ERPConnectionError, False, 3),
        (504, ERPConnectionError, False, 3),
    ],
)
def test_each_status_has_its_error(
    server: Any, connect: Any, status: int, kind: type[ERPError], ends_run: object, requests: int
) -> None:
    server.add(
        *[{"error": {"message": "Não pode", "description": "porque não"}}] * 3, status=status
    )
    with pytest.raises(kind) as caught:
        connect(dialect=Dialect("Omie")).fetch(GET, as_json)
    assert type(caught.value) is kind
    assert caught.value.ends_run is ends_run
    assert len(server.seen) == requests
    message = str(caught.value)
    assert message.startswith("Omie ")
    assert f"GET /balancete with status {status}" in message
    if status != 302:
        assert "Não pode: porque não" in message


def test_a_redirect_is_not_followed_and_named_by_its_host(server: Any, connect: Any) -> None:
    server.add(status=301, headers={"Location": "https://elsewhere.example/x?key=abc"})
    with pytest.raises(ERPValidationError, match=r"redirects to elsewhere\.example;") as caught:
        connect().fetch(GET, as_json)
    assert "abc" not in str(caught.value)


def test_a_page_instead_of_json_says_so(server: Any, connect: Any, reply_type: Any) -> None:
    page = reply_type(200, b"<html>", {"Content-Type": "text/html"})
    server.otherwise = lambda _: page
    with pytest.raises(ERPValidationError, match=r"a text/html page instead of .*check base_url"):
        connect().fetch(GET, as_json)
    assert len(server.seen) == 3


def test_another_shape_is_final(server: Any, connect: Any) -> None:
    server.add({"rows": ["x"]})
    decode = msgspec.json.Decoder(Rows).decode
    with pytest.raises(ERPValidationError, match=r"another shape than expected: .*\$\.rows"):
        connect().fetch(GET, lambda answer: decode(answer.read()))
    assert len(server.seen) == 1


def test_what_is_sent(server: Any, connect: Any) -> None:
    request = Request(
        "POST",
        "/geral/balancete/",
        params=(("filters", "data[01/01/2024 TO 31/01/2024]"), ("a", "ç&"), ("a", "2")),
        body=b'{"x": 1}',
        headers=(("Content-Type", "application/json"),),
        safe_query_chars="/",
    )
    transport = connect(
        base_url=f"{server.url}/api/v1/",
        user_agent="tap-test/1",
        headers={"tenantId": "T1,D MG 01 "},
        auth=APIKeyHandler("key&1", "s=2", "query"),
    )
    transport.fetch(request, as_json)
    seen = server.seen[0]
    assert seen.path == "/api/v1/geral/balancete/"
    assert "filters=data%5B01/01/2024%20TO%2031/01/2024%5D" in seen.target
    assert seen.params[1:] == [("a", "ç&"), ("a", "2"), ("app_key", "key&1"), ("app_secret", "s=2")]
    assert seen.body == b'{"x": 1}'
    assert seen.headers["User-Agent"] == "tap-test/1"
    assert seen.headers["Tenantid"] == "T1,D MG 01 "
    assert seen.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw"])
def test_compressed_bodies(server: Any, connect: Any, encoding: str) -> None:
    text = b'{"a": "' + b"x" * 3_000_000 + b'"}'
    if encoding == "gzip":
        body = gzip.compress(text[:1000]) + gzip.compress(text[1000:])
    elif encoding == "deflate":
        body = zlib.compress(text)
    else:
        body = zlib.compress(text)[2:-4]
    server.add(body, headers={"Content-Encoding": "deflate" if encoding == "raw" else encoding})
    assert connect().fetch(GET, lambda answer: (answer.size, answer.open().read())) == (
        len(text),
        text,
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json; charset=cp1252", '{"a": "Ação"}'.encode("cp1252")),
        ("application/json; charset=ISO-8859-1", '{"a": "Ação"}'.encode("latin-1")),
        ("application/json", '{"a": "Ação"}'.encode()),
        ("application/json;charset=UTF-8", b"\xef\xbb\xbf" + '{"a": "Ação"}'.encode()),
    ],
)
def test_charsets(server: Any, connect: Any, content_type: str, body: bytes) -> None:
    server.add(body, headers={"Content-Type": content_type})
    assert connect().fetch(GET, as_json) == {"a": "Ação"}


def test_an_answer_is_closed_after_decoding(connect: Any) -> None:
    kept: list[Answer] = []
    connect().fetch(GET, kept.append)
    with pytest.raises(ValueError, match="closed"):
        kept[0].read()


def test_timeouts_are_retried_unless_switched_off(server: Any, connect: Any) -> None:
    hold = threading.Event()
    server.add({}, {}, hold=hold)
    with pytest.raises(ERPConnectionError, match=r"did not answer within 0\.1 s"):
        connect(retry_on_timeout=False).fetch(GET, as_json, timeout=0.1)
    assert connect().fetch(GET, as_json, timeout=0.1) == {}
    hold.set()
    assert len(server.seen) == 3


def test_a_server_that_drips_does_not_hold_the_run(server: Any, connect: Any) -> None:
    server.add(b'{"a": "0123456789012345678901234567890"}', drip=True)
    with pytest.raises(ERPConnectionError, match="did not answer within"):
        connect().fetch(GET, as_json, timeout=0.3, attempts=1)


def test_connection_failures_say_what_failed(connect: Any, server: Any) -> None:
    for base_url, reason in [
        ("https://localhost:1", "the connection was refused"),
        ("https://nowhere.invalid", "its name cannot be resolved"),
        (server.url.replace("https://localhost", "https://127.0.0.1"), "certificate of 127.0.0.1"),
    ]:
        with pytest.raises(ERPConnectionError, match=reason) as caught:
            connect(base_url=base_url).fetch(GET, as_json)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_retry_after_wins_and_slows_everyone_down(server: Any, connect: Any, clock: Any) -> None:
    server.add({}, status=429, headers={"Retry-After": "45"})
    transport = connect()
    transport.fetch(GET, as_json)
    assert max(clock.waited) == 45.0


class Wayward(Dialect):
    system = "Omie"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        code = answer.headers.get("X-Fault")
        if code is None:
            return super().fault(answer, request)
        faults = {
            "redundant": Fault(FaultKind.SCHEDULED, "redundante", code="6", schedule=(8.0,)),
            "locked": Fault(
                FaultKind.SCHEDULED,
                code="1880",
                schedule=(10.0, 61.0),
                final_kind=FaultKind.RATE_LIMIT,
            ),
            "none": Fault(FaultKind.NO_RECORDS),
            "large": Fault(FaultKind.TOO_LARGE, "Broken response"),
            "blocked": Fault(FaultKind.BLOCKED, "API bloqueada", wait=1678),
            "key": Fault(FaultKind.AUTH, "A chave está inválida.", ends_run=True),
        }
        return faults[code]


def test_scheduled_waits_are_no_attempts(server: Any, connect: Any, clock: Any) -> None:
    transport = connect(dialect=Wayward(), retry=RetryPolicy(max_attempts=1))
    for code in ("locked", "redundant", "locked"):
        server.add(status=500, headers={"X-Fault": code})
    server.add({"a": 1})
    assert transport.fetch(GET, as_json) == {"a": 1}
    assert [wait for wait in clock.waited if wait >= 1] == [10.0, 8.0, 61.0]


@pytest.mark.parametrize(
    ("code", "requests", "kind"),
    [
        ("redundant", 2, ERPValidationError),
        ("locked", 3, ERPRateLimitError),
        ("large", 3, AnswerTooLarge),
        ("blocked", 1, ERPRateLimitError),
        ("key", 1, ERPAuthenticationError),
        ("none", 1, NoRecords),
    ],
)
def test_what_a_dialect_says_is_done(
    server: Any, connect: Any, code: str, requests: int, kind: type[Exception]
) -> None:
    server.add(*[{}] * 4, status=500, headers={"X-Fault": code})
    with pytest.raises(kind) as caught:
        connect(dialect=Wayward()).fetch(GET, as_json)
    assert len(server.seen) == requests
    if code == "blocked":
        assert "blocks all requests for 1678 s" in str(caught.value)
    if code == "key":
        assert isinstance(caught.value, ERPError)
        assert caught.value.ends_run


def test_the_circuit_opens_after_calls_that_failed_for_good(
    server: Any, connect: Any, clock: Any
) -> None:
    transport = connect(circuit_breaker=BreakerPolicy(failure_threshold=2), dialect=Dialect("Omie"))
    server.add(*[{}] * 6, status=500)
    for _ in range(2):
        with pytest.raises(ERPConnectionError, match="status 500"):
            transport.fetch(GET, as_json)
    with pytest.raises(ERPConnectionError, match=r"Omie did not answer 2 calls .* in 60 s"):
        transport.fetch(GET, as_json)
    assert len(server.seen) == 6
    clock.advance(60)
    assert transport.fetch(GET, as_json) == {}
    assert transport.breaker.state == "closed"


def test_faults_of_business_leave_the_circuit_closed(server: Any, connect: Any) -> None:
    transport = connect(circuit_breaker=BreakerPolicy(failure_threshold=1), dialect=Wayward())
    for code in ("none", "key", "blocked", "large", "large", "large"):
        server.add(status=500, headers={"X-Fault": code})
    for kind in (NoRecords, ERPAuthenticationError, ERPRateLimitError, AnswerTooLarge):
        with pytest.raises(kind):
            transport.fetch(GET, as_json)
    assert transport.breaker.state == "closed"


def test_no_more_in_flight_than_allowed_and_connections_are_kept(server: Any, connect: Any) -> None:
    transport = connect(max_concurrency=3)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: transport.fetch(GET, as_json), range(80)))
    assert server.most_in_flight <= 3
    assert len({seen.connection for seen in server.seen}) <= 8


def test_closing_wakes_everyone(connect: Any) -> None:
    limit = RateLimit(requests=1, interval=600.0, burst=1)
    transport = connect(rate_limit=limit, max_concurrency=2, clock=SYSTEM_CLOCK)
    transport.fetch(GET, as_json)
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(transport.fetch, GET, as_json) for _ in range(6)]
        transport.close()
        for call in calls:
            assert isinstance(call.exception(timeout=10), Closed)
    with pytest.raises(Closed):
        transport.fetch(GET, as_json)


def test_closing_ends_a_wait_between_attempts(server: Any, connect: Any) -> None:
    transport = connect(clock=SYSTEM_CLOCK, retry=RetryPolicy(base_delay=3600, max_delay=3600))
    server.add(status=500)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(transport.fetch, GET, as_json)
        while not server.seen:
            pass
        transport.close()
        assert isinstance(call.exception(timeout=10), Closed)


def test_no_netrc_and_no_switching_off(
    server: Any, connect: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, ca_bundle: str
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    connect(auth=BasicAuthHandler("ana", "ção")).fetch(GET, as_json)
    connect().fetch(GET, as_json)
    assert server.seen[0].headers["Authorization"] == "Basic YW5hOsOnw6Nv"
    assert "Authorization" not in server.seen[1].headers
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "")
    with pytest.raises(ERPConnectionError, match="certificate of localhost cannot be verified"):
        connect(ca_bundle=None).fetch(GET, as_json)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_bundle)
    assert connect(ca_bundle=None).fetch(GET, as_json) == {}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    assert connect().fetch(GET, as_json) == {}
    with pytest.raises(ERPValidationError, match=r"REQUESTS_CA_BUNDLE names /nowhere\.pem"):
        connect(ca_bundle=None)


def test_proxies_of_the_environment_are_used(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pw@localhost:1")
    with pytest.raises(ERPConnectionError, match="the proxy that the environment names"):
        connect().fetch(GET, as_json)
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert connect().fetch(GET, as_json) == {}


@pytest.mark.parametrize(
    "url",
    ["http://erp.example", "erp.example", "https://", "https://u:p@erp.example", "https://a b"],
)
def test_only_https_addresses(url: str, connect: Any) -> None:
    with pytest.raises(ERPValidationError, match="base_url must"):
        connect(base_url=url)


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_concurrency", 0), ("timeout", 0), ("extract_timeout", -1.0)],
)
def test_numbers_that_make_no_sense(name: str, value: float, connect: Any) -> None:
    with pytest.raises(ERPValidationError, match=f"{name}.* must be"):
        connect(**{name: value})


def test_decode_may_say_what_it_expected(connect: Any) -> None:
    def decode(_: Answer) -> None:
        raise Undecodable("XML")

    with pytest.raises(ERPValidationError, match="instead of XML"):
        connect().fetch(GET, decode)


def test_one_attempt_waits_for_nothing(server: Any, connect: Any, clock: Any) -> None:
    server.add(status=500, headers={"X-Fault": "locked"})
    with pytest.raises(ERPRateLimitError):
        connect(dialect=Wayward()).fetch(GET, as_json, attempts=1)
    assert clock.waited == []


def test_a_body_may_outlive_its_answer(connect: Any) -> None:
    with connect().fetch(GET, Answer.take) as body:
        assert body.read() == b"{}"


def test_a_retry_after_date_is_measured_by_the_servers_clock(
    server: Any, connect: Any, clock: Any
) -> None:
    ahead = {
        "Date": "Mon, 01 Jan 2035 10:00:00 GMT",
        "Retry-After": "Mon, 01 Jan 2035 10:00:40 GMT",
    }
    server.add(status=503, headers=ahead)
    connect().fetch(GET, as_json)
    assert 40.0 in clock.waited


def test_large_bodies_leave_memory_and_are_whole(server: Any, connect: Any) -> None:
    body = bytes(range(256)) * 20_000
    server.add(body)

    def decode(answer: Answer) -> bytes:
        assert not isinstance(answer.open(), io.BytesIO)
        return answer.read()

    assert connect().fetch(GET, decode) == body
