"""The pages that ask for consent, and the codes that they hand out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from simulator import Simulator
from simulator.oauth import Grant

Send = Callable[..., requests.Response]
BACK = "http://127.0.0.1:8765/callback"
ERPS = ["bling", "bling_public", "contaazul", "contaazul_public"]


class Visitor:
    """A user's browser, and the application that wants in."""

    def __init__(self, sim: Simulator, send: Send, erp: str) -> None:
        self.sim = sim
        self.erp = erp
        self._send = send
        self.keys = sim.credentials(erp, "refresh_token")
        self.address = sim.authorize_url(erp).partition("#")[0]

    def asked(self, **more: str) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": self.keys["client_id"],
            "redirect_uri": BACK,
            "state": "s t&te",
        } | more

    def page(self, method: str = "GET", **more: str) -> requests.Response:
        return self._send(method, self.address, params=self.asked(**more))

    def decide(self, decision: str, **more: str) -> dict[str, str]:
        """The answer that the application gets."""
        form = self.asked(decision=decision, **more)
        done = self._send("POST", self.address, data=form)
        assert done.status_code == 303
        back, _, query = done.headers["Location"].partition("?")
        assert back == BACK
        return dict(parse_qsl(query))

    def redeem(self, code: str, **more: str) -> requests.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=BACK, **more)

    def token(self, **form: str) -> requests.Response:
        keys = (self.keys["client_id"], self.keys["client_secret"])
        return self._send("POST", self.sim.token_url(self.erp), data=form, auth=keys)


@pytest.fixture(params=ERPS)
def visitor(sim: Simulator, send: Send, request: pytest.FixtureRequest) -> Visitor:
    return Visitor(sim, send, request.param)


def refused(answer: requests.Response) -> Any:
    assert answer.status_code == 400
    return answer.json()["error"]


def test_the_page_names_the_company_and_keeps_what_was_asked(visitor: Visitor) -> None:
    page = visitor.page()
    assert page.status_code == 200
    assert visitor.sim.books.company.name in page.text
    fields = dict(re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', page.text))
    assert fields["redirect_uri"] == BACK
    assert fields["state"] == "s t&amp;te"
    assert visitor.sim.requests.count(visitor.erp, "authorize") == 1


def test_a_code_is_good_once(visitor: Visitor) -> None:
    answer = visitor.decide("allow")
    assert answer["state"] == "s t&te"
    given = visitor.redeem(answer["code"]).json()
    grant = Grant(visitor.erp, visitor.sim.books.company.id)
    assert visitor.sim.tokens.check(visitor.erp, given["access_token"]) == grant

    assert refused(visitor.redeem(answer["code"])) == "invalid_grant"
    # Whoever tries it again may have stolen it: what it gave is worth nothing now.
    assert visitor.sim.tokens.check(visitor.erp, given["access_token"]) is None
    assert not visitor.sim.tokens.is_refresh_token(given["refresh_token"])


def test_its_refresh_tokens_rotate(visitor: Visitor) -> None:
    token = visitor.redeem(visitor.decide("allow")["code"]).json()["refresh_token"]
    for _ in range(2):
        old = token
        token = visitor.token(grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
        assert token != old
        assert not visitor.sim.tokens.is_refresh_token(old)


def test_denied(visitor: Visitor) -> None:
    answer = visitor.decide("deny")
    assert (answer["error"], answer["state"]) == ("access_denied", "s t&te")
    assert "code" not in answer


def test_a_code_expires(visitor: Visitor) -> None:
    visitor.sim.tokens.code_expires_in = 0
    assert refused(visitor.redeem(visitor.decide("allow")["code"])) == "invalid_grant"


def test_a_code_is_bound_to_the_address(visitor: Visitor) -> None:
    code = visitor.decide("allow")["code"]
    form = {"grant_type": "authorization_code", "code": code}
    assert refused(visitor.token(**form)) == "invalid_grant"
    assert refused(visitor.token(**form, redirect_uri=f"{BACK}/2")) == "invalid_grant"
    assert visitor.redeem(code).status_code == 200


def test_a_code_is_bound_to_the_application(visitor: Visitor) -> None:
    code = visitor.decide("allow")["code"]
    other = visitor.sim.books.companies[1].id
    visitor.keys = visitor.sim.credentials(visitor.erp, "refresh_token", company=other)
    assert refused(visitor.redeem(code)) == "invalid_grant"


def test_a_code_nobody_handed_out(visitor: Visitor) -> None:
    assert refused(visitor.redeem("ac-made-up")) == "invalid_grant"


def test_what_the_page_refuses(visitor: Visitor) -> None:
    assert visitor.page(client_id="nobody").status_code == 400
    assert visitor.page(redirect_uri="").status_code == 400
    assert visitor.page("PUT").status_code == 405
    tokens = visitor.sim.tokens
    client = tokens.registered(visitor.erp, visitor.keys["client_id"])
    assert client is not None
    client.redirect_uri = "https://elsewhere.example/back"
    assert visitor.page().status_code == 400
    assert visitor.page(redirect_uri="").status_code == 200


def test_another_type_of_answer_is_not_given(visitor: Visitor) -> None:
    done = visitor.page(response_type="token")
    assert "error=unsupported_response_type" in done.headers["Location"]


def test_a_query_after_the_hash_is_read_by_script(sim: Simulator, send: Send) -> None:
    address = sim.authorize_url("contaazul")
    assert urlsplit(address).fragment == "/oauth/authorize"
    assert "location.hash" in send("GET", address).text


@pytest.mark.parametrize("erp", ["omie", "totvs", "bling_v2"])
def test_not_every_erp_has_such_a_page(sim: Simulator, erp: str) -> None:
    with pytest.raises(KeyError):
        sim.authorize_url(erp)
