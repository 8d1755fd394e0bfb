"""Where a run starts, over random settings and bookmarks."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError

from erp_common.extract.work import CarriedOpenings
from erp_common.http.options import RateLimit
from erp_common.ledger.models import Basis, Company
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Periodicity, before, containing, today
from erp_common.setup.parse import parse
from erp_common.setup.settings import Defaults, DerivedSettings
from erp_common.singer.start import openings_mark, work
from erp_common.singer.state import Bookmarks

COMPANY = Company("ACME", "1", "Acme")

_days = st.dates(date(2019, 1, 1), date(2024, 12, 31))
_periodicities = st.sampled_from([Periodicity.MONTH, Periodicity.QUARTER, Periodicity.YEAR])


class _Settings(DerivedSettings, frozen=True, kw_only=True):
    """Of an ERP that sums up."""

    defaults: ClassVar[Defaults] = Defaults(
        system="Acme",
        base_url="https://acme.example",
        auth_types=("bearer_token",),
        rate=RateLimit(requests=1, interval=1, burst=1),
    )


def _config(**settings: Any) -> _Settings:
    return parse({"companies": [{"id": "ACME"}], "access_token": "token", **settings}, _Settings)


def _bookmarks(reached: date | None, carried: CarriedOpenings | None = None) -> Bookmarks:
    bookmarks = Bookmarks({}, ["periods", "trial_balance"])
    if reached is not None:
        bookmarks.mark(COMPANY.id, reached, carried)
    return bookmarks


@given(start=_days, length=st.integers(0, 900), periodicity=_periodicities)
def test_a_first_run_reads_every_period_that_touches_the_span(
    start: date, length: int, periodicity: Periodicity
) -> None:
    end = start + timedelta(days=length)
    config = _config(start_date=str(start), end_date=str(end), period=periodicity)
    periods = work(COMPANY, config, _bookmarks(None), Basis.REPORTED).periods
    assert periods[0].start <= start <= periods[0].end
    # Those that have not begun are left out.
    last = min(end, containing(today(), periodicity).end)
    assert periods[-1].start <= last <= periods[-1].end
    for one, after in pairwise(periods):
        assert after.start - one.end == timedelta(days=1)
    assert all(period == containing(period.start, periodicity) for period in periods)


@given(
    start=_days,
    length=st.integers(0, 900),
    periodicity=_periodicities,
    lookback=st.integers(0, 5),
    position=st.integers(0, 40),
)
def test_a_later_run_starts_at_the_bookmark_less_the_lookback(
    start: date, length: int, periodicity: Periodicity, lookback: int, position: int
) -> None:
    config = _config(
        start_date=str(start),
        end_date=str(start + timedelta(days=length)),
        period=periodicity,
        lookback_periods=lookback,
    )
    everything = work(COMPANY, config, _bookmarks(None), Basis.REPORTED).periods
    at = position % len(everything)
    periods = work(COMPANY, config, _bookmarks(everything[at].end), Basis.REPORTED).periods
    assert periods == everything[max(at - lookback, 0) :]


def test_a_range_is_always_read_again() -> None:
    config = _config(start_date="2024-01-10", end_date="2024-03-05", period=Periodicity.RANGE)
    (period,) = work(COMPANY, config, _bookmarks(date(2024, 3, 5)), Basis.REPORTED).periods
    assert (period.start, period.end) == (date(2024, 1, 10), date(2024, 3, 5))


def test_after_a_change_of_period_the_run_starts_where_the_bookmark_lies() -> None:
    config = _config(
        start_date="2023-01-01",
        end_date="2024-12-31",
        period=Periodicity.QUARTER,
        lookback_periods=0,
    )
    periods = work(COMPANY, config, _bookmarks(date(2024, 5, 31)), Basis.REPORTED).periods
    assert periods[0].start == date(2024, 4, 1)


class TestDerived:
    """A derived ledger starts only where it knows its openings."""

    settings = {"start_date": "2024-01-01", "end_date": "2024-06-30"}  # noqa: RUF012

    def _work(self, as_of: date, *, reached: date, **settings: Any) -> Any:
        config = _config(**{**self.settings, **settings})
        mark = openings_mark(_config(**self.settings), date(2024, 1, 1))
        openings = Openings(as_of=as_of, balances={"1.1": Decimal("5.00")})
        bookmarks = _bookmarks(reached, CarriedOpenings(openings, mark))
        return work(COMPANY, config, bookmarks, Basis.DERIVED)

    def test_it_goes_on_from_what_it_carries(self) -> None:
        found = self._work(date(2024, 3, 1), reached=date(2024, 4, 30))
        assert found.periods[0].start == date(2024, 3, 1)
        assert found.openings.balances == {"1.1": Decimal("5.00")}

    @pytest.mark.parametrize(
        "settings",
        [
            {"lookback_periods": 2},
            {"year_end_close": True},
            {"start_date": "2024-02-01"},
            {"opening_balances_from": "2023-01-01"},
            {"period": Periodicity.QUARTER},
        ],
    )
    def test_under_other_settings_it_starts_from_the_beginning(
        self, settings: dict[str, Any]
    ) -> None:
        found = self._work(date(2024, 3, 1), reached=date(2024, 4, 30), **settings)
        assert found.openings is None
        first = date.fromisoformat(settings.get("start_date", "2024-01-01"))
        assert found.periods[0].start == first

    def test_what_lies_before_is_cut_at_fiscal_years(self) -> None:
        config = _config(
            **self.settings,
            opening_balances_from="2022-11-15",
            year_end_close=True,
            fiscal_year_start_month=4,
        )
        spans = work(COMPANY, config, _bookmarks(None), Basis.DERIVED).before
        assert [(str(span.start), str(span.end)) for span in spans] == [
            ("2022-11-15", "2023-03-31"),
            ("2023-04-01", "2023-12-31"),
        ]

    def test_a_year_that_begins_inside_a_period_cannot_be_closed(self) -> None:
        with pytest.raises(ConfigValidationError) as told:
            self._work(
                date(2024, 1, 1),
                reached=date(2024, 4, 30),
                year_end_close=True,
                fiscal_year_start_month=2,
                period=Periodicity.QUARTER,
            )
        assert "set period to month" in str(told.value.errors)


def test_a_start_in_the_future_is_told() -> None:
    with pytest.raises(ConfigValidationError) as told:
        work(COMPANY, _config(start_date="2199-01-01"), _bookmarks(None), Basis.REPORTED)
    assert "lies in the future" in str(told.value.errors)


def test_periods_that_have_not_begun_are_not_read() -> None:
    now = today()
    config = _config(start_date=f"{now.year}-01-01", end_date=f"{now.year + 1}-06-30")
    for basis in Basis:
        periods = work(COMPANY, config, _bookmarks(None), basis).periods
        assert periods[-1] == containing(now, Periodicity.MONTH)
    yearly = _config(
        start_date=f"{now.year}-01-01", end_date=f"{now.year + 1}-06-30", period="range"
    )
    (whole,) = work(COMPANY, yearly, _bookmarks(None), Basis.REPORTED).periods
    assert whole.end == date(now.year + 1, 6, 30)


@pytest.mark.parametrize("ahead", [40, 400])
def test_a_bookmark_ahead_of_today_is_told_and_taken_as_today_s(
    caplog: pytest.LogCaptureFixture, ahead: int
) -> None:
    now = today()
    config = _config(
        start_date=f"{now.year - 1}-01-01", end_date=f"{now.year + 2}-12-31", lookback_periods=2
    )
    bookmarks = _bookmarks(containing(now + timedelta(days=ahead), Periodicity.MONTH).end)
    current = containing(now, Periodicity.MONTH)
    for _ in range(2):
        periods = work(COMPANY, config, bookmarks, Basis.REPORTED).periods
        assert periods[0] == before(current, 2, Periodicity.MONTH)
        assert periods[-1] == current
    assert caplog.text.count("lies ahead of the period of today") == 1
    bookmarks.mark(COMPANY.id, current.end)
    assert bookmarks.reached(COMPANY.id) == current.end


def test_a_start_in_a_period_to_come_leaves_nothing_to_read() -> None:
    day = containing(today(), Periodicity.MONTH).end + timedelta(days=3)
    config = _config(start_date=str(day), end_date=str(day + timedelta(days=90)))
    with pytest.raises(ConfigValidationError, match="lies in the future"):
        work(COMPANY, config, _bookmarks(None), Basis.REPORTED)


def test_everything_is_read_if_the_catalog_wants_that() -> None:
    config = _config(start_date="2024-01-01", end_date="2024-06-30")
    bookmarks = _bookmarks(date(2024, 5, 31))
    again = Bookmarks(bookmarks.state, ["periods"], from_start=True)
    assert len(work(COMPANY, config, bookmarks, Basis.REPORTED).periods) < 6
    assert len(work(COMPANY, config, again, Basis.REPORTED).periods) == 6
