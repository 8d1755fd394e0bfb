"""Where a run starts: which periods of a company are read, and from which openings."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, timedelta

from singer_sdk import Stream
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL

from erp_common.extract.work import CarriedOpenings, Work
from erp_common.ledger.models import Basis, Company
from erp_common.ledger.periods import (
    Period,
    Periodicity,
    before,
    containing,
    periods_touching,
    today,
)
from erp_common.ledger.schemas import REPLICATION_KEY
from erp_common.setup.parse import refusal
from erp_common.setup.settings import Settings
from erp_common.singer.state import Bookmarks

logger = logging.getLogger(__name__)


def work(company: Company, config: Settings, bookmarks: Bookmarks, basis: Basis) -> Work:
    """The periods of a company that this run reads.

    Raises:
        ConfigValidationError: If the settings leave nothing to read or cannot be followed.
    """
    periodicity, now, first = config.period, today(), config.first_day
    at, last = first, config.end_date or now
    if periodicity is not Periodicity.RANGE:
        # Periods that have not begun have no postings, and a bookmark past them would skip those to
        # come; a range is one period, whenever it ends.
        at = containing(first, periodicity).start
        last = min(last, containing(now, periodicity).end)
    if last < first or at > now:
        raise refusal(f"start_date ({first}) lies in the future; there is nothing to read yet")
    periods = list(periods_touching(first, last, periodicity))
    if periodicity is not Periodicity.RANGE:
        reached = _reached(company, bookmarks, containing(now, periodicity))
        if reached is not None:
            last_read = containing(reached, periodicity)
            at = max(at, before(last_read, config.lookback_periods, periodicity).start)
    if basis is Basis.REPORTED:
        past = [one for one in periods if one.start < at and not one.is_open(now)]
        return Work(
            company,
            [period for period in periods if period.start >= at],
            watched=past[max(0, len(past) - config.recheck_periods) :],
            digests=bookmarks.digests(company.id, periodicity),
        )
    return _derived(company, config, periods, at, bookmarks.openings(company.id))


def spell_out_methods(catalog: object) -> None:
    """Put a stream's `replication-method` and `replication-key` where the SDK looks for them.

    Singer has a user's choice in the stream's metadata; the SDK reads it from the entry. What
    discovery writes is no choice: whichever place says something else counts.
    """
    entries = catalog.get("streams") if isinstance(catalog, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        found = entry.get("metadata") if isinstance(entry, dict) else None
        for item in found if isinstance(found, list) else ():
            said = item.get("metadata") if isinstance(item, dict) else None
            if isinstance(said, dict) and not item.get("breadcrumb"):
                method, key = said.get("replication-method"), said.get("replication-key")
                if method != REPLICATION_INCREMENTAL or not entry.get("replication_method"):
                    entry["replication_method"] = method or entry.get("replication_method")
                if key and key != REPLICATION_KEY:
                    entry["replication_key"] = key


def reads_all(streams: Iterable[Stream]) -> bool:
    """Whether the catalog wants the books read from `start_date`, whatever the state says.

    Raises:
        ConfigValidationError: If it asks for what no stream does.
    """
    methods = set()
    for stream in streams:
        key, method = stream.replication_key, stream.forced_replication_method
        if key not in {None, REPLICATION_KEY}:
            raise refusal(
                f"the catalog names {key} as replication key of {stream.name}, which has none but "
                f"{REPLICATION_KEY}; correct replication-key in the catalog, or discover it again"
            )
        if method not in {None, REPLICATION_INCREMENTAL, REPLICATION_FULL_TABLE}:
            raise refusal(
                f"the catalog names {method} as replication method of {stream.name}, which is read "
                f"by {REPLICATION_INCREMENTAL} or {REPLICATION_FULL_TABLE} alone; correct "
                "replication-method in the catalog"
            )
        methods.add(method)
    return REPLICATION_FULL_TABLE in methods


def _reached(company: Company, bookmarks: Bookmarks, current: Period) -> date | None:
    """How far a company has come; a bookmark beyond the period of today is today's."""
    reached = bookmarks.reached(company.id)
    if reached is None or reached <= current.end:
        return reached
    logger.warning(
        "The state's bookmark of %s is %s, which lies ahead of the period of today; it is taken as "
        "%s. A clock that was set ahead, or a release that read periods before they began, may "
        "have left it. If months before %s lack postings, run with a full refresh.",
        company.id,
        reached,
        current.end,
        current.start,
    )
    bookmarks.hold_back(company.id, current.end)
    return current.end


def _derived(
    company: Company,
    config: Settings,
    periods: list[Period],
    at: date,
    carried: CarriedOpenings | None,
) -> Work:
    _check_year_end(config, periods)
    beginning = periods[0].start
    mark = openings_mark(config, beginning)
    # Balances summed under other settings, or too late for the lookback of now, are of no use.
    if at > beginning and carried is not None and carried.mark == mark:
        openings = carried.openings
        if beginning <= openings.as_of <= at:
            kept = [period for period in periods if period.start >= openings.as_of]
            return Work(company, kept, openings=openings, openings_mark=mark)
    return Work(company, periods, before=spans_before(config, beginning), openings_mark=mark)


def openings_mark(config: Settings, beginning: date) -> str:
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
    for month in periods_touching(start, end, Periodicity.MONTH):
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
        for inner in periods_touching(period.start, period.end, Periodicity.MONTH):
            if inner.start.month == month and inner.start > period.start:
                raise refusal(
                    f"year_end_close needs periods that begin with the fiscal year, but {period} "
                    f"holds its start on {inner.start}; set period to month",
                )
