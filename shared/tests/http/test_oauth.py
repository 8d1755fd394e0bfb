# ruff: noqa: INP001, S105, S106 -- `http` must not become a package; no secret here is one
"""OAuth 2 against a real token endpoint: one refresh for all, rotation, refusals."""

from __future__ import annotations

import json
import logging
import stat
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from erp_common.auth.oauth import OAuth2Handler
from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPError,
    ERPValidationError,
)
from erp_common.http.answer import Answer
from erp_common.http.options import RateLimit
from erp_common.http.request import Request

GET = Request("GET", "/rows")


def read(answer: Answer) -> bytes:
    return answer.read()


class Erp:
    """An ERP with a token endpoint whose refresh tokens rotate and are good once."""

    def __init__(self, server: Any, reply: Any) -> None:
        self.server = server
        self.reply = reply
        self.lock = threading.Lock()
        self.granted = 0
        self.good: set[str] = set()
        self.refresh = "r0"
        self.extra: dict[str, Any] = {"expires_in": 3600}
        server.otherwise = self.answer

    def answer(self, seen: Any) -> Any:
        with self.lock:
            if seen.path == "/token":
                return self.grant(seen)
            token = seen.headers.get("Authorization", "").removeprefix("Bearer ")
            return self.reply(200 if token in self.good else 401)

    def grant(self, seen: Any) -> Any:
        grant = seen.form["grant_type"]
        if grant == "refresh_token" and seen.form["refresh_token"] != self.refresh:
            return self.reply(400, json.dumps({"error": "invalid_grant"}).encode())
        self.granted += 1
        token = f"access-{self.granted}"
        self.good.add(token)
        fields = {"access_token": token, **self.extra}
        if grant in {"refresh_token", "authorization_code"}:
            self.refresh = fields["refresh_token"] = f"r{self.granted}"
        return self.reply(200, json.dumps(fields).encode())

    @property
    def calls(self) -> list[Any]:
        return [seen for seen in self.server.seen if seen.path == "/token"]


@pytest.fixture
def erp(server: Any, reply_type: Any) -> Erp:
    return Erp(server, reply_type)


@pytest.fixture
def oauth(server: Any, clock: Any) -> Any:
    def build(grant_type: str = "client_credentials", **options: Any) -> OAuth2Handler:
        return OAuth2Handler(
            options.pop("client_id", "id"),
            options.pop("client_secret", "s3cret&"),
            f"{server.url}/token",
            options.pop("scope", None),
            grant_type,
            clock=clock,
            **options,
        )

    return build


def test_many_threads_cause_one_request_for_a_token(erp: Erp, connect: Any, oauth: Any) -> None:
    transport = connect(auth=oauth(), max_concurrency=200)
    with ThreadPoolExecutor(200) as pool:
        list(pool.map(lambda _: transport.fetch(GET, read), range(200)))
    assert len(erp.calls) == 1


def test_a_storm_of_401_causes_one_refresh(erp: Erp, connect: Any, oauth: Any) -> None:
    transport = connect(auth=oauth(), max_concurrency=100)
    transport.fetch(GET, read)
    erp.good.clear()
    with ThreadPoolExecutor(100) as pool:
        list(pool.map(lambda _: transport.fetch(GET, read), range(100)))
    assert len(erp.calls) == 2


def test_a_second_401_is_final(erp: Erp, server: Any, connect: Any, oauth: Any) -> None:
    transport = connect(auth=oauth())
    erp.good = NoneGood()
    with pytest.raises(ERPAuthenticationError, match="status 401") as caught:
        transport.fetch(GET, read)
    assert caught.value.ends_run
    assert [seen.path for seen in server.seen] == ["/token", "/rows", "/token", "/rows"]


class NoneGood(set[str]):
    def __contains__(self, item: object) -> bool:
        return False


def test_the_try_after_a_401_is_no_attempt(
    erp: Erp, server: Any, connect: Any, oauth: Any, clock: Any
) -> None:
    transport = connect(auth=oauth())
    transport.fetch(GET, read)
    erp.good.clear()
    server.add({}, {}, status=500)
    transport.fetch(GET, read)
    assert len(erp.calls) == 2
    assert len(server.seen) == 2 + 2 + 1 + 2
    clock.advance(0)


def test_a_token_is_renewed_before_it_expires(
    erp: Erp, connect: Any, oauth: Any, clock: Any
) -> None:
    transport = connect(auth=oauth())
    for seconds, calls in [(0, 1), (3539, 1), (1, 2), (3540, 3)]:
        clock.advance(seconds)
        transport.fetch(GET, read)
        assert len(erp.calls) == calls


