# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""The allowance: never exceeded, wholly used, first come first served, also through Redis."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from erp_common.errors import ERPConnectionError, ERPRateLimitError, ERPValidationError
from erp_common.http.bucket import Allowance, Bucket, DayUsedUp, LocalBucket
from erp_common.http.clock import SYSTEM_CLOCK, Closed
from erp_common.http.options import RateLimit
from erp_common.http.request import Request
from erp_common.http.shared_bucket import RedisBucket
from erp_common.http.throttle import TokenBucketRateLimiter


class ServerBucket:
    """An ERP's own token bucket, in the textbook form."""

    def __init__(self, requests: float, interval: float, burst: int, start: float) -> None:
        self.rate, self.burst = requests / interval, burst
        self.tokens, self.at = float(burst), start

    def accepts(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1 - 1e-6:
            return False
        self.tokens -= 1
        return True


allowances = st.builds(
    Allowance,
    requests=st.integers(1, 1000),
    interval=st.sampled_from([1.0, 7.0, 60.0]),
    burst=st.integers(1, 50),
)


@given(allowance=allowances, pauses=st.lists(st.just(0.0) | st.floats(0, 30), max_size=80))
def test_an_erp_with_the_same_bucket_never_says_no_and_none_is_wasted(
    clock_type: Any, allowance: Allowance, pauses: list[float]
) -> None:
    clock = clock_type()
    server = ServerBucket(allowance.requests, allowance.interval, allowance.burst, clock.now)
    limiter = TokenBucketRateLimiter(
        allowance.requests, allowance.interval, allowance.burst, clock=clock
    )
    for pause in pauses:
        clock.advance(pause)
        before = clock.now
        limiter.acquire()
        assert server.accepts(clock.now)
        if clock.now > before:  # it waited, so nothing may have been left to use
            assert server.tokens < 1e-3


@given(allowance=allowances, delays=st.lists(st.floats(0, 0.25), max_size=80))
def test_a_margin_makes_up_for_requests_that_arrive_late(
    clock_type: Any, allowance: Allowance, delays: list[float]
) -> None:
    allowance = Allowance(
        allowance.requests, allowance.interval, max(2, allowance.burst), margin=0.25
    )
    used = allowance.spacing * (allowance.burst - 1) - allowance.slack
    clock = clock_type()
    bucket = LocalBucket(allowance, clock)
    server = ServerBucket(allowance.requests, allowance.interval, allowance.burst, clock.now)
    arrivals = []
    for delay in delays:
        place, wait = bucket.book()
        clock.advance(max(0.0, wait))
        assert bucket.left(place) <= 1e-9
        arrivals.append(clock.now + min(delay, used))
    assert all(server.accepts(arrival) for arrival in sorted(arrivals))


def test_the_full_rate_is_kept_in_the_long_run(clock: Any) -> None:
    limiter = TokenBucketRateLimiter(100, 60, 10, margin=0.25, clock=clock)
    start = clock.now
    for _ in range(1000):
        limiter.acquire()
    allowed = 10 + (clock.now - start) * 100 / 60
    assert 0.99 * allowed < 1000 <= allowed


def test_without_a_burst_the_margin_costs_little(clock: Any) -> None:
    limiter = TokenBucketRateLimiter(100, 60, 1, margin=0.25, clock=clock)
    start = clock.now
    for _ in range(1000):
        limiter.acquire()
    assert 0.95 < 1000 / (1 + (clock.now - start) * 100 / 60) < 0.97


def test_turns_come_in_the_order_of_asking(clock: Any) -> None:
    bucket = LocalBucket(Allowance(1, 1), clock)
    waits = [bucket.book()[1] for _ in range(50)]
    assert waits == pytest.approx(list(range(50)))


def test_threads_share_it() -> None:
    limiter = TokenBucketRateLimiter(200, 1, 5)
    began = time.monotonic()

    def call(_: int) -> None:
        with limiter:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(60)))
    assert 5 + 200 * (time.monotonic() - began) >= 60


