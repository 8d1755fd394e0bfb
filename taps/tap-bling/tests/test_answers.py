# ruff: noqa: INP001 -- packages named tests would hide one another
"""Bling's three APIs: what it may answer, and what the tap makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.table import Erp, Said

LOGIN = {"access_token": "segredo"}
CHART, BANK, SALES = (
    "/contascontabeis",
    "/contascontabeis/1/movimentacoes",
    "/contascontabeis/2/movimentacoes",
)
ACCOUNTS = [
    {"id": 1, "codigo": "1.1", "descricao": "Banco", "tipo": "Ativo", "saldoInicial": 100},
    {"id": 2, "codigo": "3.1", "descricao": "Vendas", "tipo": "Receita", "saldoInicial": -100},
]
MOVED: dict[str, Any] = {
    "id": 7,
    "data": "2024-01-15",
    "tipo": "D",
    "valor": 10.50,
    "historico": "venda",
}


def data(*rows: dict[str, Any]) -> str:
    """A page of a list."""
    return json.dumps({"data": list(rows)})


def v3(*said: Said, chart: Said = "") -> Erp:
    """The reference API in JSON: what moved on the bank account, and the sale it is of."""
    erp = Erp("bling", "bearer_token", LOGIN).on("GET", CHART, chart or data(*ACCOUNTS))
    erp.on("GET", SALES, data(MOVED | {"tipo": "C"}))
    return erp.on("GET", BANK, *said)


SOUND, RIGHT = data(MOVED), "1.1 110.5, 3.1 -110.5"


def test_what_is_asked() -> None:
    """The chart, then each analytic account over the days; a page that is not full is the last."""
    erp = v3(SOUND)
    erp.balances()
    days = "dataInicial=2024-01-01&dataFinal=2024-01-31&pagina=1&limite=100"
    assert erp.asked[0] == f"GET {CHART}?pagina=1&limite=100"
    assert sorted(erp.asked[1:]) == [f"GET {BANK}?{days}", f"GET {SALES}?{days}"]


def error(kind: str, **more: Any) -> str:
    """One of Bling's errors."""
    return json.dumps({"error": {"type": kind, "message": "Erro", "description": "x", **more}})


ANSWERS: dict[str, tuple[tuple[Said, ...], str]] = {
    "sound": ((SOUND,), RIGHT),
    "a list without an envelope": ((json.dumps([MOVED]),), RIGHT),
    "nothing": ((data(),), "1.1 100, 3.1 -110.5; UNBALANCED_TRIAL_BALANCE"),
    "a second's limit, then sound": (
        ((429, error("TOO_MANY_REQUESTS", limit=3, period="second")), SOUND),
        RIGHT,
    ),
    "a day's limit": (
        ((429, error("TOO_MANY_REQUESTS", limit=120000, period="day")),),
        "ERPRateLimitError",
    ),
    "a bad token": (((401, error("UNAUTHORIZED")),), "ERPAuthenticationError"),
    "a missing scope": (((403, error("FORBIDDEN")),), "ERPAuthenticationError"),
    "an unknown error of status 400": (((400, error("UNKNOWN_ERROR")),), "ERPValidationError"),
    "a filter that is refused": (((400, error("VALIDATION_ERROR")),), "ERPValidationError"),
    "500, then sound": (((500, error("SERVER_ERROR")), SOUND), RIGHT),
    "a web page": (("<html>",), "ERPValidationError"),
    "an object in place of a list": (('{"data": {"id": 7}}',), "ERPValidationError"),
    "no field that is known": ((data({"numero": 7}),), "ERPValidationError"),
}


