"""Several companies of which one fails: the others finish, and the run says which did not."""

from __future__ import annotations

from typing import Any

import pytest

from contract.applies import where
from contract.commands import Run
from contract.conftest import Build
from contract.ledger import QUARTER, by_key, without
from contract.test_catalog import STREAMS
from contract.wire import Body
from contract.world import World
from simulator import LoggedRequest, faults

several = where(lambda erp: erp.reported)


def assert_others(run: Run, world: World, failed: str) -> None:
    """Check that every other company is there as a whole, and that the failed one is named."""
    for truth in world.truths:
        if truth.id == failed:
            continue
        balances = [row for span in QUARTER for row in truth.trial_balance(span)]
        assert without(run.records("trial_balance", truth.id)) == balances
        lines = [row for span in QUARTER for row in truth.subledger(span)]
        assert by_key(without(run.records("subledger", truth.id))) == by_key(lines)
        assert without(run.records("periods", truth.id)) == [truth.header(s) for s in QUARTER]
        for stream in STREAMS:
            assert run.bookmark(stream, truth.id) == "2024-03-31"
    assert failed in run.last_error
    assert run.bookmark("periods", failed) is None
    assert run.records("trial_balance", failed) == []


@several
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_company_that_the_erp_does_not_know(build: Build, place: int) -> None:
    world = build.several(entries_per_month=4)
    companies: list[dict[str, Any]] = world.settings()["companies"]
    companies.insert(place, {"id": "ghost", "erp_id": "999"})
    run = world.bad(companies=companies)
    assert run.last_error.startswith("ERPValidationError: ")
    assert "This is company ghost (erp_id '999'): check " in run.last_error
    assert "erp_id in companies" in run.last_error
    assert_others(run, world, "ghost")


@several
def test_an_answer_of_another_shape(build: Build) -> None:
    world = build(companies=3, entries_per_month=4)
    failed = world.truths[1]

    def tamper(body: Body, request: LoggedRequest) -> Body | None:
        del body
        return {"status": "ok"} if request.company == failed.company.id else None

    with world.tamper(world.erp.accounts, tamper):
        run = world.bad()
    assert run.last_error.startswith("ERPValidationError: ")
    assert_others(run, world, failed.id)


@several
@pytest.mark.parametrize("kind", ["ERPConnectionError", "ERPAuthenticationError"])
def test_an_erp_that_breaks_on_one_company(build: Build, kind: str) -> None:
    world = build(companies=3, entries_per_month=4)
    failed = world.truths[0]
    world.sim.faults.add(
        faults.status(503 if kind == "ERPConnectionError" else 403),
        erp=world.erp.name,
        where=lambda request: request.company == failed.company.id,
        times=None,
    )
    run = world.bad()
    assert run.last_error.startswith(f"{kind}: ")
    assert_others(run, world, failed.id)


@several
@pytest.mark.parametrize("status", [401, 425, 429])
def test_what_ends_the_run_is_told_of_the_company_that_met_it(build: Build, status: int) -> None:
    """Its listings are asked for ahead of time, while the one before is still being read."""
    world = build(companies=3, entries_per_month=4)
    first, failed, last = world.truths
    world.sim.faults.add(
        faults.status(status),
        erp=world.erp.name,
        where=lambda request: request.company == failed.company.id,
        times=None,
    )
    run = world.bad()
    assert "1 of 3 companies failed (the companies after it were not tried): " in run.last_error
    assert f": {failed.id}: " in run.last_error
    assert without(run.records("periods", first.id)) == [first.header(s) for s in QUARTER]
    lines = [row for span in QUARTER for row in first.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)
    for stream in STREAMS:
        assert run.bookmark(stream, first.id) == "2024-03-31"
        assert run.bookmark(stream, failed.id) is run.bookmark(stream, last.id) is None


@several
def test_two_of_three_fail(build: Build) -> None:
    world = build(companies=3, entries_per_month=3)
    good = world.truths[1]
    world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        where=lambda request: request.company not in {good.company.id, None},
        times=None,
    )
    run = world.bad()
    for truth in world.truths:
        assert (truth.id in run.last_error) == (truth.id != good.id)
    assert len(run.records("periods", good.id)) == 3


@several
def test_the_state_of_the_failed_company_stays(build: Build) -> None:
    world = build(companies=2, entries_per_month=4)
    state = world.good(end_date="2024-02-29").state
    first, second = world.truths
    refused = world.sim.faults.add(
        faults.status(400),
        erp=world.erp.name,
        where=lambda request: request.company == first.company.id,
        times=None,
    )
    run = world.bad(state=state)
    for stream in STREAMS:
        assert run.bookmark(stream, first.id) == "2024-02-29"
        assert run.bookmark(stream, second.id) == "2024-03-31"
    refused.cancel()
    again = world.good(state=run.state, lookback_periods=0)
    ends = [row["period_end"] for row in again.records("periods", first.id)]
    assert ends == ["2024-02-29", "2024-03-31"]
