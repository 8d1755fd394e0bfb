"""Periods: whole, without gaps, to the ends of the calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.periods import (
    Period,
    Periodicity,
    before,
    containing,
    fiscal_year,
    periods_touching,
    starts_fiscal_year,
    today,
)

periodicities = st.sampled_from([Periodicity.MONTH, Periodicity.QUARTER, Periodicity.YEAR])
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@given(st.dates(), periodicities)
def test_every_day_lies_in_one_whole_period(day: date, periodicity: Periodicity) -> None:
    period = containing(day, periodicity)
    assert day in period
    assert containing(period.start, periodicity) == containing(period.end, periodicity) == period
    assert period.start.day == 1
    assert period.end == date.max or (period.end + timedelta(days=1)).day == 1


@given(days, st.integers(0, 2000), periodicities)
def test_a_span_is_cut_without_gaps(start: date, length: int, periodicity: Periodicity) -> None:
    end = start + timedelta(days=length)
    periods = list(periods_touching(start, end, periodicity))
    assert start in periods[0]
    assert end in periods[-1]
    for one, following in pairwise(periods):
        assert following.start == one.end + timedelta(days=1)


@given(days, st.integers(0, 50), periodicities)
def test_going_back(day: date, count: int, periodicity: Periodicity) -> None:
    period = containing(day, periodicity)
    earlier = before(period, count, periodicity)
    assert len(list(periods_touching(earlier.start, day, periodicity))) == count + 1


def test_the_ends_of_the_calendar() -> None:
    assert containing(date.max, Periodicity.MONTH).end == date.max
    assert (
        list(periods_touching(date(9999, 11, 30), date.max, Periodicity.MONTH))[-1].end == date.max
    )
    assert (
        before(containing(date(1, 2, 3), Periodicity.MONTH), 5, Periodicity.MONTH).start == date.min
    )
    assert before(containing(date(1, 6, 1), Periodicity.MONTH), 2, Periodicity.MONTH).start == date(
        1, 4, 1
    )


def test_a_range_is_the_span_itself() -> None:
    start, end = date(2024, 1, 15), date(2024, 3, 10)
    assert list(periods_touching(start, end, Periodicity.RANGE)) == [Period(start, end)]
    with pytest.raises(ValueError, match="ends on 2024-01-15, before it starts"):
        list(periods_touching(end, start, Periodicity.RANGE))


def test_open_periods_and_their_text() -> None:
    period = Period(date(2024, 1, 1), date(2024, 1, 31))
    assert period.is_open(date(2024, 1, 31))
    assert not period.is_open(date(2024, 2, 1))
    assert str(period) == "2024-01-01..2024-01-31"


def test_today_is_that_of_sao_paulo() -> None:
    assert today(datetime(2024, 2, 1, 2, 59, tzinfo=timezone.utc)) == date(2024, 1, 31)
    assert today(datetime(2024, 2, 1, 3, 0, tzinfo=timezone.utc)) == date(2024, 2, 1)


@pytest.mark.parametrize(
    ("day", "first_month", "start", "year"),
    [
        (date(2024, 1, 1), 1, date(2024, 1, 1), 2024),
        (date(2024, 12, 31), 1, date(2024, 1, 1), 2024),
        (date(2024, 3, 31), 4, date(2023, 4, 1), 2024),
        (date(2024, 4, 1), 4, date(2024, 4, 1), 2025),
    ],
)
def test_fiscal_years(day: date, first_month: int, start: date, year: int) -> None:
    assert fiscal_year(day, first_month) == year
    assert starts_fiscal_year(containing(start, Periodicity.MONTH), first_month)
    assert not starts_fiscal_year(Period(start + timedelta(days=1), day), first_month)
