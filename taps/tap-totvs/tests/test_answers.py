# ruff: noqa: INP001 -- packages named tests would hide one another
"""The reports of Protheus: what a site may answer, and what the tap makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.table import Erp, Said

BALANCETE, MOVIMENTACAO = "/rest/CTBR020/balancete", "/rest/CTBR020/movimentacao"
QUERY = "/api/framework/v1/genericQuery"
LOGIN = {"username": "leitura", "password": "segredo"}

CASH = {
    "CT1_CONTA": "111001    ",
    "CT1_DESC01": "CAIXA     ",
    "CT1_NATCTA": "01",
    "CTI_CLASSE": "1",
    "CTI_NORMAL": "D",
    "CTI_SALDOI": 100,
    "CTI_DEBITO": 10,
    "CTI_CREDITO": 0,
    "CTI_SALDOF": 110,
}
SUPPLIERS = CASH | {
    "CT1_CONTA": "211001",
    "CT1_DESC01": "FORNECEDORES",
    "CT1_NATCTA": "02",
    "CTI_NORMAL": "C",
    "CTI_DEBITO": 0,
    "CTI_CREDITO": 10,
}
SOUND = json.dumps({"balancete": [CASH, SUPPLIERS]})
RIGHT = "111001 110, 211001 -110"

ENTRY = {
    "CT2_FILIAL": "01",
    "CT2_DATA": "20240115",
    "CT2_LOTE": "008800",
    "CT2_SBLOTE": "001",
    "CT2_DOC": "000001",
    "CT2_LINHA": "001",
    "CT2_DC": "1",
    "CT2_DEBITO": "111001",
    "CT2_CREDIT": "",
    "CT2_VALOR": 10.50,
    "CT2_HIST": "RECEBIMENTO",
}


def reports(*said: Said, **config: Any) -> Erp:
    """A site whose trial balance is this."""
    return Erp("totvs_protheus", "basic_auth", LOGIN, **config).on("GET", BALANCETE, *said)


def test_what_is_asked() -> None:
    """One report for the balances, one for an account's movements, which the first has to name."""
    erp = reports(SOUND).on("GET", MOVIMENTACAO, '{"movimentacao": []}')
    erp.balances()
    erp.postings("111001")
    assert erp.asked == [
        *2 * [f"GET {BALANCETE}?empresa=1&dataInicial=20240101&dataFinal=20240131"],
        f"GET {MOVIMENTACAO}?empresa=1&conta=111001&dataInicial=20240101&dataFinal=20240131",
    ]


ANSWERS: dict[str, tuple[tuple[Said, ...], str]] = {
    "sound": ((SOUND,), RIGHT),
    "a list without an envelope": ((json.dumps([CASH, SUPPLIERS]),), RIGHT),
    "another name for the list": ((SOUND.replace("balancete", "itens"),), RIGHT),
    "Windows-1252 that nobody declares": (
        (SOUND.replace("CAIXA", "PROVIS\u00c3O").encode("cp1252"),),
        RIGHT,
    ),
    "a raw tab in a text": ((SOUND.replace("CAIXA", "CAI\tXA"),), RIGHT),
    "503, then sound": (((503, ""), SOUND), RIGHT),
    "503 all along": (((503, ""),), "ERPConnectionError"),
    "a web page": (("<html>login</html>",), "ERPValidationError"),
    "half a body": ((SOUND[:-5],), "ERPValidationError"),
    "401": (((401, '{"code": 401, "message": "Usuario nao autenticado"}'),), "ERPAuthentication"),
    "404": (((404, '{"code": 404, "message": "nao publicado"}'),), "ERPValidationError"),
    "an error with status 200": (
        ('{"code": 1, "message": "Empresa invalida"}',),
        "ERPValidationError: TOTVS Protheus refused the call",
    ),
    "no list": (('{"ok": true}',), "ERPValidationError"),
    "no account": (('{"balancete": []}',), "ERPValidationError: TOTVS Protheus knows not one"),
    "keys in small letters": (
        (json.dumps({"balancete": [{key.lower(): CASH[key] for key in CASH}]}),),
        "ERPValidationError",
    ),
    "an account twice": (
        (json.dumps({"balancete": [CASH, CASH, SUPPLIERS]}),),
        RIGHT + "; DUPLICATE_ACCOUNT",
    ),
}


