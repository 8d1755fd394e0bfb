# ruff: noqa: INP001 -- packages named tests would hide one another
"""Each trap of Conta Azul's public API: the simulator sets it, the ledger must not fall into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPRateLimitError,
    ERPValidationError,
)
from erp_common.setup.parse import parse
from harness.runs import Run, Runs
from simulator import Simulator, faults
from simulator.cash import Movement
from simulator.contaazul_public import SIZES, money_in
from simulator.contaazul_rows import CENTERS
from simulator.installments import OPENED, Extras, uuid
from simulator.requestlog import LoggedRequest
from tap_contaazul.tap import TapContaAzul

ERP = "contaazul_public"
SINCE, END = date(2024, 1, 1), date(2024, 1, 31)
JANUARY = {"end_date": "2024-01-31"}
SEARCHES = ("contas-a-receber", "contas-a-pagar")


def must_equal(done: Run, sim: Simulator) -> None:
    assert done.codes() == []
    assert done.balances(SINCE) == money_in(sim.cash(ERP), SINCE, SINCE, END)


def searches(sim: Simulator) -> list[LoggedRequest]:
    return [one for one in sim.requests.select(ERP) if one.endpoint in SEARCHES]


@pytest.fixture
def plain(sim: Simulator) -> Movement:
    """A settlement of 105.00 by a customer, alone in its event."""
    cash = sim.cash(ERP)
    made = Movement(
        990_000_001,
        cash.accounts[0].id,
        date(2024, 1, 12),
        Decimal("105.00"),
        (("1.01.01", Decimal("105.00")),),
        "direct",
        "Consultoria",
    )
    cash.add(made)
    return made


def lines(done: Run, one: Movement) -> dict[str, Decimal]:
    """What the entry of a settlement posts, debits positive, by the simulator's own codes."""
    number = uuid("settlement", f"{one.id}/{one.id}")
    names = {f"CAT.{uuid('category', code)}": code for code in CODES}
    found: dict[str, Decimal] = {}
    for row in done.rows["subledger"]:
        if row["entry_id"] == number:
            name = names.get(row["account_code"], row["account_code"][:2])
            amount = row["debit_amount"] - row["credit_amount"]
            found[name] = found.get(name, Decimal(0)) + amount
    return found


CODES = ("1.01.01", "1.01.02", "1.02.01", "2.01.01", "2.04.01", "2.04.02", "2.04.03")


# Lists


def test_due_dates_are_always_asked_for_and_at_most_ninety_days(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)
    for endpoint in SEARCHES:
        asked = sim.requests.select(ERP, endpoint)
        days = sorted(
            (one.params["data_vencimento_de"], one.params["data_vencimento_ate"]) for one in asked
        )
        assert {one.status for one in asked} == {200}
        assert date.fromisoformat(days[0][0]) <= date(2019, 1, 1)
        assert date.fromisoformat(days[-1][1]) >= date(2026, 1, 31)
        for (_, last), (first, _) in pairwise(days):
            assert date.fromisoformat(first) - date.fromisoformat(last) == timedelta(days=1)


def test_one_search_serves_all_periods(sim: Simulator, read: Runs) -> None:
    read(period="range", start_date="2024-01-01")
    once = len(searches(sim))
    sim.requests.clear()
    assert read(period="month").codes() == []
    assert len(searches(sim)) == once
    assert {one.params["data_pagamento_de"] for one in searches(sim)} == {"2023-12-31"}
    assert {one.params["data_pagamento_ate"] for one in searches(sim)} == {"2024-03-31"}


def test_what_was_due_years_before_or_after_it_was_paid_is_found(
    sim: Simulator, read: Runs
) -> None:
    cash = sim.cash(ERP)
    first, second = [one for one in cash.between(SINCE, END) if one.kind == "direct"][:2]
    march = date(2024, 3, 1), date(2024, 3, 31)
    last = [one for one in cash.between(*march) if one.kind == "direct"][-1]
    sim.plans.due[first.id] = date(2019, 2, 1)
    sim.plans.due[second.id] = date(2025, 12, 31)
    sim.plans.due[last.id] = date(2026, 3, 31)
    done = read()
    must_equal(done, sim)
    assert done.balances(march[0]) == money_in(cash, SINCE, *march)


