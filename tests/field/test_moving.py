"""Something is keyed in while the pages of a listing are read: nothing counts twice."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from erp_common import create_connector
from field import reference
from field.books import account, balances, whole
from field.protheus import Protheus, chart, month
from field.server import Answer, Call, Script
from field.test_span import BASIC, BEARER, OMIE

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

JANUARY: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-01-31"}


def _once(call: Call, rows: list[dict[str, Any]]) -> Answer:
    return Answer({"data": rows if call.query["pagina"] == "1" else []})


def severities(run: Run) -> set[tuple[str, str]]:
    """Code and severity of what was found, the assumed opening aside."""
    return {
        (row["code"], row["severity"])
        for row in run.records("validation_issues")
        if row["code"] != "OPENING_ASSUMED_ZERO"
    }


def test_a_month_that_is_not_over_may_move(stage: Open, read: Reader) -> None:
    """People key in while it is read: what comes twice counts once, and is a warning."""
    today = date.today()  # noqa: DTZ011 - the month is the same here but for hours in a year
    sales = [reference.transaction(n, "1", f"{today}") for n in range(1, 14)]
    one_more = reference.transaction(14, "1", f"{today}")
    azul = reference.ContaAzul(sales, grows=[one_more])
    first = f"{today.replace(day=1)}"
    run = read("tap-contaazul", stage(azul.script()), page_size=10, start_date=first, **BEARER)
    whole(run)
    assert severities(run) == {("DUPLICATE_ENTRY", "warning"), ("ROW_COUNT_MISMATCH", "warning")}
    entries = [(row["entry_id"], row["account_code"]) for row in run.records("subledger")]
    assert len(entries) == len(set(entries)) == 26


def growing(
    rows: list[dict[str, Any]], more: dict[str, Any], name: str, *, again: bool = False
) -> Any:
    """Pages of a list onto which a row is put, at its beginning, once page 1 has been read.

    With `again`, each time that it is.
    """
    shown = list(rows)

    def page(number: int, size: int) -> list[dict[str, Any]]:
        found = shown[(number - 1) * size : number * size]
        if number == 1 and (again or len(shown) == len(rows)):
            shown.insert(0, more)
        return found

    def bling(call: Call) -> Answer:
        return Answer({name: page(int(call.query["pagina"]), int(call.query["limite"]))})

    def omie(call: Call) -> Answer:
        (asked,) = call.body["param"]
        total = len(shown)
        found = page(asked["nPagina"], asked["nRegPorPagina"])
        pages = -(-total // asked["nRegPorPagina"])
        head = {"nPagina": asked["nPagina"], "nTotPaginas": pages, "nRegistros": len(found)}
        return Answer(head | {"nTotRegistros": total, name: found})

    return omie if name == "movimentos" else bling


def test_bling(stage: Open, read: Reader) -> None:
    """Its rows have no total and, lines of one entry, no number of their own."""

    def row(number: int, amount: str) -> dict[str, Any]:
        return {"id": number, "data": "2024-01-10", "tipo": "D", "valor": Decimal(amount)}

    rows = [row(1, "1"), row(1, "1"), *(row(n, "1") for n in range(2, 15))]
    script, plain = Script(), reference.Bling({2: []}).script()
    script.on("GET", "/*", plain.play)  # type: ignore[arg-type]
    script.on("GET", "/contascontabeis/1/movimentacoes", growing(rows, row(99, "1"), "data"))
    run = read("tap-bling", stage(script), page_size=10, **JANUARY, **BEARER)
    whole(run)
    assert balances(run, "2024-01")["1.1"] == account("0", "15", "0")
    assert ("DUPLICATE_ENTRY", "error") in severities(run)
    entries = [(row["entry_id"], row["line_number"]) for row in run.records("subledger")]
    assert len(entries) == len(set(entries)) == 15


@pytest.mark.parametrize("kept_in", ["once", "all along"])
def test_a_chart_that_moves(stage: Open, read: Reader, kept_in: str) -> None:
    """An account is keyed in between two pages: the chart is read again, or it is told."""
    kinds = [("3.1", "Receita")] + [("1.1", "Ativo")] * 12
    rows = [
        {"id": n, "codigo": f"{code}.{n:02}", "descricao": f"Conta {n}", "tipo": kind}
        for n, (code, kind) in enumerate(kinds, 1)
    ]
    new = {"id": 99, "codigo": "1.1.99", "descricao": "Conta nova", "tipo": "Ativo"}
    script = Script()
    chart = growing(rows, new, "data", again=kept_in == "all along")
    script.on("GET", "/contascontabeis", chart)
    script.on("GET", "/contascontabeis/*", reference.Bling({}, opening=Decimal(1)).script().play)  # type: ignore[arg-type]
    sold = [{"id": 1, "data": "2024-01-10", "tipo": "D", "valor": Decimal(5)}]
    script.on("GET", "/contascontabeis/2/movimentacoes", lambda call: _once(call, sold))
    run = read("tap-bling", stage(script), page_size=10, **JANUARY, **BEARER)
    whole(run)
    codes = [row["account_code"] for row in run.records("trial_balance")]
    assert len(codes) == len(set(codes))
    if kept_in == "once":
        assert len(codes) == 14
        assert "DUPLICATE_ACCOUNT" not in run.codes
    else:
        assert "DUPLICATE_ACCOUNT" in run.codes


@pytest.mark.parametrize("breaks", [False, True], ids=["whole pages", "halves"])
def test_omie(stage: Open, read: Reader, breaks: bool) -> None:  # noqa: FBT001
    """The last row of page 1 is the first of page 2: once, and what is missing is told.

    Omie breaks on pages that are too large for it: then it is so of the halves of one page.
    """
    rows = [reference.omie_posting(n, "1")[0] for n in range(1, 15)]
    size = 20 if breaks else 10
    broken = Answer({"faultstring": "SOAP-ERROR: Broken response", "faultcode": "Server"}, 500)
    omie = reference.Omie(rows=rows)
    script, plain = Script(), omie.script()
    script.on("POST", "/*", plain.play)  # type: ignore[arg-type]
    of_bank = growing(rows, reference.omie_posting(99, "1")[0], "movimentos")
    script.on(
        "POST",
        "/geral/contacorrente/",
        lambda call: broken if call.body["param"][0]["nRegPorPagina"] == 20 else of_bank(call),
        when=lambda call: call.body["param"][0]["cCodConta"] == "1.1",
    )
    run = read("tap-omie", stage(script), page_size=size, **JANUARY, **OMIE)
    whole(run)
    assert {("DUPLICATE_ENTRY", "error"), ("ROW_COUNT_MISMATCH", "error")} <= severities(run)
    entries = [row["entry_id"] for row in run.records("subledger")]
    assert len(entries) == len(set(entries))


def test_omie_in_python(stage: Open, caplog: pytest.LogCaptureFixture) -> None:
    """There are no findings where postings are a list: what is missing is a warning."""
    rows = [reference.omie_posting(n, "1")[0] for n in range(1, 15)]
    script, plain = Script(), reference.Omie(rows=rows).script()
    script.on("POST", "/geral/balancete/", plain.play)  # type: ignore[arg-type]
    of_bank = growing(rows, reference.omie_posting(99, "1")[0], "movimentos")
    script.on("POST", "/geral/contacorrente/", of_bank)
    server = stage(script)
    config = {"base_url": server.url, "ca_bundle": server.ca_bundle, "page_size": 10}
    days = (date(2024, 1, 1), date(2024, 1, 31))
    with create_connector("omie", "api_key", credentials=OMIE, config=config) as erp:
        entries = erp.get_subledger_details("1", "1.1", *days)
    assert len({one.entry_id for one in entries}) == len(entries) == 14
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert any("Row 10 comes more than once in the movements of account 1.1" in one for one in told)
    assert any("announced 15 rows" in one and "sent 14" in one for one in told)


@pytest.mark.parametrize(
    ("table", "asked", "more"),
    [
        ("CT1", "CT1", chart("10", "NOVA")),
        ("CQ0", "20231231", month("10", "20231031", 7, 0)),
        ("CQ0", "20240131", month("10", "20240131", 7, 0)),
    ],
    ids=["the chart", "what lies before", "the month"],
)
def test_protheus(stage: Open, read: Reader, table: str, asked: str, more: Any) -> None:
    """A row that stands before what was read comes in: that another came twice is told."""
    accounts = [chart(code, "CAIXA") for code in ("11", "12", "13")]
    moved = [month(code, f"{day}31", 0, 0) for day in ("202312", "202401") for code in ("11", "12")]
    moved += [month("13", f"{day}31", 0, 0) for day in ("202312", "202401")]
    protheus = Protheus({"CT1": accounts, "CQ0": moved, "CT2": []})
    plain, script = protheus.script(), Script()

    def growing(call: Call) -> Answer:
        answer = plain.play(call)
        said = {name.lower(): value for name, value in call.query.items()}
        if said["page"] == "1" and table in said["tables"] and asked in f"{said}":
            protheus.tables = protheus.tables | {table: [*protheus.tables[table], more]}
        assert answer is not None
        return answer

    script.on("GET", "/*", growing)
    settings = JANUARY | BASIC | {"api": "public", "tenant": "01,01", "recheck_periods": 0}
    run = read("tap-totvs", stage(script), page_size=2, **settings)
    whole(run)
    assert ("DUPLICATE_ENTRY", "error") in severities(run)


@pytest.mark.parametrize(
    ("size", "pages"),
    [
        (3, [[1, 2, 3], [1, 2]]),  # the last page has none that is new
        (3, [[1, 2, 3], [4, 1, 5], [6]]),  # one of page 1 stands amid page 2
        (2, [[1, 2], [1]]),
        (4, [[1, 2, 2, 3], [4, 2]]),  # two lines alike on one page are two
    ],
)
@pytest.mark.parametrize("erp", ["bling", "omie"])
def test_what_comes_again_counts_once(
    stage: Open, read: Reader, erp: str, size: int, pages: list[list[int]]
) -> None:
    """The pages never change, so that reading again mends nothing: it is told."""
    script = Script()
    if erp == "bling":
        sold = {"data": "2024-01-10", "tipo": "D", "valor": Decimal(1)}
        script.on("GET", "/contascontabeis/2/*", lambda _: Answer({"data": []}))
        script.on("GET", "/contascontabeis", reference.Bling({}).script().play)  # type: ignore[arg-type]
        script.on(
            "GET",
            "/contascontabeis/1/movimentacoes",
            lambda call: Answer(
                {"data": [sold | {"id": n} for n in [*pages, []][int(call.query["pagina"]) - 1]]}
            ),
        )
        settings = BEARER
    else:
        postings = [reference.omie_posting(n, "1") for page in pages for n in page]
        omie = reference.Omie(rows=[row for both in postings for row in both])
        script.on("POST", "/*", omie.script().play)  # type: ignore[arg-type]
        script.on(
            "POST",
            "/geral/contacorrente/",
            lambda call: _page_of(pages, call.body["param"][0]["nPagina"]),
            when=lambda call: call.body["param"][0]["cCodConta"] == "1.1",
        )
        settings = OMIE
    run = read(f"tap-{erp}", stage(script), page_size=size, **JANUARY, **settings)
    whole(run)
    found = [row["entry_id"] for row in run.records("subledger") if row["account_code"] == "1.1"]
    flat = [n for page in pages for n in page]
    once = {str(n): pages[0].count(n) or 1 for n in flat}
    assert Counter(found) == once
    told = [one for one in run.records("validation_issues") if one["code"] == "DUPLICATE_ENTRY"]
    assert len(told) == len(flat) - len(found)


def _page_of(pages: list[list[int]], number: int) -> Answer:
    """A page of the bank's ledger."""
    rows = [reference.omie_posting(n, "1")[0] for n in pages[number - 1]]
    total = sum(map(len, pages))
    head = {"nPagina": number, "nTotPaginas": len(pages), "nRegistros": len(rows)}
    return Answer(head | {"nTotRegistros": total, "movimentos": rows})
