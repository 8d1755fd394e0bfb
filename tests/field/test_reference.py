"""All four taps against the reference APIs, from the page that specifies them alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field import reference
from field.books import account, balances, header, lines, whole
from field.server import Answer, Script, wire

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

JANUARY: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
OMIE: dict[str, Any] = JANUARY | {"app_key": "chave", "app_secret": "segredo-do-teste"}
BEARER: dict[str, Any] = JANUARY | {"auth_type": "bearer_token", "access_token": "segredo-do-teste"}
TOTVS: dict[str, Any] = JANUARY | {
    "auth_type": "basic_auth",
    "username": "leitura",
    "password": "segredo-do-teste",
}
PROTHEUS = [
    reference.totvs_account("11", "D", "01", "100", "0.30"),
    reference.totvs_account("21", "C", "02", "100", "0.30"),
]
PROTHEUS_RIGHT = {"11": account("100", "0.30", "0"), "21": account("-100", "0", "0.30")}


def stays(run: Run) -> None:
    """The company failed for its shape, and no period counts as read."""
    assert run.returncode == 1
    assert run.last_error.startswith("ERPValidationError: ")
    assert "acme" in run.last_error
    assert not any(
        partition.get("replication_key_value")
        for state in run.states
        for stream in state["bookmarks"].values()
        for partition in stream.get("partitions", [])
    )


def test_omie(stage: Open, read: Reader) -> None:
    """Entities are read in names and texts; entity 0 is none."""
    rows = reference.omie_posting(
        1, "25.10", cHistorico="A &amp;amp; B", nCodCliente=0, cNomeCliente="Cia &amp; Filhos"
    )
    omie = reference.Omie("Aluguéis &amp; Condomínio", rows=rows)
    run = read("tap-omie", stage(omie.script()), **OMIE)
    whole(run)
    assert balances(run, "2024-01") == {
        "1.1": account("1000", "25.10", "0"),
        "2.1": account("-1000", "0", "25.10"),
    }
    names = {row["account_code"]: row["account_name"] for row in run.records("trial_balance")}
    assert names["1.1"] == "Aluguéis & Condomínio"
    said = {
        (row["description"], row["entity_id"], row["entity_name"])
        for row in run.records("subledger")
    }
    assert said == {("A & B", None, "Cia & Filhos")}
    assert header(run, "2024-01") == (True, True, 0)


def test_a_list_that_moves_between_pages_is_told(stage: Open, read: Reader) -> None:
    """Something is keyed in after page 1: nothing comes twice, and what is missing is told."""
    sales = [reference.transaction(n, f"{n}.01") for n in range(1, 14)]
    azul = reference.ContaAzul(sales, grows=[reference.transaction(14, "14.01")])
    server = stage(azul.script())
    run = read("tap-contaazul", server, page_size=10, **BEARER)
    whole(run)
    entries = [(row["entry_id"], row["account_code"]) for row in run.records("subledger")]
    assert len(entries) == len(set(entries))
    all_of_them = Decimal(14 * 15 // 2) + Decimal("0.14")
    if balances(run, "2024-01").get("1.1") != account("0", str(all_of_them), "0"):
        assert {"DUPLICATE_ENTRY", "ROW_COUNT_MISMATCH"} <= set(run.codes)
    again = read("tap-contaazul", server, page_size=10, **BEARER)
    whole(again)
    assert balances(again, "2024-01")["1.1"] == account("0", str(all_of_them), "0")
    assert [code for code in again.codes if code != "OPENING_ASSUMED_ZERO"] == []


@pytest.mark.parametrize("parent", [None, []], ids=["no parent", "PHP's empty object"])
def test_bling_odd_values(stage: Open, read: Reader, parent: Any) -> None:
    """A posting date of zeros falls back to the day; `[]` is none."""
    odd = {
        "id": 1,
        "data": "2024-01-10",
        "dataLancamento": "0000-00-00 00:00:00",
        "tipo": "D",
        "valor": Decimal("9.90"),
        "contato": [],
    }
    movements = {1: [odd], 2: [odd | {"id": 2, "tipo": "C"}]}
    run = read("tap-bling", stage(reference.Bling(movements, parent).script()), **BEARER)
    whole(run)
    assert lines(run, "2024-01") == [
        ("1.1", "2024-01-10", Decimal("9.90")),
        ("3.1", "2024-01-10", Decimal("-9.90")),
    ]
    assert {row["posting_date"] for row in run.records("subledger")} == {"2024-01-10"}
    assert "INVALID_RECORD" not in run.codes


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'"a\tb\r\n\x1a c"', "application/json"),
        (b'"a \\ud83d b"', "application/json"),
        (b'"a\x81b \xe7"', "application/json; charset=cp1252"),
    ],
    ids=["control characters", "half a pair", "a byte that Windows-1252 lacks"],
)
def test_protheus_odd_characters(
    stage: Open, read: Reader, content: bytes, content_type: str
) -> None:
    """A text that is plain enough stops nothing."""
    entry = reference.totvs_entry("0.30", "ODD")
    plain, script = reference.totvs(PROTHEUS, {"11": [entry], "21": [entry]}), Script()

    def odd(call: Any) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        body = wire(answer.body).encode().replace(b'"ODD"', content)
        return Answer(body, content_type=content_type)

    script.on("GET", "/rest/*", odd)
    run = read("tap-totvs", stage(script), **TOTVS)
    whole(run)
    assert balances(run, "2024-01") == PROTHEUS_RIGHT
    assert len(run.records("subledger")) == 2
    assert run.codes == []


@pytest.mark.parametrize(
    "rows",
    [[], [{name.lower(): value for name, value in row.items()} for row in PROTHEUS]],
    ids=["no rows", "keys in small letters"],
)
def test_protheus_without_a_known_row(
    stage: Open, read: Reader, rows: list[dict[str, Any]]
) -> None:
    """It fails, naming the company, and the state stays."""
    stays(read("tap-totvs", stage(reference.totvs(rows, {})), **TOTVS))


def test_omie_without_an_account(stage: Open, read: Reader) -> None:
    """It fails, naming the company, and the state stays."""
    stays(read("tap-omie", stage(reference.Omie(empty=True).script()), **OMIE))


def test_contaazul_without_a_chart(stage: Open, read: Reader) -> None:
    """It fails, naming the company, and the state stays."""
    azul = reference.ContaAzul([], empty_chart=True)
    stays(read("tap-contaazul", stage(azul.script()), **BEARER))


V2_CHART = (
    "<retorno><contascontabeis>"
    "<contacontabil><id>1</id><codigo>1.1</codigo><descricao>Depósitos</descricao>"
    "<tipo>Ativo</tipo><contaPai/><sintetica>N</sintetica></contacontabil>"
    "<contacontabil><id>2</id><codigo>3.1</codigo><descricao>Vendas</descricao>"
    "<tipo>Receita</tipo><contaPai/><sintetica>N</sintetica></contacontabil>"
    "</contascontabeis></retorno>"
)
V2_END = "<retorno><erros><erro><cod>14</cod><msg>não encontrada</msg></erro></erros></retorno>"


@pytest.mark.parametrize("before", ["", "\n"], ids=["at once", "after a blank line"])
@pytest.mark.parametrize(
    ("declaration", "charset", "content_type"),
    [
        ('<?xml version="1.0" encoding="UTF-8"?>', "utf-8", "text/xml; charset=utf-8"),
        ('<?xml version="1.0"?>', "latin-1", "text/xml; charset=ISO-8859-1"),
    ],
    ids=["UTF-8", "latin-1 in the header alone"],
)
def test_bling_v2_as_it_writes_xml(
    stage: Open, read: Reader, before: str, declaration: str, charset: str, content_type: str
) -> None:
    """What the header alone declares, and a blank line before the declaration, are read."""
    script = Script()

    def play(call: Any) -> Answer:
        inside = V2_CHART if call.path == "/contascontabeis/page=1/xml/" else V2_END
        if "/movimentacoes/page=1/" in call.path:
            side = "D" if call.path.startswith("/contascontabeis/1/") else "C"
            inside = (
                "<retorno><movimentacoes><movimentacao><id>9</id><data>2024-01-10</data>"
                f"<tipo>{side}</tipo><valor>12.34</valor><historico>ação</historico>"
                "</movimentacao></movimentacoes></retorno>"
            )
        body = (before + declaration + inside).encode(charset)
        return Answer(body, content_type=content_type)

    script.on("GET", "/contascontabeis/*", play)
    run = read(
        "tap-bling",
        stage(script),
        **JANUARY,
        api_version="v2",
        auth_type="api_key",
        api_key="segredo-do-teste",
    )
    whole(run)
    assert lines(run, "2024-01") == [
        ("1.1", "2024-01-10", Decimal("12.34")),
        ("3.1", "2024-01-10", Decimal("-12.34")),
    ]
    assert {row["description"] for row in run.records("subledger")} == {"ação"}
    names = {row["account_code"]: row["account_name"] for row in run.records("trial_balance")}
    assert names["1.1"] == "Depósitos"


def test_omie_postings_too_many_are_told_as_such(stage: Open, read: Reader) -> None:
    """A subledger that holds more than the balance moved is not one that lacks something."""
    rows = reference.omie_posting(1, "25.10")
    omie = reference.Omie(rows=rows)
    script, plain = omie.script(), omie.script()

    def twice(call: Any) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        more = [row | {"nCodMov": row["nCodMov"] + 1} for row in answer.body["movimentos"]]
        found = answer.body["movimentos"] + more
        count = {"nRegistros": len(found), "nTotRegistros": len(found)}
        return Answer(answer.body | count | {"movimentos": found})

    script.on("POST", "/geral/contacorrente/", twice)
    run = read("tap-omie", stage(script), **OMIE)
    whole(run)
    assert header(run, "2024-01")[1] is False
    told = [r for r in run.records("validation_issues") if r["code"] == "SUBLEDGER_MISMATCH"]
    assert told
    assert all("missing" not in row["message"] for row in told)


def test_what_cannot_be_read_is_named(stage: Open, read: Reader) -> None:
    """A byte that is no UTF-8 fails the company, with the account, the period and the offset."""
    omie = reference.Omie(rows=reference.omie_posting(1, "25.10", cHistorico="ODD"))
    script, plain = omie.script(), omie.script()
    offsets = []

    def broken(call: Any) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        body = wire(answer.body).encode().replace(b"ODD", b"a\xff")
        offsets.append(body.index(b"\xff"))
        return Answer(body, content_type="application/json; charset=utf-8")

    script.on("POST", "/geral/contacorrente/", broken)
    run = read("tap-omie", stage(script), **OMIE)
    assert run.returncode == 1
    assert "1.1" in run.last_error or "2.1" in run.last_error
    assert "01/01/2024" in run.last_error  # in the words of the request
    assert any(f"byte {offset}" in run.last_error for offset in offsets)


@pytest.mark.slow
def test_a_large_answer_with_one_bad_byte(stage: Open, read: Reader) -> None:
    """It is told where it is, in a time that grows with the answer alone: a run has two minutes."""
    row = wire(reference.totvs_entry("0.01", "saída {n/d}, " * 4)).encode()
    body = b'{"movimentacao":[' + b",".join([row] * 18_000) + b"]}"
    middle = body.index(b':"', 200_000)
    body = body[:middle] + b"?" + body[middle + 1 :]
    assert len(body) > 4_500_000
    script = reference.totvs(PROTHEUS, {})
    script.on("GET", "/rest/CTBR020/movimentacao", lambda _: Answer(body))
    run = read("tap-totvs", stage(script), **TOTVS)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPValidationError: ")
    assert "account 11, 2024-01-01..2024-01-31" in run.last_error
    assert f"byte {middle}" in run.last_error
