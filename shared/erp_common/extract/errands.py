"""What a source's errands are put together from: whole listings, chosen rows, halved periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, TypeVar

from erp_common.errors import ERPError, ERPValidationError
from erp_common.extract.ahead import OnDemand
from erp_common.extract.listing import Batch, Page
from erp_common.extract.paged import Paged
from erp_common.extract.source import Query
from erp_common.http.transport import Transport
from erp_common.ledger.periods import Period

Row = TypeVar("Row")
T = TypeVar("T")


def stated(rows: list[Any]) -> Batch[Any]:
    """Rows that no answer holds, such as accounts that the ledger itself adds."""
    return Batch(rows, lambda: [{"row": repr(row)} for row in rows])


def chosen(page: Page[Row], choose: Callable[[Row], bool]) -> list[Batch[Row]]:
    """The batches of a page without the rows that are not chosen; rows that are none stay."""
    batches = []
    for batch in page.batches:
        kept = [at for at, row in enumerate(batch.rows) if row is None or choose(row)]
        batches.append(
            Batch(
                [batch.rows[at] for at in kept],
                lambda batch=batch, kept=kept: [batch.source()[at] for at in kept],  # type: ignore[misc]
            )
        )
    return batches


def pages(transport: Transport, query: Query[Row]) -> list[Page[Row]]:
    """All pages of a listing, one after the other.

    Raises:
        ERPValidationError: If fewer rows come than the ERP announces, or a page comes again.
        ERPError: If the ERP cannot be read.
    """
    paged = Paged(transport, OnDemand(), (), query)
    got = list(paged.pages())
    if paged.announced is not None and paged.received < paged.announced:
        raise ERPValidationError(
            f"the ERP announced {paged.announced} rows of the {query.name}, but sent "
            f"{paged.received}; run again, and if it stays so, ask the ERP's support",
        )
    return got


def halved(
    period: Period,
    fetch: Callable[[Period], T],
    is_cut_off: Callable[[T], bool],
    unreadable: Callable[[date], ERPError],
) -> Iterator[tuple[Period, T]]:
    """A period in windows small enough for an ERP that silently cuts long answers off.

    Args:
        period: What is asked for first.
        fetch: Asks for a window.
        is_cut_off: Whether an answer may lack rows.
        unreadable: The error of a day whose rows alone are too many.
    """
    got = fetch(period)
    if not is_cut_off(got):
        yield period, got
        return
    days = (period.end - period.start).days
    if days == 0:
        raise unreadable(period.start)
    middle = period.start + timedelta(days=days // 2)
    for half in (
        Period(period.start, middle),
        Period(middle + timedelta(days=1), period.end),
    ):
        yield from halved(half, fetch, is_cut_off, unreadable)