def test_sizes_are_those_that_there_are(sim: Simulator, read: Runs) -> None:
    for size in (10, 1000):
        sim.requests.clear()
        must_equal(read(page_size=size, **JANUARY), sim)
        sizes = {one.params.get("tamanho_pagina") for one in sim.requests.select(ERP)}
        assert sizes - {None} == {str(size)}
    with pytest.raises(ConfigValidationError, match="page_size must be one of 10, 20, 50, 100"):
        read(page_size=300, **JANUARY)
    assert {10, 20, 50, 100, 200, 500, 1000} == SIZES


@pytest.mark.parametrize("sim", [40], indirect=True, ids=lambda movements: f"{movements} a month")
def test_pages_end_by_the_number_of_rows(sim: Simulator, read: Runs) -> None:
    must_equal(read(page_size=10, **JANUARY), sim)
    pages = [one.page for one in sim.requests.select(ERP, "transferencias")]
    assert max(page or 0 for page in pages) > 1
    for one in sim.requests.select(ERP):
        assert one.status == 200


@pytest.mark.parametrize(("wrong", "said"), [(3, "announced"), (-1, "itens_totais is")])
def test_a_wrong_total_is_an_error(sim: Simulator, read: Runs, wrong: int, said: str) -> None:
    def off(body: dict[str, Any], _: object) -> None:
        if body["itens"]:
            body["itens_totais"] += wrong

    with (
        sim.tamper(ERP, "contas-a-pagar", off),
        pytest.raises(ERPValidationError, match=said),
    ):
        read(**JANUARY)


def test_a_missing_total_is_an_error(sim: Simulator, read: Runs) -> None:
    def without(body: dict[str, Any], _: object) -> None:
        del body["itens_totais"]

    with (
        sim.tamper(ERP, "contas-a-receber", without),
        pytest.raises(ERPValidationError, match="itens_totais is None"),
    ):
        read(**JANUARY)


