# ruff: noqa: INP001 -- packages named tests would hide one another
"""Conta Azul's two APIs: what it may answer, and what the tap makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.table import Erp, Said

LOGIN = {"access_token": "segredo"}
CHART, TRANSACTIONS = "/chart-of-accounts", "/transactions"
EVENTS = "/v1/financeiro/eventos-financeiros"

ACCOUNTS = [
    {"id": "a", "code": "1.1", "name": "Banco", "type": "ASSET"},
    {"id": "b", "code": "3.1", "name": "Vendas", "type": "REVENUE"},
]
SALE: dict[str, Any] = {
    "id": "t1",
    "date": "2024-01-15",
    "description": "venda",
    "lines": [
        {"account_code": "1.1", "debit_amount": 10.50, "credit_amount": 0},
        {"account_code": "3.1", "debit_amount": 0, "credit_amount": 10.50},
    ],
}


def page(rows: list[dict[str, Any]], **more: Any) -> str:
    """A page of transactions."""
    head = {"page": 1, "per_page": 100, "total": len(rows), "total_pages": 1}
    return json.dumps({"transactions": rows, **head, **more})


SOUND, RIGHT = page([SALE]), "1.1 10.5, 3.1 -10.5; OPENING_ASSUMED_ZERO"


CHART_OF_TWO = json.dumps({"accounts": ACCOUNTS})


def reference(*said: Said, chart: Said = CHART_OF_TWO) -> Erp:
    """The reference API, whose transactions are these."""
    erp = Erp("contaazul", "bearer_token", LOGIN)
    return erp.on("GET", CHART, chart).on("GET", TRANSACTIONS, *said)


def test_what_is_asked() -> None:
    """The chart once, then the transactions of the days, page by page."""
    erp = reference(SOUND)
    erp.balances()
    assert erp.asked == [
        f"GET {CHART}",
        f"GET {TRANSACTIONS}?start_date=2024-01-01&end_date=2024-01-31&page=1&per_page=100",
    ]


ANSWERS: dict[str, tuple[tuple[Said, ...], str]] = {
    "sound": ((SOUND,), RIGHT),
    "a list without an envelope": ((json.dumps([SALE]),), RIGHT),
    "no totals: one page": ((json.dumps({"transactions": [SALE]}),), RIGHT),
    "nothing moved": ((page([]),), "1.1 0, 3.1 0; OPENING_ASSUMED_ZERO; EMPTY_LEDGER"),
    "fewer than announced": ((page([SALE], total=2),), RIGHT + "; ROW_COUNT_MISMATCH"),
    "429, then sound": (((429, "{}"), SOUND), RIGHT),
    "500, then sound": (((500, ""), SOUND), RIGHT),
    "500 all along": (((500, ""),), "ERPConnectionError"),
    "401": (((401, '{"error": "invalid_token"}'),), "ERPAuthenticationError"),
    "403": (((403, '{"error": "forbidden"}'),), "ERPAuthenticationError"),
    "400": (((400, '{"code": 400, "message": "datas"}'),), "ERPValidationError"),
    "a web page": (("<html>",), "ERPValidationError"),
    "null": (('{"transactions": null}',), "ERPValidationError"),
    "no field that is known": ((page([{"numero": "t1"}]),), "ERPValidationError"),
    "a total that is no count": ((page([SALE], total="many"),), "ERPValidationError"),
}


@pytest.mark.parametrize(("said", "made"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer(said: tuple[Said, ...], made: str) -> None:
    assert reference(*said).balances().startswith(made)


@pytest.mark.parametrize("chart", ['{"accounts": []}', "[]"])
def test_an_empty_chart(chart: str) -> None:
    got = reference(SOUND, chart=chart).balances()
    assert got.startswith("ERPValidationError: ContaAzul knows not one account of company 1")


LINES = SALE["lines"]
TRANSACTION: dict[str, tuple[dict[str, Any], str]] = {
    "amounts as text": (
        {"lines": [LINES[0] | {"debit_amount": "10,50"}, LINES[1]]},
        "1.1 10.50, 3.1 -10.5; OPENING",
    ),
    "an entry that does not balance": (
        {"lines": [LINES[0] | {"debit_amount": 11}, LINES[1]]},
        "1.1 11, 3.1 -10.5; UNBALANCED_TRIAL_BALANCE; UNBALANCED_TRIAL_BALANCE; OPENING",
    ),
    "an amount that could be two": (
        {"lines": [LINES[0] | {"debit_amount": "1.234"}, LINES[1]]},
        "1.1 0, 3.1 0; OPENING_ASSUMED_ZERO; INVALID_RECORD",
    ),
    "a day with a time": ({"date": "2024-01-15T10:30:00-03:00"}, RIGHT),
    "an impossible day": ({"date": "2024-02-30"}, "1.1 0, 3.1 0; OPENING_ASSUMED_ZERO; INVALID"),
    "a day of another month": ({"date": "2024-02-15"}, "1.1 0, 3.1 0; OUT_OF_PERIOD"),
    "an account that the chart lacks": (
        {"lines": [LINES[0] | {"account_code": "9"}, LINES[1]]},
        "1.1 0, 3.1 -10.5, 9 10.5; ACCOUNT_NOT_IN_CHART",
    ),
    "no id": ({"id": None}, "1.1 0, 3.1 0; OPENING_ASSUMED_ZERO; INVALID_RECORD"),
    "no lines": ({"lines": None}, "1.1 0, 3.1 0; OPENING_ASSUMED_ZERO; INVALID_RECORD"),
    "somebody": ({"entity": {"id": "c", "name": "Cliente"}}, RIGHT),
    "nobody, as PHP writes it": ({"entity": []}, RIGHT),
}


@pytest.mark.parametrize(("fields", "made"), TRANSACTION.values(), ids=list(TRANSACTION))
def test_a_transaction(fields: dict[str, Any], made: str) -> None:
    assert reference(page([SALE | fields])).balances().startswith(made)


# The public API


def listed(*rows: dict[str, Any], **more: Any) -> str:
    """A list as Conta Azul pages it."""
    return json.dumps({"itens": list(rows), "itens_totais": len(rows), **more})


NOW = "/v1/conta-financeira"
TRANSFER = {
    "id": "t",
    "valor": 30,
    "data": "2024-01-15",
    "origem": {
        "data": "2024-01-15",
        "composicao_valor": {"valor_bruto": 30, "valor_liquido": 30},
        "conta_financeira": {"id": "b", "nome": "Banco"},
    },
    "destino": {
        "data": "2024-01-15",
        "composicao_valor": {"valor_bruto": 30, "valor_liquido": 30},
        "conta_financeira": {"id": "s", "nome": "Poupança"},
    },
}
PUBLIC = {
    NOW: listed({"id": "b", "nome": "Banco", "tipo": "CONTA_CORRENTE", "ativo": True}),
    "/v1/categorias": listed({"id": "v", "nome": "Vendas", "tipo": "RECEITA"}),
    "/v1/categorias/configuracao-padrao": '{"itens": []}',
    "/v1/centro-de-custo": '{"items": [], "itens_totais": 0}',
    f"{EVENTS}/contas-a-receber/buscar": listed(),
    f"{EVENTS}/contas-a-pagar/buscar": listed(),
    f"{EVENTS}/saldo-inicial": listed(),
    "/v1/financeiro/transferencias": listed(TRANSFER),
    "/v1/pessoas/conta-conectada": '{"id_empresa": "1", "documento": "1", "razao_social": "Acme"}',
}


def public(**said: Said) -> Erp:
    """The public API: a bank account, a category and a transfer, but for what is given."""
    erp = Erp("contaazul", "bearer_token", LOGIN, api="public")
    for path, sound in PUBLIC.items():
        name = path.rpartition("/")[2].replace("-", "_")
        erp.on("GET", path, said.get(name, sound))
    return erp


MOVED = "CC.b -30"
CHANGES: dict[str, tuple[dict[str, Said], str]] = {
    "sound": ({}, MOVED),
    "null where nothing is": ({"saldo_inicial": '{"itens": null, "itens_totais": 0}'}, MOVED),
    "no account and no category": (
        {"conta_financeira": listed(), "categorias": listed()},
        "ERPValidationError: Conta Azul knows not one account of company 1",
    ),
    "a list without its total": ({"contas_a_pagar": "x", "saldo_inicial": '{"itens": []}'}, "ERPV"),
    "fewer than announced": ({"transferencias": listed(TRANSFER, itens_totais=2)}, "ERPValidation"),
    "a transfer that does not say where from": (
        {"transferencias": listed(TRANSFER | {"origem": None})},
        "CC.b 0",
    ),
    "the books of another company": (
        {"conta_conectada": '{"id_empresa": "2", "documento": "2", "razao_social": "Outra"}'},
        "ERPValidationError: these credentials open the books of Outra",
    ),
    "nothing that is known": ({"transferencias": listed({"valor_total": 30})}, "ERPValidation"),
}


@pytest.mark.parametrize(("said", "made"), CHANGES.values(), ids=list(CHANGES))
def test_the_public_api(said: dict[str, Said], made: str) -> None:
    assert public(**said).balances().startswith(made)
