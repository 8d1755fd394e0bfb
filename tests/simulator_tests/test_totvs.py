"""The Protheus server against the books, its row types and its ways to log in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import requests

from simulator import Books, Line, Simulator

JAN = (date(2024, 1, 1), date(2024, 1, 31))
BANK = "1.1.01.02.001"
Parse = Callable[[requests.Response], Any]
Send = Callable[..., requests.Response]
Get = Callable[..., requests.Response]


@pytest.fixture
def get(sim: Simulator, send: Send) -> Get:
    keys = sim.credentials("totvs", "basic_auth")

    def _get(report: str, **params: str) -> requests.Response:
        params = {"empresa": "101", "dataInicial": "20240101", "dataFinal": "20240131"} | params
        return send(
            "GET",
            f"{sim.base_url('totvs')}/rest/CTBR020/{report}",
            params=params,
            auth=(keys["username"], keys["password"]),
        )

    return _get


def test_the_balancete_states_natural_balances(get: Get, parse: Parse, books: Books) -> None:
    company = books.company
    rows = parse(get("balancete"))["balancete"]
    assert len(rows) == len(company.accounts)
    for row, expected in zip(rows, company.trial_balance(*JAN), strict=True):
        account = company.account(expected.code)
        assert account is not None
        sign = -1 if account.nature == "C" else 1
        assert row["CT1_CONTA"] == account.code.ljust(20)
        assert row["CTI_SALDOI"] * sign == expected.opening
        assert (row["CTI_DEBITO"], row["CTI_CREDITO"]) == (expected.debit, expected.credit)
        assert row["CTI_SALDOF"] * sign == expected.closing
        assert row["CTI_CLASSE"] == ("2" if account.is_summary else "1")
        assert row["CTI_NORMAL"] == account.nature
    natures = {row["CT1_CONTA"].strip(): row["CT1_NATCTA"] for row in rows}
    assert [natures[code] for code in ("1", "2", "2.4", "3", "5")] == ["01", "02", "03", "04", "04"]


def test_the_site_can_be_set_up_otherwise(get: Get, sim: Simulator, books: Books) -> None:
    sim.totvs.natural = False
    sim.totvs.inverted_class = True
    sim.totvs.normal = "digits"
    sim.totvs.nature = False
    sim.totvs.padded = False
    sim.totvs.omit = {"CT1_CTASUP"}
    sim.totvs.numbers = "string"
    rows = get("balancete").json()["balancete"]
    closings = {row["CT1_CONTA"]: Decimal(row["CTI_SALDOF"]) for row in rows}
    assert closings == {row.code: row.closing for row in books.company.trial_balance(*JAN)}
    assert rows[0]["CTI_CLASSE"] == "1"
    assert {row["CTI_NORMAL"] for row in rows} == {"1", "2"}
    assert {row["CT1_NATCTA"].strip() for row in rows} == {""}
    assert not any("CT1_CTASUP" in row for row in rows)


def test_bodies_can_be_in_windows_1252(get: Get, sim: Simulator) -> None:
    utf8 = get("balancete")
    sim.totvs.cp1252 = True
    answer = get("balancete")
    assert answer.headers["Content-Type"].endswith("charset=cp1252")
    assert answer.content != utf8.content
    assert answer.content.decode("cp1252") == utf8.content.decode("utf-8")


def movement(rows: list[dict[str, Any]], account: str) -> tuple[Decimal, Decimal]:
    debit = credit = Decimal(0)
    for row in rows:
        if row["CT2_DC"] in ("1", "3") and row["CT2_DEBITO"].strip() == account:
            debit += row["CT2_VALOR"]
        if row["CT2_DC"] in ("2", "3") and row["CT2_CREDIT"].strip() == account:
            credit += row["CT2_VALOR"]
    return debit, credit


def test_the_movements_are_the_lines(get: Get, parse: Parse, books: Books) -> None:
    kinds: set[str] = set()
    amounts_of_continuations: set[bool] = set()
    both_sides = False
    for expected in books.company.trial_balance(*JAN):
        account = books.company.account(expected.code)
        assert account is not None
        if account.is_summary:
            continue
        rows = parse(get("movimentacao", conta=account.code))["movimentacao"]
        assert movement(rows, account.code) == (expected.debit, expected.credit)
        kinds |= {row["CT2_DC"] for row in rows}
        amounts_of_continuations |= {row["CT2_VALOR"] > 0 for row in rows if row["CT2_DC"] == "4"}
        both_sides |= any(row["CT2_DEBITO"] == row["CT2_CREDIT"] for row in rows)
        keys = [
            tuple(
                row[f"CT2_{part}"] for part in ("FILIAL", "DATA", "LOTE", "SBLOTE", "DOC", "LINHA")
            )
            for row in rows
        ]
        assert len(set(keys)) == len(keys)
    assert kinds == {"1", "2", "3", "4"}
    assert amounts_of_continuations == {True, False}


def test_an_account_can_be_on_both_sides(get: Get, parse: Parse, books: Books) -> None:
    ten, nothing = Decimal("10.00"), Decimal(0)
    lines = [Line(BANK, ten, nothing, "CC001"), Line(BANK, nothing, ten, "CC002")]
    for _ in range(3):  # one in three is kept as two rows
        books.company.add_entry(date=date(2024, 1, 2), lines=lines, description="x" * 90)
    rows = parse(get("movimentacao", conta=BANK))["movimentacao"]
    mine = [row for row in rows if row["CT2_HIST"].startswith("xxx")]
    assert sum(row["CT2_DC"] == "3" for row in mine) == 2
    assert sum(row["CT2_DC"] == "4" for row in mine) == 8
    double = next(row for row in mine if row["CT2_DC"] == "3")
    assert (double["CT2_CCD"].strip(), double["CT2_CCC"].strip()) == ("CC001", "CC002")


def test_texts_are_continued_word_by_word(get: Get, books: Books) -> None:
    rows = get("movimentacao", conta=BANK).json()["movimentacao"]
    texts: dict[str, str] = {}
    for row in rows:
        words = row["CT2_HIST"].strip()
        if row["CT2_DC"] == "4":
            texts[row["CT2_DOC"]] += " " + words
        else:
            texts[row["CT2_DOC"]] = words
    entries = {entry.protheus_key[2]: entry for entry, _ in books.company.lines(*JAN, BANK)}
    assert len(texts) == len(entries)
    assert all(texts[key] == entry.description for key, entry in entries.items())


def test_no_movements_is_an_empty_list(get: Get) -> None:
    assert get("movimentacao", conta="9.9").json() == {"movimentacao": []}


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"empresa": "999"}, 400),
        ({"dataInicial": "2024-01-01"}, 400),
        ({"dataFinal": "20240231"}, 400),
        ({"conta": ""}, 400),
    ],
)
def test_wrong_questions_are_refused(get: Get, params: dict[str, str], status: int) -> None:
    answer = get("movimentacao", **({"conta": BANK} | params))
    assert answer.status_code == status
    assert answer.json()["message"]


def test_every_way_to_log_in(sim: Simulator, send: Send) -> None:
    url = f"{sim.base_url('totvs')}/rest/CTBR020/balancete"
    params = {"empresa": "101", "dataInicial": "20240101", "dataFinal": "20240131"}

    def status(**headers: str) -> int:
        return send("GET", url, params=params, headers=headers).status_code

    assert status() == 401
    assert status(Authorization="Basic eDp5") == 401
    assert status(Authorization="Bearer x") == 401
    token = sim.credentials("totvs", "bearer_token")["access_token"]
    assert status(Authorization=f"Bearer {token}") == 200
    sim.tokens.revoke_all("totvs")
    assert status(Authorization=f"Bearer {token}") == 401
    for auth_type in ("oauth2", "password", "refresh_token"):
        form = {"grant_type": "client_credentials"} | sim.credentials("totvs", auth_type)
        granted = send("POST", form.pop("token_url"), data=form).json()
        assert status(Authorization=f"Bearer {granted['access_token']}") == 200
        assert granted["expires_in"] == 3600


def test_tenant_and_environment_are_checked_when_set(get: Get, sim: Simulator, send: Send) -> None:
    sim.totvs.tenant = "01,0101 "
    sim.totvs.environment = "PRODUCAO"
    assert get("balancete").status_code == 403
    token = sim.credentials("totvs", "bearer_token")["access_token"]
    answer = send(
        "GET",
        f"{sim.base_url('totvs')}/rest/CTBR020/balancete",
        params={"empresa": "101", "dataInicial": "20240101", "dataFinal": "20240131"},
        headers={
            "Authorization": f"Bearer {token}",
            "tenantId": "01,0101",
            "environment": "PRODUCAO",
        },
    )
    assert answer.status_code == 200


def test_long_answers_come_in_blocks(sim: Simulator, send: Send, books: Books) -> None:
    one = Decimal("1.00")
    for number in range(1200):
        books.company.add_entry(
            date=date(2024, 1, 5),
            lines=[Line(BANK, one, Decimal(0)), Line("3.1.01.01.001", Decimal(0), one)],
            description=f"lote {number}",
        )
    keys = sim.credentials("totvs", "basic_auth")
    answer = send(
        "GET",
        f"{sim.base_url('totvs')}/rest/CTBR020/movimentacao",
        params={
            "empresa": "101",
            "conta": BANK,
            "dataInicial": "20240101",
            "dataFinal": "20240131",
        },
        auth=(keys["username"], keys["password"]),
    )
    assert answer.headers["Transfer-Encoding"] == "chunked"
    rows = answer.json()["movimentacao"]
    assert len(rows) >= 1200


def test_rows_can_be_tampered_with(get: Get, sim: Simulator, books: Books) -> None:
    def only_one(body: dict[str, list[Any]], _request: Any) -> None:
        del body["balancete"][1:]

    with sim.tamper("totvs", "balancete", only_one):
        assert len(get("balancete").json()["balancete"]) == 1
    assert len(get("balancete").json()["balancete"]) == len(books.company.accounts)