@pytest.mark.parametrize(
    "filters",
    [
        ("data_pagamento_de", "data_pagamento_ate"),
        ("data_vencimento_de", "data_vencimento_ate"),
        ("data_inicio", "data_fim"),
    ],
)
def test_a_filter_that_is_ignored_posts_nothing_wrong(
    sim: Simulator, read: Runs, filters: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    sim.contaazul_public.ignored = set(filters)
    must_equal(read(**JANUARY), sim)
    assert ("due on other days than it was asked for" in caplog.text) == (
        filters[0] == "data_vencimento_de"
    )


def test_details_are_asked_for_what_was_paid_alone(sim: Simulator, read: Runs) -> None:
    sim.contaazul_public.ignored = {"data_pagamento_de", "data_pagamento_ate"}
    unpaid = {uuid("installment", one.id) for one in sim.cash(ERP).movements if one.forecast}
    assert unpaid
    must_equal(read(**JANUARY), sim)
    asked = {one.path.rpartition("/")[2] for one in sim.requests.select(ERP, "parcela")}
    assert not asked & unpaid


def test_all_money_accounts_are_asked_for(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)  # one is inactive, another is a cash box
    (asked,) = sim.requests.select(ERP, "conta-financeira")
    assert asked.params["esconde_conta_digital"] == "false"


def test_headings_are_asked_for(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)
    (asked,) = sim.requests.select(ERP, "categorias")
    assert asked.params["permite_apenas_filhos"] == "false"


def test_cost_centers_are_called_items(sim: Simulator, read: Runs) -> None:
    done = read(**JANUARY)
    must_equal(done, sim)
    (asked,) = sim.requests.select(ERP, "centro-de-custo")
    assert asked.params["filtro_rapido"] == "TODOS"
    # A code where there is one, else the name.
    found = {row["cost_center"] for row in done.rows["subledger"]}
    assert found == {None, *(code or name for name, code in CENTERS)}


# What settled an installment


def test_the_apportionment_of_an_event_is_repeated_on_each_installment(
    sim: Simulator, read: Runs
) -> None:
    must_equal(read(**JANUARY), sim)
    sim.contaazul_public.event_scoped = False
    must_equal(read(**JANUARY), sim)


def test_an_installment_settled_in_two_periods_is_asked_for_once(
    sim: Simulator, read: Runs
) -> None:
    cash, plans = sim.cash(ERP), sim.plans
    days = {one.id: one.date for one in cash.movements}
    later, first = next(
        (later, first)
        for later, first in plans.settles.items()
        if days[first].month < days[later].month
    )
    done = read()
    asked = [
        one
        for one in sim.requests.select(ERP, "parcela")
        if one.path.endswith(uuid("installment", first))
    ]
    assert len(asked) == 1
    for movement in (first, later):
        number = uuid("settlement", f"{movement}/{movement}")
        rows = [row for row in done.rows["subledger"] if row["entry_id"] == number]
        assert {row["transaction_date"] for row in rows} == {days[movement]}


def test_interest_fines_discounts_and_fees_have_categories_of_their_own(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    extras = Extras(Decimal(10), Decimal(5), Decimal(4), Decimal("1.50"))
    sim.plans.extras[plain.id] = extras  # 95.50 of face value
    assert lines(read(**JANUARY), plain) == {
        "CC": Decimal("105.00"),
        "1.01.01": Decimal("-100.50"),  # with the fine, for which no category is chosen
        "1.02.01": Decimal(-10),
        "2.01.01": Decimal(4),
        "2.04.03": Decimal("1.50"),
    }


def test_without_a_choice_they_fall_to_the_movement_s_category(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    sim.contaazul_public.configured = False
    sim.plans.extras[plain.id] = Extras(interest=Decimal(10), discount=Decimal(4))
    amount = Decimal("105.00")
    assert lines(read(**JANUARY), plain) == {"CC": amount, "1.01.01": -amount}


def test_a_settlement_of_nothing_but_a_discount_is_an_entry(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    sim.plans.extras[plain.id] = Extras(discount=Decimal(105))
    sim.cash(ERP).edit(plain.id, amount=Decimal(0))  # a payable, since nothing came in

    def no_money(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            if row["id"] == uuid("installment", plain.id):
                row["pago"] = 0

    with sim.tamper(ERP, "contas-a-pagar", no_money):
        done = read(**JANUARY)
    assert done.codes() == []
    amount = Decimal(105)
    assert lines(done, plain) == {"CC": 0, "1.01.01": amount, "1.01.02": -amount}


def test_statuses_of_the_search_decide_nothing(sim: Simulator, read: Runs) -> None:
    def otherwise(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            row["status"] = row["status_traduzido"] = "RENEGOCIADO"

    def late(body: dict[str, Any], _: object) -> None:
        body["status"] = "PERDIDO"

    with (
        sim.tamper(ERP, "contas-a-receber", otherwise),
        sim.tamper(ERP, "contas-a-pagar", otherwise),
        sim.tamper(ERP, "parcela", late),
    ):
        must_equal(read(**JANUARY), sim)


def test_a_cancelled_installment_moves_nothing(sim: Simulator, read: Runs, plain: Movement) -> None:
    def cancel(body: dict[str, Any], _: object) -> None:
        if body["id"] == uuid("installment", plain.id):
            body.update(status="CANCELADO", baixas=[], valor_pago=0)

    with sim.tamper(ERP, "parcela", cancel):
        done = read(**JANUARY)
    sim.cash(ERP).delete(plain.id)
    must_equal(done, sim)


def test_an_installment_deleted_since_it_was_listed_is_none(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    gone = uuid("installment", plain.id)

    def is_deleted(one: LoggedRequest) -> bool:
        if not one.path.endswith(gone):
            return False
        sim.cash(ERP).delete(plain.id)
        return True

    rule = sim.faults.add(faults.status(404), endpoint="parcela", where=is_deleted)
    done = read(**JANUARY)
    assert rule.hits == 1
    must_equal(done, sim)


def test_an_installment_that_is_listed_still_is_asked_for_again(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    gone = uuid("installment", plain.id)
    sim.faults.add(
        faults.status(404), endpoint="parcela", where=lambda one: one.path.endswith(gone)
    )
    must_equal(read(**JANUARY), sim)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("said_by", ["event", "settlement"])
def test_transfers_and_initial_balances_count_once(
    sim: Simulator, read: Runs, *, listed: bool, said_by: str
) -> None:
    def by_one_alone(body: dict[str, Any], _: object) -> None:
        if said_by == "settlement":
            body["evento"]["referencia"] = None
        else:
            for settled in body["baixas"]:
                del settled["origem"]

    sim.contaazul_public.transfers_listed = listed
    with sim.tamper(ERP, "parcela", by_one_alone):
        done = read(**JANUARY)
    must_equal(done, sim)
    moved = [m.amount for m in sim.cash(ERP).between(SINCE, END) if m.kind == "transfer"]
    assert moved
    _, opening, debit, credit, closing = done.balances(SINCE)["CLEARING.TRANSFER"]
    assert (opening, closing) == (0, 0)
    assert debit == credit == sum(amount for amount in moved if amount > 0)


def test_the_sides_of_a_transfer_may_have_days_of_their_own(sim: Simulator, read: Runs) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "transfer")

    def on_its_way(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            if row["id"] == uuid("transfer", one.id):
                row["destino"]["data"] = "2024-02-01"

    with sim.tamper(ERP, "transferencias", on_its_way):
        done = read(end_date="2024-02-29")
        february = read(start_date="2024-02-01", end_date="2024-02-29", opening_balances_from=None)
    assert done.codes() == []
    amount = abs(one.amount)
    assert done.balances(SINCE)["CLEARING.TRANSFER"][4] == amount
    assert done.balances(date(2024, 2, 1))["CLEARING.TRANSFER"][4] == 0
    # The other side is that of a transfer of another month.
    assert february.balances(date(2024, 2, 1))["CLEARING.TRANSFER"][4] == -amount


def test_settlements_that_the_details_lack_are_asked_for(sim: Simulator, read: Runs) -> None:
    sim.contaazul_public.settlements_in_details = False
    must_equal(read(**JANUARY), sim)
    assert sim.requests.count(ERP, "baixa") == sim.requests.count(ERP, "parcela")


def test_settlements_may_be_listed_like_everything_else(sim: Simulator, read: Runs) -> None:
    sim.contaazul_public.settlements_in_details = False
    with sim.tamper(ERP, "baixa", lambda body, _: {"itens": body, "itens_totais": len(body)}):
        must_equal(read(**JANUARY), sim)


def test_settlements_of_another_shape_are_an_error(sim: Simulator, read: Runs) -> None:
    sim.contaazul_public.settlements_in_details = False
    with (
        sim.tamper(ERP, "baixa", lambda _body, _request: {"baixas": []}),
        pytest.raises(ERPValidationError, match="no list of settlements"),
    ):
        read(**JANUARY)


def test_paid_but_without_a_settlement_is_told(sim: Simulator, read: Runs, plain: Movement) -> None:
    def without(body: dict[str, Any], _: object) -> None:
        if body["id"] == uuid("installment", plain.id):
            body["baixas"] = []

    def nothing(body: list[Any], request: LoggedRequest) -> list[Any] | None:
        return [] if uuid("installment", plain.id) in request.path else body

    with sim.tamper(ERP, "parcela", without), sim.tamper(ERP, "baixa", nothing):
        done = read(**JANUARY)
    (issue,) = done.rows["validation_issues"]
    assert issue["code"] == "INVALID_RECORD"
    assert "baixas are missing, though something was paid" in issue["message"]
    assert issue["raw"]["parcela"]["id"] == uuid("installment", plain.id)


def test_details_of_another_installment_are_an_error(sim: Simulator, read: Runs) -> None:
    def other(body: dict[str, Any], _: object) -> None:
        body["id"] = uuid("installment", "another")

    with (
        sim.tamper(ERP, "parcela", other),
        pytest.raises(ERPValidationError, match="were asked for"),
    ):
        read(**JANUARY)


def test_an_apportionment_without_categories_is_kept_and_told(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    def without(body: dict[str, Any], _: object) -> None:
        if body["id"] == uuid("installment", plain.id):
            body["evento"]["rateio"] = []

    with sim.tamper(ERP, "parcela", without):
        done = read(**JANUARY)
    assert done.codes() == ["MISSING_CATEGORY"]
    (line,) = [row for row in done.rows["subledger"] if row["account_code"] == "CAT.NONE"]
    assert line["credit_amount"] == plain.amount
    assert done.rows["periods"][0]["is_balanced"]


def test_lists_without_rows_may_be_null(sim: Simulator, read: Runs) -> None:
    def null(body: dict[str, Any], _: object) -> None:
        for name in ("itens", "items"):
            if body.get(name) == []:
                body[name] = None

    with (
        sim.tamper(ERP, "contas-a-receber", null),
        sim.tamper(ERP, "contas-a-pagar", null),
        sim.tamper(ERP, "saldo-inicial", null),
        sim.tamper(ERP, "transferencias", null),
    ):
        must_equal(read(**JANUARY), sim)


def test_null_where_rows_are_announced_is_an_error(sim: Simulator, read: Runs) -> None:
    def null(body: dict[str, Any], _: object) -> None:
        body["itens"] = None

    with (
        sim.tamper(ERP, "categorias", null),
        pytest.raises(ERPValidationError, match="announced"),
    ):
        read(**JANUARY)


def test_a_transfer_that_does_not_say_where_from_is_told(sim: Simulator, read: Runs) -> None:
    count = 0

    def nowhere(body: dict[str, Any], _: object) -> None:
        nonlocal count
        for row in body["itens"]:
            row["origem"] = None
            count += str(SINCE) <= row["data"][:10] <= str(END)

    with sim.tamper(ERP, "transferencias", nowhere):
        done = read(**JANUARY)
    told = [r for r in done.rows["validation_issues"] if "origem is empty" in r["message"]]
    assert len(told) == count > 0
    assert {row["code"] for row in told} == {"INVALID_RECORD"}
    assert [r for r in done.rows["subledger"] if r["entry_id"].endswith(".destino")]


# Values


def test_what_a_binary_float_adds_is_wiped_off(sim: Simulator, read: Runs) -> None:
    sim.contaazul_public.dust = True
    must_equal(read(**JANUARY), sim)


def test_dates_may_have_the_form_of_the_guide(sim: Simulator, read: Runs) -> None:
    def by_day(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            row["data_vencimento"] = f"{date.fromisoformat(row['data_vencimento']):%d/%m/%Y}"

    def settled(body: dict[str, Any], _: object) -> None:
        for row in body["baixas"]:
            row["data_pagamento"] = f"{date.fromisoformat(row['data_pagamento']):%d/%m/%Y}"

    with (
        sim.tamper(ERP, "contas-a-receber", by_day),
        sim.tamper(ERP, "contas-a-pagar", by_day),
        sim.tamper(ERP, "parcela", settled),
    ):
        must_equal(read(**JANUARY), sim)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("data_pagamento", "30/02/2024", "data_pagamento is '30/02/2024'"),
        ("conta_financeira", None, "conta_financeira is missing"),
        ("valor_composicao", {"valor_bruto": "1.234"}, "valor_bruto is '1.234'"),
        (
            "valor_composicao",
            {"valor_bruto": 105, "juros": 5, "valor_liquido": 105},
            "valor_liquido is 105, but valor_bruto, juros, multa, desconto and taxa make 110",
        ),
        ("tipo_evento_financeiro", "OUTRO", "evento.tipo is OUTRO"),
        ("id", None, "baixa.id is missing"),
    ],
)
def test_a_settlement_that_cannot_be_read_is_told(
    sim: Simulator, read: Runs, plain: Movement, name: str, value: object, said: str
) -> None:
    def spoil(body: dict[str, Any], _: object) -> None:
        if body["id"] == uuid("installment", plain.id):
            body["baixas"][0][name] = value

    with sim.tamper(ERP, "parcela", spoil):
        done = read(opening_balances_from=None, **JANUARY)
    (issue,) = [row for row in done.rows["validation_issues"] if row["code"] == "INVALID_RECORD"]
    assert said in issue["message"]
    assert issue["raw"]["parcela"]["id"] == uuid("installment", plain.id)
    assert lines(done, plain) == {}


def test_an_installment_without_a_number_is_told(sim: Simulator, read: Runs) -> None:
    def spoil(body: dict[str, Any], _: object) -> None:
        for row in body["itens"][:1]:
            row["id"] = " "

    with sim.tamper(ERP, "contas-a-pagar", spoil):
        done = read(opening_balances_from=None, **JANUARY)
    assert "INVALID_RECORD" in done.codes()
    issue = next(i for i in done.rows["validation_issues"] if i["code"] == "INVALID_RECORD")
    assert "id is missing" in issue["message"]
    assert "data_vencimento" in issue["raw"]


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("conta-financeira", "'itens'"),
        ("categorias", "'itens'"),
        ("configuracao-padrao", "'itens'"),
        ("centro-de-custo", "'items'"),
        ("contas-a-receber", "'itens'"),
        ("contas-a-pagar", "'itens'"),
        ("transferencias", "'itens'"),
        ("saldo-inicial", "'itens'"),
        ("parcela", "details of installment None"),
        ("conta-conectada", "does not say whose books these are"),
    ],
)
def test_another_shape_is_an_error(sim: Simulator, read: Runs, endpoint: str, said: str) -> None:
    with (
        sim.tamper(ERP, endpoint, lambda _body, _request: {"data": {}}),
        pytest.raises(ERPValidationError, match=said),
    ):
        read(**JANUARY)


@pytest.mark.parametrize("endpoint", ["configuracao-padrao", "centro-de-custo"])
def test_a_row_that_is_none_is_an_error(sim: Simulator, read: Runs, endpoint: str) -> None:
    """These are in no stream, so nothing else would tell that one was left out."""

    def spoil(body: Any, _request: object) -> Any:
        if isinstance(body, list):
            return [*body, "x"]
        return {**body, "items": [*body["items"], "x"], "itens_totais": body["itens_totais"] + 1}

    with (
        sim.tamper(ERP, endpoint, spoil),
        pytest.raises(ERPValidationError, match="is no object with fields"),
    ):
        read(**JANUARY)


# Openings, and the proof by what the accounts hold


@pytest.mark.parametrize("unsigned", [False, True])
def test_initial_balances_are_entries_of_their_day(
    sim: Simulator, read: Runs, *, unsigned: bool
) -> None:
    sim.contaazul_public.unsigned = unsigned
    must_equal(read(**JANUARY), sim)
    for one in sim.requests.select(ERP, "saldo-inicial"):
        assert one.status == 200  # no longer than a year, and without an offset
    done = read(start_date="2023-12-01", opening_balances_from=None, **JANUARY)
    held = {f"CC.{uuid('account', a.id)}": a.initial for a in sim.cash(ERP).accounts}
    december = done.balances(date(2023, 12, 1))
    assert {name: december[name][4] for name in held} == held
    rows = [row for row in done.rows["subledger"] if row["account_code"] == "OPENING"]
    assert {row["transaction_date"] for row in rows} == {OPENED}
    assert sum(row["credit_amount"] - row["debit_amount"] for row in rows) == sum(held.values())


def test_a_ledger_that_begins_after_the_books_is_told(read: Runs) -> None:
    done = read(opening_balances_from="2024-01-01", **JANUARY)
    told = [row for row in done.rows["validation_issues"] if row["code"] == "INVALID_RECORD"]
    assert len(told) == 3  # the fourth account held nothing
    for row in told:
        assert "set opening_balances_from to that day or earlier" in row["message"]
    assert all(period["is_balanced"] for period in done.rows["periods"])


def contradictory(body: dict[str, Any], _: object) -> None:
    for row in body["itens"]:
        if row["saldo_inicial"] < 0:
            row["tipo"] = "RECEITA"


def test_a_contradictory_initial_balance_is_told(sim: Simulator, read: Runs) -> None:
    with sim.tamper(ERP, "saldo-inicial", contradictory):
        done = read(**JANUARY)
    assert done.codes() == ["INVALID_RECORD"]
    assert (
        "tipo is RECEITA for a balance of -1890.45"
        in (done.rows["validation_issues"][0]["message"])
    )


TOMORROW = date.today() + timedelta(days=1)  # noqa: DTZ011 - a day that is not over anywhere
TO_NOW: dict[str, Any] = {"period": "year", "end_date": str(TOMORROW)}


def test_what_the_accounts_hold_now_proves_the_ledger(sim: Simulator, read: Runs) -> None:
    done = read(**TO_NOW)
    assert done.codes() == []
    assert sim.requests.count(ERP, "saldo-atual") == len(sim.cash(ERP).accounts)


def test_a_missing_movement_is_disproved(sim: Simulator, read: Runs, plain: Movement) -> None:
    sim.plans.due[plain.id] = date(2015, 1, 1)  # longer ago than anything is searched for
    done = read(**TO_NOW)
    (issue,) = done.rows["validation_issues"]
    account = f"CC.{uuid('account', plain.account)}"
    assert (issue["code"], issue["account_code"]) == ("INVALID_RECORD", account)
    held = sim.cash(ERP).balance(plain.account, date.max)
    assert (issue["expected"], issue["actual"]) == (str(held), str(held - plain.amount))
    assert "one is missing, was changed before the periods read" in issue["message"]


def test_a_card_that_does_not_tie_is_a_warning(sim: Simulator, read: Runs, plain: Movement) -> None:
    account = uuid("account", plain.account)
    sim.plans.due[plain.id] = date(2015, 1, 1)

    def card(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            if row["id"] == account:
                row["tipo"] = "CARTAO_CREDITO"

    with sim.tamper(ERP, "conta-financeira", card):
        (issue,) = read(**TO_NOW).rows["validation_issues"]
    assert (issue["account_code"], issue["severity"]) == (f"CC.{account}", "warning")


@pytest.mark.parametrize(
    "more",
    [
        {},  # over long ago
        {"period": "year", "end_date": "2099-12-31", "opening_balances_from": None},
        {"period": "year", "end_date": "2099-12-31", "validation": "off"},
    ],
)
def test_nothing_is_compared_that_cannot_be(
    sim: Simulator, read: Runs, plain: Movement, more: dict[str, Any]
) -> None:
    sim.plans.due[plain.id] = date(2015, 1, 1)
    done = read(**more)
    assert "INVALID_RECORD" not in done.codes()
    if not more or "validation" in more:
        assert sim.requests.count(ERP, "saldo-atual") == 0


def test_money_dated_after_today_is_not_compared(sim: Simulator, read: Runs) -> None:
    cash = sim.cash(ERP)
    cash.add(
        Movement(
            990_000_002,
            cash.accounts[0].id,
            TOMORROW + timedelta(days=1),
            Decimal(50),
            (("1.01.01", Decimal(50)),),
            "direct",
            "Vence depois",
        )
    )

    def of_now(body: dict[str, Any], request: LoggedRequest) -> None:
        if uuid("account", cash.accounts[0].id) in request.path:
            body["saldo_atual"] -= 50

    with sim.tamper(ERP, "saldo-atual", of_now):
        done = read(**TO_NOW | {"end_date": str(TOMORROW + timedelta(days=1))})
    assert done.codes() == []


# Whose books, tokens, limits


def test_the_books_of_another_company_are_an_error(sim: Simulator, read: Runs) -> None:
    with pytest.raises(ERPValidationError, match=r"books of Aurora.*98765001000142.*ACME"):
        read(companies=[{"id": "ACME"}], **JANUARY)
    assert sim.requests.count(ERP, "conta-financeira") == 0


@pytest.mark.parametrize("known_as", ["98.765.001/0001-42", uuid("company", "101")])
def test_a_company_is_known_by_any_of_its_numbers(
    sim: Simulator, read: Runs, known_as: str
) -> None:
    must_equal(read(companies=[{"id": "ACME", "erp_id": known_as}], **JANUARY), sim)


def test_an_application_that_may_not_read_whose_books_these_are_goes_on(
    sim: Simulator, read: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    sim.contaazul_public.scope = False
    must_equal(read(**JANUARY), sim)
    assert "nothing proves that they are those of ACME" in caplog.text


def test_a_missing_permission_elsewhere_is_an_authentication_error(
    sim: Simulator, read: Runs
) -> None:
    rule = sim.faults.add(faults.forbidden(), endpoint="transferencias", times=None)
    with pytest.raises(ERPAuthenticationError, match="Acesso negado"):
        read(max_concurrency=1, **JANUARY)
    assert rule.hits == 1


def test_nothing_but_reads_is_sent(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)
    assert {one.method for one in sim.requests if one.endpoint != "token"} == {"GET"}


def test_changes_are_not_asked_for(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)
    for one in sim.requests.select(ERP):
        assert one.endpoint != "alteracoes"
        assert not {name for name in one.params if name.startswith("data_alteracao")}


def test_tokens_are_asked_for_as_conta_azul_wants(sim: Simulator, read: Runs) -> None:
    must_equal(read(**JANUARY), sim)
    (form,) = sim.tokens.requests
    assert set(form) == {"grant_type", "refresh_token"}
    assert form["grant_type"] == "refresh_token"
    (token,) = sim.requests.select(ERP, "token")
    assert token.headers["authorization"].startswith("Basic ")
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"


def test_an_expired_token_is_renewed(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(faults.expired_token(), endpoint="parcela")
    must_equal(read(**JANUARY), sim)
    assert rule.hits == 1
    assert sim.tokens.count == 2


def test_a_used_up_refresh_token_is_an_authentication_error(sim: Simulator, read: Runs) -> None:
    spent = sim.credentials(ERP)
    must_equal(read(**JANUARY, **spent), sim)
    with pytest.raises(ERPAuthenticationError, match=r"invalid_grant.*authorise the application"):
        read(**JANUARY, **spent)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"auth_type": "api_key", "api_key": "k"}, "auth_type must be one of oauth2, bearer_token"),
        ({"refresh_token": None}, "refresh_token must be set"),
        ({"page_size": 99}, "page_size must be one of"),
        ({"companies": [{"id": "A"}, {"id": "B"}]}, "one tap per company"),
    ],
)
def test_wrong_settings_are_told_before_any_call(
    sim: Simulator, read: Runs, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigValidationError, match=said):
        read(**JANUARY, **more)
    assert len(sim.requests) == 0


def test_too_many_requests_are_waited_for(sim: Simulator, read: Runs) -> None:
    rule = sim.faults.add(faults.rate_limited(), endpoint="contas-a-pagar")
    must_equal(read(**JANUARY), sim)
    assert rule.hits == 1


def test_too_many_requests_all_along_end_the_run(sim: Simulator, read: Runs) -> None:
    sim.faults.add(faults.rate_limited(), endpoint="categorias", times=None)
    with pytest.raises(ERPRateLimitError, match="allows no more requests"):
        read(**JANUARY)


def test_a_refused_call_is_final(sim: Simulator, read: Runs) -> None:
    body = '{"code":400,"message":"O parâmetro é inválido."}'.encode()
    refusal = faults.answer(400, body, "application/json")
    rule = sim.faults.add(refusal, endpoint="categorias", times=None)
    with pytest.raises(ERPValidationError, match="O parâmetro é inválido"):
        read(**JANUARY)
    assert rule.hits == 1


ENDPOINTS = (
    *("conta-conectada", "conta-financeira", "categorias", "configuracao-padrao"),
    *("centro-de-custo", "contas-a-receber", "contas-a-pagar", "transferencias"),
    *("saldo-inicial", "parcela"),
)


@pytest.mark.parametrize("endpoint", ["token", *ENDPOINTS])
def test_what_passes_is_tried_again(sim: Simulator, read: Runs, endpoint: str) -> None:
    rule = sim.faults.add(faults.status(503), endpoint=endpoint)
    must_equal(read(**JANUARY), sim)
    assert rule.hits == 1


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_outage_is_no_empty_period(sim: Simulator, read: Runs, endpoint: str) -> None:
    sim.faults.add(faults.html(502), endpoint=endpoint, times=None)
    with pytest.raises(ERPConnectionError):
        read(**JANUARY)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_page_for_people_is_no_answer(sim: Simulator, read: Runs, endpoint: str) -> None:
    sim.faults.add(faults.html(200), endpoint=endpoint, times=None)
    with pytest.raises(ERPValidationError):
        read(**JANUARY)


def test_an_error_is_one_sentence(sim: Simulator, run: Callable[..., Run]) -> None:
    sim.faults.add(faults.html(502), endpoint="contas-a-pagar", times=None)
    done = run(retry={"max_attempts": 1}, **JANUARY)
    assert done.status == 1
    assert done.error.endswith("try again later.")
    assert "Conta Azul failed at GET" in done.error
    assert "Traceback" not in done.said


def test_conta_azul_s_own_limits_are_kept(sim: Simulator, read: Runs) -> None:
    usual = TapContaAzul.defaults.of("public")
    # A burst beside 600 a minute would make more than 10 in one second.
    assert (usual.rate.requests, usual.rate.interval, usual.rate.burst) == (600, 60, 1)
    given = {"api": "public", "auth_type": "bearer_token", "access_token": "token"}
    assert parse(given, TapContaAzul.settings_class, books=False).max_concurrency == 4
    assert usual.base_url == "https://api-v2.contaazul.com"
    assert usual.token_url == "https://api-v2.contaazul.com/oauth/token"  # noqa: S105 - an address
    must_equal(read(**JANUARY), sim)
    assert sim.requests.most_in_flight(ERP) <= 4
