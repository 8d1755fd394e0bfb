"""The same company read through every ERP shows the same movements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from simulator import Books, Simulator

START, END = date(2024, 1, 10), date(2024, 3, 5)
Parse = Callable[[requests.Response], Any]
Send = Callable[..., requests.Response]
Call = Callable[..., requests.Response]
Net = defaultdict[str, Decimal]


@pytest.fixture
def books() -> Books:
    return Books.generate(seed=7, flat_codes=True)


@pytest.fixture
def analytic(books: Books) -> list[str]:
    return [account.code for account in books.company.accounts if not account.is_summary]


@pytest.fixture
def expected(books: Books, analytic: list[str]) -> dict[str, Decimal]:
    rows = {row.code: row.debit - row.credit for row in books.company.trial_balance(START, END)}
    return {code: rows[code] for code in analytic if rows[code]}


def net_of(net: Net) -> dict[str, Decimal]:
    return {code: amount for code, amount in net.items() if amount}


def test_omie(omie: Call, parse: Parse, analytic: list[str], expected: dict[str, Decimal]) -> None:
    net: Net = defaultdict(Decimal)
    span = {"dDataDe": "10/01/2024", "dDataAte": "05/03/2024"}
    for code in analytic:
        for row in parse(omie("ListarMovimentos", cCodConta=code, **span)).get("movimentos", []):
            net[code] += row["nDebito"] - row["nCredito"]
    assert net_of(net) == expected


def test_totvs(
    sim: Simulator, send: Send, parse: Parse, analytic: list[str], expected: dict[str, Decimal]
) -> None:
    net: Net = defaultdict(Decimal)
    keys = sim.credentials("totvs", "basic_auth")
    for code in analytic:
        rows = parse(
            send(
                "GET",
                f"{sim.base_url('totvs')}/rest/CTBR020/movimentacao",
                params={
                    "empresa": "101",
                    "conta": code,
                    "dataInicial": "20240110",
                    "dataFinal": "20240305",
                },
                auth=(keys["username"], keys["password"]),
            )
        )["movimentacao"]
        for row in rows:
            if row["CT2_DC"] in "13" and row["CT2_DEBITO"].strip() == code:
                net[code] += row["CT2_VALOR"]
            if row["CT2_DC"] in "23" and row["CT2_CREDIT"].strip() == code:
                net[code] -= row["CT2_VALOR"]
    assert net_of(net) == expected


def test_contaazul(sim: Simulator, send: Send, parse: Parse, expected: dict[str, Decimal]) -> None:
    net: Net = defaultdict(Decimal)
    token = sim.credentials("contaazul", "bearer_token")["access_token"]
    rows = parse(
        send(
            "GET",
            f"{sim.base_url('contaazul')}/transactions",
            params={"start_date": "2024-01-10", "end_date": "2024-03-05", "per_page": 1000},
            headers={"Authorization": f"Bearer {token}"},
        )
    )["transactions"]
    for row in rows:
        for line in row["lines"]:
            net[line["account_code"]] += line["debit_amount"] - line["credit_amount"]
    assert net_of(net) == expected


def test_bling(sim: Simulator, send: Send, parse: Parse, expected: dict[str, Decimal]) -> None:
    net: Net = defaultdict(Decimal)
    key = sim.credentials("bling")["api_key"]
    base = f"{sim.base_url('bling')}/contascontabeis"
    for account in parse(send("GET", base, params={"api_key": key}))["data"]:
        rows = parse(
            send(
                "GET",
                f"{base}/{account['id']}/movimentacoes",
                params={
                    "dataInicial": "2024-01-10",
                    "dataFinal": "2024-03-05",
                    "api_key": key,
                },
            )
        )["data"]
        for row in rows:
            net[account["codigo"]] += row["valor"] if row["tipo"] == "D" else -row["valor"]
    assert net_of(net) == expected


def test_bling_v2(sim: Simulator, send: Send, expected: dict[str, Decimal]) -> None:
    net: Net = defaultdict(Decimal)
    key = sim.credentials("bling_v2")["api_key"]
    base = f"{sim.base_url('bling_v2')}/contascontabeis"

    def get(url: str, **params: str) -> ET.Element:
        answer = send("GET", url, params={"apikey": key, **params})
        return ET.fromstring(answer.content)  # noqa: S314 - the simulator's own answer

    for account in get(f"{base}/page=1/xml/").iterfind("contascontabeis/contacontabil"):
        rows = get(
            f"{base}/{account.findtext('id')}/movimentacoes/page=1/xml/",
            filters="data[10/01/2024 TO 05/03/2024]",
        )
        for row in rows.iterfind("movimentacoes/movimentacao"):
            amount = Decimal(row.findtext("valor") or "")
            net[account.findtext("codigo") or ""] += (
                amount if row.findtext("tipo") == "D" else -amount
            )
    assert net_of(net) == expected
