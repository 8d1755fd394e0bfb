# ruff: noqa: INP001 -- `http` must not become a package
"""What is asked of an authorization page, and which answers are believed."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.auth.authorization import AuthorizationRequest, Stray
from erp_common.errors import ERPAuthenticationError, ERPValidationError
from erp_common.http.addresses import Loopback, redirect_address

BACK = "http://127.0.0.1:8765/callback"


def asked(
    page: str = "https://erp.example/authorize", scope: str | None = None
) -> AuthorizationRequest:
    return AuthorizationRequest("Acme ERP", page, "app & co", BACK, scope)


REQUEST = asked()


def answer(**fields: str) -> str:
    return urlencode({"state": REQUEST.state, **fields})


def test_the_address_holds_what_the_page_needs() -> None:
    parts = urlsplit(asked(scope="openid profile").address)
    assert parts._replace(query="").geturl() == "https://erp.example/authorize"
    fields = parse_qs(parts.query)
    assert len(fields.pop("state")[0]) >= 40
    assert fields == {
        "response_type": ["code"],
        "client_id": ["app & co"],
        "redirect_uri": [BACK],
        "scope": ["openid profile"],
    }


def test_no_scope_is_no_field() -> None:
    assert "scope" not in REQUEST.address


@pytest.mark.parametrize(
    ("page", "begins"),
    [
        ("https://erp.example/#/oauth/authorize", "https://erp.example/#/oauth/authorize?response"),
        ("https://erp.example/auth?tenant=7", "https://erp.example/auth?tenant=7&response"),
        ("https://erp.example/?a=1#/authorize", "https://erp.example/?a=1#/authorize?response"),
        ("https://erp.example/#/authorize?a=1", "https://erp.example/#/authorize?a=1&response"),
    ],
)
def test_the_query_stands_where_the_page_reads_it(page: str, begins: str) -> None:
    assert asked(page).address.startswith(begins)


def test_every_request_has_a_state_of_its_own() -> None:
    assert asked().state != asked().state


def test_the_state_is_not_shown() -> None:
    assert REQUEST.state not in repr(REQUEST)


def test_the_code_of_the_true_answer() -> None:
    assert REQUEST.code(answer(code="c-1/ä".encode().hex())) == "c-1/ä".encode().hex()
    assert REQUEST.code(answer(code="a+b/c==")) == "a+b/c=="


STRAYS = {
    "nothing": "",
    "no state": "code=abc",
    "another state": "code=abc&state=abc",
    "an empty state": "code=abc&state=",
    "a state that begins alike": f"code=abc&state={REQUEST.state[:-1]}",
    "the state twice": f"code=abc&state={REQUEST.state}&state={REQUEST.state}",
    "the state in another case": f"code=abc&state={REQUEST.state.swapcase()}",
    "letters beyond ASCII": "code=abc&state=%C3%A4%FF",
    "neither code nor error": f"state={REQUEST.state}",
    "an empty code": f"state={REQUEST.state}&code=",
    "the code twice": f"state={REQUEST.state}&code=a&code=b",
    "a code of two lines": f"state={REQUEST.state}&code=a%0Ab",
    "an endless code": f"state={REQUEST.state}&code={'a' * 5000}",
    "a denial without state": "error=access_denied",
    "a denial with another state": "error=access_denied&state=abc",
    "fields without end": f"state={REQUEST.state}&code=abc" + "&a=1" * 60,
}


@pytest.mark.parametrize("query", STRAYS.values(), ids=STRAYS)
def test_what_is_no_answer_is_not_believed(query: str) -> None:
    with pytest.raises(Stray, match="open the address"):
        REQUEST.code(query)


@given(st.text())
def test_nothing_makes_it_fail_otherwise(query: str) -> None:
    with pytest.raises(Stray):
        REQUEST.code(query)


def test_denied() -> None:
    with pytest.raises(ERPAuthenticationError, match="denied on the page of Acme ERP") as refused:
        REQUEST.code(answer(error="access_denied", error_description="No."))
    assert refused.value.ends_run


def test_other_refusals_are_told_without_what_a_terminal_would_obey() -> None:
    fields = answer(error="invalid_scope", error_description="\x1b[2JNot <b>this</b>\nscope" * 40)
    with pytest.raises(ERPAuthenticationError) as refused:
        REQUEST.code(fields)
    said = str(refused.value)
    assert "(invalid_scope: 2JNot bthis/bscope" in said
    assert len(said) < 600
    assert said.isprintable()


def test_an_error_weighs_more_than_a_code() -> None:
    with pytest.raises(ERPAuthenticationError):
        REQUEST.code(answer(code="abc", error="server_error"))


def test_what_is_pasted() -> None:
    query = answer(code="a-code")
    for text in (
        "a-code",
        "  a-code \r",
        f"{BACK}?{query}",
        f"127.0.0.1:8765/callback?{query}",
        f"?{query}",
        f"{BACK}?{query}#_=_",
    ):
        assert REQUEST.pasted(text) == "a-code"


@pytest.mark.parametrize(
    "text", [BACK, "two words", f"{BACK}?code=a-code", f"{BACK}?code=a-code&state=other", "é"]
)
def test_what_is_pasted_and_wrong(text: str) -> None:
    with pytest.raises(Stray):
        REQUEST.pasted(text)


def test_a_denial_may_be_pasted() -> None:
    with pytest.raises(ERPAuthenticationError, match="denied"):
        REQUEST.pasted(f"{BACK}?{answer(error='access_denied')}")


@pytest.mark.parametrize(
    ("url", "where"),
    [
        (BACK, Loopback("127.0.0.1", 8765, "/callback")),
        ("http://localhost:1234", Loopback("127.0.0.1", 1234, "/")),
        ("http://[::1]:1234/a/b?c=d", Loopback("::1", 1234, "/a/b")),
        (" http://127.8.9.1/x ", Loopback("127.8.9.1", 80, "/x")),
        ("https://contaazul.com", None),
        ("https://127.0.0.1:8765/callback", None),
    ],
)
def test_where_a_redirect_address_leads(url: str, where: Loopback | None) -> None:
    assert redirect_address(url) == where


@pytest.mark.parametrize(
    "url",
    [
        "",
        "callback",
        "http://",
        "http://erp.example/callback",
        "http://0.0.0.0:8765/callback",
        "http://192.168.0.7:8765/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:99999/callback",
        "http://ana:key@127.0.0.1:8765/callback",
        "http://127.0.0.1:8765/call back",
        "http://127.0.0.1:8765/#callback",
        "http://[::1/callback",
        "ftp://127.0.0.1/callback",
        "https://",
    ],
)
def test_a_redirect_address_that_leads_elsewhere(url: str) -> None:
    with pytest.raises(ERPValidationError, match="redirect_uri must be"):
        redirect_address(url)
