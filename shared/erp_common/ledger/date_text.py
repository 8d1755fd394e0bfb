"""Dates written as text, and the calendar date of an instant."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

from erp_common.ledger.periods import BUSINESS_ZONE

_forms = (
    re.compile(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
        r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
        r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
        r" ?(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
        re.IGNORECASE,
    ).fullmatch,
    re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})").fullmatch,
    re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})").fullmatch,
)


def read_moment(written: str) -> datetime | None:
    """The date and time, aware if an offset is written; None if it is no date of the calendar."""
    stripped = written.strip()
    parts = next((match.groupdict() for form in _forms if (match := form(stripped))), None)
    if parts is None:
        return None
    number = {name: int(parts.get(name) or 0) for name in ("hour", "minute", "second")}
    fraction = (parts.get("fraction") or "")[:6].ljust(6, "0")
    try:
        return datetime(
            int(parts["year"]),
            int(parts["month"]),
            int(parts["day"]),
            **number,
            microsecond=int(fraction),
            tzinfo=_zone(parts.get("offset")),
        )
    except ValueError:
        return None


def calendar_date(moment: datetime) -> date:
    """The date of a local time, or of an instant in America/Sao_Paulo.

    Midnight in the offset it is written in is a mere date (`2024-12-31T00:00:00Z` is what many
    programs make of one) and is taken as that date.
    """
    return business_time(moment).date()


def business_time(moment: datetime) -> datetime:
    """The moment where the companies are; a local time or a mere date stays as it is."""
    if moment.tzinfo is None or moment.time() == time():
        return moment
    try:
        return moment.astimezone(BUSINESS_ZONE)
    except OverflowError:  # the first and last day of the calendar have no neighbour
        return moment


def _zone(offset: str | None) -> timezone | None:
    if offset is None:
        return None
    if offset in "Zz":
        return timezone.utc
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if offset[0] == "-" else ahead)
