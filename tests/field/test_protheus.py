"""`tap-totvs` with `api: public` against tables of Protheus that answer the SQL it sends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field.books import account, balances, header, lines, whole
from field.protheus import PATH, Protheus, Row, chart, entry, month
from field.server import Answer, Script, wire

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

JANUARY: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
KEYS: dict[str, Any] = {
    "api": "public",
    "auth_type": "basic_auth",
    "username": "leitura",
    "password": "segredo-do-teste",
    "tenant": "01,01",
    "companies": [{"id": "acme", "erp_id": "01"}],
}
CT1 = [
    chart("1", "ATIVO", CT1_CLASSE="1"),
    chart("11", "CAIXA", CT1_CTASUP="1"),
    chart("2", "PASSIVO", CT1_CLASSE="1", CT1_NORMAL="2", CT1_NATCTA="02"),
    chart("21", "FORNECEDORES", CT1_CTASUP="2", CT1_NORMAL="2", CT1_NATCTA="02"),
]
CQ0 = [
    month("11", "20231231", 100, 0),
    month("21", "20231231", 0, 100),
    month("11", "20240131", "0.30", 0),
    month("21", "20240131", 0, "0.30"),
]
CT2 = [entry("001", "3", "0.30", "11", "21")]
RIGHT = {"11": account("100", "0.30", "0"), "21": account("-100", "0", "0.30")}


def tables(
    ct1: Sequence[Row] = CT1, cq0: Sequence[Row] = CQ0, ct2: Sequence[Row] = CT2
) -> dict[str, Sequence[Row]]:
    """The three tables."""
    return {"CT1": ct1, "CQ0": cq0, "CT2": ct2}


@pytest.fixture
def january(stage: Open, read: Reader) -> Callable[..., Run]:
    """Read January 2024 of these tables."""

    def run(protheus: Protheus, **settings: Any) -> Run:
        return read("tap-totvs", stage(protheus.script()), **KEYS | JANUARY | settings)

    return run


@pytest.mark.parametrize(
    "has_next", [(True, False), (1, 0), ("1", ""), ("true", "false"), ("1", "0")], ids=str
)
def test_the_general_ledger(january: Callable[..., Run], has_next: tuple[Any, Any]) -> None:
    """Opening, movement and both lines of a double entry, however "no more" is written."""
    run = january(Protheus(tables(), has_next=has_next))
    whole(run)
    assert balances(run, "2024-01") == RIGHT
    assert lines(run, "2024-01") == [
        ("11", "2024-01-15", Decimal("0.30")),
        ("21", "2024-01-15", Decimal("-0.30")),
    ]
    assert run.codes == []
    assert header(run, "2024-01") == (True, True, 0)


@pytest.mark.parametrize("blank", ["CT1_DESC01", "CT1_NORMAL"])
def test_a_blank_name_or_nature(january: Callable[..., Run], blank: str) -> None:
    """The balances stay right, and nobody is told to add the account to the chart."""
    blanked = [*CT1[:3], {**CT1[3], blank: ""}]
    run = january(Protheus(tables(ct1=blanked)))
    whole(run)
    assert balances(run, "2024-01") == RIGHT
    assert "ACCOUNT_NOT_IN_CHART" not in run.codes


def test_charts_of_two_branches_that_differ_in_a_name(january: Callable[..., Run]) -> None:
    """A tenant without branch sees both: no error."""
    both = [{**row, "CT1_FILIAL": "01"} for row in CT1]
    both += [{**row, "CT1_FILIAL": "02"} for row in CT1[:3]]
    both += [{**CT1[3], "CT1_FILIAL": "02", "CT1_DESC01": "FORNECEDORES NACIONAIS"}]
    run = january(Protheus(tables(ct1=both)), tenant="01", validation="strict")
    whole(run)
    assert balances(run, "2024-01") == RIGHT


def test_a_continued_text_belongs_to_its_entry(january: Callable[..., Run]) -> None:
    """A line of kind 4 is text, never an amount."""
    more = entry("002", "4", "0", CT2_HIST="da nota 7", CT2_SEQLAN="001", CT2_SEQHIS="002")
    run = january(Protheus(tables(ct2=[*CT2, more])))
    whole(run)
    assert balances(run, "2024-01") == RIGHT
    assert len(run.records("subledger")) == 2
    for row in run.records("subledger"):
        assert "da nota 7" in row["description"]


def test_other_currencies_and_kinds_of_balance_are_left_out(january: Callable[..., Run]) -> None:
    """They repeat the amounts; a foreign entry keeps a zero row in currency 01."""
    other = [
        entry("001", "3", "9", "11", "21", CT2_MOEDLC="02"),
        entry("001", "3", "9", "11", "21", CT2_TPSALD="9"),
        entry("003", "3", "0", "11", "21"),
    ]
    sums = [
        month("11", "20240131", 9, 0, CQ0_MOEDA="02"),
        month("11", "20240131", 9, 0, CQ0_TPSALD="9"),
    ]
    run = january(Protheus(tables(cq0=[*CQ0, *sums], ct2=[*CT2, *other])))
    whole(run)
    assert balances(run, "2024-01") == RIGHT
    assert header(run, "2024-01")[:2] == (True, True)


def test_an_account_turned_summary_that_holds_a_balance_is_told(
    january: Callable[..., Run],
) -> None:
    """It is an error that names the account, and strict refuses it."""
    turned = [*CT1[:1], {**CT1[1], "CT1_CLASSE": "1"}, *CT1[2:], chart("111", "COFRE")]
    turned[-1] = {**turned[-1], "CT1_CTASUP": "11"}
    sums = [*CQ0[:2], month("111", "20240131", "0.30", 0), CQ0[3]]
    posted = [entry("001", "3", "0.30", "111", "21")]
    run = january(Protheus(tables(ct1=turned, cq0=sums, ct2=posted)))
    whole(run)
    (found,) = run.records("validation_issues")
    assert (found["code"], found["account_code"]) == ("BALANCE_ON_SUMMARY", "11")
    assert Decimal(found["actual"]) == 100
    assert header(run, "2024-01")[2] == 1
    strict = january(Protheus(tables(ct1=turned, cq0=sums, ct2=posted)), validation="strict")
    assert strict.returncode == 1


def test_nothing_at_all_fails(stage: Open, read: Reader) -> None:
    """A wrong branch answers empty pages: the company fails and its state stays."""
    server = stage(Protheus(tables([], [], [])).script())
    run = read("tap-totvs", server, **KEYS | JANUARY)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPValidationError: ")
    assert "acme" in run.last_error
    assert not any(
        partition.get("replication_key_value")
        for state in run.states
        for stream in state["bookmarks"].values()
        for partition in stream.get("partitions", [])
    )


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'"a\tb\r\n\x1a c"', "application/json"),
        (b'"a \\ud83d b"', "application/json"),
        (b'"a\x81b \xe7"', "application/json; charset=cp1252"),
    ],
    ids=["control characters", "half a pair", "a byte that Windows-1252 lacks"],
)
def test_odd_characters_are_read(
    stage: Open, read: Reader, content: bytes, content_type: str
) -> None:
    """A text that is plain enough stops nothing."""
    protheus = Protheus(tables(ct2=[{**CT2[0], "CT2_HIST": "ODD"}]))
    plain, script = protheus.script(), Script()

    def odd(call: Any) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        body = wire(answer.body).encode().replace(b'"' + b"ODD".ljust(40) + b'"', content)
        return Answer(body, content_type=content_type)

    script.on("GET", PATH, odd)
    run = read("tap-totvs", stage(script), **KEYS | JANUARY)
    whole(run)
    assert balances(run, "2024-01") == RIGHT
    assert len(run.records("subledger")) == 2


@pytest.mark.parametrize("column", ["ct1_conta", "cq0_debito", "ct2_valor", "ct2_debito"])
def test_a_column_that_the_user_may_not_see(stage: Open, read: Reader, column: str) -> None:
    """Protheus leaves it out without a word; the tap names it."""
    plain, script = Protheus(tables()).script(), Script()

    def hide(call: Any) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        items = [
            {name: value for name, value in row.items() if name != column}
            for row in answer.body["items"]
        ]
        return Answer(answer.body | {"items": items})

    script.on("GET", PATH, hide)
    run = read("tap-totvs", stage(script), **KEYS | JANUARY)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPValidationError: ")
    assert column.upper() in run.last_error.upper()


@pytest.mark.parametrize("kind", ["5", "6", "9"])
def test_other_kinds_of_entry_are_told(january: Callable[..., Run], kind: str) -> None:
    """An apportionment or a standard entry is not guessed into money, nor silently gone."""
    run = january(Protheus(tables(ct2=[*CT2, entry("002", kind, "9", "11", "21")])))
    whole(run)
    assert balances(run, "2024-01") == RIGHT
    assert run.codes
    if not header(run, "2024-01")[1]:
        assert "SUBLEDGER_MISMATCH" in run.codes


def test_rows_that_zero_the_result_are_counted(january: Callable[..., Run]) -> None:
    """What CQ0 keeps apart as `Z` are entries of CT2 that say which closing they are of."""
    result = [*CT1, chart("31", "VENDAS", CT1_NORMAL="2", CT1_NATCTA="04")]
    sums = [
        month("11", "20240131", 50, 0),
        month("31", "20240131", 0, 50),
        month("31", "20240131", 50, 0, CQ0_LP="Z"),
        month("21", "20240131", 0, 50, CQ0_LP="Z"),
    ]
    lines = [
        entry("001", "3", 50, "11", "31"),
        entry("002", "3", 50, "31", "21", CT2_DTLP="20240131"),
    ]
    run = january(Protheus(tables(ct1=result, cq0=sums, ct2=lines)))
    whole(run)
    assert balances(run, "2024-01") == {
        "11": account("0", "50", "0"),
        "31": account("0", "50", "50"),
        "21": account("0", "0", "50"),
    }
    assert header(run, "2024-01")[:2] == (True, True)
    kinds = {(row["entry_id"][-3:], row["posting_kind"]) for row in run.records("subledger")}
    assert kinds == {("001", "NORMAL"), ("002", "CLOSING")}


def test_an_error_as_a_page_is_told_in_its_words(stage: Open, read: Reader) -> None:
    """`SetRestFault(…, .F.)` writes HTML; its status is the code, else 500."""
    script = Protheus(tables()).script()
    page = b"<html><body><h1>Tabela CT1 em uso exclusivo</h1></body></html>"
    script.on("GET", PATH, lambda _: Answer(page, 500, "text/html"))
    run = read("tap-totvs", stage(script), **KEYS | JANUARY)
    assert run.returncode == 1
    assert "Tabela CT1 em uso exclusivo" in run.last_error


def test_a_refusal_names_the_tenant_that_the_site_was_asked_for(stage: Open, read: Reader) -> None:
    """A wrong company group has no such table."""
    script = Protheus(tables()).script()
    refused = {"code": "FW1", "message": "Invalid object name CQ0990"}
    script.on("GET", PATH, lambda _: Answer(refused, 400))
    run = read("tap-totvs", stage(script), **KEYS | JANUARY)
    assert run.returncode == 1
    assert "This is company acme (erp_id '01') in tenant '01,01': check " in run.last_error
    assert "tenant and environment" in run.last_error


def test_a_refusal_that_says_what_to_do_is_not_laid_at_the_company(
    stage: Open, read: Reader
) -> None:
    """Without `Security=1` no company is served."""
    script = Protheus(tables()).script()
    closed = {"code": 503, "message": "API não permitida"}
    script.on("GET", PATH, lambda _: Answer(closed, 503))
    run = read("tap-totvs", stage(script), **KEYS | JANUARY)
    assert run.returncode == 1
    assert run.last_error.endswith("without which it serves no generic query.")


def test_a_licence_that_is_not_free_is_waited_for(stage: Open, read: Reader) -> None:
    """`Stateless=1` answers 503 then."""
    script = Protheus(tables()).script()
    busy = {"code": 503, "message": "sem licenças disponíveis"}
    script.once("GET", PATH, Answer(busy, 503))
    run = read("tap-totvs", stage(script), **KEYS | JANUARY)
    whole(run)
    assert balances(run, "2024-01") == RIGHT
