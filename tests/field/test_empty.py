"""An ERP that answers nothing, nothing that is known, or nothing but zeros."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field import reference
from field.bling import Bling
from field.books import whole
from field.contaazul import ContaAzul
from field.omie import Omie
from field.protheus import Protheus, chart
from field.server import Answer, Call, Script
from field.test_span import BASIC, BEARER, CNPJ, FIELD, OMIE, PUBLIC, bookmarks_of

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

FIRST_HALF: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-06-30"}


def told(run: Run) -> dict[str, list[str]]:
    """What was found in each month."""
    found: dict[str, list[str]] = {row["period_start"][:7]: [] for row in run.records("periods")}
    for row in run.records("validation_issues"):
        found[row["period_start"][:7]].append(row["code"])
    return found


def reached(run: Run) -> set[str]:
    """Every day that the last state has as a bookmark."""
    return bookmarks_of(run.state)


def balancete(months: dict[str, list[dict[str, Any]]]) -> Script:
    """Protheus' reports: what the trial balance of each month holds, and no movement."""
    script = Script()
    script.on(
        "GET",
        "/rest/CTBR020/balancete",
        lambda call: Answer({"balancete": months.get(call.query["dataInicial"][4:6], [])}),
    )
    script.on("GET", "/rest/CTBR020/movimentacao", lambda _: Answer({"movimentacao": []}))
    return script


def opening(amount: str) -> list[dict[str, Any]]:
    """Two accounts that hold so much, on both sides."""
    return [
        reference.totvs_account("11", "D", "01", amount, "0"),
        reference.totvs_account("21", "C", "02", amount, "0"),
    ]


def test_months_before_a_company_began(stage: Open, read: Reader) -> None:
    """They are told, once a later month has accounts; the bookmark is past them then."""
    server = stage(balancete({month: opening("100") for month in ("03", "04", "05", "06")}))
    run = read("tap-totvs", server, **BASIC | FIRST_HALF)
    whole(run)
    empty = {"2024-01": ["EMPTY_LEDGER"], "2024-02": ["EMPTY_LEDGER"]}
    assert told(run) == empty | {f"2024-0{n}": [] for n in range(3, 7)}
    assert {row["severity"] for row in run.records("validation_issues")} == {"warning"}
    assert reached(run) == {"2024-06-30"}
    strict = read("tap-totvs", server, **BASIC | FIRST_HALF, validation="strict")
    whole(strict)


def test_a_month_without_accounts_between_others(stage: Open, read: Reader) -> None:
    """It is told, and the bookmark moves past it, for a later month has accounts."""
    months = {month: opening("100") for month in ("01", "02", "04", "05", "06")}
    run = read("tap-totvs", stage(balancete(months)), **BASIC | FIRST_HALF)
    whole(run)
    assert "EMPTY_LEDGER" in told(run)["2024-03"]
    assert reached(run) == {"2024-06-30"}


def test_the_bookmark_waits_for_the_last_month(stage: Open, read: Reader) -> None:
    """As long as nothing comes after an empty month, it is read again."""
    months = {month: opening("100") for month in ("01", "02", "03", "04")}
    server = stage(balancete(months))
    run = read("tap-totvs", server, **BASIC | FIRST_HALF)
    whole(run)
    assert told(run)["2024-05"][:1] == told(run)["2024-06"][:1] == ["EMPTY_LEDGER"]
    assert reached(run) == {"2024-04-30"}
    months |= {"05": opening("100"), "06": opening("100")}
    again = read("tap-totvs", server, state=run.state, **BASIC | FIRST_HALF)
    whole(again)
    assert told(again) == {"2024-03": [], "2024-04": [], "2024-05": [], "2024-06": []}
    assert reached(again) == {"2024-06-30"}


def test_books_that_are_gone_do_not_replace_those_that_were_read(stage: Open, read: Reader) -> None:
    """A key that opens another branch all at once: nothing is emitted, and the state stays."""
    months = {f"0{n}": opening("100") for n in range(1, 7)}
    server = stage(balancete(months))
    done = read("tap-totvs", server, **BASIC | FIRST_HALF)
    whole(done)
    months.clear()
    gone = read("tap-totvs", server, state=done.state, **BASIC | FIRST_HALF)
    assert gone.returncode == 1
    assert gone.last_error.startswith("ERPValidationError: ")
    assert gone.records("periods") == gone.records("trial_balance") == []
    assert reached(gone) == {"2024-06-30"}