@pytest.mark.parametrize(
    ("answer", "setting", "used"),
    [
        ({}, None, 3600 - 60),
        ({}, 100, 90),
        ({"expires_in": "50"}, 100, 45),
        ({"expires_in": 20.5}, None, 18.45),
        ({"expires_in": "soon"}, 100, 90),
        ({"expires_in": True}, 100, 90),
        ({"expires_in": -5}, 100, 90),
        ({"expires_in": None}, 100, 90),
        ({"expires_in": "1e400"}, 100, 90),
        ({"expires_in": 10**400}, 100, 90),
    ],
)
def test_how_long_a_token_is_used(
    erp: Erp, connect: Any, oauth: Any, clock: Any, answer: Any, setting: Any, used: float
) -> None:
    erp.extra = answer
    transport = connect(auth=oauth(expires_in=setting))
    transport.fetch(GET, read)
    clock.advance(used - 0.01)
    transport.fetch(GET, read)
    assert len(erp.calls) == 1
    clock.advance(0.02)
    transport.fetch(GET, read)
    assert len(erp.calls) == 2


def test_what_the_token_endpoint_is_told(erp: Erp, connect: Any, oauth: Any) -> None:
    connect(auth=oauth(scope="ledger read")).fetch(GET, read)
    basic = oauth(client_auth="basic", headers={"enable-jwt": "1"})
    connect(auth=basic).fetch(GET, read)
    connect(
        auth=oauth("password", client_id=None, client_secret=None, username="ana", password="ç")
    ).fetch(GET, read)
    body, basic_call, user = erp.calls
    assert body.form == {
        "grant_type": "client_credentials",
        "scope": "ledger read",
        "client_id": "id",
        "client_secret": "s3cret&",
    }
    assert body.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in body.headers
    assert basic_call.form == {"grant_type": "client_credentials"}
    assert basic_call.headers["Authorization"] == ("Basic " + b64encode(b"id:s3cret%26").decode())
    assert basic_call.headers["Enable-Jwt"] == "1"
    assert user.form == {"grant_type": "password", "username": "ana", "password": "ç"}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_of_the_token_endpoint_ends_the_run(
    server: Any, connect: Any, oauth: Any, status: int
) -> None:
    refusal = {"error": "invalid_client", "error_description": "wrong s3cret&"}
    server.add(refusal, status=status)
    with pytest.raises(ERPAuthenticationError, match="invalid_client") as caught:
        connect(auth=oauth()).fetch(GET, read)
    assert caught.value.ends_run
    assert "s3cret" not in str(caught.value)
    assert len(server.seen) == 1


def test_those_who_waited_share_a_refusal(server: Any, connect: Any, oauth: Any) -> None:
    hold = threading.Event()
    server.add({"error": "invalid_client"}, status=400, hold=hold)
    server.otherwise = lambda _: pytest.fail("asked again")
    transport = connect(auth=oauth(), max_concurrency=50)
    with ThreadPoolExecutor(50) as pool:
        calls = [pool.submit(transport.fetch, GET, read) for _ in range(50)]
        auth = transport.auth
        while not server.seen or sum(_waits(auth)) < 1:
            pass
        wait_until_blocked(calls)
        hold.set()
        errors = [call.exception(10) for call in calls]
    assert all(isinstance(error, ERPAuthenticationError) for error in errors)
    assert len(server.seen) == 1


def _waits(auth: Any) -> list[int]:
    return [int(auth._lock.locked())]


def wait_until_blocked(calls: list[Any]) -> None:
    """Until every call runs; the pool has a thread for each."""
    while not all(call.running() for call in calls):
        pass


@pytest.mark.parametrize(
    ("fault", "kind", "requests_made"),
    [
        ({"status": 500}, ERPConnectionError, 3),
        ({"body": b"<html>", "headers": {"Content-Type": "text/html"}}, ERPValidationError, 3),
        ({"body": b"{}"}, ERPValidationError, 1),
        ({"body": b"[]"}, ERPValidationError, 1),
        ({"body": b'{"access_token": ""}'}, ERPValidationError, 1),
        ({"status": 302, "headers": {"Location": "https://x.example"}}, ERPValidationError, 1),
        ({"status": 404}, ERPValidationError, 1),
    ],
)
def test_token_endpoints_that_give_none(
    server: Any, connect: Any, oauth: Any, fault: Any, kind: type[ERPError], requests_made: int
) -> None:
    body = fault.get("body", b"{}")
    server.add(body, body, body, **{key: fault[key] for key in fault if key != "body"})
    with pytest.raises(kind):
        connect(auth=oauth()).fetch(GET, read)
    assert len(server.seen) == requests_made


def test_requests_for_tokens_count_against_the_allowance(
    erp: Erp, connect: Any, oauth: Any, clock: Any
) -> None:
    limit = RateLimit(requests=1, interval=10.0, burst=1)
    connect(auth=oauth(), rate_limit=limit).fetch(GET, read)
    assert len(erp.calls) == 1
    assert sum(clock.waited) >= 10


def test_it_signs_plain_requests(
    erp: Erp, server: Any, oauth: Any, ca_bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_bundle)
    auth = oauth()
    for _ in range(2):
        assert requests.get(f"{server.url}/rows", auth=auth, timeout=10).status_code == 200
    assert len(erp.calls) == 1


