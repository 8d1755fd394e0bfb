# ruff: noqa: INP001 -- packages named tests would hide one another
"""Statements over several months: fewer calls, and the same rows and findings whatever is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runs import FEW_EXAMPLES, Row, Runs, but_when
from simulator import Books, LoggedRequest, Simulator, faults

ERP = "omie_public"
YEAR: Row = {"end_date": "2024-12-31"}
QUARTER: Row = {"end_date": "2024-03-31"}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A year of a small company."""
    with Simulator(Books.generate(entries_per_month=6, end=date(2024, 12, 31))) as simulator:
        yield simulator


def statements(sim: Simulator, number: int) -> int:
    """How many statements of an account were asked for."""
    return sim.requests.count(ERP, "ListarExtrato", lambda one: one.account == str(number))


def test_an_account_of_few_movements_takes_three_calls_a_year(sim: Simulator, read: Runs) -> None:
    """What it held before, the year, and what it holds after it."""
    cash = sim.cash(ERP)
    quiet = [a.id for a in cash.accounts if len(cash.between(*_year(), a.id, forecasts=True)) < 50]
    assert quiet
    read(**YEAR)
    assert {statements(sim, number) for number in quiet} == {3}
    sim.requests.clear()
    read(**YEAR, periods_per_request=1)
    assert all(statements(sim, number) >= 13 for number in quiet)


def test_an_account_of_many_movements_costs_little_more_than_month_by_month(
    sim: Simulator, read: Runs
) -> None:
    cash = sim.cash(ERP)
    account = cash.accounts[0].id
    one = next(m for m in cash.movements if m.kind == "direct")
    for month in range(1, 13):
        for at in range(30):
            number = 80_000_000 + 100 * month + at
            cash.add(replace(one, id=number, account=account, date=date(2024, month, 1 + at % 28)))
    read(**YEAR, periods_per_request=1)
    apart = statements(sim, account)
    sim.requests.clear()
    read(**YEAR)
    assert statements(sim, account) <= apart + 2


@FEW_EXAMPLES
@given(st.data())
def test_the_rows_are_the_same_however_many_months_are_asked_for(
    sim: Simulator, read: Runs, data: st.DataObject
) -> None:
    trouble = data.draw(st.sampled_from(sorted(TROUBLES)))
    direct = [one for one in sim.cash(ERP).movements if one.kind == "direct" and one.date.month < 4]
    must_be_the_same(sim, read, trouble, data.draw(st.sampled_from(direct)).id)


def must_be_the_same(
    sim: Simulator, read: Runs, trouble: str, movement: int, span: Row = QUARTER
) -> None:
    with TROUBLES[trouble](sim, movement):
        found = [but_when(read(**span, periods_per_request=many)) for many in (1, 2, 12)]
    assert found[0] == found[1]
    assert found[0] == found[2]


def test_a_month_that_cannot_be_read_costs_none_before_it(sim: Simulator, run: Runs) -> None:
    def in_october(request: LoggedRequest) -> bool:
        first, last = (
            datetime.strptime(request.params[name], "%d/%m/%Y").date()  # noqa: DTZ007 - a mere date
            for name in ("dPeriodoInicial", "dPeriodoFinal")
        )
        return first <= date(2024, 10, 15) <= last

    sim.faults.add(
        faults.status(400), erp=ERP, endpoint="ListarExtrato", where=in_october, times=None
    )
    done = run(**YEAR)
    assert done.status == 1
    assert [row["period_end"] for row in done.rows["periods"]][-1:] == ["2024-09-30"]


def test_wide_statements_that_are_refused_are_not_asked_for_again(
    sim: Simulator, read: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten refusals would block the key."""
    alone = but_when(read(**YEAR, periods_per_request=1))

    def is_wide(request: LoggedRequest) -> bool:
        days = (request.params["dPeriodoInicial"], request.params["dPeriodoFinal"])
        return len({day[3:] for day in days}) > 1

    words = "ERROR: O período informado não pode ser superior a 30 dias!"
    rule = sim.faults.add(
        faults.omie("SOAP-ENV:Client-5500", words),
        endpoint="ListarExtrato",
        times=None,
        where=is_wide,
    )
    assert but_when(read(**YEAR, max_concurrency=4)) == alone
    assert rule.hits == 1
    (said,) = [one.getMessage() for one in caplog.records if "From here on" in one.message]
    assert words in said
    assert "periods_per_request" in said


def _year() -> tuple[date, date]:
    return date(2024, 1, 1), date(2024, 12, 31)


def _tampered(change: Callable[[list[Row], int], None]) -> Callable[..., Any]:
    def trouble(sim: Simulator, number: int) -> AbstractContextManager[None]:
        def tamper(body: Row, _: object) -> None:
            change(body.get("listaMovimentos", []), number)

        return sim.tamper(ERP, "ListarExtrato", tamper)

    return trouble


def _set(name: str, value: object) -> Callable[[list[Row], int], None]:
    def change(rows: list[Row], number: int) -> None:
        for row in rows:
            if row.get("nCodLancamento") == number:
                row[name] = value

    return change


def _lost(rows: list[Row], number: int) -> None:
    rows[:] = [row for row in rows if row.get("nCodLancamento") != number]


def _few(sim: Simulator, _: int) -> AbstractContextManager[None]:
    sim.omie_public.statement_cap = 7
    return nullcontext()


def _usual(sim: Simulator, _: int) -> AbstractContextManager[None]:
    sim.omie_public.statement_cap = 50
    return nullcontext()


TROUBLES: dict[str, Callable[[Simulator, int], AbstractContextManager[None]]] = {
    "none": _usual,
    "fewer rows than anybody has seen": _few,
    "a movement without category": _tampered(_set("cCodCategoria", "")),
    "a movement of an unknown situation": _tampered(_set("cSituacao", "Em disputa")),
    "a movement of no amount": _tampered(_set("nValorDocumento", "x")),
    "a movement of another day": _tampered(_set("dDataLancamento", "05/02/2023")),
    "a movement of no day": _tampered(_set("dDataLancamento", "x")),
    "a movement that is missing": _tampered(_lost),
}
