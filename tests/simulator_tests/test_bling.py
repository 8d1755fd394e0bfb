"""The two Bling servers against the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from simulator import Books, Limit, Line, Simulator, faults

JAN = (date(2024, 1, 1), date(2024, 1, 31))
SPAN = {"dataInicial": "2024-01-01", "dataFinal": "2024-01-31"}
FILTER = "data[01/01/2024 TO 31/01/2024]"
BANK = "1.1.01.02.001"
Parse = Callable[[requests.Response], Any]
Send = Callable[..., requests.Response]
Get = Callable[..., requests.Response]
GetXml = Callable[..., ET.Element]


@pytest.fixture
def get(sim: Simulator, send: Send) -> Get:
    key = sim.credentials("bling")["api_key"]

    def _get(path: str, *, bearer: str = key, **params: Any) -> requests.Response:
        url = f"{sim.base_url('bling')}/{path}"
        return send("GET", url, params=params, headers={"Authorization": f"Bearer {bearer}"})

    return _get


@pytest.fixture
def ids(get: Get) -> dict[str, int]:
    rows = get("contascontabeis", limite=100).json()["data"]
    return {row["codigo"]: row["id"] for row in rows}


def test_the_chart_comes_in_pages_without_totals(get: Get, parse: Parse, books: Books) -> None:
    rows: list[Any] = []
    for page in range(1, 9):
        body = parse(get("contascontabeis", pagina=page, limite=10))
        assert set(body) == {"data"}
        rows += body["data"]
    assert len(body["data"]) == 9
    assert parse(get("contascontabeis", pagina=9, limite=10))["data"] == []
    accounts = books.company.accounts
    assert [row["codigo"] for row in rows] == [account.code for account in accounts]
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(1 << 31 < row["id"] < 1 << 53 for row in rows)
    for row, expected in zip(rows, books.company.trial_balance(*JAN), strict=True):
        account = books.company.account(row["codigo"])
        assert account is not None
        assert row["saldoInicial"] == expected.opening
        assert row["sintetica"] == account.is_summary
        assert row.get("contaPai", {}).get("codigo") == account.parent


def test_the_opening_can_be_missing(get: Get, sim: Simulator) -> None:
    sim.bling.opening_balances = False
    assert not any("saldoInicial" in row for row in get("contascontabeis").json()["data"])


def test_the_movements_are_the_lines(
    get: Get, parse: Parse, books: Books, ids: dict[str, int]
) -> None:
    path = f"contascontabeis/{ids[BANK]}/movimentacoes"
    rows = parse(get(path, **SPAN, limite=7))["data"]
    rows += parse(get(path, **SPAN, limite=7, pagina=2))["data"]
    lines = books.company.lines(*JAN, BANK)
    assert 7 < len(lines) < 14
    for row, (entry, line) in zip(rows, lines, strict=True):
        assert (row["id"], row["data"]) == (entry.id, entry.date.isoformat())
        assert row["valor"] == (line.debit or line.credit)
        assert row["tipo"] == ("D" if line.debit else "C")
        assert ("contato" in row) == (entry.entity is not None)


def test_large_pages_are_cut_in_silence(get: Get, books: Books) -> None:
    for number in range(60):
        one = Decimal(number + 1)
        lines = [Line(BANK, one, Decimal(0)), Line("3.1.01.01.001", Decimal(0), one)]
        for _ in range(2):
            books.company.add_entry(date=date(2024, 1, 3), lines=lines)
    ids = {row["codigo"]: row["id"] for row in get("contascontabeis").json()["data"]}
    path = f"contascontabeis/{ids[BANK]}/movimentacoes"
    assert len(get(path, **SPAN, limite=500).json()["data"]) == 100


def test_without_dates_only_the_current_month(
    get: Get, sim: Simulator, books: Books, ids: dict[str, int]
) -> None:
    path = f"contascontabeis/{ids[BANK]}/movimentacoes"
    assert get(path).json() == {"data": []}
    today = datetime.now(timezone(timedelta(hours=-3))).date()
    one = Decimal(1)
    lines = [Line(BANK, one, Decimal(0)), Line("3.1.01.01.001", Decimal(0), one)]
    entry = books.company.add_entry(date=today, lines=lines)
    assert [row["id"] for row in get(path).json()["data"]] == [entry.id]
    assert sim.requests[-1].account == BANK


def test_keys_in_header_and_query(get: Get, sim: Simulator, send: Send) -> None:
    key = sim.credentials("bling")["api_key"]
    url = f"{sim.base_url('bling')}/contascontabeis"
    assert send("GET", url, params={"api_key": key}).status_code == 200
    refused = get("contascontabeis", bearer="x")
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "UNAUTHORIZED")
    other = sim.credentials("bling", company="102")["api_key"]
    assert get("contascontabeis", bearer=other).status_code == 200
    assert sim.requests[-1].company == "102"


def test_the_token_endpoint_wants_basic(sim: Simulator, send: Send, get: Get) -> None:
    keys = sim.credentials("bling", "oauth2")
    form = {"grant_type": "client_credentials"}
    in_body = form | {name: keys[name] for name in ("client_id", "client_secret")}
    assert send("POST", keys["token_url"], data=in_body).status_code == 401
    basic = (keys["client_id"], keys["client_secret"])
    granted = send("POST", keys["token_url"], data=form, auth=basic).json()
    assert get("contascontabeis", bearer=granted["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "status", "kind"),
    [
        ("contascontabeis/1/movimentacoes", SPAN, 404, "RESOURCE_NOT_FOUND"),
        ("nothing", {}, 404, "RESOURCE_NOT_FOUND"),
        ("contascontabeis", {"pagina": 0}, 400, "VALIDATION_ERROR"),
    ],
)
def test_errors_have_a_type(
    get: Get, path: str, params: dict[str, Any], status: int, kind: str
) -> None:
    answer = get(path, **params)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)


def test_dates_are_checked(get: Get, sim: Simulator, ids: dict[str, int]) -> None:
    path = f"contascontabeis/{ids[BANK]}/movimentacoes"
    assert get(path, dataInicial="01/01/2024", dataFinal="31/01/2024").status_code == 400
    year = {"dataInicial": "2023-01-01", "dataFinal": "2024-06-30"}
    assert get(path, **year).status_code == 200
    sim.bling.longest_span = 366
    assert get(path, **year).status_code == 400


@pytest.mark.parametrize(
    ("reason", "limit", "period"), [("rate", 3, "second"), ("day", 120_000, "day")]
)
def test_limits_by_second_and_by_day(
    get: Get, sim: Simulator, reason: Any, limit: int, period: str
) -> None:
    sim.faults.add(faults.rate_limited(reason=reason))
    answer = get("contascontabeis")
    error = answer.json()["error"]
    assert answer.status_code == 429
    assert (error["type"], error["limit"], error["period"]) == ("TOO_MANY_REQUESTS", limit, period)


def test_a_missing_scope_is_403(get: Get, sim: Simulator) -> None:
    sim.faults.add(faults.forbidden())
    answer = get("contascontabeis")
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "FORBIDDEN")


# Version 2


@pytest.fixture
def xml(sim: Simulator, send: Send) -> GetXml:
    def _xml(path: str, **params: str) -> ET.Element:
        params = {"apikey": sim.credentials("bling_v2")["api_key"]} | params
        answer = send("GET", f"{sim.base_url('bling_v2')}/{path}", params=params)
        assert answer.status_code == sim.bling_v2.error_status or not answer.ok
        return ET.fromstring(answer.content)  # noqa: S314 - the simulator's own answer

    return _xml


def code(answer: ET.Element) -> str | None:
    return answer.findtext("erros/erro/cod")


def test_v2_pages_end_with_code_14(xml: GetXml, sim: Simulator, books: Books) -> None:
    sim.page_cap = 30
    codes: list[str | None] = []
    for page in (1, 2, 3):
        answer = xml(f"contascontabeis/page={page}/xml/")
        codes += [e.findtext("codigo") for e in answer.iterfind("contascontabeis/contacontabil")]
    assert codes == [account.code for account in books.company.accounts]
    assert code(xml("contascontabeis/page=4/xml/")) == "14"
    sim.bling_v2.end = "empty"
    empty = xml("contascontabeis/page=4/xml/")
    assert code(empty) is None
    assert len(empty) == 1


def test_v2_movements_are_the_lines(xml: GetXml, books: Books) -> None:
    accounts = xml("contascontabeis/page=1/xml/").iterfind("contascontabeis/contacontabil")
    ids = {account.findtext("codigo"): account.findtext("id") for account in accounts}
    path = f"contascontabeis/{ids[BANK]}/movimentacoes/page=1/xml/"
    rows = xml(path, filters=FILTER).findall("movimentacoes/movimentacao")
    for row, (entry, line) in zip(rows, books.company.lines(*JAN, BANK), strict=True):
        assert row.findtext("id") == str(entry.id)
        assert Decimal(row.findtext("valor") or "") == (line.debit or line.credit)
        assert row.findtext("tipo") == ("D" if line.debit else "C")
        assert row.findtext("contato/nome") == (entry.entity.name if entry.entity else "")
    whole = xml(path).findall("movimentacoes/movimentacao")
    assert len(whole) == len(books.company.lines(date.min, date.max, BANK))


def test_v2_errors_are_in_the_body(xml: GetXml, sim: Simulator) -> None:
    path = "contascontabeis/page=1/xml/"
    assert code(xml(path, apikey="x")) == "3"
    assert code(xml("nothing/xml/")) == "1"
    assert code(xml("contascontabeis/1/movimentacoes/page=1/xml/", filters="data[x]")) == "40"
    sim.limits["bling_v2"] = Limit(1, interval=3600)
    assert code(xml(path)) is None
    assert code(xml(path)) == "18"


def test_v2_rows_can_be_tampered_with(xml: GetXml, sim: Simulator) -> None:
    def rename(body: dict[str, Any], _request: Any) -> None:
        body["retorno"]["contascontabeis"][0]["contacontabil"]["descricao"] = "<&>"

    with sim.tamper("bling_v2", "contascontabeis", rename):
        answer = xml("contascontabeis/page=1/xml/")
    assert answer.findtext("contascontabeis/contacontabil/descricao") == "<&>"
