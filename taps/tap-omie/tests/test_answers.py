# ruff: noqa: INP001 -- packages named tests would hide one another
"""Omie's two APIs: what it may answer, and what the tap makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.table import Erp, Said

LOGIN = {"app_key": "chave", "app_secret": "segredo"}
BALANCETE, CONTA = "/geral/balancete/", "/geral/contacorrente/"
EXTRATO, CATEGORIAS = "/financas/extrato/", "/geral/categorias/"
TITULOS = "/financas/pesquisartitulos/"

BANK = {
    "cCodConta": "1.1",
    "cDescConta": "Banco",
    "cTipoConta": "Ativo",
    "cSintetica": "N",
    "nSaldoInicial": 100,
    "nDebitos": 10,
    "nCreditos": 0,
    "nSaldoFinal": 110,
}
SUPPLIERS = BANK | {
    "cCodConta": "2.1",
    "cDescConta": "Fornecedores",
    "cTipoConta": "Passivo",
    "nSaldoInicial": -100,
    "nDebitos": 0,
    "nCreditos": 10,
    "nSaldoFinal": -110,
}
MOVED = {
    "nCodMov": 7,
    "dDtMov": "15/01/2024",
    "cCodConta": "1.1",
    "nDebito": 10.50,
    "nCredito": 0,
    "cHistorico": "recebimento",
}


def page(name: str, rows: list[dict[str, Any]], number: int = 1, pages: int = 1) -> str:
    """A page of a list, in the dialect of the reference API."""
    count = {"nRegistros": len(rows), "nTotRegistros": len(rows) * pages}
    return json.dumps({"nPagina": number, "nTotPaginas": pages, **count, name: rows})


SOUND, RIGHT = page("balancete", [BANK, SUPPLIERS]), "1.1 110, 2.1 -110"


def fault(code: str, words: str) -> str:
    """One of Omie's errors."""
    return json.dumps({"faultcode": code, "faultstring": words})


def reference(*said: Said) -> Erp:
    """The reference API, whose trial balance is this."""
    return Erp("omie", "api_key", LOGIN).on("POST", BALANCETE, *said)


NOTHING = fault("SOAP-ENV:Client-5113", "ERROR: Não existem registros para a página [1]!")
REDUNDANT = fault(
    "SOAP-ENV:Client-6",
    "ERROR: Consumo redundante detectado. Aguarde 30 segundos para tentar novamente. (REDUNDANT)",
)
BLOCKED = fault(
    "MISUSE_API_PROCESS",
    "API bloqueada por consumo indevido. Tente novamente em 1678 segundos.",
)
RUNNING = fault(
    "SOAP-ENV:Client-1880", "ERROR: Já existe uma requisição desse método sendo executada"
)