def test_a_penalty_holds_everyone_and_ends_the_burst(buckets: Any, clock: Any) -> None:
    bucket: Bucket = buckets(Allowance(10, 1, 5))
    bucket.book()
    booked = [bucket.book() for _ in range(5)]
    assert bucket.left(booked[-1][0]) == pytest.approx(0.1, abs=0.05)
    bucket.penalise(30.0)
    assert bucket.left(booked[-1][0]) == pytest.approx(30.1, abs=0.05)
    waits = [bucket.book()[1] for _ in range(2)]
    assert waits == pytest.approx([30.2, 30.3], abs=0.05)
    bucket.penalise(1.0)  # shorter than what is left: nothing to add
    assert bucket.left(booked[-1][0]) == pytest.approx(30.1, abs=0.05)
    bucket.penalise(40.0)
    assert bucket.left(booked[-1][0]) == pytest.approx(40.1, abs=0.05)
    clock.advance(0)


def test_a_full_bucket_has_no_burst_after_a_penalty(buckets: Any) -> None:
    bucket: Bucket = buckets(Allowance(10, 1, 5))
    bucket.penalise(30.0)
    waits = [bucket.book()[1] for _ in range(3)]
    assert waits == pytest.approx([30.0, 30.1, 30.2], abs=0.05)


def test_without_a_burst_the_next_waits_at_once(buckets: Any) -> None:
    bucket: Bucket = buckets(Allowance(1, 60, 1))
    waits = [bucket.book()[1] for _ in range(2)]
    assert waits == pytest.approx([0, 60], abs=0.05)


def test_the_day_ends(buckets: Any) -> None:
    allowance = Allowance(1000, 1, 100, per_day=3)
    limiter = TokenBucketRateLimiter(1000, 1, 100, per_day=3, bucket=buckets(allowance))
    for _ in range(3):
        limiter.acquire()
    with pytest.raises(ERPRateLimitError, match="3 requests allowed a day are used up") as caught:
        limiter.acquire()
    assert caught.value.ends_run


def test_the_next_day_begins_at_midnight_in_brazil(clock: Any) -> None:
    clock.wall = 1_704_164_399.0  # 2 January 2024, 02:59:59 UTC: still the first in São Paulo
    limiter = TokenBucketRateLimiter(1000, 1, 100, per_day=1, clock=clock)
    limiter.acquire()
    with pytest.raises(ERPRateLimitError):
        limiter.acquire()
    clock.advance(1)
    limiter.acquire()


def test_a_turn_that_was_missed_is_given_up(clock: Any) -> None:
    limiter = TokenBucketRateLimiter(10, 1, 5, margin=0.2, clock=clock)
    turn = limiter.book()
    clock.advance(0.15)  # connecting took longer than the margin makes up for
    limiter.take(turn)
    assert limiter.book().wait == 0
    for _ in range(5):
        turn = limiter.book()
    assert turn.wait > 0
    clock.advance(turn.wait)
    limiter.take(turn)
    assert clock.waited == []


def test_a_turn_that_is_an_hour_from_the_next_may_be_a_little_late(clock: Any) -> None:
    limiter = TokenBucketRateLimiter(1, 3600, 1, margin=0.25, clock=clock)
    turn = limiter.book()
    clock.advance(0.12)  # the margin keeps the next one farther away by more than that
    limiter.take(turn)
    assert clock.waited == []
    assert limiter.book().wait > 3600


def test_a_turn_that_was_missed_is_one_request_of_the_day(buckets: Any) -> None:
    bucket: Bucket = buckets(Allowance(1000, 1, 100, per_day=2))
    for again in (False, True, True, False, True):
        bucket.book(again=again)
    with pytest.raises(DayUsedUp):
        bucket.book()


def test_connecting_anew_for_each_request_uses_up_no_more_of_the_day(clock: Any) -> None:
    limiter = TokenBucketRateLimiter(1000, 1, 100, per_day=10, clock=clock)
    for _ in range(10):
        turn = limiter.book()
        clock.advance(0.06)  # a handshake with a server far away
        limiter.take(turn)
    with pytest.raises(ERPRateLimitError, match="10 requests allowed a day"):
        limiter.book()


