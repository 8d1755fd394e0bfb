"""Listings of which a page takes several calls, and what helps to make one out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any, Generic, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import OnDemand
from erp_common.extract.listing import Batch, Gap, Page
from erp_common.extract.paged import HttpQuery, Paged, Paging
from erp_common.http.transport import Transport
from erp_common.ledger.periods import Period

Row = TypeVar("Row")
T = TypeVar("T")


class CompositeQuery(msgspec.Struct, Generic[Row], frozen=True):
    """A listing of which each page is made of the answers to several calls."""

    transport: Transport
    name: str
    run: Callable[[int], Page[Row]]
    """Makes the calls for a page, counted from 1."""
    paging: Paging = Paging.SINGLE
    page_size: int = 0
    identity: str = ""

    def page(self, number: int) -> Page[Row]:
        """One page."""
        with self.transport.masked():
            return self.run(number)


def stated(rows: list[Any]) -> Batch[Any]:
    """Rows that no answer holds, such as accounts that the ledger itself adds."""
    return Batch(rows, lambda: [{"row": repr(row)} for row in rows])


def chosen(page: Page[Row], choose: Callable[[Row], bool]) -> list[Batch[Row]]:
    """The batches of a page without the rows that are not chosen; rows that are none stay."""
    return [
        batch.only([at for at, row in enumerate(batch.rows) if row is None or choose(row)])
        for batch in page.batches
    ]


def pages(query: HttpQuery[Row]) -> list[Page[Row]]:
    """All pages of a listing, one after the other; read again if it moves meanwhile.

    What it has shown of that even then stands in the last page's `gaps`, to be told.

    Raises:
        ERPValidationError: If a page comes again, or a list that does not move comes short.
        ERPError: If the ERP cannot be read.
    """
    for readings in count(1):
        paged = Paged(OnDemand(), (), query)
        got = list(paged.pages())
        if not paged.moved or not query.may_read_again(readings):
            break
    if paged.moved:
        got[-1].gaps = paged.gaps
    elif paged.announced is not None and paged.received < paged.announced:
        raise ERPValidationError(
            f"the ERP announced {paged.announced} rows of the {query.name}, but sent "
            f"{paged.received}; run again, and if it stays so, ask the ERP's support",
        )
    return got


def gaps(*listings: Iterable[Page[Any]]) -> list[Gap]:
    """What listings have shown of having moved, for the page that is made of them."""
    return [gap for found in listings for page in found for gap in page.gaps]


def halved(
    period: Period,
    fetch: Callable[[Period], T],
    may_be_cut_off: Callable[[T], bool],
) -> Iterator[tuple[Period, T]]:
    """A period in windows small enough for an ERP that silently cuts long answers off.

    Args:
        period: What is asked for first.
        fetch: Asks for a window.
        may_be_cut_off: Whether an answer may lack rows; a single day is given all the same.
    """
    got = fetch(period)
    days = (period.end - period.start).days
    if not days or not may_be_cut_off(got):
        yield period, got
        return
    middle = period.start + timedelta(days=days // 2)
    for half in (
        Period(period.start, middle),
        Period(middle + timedelta(days=1), period.end),
    ):
        yield from halved(half, fetch, may_be_cut_off)
