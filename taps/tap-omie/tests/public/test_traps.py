# ruff: noqa: INP001 -- packages named tests would hide one another
"""Each trap of Omie's public API: the simulator sets it, and the ledger must not fall into it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from singer_sdk.exceptions import ConfigValidationError

from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPRateLimitError,
    ERPValidationError,
)
from erp_common.ledger.periods import today
from erp_common.setup.parse import parse
from simulator import Books, Simulator, faults
from simulator.cash import CashBook, Movement
from simulator.requestlog import LoggedRequest
from tap_omie.tap import TapOmie

ERP = "omie_public"
SINCE = date(2024, 1, 1)
MONTHS = [(date(2024, m, 1), date(2024, m, monthrange(2024, m)[1])) for m in (1, 2, 3)]
Runs = Callable[..., Any]


def must_equal(done: Any, cash: CashBook, months: int = 3) -> None:
    assert done.codes() == []
    for start, end in MONTHS[:months]:
        assert done.balances(start) == cash.trial_balance(SINCE, start, end)


def ask(sim: Simulator, method: str, path: str, **param: Any) -> Any:
    body = {"call": method, **sim.credentials(ERP), "param": [param]}
    return requests.post(sim.base_url(ERP) + path, json=body, verify=sim.ca_bundle, timeout=30)


# Statements


@pytest.mark.parametrize("sim", [200], indirect=True, ids=lambda movements: f"{movements} a month")
def test_a_statement_of_fifty_rows_is_read_in_halves(sim: Simulator, read: Runs) -> None:
    account = sim.cash(ERP).accounts[0].id
    assert len(sim.cash(ERP).between(*MONTHS[0], account)) > 50
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    asked = sim.requests.select(
        ERP, "ListarExtrato", lambda r: r.account == str(account) and r.status == 200
    )
    spans = [(one.params["dPeriodoInicial"], one.params["dPeriodoFinal"]) for one in asked]
    assert ("01/01/2024", "16/01/2024") in spans
    assert ("17/01/2024", "31/01/2024") in spans


def busy_day(cash: CashBook, movements: int) -> Movement:
    """Make a day on which an account has so many movements, and give one of them."""
    one = next(m for m in cash.between(*MONTHS[0]) if m.kind == "direct")
    others = len(cash.between(one.date, one.date, one.account, forecasts=True))
    for at in range(movements - others):
        cash.add(replace(one, id=one.id + 70_000_000 + at))
    return one


def test_more_than_fifty_movements_prove_that_nothing_was_cut(sim: Simulator, read: Runs) -> None:
    sim.omie_public.statement_cap = 1000
    one = busy_day(sim.cash(ERP), 80)
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    # The opening, the month in one statement, and what is there after it.
    asked = sim.requests.count(ERP, "ListarExtrato", lambda r: r.account == str(one.account))
    assert asked == 3


def test_a_day_of_fifty_movements_is_decided_by_the_next_balance(
    sim: Simulator, read: Runs
) -> None:
    one = busy_day(sim.cash(ERP), 50)
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    sim.cash(ERP).add(replace(one, id=one.id + 90_000_000))  # the 51st, which is cut off
    (issue,) = read(end_date="2024-01-31").rows["validation_issues"]
    assert issue["code"] == "INVALID_RECORD"
    assert f"read before {one.date + timedelta(days=1)} leave" in issue["message"]
    assert issue["raw"]["nCodCC"] == str(one.account)


@pytest.mark.parametrize("lines", ["first", "daily"])
def test_lines_of_balances_do_not_count_among_the_fifty(
    sim: Simulator, read: Runs, lines: Any
) -> None:
    sim.omie_public.balance_rows = lines
    cash = sim.cash(ERP)
    account = cash.accounts[0].id
    for one in cash.between(*MONTHS[0], account, forecasts=True)[49:]:
        cash.delete(one.id)
    must_equal(read(end_date="2024-01-31"), cash, 1)
    assert sim.requests.count(ERP, "ListarExtrato", lambda r: r.account == str(account)) == 3


def test_lines_of_balances_are_no_movements(sim: Simulator, read: Runs) -> None:
    def worth_something(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if "nCodLancamento" not in row:
                row["nValorDocumento"] = row["nSaldo"]

    with sim.tamper(ERP, "ListarExtrato", worth_something):
        must_equal(read(), sim.cash(ERP))


OPEN = ["Previsto", "Atrasado", "Vence hoje", "A vencer", "AVENCER", "Cancelado"]


@pytest.mark.parametrize("situation", OPEN)
def test_open_titles_are_no_movements(sim: Simulator, read: Runs, situation: str) -> None:
    sim.omie_public.forecast = situation
    assert any(one.forecast for one in sim.cash(ERP).movements)
    must_equal(read(), sim.cash(ERP))


def test_an_open_title_is_known_by_its_origin_too(sim: Simulator, read: Runs) -> None:
    def without(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if row.get("cSituacao") == "Previsto":
                del row["cSituacao"]

    with sim.tamper(ERP, "ListarExtrato", without):
        must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)


@pytest.mark.parametrize("situation", ["Não conciliado", "NAO CONCILIADO", None])
def test_money_counts_whether_it_was_compared_or_not(
    sim: Simulator, read: Runs, situation: str | None
) -> None:
    def other(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if row.get("cSituacao") == "Conciliado":
                row["cSituacao"] = situation

    with sim.tamper(ERP, "ListarExtrato", other):
        must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)


@pytest.mark.parametrize(
    ("situation", "origin"), [("Em disputa", "MANP"), ("Conciliado", "Previsão de Pagamento")]
)
def test_a_situation_that_is_not_known_is_told_and_not_posted(
    sim: Simulator, read: Runs, situation: str, origin: str
) -> None:
    one = next(m for m in sim.cash(ERP).between(*MONTHS[0]) if m.kind == "direct")

    def odd(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if row.get("nCodLancamento") == one.id:
                row |= {"cSituacao": situation, "cOrigem": origin}

    with sim.tamper(ERP, "ListarExtrato", odd):
        done = read(end_date="2024-01-31")
        with pytest.raises(ERPValidationError, match="cSituacao"):
            read(end_date="2024-01-31", validation="off")
    issue, unproved = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("UNKNOWN_SITUATION", "error")
    assert f"cSituacao is '{situation}'" in issue["message"]
    assert issue["raw"]["nCodLancamento"] == one.id
    # Omie's own balance has it, so that the money is missed too.
    assert unproved["code"] == "INVALID_RECORD"
    assert not [r for r in done.rows["subledger"] if r["entry_id"].endswith(f"-{one.id}")]


def test_what_is_paid_is_negative_already(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    one = next(m for m in cash.between(*MONTHS[0]) if m.kind == "direct" and m.amount < 0)
    # Given back: nature P as before, and money in.
    cash.edit(one.id, amount=-one.amount, parts=((one.parts[0][0], -one.amount),))

    def nature(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if row.get("nCodLancamento") == one.id:
                row["cNatureza"] = "P"

    with sim.tamper(ERP, "ListarExtrato", nature):
        must_equal(read(), cash)


@pytest.mark.parametrize("meaning", ["end", "today"])
def test_a_month_that_is_not_over_is_proved_by_what_the_account_holds(
    sim: Simulator, read: Runs, meaning: Any
) -> None:
    sim.omie_public.current_balance = meaning
    cash = sim.cash(ERP)
    one = next(m for m in cash.between(*MONTHS[0]) if m.kind == "direct")
    this_month = today().replace(day=1)
    late = [replace(one, id=7_000_000_000 + at, date=this_month) for at in (1, 2)]
    cash.add(*late)
    since = {"start_date": str(this_month - timedelta(days=1)), "end_date": str(today())}
    assert read(**since).codes() == []

    def lose(body: dict[str, Any], _: object) -> None:
        rows = body.get("listaMovimentos", [])
        rows[:] = [row for row in rows if row.get("nCodLancamento") != late[0].id]

    with sim.tamper(ERP, "ListarExtrato", lose):
        (issue,) = read(**since).rows["validation_issues"]
    assert issue["code"] == "INVALID_RECORD"
    assert f"nSaldoAtual is {issue['raw']['nSaldoAtual']}" in issue["message"]
    assert issue["period_start"] == str(this_month)


def test_a_balance_that_is_neither_proves_nothing(sim: Simulator, read: Runs) -> None:
    since = {
        "start_date": str(today().replace(day=1) - timedelta(days=1)),
        "end_date": str(today()),
    }
    sums = iter(range(1, 1000))

    def odd(body: dict[str, Any], _: object) -> None:
        body["nSaldoAtual"] = next(sums)

    with sim.tamper(ERP, "ListarExtrato", odd):
        assert read(**since).codes() == []


@pytest.mark.parametrize("meaning", ["end", "today"])
def test_what_the_account_holds_is_no_closing(sim: Simulator, read: Runs, meaning: Any) -> None:
    sim.omie_public.current_balance = meaning
    number = sim.cash(ERP).accounts[0].id
    closing = read(end_date="2024-01-31").balances(SINCE)[f"CC.{number}"][4]
    assert closing == sim.cash(ERP).balance(number, date(2024, 2, 1))


def test_a_balance_that_does_not_follow_is_told(sim: Simulator, read: Runs) -> None:
    sim.omie_public.statement_cap = 1000
    gone = next(m for m in sim.cash(ERP).between(*MONTHS[0]) if m.kind == "direct")

    def lose(body: dict[str, Any], _: object) -> None:
        rows = body.get("listaMovimentos", [])
        rows[:] = [row for row in rows if row.get("nCodLancamento") != gone.id]

    with sim.tamper(ERP, "ListarExtrato", lose):
        done = read()
        (issue,) = done.rows["validation_issues"]
        assert issue["code"] == "INVALID_RECORD"
        assert f"nSaldoAnterior is {issue['raw']['nSaldoAnterior']}" in issue["message"]
        assert issue["raw"]["nCodCC"] == str(gone.account)
        assert issue["period_start"] == str(SINCE)  # by the balance after it, not a month later
        asked = [str(one.params) for one in sim.requests.select(ERP, "ListarExtrato")]
        assert len(asked) == len(set(asked))  # which Omie would refuse within a minute
        # Told once: what follows begins with what Omie says.
        assert read(validation="off").codes() == []


@pytest.mark.parametrize("sim", [200], indirect=True, ids=lambda movements: f"{movements} a month")
def test_a_movement_missing_from_the_last_period_is_told_too(sim: Simulator, read: Runs) -> None:
    sim.omie_public.statement_cap = 40  # less than anyone has seen: no row count gives it away
    done = read(end_date="2024-01-31")
    short = [a for a in sim.cash(ERP).accounts if len(sim.cash(ERP).between(*MONTHS[0], a.id)) > 40]
    # Splits of movements that are cut off match nothing either.
    errors = [row for row in done.rows["validation_issues"] if row["severity"] == "error"]
    assert set(done.codes()) == {"INVALID_RECORD", "SPLIT_NOT_MATCHED"}
    for issue, account in zip(errors, short, strict=True):
        assert issue["raw"]["nCodCC"] == str(account.id)
        assert issue["raw"]["nSaldoAnterior"] == sim.cash(ERP).balance(account.id, date(2024, 2, 1))


def test_a_statement_without_its_balance_is_an_error(sim: Simulator, read: Runs) -> None:
    def silent(body: dict[str, Any], _: object) -> None:
        del body["nSaldoAnterior"]

    with (
        sim.tamper(ERP, "ListarExtrato", silent),
        pytest.raises(ERPValidationError, match="nSaldoAnterior"),
    ):
        read()


def test_a_statement_without_its_list_has_no_movements_if_its_balances_agree(
    sim: Simulator, read: Runs
) -> None:
    cash = sim.cash(ERP)
    moved = cash.between(*MONTHS[0])[0].account
    idle = next(a.id for a in cash.accounts if a.id != moved)
    for one in [m for m in cash.movements if m.account == idle and m.date >= SINCE]:
        cash.delete(one.id)

    def without(body: dict[str, Any], _: object) -> None:
        if body["nCodCC"] in {idle, moved}:
            body.pop("listaMovimentos", None)

    with sim.tamper(ERP, "ListarExtrato", without):
        done = read(end_date="2024-01-31")
    errors = [row for row in done.rows["validation_issues"] if row["severity"] == "error"]
    assert [(row["code"], row["raw"]["nCodCC"]) for row in errors] == [
        ("INVALID_RECORD", str(moved))
    ]


@pytest.mark.parametrize("moved", [True, False])
def test_a_list_that_is_missing_this_month_is_proved_by_the_balance_beside_it(
    sim: Simulator, read: Runs, moved: Any
) -> None:
    cash = sim.cash(ERP)
    if moved:
        one = next(m for m in cash.between(*MONTHS[0]) if m.kind == "direct")
        cash.add(replace(one, id=7_000_000_000, date=today()))

    def without(body: dict[str, Any], _: object) -> None:
        body.pop("listaMovimentos", None)

    since = {"start_date": str(today().replace(day=1)), "end_date": str(today())}
    with sim.tamper(ERP, "ListarExtrato", without):
        codes = read(**since).codes()
    assert codes == ["INVALID_RECORD"] * bool(moved)


def nothing_of(sim: Simulator, account: int, *days: str, code: str = "5113") -> None:
    """Let Omie have no records of an account; None for all days, else those that begin so."""
    words = {
        "5113": "ERROR: Não existem registros para a página [1]!",
        "101": "ERROR: Nenhuma conta corrente foi encontrada!",
    }[code]
    sim.faults.add(
        faults.omie(f"SOAP-ENV:Client-{code}", words),
        endpoint="ListarExtrato",
        times=None,
        where=lambda r: (
            r.account == str(account) and (not days or r.params["dPeriodoInicial"] in days)
        ),
    )


def test_what_was_held_goes_on_over_days_without_records(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    moved = {m.account for m in cash.between(*MONTHS[1])}
    account = max(moved)
    nothing_of(sim, account, "01/02/2024")
    done = read(periods_per_request=1)
    # March begins with what February's movements leave, and they did not come.
    (issue,) = [row for row in done.rows["validation_issues"] if row["severity"] == "error"]
    assert issue["code"] == "INVALID_RECORD"
    assert issue["period_start"] == "2024-03-01"
    before = cash.balance(account, date(2024, 2, 1))
    assert f"read before 2024-03-01 leave {before:f}:" in issue["message"]
    for one in [m for m in cash.movements if m.account == account and m.date.month == 2]:
        cash.delete(one.id)
    assert read(periods_per_request=1).codes() == []


@pytest.mark.parametrize("periods", [1, 12])
def test_an_opening_that_nobody_states_is_compared_with_the_next_statement(
    sim: Simulator, read: Runs, periods: Any
) -> None:
    account = sim.cash(ERP).accounts[0].id
    nothing_of(sim, account, "01/01/2024")
    errors = [
        row
        for row in read(periods_per_request=periods).rows["validation_issues"]
        if row["code"] == "INVALID_RECORD"
    ]
    assert [row["period_start"] for row in errors] == ["2024-02-01"]
    assert "leave 0:" in errors[0]["message"]


def test_an_account_without_any_statement_that_has_an_initial_balance_is_told(
    sim: Simulator, read: Runs
) -> None:
    account = next(a for a in sim.cash(ERP).accounts if a.initial)
    nothing_of(sim, account.id)
    issues = [
        row for row in read().rows["validation_issues"] if row["code"] == "OPENING_ASSUMED_ZERO"
    ]
    assert [row["account_code"] for row in issues] == [f"CC.{account.id}"]
    assert f"initial balance (saldo_inicial) of {account.initial:f}" in issues[0]["message"]


def test_an_account_that_omie_does_not_find_is_no_empty_period(sim: Simulator, read: Runs) -> None:
    account = sim.cash(ERP).accounts[0].id
    nothing_of(sim, account, code="101")
    told = [row for row in read().rows["validation_issues"] if "Nenhuma conta" in row["message"]]
    assert [(row["code"], row["period_start"]) for row in told] == [
        ("INVALID_RECORD", str(start)) for start, _ in MONTHS
    ]


def test_an_initial_balance_within_the_ledger_is_told_as_such(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    account = cash.accounts[0].id

    def listed(body: dict[str, Any], _: object) -> None:
        for row in body["ListarContasCorrentes"]:
            if row["nCodCC"] == account:
                row |= {"saldo_inicial": 300, "saldo_data": "15/02/2024"}

    def added(body: dict[str, Any], asked: LoggedRequest) -> None:
        first = asked.params["dPeriodoInicial"]
        if asked.account == str(account) and first[3:5] == "03":
            body["nSaldoAnterior"] += 300
            body["nSaldoAtual"] += 300

    with (
        sim.tamper(ERP, "ListarContasCorrentes", listed),
        sim.tamper(ERP, "ListarExtrato", added),
    ):
        (issue,) = read(end_date="2024-02-29").rows["validation_issues"]
    assert issue["period_start"] == "2024-02-01"
    assert "(saldo_inicial) of 300, which Omie dates 2024-02-15" in issue["message"]


def test_a_change_before_the_months_read_again_is_told_in_every_run(
    sim: Simulator, run: Runs
) -> None:
    """What an earlier run carried is compared with what Omie's statements begin with."""
    first = run()
    cash = sim.cash(ERP)
    late = [next(m for m in cash.between(*MONTHS[0], a.id)) for a in cash.accounts[:2]]
    for one in late:
        cash.add(replace(one, id=one.id + 80_000_000, date=date(2023, 12, 31)))
    second = run(state=first.state)
    third = run(state=second.state)
    for done in (second, third):
        issues = done.rows["validation_issues"]
        assert [(row["code"], row["severity"], row["account_code"]) for row in issues] == [
            ("INVALID_RECORD", "error", f"CC.{one.account}") for one in late
        ]
        assert {row["period_start"] for row in issues} == {str(MONTHS[1][0])}
    strict = run(state=first.state, validation="strict")
    assert strict.status == 1
    assert strict.rows["periods"] == []
    assert run().rows["validation_issues"] == []