def test_a_turn_that_is_hours_away_is_not_waited_for(buckets: Any) -> None:
    limiter = TokenBucketRateLimiter(1, 86_400, bucket=buckets(Allowance(1, 86_400)))
    limiter.acquire()
    with pytest.raises(ERPRateLimitError, match=r"no room for 86[34]\d\d s; run again") as caught:
        limiter.acquire()
    assert caught.value.ends_run


def test_closing_ends_the_wait() -> None:
    limiter = TokenBucketRateLimiter(1, 3600, 1)
    stop = threading.Event()
    limiter.acquire(stop=stop)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(limiter.acquire, stop=stop)
        stop.set()
        assert isinstance(waiting.exception(10), Closed)


def test_tasks_wait_without_blocking_the_loop(clock: Any) -> None:
    limiter = TokenBucketRateLimiter(1, 10, 1, clock=clock)

    async def call() -> None:
        async with limiter:
            pass

    async def run() -> None:
        await asyncio.gather(*[call() for _ in range(3)])

    asyncio.run(run())
    assert clock.now >= 1020 - 1e-6


@pytest.mark.parametrize(
    "values",
    [
        {"requests": 0},
        {"interval": 0},
        {"burst": 0},
        {"per_day": 0},
        {"requests": -1},
        {"requests": float("nan")},
        {"interval": float("inf")},
    ],
)
def test_allowances_that_make_no_sense(values: Any) -> None:
    with pytest.raises(ERPValidationError, match=r"rate_limit\."):
        Allowance(**{"requests": 1, **values})


@pytest.fixture(params=["local", "redis"])
def buckets(
    request: pytest.FixtureRequest, clock: Any, tmp_path: Any
) -> Iterator[Callable[[Allowance], Bucket]]:
    """Buckets of both kinds, which must behave alike."""
    made: list[RedisBucket] = []

    def build(allowance: Allowance) -> Bucket:
        if request.param == "local":
            return LocalBucket(allowance, clock)
        url = request.getfixturevalue("redis_url")
        made.append(RedisBucket(allowance, url, owner=str(tmp_path), clock=SYSTEM_CLOCK))
        return made[-1]

    yield build
    for bucket in made:
        bucket.close()


# --- several processes -------------------------------------------------------------------------

RATE, BURST, SECONDS = 100, 10, 1.0

USE_IT = """
import json, sys, time
from erp_common.http.bucket import Allowance
from erp_common.http.request import Request
from erp_common.http.shared_bucket import RedisBucket
from erp_common.http.throttle import TokenBucketRateLimiter

url, owner, rate, burst = sys.argv[1:]
rate, burst = int(rate), int(burst)
bucket = RedisBucket(Allowance(rate, 1, burst, margin=0.02), url, owner=owner)
limiter = TokenBucketRateLimiter(rate, 1, burst, bucket=bucket)
bucket.left(0.0)
print("ready", flush=True)
end = float(sys.stdin.readline())
times = []
while not times or times[-1] < end:
    limiter.take(limiter.book())
    times.append(time.monotonic())
print(json.dumps(times[:-1]))
"""


