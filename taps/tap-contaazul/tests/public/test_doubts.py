# ruff: noqa: INP001 -- packages named tests would hide one another
"""What nobody can be sure of in Conta Azul: it is told, and never becomes money by a guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from erp_common.errors import ERPConnectionError
from harness.runs import Run, Runs
from simulator import Simulator, faults
from simulator.cash import Movement
from simulator.contaazul_public import money_in
from simulator.installments import Extras, uuid
from simulator.requestlog import LoggedRequest

ERP = "contaazul_public"
SINCE, END = date(2024, 1, 1), date(2024, 1, 31)
JANUARY = {"end_date": "2024-01-31"}
TOMORROW = date.today() + timedelta(days=1)  # noqa: DTZ011 - a day that is not over anywhere
TO_NOW: dict[str, Any] = {"period": "year", "end_date": str(TOMORROW)}

Change = Callable[[dict[str, Any], object], None]


@pytest.fixture
def plain(sim: Simulator) -> Movement:
    """A settlement of 105.00 by a customer, alone in its event."""
    cash = sim.cash(ERP)
    parts = (("1.01.01", Decimal("105.00")),)
    day, amount = date(2024, 1, 12), Decimal("105.00")
    made = Movement(990_000_001, cash.accounts[0].id, day, amount, parts, "direct", "Consultoria")
    cash.add(made)
    return made


def of(one: Movement, change: Callable[[dict[str, Any]], object]) -> Change:
    """Change the details of one installment alone."""

    def tamper(body: dict[str, Any], _: object) -> None:
        if body["id"] == uuid("installment", one.id):
            change(body)

    return tamper


def told(done: Run) -> list[tuple[str, str]]:
    return [(row["code"], row["severity"]) for row in done.rows["validation_issues"]]


def must_be_posted(done: Run, sim: Simulator) -> None:
    assert done.balances(SINCE) == money_in(sim.cash(ERP), SINCE, SINCE, END)
    assert done.rows["periods"][0]["is_balanced"]


def must_be_left_out(done: Run, sim: Simulator, one: Movement) -> None:
    sim.cash(ERP).delete(one.id)
    must_be_posted(done, sim)


# Settlements


@pytest.mark.parametrize("other", [{}, {"valor_composicao": {"valor_bruto": 7}, "versao": 2}])
def test_a_settlement_that_comes_twice_counts_once(
    sim: Simulator, read: Runs, plain: Movement, other: dict[str, Any]
) -> None:
    def twice(body: dict[str, Any]) -> None:
        body["baixas"].append(body["baixas"][0] | other)

    with sim.tamper(ERP, "parcela", of(plain, twice)):
        done = read(**JANUARY)
    assert told(done) == [("DUPLICATE_ENTRY", "error")]
    (issue,) = done.rows["validation_issues"]
    assert issue["entry_id"] == uuid("settlement", f"{plain.id}/{plain.id}")
    assert issue["period_start"] == "2024-01-01"
    must_be_posted(done, sim)


def test_a_settlement_of_two_installments_counts_once(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    number = uuid("settlement", f"{plain.id}/{plain.id}")
    others: list[str] = []

    def both(body: dict[str, Any], _: object) -> None:
        others.append(body["id"])
        if body["id"] != uuid("installment", plain.id) and len(others) < 3:
            body["baixas"].append(body["baixas"][0] | {"id": number})

    with sim.tamper(ERP, "parcela", both):
        done = read(opening_balances_from=None, **JANUARY)
    assert "DUPLICATE_ENTRY" in done.codes()
    posted = [row["account_code"] for row in done.rows["subledger"] if row["entry_id"] == number]
    assert len([code for code in posted if code.startswith("CC.")]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("status", word) for word in ("CANCELADO", "RENEGOCIADO", "ESTORNADO")),
        *(("origem", word) for word in ("RENEGOCIACAO", "ANTECIPACAO", "IMPOSTO_RETIDO", "NOVA")),
        ("evento.origem", "NOVA"),
        ("metodo_pagamento", "SEM_PAGAMENTO"),
        ("baixa_agendada", True),
        ("baixa_agendada", "true"),
    ],
)
def test_words_that_do_not_say_that_money_moved_are_told(
    sim: Simulator, read: Runs, plain: Movement, field: str, value: object
) -> None:
    def change(body: dict[str, Any]) -> None:
        if field in {"status", "baixa_agendada"}:
            body[field] = value
        elif field == "evento.origem":
            body["evento"]["referencia"]["origem"] = value
        else:
            body["baixas"][0][field] = value

    with sim.tamper(ERP, "parcela", of(plain, change)):
        done = read(**JANUARY)
    assert told(done) == [("UNKNOWN_SITUATION", "error")]
    (issue,) = done.rows["validation_issues"]
    assert f"is {value!r} in settlement" in issue["message"]
    assert issue["raw"]["parcela"]["id"] == uuid("installment", plain.id)
    must_be_left_out(done, sim, plain)


@pytest.mark.parametrize(
    ("status", "origin", "of_event"),
    [
        ("QUITADO", "LANCAMENTO_FINANCEIRO", "RENEGOCIACAO"),
        ("RECEBIDO_PARCIAL", "VENDA_AGENDADA", "VENDA_AGENDADA"),
        ("ATRASADO", "SIC", None),
        ("PERDIDO", None, None),
        ("PENDENTE", None, "FOLHA"),
        (None, "IMPOSTO_RETIDO", "IMPOSTO_RETIDO"),
    ],
)
def test_words_of_money_are_posted(
    sim: Simulator, read: Runs, status: str | None, origin: str | None, of_event: str | None
) -> None:
    def change(body: dict[str, Any], _: object) -> None:
        body["status"] = status
        body["evento"]["referencia"] = {"origem": of_event}
        body["baixa_agendada"] = False
        for one in body["baixas"]:
            one["origem"] = origin

    sim.contaazul_public.transfers_listed = False
    with sim.tamper(ERP, "parcela", change):
        done = read(**JANUARY)
    assert told(done) == []
    must_be_posted(done, sim)


def test_a_settlement_that_turns_its_event_round_is_told(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    turn = of(plain, lambda body: body["baixas"][0].update(tipo_evento_financeiro="DESPESA"))
    with sim.tamper(ERP, "parcela", turn):
        done = read(**JANUARY)
    assert told(done) == [("INVALID_RECORD", "error")]
    message = done.rows["validation_issues"][0]["message"]
    assert "tipo_evento_financeiro is DESPESA in an event of RECEITA" in message
    assert message.endswith("whether money came in or went out.")
    must_be_left_out(done, sim, plain)


@pytest.mark.parametrize(
    ("paid", "fits"),
    [
        *((amount, True) for amount in ("100.50", "95.50", "105.00", "110.50", "90.00", None)),
        *((amount, False) for amount in ("150", "50", "0")),
    ],
)
def test_what_was_paid_is_what_settlements_make(
    sim: Simulator, read: Runs, plain: Movement, paid: str | None, *, fits: bool
) -> None:
    """With or without interest, discounts and fees: Conta Azul does not say which of them count."""
    sim.plans.extras[plain.id] = Extras(Decimal(10), Decimal(5), Decimal(4), Decimal("1.50"))
    with sim.tamper(ERP, "parcela", of(plain, lambda body: body.update(valor_pago=paid))):
        done = read(**JANUARY)
    assert told(done) == ([] if fits else [("INVALID_RECORD", "error")])
    if not fits:
        (issue,) = done.rows["validation_issues"]
        assert (Decimal(issue["expected"]), issue["actual"]) == (Decimal(paid or 0), "95.50")


def test_what_was_lost_may_count_as_paid(sim: Simulator, read: Runs, plain: Movement) -> None:
    lost = of(plain, lambda body: body.update(valor_pago=125, perda={"valor": 20}))
    with sim.tamper(ERP, "parcela", lost):
        assert told(read(**JANUARY)) == []


# Lists


def test_a_row_that_says_nothing_was_paid_though_less_is_left_is_asked_for(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    """So is the vendor's own example: `pago` 0, `nao_pago` below `total`."""

    def nothing(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            if row["id"] == uuid("installment", plain.id):
                row.update(total=213, pago=0, nao_pago=108)

    with sim.tamper(ERP, "contas-a-receber", nothing):
        done = read(**JANUARY)
    assert told(done) == []
    must_be_posted(done, sim)


def swapped(sim: Simulator, one: Movement, times: int) -> tuple[Change, list[str]]:
    """A list that has passed an installment over for one that is gone, so often."""
    gone: list[str] = []

    def swap(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            if row["id"] == uuid("installment", one.id) and len(gone) < times:
                gone.append(uuid("installment", f"gone/{len(gone)}"))
                row["id"] = gone[-1]

    _ = sim
    return swap, gone


def test_an_installment_that_the_list_has_passed_over_is_found(
    sim: Simulator, read: Runs, plain: Movement
) -> None:
    swap, gone = swapped(sim, plain, 1)
    with sim.tamper(ERP, "contas-a-receber", swap):
        done = read(**JANUARY)
    assert len(gone) == 1
    assert told(done) == []
    must_be_posted(done, sim)
    asked = [one.path for one in sim.requests.select(ERP, "parcela")]
    assert len(asked) == len(set(asked))


def test_a_list_that_goes_on_shifting_is_told(sim: Simulator, read: Runs, plain: Movement) -> None:
    swap, gone = swapped(sim, plain, 99)
    with sim.tamper(ERP, "contas-a-receber", swap):
        done = read(**JANUARY)
    assert len(gone) == 3  # retry.max_attempts
    assert told(done) == [("ROW_COUNT_MISMATCH", "error")]
    must_be_left_out(done, sim, plain)


@pytest.mark.parametrize("said", ["not there", "no payment", "nothing of payments"])
def test_what_is_listed_as_paid_but_has_no_settlement_is_told(
    sim: Simulator, read: Runs, plain: Movement, said: str
) -> None:
    number = uuid("installment", plain.id)

    def unpaid(body: dict[str, Any], _: object) -> None:
        if body["id"] == number:
            body.update(baixas=[], valor_pago=0)
            if said == "nothing of payments":
                del body["baixas"], body["valor_pago"]

    def none(body: list[Any], request: LoggedRequest) -> list[Any]:
        return [] if number in request.path else body

    if said == "not there":
        sim.faults.add(
            faults.status(404),
            times=None,
            endpoint="parcela",
            where=lambda one: one.path.endswith(number),
        )
    with sim.tamper(ERP, "parcela", unpaid), sim.tamper(ERP, "baixa", none):
        done = read(**JANUARY)
    assert told(done) == [("ROW_COUNT_MISMATCH", "error")]
    must_be_left_out(done, sim, plain)


@pytest.mark.parametrize("said_by", ["event", "settlement"])
def test_what_names_a_list_that_does_not_hold_it_is_told(
    sim: Simulator, read: Runs, said_by: str
) -> None:
    def other_numbers(body: dict[str, Any], _: object) -> None:
        body["evento"]["id"] = "other"
        if said_by == "settlement":
            body["evento"]["referencia"] = None
        else:
            for one in body["baixas"]:
                del one["origem"]

    with sim.tamper(ERP, "parcela", other_numbers):
        assert told(read(**JANUARY)) == []  # known by account, day and amount

    def none(body: dict[str, Any], _: object) -> dict[str, Any]:
        return body | {"itens": [], "itens_totais": 0}

    with (
        sim.tamper(ERP, "parcela", other_numbers),
        sim.tamper(ERP, "transferencias", none),
        sim.tamper(ERP, "saldo-inicial", none),
    ):
        done = read(start_date="2023-12-01", opening_balances_from=None, **JANUARY)
    cash = sim.cash(ERP)
    moved = [one for one in cash.between(date(2023, 12, 1), END) if one.kind == "transfer"]
    count = len(moved) + sum(bool(one.initial) for one in cash.accounts)
    left_out = [r for r in done.rows["validation_issues"] if r["code"] == "UNKNOWN_SITUATION"]
    assert len(left_out) == count
    words = {row["message"].partition(" but ")[2].partition(" that Conta")[0] for row in left_out}
    assert words == {"no transfer of that day", "no initial balance"}
    codes = {row["account_code"] for row in done.rows["subledger"]}
    assert not codes & {"CLEARING.TRANSFER", "OPENING"}


@pytest.mark.parametrize(
    ("settled", "more"), [([], {}), ([], {"valor_pago": 0}), ([None], {}), (["x"], {})]
)
def test_a_transfer_among_installments_need_not_say_what_settled_it(
    sim: Simulator, read: Runs, settled: list[Any], more: dict[str, Any]
) -> None:
    gone: list[str] = []

    def without(body: dict[str, Any], _: object) -> None:
        if body["evento"]["referencia"]["origem"] == "TRANSFERENCIA":
            body |= {"conta_financeira": body["baixas"][0]["conta_financeira"]} | more
            body["evento"]["id"] = "other"
            body["baixas"] = settled
            gone.append(body["id"])

    def nothing(body: list[Any], request: LoggedRequest) -> list[Any]:
        return [] if any(number in request.path for number in gone) else body

    with sim.tamper(ERP, "parcela", without), sim.tamper(ERP, "baixa", nothing):
        done = read(**JANUARY)
    assert gone
    assert told(done) == []
    must_be_posted(done, sim)


@pytest.mark.parametrize("side", ["origem", "destino"])
def test_a_transfer_that_does_not_bring_what_it_takes_is_told(
    sim: Simulator, read: Runs, side: str
) -> None:
    one = next(m for m in sim.cash(ERP).between(SINCE, END) if m.kind == "transfer")

    def less(body: dict[str, Any], _: object) -> None:
        for row in body["itens"]:
            if row["id"] == uuid("transfer", one.id):
                value = row[side]["composicao_valor"]
                value["taxa"] = 1
                value["valor_liquido"] = Decimal(str(value["valor_bruto"])) - 1

    sim.contaazul_public.transfers_listed = False
    with sim.tamper(ERP, "transferencias", less):
        done = read(**JANUARY)
    clearing = done.balances(SINCE)["CLEARING.TRANSFER"][4]
    if side == "destino":  # the fee of what came in has a category of its own
        assert (told(done), clearing) == ([], 0)
        return
    assert told(done) == [("INVALID_RECORD", "error")]
    assert clearing == -1
    (issue,) = done.rows["validation_issues"]
    assert "-1.00 stays in CLEARING.TRANSFER" in issue["message"]


# The proof by what the accounts hold


@pytest.mark.parametrize("said", [403, 404, "null", "nothing"])
def test_a_balance_that_is_not_said_stops_nothing(
    sim: Simulator, read: Runs, said: int | str
) -> None:
    account = uuid("account", sim.cash(ERP).accounts[-1].id)
    if isinstance(said, int):
        sim.faults.add(
            faults.status(said),
            endpoint="saldo-atual",
            where=lambda one: account in one.path,
            times=None,
        )

    def unsaid(body: dict[str, Any], request: LoggedRequest) -> Any:
        if account not in request.path or isinstance(said, int):
            return body
        return {"saldo_atual": None} if said == "null" else {}

    with sim.tamper(ERP, "saldo-atual", unsaid):
        done = read(**TO_NOW)
    assert told(done) == [("INVALID_RECORD", "warning")]
    (issue,) = done.rows["validation_issues"]
    assert issue["account_code"] == f"CC.{account}"
    assert "does not say what account" in issue["message"]


def test_an_outage_of_balances_is_an_outage(sim: Simulator, read: Runs) -> None:
    sim.faults.add(faults.status(503), endpoint="saldo-atual", times=None)
    with pytest.raises(ERPConnectionError):
        read(**TO_NOW)


def test_an_account_that_moves_after_today_does_not_spare_the_others(
    sim: Simulator, read: Runs
) -> None:
    cash = sim.cash(ERP)
    later, parts = TOMORROW + timedelta(days=1), (("1.01.01", Decimal(50)),)
    ahead = Movement(990_000_002, cash.accounts[0].id, later, Decimal(50), parts, "direct", "x")
    cash.add(ahead)

    def wrong(body: dict[str, Any], _: object) -> None:
        body["saldo_atual"] = 1

    with sim.tamper(ERP, "saldo-atual", wrong):
        done = read(**TO_NOW | {"end_date": str(later)})
    accounts = [row["account_code"] for row in done.rows["validation_issues"]]
    assert accounts == [f"CC.{uuid('account', one.id)}" for one in cash.accounts[1:]]


# The chart


@pytest.mark.parametrize("word", ["TRANSFERENCIA", None])
def test_a_category_of_another_kind_has_no_type(
    sim: Simulator, read: Runs, word: str | None
) -> None:
    def more(body: dict[str, Any], _: object) -> None:
        body["itens"].append({"id": "x", "nome": "Ajustes", "categoria_pai": None, "tipo": word})
        body["itens_totais"] += 1

    with sim.tamper(ERP, "categorias", more):
        done = read(**JANUARY)
    assert told(done) == [("UNKNOWN_ACCOUNT_TYPE", "warning")]
    (row,) = [one for one in done.rows["trial_balance"] if one["account_code"] == "CAT.x"]
    assert row["account_type"] is None