@pytest.mark.parametrize("natures", ["PR", "DC"])
def test_amounts_without_a_sign_are_told_in_their_month(
    sim: Simulator, read: Runs, natures: str
) -> None:
    def unsigned(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if "nCodLancamento" in row:
                row["cNatureza"] = natures[row["nValorDocumento"] > 0]
                row["nValorDocumento"] = abs(row["nValorDocumento"])

    with sim.tamper(ERP, "ListarExtrato", unsigned):
        errors = [
            row
            for row in read(end_date="2024-02-29").rows["validation_issues"]
            if row["severity"] == "error"
        ]
    spent = {
        (str(start), str(m.account))
        for start, end in MONTHS[:2]
        for m in sim.cash(ERP).between(start, end)
        if m.amount < 0
    }
    assert {(row["period_start"], row["raw"]["nCodCC"]) for row in errors} == spent
    assert all("or has another sign" in row["message"] for row in errors)


def test_what_a_binary_float_adds_is_wiped_off(sim: Simulator, read: Runs) -> None:
    dust = Decimal("0.00000000000004")

    def add(body: dict[str, Any], _: object) -> None:
        body["nSaldoAnterior"] += dust
        for row in body.get("listaMovimentos", []):
            row["nValorDocumento"] += dust if row.get("nCodLancamento") else 0

    with sim.tamper(ERP, "ListarExtrato", add):
        must_equal(read(amounts="decimal", tolerance=0), sim.cash(ERP))


def test_a_statement_whose_list_comes_first_may_be_long(sim: Simulator, read: Runs) -> None:
    """An answer that is read as a stream is looked through before it is posted."""
    sim.omie_public.statement_cap = 10_000
    busy_day(sim.cash(ERP), 1500)

    def first(body: dict[str, Any], _: object) -> dict[str, Any]:
        return {"listaMovimentos": body.pop("listaMovimentos", []), **body}

    with sim.tamper(ERP, "ListarExtrato", first):
        must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)


