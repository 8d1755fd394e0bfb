# ruff: noqa: INP001 -- packages named tests would hide one another
"""The public API over several months at once, and its past watched: fewer calls, the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.commands import PreloadedRunner
from e2e.commands import Result
from harness.runs import FEW_EXAMPLES, by_stream
from simulator import Books, Line, Simulator, faults

ERP = "totvs_public"
HALF = {"end_date": "2024-06-30"}
ENDS = [date(2024, month, day) for month, day in enumerate((31, 29, 31, 30, 31, 30), start=1)]
ZERO = Decimal(0)


@pytest.fixture
def sim() -> Any:
    """Half a year of small books."""
    with Simulator(Books.generate(entries_per_month=6, end=ENDS[-1])) as simulator:
        yield simulator


@pytest.fixture
def run(public: Any, sim: Simulator, tmp_path: Path) -> Callable[..., Result]:
    """Run the command over the half year."""
    runner = PreloadedRunner(tmp_path)

    def go(state: Mapping[str, Any] | None = None, **more: Any) -> Result:
        given = {**HALF, "lookback_periods": 0, **more}
        done = runner("tap-totvs", public.settings(sim, **given), state=state)
        assert done.returncode == 0, done.stderr
        return done

    return go


def book(sim: Simulator, day: date, cents: int) -> None:
    """Enter a sale that nobody expects."""
    accounts = [one.code for one in sim.books.company.accounts if not one.is_summary][:2]
    amount = Decimal(cents).scaleb(-2)
    sim.books.company.add_entry(
        date=day,
        description="Depois do fechamento",
        lines=[Line(accounts[0], amount, ZERO), Line(accounts[1], ZERO, amount)],
    )


def calls(sim: Simulator, table: str) -> int:
    """How many pages of a table were asked for."""
    return sim.requests.count(ERP, where=lambda one: one.params.get("tables") == table)


def periods(done: Result) -> list[str]:
    """The periods that were read."""
    return [row["period_end"] for row in by_stream(done)["periods"]]


def changed(done: Result) -> list[str]:
    """The periods that are told to have changed."""
    issues = by_stream(done)["validation_issues"]
    return [row["period_end"] for row in issues if row["code"] == "CLOSED_PERIOD_CHANGED"]


def test_entries_of_several_months_come_at_once(public: Any, sim: Simulator) -> None:
    together = public.read(sim, **HALF)["ACME"]
    assert calls(sim, "CT2") == 1
    public.assert_is_the_books(sim, together)
    sim.requests.clear()
    apart = public.read(sim, **HALF, periods_per_request=1)["ACME"]
    assert calls(sim, "CT2") == len(ENDS)
    assert [one._replace(issues=[]) for one in together] == [
        one._replace(issues=[]) for one in apart
    ]


@FEW_EXAMPLES
@given(st.data())
def test_the_rows_are_the_same_however_many_months_are_asked_for(
    public: Any, sim: Simulator, data: st.DataObject
) -> None:
    name, value = data.draw(st.sampled_from(TROUBLES))
    at = data.draw(st.integers(0, 40))
    sim.totvs_public.page_cap = data.draw(st.sampled_from([None, 7]))

    def odd(body: dict[str, Any], _: object) -> None:
        for row in body["items"]:
            if int(row["r_e_c_n_o_"]) % 41 == at and name:
                row[name] = value

    def read(many: int) -> Sequence[Any]:
        with sim.tamper(ERP, "CT2", odd):
            extracts: Sequence[Any] = public.read(sim, periods_per_request=many)["ACME"]
        return extracts

    first, *others = (read(many) for many in (1, 2, 12))
    for other in others:
        assert other == first


def test_a_month_that_was_changed_is_seen_without_a_call_more(
    sim: Simulator, run: Callable[..., Result]
) -> None:
    first = run()
    sim.requests.clear()
    quiet = run(first.state)
    assert (periods(quiet), changed(quiet)) == ([str(ENDS[-1])], [])
    # What every run asks for: what moved before, and what its own month is made of.
    assert (calls(sim, "CQ0"), calls(sim, "CT2")) == (2, 1)
    book(sim, date(2024, 2, 10), 12345)
    after = run(quiet.state)
    assert periods(after) == [str(end) for end in ENDS[1:]]
    assert changed(after) == [str(ENDS[1])]
    full = by_stream(run())
    found = by_stream(after)
    for stream in ("trial_balance", "subledger"):
        assert [without(row) for row in found[stream]] == [
            without(row) for row in full[stream] if row["period_end"] > "2024-01-31"
        ]
    again = run(after.state)
    assert (periods(again), changed(again)) == ([str(ENDS[-1])], [])


def test_the_past_can_be_left_alone(sim: Simulator, run: Callable[..., Result]) -> None:
    first = run(recheck_periods=0)
    book(sim, date(2024, 2, 10), 12345)
    assert periods(run(first.state, recheck_periods=0)) == [str(ENDS[-1])]


def test_a_month_whose_entries_cannot_be_read_costs_none_before_it(
    public: Any, sim: Simulator, tmp_path: Path
) -> None:
    def in_april(request: Any) -> bool:
        where = request.params.get("where", "")
        first, last = (where.split(f"CT2_DATA {sign} '")[-1][:8] for sign in (">=", "<="))
        return bool(request.params.get("tables") == "CT2" and first <= "20240415" <= last)

    sim.faults.add(faults.status(400), erp=ERP, where=in_april, times=None)
    done = PreloadedRunner(tmp_path)("tap-totvs", public.settings(sim, **HALF))
    assert done.returncode == 1
    assert periods(done) == [str(end) for end in ENDS[:3]]


def without(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in row if name != "extracted_at"}


TROUBLES: list[tuple[str, object]] = [
    ("", None),
    ("ct2_dc", "9"),
    ("ct2_valor", "x"),
    ("ct2_data", "20230105"),
]
