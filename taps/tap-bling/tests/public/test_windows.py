# ruff: noqa: INP001 -- packages named tests would hide one another
"""Movements listed for a year at once: fewer calls, and the same rows and findings."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runs import FEW_EXAMPLES, Row, Runs, but_when
from simulator import Books, Simulator, faults

ERP = "bling_public"
YEAR: Row = {"end_date": "2024-12-31"}
QUARTER: Row = {"end_date": "2024-03-31"}


@pytest.fixture
def sim() -> Any:
    """A year of a small company."""
    with Simulator(Books.generate(entries_per_month=4, end=date(2024, 12, 31))) as simulator:
        yield simulator


def lists(sim: Simulator) -> int:
    """How many pages of movements were asked for."""
    return sim.requests.count(ERP, "caixas")


def test_a_year_is_listed_at_once(sim: Simulator, read: Runs) -> None:
    once = but_when(read(**YEAR))
    together = lists(sim)
    sim.requests.clear()
    assert but_when(read(**YEAR, periods_per_request=1)) == once
    assert lists(sim) >= 2 * 12  # a month, and the empty page that ends it
    assert together <= lists(sim) // 3


@FEW_EXAMPLES
@given(st.data())
def test_the_rows_are_the_same_however_many_months_are_asked_for(
    sim: Simulator, read: Runs, data: st.DataObject
) -> None:
    name, value = data.draw(st.sampled_from(TROUBLES))
    one = data.draw(st.sampled_from([m for m in sim.cash(ERP).movements if m.date.month < 4]))
    must_be_the_same(sim, read, name, value, one.id)


def must_be_the_same(
    sim: Simulator, read: Runs, name: str, value: object, movement: int, span: Row = QUARTER
) -> None:
    def change(body: Row, _: object) -> None:
        found = body.get("data")
        for row in found if isinstance(found, list) else [found]:
            if isinstance(row, dict) and row.get("id") == movement and name:
                row[name] = value

    with sim.tamper(ERP, "caixas", change):
        found = [but_when(read(**span, periods_per_request=many)) for many in (1, 2, 12)]
    assert found[0] == found[1]
    assert found[0] == found[2]


def test_a_month_that_cannot_be_listed_costs_none_before_it(sim: Simulator, run: Runs) -> None:
    def october(request: Any) -> bool:
        said = request.params
        return bool(said.get("dataInicial", "") <= "2024-10-31" <= said.get("dataFinal", ""))

    sim.faults.add(faults.status(400), erp=ERP, endpoint="caixas", where=october, times=None)
    done = run(**YEAR)
    assert done.status == 1
    assert [row["period_end"] for row in done.rows["periods"]][-1:] == ["2024-09-30"]


TROUBLES: list[tuple[str, object]] = [
    ("", None),
    ("data", "x"),
    ("data", None),
    ("categoria", {"id": 0}),
    ("valor", "x"),
    ("situacao", {"valor": 99}),
]
