"""What is asked of the ERP: everything, once, and no more than is needed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date
from math import ceil
from threading import Condition

import pytest

from contract.applies import each, where
from contract.conftest import Build, Plain
from contract.erps import BEFORE_THE_BOOKS, Erp
from contract.ledger import QUARTER, Span, Truth, by_key, without
from contract.test_catalog import STREAMS
from contract.world import World
from simulator import LoggedRequest
from simulator.faults import Exchange, Fault
from simulator.http11 import Response

pytestmark = pytest.mark.by_day("omie", "bling_v2", "contaazul")


def pages(erp: Erp, rows: int, size: int) -> int:
    """How many requests so many rows take."""
    if erp.pages == "single":
        return 1
    if erp.pages == "short":
        return rows // size + 1
    return max(1, ceil(rows / size)) if erp.pages == "totals" else ceil(rows / size) + 1


def needed(
    world: World, size: int, *, every_account: bool = False, together: bool | None = None
) -> Counter[str]:
    """How many requests a run of the quarter takes, by endpoint.

    Args:
        world: The ERP.
        size: Rows on a page.
        every_account: Whether all accounts are asked for, and not those alone that moved.
        together: Whether an account's postings of all three months are asked for at once; as the
            world's settings have it by default.
    """
    erp = world.erp
    together = world.periods != 1 if together is None else together
    count: Counter[str] = Counter()
    if erp.tokens:
        count["token"] = 1
    for truth in world.truths:
        chart = len(truth.company.accounts)
        before = [] if erp.openings else [Span(BEFORE_THE_BOOKS, BEFORE_THE_BOOKS)]
        spans = [*before, *QUARTER]
        if not erp.reported:
            # A chart comes in one answer where postings come entry by entry.
            count[erp.accounts.endpoint] += 1 if not erp.by_account else pages(erp, chart, size)
        if erp.reported:
            count[erp.accounts.endpoint] += len(spans) * pages(erp, chart, size)
        if not erp.by_account:
            for span in spans:
                entries = truth.company.entries_between(*span)
                count[erp.postings.endpoint] += pages(erp, len(entries), size)
            continue
        moved = erp.reported and not every_account
        for window in [before, QUARTER] if together else [[span] for span in spans]:
            for span, code in asked_over(truth, window, moved=moved):
                lines = len(truth.company.lines(*span, code))
                count[erp.postings.endpoint] += pages(erp, lines, size)
    return count


def asked_over(truth: Truth, window: list[Span], *, moved: bool) -> Iterator[tuple[Span, str]]:
    """Each account that is asked for in a window, from the first day needed to the last."""
    for code in truth.analytic():
        wanted = [span for span in window if not moved or code in truth.moved(span)]
        if wanted:
            yield Span(wanted[0].start, wanted[-1].end), code


def asked(requests: list[LoggedRequest]) -> Counter[str]:
    """How many requests came, by endpoint."""
    return Counter(request.endpoint for request in requests)


def same(request: LoggedRequest) -> tuple[object, ...]:
    """What makes a request the same as another."""
    return request.endpoint, request.path, tuple(sorted(map(str, request.params.items())))


def test_nothing_is_asked_twice_and_nothing_for_nothing(plain: Plain) -> None:
    size = plain.world.erp.page_size or 100
    assert asked(plain.requests) == needed(plain.world, size)
    assert max(Counter(map(same, plain.requests)).values()) == 1
    if plain.world.erp.reported:
        windows = [QUARTER] if plain.world.periods is None else [[span] for span in QUARTER]
        moved = {
            (truth.company.id, code, span.start)
            for truth in plain.truths
            for window in windows
            for span, code in asked_over(truth, window, moved=True)
        }
        assert told(plain.world, plain.requests) == moved


@where(lambda erp: erp.by_account, apart=False)
def test_one_period_a_request(build: Build) -> None:
    """Then each account is asked for in the periods in which it moved, and in no other."""
    world = build.several(entries_per_month=6)
    run = world.good(periods_per_request=1)
    requests = list(world.sim.requests)
    assert asked(requests) == needed(world, world.erp.page_size or 100, together=False)
    assert max(Counter(map(same, requests)).values()) == 1
    if world.erp.reported:
        moved = {
            (truth.company.id, code, span.start)
            for truth in world.truths
            for span in QUARTER
            for code in truth.moved(span)
        }
        assert told(world, requests) == moved
    world.sim.requests.clear()
    together = world.good()
    for stream in STREAMS:
        assert without(together.records(stream)) == without(run.records(stream))
    assert len(world.sim.requests) < len(requests)


def told(world: World, requests: list[LoggedRequest]) -> set[tuple[str | None, str, date]]:
    """The companies and accounts whose postings are asked for, and from which day on."""
    postings = world.erp.postings
    return {
        (request.company, (request.account or "").strip(), span.start)
        for request in requests
        for span in QUARTER
        if request.endpoint == postings.endpoint and postings.asks_from(request, span.start)
    }


def test_every_request_was_understood(plain: Plain) -> None:
    assert {request.status for request in plain.requests} == {200}


def test_all_accounts_are_asked(world: World) -> None:
    run = world.good(subledger_accounts="all")
    size = world.erp.page_size or 100
    assert asked(list(world.sim.requests)) == needed(world, size, every_account=True)
    lines = [row for span in QUARTER for row in world.truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)


@each("size", lambda erp: (1, 2, 7, 79) if erp.pages != "single" else ())
def test_small_pages_hold_the_same_rows(build: Build, size: int) -> None:
    """79 accounts on a page of 79: the last page is full."""
    world = build(entries_per_month=6)
    assert len(world.company.accounts) == 79
    if world.erp.page_size is None:
        world.options.page_cap = size
        settings = {}
    else:
        settings = {"page_size": size}
    run = world.good(**settings)
    assert asked(list(world.sim.requests)) == needed(world, size)
    assert max(Counter(map(same, world.sim.requests)).values()) == 1
    balances = [row for span in QUARTER for row in world.truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == balances
    lines = [row for span in QUARTER for row in world.truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)
    assert run.codes == []


@where(lambda erp: erp.pages == "totals")
def test_a_server_that_serves_smaller_pages(build: Build) -> None:
    """The ERP decides how large a page is; what it cuts must not be lost."""
    world = build(entries_per_month=12)
    world.sim.page_cap = 5
    run = world.good()
    assert asked(list(world.sim.requests)) == needed(world, 5)
    lines = [row for span in QUARTER for row in world.truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)


@where(lambda erp: erp.pages == "short")
def test_pages_larger_than_the_server_serves(build: Build) -> None:
    """A page that the server has cut looks like a last one, and is none."""
    world = build(entries_per_month=3, accounts=150)
    assert world.options.page_cap < len(world.company.accounts)
    run = world.good(page_size=500, end_date="2024-01-31")
    assert without(run.records("trial_balance")) == world.truth.trial_balance(QUARTER[0])


class Gauge:
    """Counts the requests that are under way at once; each waits until `full` are, for a moment."""

    def __init__(self, full: int) -> None:
        """Let requests wait for `full` of them."""
        self.most = 0
        self._full = full
        self._now = 0
        self._changed = Condition(threading.Lock())

    def pass_through(self, exchange: Exchange) -> Response:
        """Answer honestly, counted from here to just before the answer leaves."""
        with self._changed:
            self._now += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._full, timeout=0.05)
        response = exchange.proceed()
        with self._changed:
            self._now -= 1
        return response


@pytest.mark.parametrize("allowed", [1, 3])
def test_no_more_requests_in_flight_than_allowed(build: Build, allowed: int) -> None:
    world = build(entries_per_month=12)
    gauge = Gauge(full=allowed + 1)  # more than may ever come
    world.sim.faults.add(Fault("gauge", gauge.pass_through), erp=world.erp.name, times=20)
    world.good(max_concurrency=allowed, end_date="2024-01-31")
    if world.erp.by_account:
        assert gauge.most == allowed
    else:
        assert 1 <= gauge.most <= allowed


@where(lambda erp: erp.tokens)
def test_one_token_serves_the_whole_run(build: Build) -> None:
    world = build.several(entries_per_month=6)
    world.good(max_concurrency=8)
    assert world.sim.tokens.count == 1