ANSWERS: dict[str, tuple[tuple[Said, ...], str, list[float]]] = {
    # what Omie says: what the tap makes of it, and how long it waits for that
    "sound": ((SOUND,), RIGHT, []),
    "no totals: one page": ((json.dumps({"balancete": [BANK, SUPPLIERS]}),), RIGHT, []),
    "no records": (((500, NOTHING),), "ERPValidationError: Omie knows not one account of", []),
    "the same call too soon": (((500, REDUNDANT), SOUND), RIGHT, [31.0]),
    "already running": (((500, RUNNING), SOUND), RIGHT, [10.0]),
    "already running, again": (((500, RUNNING), (500, RUNNING), SOUND), RIGHT, [10.0, 61.0]),
    "blocked": (((425, BLOCKED),), "ERPRateLimitError", []),
    "a bad key": (
        ((403, fault("SOAP-ENV:Server", "A chave de acesso está inválida ou suspensa.")),),
        "ERPAuthenticationError",
        [],
    ),
    "too fast, in words": (
        ((500, fault("SOAP-ENV:Client-500", "Limite de requisições por segundo excedido")), SOUND),
        RIGHT,
        [0.5],
    ),
    "a hiccup, in words": (
        ((500, fault("SOAP-ENV:Server", "Erro temporário no servidor. Tente novamente.")), SOUND),
        RIGHT,
        [0.5],
    ),
    "a wrong tag": (
        ((500, fault("SOAP-ENV:Client-5001", "Tag [X] não faz parte da estrutura")),),
        "ERPValidationError: Omie refused the call",
        [],
    ),
    "a fault with status 200": (
        (fault("SOAP-ENV:Client-5001", "Tag [X] não faz parte da estrutura"),),
        "ERPValidationError: Omie refused the call",
        [],
    ),
    "errors as a list": (
        (json.dumps([{"CODIGO": "5001", "MENSAGEM": "Tag", "ORIGEM": "x"}]),),
        "ERPValidationError",
        [],
    ),
    "a web page, then sound": (((502, "<html>"), SOUND), RIGHT, [0.5]),
    "another list": ((json.dumps({"contas": []}),), "ERPValidationError: Omie knows not one", []),
    "no list": ((json.dumps({"nTotPaginas": 1}),), "ERPValidationError", []),
    "no field that is known": ((page("balancete", [{"conta": "1.1"}]),), "ERPValidationError", []),
    "fewer rows than announced": (
        (SOUND.replace('"nTotRegistros": 2', '"nTotRegistros": 3'),),
        RIGHT + "; ROW_COUNT_MISMATCH",
        [],
    ),
    "more pages than there can be": (
        (SOUND.replace('"nTotPaginas": 1', '"nTotPaginas": 200000'),),
        "ERPValidationError",
        [],
    ),
}


@pytest.mark.parametrize(("said", "made", "waits"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer(said: tuple[Said, ...], made: str, waits: list[float]) -> None:
    erp = reference(*said)
    assert erp.balances().startswith(made)
    assert [one for one in erp.waited if one >= 0.5] == waits


def test_what_is_asked() -> None:
    """Always POST, with the slash; the keys in the body."""
    erp = reference(SOUND)
    erp.balances()
    assert erp.asked == [f"POST {BALANCETE}"]
    assert json.loads(erp.adapter.request_history[-1].text) == {
        "call": "ListarBalancete",
        **LOGIN,
        "param": [
            {
                "dDataDe": "01/01/2024",
                "dDataAte": "31/01/2024",
                "nCodEmpresa": "1",
                "nPagina": 1,
                "nRegPorPagina": 500,
            }
        ],
    }


FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"nCredito": "1,50"}, "2024-01-15 9.00 recebimento"),
    ({"cHistorico": "Aluguel &amp; luz"}, "2024-01-15 10.5 Aluguel & luz"),
    ({"cHistorico": "A &amp;amp; B"}, "2024-01-15 10.5 A & B"),
    ({"dDtMov": "2024-01-15"}, "2024-01-15 10.5 recebimento"),
    ({"dDtMov": "31/02/2024"}, "ERPValidationError"),
    ({"dDtMov": "15/02/2024"}, ""),
    ({"nDebito": "1.234"}, "ERPValidationError"),
    ({"nDebito": None}, "ERPValidationError"),
    ({"nCodMov": ""}, "ERPValidationError"),
    ({"cCodConta": "11"}, "2024-01-15 10.5 recebimento"),
    ({"cCodConta": "2.1"}, "ERPValidationError"),
    ({"nCodCliente": 0}, "2024-01-15 10.5 recebimento"),
]


@pytest.mark.parametrize(("fields", "made"), FIELDS)
def test_a_movement(fields: dict[str, Any], made: str) -> None:
    got = reference(SOUND).on("POST", CONTA, page("movimentos", [MOVED | fields])).postings("1.1")
    assert got.startswith(made)
    assert bool(got) is bool(made)


