"""The Omie server against the books, its envelope and its moods."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
import requests

from simulator import Books, Simulator, faults

JAN = (date(2024, 1, 1), date(2024, 1, 31))
BANK = "1.1.01.02.001"
Parse = Callable[[requests.Response], Any]
Call = Callable[..., requests.Response]
Send = Callable[..., requests.Response]


def pages(omie: Call, parse: Parse, call: str, key: str, size: int, **param: Any) -> list[Any]:
    rows: list[Any] = []
    number, last = 1, 1
    while number <= last:
        answer = parse(omie(call, nPagina=number, nRegPorPagina=size, **param))
        assert answer["nPagina"] == number
        assert answer["nRegistros"] == len(answer[key])
        last = answer["nTotPaginas"]
        rows += answer[key]
        assert answer["nTotRegistros"] >= len(rows)
        number += 1
    assert answer["nTotRegistros"] == len(rows)
    return rows


@pytest.mark.parametrize("size", [7, 79, 500])
def test_the_balancete_is_the_trial_balance(
    omie: Call, parse: Parse, books: Books, size: int
) -> None:
    rows = pages(omie, parse, "ListarBalancete", "balancete", size)
    fields = ("cCodConta", "nSaldoInicial", "nDebitos", "nCreditos", "nSaldoFinal")
    said = [tuple(row[name] for name in fields) for row in rows]
    assert said == books.company.trial_balance(*JAN)


def test_the_movements_are_the_lines(omie: Call, parse: Parse, books: Books) -> None:
    rows = pages(omie, parse, "ListarMovimentos", "movimentos", 4, cCodConta=BANK)
    said = [(row["nCodMov"], row["nDebito"], row["nCredito"]) for row in rows]
    lines = books.company.lines(*JAN, BANK)
    assert said == [(entry.id, line.debit, line.credit) for entry, line in lines]
    assert len(said) > 4
    row, (entry, _) = rows[0], lines[0]
    assert row["dDtMov"] == f"{entry.date:%d/%m/%Y}"
    assert ("nCodCliente" in row) == (entry.entity is not None)


def test_each_company_has_its_own_ledger(omie: Call, parse: Parse, books: Books) -> None:
    rows = pages(omie, parse, "ListarBalancete", "balancete", 500, nCodEmpresa=102)
    closings = [row["nSaldoFinal"] for row in rows]
    assert closings == [row.closing for row in books["102"].trial_balance(*JAN)]
    assert closings != [row.closing for row in books["101"].trial_balance(*JAN)]


def test_a_wrong_key_is_403(omie: Call, sim: Simulator) -> None:
    keys = sim.credentials("omie")
    for name in keys:
        answer = omie("ListarBalancete", keys=keys | {name: "x"})
        assert answer.status_code == 403
        assert "chave de acesso" in answer.json()["faultstring"]


@pytest.mark.parametrize(
    ("param", "code"),
    [
        ({"nPagina": 2}, "SOAP-ENV:Client-5113"),
        ({"nCodEmpresa": "999"}, "SOAP-ENV:Client-101"),
        ({"pagina": 1}, "SOAP-ENV:Client-5001"),
        ({"dDataDe": "2024-01-01"}, "SOAP-ENV:Client-5004"),
        ({"dDataDe": "31/02/2024"}, "SOAP-ENV:Client-5004"),
        ({"nPagina": 0}, "SOAP-ENV:Client-5002"),
    ],
)
@pytest.mark.parametrize("status", [500, 200])
def test_faults_have_their_codes(
    omie: Call, sim: Simulator, param: dict[str, Any], code: str, status: int
) -> None:
    sim.omie.fault_status = status
    answer = omie("ListarBalancete", **param)
    assert answer.status_code == status
    assert answer.json()["faultcode"] == code
    assert answer.headers["OmieAPI-Error"].startswith(code.rpartition("-")[2])


def test_no_movements_is_a_fault_or_an_empty_list(omie: Call, sim: Simulator) -> None:
    ask = {"cCodConta": BANK, "dDataDe": "01/01/2020", "dDataAte": "31/01/2020"}
    for code in ("5113", "101", "5094"):
        sim.omie.empty = code
        assert omie("ListarMovimentos", **ask).json()["faultcode"].endswith(code)
    sim.omie.empty = "list"
    answer = omie("ListarMovimentos", **ask)
    assert answer.json() == {
        "nPagina": 1,
        "nTotPaginas": 0,
        "nRegistros": 0,
        "nTotRegistros": 0,
        "movimentos": [],
    }


def test_the_trailing_slash_matters(sim: Simulator, send: Send) -> None:
    url = sim.base_url("omie") + "/geral/balancete"
    answer = send("POST", url, json={})
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/geral/balancete/")


def test_redundant_calls_are_refused_when_asked(omie: Call, sim: Simulator) -> None:
    sim.omie.redundant_window = 60
    assert omie("ListarBalancete").status_code == 200
    assert omie("ListarBalancete", nRegPorPagina=499).status_code == 200
    again = omie("ListarBalancete")
    assert again.json()["faultcode"] == "SOAP-ENV:Client-6"
    assert "REDUNDANT" in again.json()["faultstring"]


def test_ten_failing_calls_block_the_method(omie: Call) -> None:
    for _ in range(10):
        assert omie("ListarBalancete", nCodEmpresa="999").status_code == 500
    blocked = omie("ListarBalancete")
    assert blocked.status_code == 425
    assert blocked.json()["faultcode"] == "MISUSE_API_PROCESS"
    assert omie("ListarMovimentos", cCodConta=BANK).status_code == 200


def test_empty_answers_do_not_block(omie: Call) -> None:
    for _ in range(12):
        omie("ListarBalancete", nPagina=9)
    assert omie("ListarBalancete").status_code == 200


@pytest.mark.parametrize(
    ("switch", "code", "second"),
    [
        ("one_at_a_time", "SOAP-ENV:Client-1880", {"nRegPorPagina": 3}),
        ("no_duplicates", "SOAP-ENV:Client-8020", {}),
    ],
)
def test_calls_under_way_shut_others_out(
    omie: Call, sim: Simulator, switch: str, code: str, second: dict[str, Any]
) -> None:
    setattr(sim.omie, switch, True)
    go_on, inside = Event(), Event()

    def hold(_body: Any, _request: Any) -> None:
        inside.set()
        go_on.wait(20)

    with ThreadPoolExecutor(1) as pool, sim.tamper("omie", "ListarBalancete", hold):
        first = pool.submit(omie, "ListarBalancete")
        assert inside.wait(20)
        fault = requests.post(
            sim.base_url("omie") + "/geral/balancete/",
            data=_body(sim, **second),
            verify=sim.ca_bundle,
            timeout=30,
        )
        go_on.set()
        assert first.result().status_code == 200
    assert fault.json()["faultcode"] == code


def _body(sim: Simulator, **param: Any) -> bytes:
    param = {
        "dDataDe": "01/01/2024",
        "dDataAte": "31/01/2024",
        "nCodEmpresa": "101",
        "nPagina": 1,
        "nRegPorPagina": 500,
    } | param
    body = {"call": "ListarBalancete", **sim.credentials("omie"), "param": [param]}
    data = requests.Request("POST", "https://x", json=body).prepare().body
    assert isinstance(data, bytes)
    return data


def test_large_pages_break_when_asked(omie: Call, sim: Simulator) -> None:
    sim.omie.broken_above = 100
    assert "Broken response" in omie("ListarBalancete").json()["faultstring"]
    assert omie("ListarBalancete", nRegPorPagina=100).status_code == 200


def test_pages_are_capped(omie: Call, sim: Simulator) -> None:
    sim.page_cap = 10
    answer = omie("ListarBalancete").json()
    assert (len(answer["balancete"]), answer["nTotPaginas"]) == (10, 8)


def test_too_many_calls_have_a_form_of_their_own(omie: Call, sim: Simulator) -> None:
    sim.faults.add(faults.rate_limited(7), erp="omie")
    answer = omie("ListarBalancete")
    assert answer.status_code == 429
    assert answer.json()["error_code"] == 429
    assert answer.headers["Retry-After"] == "7"


def test_texts_can_be_padded_and_escaped(omie: Call, sim: Simulator, books: Books) -> None:
    sim.omie.padded = True
    sim.omie.html_entities = True
    rows = omie("ListarMovimentos", cCodConta=BANK)
    names = {row.get("cNomeCliente") for row in rows.json()["movimentos"]} - {None}
    entities = {entry.entity.name for entry, _ in books.company.lines(*JAN, BANK) if entry.entity}
    assert names == {name.replace("&", "&amp;") + "  " for name in entities}


def test_texts_and_numbers_come_as_asked(
    omie: Call, sim: Simulator, parse: Parse, books: Books
) -> None:
    sim.omie.numbers = "brazilian"
    sim.omie.omit = {"cCodContaPai"}
    sim.omie.ascii_json = True
    answer = omie("ListarBalancete")
    assert answer.text.isascii()
    rows = answer.json()["balancete"]
    assert not any("cCodContaPai" in row for row in rows)
    assert "Disponibilidades" in {row["cDescConta"] for row in rows}
    assert "Patrimônio Líquido" in {row["cDescConta"] for row in rows}
    said = [row["nDebitos"].replace(".", "").replace(",", ".") for row in rows]
    assert [Decimal(text) for text in said] == [r.debit for r in books.company.trial_balance(*JAN)]
    sim.omie.numbers = "number"
    sim.omie.natural = True
    balances = {row["cCodConta"]: row for row in parse(omie("ListarBalancete"))["balancete"]}
    expected = {row.code: row for row in books.company.trial_balance(*JAN)}
    assert balances["2"]["nSaldoFinal"] == -expected["2"].closing
    assert balances["1"]["nSaldoFinal"] == expected["1"].closing