ZERO: dict[str, tuple[str, Callable[[], Script], dict[str, Any]]] = {
    "protheus": (
        "tap-totvs",
        lambda: Protheus({"CT1": [chart("11", "CAIXA")], "CQ0": [], "CT2": []}).script(),
        BASIC | PUBLIC | {"tenant": "01,01"},
    ),
    "protheus reference": (
        "tap-totvs",
        lambda: reference.totvs(opening("0"), {}),
        BASIC,
    ),
    "omie": ("tap-omie", lambda: Omie([], banks={11: Decimal(0)}).script(), OMIE | PUBLIC),
    "omie reference": ("tap-omie", lambda: reference.Omie(opening=Decimal(0)).script(), OMIE),
    "contaazul": ("tap-contaazul", lambda: ContaAzul().script(), BEARER | PUBLIC | CNPJ),
    "contaazul reference": ("tap-contaazul", lambda: reference.ContaAzul([]).script(), BEARER),
    "bling": ("tap-bling", lambda: Bling([]).script(), BEARER | PUBLIC | CNPJ),
    "bling reference": ("tap-bling", lambda: reference.Bling({}).script(), BEARER),
}


@pytest.mark.parametrize("erp", ZERO)
def test_nothing_but_zeros(stage: Open, read: Reader, erp: str) -> None:
    """A chart and no amount in any month: told of each, and read again by the next run."""
    tap, script, settings = ZERO[erp]
    server = stage(script())
    run = read(tap, server, **settings | FIRST_HALF)
    whole(run)
    assert list(told(run)) == [f"2024-0{n}" for n in range(1, 7)]
    assert all("EMPTY_LEDGER" in codes for codes in told(run).values())
    assert len(run.records("trial_balance")) >= 6
    assert not any(bookmarks_of(state) for state in run.states)
    again = read(tap, server, **settings | FIRST_HALF, **{"state": run.state} if run.states else {})
    assert list(told(again)) == list(told(run))
    unchecked = read(tap, server, **settings | FIRST_HALF, validation="off")
    whole(unchecked)
    assert unchecked.codes == []
    assert not any(bookmarks_of(state) for state in unchecked.states)


def test_zeros_before_the_first_posting_are_no_empty_ledger(stage: Open, read: Reader) -> None:
    """A company whose books begin in March: the months before it are as they are."""
    azul = reference.ContaAzul([reference.transaction(1, "10", "2024-03-05")])
    run = read("tap-contaazul", stage(azul.script()), **BEARER | FIRST_HALF)
    whole(run)
    assert told(run) == {"2024-01": ["OPENING_ASSUMED_ZERO"]} | {
        f"2024-0{n}": [] for n in range(2, 7)
    }
    assert reached(run) == {"2024-06-30"}
    (banco,) = [
        row["net_closing_balance"]
        for row in run.records("trial_balance")
        if row["account_code"] == "1.1" and row["period_start"] == "2024-03-01"
    ]
    assert banco == 10
    assert len(run.records("subledger")) == 2


def strange(play: Script, place: str) -> Script:
    """The same answers, but for one address whose rows have keys that nobody knows."""
    script = Script()

    def odd(call: Call) -> Answer | None:
        answer = play.play(call)
        if answer is None or not (call.path + "/").startswith(place):
            return answer
        body = {
            name: [{f"x_{key}": value for key, value in row.items()} for row in rows]
            if isinstance(rows, list)
            else rows
            for name, rows in answer.body.items()
        }
        return Answer(body)

    for method in ("GET", "POST"):
        script.on(method, "/*", odd)  # type: ignore[arg-type]
    return script


PLACES = [
    ("protheus reference", "/rest/CTBR020/balancete"),
    ("protheus", "/api/framework/v1/genericQuery"),
    ("omie reference", "/geral/balancete/"),
    ("omie", "/geral/contacorrente/"),
    ("omie", "/geral/categorias/"),
    ("contaazul reference", "/chart-of-accounts"),
    ("contaazul reference", "/transactions"),
    ("contaazul", "/v1/conta-financeira/"),
    ("contaazul", "/v1/categorias/"),
    ("contaazul", "/v1/financeiro/transferencias"),
    ("bling reference", "/contascontabeis/"),
    ("bling", "/contas-contabeis"),
    ("bling", "/categorias/receitas-despesas"),
    ("bling", "/caixas/"),
]


@pytest.mark.parametrize(("erp", "place"), PLACES)
def test_rows_of_which_nothing_is_known(stage: Open, read: Reader, erp: str, place: str) -> None:
    """They are another shape, whatever they are rows of: the company fails, its state stays."""
    tap, script, settings = FIELD[erp]
    span = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
    run = read(tap, stage(strange(script(), place)), **settings | span)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPValidationError: ")
    assert "acme" in run.last_error
    assert not any(bookmarks_of(state) for state in run.states)


def test_strange_movements_of_an_account(stage: Open, read: Reader) -> None:
    """The same of the postings of an account."""
    script = Script()
    plain = reference.totvs(
        [
            reference.totvs_account("11", "D", "01", "100", "5"),
            reference.totvs_account("21", "C", "02", "100", "5"),
        ],
        {"11": [{"data": "20240115", "valor": 5}]},
    )
    script.on("GET", "/*", plain.play)  # type: ignore[arg-type]
    run = read("tap-totvs", stage(script), **BASIC, start_date="2024-01-01", end_date="2024-01-31")
    assert run.returncode == 1
    assert "acme" in run.last_error
    assert "11" in run.last_error
    assert not any(bookmarks_of(state) for state in run.states)
