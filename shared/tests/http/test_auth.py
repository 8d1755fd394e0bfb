# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""Keys, passwords and bearer tokens, as `requests` auth objects."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from erp_common.auth.handlers import APIKeyHandler, BasicAuthHandler, BearerTokenHandler
from erp_common.errors import ERPAuthenticationError, ERPError, ERPValidationError
from erp_common.http.request import Request

GET = Request("GET", "/x")


def prepare(auth: Any, url: str = "https://erp.example/x") -> requests.PreparedRequest:
    return requests.Request("GET", url, auth=auth).prepare()


def test_a_key_in_headers() -> None:
    prepared = prepare(APIKeyHandler("k1", "s1"))
    assert prepared.headers["X-App-Key"] == "k1"
    assert prepared.headers["X-App-Secret"] == "s1"


def test_a_key_in_the_query() -> None:
    prepared = prepare(APIKeyHandler("k/1", "s 1", "query"), "https://erp.example/x?a=1")
    assert prepared.url == "https://erp.example/x?a=1&app_key=k%2F1&app_secret=s%201"


def test_keys_under_other_names() -> None:
    header = APIKeyHandler("k1", key_name="Authorization", key_format="Bearer {api_key}")
    assert prepare(header).headers["Authorization"] == "Bearer k1"
    query = APIKeyHandler("k1", key_location="query", key_name="apikey")
    assert prepare(query).url == "https://erp.example/x?apikey=k1"


def test_keys_for_the_body() -> None:
    auth = APIKeyHandler(" k1 ", " s1 ", "body")
    assert auth.credentials() == {"app_key": "k1", "app_secret": "s1"}
    prepared = prepare(auth)
    assert prepared.url == "https://erp.example/x"
    assert "X-App-Key" not in prepared.headers


@pytest.mark.parametrize("arguments", [("", "s"), (" ", "s"), ("k", "s", "cookie")])
def test_keys_that_cannot_be(arguments: Any) -> None:
    with pytest.raises(ERPValidationError):
        APIKeyHandler(*arguments)


def test_basic_is_utf8() -> None:
    value = prepare(BasicAuthHandler("josé", "ç:€")).headers["Authorization"]
    assert b64decode(value.removeprefix("Basic ")).decode() == "josé:ç:€"


@pytest.mark.parametrize("name", ["", "a:b"])
def test_user_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ERPValidationError, match="username"):
        BasicAuthHandler(name, "x")


def test_a_bearer_token_expires_before_the_request(server: Any, connect: Any, clock: Any) -> None:
    transport = connect(auth=BearerTokenHandler("t1", 60, clock=clock))
    transport.fetch(GET, lambda answer: answer.read())
    assert server.seen[0].headers["Authorization"] == "Bearer t1"
    clock.advance(60)
    with pytest.raises(ERPAuthenticationError, match="has expired") as caught:
        transport.fetch(GET, lambda answer: answer.read())
    assert caught.value.ends_run
    assert len(server.seen) == 1


def test_a_bearer_token_may_expire_at_a_moment(clock: Any) -> None:
    moment = datetime.fromtimestamp(clock.wall + 60, timezone.utc)
    auth = BearerTokenHandler("t1", moment, clock=clock)
    clock.advance(59)
    auth.ready()
    clock.advance(1)
    with pytest.raises(ERPAuthenticationError):
        auth.ready()


def test_a_refused_bearer_token_is_not_tried_again(server: Any, connect: Any) -> None:
    server.add(status=401)
    with pytest.raises(ERPAuthenticationError) as caught:
        connect(auth=BearerTokenHandler("t1")).fetch(GET, lambda answer: answer.read())
    assert caught.value.ends_run
    assert len(server.seen) == 1


@pytest.mark.parametrize("token", ["geheim\nX: y", "geheim→"])
def test_a_secret_no_header_can_hold_is_not_quoted(connect: Any, token: str) -> None:
    with pytest.raises(ERPError, match="cannot be sent") as caught:
        connect(auth=BearerTokenHandler(token)).fetch(GET, lambda answer: answer.read())
    error: BaseException | None = caught.value
    while error is not None:
        assert "geheim" not in str(error)
        error = error.__cause__ or error.__context__
