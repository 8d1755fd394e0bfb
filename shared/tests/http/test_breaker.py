# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""The circuit breaker's states, under threads and tasks."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from erp_common.errors import ERPConnectionError, ERPSettingsError, ERPValidationError
from erp_common.http.breaker import CircuitBreaker


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError), breaker:
            raise ConnectionError


def test_it_opens_after_failures_in_a_row_and_names_the_wait(clock: Any) -> None:
    breaker = CircuitBreaker(3, 60, ConnectionError, name="Omie", clock=clock)
    fail(breaker, 2)
    with breaker:
        pass
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"
    clock.advance(18.5)
    with pytest.raises(ERPConnectionError, match=r"Omie .* 3 calls .* try again in 42 s"), breaker:
        pytest.fail("must not run")


@pytest.mark.parametrize("numbers", [(0, 60), (-1, 60), (1, -1), (1, float("nan"))])
def test_numbers_that_make_no_sense(numbers: tuple[int, float]) -> None:
    with pytest.raises(ERPSettingsError, match=r"circuit_breaker\."):
        CircuitBreaker(*numbers)


def test_other_errors_show_that_the_other_side_answers(clock: Any) -> None:
    breaker = CircuitBreaker(2, 60, ERPConnectionError, clock=clock)
    for kind in (ERPConnectionError, ERPValidationError, ERPConnectionError):
        with pytest.raises(kind), breaker:
            raise kind("x")
    assert breaker.state == "closed"


def test_one_trial_call_decides(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    breaker = CircuitBreaker(1, 60, ConnectionError, name="Omie", clock=clock)
    fail(breaker)
    clock.advance(60)
    admitted = breaker.admit()
    assert breaker.state == "half-open"
    with pytest.raises(ERPConnectionError):
        breaker.admit()
    breaker.failed(admitted)
    assert breaker.state == "open"
    clock.advance(59)
    with pytest.raises(ERPConnectionError, match="in 1 s"):
        breaker.admit()
    clock.advance(1)
    with breaker:
        pass
    assert breaker.state == "closed"
    assert [record.getMessage().split(" is ")[1].split(",")[0] for record in caplog.records] == [
        "open",
        "half-open",
        "open",
        "half-open",
        "closed",
    ]


def test_a_trial_without_outcome_leaves_the_place_to_another(clock: Any) -> None:
    breaker = CircuitBreaker(1, 60, clock=clock)
    fail(breaker)
    clock.advance(60)
    with pytest.raises(KeyboardInterrupt), breaker:
        raise KeyboardInterrupt
    with breaker:
        pass
    assert breaker.state == "closed"


def test_late_outcomes_of_calls_from_before_change_nothing(clock: Any) -> None:
    breaker = CircuitBreaker(1, 60, clock=clock)
    early, late = breaker.admit(), breaker.admit()
    fail(breaker)
    with pytest.raises(ERPConnectionError):
        breaker.still_admits(early)
    breaker.succeeded(early)
    assert breaker.state == "open"
    clock.advance(60)
    trial = breaker.admit()
    breaker.failed(late)
    assert breaker.state == "half-open"
    breaker.succeeded(trial)
    assert breaker.state == "closed"


def test_of_many_threads_one_makes_the_trial(clock: Any) -> None:
    breaker = CircuitBreaker(1, 60, clock=clock)
    fail(breaker)
    clock.advance(60)
    barrier = threading.Barrier(16)

    def admitted(_: int) -> bool:
        barrier.wait(10)
        try:
            breaker.admit()
        except ERPConnectionError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(admitted, range(16))) == 1


def test_calls_run_side_by_side() -> None:
    breaker = CircuitBreaker()
    fail(breaker)  # one failure is counted: later calls still do not wait for each other
    barrier = threading.Barrier(4)

    def call(_: int) -> None:
        with breaker:
            barrier.wait(10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(4)))


def test_tasks_side_by_side_keep_their_own_outcome(clock: Any) -> None:
    breaker = CircuitBreaker(2, 60, ConnectionError, clock=clock)

    async def call(error: Exception | None) -> None:
        async with breaker:
            await asyncio.sleep(0)
            if error is not None:
                raise error

    async def run() -> None:
        calls = [call(ConnectionError()), call(ConnectionError()), call(None)]
        await asyncio.gather(*calls, return_exceptions=True)
        with pytest.raises(ERPConnectionError):
            await call(None)

    asyncio.run(run())
    assert breaker.state == "open"