@pytest.mark.parametrize("client_auth", ["body", "basic"])
def test_a_handler_on_its_own_says_no_secret_that_the_endpoint_repeats(
    server: Any,
    reply_type: Any,
    oauth: Any,
    ca_bundle: str,
    monkeypatch: pytest.MonkeyPatch,
    client_auth: str,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_bundle)

    def repeat(seen: Any) -> Any:
        words = f"{seen.headers.get('Authorization', '')} {' '.join(seen.form.values())}"
        return reply_type(400, json.dumps({"error_description": words}).encode())

    server.otherwise = repeat
    handler = oauth("refresh_token", refresh_token="refresh-me-1234", client_auth=client_auth)
    with pytest.raises(ERPAuthenticationError) as refused, handler.get_session() as session:
        session.get(f"{server.url}/rows", auth=handler)
    said = str(refused.value)
    pair = b64encode(b"id:s3cret&").decode()
    assert [one for one in ("s3cret&", "refresh-me-1234", pair) if one in said] == []
    assert "***" in said


def test_a_rotated_token_is_used_and_warned_about_once(
    erp: Erp, connect: Any, oauth: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    transport = connect(auth=oauth("refresh_token", refresh_token="r0"))
    for _ in range(3):
        transport.fetch(GET, read)
        clock.advance(4000)
    assert [call.form["refresh_token"] for call in erp.calls] == ["r0", "r1", "r2"]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "set token_store" in warnings[0].getMessage()
    assert "r1" not in caplog.text


def test_a_store_carries_the_token_over(
    erp: Erp, connect: Any, oauth: Any, clock: Any, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "tokens.json"

    def run() -> None:
        auth = oauth("refresh_token", refresh_token="r0", token_store=path)
        connect(auth=auth).fetch(GET, read)

    run()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    run()  # the access token in the store is still good
    assert len(erp.calls) == 1
    clock.advance(4000)
    run()
    assert [call.form["refresh_token"] for call in erp.calls] == ["r0", "r1"]
    assert erp.refresh == "r2"
    assert "r2" in path.read_text()
    assert "r0" not in path.read_text()


def test_a_401_makes_the_store_be_read_again_before_refreshing(
    erp: Erp, connect: Any, oauth: Any, tmp_path: Path
) -> None:
    def handler() -> OAuth2Handler:
        made: OAuth2Handler = oauth("refresh_token", refresh_token="r0", token_store=tmp_path / "t")
        return made

    first, second = connect(auth=handler()), connect(auth=handler())
    first.fetch(GET, read)
    second.fetch(GET, read)
    erp.good.clear()
    first.fetch(GET, read)
    assert len(erp.calls) == 2
    second.fetch(GET, read)  # its token is refused, the store holds a better one
    assert len(erp.calls) == 2


def test_a_new_authorisation_in_the_settings_wins_over_the_store(
    erp: Erp, connect: Any, oauth: Any, tmp_path: Path
) -> None:
    def run(setting: str | None) -> None:
        auth = oauth("refresh_token", refresh_token=setting, token_store=tmp_path / "t")
        connect(auth=auth).fetch(GET, read)

    run("r0")
    erp.refresh = "new"
    erp.good.clear()
    run("new")
    assert erp.calls[-1].form["refresh_token"] == "new"
    erp.good.clear()
    run("new")
    assert erp.calls[-1].form["refresh_token"] == "r2"
    erp.good.clear()
    run(None)
    assert erp.calls[-1].form["refresh_token"] == "r3"


def test_an_authorisation_begins_the_store(
    erp: Erp, connect: Any, oauth: Any, tmp_path: Path, clock: Any
) -> None:
    store = tmp_path / "t"
    empty = oauth("refresh_token", token_store=store)
    with pytest.raises(ERPAuthenticationError, match="no refresh token yet"):
        connect(auth=empty).fetch(GET, read)
    old = oauth("refresh_token", refresh_token="stale", token_store=store)
    connect(auth=old)  # binds it to the test's certificate authority
    old.redeem("c0de", "https://localhost/back")
    assert erp.calls[0].form == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://localhost/back",
        "client_id": "id",
        "client_secret": "s3cret&",
    }
    clock.advance(4000)
    # The setting still holds what was there before, and that must not win.
    again = oauth("refresh_token", refresh_token="stale", token_store=store)
    connect(auth=again).fetch(GET, read)
    assert erp.calls[-1].form["refresh_token"] == "r1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"client_secret": ""}, "client_id and client_secret"),
        ({"grant_type": "password", "username": "ana"}, "username and password"),
        ({"grant_type": "refresh_token"}, "refresh_token or a token_store"),
        ({"grant_type": "implicit"}, "client_credentials, password, refresh_token"),
    ],
)
def test_settings_that_cannot_be(oauth: Any, options: Any, message: str) -> None:
    with pytest.raises(ERPValidationError, match=message):
        oauth(**options)


def test_token_addresses_are_https() -> None:
    with pytest.raises(ERPValidationError, match="token_url must begin with https://"):
        OAuth2Handler("id", "s", "http://erp.example/token")
