# ruff: noqa: INP001 -- packages named tests would hide one another
"""What moved is asked for once, in whatever order the periods are read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from erp_common.extract.spool import Spool, decode_rows, encode_rows
from erp_common.http.masking import Masker
from erp_common.ledger.periods import Period
from erp_common.setup.connection import Build
from erp_common.setup.parse import parse
from simulator import Simulator, faults
from tap_contaazul.public import search
from tap_contaazul.public.calls import windows
from tap_contaazul.public.plan import Plan
from tap_contaazul.public.shares import Lookups
from tap_contaazul.public.span import Span
from tap_contaazul.tap import TapContaAzul

ERP = "contaazul_public"
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Period(date(2024, 2, 1), date(2024, 2, 29))
MARCH = Period(date(2024, 3, 1), date(2024, 3, 31))
PLAN = Plan(size=100, threads=2, today=date(2024, 4, 1))


@pytest.fixture
def span(sim: Simulator) -> Iterator[Span]:
    given = sim.settings(ERP) | {"rate_limit": {"requests": 100000, "burst": 10000}}
    given |= {"start_date": "2024-01-01", "retry": {"max_attempts": 1}}
    config = parse(given, TapContaAzul.settings_class)
    build = Build(TapContaAzul.defaults.of("public"), Masker())
    yield Span(TapContaAzul.source(config, build).transport, PLAN, [], Lookups({}, {}))
    build.close()


def found(span: Span, period: Period) -> list[str]:
    """What moved in a period, by the ids of what moved it."""
    page = span.page(period)
    rows = [row for batch in page.batches for row in batch.rows if row is not None]
    assert len(rows) == page.row_count
    return [(row.baixa or row.transferencia or row.saldo)["id"] for row in rows]


def test_the_first_period_planned_says_where_the_search_begins(sim: Simulator, span: Span) -> None:
    """Whichever period is asked for first: that is for the threads to decide."""
    for period in (JANUARY, FEBRUARY, MARCH):
        span.plan(period)
    asked = []
    for period in (MARCH, JANUARY, FEBRUARY):
        span.page(period)
        asked.append(len(sim.requests.select(ERP)))
    assert asked[1:] == asked[:1] * 2
    searches = sim.requests.select(ERP, "contas-a-receber")
    assert {one.params["data_pagamento_de"] for one in searches} == {"2024-01-01"}


@pytest.mark.parametrize(
    "order",
    [(JANUARY, FEBRUARY, MARCH), (MARCH, JANUARY, FEBRUARY), (FEBRUARY, MARCH, JANUARY)],
)
def test_any_order_finds_everything_once(
    sim: Simulator, span: Span, order: tuple[Period, ...]
) -> None:
    cash = sim.cash(ERP)
    said = {period: found(span, period) for period in order}
    for period in order:
        moved = cash.between(period.start, period.end)
        settled = [max(len(one.titles), 1) for one in moved if one.kind != "transfer"]
        sides = [one for one in moved if one.kind == "transfer"]
        assert len(said[period]) == sum(settled) + len(sides)
    asked = [one.path for one in sim.requests.select(ERP, "parcela")]
    assert len(set(asked)) == len(asked)
    assert [found(span, period) for period in order] == [said[period] for period in order]


def test_progress_is_told(
    span: Span, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "TELL_EVERY", 10)
    with caplog.at_level(logging.INFO, "tap-contaazul"):
        found(span, JANUARY)
    first, second, *_ = [one.getMessage() for one in caplog.records if one.name == "tap-contaazul"]
    assert first.endswith(f"installments in {JANUARY}: asking for each")
    count = first.split()[4]
    assert second == f"10 of {count} installments are in"


def test_a_failure_is_not_tried_again_for_every_period(sim: Simulator, span: Span) -> None:
    rule = sim.faults.add(faults.status(503), endpoint="transferencias", times=None)
    for period in (JANUARY, FEBRUARY):
        with pytest.raises(Exception, match="try again later"):
            found(span, period)
    hits = rule.hits
    with pytest.raises(Exception, match="try again later"):
        found(span, MARCH)
    assert rule.hits == hits


@pytest.mark.parametrize("days", [1, 30, 90, 400])
def test_windows_leave_no_day_out_and_overlap_in_none(days: int) -> None:
    period = Period(date(2023, 12, 31), date(2024, 12, 31))
    cut = list(windows(period, days))
    assert sum((one.end - one.start).days + 1 for one in cut) == 367
    assert cut[0].start == period.start
    assert cut[-1].end == period.end
    assert max((one.end - one.start).days for one in cut) < days


def test_the_shelf_keeps_every_digit() -> None:
    spool = Spool(encode_rows, decode_rows)
    rows: list[dict[str, Any]] = [
        {"valor": Decimal("12345678901234567.89")},
        {"nome": "Tarifas & cia", "n": None},
    ]
    marks = [spool.put(row) for row in rows]
    assert [spool.get(mark) for mark in reversed(marks)] == rows[::-1]