@pytest.mark.parametrize(("said", "made"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer(said: tuple[Said, ...], made: str) -> None:
    assert reports(*said).balances().startswith(made)


FIELDS: list[tuple[str, Any, str]] = [
    ("CTI_SALDOF", "110.00", "111001 110.00, 211001 -110"),
    ("CTI_SALDOF", "110,00", "111001 110.00, 211001 -110"),
    ("CTI_SALDOF", "  110 ", RIGHT),
    ("CTI_SALDOF", "1.110", "211001 -110"),  # a factor of a thousand: told, not guessed
    ("CTI_SALDOF", None, "211001 -110"),
    ("CTI_SALDOF", "NaN", "211001 -110"),
    ("CTI_NORMAL", "1", RIGHT),
    ("CTI_NORMAL", " ", RIGHT),
    ("CT1_DESC01", "", RIGHT),
    ("CT1_NATCTA", "", RIGHT),
    ("CT1_CONTA", " ", "211001 -110"),
    ("CTI_CLASSE", 1, RIGHT),
    ("CTI_CLASSE", "3", "211001 -110"),
]


@pytest.mark.parametrize(("field", "value", "made"), FIELDS)
def test_a_field(field: str, value: Any, made: str) -> None:
    """What can be read counts; a row that cannot is told of (`INVALID_RECORD`)."""
    got = reports(json.dumps({"balancete": [CASH | {field: value}, SUPPLIERS]})).balances()
    assert got.startswith(made)
    assert ("INVALID_RECORD" in got) is (made == "211001 -110")


LINES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a debit": ([ENTRY], "2024-01-15 10.5 RECEBIMENTO"),
    "a credit": (
        [ENTRY | {"CT2_DC": "2", "CT2_DEBITO": "", "CT2_CREDIT": "111001"}],
        "2024-01-15 -10.5 RECEBIMENTO",
    ),
    "a double entry is the side of the account": (
        [ENTRY | {"CT2_DC": "3", "CT2_DEBITO": "211001", "CT2_CREDIT": "111001"}],
        "2024-01-15 -10.5 RECEBIMENTO",
    ),
    "both sides of one account": (
        [ENTRY | {"CT2_DC": "3", "CT2_CREDIT": "111001"}],
        "2024-01-15 10.5 RECEBIMENTO, 2024-01-15 -10.5 RECEBIMENTO",
    ),
    "more text": (
        [ENTRY, ENTRY | {"CT2_LINHA": "002", "CT2_DC": "4", "CT2_HIST": "DA NOTA 7"}],
        "2024-01-15 10.5 RECEBIMENTO DA NOTA 7",
    ),
    "a rateio": ([ENTRY | {"CT2_DC": "5"}], "ERPValidationError"),
    "an amount below zero": ([ENTRY | {"CT2_VALOR": "-10.50"}], "2024-01-15 -10.50 RECEBIMENTO"),
    "an impossible day": ([ENTRY | {"CT2_DATA": "20240230"}], "ERPValidationError"),
    "a day of another month": ([ENTRY | {"CT2_DATA": "20240215"}], ""),
}


@pytest.mark.parametrize(("rows", "made"), LINES.values(), ids=list(LINES))
def test_a_row_of_movements(rows: list[dict[str, Any]], made: str) -> None:
    erp = reports(SOUND).on("GET", MOVIMENTACAO, json.dumps({"movimentacao": rows}))
    got = erp.postings("111001")
    assert got.startswith(made)
    assert bool(got) is bool(made)


def site(chart: list[dict[str, Any]], months: list[dict[str, Any]]) -> Erp:
    """A site with genericQuery: its chart, what moved in January and, in December, nothing."""
    erp = Erp("totvs_protheus", "basic_auth", LOGIN, api="public", tenant="01,01")
    erp.on("GET", QUERY, table(chart), when="tables=CT1")
    erp.on("GET", QUERY, table([]), when="tables=CQ0")
    return erp.on("GET", QUERY, table(months), when="CQ0_DATA >= '20240101'")


def table(rows: list[dict[str, Any]], *, more: Any = False) -> str:
    """A page of a table, its keys in small letters."""
    items = [{key.lower(): value for key, value in row.items()} for row in rows]
    return json.dumps({"items": items, "hasNext": more})


CHART = [
    {
        "CT1_CONTA": code,
        "CT1_DESC01": name,
        "CT1_CLASSE": "2",
        "CT1_NORMAL": side,
        "CT1_CTASUP": "",
        "CT1_NATCTA": nature,
        "R_E_C_N_O_": number,
    }
    for number, (code, name, side, nature) in enumerate(
        (("11", "CAIXA", "1", "01"), ("21", "FORNECEDORES", "2", "02"))
    )
]
MONTHS = [
    {
        "CQ0_CONTA": code,
        "CQ0_DATA": "20240131",
        "CQ0_DEBITO": debit,
        "CQ0_CREDIT": credit,
        "R_E_C_N_O_": number,
    }
    for number, (code, debit, credit) in enumerate((("11", 10, 0), ("21", 0, 10)))
]


def changed(rows: list[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    """The rows, the first of them with these columns; one that is None is left out."""
    first = {name: value for name, value in (rows[0] | fields).items() if value is not None}
    return [first, *rows[1:]]


TABLES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "sound": (CHART, MONTHS, "11 10, 21 -10"),
    "amounts as text": (CHART, changed(MONTHS, CQ0_DEBITO="10.00"), "11 10.00, 21 -10"),
    "what a binary float adds": (
        CHART,
        changed(MONTHS, CQ0_DEBITO="10.000000000000002"),
        "11 10.00, 21 -10",
    ),
    "a day with hyphens": (CHART, changed(MONTHS, CQ0_DATA="2024-01-31"), "11 10, 21 -10"),
    "a second row of the month, which zeroes": (
        CHART,
        [*MONTHS, MONTHS[1] | {"CQ0_LP": "Z", "CQ0_DEBITO": 10, "CQ0_CREDIT": 0, "R_E_C_N_O_": 9}],
        "11 10, 21 0; UNBALANCED_TRIAL_BALANCE; UNBALANCED_TRIAL_BALANCE",
    ),
    "no name": (changed(CHART, CT1_DESC01=" "), MONTHS, "11 10, 21 -10"),
    "a column that the user may not see": (
        [{name: row[name] for name in row if name != "CT1_CLASSE"} for row in CHART],
        MONTHS,
        "ERPValidationError",
    ),
    "an account that the chart lacks": (
        CHART[:1],
        MONTHS,
        "11 10, 21 -10; ACCOUNT_NOT_IN_CHART",
    ),
    "a summary account with an amount of its own": (
        changed(CHART, CT1_CLASSE="1"),
        MONTHS,
        "11 10, 21 -10; NO_HIERARCHY; POSTING_ON_SUMMARY",
    ),
    "no chart": ([], MONTHS, "ERPValidationError: TOTVS Protheus knows not one account of"),
    "nothing moved": (CHART, [], "11 0, 21 0; EMPTY_LEDGER"),
}


@pytest.mark.parametrize(("chart", "months", "made"), TABLES.values(), ids=list(TABLES))
def test_tables(chart: list[dict[str, Any]], months: list[dict[str, Any]], made: str) -> None:
    assert site(chart, months).balances().startswith(made)


@pytest.mark.parametrize("more", [True, 1, "1", "true"])
@pytest.mark.parametrize("none", [False, 0, "0", "false", ""])
def test_how_a_site_says_that_more_follows(more: Any, none: Any) -> None:
    """An empty text says nothing: then pages are asked for until one has no rows."""
    erp = site(CHART, MONTHS)
    erp.on("GET", QUERY, table(CHART[:1], more=more), when="tables=CT1")
    erp.on("GET", QUERY, table(CHART[1:], more=none), when="page=2&")
    erp.on("GET", QUERY, table([], more=none), when="page=3&")
    assert erp.balances() == "11 10, 21 -10"


FAULTS: list[tuple[tuple[Said, ...], str]] = [
    (((503, "<html>licenca</html>"), table(CHART)), "11 10, 21 -10"),
    (((500, "<html>Erro: tabela CT1 em manutencao</html>"),), "ERPConnectionError"),
    (((503, '{"code": 503, "message": "API nao permitida"}'),), "ERP"),
    (((403, '{"errorCode": 403, "errorMessage": "Acesso negado"}'),), "ERPAuthenticationError"),
]


@pytest.mark.parametrize(("said", "made"), FAULTS)
def test_faults(said: tuple[Said, ...], made: str) -> None:
    """No licence is free (503): tried again; what the site says is told in its words."""
    erp = site([], MONTHS).on("GET", QUERY, *said, when="tables=CT1")
    assert erp.balances().startswith(made)
