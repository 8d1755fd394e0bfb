"""The periods: whole ones of the calendar, or exactly the span asked for."""

from __future__ import annotations

from datetime import date

import pytest

from contract.applies import where
from contract.conftest import Build
from contract.ledger import QUARTER, Span, by_key, months, without
from contract.world import World

pytestmark = pytest.mark.by_day("omie", "contaazul", "ecd")

FIRST, LAST = date(2024, 2, 15), date(2024, 4, 10)
CUTS = {
    "month": months(2024, 2, 4),
    "quarter": [
        Span(date(2024, 1, 1), date(2024, 3, 31)),
        Span(date(2024, 4, 1), date(2024, 6, 30)),
    ],
    "year": [Span(date(2024, 1, 1), date(2024, 12, 31))],
    "range": [Span(FIRST, LAST)],
}


@pytest.fixture
def half_year(build: Build) -> World:
    """Books that go on after the days asked for."""
    return build(entries_per_month=5, end=date(2024, 6, 30))


def all_openings(world: World) -> dict[str, str]:
    """The setting that sums up what lies between the books' first day and the first period."""
    if world.erp.reported:
        return {}
    return {"opening_balances_from": world.erp.openings_from or "2024-01-01"}


@pytest.mark.parametrize("cut", CUTS)
def test_a_span_that_begins_and_ends_within_months(half_year: World, cut: str) -> None:
    world, spans = half_year, CUTS[cut]
    run = world.good(period=cut, start_date=str(FIRST), end_date=str(LAST), **all_openings(world))
    truth = world.truth
    balances = [row for span in spans for row in truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == balances
    lines = [row for span in spans for row in truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)
    assert without(run.records("periods")) == [truth.header(span) for span in spans]
    assert run.bookmark("periods", truth.id) == str(spans[-1].end)


def test_the_default_is_the_month(half_year: World) -> None:
    run = half_year.good(end_date="2024-02-01")
    assert [row["period_end"] for row in run.records("periods")] == ["2024-01-31", "2024-02-29"]


def test_one_day(half_year: World) -> None:
    day = half_year.company.entries[7].date
    run = half_year.good(
        period="range", start_date=str(day), end_date=str(day), **all_openings(half_year)
    )
    truth, span = half_year.truth, Span(day, day)
    assert without(run.records("trial_balance")) == truth.trial_balance(span)
    assert by_key(without(run.records("subledger"))) == truth.subledger(span)
    assert run.records("subledger")


def test_a_month_without_postings(build: Build) -> None:
    world = build(entries_per_month=5)
    for entry in world.company.entries_between(*QUARTER[1]):
        world.company.delete_entry(entry.id)
    run = world.good()
    balances = [row for span in QUARTER for row in world.truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == balances
    assert without(run.records("periods"))[1] == world.truth.header(QUARTER[1])
    assert run.codes == []


def test_the_names_of_a_company(build: Build) -> None:
    world = build(entries_per_month=4)
    company = {"id": "ACME", "erp_id": world.company.id, "currency": "USD"}
    run = world.good(companies=[company], end_date="2024-01-31")
    for stream in ("trial_balance", "subledger", "periods"):
        rows = run.records(stream)
        assert rows
        for row in rows:
            assert (row["company_id"], row["company_name"], row["currency"]) == (
                "ACME",
                "ACME",
                "USD",
            )


@where(lambda erp: erp.reported)
def test_the_erp_is_asked_for_the_id_where_no_other_is_set(build: Build) -> None:
    world = build(entries_per_month=4)
    run = world.good(companies=[{"id": world.company.id}], end_date="2024-01-31")
    (header,) = run.records("periods")
    assert (header["company_id"], header["company_name"], header["currency"]) == (
        world.company.id,
        world.company.id,
        "BRL",
    )


@where(lambda erp: not erp.reported)
def test_the_year_is_closed_to_retained_earnings(build: Build) -> None:
    """P&L accounts begin the year at nothing; RETAINED opens with what they had."""
    world = build(entries_per_month=5, start=date(2023, 11, 1), end=date(2024, 2, 29))
    openings = {} if world.erp.openings else {"opening_balances_from": "2023-10-31"}
    run = world.good(
        start_date="2023-11-01", end_date="2024-02-29", year_end_close=True, **openings
    )
    result = {
        code: sum(
            row["net_closing_balance"]
            for row in run.records("trial_balance")
            if row["period_end"] == "2023-12-31"
            and not row["is_summary"]
            and row["account_type"] == code
        )
        for code in ("REVENUE", "EXPENSE")
    }
    assert all(result.values())
    january = [row for row in run.records("trial_balance") if row["period_end"] == "2024-01-31"]
    for row in january:
        if row["account_type"] in result:
            assert row["net_opening_balance"] == 0
    (retained,) = (row for row in january if row["account_code"] == "RETAINED")
    assert retained["account_type"] == "EQUITY"
    assert retained["net_opening_balance"] == sum(result.values())
    assert sum(row["net_opening_balance"] for row in january if not row["is_summary"]) == 0
    assert run.codes == []