def test_rows_of_other_days_are_told_and_not_counted_twice(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    account = cash.accounts[3].id
    one = replace(cash.movements[0], id=1, account=account, date=date(2024, 1, 5), kind="direct")
    cash.add(one)

    def other_day(body: dict[str, Any], _: object) -> None:
        for row in body.get("listaMovimentos", []):
            if row.get("nCodLancamento") == 1:
                row["dDataLancamento"] = "05/02/2024"

    with sim.tamper(ERP, "ListarExtrato", other_day):
        done = read(end_date="2024-01-31")
    # The row itself, and the balance that lacks it.
    assert done.codes() == ["INVALID_RECORD"] * 2
    said = " ".join(row["message"] for row in done.rows["validation_issues"])
    assert "dDataLancamento is 2024-02-05" in said
    assert f"for account {account}" in said
    assert done.balances(SINCE)[f"CC.{account}"][2:4] == (0, 0)


def test_transfers_stand_on_both_accounts_under_one_number(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    sides = [one for one in cash.between(*MONTHS[0]) if one.kind == "transfer"][:2]
    assert sides[0].id == sides[1].id
    done = read(end_date="2024-01-31")
    must_equal(done, cash, 1)
    assert done.balances(SINCE)["CLEARING.TRANSFER"][4] == 0
    lines = [r for r in done.rows["subledger"] if r["entry_id"].endswith(f"-{sides[0].id}")]
    assert {row["account_code"] for row in lines} == {
        "CLEARING.TRANSFER",
        *(f"CC.{one.account}" for one in sides),
    }
    keys = {(row["account_code"], row["entry_id"], row["line_number"]) for row in lines}
    assert len(keys) == len(lines) == 4
    assert len({row["entry_id"] for row in lines}) == 2


@pytest.mark.parametrize("category", ["", "0.01"])
def test_a_transfer_is_known_without_its_category(
    sim: Simulator, read: Runs, category: Any
) -> None:
    sim.omie_public.transfer_category = category

    def unlisted(body: dict[str, Any], _: object) -> None:
        rows = body["categoria_cadastro"]
        rows[:] = [row for row in rows if not row["codigo"].startswith("0.")]
        body["total_de_registros"] = len(rows)

    with sim.tamper(ERP, "ListarCategorias", unlisted):
        must_equal(read(), sim.cash(ERP))


# Categories


@pytest.mark.parametrize(("revenue", "expense"), [("N", "N"), ("S", "S"), (None, None)])
def test_a_category_of_no_kind_or_of_both_has_no_type(
    sim: Simulator, read: Runs, revenue: Any, expense: Any
) -> None:
    def odd(body: dict[str, Any], _: object) -> None:
        row = {"conta_receita": revenue, "conta_despesa": expense, "totalizadora": "N"}
        body["categoria_cadastro"].append(row | {"codigo": "3.01", "descricao": "Ajustes"})
        body["total_de_registros"] += 1

    with sim.tamper(ERP, "ListarCategorias", odd):
        done = read(end_date="2024-01-31")
    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["account_code"]) == ("UNKNOWN_ACCOUNT_TYPE", "3.01")
    types = {row["account_code"]: row["account_type"] for row in done.rows["trial_balance"]}
    assert types["3.01"] is None


def test_a_category_that_is_not_listed_has_no_type(sim: Simulator, read: Runs) -> None:
    """Its first digit means nothing: 1 is assets elsewhere, and revenue in Omie's own list."""

    def empty(body: dict[str, Any], _: object) -> None:
        body["categoria_cadastro"].clear()
        body["total_de_registros"] = 0

    with sim.tamper(ERP, "ListarCategorias", empty):
        done = read(end_date="2024-01-31")
    assert set(done.codes()) == {"ACCOUNT_NOT_IN_CHART"}
    types = {row["account_code"]: row["account_type"] for row in done.rows["trial_balance"]}
    assert {kind for code, kind in types.items() if code[0].isdigit()} == {None}


# Categories of settlements


def test_splits_come_from_the_titles(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    split = [one for one in cash.between(*MONTHS[0]) if len(one.parts) > 1]
    assert any(one.titles[0].face != one.titles[0].paid for one in split)  # interest
    assert any(len(one.titles) > 1 for one in split)  # settled together
    must_equal(read(end_date="2024-01-31", page_size=7), cash, 1)


def test_each_nature_is_asked_for(sim: Simulator, read: Runs) -> None:
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    asked = sim.requests.select(ERP, "PesquisarLancamentos")
    assert sorted(one.params["cNatureza"] for one in asked) == ["P", "R"]


def test_a_split_that_cannot_be_applied_is_told(sim: Simulator, read: Runs) -> None:
    def unlinked(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            row["lancamentos"][0]["nIdLancCC"] = None

    with sim.tamper(ERP, "PesquisarLancamentos", unlinked):
        done = read(end_date="2024-01-31")
    split = [
        o for o in sim.cash(ERP).between(*MONTHS[0]) if o.titles and len(o.titles[0].parts) > 1
    ]
    assert done.codes() == ["SPLIT_NOT_MATCHED"] * len(split) != []
    assert {row["severity"] for row in done.rows["validation_issues"]} == {"warning"}
    assert done.rows["periods"][0]["is_balanced"]
    for account in sim.cash(ERP).accounts:
        closing = done.balances(SINCE)[f"CC.{account.id}"][4]
        assert closing == sim.cash(ERP).balance(account.id, date(2024, 2, 1))


def test_a_split_of_no_movement_is_told(sim: Simulator, read: Runs) -> None:
    split = next(
        o for o in sim.cash(ERP).between(*MONTHS[0]) if o.titles and len(o.titles[0].parts) > 1
    )

    def stray(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            if row["lancamentos"][0]["nIdLancCC"] == split.id:
                row["lancamentos"][0]["nIdLancCC"] = 4711

    with sim.tamper(ERP, "PesquisarLancamentos", stray):
        (issue,) = read(end_date="2024-01-31").rows["validation_issues"]
    assert (issue["code"], issue["entry_id"]) == ("SPLIT_NOT_MATCHED", "4711")
    assert issue["account_code"] == f"CC.{split.account}"


def test_a_title_paid_over_several_months_is_told_by_none_of_them(
    sim: Simulator, read: Runs
) -> None:
    cash = sim.cash(ERP)
    split = next(o for o in cash.between(*MONTHS[0]) if o.titles and len(o.titles[0].parts) > 1)

    def paid_again(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            own = row["lancamentos"]
            if own[0]["nIdLancCC"] == split.id:
                own.append(own[0] | {"nIdLancCC": 4711, "dDtLanc": "15/03/2024"})

    with sim.tamper(ERP, "PesquisarLancamentos", paid_again):
        assert read(end_date="2024-01-31").codes() == []

    def paid_elsewhere(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            if row["lancamentos"][0]["nIdLancCC"] == split.id:
                row["lancamentos"][0] |= {"nIdLancCC": 4711, "dDtLanc": "15/03/2024"}

    # It is January's all the same: nothing else in it is.
    with sim.tamper(ERP, "PesquisarLancamentos", paid_elsewhere):
        assert read(end_date="2024-01-31").codes() == ["SPLIT_NOT_MATCHED"]


@pytest.mark.parametrize("found_in", [(1, 3), (3,)])
def test_a_split_that_omie_lists_only_by_a_later_payment_is_told(
    sim: Simulator, read: Runs, found_in: Any
) -> None:
    cash = sim.cash(ERP)
    one = split_of(cash)
    title: list[dict[str, Any]] = []

    def paid_again(body: dict[str, Any], asked: LoggedRequest) -> None:
        rows = body["titulosEncontrados"]
        month = int(asked.params["dDtPagtoDe"][3:5])
        if month == 1:
            title.extend(row for row in rows if row["lancamentos"][0]["nIdLancCC"] == one.id)
            rows[:] = [row for row in rows if row not in title or 1 in found_in]
        elif month == 3 and asked.params["cNatureza"] == title[0]["cabecTitulo"]["cNatureza"]:
            own = title[0]["lancamentos"]
            later = {"nIdLancCC": last.id, "nCodCC": last.account, "dDtLanc": "15/03/2024"}
            later["nValLanc"] = last.amount.copy_sign(1)
            rows.append(title[0] | {"lancamentos": [*own, own[0] | later]})
        body["nTotRegistros"] = len(rows)

    last = next(
        o for o in cash.between(*MONTHS[2]) if o.kind == "direct" and o.amount * one.amount > 0
    )
    with sim.tamper(ERP, "PesquisarLancamentos", paid_again):
        issues = read().rows["validation_issues"]
    told = [(row["code"], row["period_start"], row["entry_id"]) for row in issues]
    late = ("SPLIT_NOT_MATCHED", str(MONTHS[2][0]), str(one.id))
    assert told == [late] * (1 not in found_in)
    assert all(f"settled a part of them on {one.date}" in row["message"] for row in issues)


def split_of(cash: CashBook) -> Movement:
    """January's first movement that settles one title of several categories."""
    return next(
        o for o in cash.between(*MONTHS[0]) if len(o.titles) == 1 and len(o.titles[0].parts) > 1
    )


def posted(done: Any, one: Movement) -> dict[str, Decimal]:
    """What a movement's entry says, beside the money, that came in for each account."""
    return {
        row["account_code"]: Decimal(str(row["credit_amount"])) - Decimal(str(row["debit_amount"]))
        for row in done.rows["subledger"]
        if row["entry_id"].endswith(f"-{one.id}") and not row["account_code"].startswith("CC.")
    }


@pytest.mark.parametrize("natures", ["settlements", "titles", "neither"])
def test_a_movement_may_settle_what_is_received_and_what_is_paid(
    sim: Simulator, read: Runs, natures: Any
) -> None:
    cash = sim.cash(ERP)
    one = next(o for o in cash.between(*MONTHS[0]) if o.titles and o.amount > 1)
    paid = Decimal("0.70")
    cash.edit(one.id, amount=one.amount - paid, parts=(*one.parts, ("2.04.03", -paid)))

    def netted(body: dict[str, Any], asked: LoggedRequest) -> None:
        rows = body["titulosEncontrados"]
        if asked.params["cNatureza"] == "P":
            settlement = {"nIdLancCC": one.id, "nCodCC": one.account, "nValLanc": paid}
            settlement |= {"dDtLanc": f"{one.date:%d/%m/%Y}", "cNatureza": "P"}
            head = {"nCodTitulo": 4711, "cNatureza": "P", "cCodCateg": "2.04.03"}
            rows.append({"cabecTitulo": head, "lancamentos": [settlement]})
            body["nTotRegistros"] += 1
        for row in rows:
            if natures != "settlements":
                row["lancamentos"][0]["cNatureza"] = None
            if natures == "neither":
                row["cabecTitulo"]["cNatureza"] = None

    with sim.tamper(ERP, "PesquisarLancamentos", netted):
        must_equal(read(end_date="2024-01-31"), cash, 1)


def test_interest_fines_and_discounts_may_stand_beside_what_was_paid(
    sim: Simulator, read: Runs
) -> None:
    def beside(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            own = row["lancamentos"][0]
            own |= {"nMulta": Decimal("0.02"), "nDesconto": Decimal("0.01")}
            own["nValLanc"] -= own["nJuros"] + Decimal("0.01")

    with sim.tamper(ERP, "PesquisarLancamentos", beside):
        must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)


def test_what_titles_do_not_tell_of_a_movement_stays_in_its_own_category(
    sim: Simulator, read: Runs
) -> None:
    one = split_of(sim.cash(ERP))
    rest = one.amount.copy_sign(1) / 4
    own, *others = (code for code, _ in one.parts)

    def less(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            if row["lancamentos"][0]["nIdLancCC"] == one.id:
                row["lancamentos"][0]["nValLanc"] = one.amount.copy_sign(1) - rest
                row["lancamentos"][0]["nJuros"] = 0
                shares = zip((own, *others), (25, 75), strict=True)
                row["cabecTitulo"]["aCodCateg"] = [
                    {"cCodCateg": code, "nPerc": share} for code, share in shares
                ]

    with sim.tamper(ERP, "PesquisarLancamentos", less):
        done = read(end_date="2024-01-31")
    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("SPLIT_NOT_MATCHED", "warning")
    assert issue["entry_id"].endswith(f"-{one.id}")
    assert Decimal(issue["expected"]) == one.amount
    assert Decimal(issue["actual"]) == one.amount * 3 / 4
    assert f"what is left of it stays in its own category {own}" in issue["message"]
    found = posted(done, one)
    assert sum(found.values()) == one.amount
    for other in others:
        assert abs(found[other] - one.amount * 9 / 16) <= Decimal("0.01")


@pytest.mark.parametrize("wrong", ["more", "the other nature"])
def test_a_movement_that_its_titles_contradict_keeps_its_own_category(
    sim: Simulator, read: Runs, wrong: Any
) -> None:
    one = split_of(sim.cash(ERP))

    def contradict(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            own = row["lancamentos"][0]
            if own["nIdLancCC"] == one.id and wrong == "more":
                own["nValLanc"] += 1
            elif own["nIdLancCC"] == one.id:
                own["cNatureza"] = "R" if own["cNatureza"] == "P" else "P"

    with sim.tamper(ERP, "PesquisarLancamentos", contradict):
        done = read(end_date="2024-01-31")
    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("SPLIT_NOT_MATCHED", "warning")
    assert f"it keeps its own category {one.parts[0][0]}" in issue["message"]
    assert posted(done, one) == {one.parts[0][0]: one.amount}


def test_a_title_of_the_movement_s_own_category_alone_need_not_tell_all_of_it(
    sim: Simulator, read: Runs
) -> None:
    """All of it falls there anyway."""

    def without_fees(body: dict[str, Any], _: object) -> None:
        for row in body["titulosEncontrados"]:
            if single[row["lancamentos"][0]["nIdLancCC"]]:
                row["lancamentos"][0]["nValLanc"] += 1

    cash = sim.cash(ERP)
    single = {one.id: len({code for code, _ in one.parts}) == 1 for one in cash.movements}
    assert any(one.titles and single[one.id] for one in cash.between(*MONTHS[0]))
    with sim.tamper(ERP, "PesquisarLancamentos", without_fees):
        must_equal(read(end_date="2024-01-31"), cash, 1)


def test_the_list_that_names_titles_twice_is_not_asked(sim: Simulator, read: Runs) -> None:
    days = {"dDtPagtoDe": "01/01/2024", "dDtPagtoAte": "31/01/2024"}
    rows = ask(sim, "ListarMovimentos", "/financas/mf/", nRegPorPagina=100, **days).json()
    titles = [row["detalhes"]["nCodTitulo"] for row in rows["movimentos"]]
    assert len(titles) == 2 * len(set(titles))
    sim.requests.clear()
    must_equal(read(), sim.cash(ERP))
    assert sim.requests.count(ERP, "ListarMovimentos") == 0


# Paging, dates, names


def test_the_two_dialects_of_paging_are_never_mixed(sim: Simulator, read: Runs) -> None:
    must_equal(read(page_size=5), sim.cash(ERP))
    first, second = {"pagina", "registros_por_pagina"}, {"nPagina", "nRegPorPagina"}
    for one in sim.requests:
        own = {
            "ListarContasCorrentes": first,
            "ListarCategorias": first,
            "PesquisarLancamentos": second,
            "ListarExtrato": set(),
        }[one.endpoint]
        assert set(one.params) & (first | second) == own
        assert one.status in {200, 500}
        assert one.path.endswith("/")  # without it Omie redirects


def test_pages_end_by_the_total_and_not_by_their_size(sim: Simulator, read: Runs) -> None:
    sim.omie_public.page_cap = 3  # of the 100 asked for, and Omie does not say so
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)


@pytest.mark.parametrize("method", ["ListarCategorias", "PesquisarLancamentos"])
def test_no_records_before_the_last_page_are_an_error(
    sim: Simulator, read: Runs, method: str
) -> None:
    sim.omie_public.page_cap = 3
    words = "ERROR: Não existem registros para a página [2]!"
    sim.faults.add(
        faults.omie("SOAP-ENV:Client-5113", words), endpoint=method, where=lambda r: r.page == 2
    )
    with pytest.raises(ERPValidationError, match="page 2 has no records"):
        read(end_date="2024-01-31")


def test_fewer_categories_than_announced_are_an_error(sim: Simulator, read: Runs) -> None:
    def lose(body: dict[str, Any], _: object) -> None:
        del body["categoria_cadastro"][-1]

    with (
        sim.tamper(ERP, "ListarCategorias", lose),
        pytest.raises(ERPValidationError, match="announced 14 rows of the categories"),
    ):
        read()


def test_a_page_that_comes_again_is_an_error(sim: Simulator, read: Runs) -> None:
    def first_page(body: dict[str, Any], _: object) -> dict[str, Any]:
        body["total_de_paginas"] = 3
        return body

    with (
        sim.tamper(ERP, "ListarContasCorrentes", first_page),
        pytest.raises(ERPValidationError, match=r"page 2 .*no records"),
    ):
        read()


def test_large_pages_that_break_are_read_in_halves(sim: Simulator, read: Runs) -> None:
    sim.omie_public.broken_above = 50
    must_equal(read(end_date="2024-01-31", retry={"max_attempts": 1}), sim.cash(ERP), 1)


def test_a_period_without_titles_is_no_error(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    for one in cash.movements:
        if one.titles:
            cash.edit(one.id, titles=(), parts=((one.parts[0][0], one.amount),))
    must_equal(read(), cash)
    assert sim.requests.count(ERP, "PesquisarLancamentos", lambda r: r.status == 500) == 6


def test_days_are_always_asked_for(sim: Simulator, read: Runs) -> None:
    must_equal(read(), sim.cash(ERP))
    for one in sim.requests.select(ERP, "ListarExtrato"):
        assert {"dPeriodoInicial", "dPeriodoFinal"} <= set(one.params)
    for one in sim.requests.select(ERP, "PesquisarLancamentos"):
        assert {"dDtPagtoDe", "dDtPagtoAte"} <= set(one.params)


def test_signs_in_names_are_no_html(read: Runs) -> None:
    done = read(end_date="2024-01-31")
    names = {row["account_name"] for row in done.rows["trial_balance"]}
    assert {"Banco do Brasil & Cia", "Cartão 'Corporativo'", "Rendimentos & Juros"} <= names
    said = {row["description"] for row in done.rows["subledger"] if row["description"]}
    assert all(text.endswith(" & cia") for text in said)


@pytest.mark.parametrize("numbers", ["string", "brazilian"])
def test_numbers_as_text_and_nulls_are_the_same_ledger(
    sim: Simulator, read: Runs, numbers: Any
) -> None:
    sim.omie_public.numbers = numbers
    sim.omie_public.nulls = True
    sim.omie_public.ascii_json = True
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)


# Keys and limits


def test_blanks_around_keys_do_not_count(sim: Simulator, read: Runs) -> None:
    keys = {name: f"  {key}\n" for name, key in sim.credentials(ERP).items()}
    must_equal(read(end_date="2024-01-31", **keys), sim.cash(ERP), 1)


def test_a_bad_key_is_an_authentication_error(read: Runs) -> None:
    with pytest.raises(ERPAuthenticationError, match="chave de acesso"):
        read(app_secret="wrong")  # noqa: S106


def test_keys_belong_to_one_company() -> None:
    with Simulator(Books.generate(companies=2)) as sim:
        settings = sim.settings(ERP, companies=["101", "102"], start_date="2024-01-01")
    with pytest.raises(ConfigValidationError, match="one tap per company"):
        parse(settings, TapOmie.settings_class)


def test_the_code_of_nothing_found_with_other_words_is_an_error(sim: Simulator, read: Runs) -> None:
    def unknown(body: dict[str, Any], _: LoggedRequest) -> None:
        body["ListarContasCorrentes"][0]["nCodCC"] = 42

    with (
        sim.tamper(ERP, "ListarContasCorrentes", unknown),
        pytest.raises(ERPValidationError, match=r"Conta corrente \[42\] não cadastrada"),
    ):
        read()


def test_a_blocked_key_ends_the_run_at_once(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(faults.blocked(1678), endpoint="ListarExtrato", times=None)
    with pytest.raises(ERPRateLimitError, match="1678 seconds"):
        read(max_concurrency=1)
    assert rule.hits == 1


def test_faults_are_not_tried_again_since_ten_block_the_key(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(
        faults.omie("SOAP-ENV:Client-5001", "ERROR: Tag [X] não faz parte da estrutura"),
        endpoint="ListarCategorias",
        times=None,
    )
    with pytest.raises(ERPValidationError, match=r"Tag \[X\]"):
        read()
    assert rule.hits == 1


@pytest.mark.parametrize(
    "fault", [faults.status(503), faults.html(502), faults.html(200), faults.rate_limited()]
)
@pytest.mark.parametrize("method", ["ListarCategorias", "ListarExtrato", "PesquisarLancamentos"])
def test_what_passes_is_tried_again(sim: Simulator, read: Runs, method: str, fault: Any) -> None:
    rule = sim.faults.add(fault, endpoint=method)
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    assert rule.hits == 1


def test_an_outage_is_no_empty_period(sim: Simulator, read: Runs) -> None:
    sim.faults.add(faults.html(502), endpoint="ListarExtrato", times=None)
    with pytest.raises(ERPConnectionError):
        read()


def test_the_same_call_too_soon_waits_as_long_as_omie_says(sim: Simulator, read: Runs) -> None:
    words = "ERROR: Consumo redundante detectado. Aguarde 0 segundos. (REDUNDANT)"
    rule = sim.faults.add(faults.omie("SOAP-ENV:Client-6", words), endpoint="ListarExtrato")
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    assert rule.hits == 1


def test_omie_s_own_limits_are_kept(sim: Simulator, read: Runs) -> None:
    sim.limits.real()
    must_equal(read(end_date="2024-01-31", rate_limit={}), sim.cash(ERP), 1)
    assert sim.limits.rejected(ERP) == 0
    assert sim.requests.most_in_flight(ERP) <= 4


def test_calls_of_one_method_queue(sim: Simulator, read: Runs) -> None:
    sim.omie_public.one_at_a_time = True  # and Omie bounces any other
    must_equal(read(end_date="2024-01-31", max_concurrency=4), sim.cash(ERP), 1)
    assert {one.status for one in sim.requests.select(ERP)} == {200}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SOAP-ENV:Client-500", "Limite de requisições por segundo excedido"),
        ("SOAP-ENV:Server", "Erro temporário no servidor. Tente novamente."),
        ("SOAP-ENV:Server", "Timeout na consulta"),
        ("SOAP-ENV:Client-5020", "ERROR: Falha ao consultar."),
    ],
)
def test_temporary_faults_in_words_are_tried_again(
    sim: Simulator, read: Runs, code: str, words: str
) -> None:
    rule = sim.faults.add(faults.omie(code, words), endpoint="ListarExtrato", times=2)
    must_equal(read(end_date="2024-01-31"), sim.cash(ERP), 1)
    assert rule.hits == 2
