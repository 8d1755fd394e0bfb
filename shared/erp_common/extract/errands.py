"""Errands: what takes several calls, where each decides the next, and is one page to the books.

A derived ledger asks for one listing of accounts and some listings of postings. Where a vendor has
no such listing, an errand puts it together in a fetching thread: it stands where a request stands,
and its calls go through the same allowance, retries and circuit as all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from erp_common.errors import ERPError, ERPValidationError
from erp_common.extract.listing import Batch, Page
from erp_common.extract.paged import MOST_PAGES
from erp_common.extract.source import Paging, Query
from erp_common.http.answer import Answer
from erp_common.http.dialect import AnswerTooLarge, NoRecords
from erp_common.http.request import Request
from erp_common.http.session import Transport
from erp_common.ledger.periods import Period

Row = TypeVar("Row")
T = TypeVar("T")


def _nothing() -> Page[Any]:
    return Page([], row_count=0)


@dataclass(frozen=True)
class Errand(Request):
    """Calls that together give one page.

    Attributes:
        run: Makes the calls.
    """

    run: Callable[[], Page[Any]] = field(default=_nothing, repr=False)


class ErrandTransport(Transport):
    """A transport that runs errands; everything else it does as the one it stands on."""

    def __init__(self, transport: Transport) -> None:
        """Stand on a transport: allowance, circuit and connections stay one and the same."""
        self.__dict__.update(transport.__dict__)

    def fetch(
        self,
        request: Request,
        decode: Callable[[Answer], T],
        *,
        timeout: float | None = None,
        attempts: int | None = None,
    ) -> T:
        """Run an errand, or call the ERP; see `Transport.fetch`."""
        if isinstance(request, Errand):
            try:
                page: Any = request.run()
            except ERPError as error:
                # What an errand finds wrong with an answer it says in words of its own.
                self._masker.clean(error)
                raise
            return page  # type: ignore[no-any-return]
        return super().fetch(request, decode, timeout=timeout, attempts=attempts)


def errand(name: str, run: Callable[[], Page[Any]]) -> Query[Any]:
    """The listing that an errand puts together."""
    return Query(name, lambda _: Errand("GET", "", run=run), _never)


def _never(_: Answer) -> Page[Any]:
    raise AssertionError("an errand reads its answers itself")


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
    got: list[Page[Row]] = []
    known, announced = 1, 0
    while len(got) < known:
        number = len(got) + 1
        try:
            page = _page(transport, query, number)
        except NoRecords as nothing:
            if number > 1 and query.paging is Paging.TOTALS:
                raise ERPValidationError(
                    f"the ERP announced {known} pages of the {query.name}, but page {number} has "
                    f"no records ({nothing}); run again, and if it stays so, ask the ERP's support",
                ) from nothing
            break
        if got and (page.row_count or 0) > 1 and _rows(page) == _rows(got[-1]):
            raise ERPValidationError(
                f"page {number} of the {query.name} repeats page {number - 1}: the ERP ignores the "
                "page asked for; check base_url and the API's version",
            )
        got.append(page)
        announced = max(announced, page.total_rows or 0)
        known = max(known, _known(query, page, number))
        if known > MOST_PAGES:
            raise ERPValidationError(
                f"the ERP announces {known} pages of the {query.name}, which cannot be",
            )
    received = sum(page.row_count or 0 for page in got)
    if received < announced:
        raise ERPValidationError(
            f"the ERP announced {announced} rows of the {query.name}, but sent {received}; run "
            "again, and if it stays so, ask the ERP's support",
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


def _page(transport: Transport, query: Query[Row], number: int) -> Page[Row]:
    """One page; where the ERP breaks on it, its two halves."""
    try:
        return transport.fetch(query.request(number), query.read)
    except AnswerTooLarge:
        if query.halves is None:
            raise
    first, second = query.halves(number)
    parts = [transport.fetch(first, query.read)]
    count = parts[0].total_pages or 1
    if count >= 2 * number:
        parts.append(transport.fetch(second, query.read))
    return Page(
        [batch for part in parts for batch in part.batches],
        total_pages=(count + 1) // 2,
        total_rows=parts[0].total_rows,
        row_count=sum(part.row_count or 0 for part in parts),
    )


def _known(query: Query[Any], page: Page[Any], number: int) -> int:
    if query.paging is Paging.TOTALS:
        return page.total_pages or 1
    rows = page.row_count or 0
    more = rows >= query.page_size if query.paging is Paging.SHORT_PAGE else rows > 0
    return number + 1 if more and query.paging is not Paging.SINGLE else number


def _rows(page: Page[Row]) -> list[Row | None]:
    return [row for batch in page.batches for row in batch.rows]
