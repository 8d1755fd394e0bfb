"""Requests run ahead of their consumer: in order, bounded, and without losing an answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from erp_common.errors import ERPAuthenticationError, ERPConnectionError, ERPRateLimitError
from erp_common.extract.ahead import FetchAhead, Place, Ticket, threads_end


def test_answers_come_in_the_order_asked_for() -> None:
    ahead = FetchAhead(4)
    tickets = [ahead.submit((n,), lambda n=n: n * n) for n in range(200)]  # type: ignore[misc]
    assert [ticket.result() for ticket in tickets] == [n * n for n in range(200)]
    ahead.close()


def test_no_more_answers_wait_than_the_window_holds() -> None:
    finished: list[int] = []
    ahead = FetchAhead(3, window=5)
    lock = threading.Lock()

    def call(n: int) -> int:
        with lock:
            finished.append(n)
        return n

    tickets = [ahead.submit((n,), lambda n=n: call(n)) for n in range(100)]  # type: ignore[misc]
    for n, ticket in enumerate(tickets):
        assert ticket.result() == n
        with lock:
            assert max(finished) <= n + 1 + 5
    ahead.close()


def test_work_for_later_never_holds_up_work_for_now() -> None:
    release = threading.Event()
    ahead = FetchAhead(2, window=2)
    later = [ahead.submit((9, n), lambda: "later") for n in range(2)]
    first = ahead.submit((1,), lambda: "now" if release.wait(30) else "never")
    now = [ahead.submit((2, n), lambda: "now") for n in range(10)]
    release.set()
    assert first.result() == "now"
    assert [ticket.result() for ticket in now] == ["now"] * 10
    assert [ticket.result() for ticket in later] == ["later"] * 2
    ahead.close()


def test_an_error_is_raised_where_the_answer_is_taken() -> None:
    ahead = FetchAhead(2)

    def fail() -> None:
        raise ERPConnectionError("down")

    bad, good = ahead.submit((1,), fail), ahead.submit((2,), lambda: 2)
    assert good.result() == 2
    with pytest.raises(ERPConnectionError, match="down"):
        bad.result()
    ahead.close()


def test_what_ends_the_run_ends_it_where_its_answer_is_needed() -> None:
    """Asked ahead of time, it keeps nothing from what comes before, and asks nothing after."""
    ahead = FetchAhead(2)
    asked: list[int] = []

    def refused() -> None:
        raise ERPAuthenticationError("bad key", ends_run=True)

    key = ahead.submit((2, 0), refused)
    while not ahead.made:
        time.sleep(0.001)
    before = [ahead.submit((1, n), partial(asked.append, n)) for n in range(9)]
    after = ahead.submit((2, 1), partial(asked.append, 99))
    assert [ticket.result() for ticket in before] == [None] * 9
    for ticket in (key, after):
        with pytest.raises(ERPAuthenticationError, match="bad key"):
            ticket.result()
    assert sorted(asked) == list(range(9))
    ahead.close()


def test_what_ends_the_run_is_forgotten_with_its_company() -> None:
    ahead = FetchAhead(1)

    def limited() -> None:
        raise ERPRateLimitError("used up")

    ahead.submit((1, 5), limited)
    while not ahead.made:
        time.sleep(0.001)
    waits = ahead.submit((2,), lambda: "done")
    ahead.forget((1,))
    assert waits.result() == "done"
    ahead.close()


def test_what_is_forgotten_gives_its_room_back_and_stays_forgotten() -> None:
    ahead = FetchAhead(2, window=3)
    dropped = [ahead.submit((0, n), lambda: "dropped") for n in range(50)]
    dropped[0].result()
    ahead.forget((0,))
    assert [ahead.submit((1, n), lambda: "kept").result() for n in range(20)] == ["kept"] * 20
    with pytest.raises(ERPConnectionError, match="given up"):
        ahead.submit((0, 99), lambda: 1).result()
    with pytest.raises(ERPConnectionError, match="given up"):
        dropped[-1].result()
    ahead.close()


def test_closing_wakes_who_waits() -> None:
    ahead = FetchAhead(1)
    started, release = threading.Event(), threading.Event()

    def slow() -> int:
        started.set()
        release.wait(30)
        return 1

    ticket = ahead.submit((1,), slow)
    started.wait(30)
    threading.Thread(target=ahead.close).start()
    with pytest.raises(ERPConnectionError, match="ended"):
        ticket.result()
    release.set()


def test_planned_work_is_drawn_when_the_threads_have_nothing_to_do() -> None:
    tickets: dict[int, Ticket[int]] = {}
    ready = threading.Condition()
    ahead: FetchAhead

    def plan() -> Iterator[int]:
        for n in range(30):
            with ready:
                tickets[n] = ahead.submit((n, 0), lambda n=n: n)  # type: ignore[misc]
                ready.notify_all()
            yield n

    ahead = FetchAhead(3, more=plan())
    ahead.start()
    for n in range(30):
        with ready:
            assert ready.wait_for(partial(tickets.__contains__, n), 30)
        assert tickets[n].result() == n
    ahead.close()


def test_calls_may_submit_calls() -> None:
    """As the first page of a listing does with its other pages, in random trees of calls."""
    chance = random.Random(7)  # noqa: S311
    for _ in range(20):
        ahead = FetchAhead(chance.randint(1, 4), window=chance.randint(1, 6))
        children: dict[Place, list[Ticket[Place]]] = {}

        def call(
            place: Place,
            width: int,
            ahead: FetchAhead = ahead,
            children: dict[Place, list[Ticket[Place]]] = children,
        ) -> Place:
            below = [(*place, n) for n in range(width)]
            children[place] = [ahead.submit(one, partial(tuple, one)) for one in below]
            return place

        widths = [chance.randint(0, 8) for _ in range(12)]
        roots = [
            ahead.submit((n,), lambda n=n, width=width: call((n,), width))  # type: ignore[misc]
            for n, width in enumerate(widths)
        ]
        for n, root in enumerate(roots):
            assert root.result() == (n,)
            taken = [child.result() for child in children[(n,)]]
            assert taken == [(n, m) for m in range(widths[n])]
        ahead.close()


def test_a_plan_that_fails_leaves_the_work_to_who_needs_it() -> None:
    def plan() -> Iterator[int]:
        yield 1
        raise ERPConnectionError("cannot be planned")

    ahead = FetchAhead(2, more=plan())
    ahead.start()
    assert [ahead.submit((n,), lambda: "done").result() for n in range(20)] == ["done"] * 20
    ahead.close()


def test_threads_that_wait_end_when_their_pool_is_closed() -> None:
    release, begun = threading.Event(), threading.Event()
    ahead = FetchAhead(2)

    def call() -> bool:
        begun.set()
        return release.wait(30)

    ahead.submit((1,), call)
    assert begun.wait(30)
    ahead.close()
    assert not threads_end(0.0), "a call is still under way"
    release.set()
    assert threads_end(30.0)
