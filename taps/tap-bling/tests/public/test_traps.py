# ruff: noqa: INP001 -- packages named tests would hide one another
"""Each trap of Bling's public API: the simulator sets it, and the ledger must not fall into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPRateLimitError,
    ERPValidationError,
)
from simulator import Simulator, faults
from simulator.bling_public import OPENED, rows
from simulator.cash import Category
from simulator.requestlog import LoggedRequest
from tap_bling.tap import TapBling

ERP = "bling_public"
SINCE, END = date(2024, 1, 1), date(2024, 1, 31)
JANUARY = {"end_date": "2024-01-31"}
Runs = Callable[..., Any]


def code(category: Category) -> str:
    return f"CAT.{category.number}"


def must_equal(done: Any, sim: Simulator) -> None:
    assert done.codes() == []
    assert done.balances(SINCE) == sim.cash(ERP).trial_balance(SINCE, SINCE, END, code)


# What is listed


def test_days_are_always_asked_for_and_at_most_a_year(sim: Simulator, read: Runs) -> None:
    done = read(period="range", start_date="2021-06-15", opening_balances_from=None)
    assert "OPENING_ASSUMED_ZERO" in done.codes()
    asked = sim.requests.select(ERP, "caixas")
    spans = {(one.params["dataInicial"], one.params["dataFinal"]) for one in asked}
    assert spans == {
        ("2021-06-15", "2022-06-14"),
        ("2022-06-15", "2023-06-14"),
        ("2023-06-15", "2024-03-31"),
    }
    assert {one.status for one in asked} == {200}
    money = sim.cash(ERP).accounts[0].id
    (closing,) = [r for r in done.rows["trial_balance"] if r["account_code"] == f"CC.{money}"]
    assert closing["net_closing_balance"] == sim.cash(ERP).balance(money, date(2024, 4, 1))


@pytest.mark.parametrize("size", [7, 100])
def test_pages_end_when_one_is_empty(sim: Simulator, read: Runs, size: int) -> None:
    sim.bling_public.page_cap = 3  # of the 100 asked for, and Bling does not say so
    sim.bling_public.cash_page = size
    must_equal(read(**JANUARY), sim)
    assert not [one for one in sim.requests.select(ERP, "caixas") if "limite" in one.params]


def test_a_page_that_comes_again_is_an_error(sim: Simulator, read: Runs) -> None:
    first: list[dict[str, Any]] = []

    def same(body: dict[str, Any], request: LoggedRequest) -> dict[str, Any] | None:
        if request.params["dataInicial"] != "2024-01-01":
            return None
        first.append(body)
        return first[0]

    with (
        sim.tamper(ERP, "caixas", same),
        pytest.raises(ERPValidationError, match="page 2 of the money movements repeats page 1"),
    ):
        read(**JANUARY)


def test_a_movement_that_slides_onto_the_next_page_counts_once(sim: Simulator, read: Runs) -> None:
    sim.bling_public.cash_page = 7
    last: list[Any] = []

    def slide(body: dict[str, Any], request: LoggedRequest) -> None:
        page = body["data"]
        if page and request.params["dataInicial"] == "2024-01-01":
            page[:0] = last
            last[:] = [dict(row) for row in page[-1:]]

    with sim.tamper(ERP, "caixas", slide):
        done = read(**JANUARY)
    # Read again, it slides again: what came twice is told, and counts once.
    assert set(done.codes()) == {"DUPLICATE_ENTRY"}
    assert done.balances(SINCE) == sim.cash(ERP).trial_balance(SINCE, SINCE, END, code)
    first = [
        one
        for one in sim.requests.select(ERP, "caixas", lambda r: r.page == 1)
        if one.params["dataInicial"] == "2024-01-01"
    ]
    assert len(first) == 3


def test_deleted_movements_are_none(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    gone = cash.delete(next(m for m in cash.between(SINCE, END) if m.kind == "direct").id)
    assert [row.id for row in rows(cash) if row.deleted] == [one.id for one in gone]
    must_equal(read(**JANUARY), sim)
    assert {one.params["situacao"] for one in sim.requests.select(ERP, "caixas")} == {"R"}


def test_deleted_movements_are_none_even_if_they_are_listed(sim: Simulator, read: Runs) -> None:
    sim.bling_public.ignores_situation = True
    cash = sim.cash(ERP)
    gone = cash.delete(next(m for m in cash.between(SINCE, END) if m.kind == "direct").id)
    must_equal(read(**JANUARY), sim)
    assert sim.requests.count(ERP, "caixa", lambda r: r.path.endswith(f"/{gone[0].id}")) == 0


@pytest.mark.parametrize("situation", ["E", "C", "N", "P", "H", "c"])
def test_only_what_is_registered_is_posted(sim: Simulator, read: Runs, situation: str) -> None:
    cash = sim.cash(ERP)
    gone = next(m for m in cash.between(SINCE, END) if m.kind == "direct")
    with sim.tamper(ERP, "caixas", marked(gone.id, situation)):
        done = read(**JANUARY)
    cash.delete(gone.id)
    must_equal(done, sim)


def test_a_situation_that_is_not_known_is_told_and_not_posted(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    one = next(m for m in cash.between(SINCE, END) if m.kind == "direct")
    with sim.tamper(ERP, "caixas", marked(one.id, "X")):
        done = read(**JANUARY)
    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("UNKNOWN_SITUATION", "error")
    assert "situacao is 'X'" in issue["message"]
    cash.delete(one.id)
    assert done.balances(SINCE) == cash.trial_balance(SINCE, SINCE, END, code)


def marked(number: int, situation: str) -> Callable[[dict[str, Any], object], None]:
    def mark(body: dict[str, Any], _: object) -> None:
        for row in body["data"]:
            if row["id"] == str(number):
                row["situacao"] = situation

    return mark


def test_rows_of_other_days_are_told_and_not_counted(sim: Simulator, read: Runs) -> None:
    def this_month(body: dict[str, Any], _: object) -> None:
        for row in body["data"]:
            row["data"] = "2026-11-02"

    def this_month_too(body: dict[str, Any], _: object) -> None:
        body["data"]["data"] = "2026-11-02"

    with (
        sim.tamper(ERP, "caixas", this_month),
        sim.tamper(ERP, "caixa", this_month_too),
    ):
        done = read(**JANUARY)
    assert set(done.codes()) == {"OUT_OF_PERIOD"}
    assert done.rows["subledger"] == []


# What details hold


def test_details_are_asked_for_where_the_list_lacks_the_category(
    sim: Simulator, read: Runs
) -> None:
    must_equal(read(**JANUARY), sim)
    listed = [row for row in rows(sim.cash(ERP)) if OPENED <= row.day <= END]
    asked = [one.path.rpartition("/")[2] for one in sim.requests.select(ERP, "caixa")]
    # The list has the number as text, the details as a number.
    assert sorted(asked) == sorted(str(row.id) for row in listed)


def test_details_are_not_asked_for_where_the_list_has_it(sim: Simulator, read: Runs) -> None:
    sim.bling_public.category_in_list = True
    must_equal(read(**JANUARY), sim)
    assert sim.requests.count(ERP, "caixa") == 0


@pytest.mark.parametrize("absent", [("transferencia", "saldo"), ("transferencia",), ("saldo",)])
def test_a_category_in_the_list_does_not_say_that_it_is_no_transfer_or_opening(
    sim: Simulator, read: Runs, absent: tuple[str, ...]
) -> None:
    sim.bling_public.category_in_list = sim.bling_public.transfer_category = True

    def category_alone(body: dict[str, Any], _: object) -> None:
        for row in body["data"]:
            for name in absent:
                row.pop(name, None)

    with sim.tamper(ERP, "caixas", category_alone):
        must_equal(read(**JANUARY), sim)


def test_a_movement_that_has_gone_since_it_was_listed_is_none(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    gone = next(m for m in cash.between(SINCE, END) if m.kind == "direct")
    body = b'{"error":{"type":"RESOURCE_NOT_FOUND","message":"O recurso foi removido"}}'

    def is_deleted(one: LoggedRequest) -> bool:
        return one.path.endswith(f"/{gone.id}") and bool(cash.delete(gone.id))

    rule = sim.faults.add(
        faults.answer(404, body, "application/json"), endpoint="caixa", where=is_deleted
    )
    done = read(**JANUARY)
    assert rule.hits == 1
    must_equal(done, sim)


def test_details_of_another_movement_are_an_error(sim: Simulator, read: Runs) -> None:
    def other(body: dict[str, Any], _: object) -> None:
        body["data"]["id"] += 1

    with (
        sim.tamper(ERP, "caixa", other),
        pytest.raises(ERPValidationError, match="were asked for"),
    ):
        read(**JANUARY)


@pytest.mark.parametrize(
    "other",
    [
        lambda row: {"debCred": "D" if row["debCred"] == "C" else "C"},
        lambda row: {"valor": row["valor"] + 1},
        lambda _: {"contaFinanceira": {"id": 4711}},
    ],
)
def test_details_that_say_other_money_than_the_list_are_told_and_not_posted(
    sim: Simulator, read: Runs, other: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "direct")

    def odd(body: dict[str, Any], _: object) -> None:
        if body["data"]["id"] == one.id:
            body["data"] |= other(body["data"])

    with sim.tamper(ERP, "caixa", odd):
        done = read(**JANUARY)
    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("INVALID_RECORD", "error")
    assert "in the movement's details, but" in issue["message"]
    assert not [row for row in done.rows["subledger"] if row["entry_id"] == str(one.id)]


def test_what_a_binary_float_adds_is_wiped_off(sim: Simulator, read: Runs) -> None:
    def add(body: dict[str, Any], _: object) -> None:
        for row in [body["data"]] if isinstance(body["data"], dict) else body["data"]:
            row["valor"] += Decimal("0.00000000000000004")

    with sim.tamper(ERP, "caixa", add), sim.tamper(ERP, "caixas", add):
        must_equal(read(**JANUARY, amounts="decimal"), sim)


def test_a_category_of_both_kinds_has_a_type_only_if_names_say_so(
    sim: Simulator, read: Runs
) -> None:
    def both(body: dict[str, Any], _: object) -> None:
        own = [row for row in body["data"] if row["idCategoriaPai"]]
        for row, name in zip(own, ("Diversos", "Receitas financeiras"), strict=False):
            row |= {"tipo": 3, "idCategoriaPai": 0, "descricao": name}

    with sim.tamper(ERP, "receitas-despesas", both):
        done = read(**JANUARY)
    (issue,) = done.rows["validation_issues"]
    assert (issue["code"], issue["severity"]) == ("UNKNOWN_ACCOUNT_TYPE", "warning")
    types = {row["account_name"]: row["account_type"] for row in done.rows["trial_balance"]}
    assert (types["Diversos"], types["Receitas financeiras"]) == (None, "REVENUE")


def test_saldo_is_a_flag_and_no_amount(sim: Simulator, read: Runs) -> None:
    done = read(**JANUARY)
    must_equal(done, sim)
    held = {f"CC.{one.id}": one.initial for one in sim.cash(ERP).accounts}
    assert {name: done.balances(SINCE)[name][1] for name in held} == held
    assert done.balances(SINCE)["OPENING"][1] == -sum(held.values())


def test_transfers_go_through_the_clearing_account(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    moved = [one.amount for one in cash.between(SINCE, END) if one.kind == "transfer"]
    assert moved
    _, opening, debit, credit, closing = read(**JANUARY).balances(SINCE)["CLEARING.TRANSFER"]
    assert (opening, closing) == (0, 0)
    assert debit == credit == sum(amount for amount in moved if amount > 0)


@pytest.mark.parametrize("in_list", [False, True])
def test_a_transfer_is_known_by_its_flag_whatever_its_category(
    sim: Simulator, read: Runs, *, in_list: bool
) -> None:
    sim.bling_public.transfer_category = True
    sim.bling_public.category_in_list = in_list
    must_equal(read(**JANUARY), sim)


@pytest.mark.parametrize("flag", [{"id": 5}, "talvez", [7]])
def test_what_is_no_flag_is_told_and_not_posted(sim: Simulator, read: Runs, flag: object) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "direct")

    def odd(body: dict[str, Any], _: object) -> None:
        if body["data"]["id"] == one.id:
            body["data"]["transferencia"] = flag

    with sim.tamper(ERP, "caixa", odd):
        (issue,) = read(**JANUARY).rows["validation_issues"]
    assert issue["code"] == "INVALID_RECORD"
    assert "transferencia is" in issue["message"]


def test_the_text_is_what_was_noted_and_not_the_category_s_name(sim: Simulator, read: Runs) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "direct")
    done = read(**JANUARY)
    said = {r["description"] for r in done.rows["subledger"] if r["entry_id"] == str(one.id)}
    assert said == {one.description}


def test_what_went_out_may_have_its_sign_once_more(sim: Simulator, read: Runs) -> None:
    def signed(body: dict[str, Any], _: object) -> None:
        row = body["data"]
        if row["debCred"] == "D":
            row["valor"] = -row["valor"]

    with sim.tamper(ERP, "caixa", signed):
        must_equal(read(**JANUARY), sim)


def test_money_that_came_in_below_zero_is_told(sim: Simulator, read: Runs) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.amount > 0)

    def signed(body: dict[str, Any], _: object) -> None:
        if body["data"]["id"] == one.id:
            body["data"]["valor"] = -body["data"]["valor"]

    with sim.tamper(ERP, "caixa", signed):
        (issue,) = read(**JANUARY).rows["validation_issues"]
    assert (issue["code"], "with debCred C" in issue["message"]) == ("INVALID_RECORD", True)
    assert issue["message"].endswith("whether money came in or went out.")


def test_php_writes_an_empty_object_as_a_list(sim: Simulator, read: Runs) -> None:
    sim.bling_public.empty_as_list = True

    def empty(body: dict[str, Any], _: object) -> None:
        body["data"]["origem"] = []

    with sim.tamper(ERP, "caixa", empty):
        must_equal(read(**JANUARY), sim)


def test_days_may_come_as_people_write_them(sim: Simulator, read: Runs) -> None:
    sim.bling_public.brazilian_dates = True
    must_equal(read(**JANUARY), sim)


def test_a_movement_without_category_is_kept_and_told(sim: Simulator, read: Runs) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "direct")

    def without(body: dict[str, Any], _: object) -> None:
        if body["data"]["id"] == one.id:
            body["data"]["categoria"] = {"id": 0}

    with sim.tamper(ERP, "caixa", without):
        done = read(**JANUARY)
    assert done.codes() == ["MISSING_CATEGORY"]
    (line,) = [row for row in done.rows["subledger"] if row["account_code"] == "CAT.NONE"]
    assert line["credit_amount"] - line["debit_amount"] == one.amount
    assert done.rows["periods"][0]["is_balanced"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("data", "0000-00-00", "data is '0000-00-00'"),
        ("valor", "1.234", "valor"),
        ("debCred", "X", "debCred"),
        ("contaFinanceira", {"id": 0}, "contaFinanceira is missing"),
    ],
)
def test_a_row_that_cannot_be_read_is_told(
    sim: Simulator, read: Runs, name: str, value: object, said: str
) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "direct")

    def spoil(body: dict[str, Any], _: object) -> None:
        if body["data"]["id"] == one.id:
            body["data"][name] = value

    with sim.tamper(ERP, "caixa", spoil):
        done = read(**JANUARY)
    (issue,) = done.rows["validation_issues"]
    assert issue["code"] == "INVALID_RECORD"
    assert said in issue["message"]
    assert issue["raw"]["id"] == one.id
    assert str(one.id) not in {row["entry_id"] for row in done.rows["subledger"]}


@pytest.mark.parametrize("endpoint", ["caixas", "caixa", "contas-contabeis", "dados-basicos"])
def test_another_shape_is_an_error(sim: Simulator, read: Runs, endpoint: str) -> None:
    with (
        sim.tamper(ERP, endpoint, lambda _body, _request: {"retorno": {}}),
        pytest.raises(ERPValidationError, match="'data'"),
    ):
        read(**JANUARY)


# Whose books, tokens, limits


def test_the_books_of_another_company_are_an_error(sim: Simulator, read: Runs) -> None:
    with pytest.raises(ERPValidationError, match=r"books of Aurora.*12\.345\.001/0001-95.*ACME"):
        read(companies=[{"id": "ACME"}], **JANUARY)
    with pytest.raises(ERPValidationError, match="set erp_id"):
        read(companies=[{"id": "ACME", "erp_id": "12345002000195"}], **JANUARY)
    assert sim.requests.count(ERP, "caixas") == 0


@pytest.mark.parametrize("known_as", ["12345001000195", "emp101"])
def test_a_company_is_known_by_any_of_its_numbers(
    sim: Simulator, read: Runs, known_as: str
) -> None:
    must_equal(read(companies=[{"id": "ACME", "erp_id": known_as}], **JANUARY), sim)


def test_an_application_that_may_not_read_whose_books_these_are_goes_on(
    sim: Simulator, read: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    sim.bling_public.scope = False
    must_equal(read(**JANUARY), sim)
    assert "nothing proves that they are those of ACME" in caplog.text


def test_a_missing_scope_elsewhere_is_an_authentication_error(sim: Simulator, read: Runs) -> None:
    sim.faults.add(faults.forbidden(), endpoint="caixas", times=None)
    with pytest.raises(ERPAuthenticationError, match="escopo"):
        read(**JANUARY)


def test_tokens_are_asked_for_as_bling_wants(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)
    (form,) = sim.tokens.requests
    assert form["grant_type"] == "refresh_token"
    assert "client_secret" not in form
    for one in sim.requests.select(ERP):
        assert one.headers["enable-jwt"] == "1"
    (token,) = sim.requests.select(ERP, "token")
    assert token.headers["authorization"].startswith("Basic ")


def test_an_expired_token_is_renewed(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(faults.expired_token(), endpoint="caixas")
    must_equal(read(**JANUARY), sim)
    assert rule.hits == 1
    assert sim.tokens.count == 2


def test_a_used_up_refresh_token_is_an_authentication_error(sim: Simulator, read: Runs) -> None:
    spent = sim.credentials(ERP)
    must_equal(read(**JANUARY, **spent), sim)
    with pytest.raises(ERPAuthenticationError):
        read(**JANUARY, **spent)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"auth_type": "api_key", "api_key": "k"}, "auth_type must be one of oauth2, bearer_token"),
        ({"refresh_token": None}, "refresh_token must be set"),
        ({"api_version": "v2"}, "leave api_version out"),
        ({"companies": [{"id": "A"}, {"id": "B"}]}, "one tap per company"),
    ],
)
def test_wrong_settings_are_told_before_any_call(
    sim: Simulator, read: Runs, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigValidationError, match=said):
        read(**JANUARY, **more)
    assert len(sim.requests) == 0


def test_a_second_s_limit_is_waited_for(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(faults.rate_limited(reason="rate"), endpoint="contas-contabeis")
    must_equal(read(**JANUARY), sim)
    assert rule.hits == 1


def test_a_day_s_limit_ends_the_run(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(faults.rate_limited(reason="day"), endpoint="caixas", times=None)
    with pytest.raises(ERPRateLimitError, match="tomorrow"):
        read(**JANUARY)
    assert rule.hits <= 3  # those that were under way together


def test_an_unknown_error_of_status_400_is_final(sim: Simulator, read: Runs) -> None:
    body = b'{"error":{"type":"UNKNOWN_ERROR","message":"Ocorreu um erro"}}'
    rule = sim.faults.add(
        faults.answer(400, body, "application/json"), endpoint="contas-contabeis", times=None
    )
    with pytest.raises(ERPValidationError, match="Ocorreu um erro"):
        read(**JANUARY)
    assert rule.hits == 1


@pytest.mark.parametrize("endpoint", ["receitas-despesas", "caixas", "caixa"])
def test_what_passes_is_tried_again(sim: Simulator, read: Runs, endpoint: str) -> None:
    rule = sim.faults.add(faults.status(503), endpoint=endpoint)
    must_equal(read(**JANUARY), sim)
    assert rule.hits == 1


def test_an_outage_is_no_empty_period(sim: Simulator, read: Runs) -> None:
    sim.faults.add(faults.html(502), endpoint="caixas", times=None)
    with pytest.raises(ERPConnectionError):
        read(**JANUARY)


def test_bling_s_own_limits_are_kept(sim: Simulator, read: Runs) -> None:
    usual = TapBling.defaults.of("public")
    assert (usual.rate.requests, usual.rate.interval, usual.rate.burst) == (3, 1, 3)
    assert (usual.rate.per_day, usual.max_concurrency) == (120_000, 3)
    sim.bling_public.category_in_list = True
    sim.limits.real()
    read(rate_limit={}, **JANUARY)
    assert sim.limits.rejected(ERP) == 0
    assert sim.requests.most_in_flight(ERP) <= 3
