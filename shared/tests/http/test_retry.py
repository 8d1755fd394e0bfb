# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""Delays, Retry-After and the decorator."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPRateLimitError,
    ERPValidationError,
)
from erp_common.http.retry import RetryPolicy, RetryStrategy, parse_retry_after, with_retry

seconds = st.floats(0, 1e6, allow_nan=False)


@given(n=st.integers(0, 10_000), base=st.just(0.0) | st.floats(1e-6, 1e6), cap=seconds)
def test_delays_are_the_published_formula(n: int, base: float, cap: float) -> None:
    def delay(strategy: str) -> float:
        policy = RetryPolicy(strategy=RetryStrategy(strategy), base_delay=base, max_delay=cap)
        return policy.delay(n)

    exponential = base * 2**n if n < 1000 else (float("inf") if base else 0.0)
    assert delay("exponential") == pytest.approx(min(exponential, cap))
    assert delay("linear") == min(base * (n + 1), cap)
    assert delay("fixed") == min(base, cap)


@given(
    n=st.integers(0, 50),
    chance=st.floats(0, 1, exclude_max=True),
    after=st.none() | seconds,
    jitter=st.booleans(),
)
def test_jitter_halves_at_most_and_a_longer_retry_after_wins(
    n: int, chance: float, after: float | None, jitter: Any
) -> None:
    policy = RetryPolicy(jitter=jitter)
    plain, wait = policy.delay(n), policy.wait(n, chance, after)
    own = plain * (0.5 + chance / 2) if jitter else plain
    assert wait == max(own, after or 0)
    assert plain / 2 <= own <= plain <= 30


@pytest.mark.parametrize(
    "values",
    [
        {"max_attempts": 0},
        {"max_attempts": "3"},
        {"max_attempts": float("nan")},
        {"base_delay": -1},
        {"base_delay": float("nan")},
        {"max_delay": -1},
        {"max_delay": float("inf")},
    ],
)
def test_policies_that_make_no_sense(values: Any) -> None:
    with pytest.raises(ERPValidationError, match=r"retry\."):
        RetryPolicy(**values)


def test_strategies_by_name() -> None:
    policy = RetryPolicy(strategy="linear")  # type: ignore[arg-type] # as settings name them
    assert policy.strategy is RetryStrategy.LINEAR
    with pytest.raises(ERPValidationError, match="exponential, linear, fixed"):
        RetryPolicy(strategy="random")  # type: ignore[arg-type]
    with pytest.raises(ERPValidationError, match="exponential, linear, fixed"):
        with_retry(strategy="random")


NOW = 1_700_000_000.0


@given(st.text() | st.text("0123456789.-+eE ,:GMTSunNov"))
def test_no_retry_after_breaks_anything(text: str) -> None:
    parsed = parse_retry_after(text, NOW)
    assert parsed is None or parsed >= 0


@given(st.integers(-(10**6), 10**6))
def test_retry_after_in_seconds(value: int) -> None:
    assert parse_retry_after(f" {value} ", NOW) == max(0, value)


@given(st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date(value: int) -> None:
    date = datetime.fromtimestamp(NOW, timezone.utc) + timedelta(seconds=value)
    assert parse_retry_after(format_datetime(date, usegmt=True), NOW) == max(0, value)


@pytest.mark.parametrize("text", ["", "soon", "1e5", "inf", "nan", "1.2.3", "--1", "٣", "99 Foo"])
def test_garbage_is_no_retry_after(text: str) -> None:
    assert parse_retry_after(text, NOW) is None


def test_no_header_is_no_retry_after() -> None:
    assert parse_retry_after(None, NOW) is None


class Failing:
    """Fails a number of times, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "ok"


def test_a_plain_function_is_tried_again(clock: Any) -> None:
    failing = Failing(ERPConnectionError("1"), TimeoutError("2"))
    assert with_retry(3, "exponential", 1.0, 30.0, True, clock=clock)(failing)() == "ok"  # noqa: FBT003
    assert clock.waited == [1.0, 2.0]


def test_jitter_draws_from_the_clock(clock: Any) -> None:
    clock.chance = 0.0
    with_retry(clock=clock)(Failing(ERPConnectionError("1")))()
    assert clock.waited == [0.5]


def test_the_last_error_is_raised_as_it_is(clock: Any) -> None:
    cause = OSError("why")
    last = ERPConnectionError("last")
    last.__cause__ = cause
    failing = Failing(ERPConnectionError("1"), last, ERPConnectionError("never"))
    with pytest.raises(ERPConnectionError) as caught:
        with_retry(2, clock=clock)(failing)()
    assert caught.value is last
    assert caught.value.__cause__ is cause
    assert failing.calls == 2


@pytest.mark.parametrize("kind", [ERPAuthenticationError, ERPValidationError])
def test_some_errors_are_final(clock: Any, kind: type[Exception]) -> None:
    failing = Failing(kind("no"))
    with pytest.raises(kind):
        with_retry(clock=clock)(failing)()
    assert failing.calls == 1


def test_only_what_is_named_is_tried_again(clock: Any) -> None:
    failing = Failing(ERPRateLimitError("no"))
    with pytest.raises(ERPRateLimitError):
        with_retry(clock=clock, retry_on=ERPConnectionError)(failing)()
    assert failing.calls == 1


def test_an_async_function_is_tried_again() -> None:
    failing = Failing(ERPConnectionError("1"), ERPConnectionError("2"))

    @with_retry(max_attempts=3, strategy=RetryStrategy.FIXED, base_delay=0.001)
    async def call() -> str:
        return failing()

    assert asyncio.run(call()) == "ok"
    assert failing.calls == 3


def test_each_call_has_its_own_attempts(clock: Any) -> None:
    failing = Failing(*[ERPConnectionError("1")] * 3)
    trying = with_retry(2, clock=clock)(failing)
    with pytest.raises(ERPConnectionError):
        trying()
    assert trying() == "ok"
    assert failing.calls == 4