def public(movements: list[dict[str, Any]], category: dict[str, Any] | None = None) -> Erp:
    """The public API: a bank account with 1,000.00, and its statement of January."""
    erp = Erp("omie", "api_key", LOGIN, api="public", opening_balances_from="2024-01-01")
    accounts = [{"nCodCC": 11, "descricao": "Banco", "tipo_conta_corrente": "CC"}]
    known = [
        {"codigo": "1.01.01", "descricao": "Vendas", "conta_receita": "S", "conta_despesa": "N"},
        *([category] if category else []),
    ]
    head = {"total_de_paginas": 1, "total_de_registros": 1}
    erp.on("POST", CONTA, json.dumps(head | {"ListarContasCorrentes": accounts}))
    listed = head | {"total_de_registros": len(known), "categoria_cadastro": known}
    erp.on("POST", CATEGORIAS, json.dumps(listed))
    erp.on("POST", TITULOS, (500, NOTHING))
    statement = {"nCodCC": 11, "nSaldoAnterior": 1000, "listaMovimentos": movements}
    moved = sum(one["nValorDocumento"] for one in movements if one.get("posted", True))
    erp.on("POST", EXTRATO, json.dumps(statement | {"nSaldoAnterior": 1000 + moved}))
    erp.on("POST", EXTRATO, json.dumps(statement), when='"dPeriodoInicial":"01/01/2024"')
    return erp


SALE = {
    "nCodLancamento": 77,
    "cSituacao": "Conciliado",
    "dDataLancamento": "15/01/2024",
    "nValorDocumento": 100,
    "cNatureza": "R",
    "cCodCategoria": "1.01.01",
}
BEFORE = "CC.11 1000"
OPEN: dict[str, Any] = {"posted": False}

STATEMENT: dict[str, tuple[dict[str, Any], str, str]] = {
    # a movement: what the account holds then, and what is found
    "money": ({}, "CC.11 1100", ""),
    "money that nobody has compared": ({"cSituacao": "Não conciliado"}, "CC.11 1100", ""),
    "money without a situation": ({"cSituacao": None}, "CC.11 1100", ""),
    "expected": ({"cSituacao": "Previsto", **OPEN}, BEFORE, ""),
    "overdue": ({"cSituacao": "Atrasado", **OPEN}, BEFORE, ""),
    "due today": ({"cSituacao": "Vence hoje", **OPEN}, BEFORE, ""),
    "not due yet": ({"cSituacao": "A vencer", **OPEN}, BEFORE, ""),
    "cancelled": ({"cSituacao": "Cancelado", **OPEN}, BEFORE, ""),
    "expected, by its origin alone": (
        {"cSituacao": None, "cOrigem": "Previsão de Pagamento", **OPEN},
        BEFORE,
        "",
    ),
    "expected, and compared all the same": (
        {"cOrigem": "Previsão de Pagamento", **OPEN},
        BEFORE,
        "UNKNOWN_SITUATION",
    ),
    "a situation that nobody has seen": (
        {"cSituacao": "Em análise", **OPEN},
        BEFORE,
        "UNKNOWN_SITUATION",
    ),
    "no category": ({"cCodCategoria": ""}, "CC.11 1100", "MISSING_CATEGORY"),
    "a transfer, by its origin": (
        {"cCodCategoria": "", "cOrigem": "Crédito de Transferência"},
        "CC.11 1100",
        "",
    ),
    "a transfer, by its category": ({"cCodCategoria": "0.01"}, "CC.11 1100", ""),
    "a line of a balance": ({"nCodLancamento": None, **OPEN}, BEFORE, ""),
}


@pytest.mark.parametrize(("fields", "held", "code"), STATEMENT.values(), ids=list(STATEMENT))
def test_a_row_of_a_statement(fields: dict[str, Any], held: str, code: str) -> None:
    got = public([SALE | fields]).balances()
    assert held in got
    assert (code in got) if code else (";" not in got)


def test_a_transfer_goes_through_the_clearing_account() -> None:
    got = public([SALE | {"cCodCategoria": "0.01"}]).balances()
    assert "CLEARING.TRANSFER -100" in got