@pytest.mark.parametrize(("said", "made"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer(said: tuple[Said, ...], made: str) -> None:
    assert v3(*said).balances().startswith(made)


def test_an_empty_chart() -> None:
    got = v3(SOUND, chart=data()).balances()
    assert got.startswith("ERPValidationError: Bling knows not one account of company 1")


CHARTS: list[tuple[dict[str, Any], str]] = [
    ({"contaPai": []}, RIGHT),
    ({"contaPai": {"codigo": "9"}}, RIGHT + "; ORPHAN_ACCOUNT"),
    ({"saldoInicial": "100,00"}, "1.1 110.50, 3.1 -110.5"),
    ({"tipo": "ativos"}, RIGHT),
    ({"codigo": ""}, "3.1 -110.5"),
]


@pytest.mark.parametrize(("fields", "made"), CHARTS)
def test_an_account(fields: dict[str, Any], made: str) -> None:
    assert v3(SOUND, chart=data(ACCOUNTS[0] | fields, ACCOUNTS[1])).balances().startswith(made)


FIELDS: list[tuple[dict[str, Any], str]] = [
    ({}, "2024-01-15 10.5 venda"),
    ({"tipo": "C"}, "2024-01-15 -10.5 venda"),
    ({"tipo": "X"}, "ERPValidationError"),
    ({"valor": "10,50"}, "2024-01-15 10.50 venda"),
    ({"valor": "1.234"}, "ERPValidationError"),
    ({"valor": None}, "ERPValidationError"),
    ({"dataLancamento": "0000-00-00 00:00:00"}, "2024-01-15 10.5 venda"),
    ({"data": "0000-00-00"}, "ERPValidationError"),
    ({"data": "2024-02-15"}, ""),
    ({"contato": []}, "2024-01-15 10.5 venda"),
    ({"contato": {"id": 5, "nome": "Cliente"}}, "2024-01-15 10.5 venda"),
    ({"id": None}, "ERPValidationError"),
]


@pytest.mark.parametrize(("fields", "made"), FIELDS)
def test_a_movement(fields: dict[str, Any], made: str) -> None:
    got = v3(data(MOVED | fields)).postings("1.1")
    assert got.startswith(made)
    assert bool(got) is bool(made)


# v2

V2_CHART = (
    "<contascontabeis>"
    "<contacontabil><id>1</id><codigo>1.1</codigo><descricao>Depósitos</descricao>"
    "<tipo>Ativo</tipo><contaPai/><sintetica>N</sintetica></contacontabil>"
    "</contascontabeis>"
)
V2_MOVED = (
    "<movimentacoes><movimentacao><id>9</id><data>2024-01-15</data><tipo>D</tipo>"
    "<valor>12.34</valor><historico>ação</historico></movimentacao></movimentacoes>"
)
END = (
    "<retorno><erros><erro><cod>14</cod><msg>Registro não encontrado</msg></erro></erros></retorno>"
)


def xml(inside: str, declared: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    """A document."""
    return f"{declared}<retorno>{inside}</retorno>"


def headed(content: bytes, charset: str) -> dict[str, Any]:
    """A document whose charset the header alone names."""
    return {"content": content, "headers": {"Content-Type": f"text/xml; charset={charset}"}}


def v2(*said: Said) -> Erp:
    """The reference API in XML, and what moved on its only account."""
    erp = Erp("bling", "api_key", {"api_key": "segredo"}, api_version="v2")
    erp.on("GET", "/contascontabeis/page=1/xml/", xml(V2_CHART))
    erp.on("GET", "/contascontabeis/page=2/xml/", END)
    erp.on("GET", "/contascontabeis/1/movimentacoes/page=1/xml/", *said)
    return erp.on("GET", "/contascontabeis/1/movimentacoes/page=2/xml/", END)


def fault(code: int, words: str) -> str:
    """One of v2's errors, which have status 200."""
    return xml(f"<erros><erro><cod>{code}</cod><msg>{words}</msg></erro></erros>")


V2_SOUND, V2_RIGHT = xml(V2_MOVED), "2024-01-15 12.34 ação"
V2: dict[str, tuple[tuple[Said, ...], str]] = {
    "sound": ((V2_SOUND,), V2_RIGHT),
    "a blank line before the document": ((headed(b"\n" + V2_SOUND.encode(), "utf-8"),), V2_RIGHT),
    "latin-1 that the header alone names": (
        (headed(xml(V2_MOVED, '<?xml version="1.0"?>').encode("latin-1"), "ISO-8859-1"),),
        V2_RIGHT,
    ),
    "no records": ((END,), ""),
    "too fast, then sound": ((fault(18, "O limite de requisições"), V2_SOUND), V2_RIGHT),
    "a bad key": ((fault(3, "API Key invalida"),), "ERPAuthenticationError"),
    "another error": ((fault(99, "Filtro inválido"),), "ERPValidationError"),
    "a document type": ((f"<!DOCTYPE x>{V2_SOUND[38:]}",), "ERPValidationError"),
    "no XML": (("<retorno><movimentacoes>",), "ERPValidationError"),
    "another document": (("<rss/>",), "ERPValidationError"),
}


@pytest.mark.parametrize(("said", "made"), V2.values(), ids=list(V2))
def test_v2(said: tuple[Said, ...], made: str) -> None:
    got = v2(*said).postings("1.1")
    assert got.startswith(made)
    assert bool(got) is bool(made)


# The public API

ROW: dict[str, Any] = {
    "id": 7,
    "data": "2024-01-15",
    "debCred": "C",
    "situacao": "R",
    "valor": 100,
    "descricao": "Vendas",
    "observacoes": "venda de balcão",
    "contaFinanceira": {"id": 11, "descricao": "Banco"},
    "categoria": {"id": 50},
    "transferencia": "0",
    "saldo": "N",
}


def public(details: Said, row: dict[str, Any] | None = None) -> Erp:
    """The public API: an account, a category, and a movement with these details."""
    erp = Erp("bling", "bearer_token", LOGIN, api="public")
    erp.on("GET", "/empresas/me/dados-basicos", '{"data": {"id": "1", "nome": "Acme"}}')
    banks = data({"id": 11, "descricao": "Banco", "tipo": 1})
    erp.on("GET", "/contas-contabeis", data()).on(
        "GET", "/contas-contabeis", banks, when="pagina=1"
    )
    listed = {
        name: (row or ROW)[name] for name in ROW if name not in {"categoria", "transferencia"}
    }
    categories = data({"id": 50, "idCategoriaPai": 0, "descricao": "Vendas", "tipo": 2})
    erp.on("GET", "/categorias/receitas-despesas", data())
    erp.on("GET", "/categorias/receitas-despesas", categories, when="pagina=1")
    erp.on("GET", "/caixas", data()).on("GET", "/caixas", data(listed), when="pagina=1")
    return erp.on("GET", "/caixas/7", details)


def changed(**fields: Any) -> tuple[Said, dict[str, Any]]:
    """A movement with these fields, in the list and in its details."""
    row = ROW | fields
    return json.dumps({"data": row}), row


NONE = "CC.11 0"
CASH: dict[str, tuple[tuple[Said, dict[str, Any]], str, str]] = {
    # a movement: what the account holds then, and against what
    "came in": (changed(), "CC.11 100", "CAT.50 -100"),
    "went out": (changed(debCred="D"), "CC.11 -100", "CAT.50 100"),
    "went out, with its sign": (changed(debCred="D", valor=-100), "CC.11 -100", "CAT.50 100"),
    "a transfer that has a category": (
        changed(transferencia="1"),
        "CC.11 100",
        "CLEARING.TRANSFER -100",
    ),
    "no category": (changed(categoria={"id": 0}), "CC.11 100", "CAT.NONE -100"),
    "no category, as PHP writes it": (changed(categoria=[]), "CC.11 100", "CAT.NONE -100"),
    "cancelled": (changed(situacao="C"), NONE, ""),
    "not registered": (changed(situacao="N"), NONE, ""),
    "being processed": (changed(situacao="P"), NONE, ""),
    "hidden": (changed(situacao="H"), NONE, ""),
    "deleted": (changed(situacao="E"), NONE, ""),
    "a situation that nobody has seen": (changed(situacao="Z"), NONE, "UNKNOWN_SITUATION"),
    "no situation": (changed(situacao=None), NONE, "UNKNOWN_SITUATION"),
    "a situation of no letter": (changed(situacao=""), NONE, "UNKNOWN_SITUATION"),
    "a situation that the details alone say": (
        (changed()[0], ROW | {"situacao": None}),
        "CC.11 100",
        "CAT.50 -100",
    ),
    "no flag": (changed(transferencia="talvez"), NONE, "INVALID_RECORD"),
    "a day as people write it": (changed(data="15/01/2024"), "CC.11 100", "CAT.50 -100"),
    "an opening": (changed(saldo="S"), "CC.11 100", "OPENING -100"),
    "gone since it was listed": (((404, error("RESOURCE_NOT_FOUND")), ROW), NONE, ""),
}


@pytest.mark.parametrize(("moved", "held", "other"), CASH.values(), ids=list(CASH))
def test_a_movement_of_the_public_api(
    moved: tuple[Said, dict[str, Any]], held: str, other: str
) -> None:
    got = public(*moved).balances()
    assert held in got
    assert other in got
