"""Where a run starts: which periods of a company are read, and from which openings."""

from __future__ import annotations

from datetime import date, timedelta

from singer_sdk.exceptions import ConfigValidationError

from erp_common.extract.work import CarriedOpenings, Work
from erp_common.ledger.models import Basis, Company
from erp_common.ledger.periods import Cut, Period, before, containing, cut_span, today
from erp_common.setup.settings import Settings
from erp_common.singer.state import Bookmarks


def work(company: Company, config: Settings, bookmarks: Bookmarks, basis: Basis) -> Work:
    """The periods of a company that this run reads.

    Raises:
        ConfigValidationError: If the settings leave nothing to read or cannot be followed.
    """
    cut = config.period
    first, last = config.first_day, config.end_date or today()
    if last < first:
        raise _wrong(f"start_date ({first}) lies in the future; there is nothing to read yet")
    periods = list(cut_span(first, last, cut))
    reached = bookmarks.reached(company.id)
    at = periods[0].start
    if reached is not None and cut is not Cut.RANGE:
        at = max(at, before(containing(reached, cut), config.lookback_periods, cut).start)
    if basis is Basis.REPORTED:
        return Work(company, [period for period in periods if period.start >= at])
    return _derived(company, config, periods, at, bookmarks.openings(company.id))


def _derived(
    company: Company,
    config: Settings,
    periods: list[Period],
    at: date,
    carried: CarriedOpenings | None,
) -> Work:
    _check_year_end(config, periods)
    basis = openings_basis(config, periods[0].start)
    beginning = periods[0].start
    # Balances summed under other settings, or too late for the lookback of now, are of no use.
    if at > beginning and carried is not None and carried.basis == basis:
        as_of = carried.openings.as_of
        if beginning <= as_of <= at:
            kept = [period for period in periods if period.start >= as_of]
            return Work(company, kept, openings=carried.openings, openings_basis=basis)
    return Work(
        company,
        periods,
        before=spans_before(config, beginning),
        openings_basis=basis,
    )


def openings_basis(config: Settings, beginning: date) -> str:
    """A mark of every setting that decides the openings of a derived ledger."""
    close = f"closed each {config.fiscal_year_start_month:02}" if config.closes_years else "open"
    return f"{config.period.value} from {config.openings_day or beginning}, {beginning}, {close}"


def spans_before(config: Settings, beginning: date) -> list[Period]:
    """What lies before the first period and is summed into its openings, cut at fiscal years."""
    start = config.openings_day
    if start is None or start >= beginning:
        return []
    end = beginning - timedelta(days=1)
    if not config.closes_years:
        return [Period(start, end)]
    spans: list[Period] = []
    for month in cut_span(start, end, Cut.MONTH):
        part = Period(max(month.start, start), min(month.end, end))
        if spans and month.start.month != config.fiscal_year_start_month:
            spans[-1] = Period(spans[-1].start, part.end)
        else:
            spans.append(part)
    return spans


def _check_year_end(config: Settings, periods: list[Period]) -> None:
    if not config.closes_years:
        return
    month = config.fiscal_year_start_month
    for period in periods:
        for inner in cut_span(period.start, period.end, Cut.MONTH):
            if inner.start.month == month and inner.start > period.start:
                raise _wrong(
                    f"year_end_close needs periods that begin with the fiscal year, but {period} "
                    f"holds its start on {inner.start}; set period to month",
                )


def _wrong(sentence: str) -> ConfigValidationError:
    return ConfigValidationError(sentence, errors=[sentence], schema={})