def test_processes_share_it_through_redis(redis_url: str, tmp_path: Any) -> None:
    command = [sys.executable, "-c", USE_IT, redis_url, str(tmp_path), str(RATE), str(BURST)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    end = f"{began + SECONDS}\n"
    with ThreadPoolExecutor(2) as pool:  # both are told at once
        outputs = pool.map(lambda process: process.communicate(end, timeout=180)[0], processes)
    shares = [json.loads(output) for output in outputs]
    times = sorted(moment for share in shares for moment in share)
    for number, moment in enumerate(times, 1):
        assert number <= BURST + RATE * (moment - began)
    assert len(times) > 0.6 * RATE * SECONDS  # and most of it is used, even on a busy machine
    assert min(len(share) for share in shares) > 0


def test_only_a_hash_of_the_owner_reaches_redis(redis_url: str) -> None:
    bucket = RedisBucket(Allowance(1, 1, per_day=5), redis_url, owner="Omie\nsecret-key")
    bucket.book()
    keys = list(bucket._client.scan_iter("erp-taps:*"))
    assert len(keys) >= 2
    assert not any("secret" in str(key) for key in keys)
    assert all(bucket._client.ttl(key) > 0 for key in keys)
    bucket.close()


def test_others_and_other_limits_have_their_own(redis_url: str) -> None:
    for owner, requests in [("a", 1), ("b", 1), ("a", 2)]:
        bucket = RedisBucket(Allowance(requests, 3600), redis_url, owner=f"own {owner}")
        assert bucket.book()[1] == 0
        assert bucket.book()[1] > 0
        bucket.close()


def test_a_redis_that_does_not_answer_is_named_without_its_password(connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"redis://user:geheim@127.0.0.1:{port}/0"
    limit = RateLimit(requests=1_000_000, interval=60, burst=100_000, storage_url=url)
    transport = connect(rate_limit=limit)
    with pytest.raises(
        ERPConnectionError, match=rf"127\.0\.0\.1:{port} cannot be reached"
    ) as caught:
        transport.fetch(Request("GET", "/"), lambda answer: answer.read())
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://host", "host", "redis://", "redis://host:port", "redis://host/x?socket_timeout=a"],
)
def test_addresses_that_are_no_redis(url: str) -> None:
    with pytest.raises(ERPValidationError, match=r"rate_limit\.storage_url"):
        RedisBucket(Allowance(1), url, owner="x")


def test_redis_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ERPValidationError, match=r"install erp-common\[redis\]"):
        RedisBucket(Allowance(1), "redis://host", owner="x")


@pytest.mark.parametrize("buckets_kind", ["local", "redis"])
def test_no_penalty_outlasts_an_hour(buckets_kind: str, redis_url: str, tmp_path: Any) -> None:
    allowance = Allowance(100)
    bucket: Any = LocalBucket(allowance)
    if buckets_kind == "redis":
        bucket = RedisBucket(allowance, redis_url, owner=str(tmp_path))
    bucket.penalise(999_999_999)
    slot, wait = bucket.book()
    assert 3500 < wait <= 3601
    assert bucket.left(slot) <= 3601


@pytest.mark.parametrize(
    "poison",
    [
        {"until": str(10**17)},
        {"until": str(10**15), "lag": str(10**15)},
        {"next": str(10**16)},
        {"next": "nan", "until": "inf", "lag": "-inf"},
        {"next": "x", "until": "", "lag": "1e999"},
        {"lag": str(-(10**16))},
    ],
    ids=str,
)
def test_poisoned_keys_heal(poison: dict[str, str], redis_url: str, tmp_path: Any) -> None:
    bucket = RedisBucket(Allowance(100), redis_url, owner=f"{tmp_path}{poison}")
    client = redis.Redis.from_url(redis_url)
    for field, value in poison.items():
        client.hset(bucket._keys[0], field, value)
    slot, wait = bucket.book()
    assert wait <= 3601
    assert bucket.left(slot) <= 3601
    assert 0 < client.ttl(bucket._keys[0]) < 2 * 3600
    client.close()


def test_keys_of_another_type_heal(redis_url: str, tmp_path: Any) -> None:
    bucket = RedisBucket(Allowance(100, per_day=5), redis_url, owner=str(tmp_path))
    client = redis.Redis.from_url(redis_url)
    client.set(bucket._keys[0], "text")
    bucket.book()
    (day,) = client.keys(bucket._keys[1] + "*")
    for wrong in ("text", "1e400"):
        client.set(day, wrong)
        bucket.book()
    client.delete(day)
    client.lpush(day, "text")
    bucket.book()
    client.close()
    bucket.close()


def test_a_long_wait_is_told_once(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    limiter = TokenBucketRateLimiter(1, 10, 1, name="Omie", clock=clock)
    for _ in range(3):
        limiter.acquire()
    assert [one.getMessage() for one in caplog.records] == [
        "Omie: waiting 10 s for the allowance of requests."
    ]
