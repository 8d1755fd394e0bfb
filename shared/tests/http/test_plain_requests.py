# ruff: noqa: INP001 -- a package named http would hide the standard library's
"""The authentication handlers are plain `requests` auth objects too."""

from __future__ import annotations

from base64 import b64encode

import pytest
import requests
import requests_mock
from requests.auth import AuthBase

from erp_common import APIKeyHandler, BasicAuthHandler, BearerTokenHandler

URL = "https://erp.example/v1/ledger"


def _sent(auth: AuthBase) -> requests.PreparedRequest:
    with requests_mock.Mocker() as server:
        server.get(URL, json={})
        requests.get(URL, params={"page": "1"}, auth=auth, timeout=5).raise_for_status()
        (sent,) = server.request_history
        request: requests.PreparedRequest = sent._request
        return request


def test_a_key_in_headers() -> None:
    sent = _sent(APIKeyHandler("the key", "the secret", "header"))
    assert (sent.headers["X-App-Key"], sent.headers["X-App-Secret"]) == ("the key", "the secret")
    assert sent.url == f"{URL}?page=1"


def test_a_key_in_the_query() -> None:
    sent = _sent(APIKeyHandler("the key", "s&cret", "query"))
    assert sent.url == f"{URL}?page=1&app_key=the%20key&app_secret=s%26cret"
    assert "X-App-Key" not in sent.headers


def test_a_user_and_a_password() -> None:
    sent = _sent(BasicAuthHandler("josé", "segredo"))
    assert sent.headers["Authorization"] == "Basic " + b64encode("josé:segredo".encode()).decode()


@pytest.mark.parametrize("expiration", [None, 60])
def test_a_bearer_token(expiration: float | None) -> None:
    sent = _sent(BearerTokenHandler("the token", expiration))
    assert sent.headers["Authorization"] == "Bearer the token"
