"""The ContaAzul server against the books, its pages and its tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import requests

from simulator import Books, Simulator, faults

JAN = (date(2024, 1, 1), date(2024, 1, 31))
SPAN = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
Parse = Callable[[requests.Response], Any]
Send = Callable[..., requests.Response]
Get = Callable[..., requests.Response]


@pytest.fixture
def get(sim: Simulator, send: Send) -> Get:
    token = sim.credentials("contaazul", "bearer_token")["access_token"]

    def _get(path: str, *, bearer: str = token, **params: Any) -> requests.Response:
        url = f"{sim.base_url('contaazul')}/{path}"
        return send("GET", url, params=params, headers={"Authorization": f"Bearer {bearer}"})

    return _get


def test_the_chart_is_complete(get: Get, sim: Simulator, books: Books) -> None:
    rows = get("chart-of-accounts").json()["accounts"]
    said = [(row["code"], row["name"], row["type"], row.get("parent_code")) for row in rows]
    accounts = books.company.accounts
    assert said == [(a.code, a.name, a.type, a.parent) for a in accounts]
    sim.contaazul.english = False
    types = {row["type"] for row in get("chart-of-accounts").json()["accounts"]}
    assert types == {"Ativo", "Passivo", "Patrimônio Líquido", "Receita", "Despesa"}


@pytest.mark.parametrize("size", [3, 20, 1000])
def test_the_pages_hold_every_entry_whole(get: Get, parse: Parse, books: Books, size: int) -> None:
    rows: list[Any] = []
    number, last = 1, 1
    while number <= last:
        body = parse(get("transactions", **SPAN, page=number, per_page=size))
        rows += body["transactions"]
        assert (body["page"], body["per_page"]) == (number, size)
        last = body["total_pages"]
        number += 1
    entries = books.company.entries_between(*JAN)
    assert body["total"] == len(rows) == len(entries)
    for row, entry in zip(rows, entries, strict=True):
        assert row["id"] == entry.uuid
        assert row["date"] == entry.date.isoformat()
        assert ("posting_date" in row) == (entry.posting_date is not None)
        assert ("entity" in row) == (entry.entity is not None)
        lines = [(x["account_code"], x["debit_amount"], x["credit_amount"]) for x in row["lines"]]
        assert lines == [(line.account, line.debit, line.credit) for line in entry.lines]
    assert len({row["id"] for row in rows}) == len(rows)


def test_beyond_the_last_page_is_empty(get: Get) -> None:
    assert get("transactions", **SPAN, page=99).json()["transactions"] == []


def test_large_pages_are_cut(get: Get, sim: Simulator) -> None:
    sim.page_cap = 5
    body = get("transactions", **SPAN, per_page=100).json()
    assert (len(body["transactions"]), body["per_page"], body["total_pages"]) == (5, 5, 8)


def test_totals_can_be_missing(get: Get, sim: Simulator) -> None:
    sim.contaazul.totals = False
    assert "total" not in get("transactions", **SPAN).json()


@pytest.mark.parametrize(
    "params",
    [{}, {**SPAN, "page": 0}, {**SPAN, "end_date": "31/01/2024"}, {**SPAN, "per_page": "x"}],
)
def test_wrong_questions_are_refused(get: Get, params: dict[str, Any]) -> None:
    answer = get("transactions", **params)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert get("nothing").status_code == 404


def test_the_token_decides_whose_books(get: Get, sim: Simulator, books: Books) -> None:
    token = sim.credentials("contaazul", "bearer_token", company="102")["access_token"]
    rows = get("transactions", **SPAN, bearer=token).json()["transactions"]
    assert rows[0]["id"] == books["102"].entries[0].uuid
    assert sim.requests[-1].company == "102"


def test_tokens_expire_and_are_revoked(get: Get, sim: Simulator, send: Send) -> None:
    form = {"grant_type": "client_credentials"} | sim.credentials("contaazul", "oauth2")
    url = form.pop("token_url")
    token = send("POST", url, data=form).json()["access_token"]
    assert get("chart-of-accounts", bearer=token).status_code == 200
    sim.tokens.revoke_all()
    refused = get("chart-of-accounts", bearer=token)
    assert (refused.status_code, refused.json()["code"]) == (401, 401)
    sim.tokens.expires_in = 0
    token = send("POST", url, data=form).json()["access_token"]
    assert get("chart-of-accounts", bearer=token).status_code == 401
    assert sim.tokens.count == 2
    assert sim.requests.count("contaazul", "token") == 2


def test_an_expired_token_is_a_scripted_fault_too(get: Get, sim: Simulator) -> None:
    sim.faults.add(faults.expired_token(), endpoint="chart-of-accounts", nth=2)
    said = [get("chart-of-accounts").status_code for _ in range(3)]
    assert said == [200, 401, 401]


def test_refresh_tokens_rotate_when_asked(sim: Simulator, send: Send) -> None:
    form = sim.credentials("contaazul", "refresh_token")
    url = form.pop("token_url")
    first = send("POST", url, data=form).json()
    assert first["refresh_token"] == form["refresh_token"]
    sim.tokens.rotate = True
    second = send("POST", url, data=form).json()
    assert second["refresh_token"] != form["refresh_token"]
    assert sim.tokens.is_refresh_token(second["refresh_token"])
    refused = send("POST", url, data=form)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    form["refresh_token"] = second["refresh_token"]
    assert send("POST", url, data=form).status_code == 200
    sim.tokens.revoke_all(refresh=True)
    assert send("POST", url, data=form).status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"client_id": "x"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_applications_get_no_token(
    sim: Simulator, send: Send, change: dict[str, str], status: int, error: str
) -> None:
    form = {"grant_type": "client_credentials"} | sim.credentials("contaazul", "oauth2") | change
    answer = send("POST", form.pop("token_url"), data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_the_expiry_can_go_unnamed(sim: Simulator, send: Send) -> None:
    sim.tokens.name_expiry = False
    form = {"grant_type": "client_credentials"} | sim.credentials("contaazul", "oauth2")
    assert "expires_in" not in send("POST", form.pop("token_url"), data=form).json()
    assert send("GET", sim.token_url("contaazul")).status_code == 405


def test_too_many_requests_have_a_form(get: Get, sim: Simulator) -> None:
    sim.faults.add(faults.rate_limited())
    answer = get("chart-of-accounts")
    assert (answer.status_code, answer.json()["code"]) == (429, 429)
    assert "Retry-After" not in answer.headers
