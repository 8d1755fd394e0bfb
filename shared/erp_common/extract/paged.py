"""One listing, page by page: pages are asked for as soon as it is known that they exist."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import chain
from operator import eq
from typing import Any, Generic, TypeVar

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import Claim, Place, Pool
from erp_common.extract.listing import Page
from erp_common.extract.source import Asked, Paging
from erp_common.http.dialect import NoRecords
from erp_common.http.transport import Transport

Row = TypeVar("Row")

MOST_PAGES = 1_000_000
"""More pages than this in one listing are taken for a wrong total."""

MOST_EMPTY = 20
"""So are more empty pages than this among those announced."""

ASKED_AHEAD = 64
"""Pages that are queued beyond the last that came in; far more than threads fetch at once."""


class Paged(Generic[Row]):
    """The pages of one query, fetched ahead and taken in order."""

    def __init__(
        self,
        transport: Transport,
        ahead: Pool,
        place: Place,
        query: Asked[Row],
        complete: Callable[[list[Page[Row]]], object] | None = None,
    ) -> None:
        """Ask for the first page.

        Args:
            transport: How the ERP is reached.
            ahead: The threads that fetch.
            place: Where in the run the pages are needed.
            query: What is asked for.
            complete: Called in a fetching thread with all pages, in order, once the last is in.
        """
        self.query = query
        self.received = 0
        """Rows taken so far."""
        self.announced: int | None = None
        """The most rows that the ERP said there are."""
        self._transport = transport
        self._ahead = ahead
        self._place = place
        self._complete = complete
        self._lock = threading.Lock()
        self._tickets: list[Claim[Page[Row]]] = []
        self._arrived: dict[int, Page[Row]] = {}
        self._count = 0
        self._empty = 0
        self._pages = 1
        """How many pages are known to exist."""
        with self._lock:
            self._ask_up_to(1)

    def pages(self) -> Iterator[Page[Row]]:
        """Take the pages in order, waiting for each."""
        before: Page[Row] | None = None
        number = 0
        while number < len(self._tickets):
            page = self._tickets[number].result()
            number += 1
            self._must_differ(before, page, number)
            if page.total_rows is not None:
                self.announced = max(self.announced or 0, page.total_rows)
            self.received += page.row_count or 0
            yield page
            before = page

    def _ask_up_to(self, pages: int) -> None:
        for number in range(len(self._tickets) + 1, pages + 1):
            place = (*self._place, number)
            ticket = self._ahead.submit(place, lambda number=number: self._fetch(number))  # type: ignore[misc]
            self._tickets.append(ticket)

    def _fetch(self, number: int) -> Page[Row]:
        try:
            page = self.query.page(self._transport, number)
        except NoRecords as nothing:
            if number > 1 and self.query.paging is Paging.TOTALS:
                raise ERPValidationError(
                    f"the ERP announced {self._pages} pages of the {self.query.name}, "
                    f"but page {number} has no records ({nothing}); run again, and if it stays so, "
                    "ask the ERP's support",
                ) from nothing
            page = Page([], row_count=0)
        with self._lock:
            self._pages = self._pages_known(number, page)
            self._ask_up_to(min(self._pages, number + ASKED_AHEAD))
            self._count += 1
            everything = self._count == self._pages
            if self._complete is not None:
                self._arrived[number] = page
        if everything and self._complete is not None:
            self._complete([self._arrived[one] for one in sorted(self._arrived)])
            self._arrived.clear()
        return page

    def _pages_known(self, number: int, page: Page[Row]) -> int:
        """How many pages are known to exist now that this one is in."""
        known = self._pages
        paging = self.query.paging
        if paging is Paging.TOTALS:
            total = page.total_pages or 1
            if total > MOST_PAGES:
                raise ERPValidationError(
                    f"the ERP announces {total} pages of the {self.query.name}, which cannot be",
                )
            self._empty += page.row_count == 0
            if self._empty > MOST_EMPTY:
                raise ERPValidationError(
                    f"the ERP announces {total} pages of the {self.query.name}, but more than "
                    f"{MOST_EMPTY} are empty; run again, and if it stays so, ask the ERP's support",
                )
            return max(known, total)
        if paging is Paging.SHORT_PAGE and (page.row_count or 0) >= self.query.page_size:
            return max(known, number + 1)
        if paging is Paging.EMPTY_PAGE and page.row_count:
            return max(known, number + 1)
        if paging is Paging.SAID and (page.row_count if page.more is None else page.more):
            if not page.row_count:
                raise ERPValidationError(
                    f"page {number} of the {self.query.name} is empty, but the ERP says that more "
                    "follow; run again, and if it stays so, ask the ERP's support",
                )
            return max(known, number + 1)
        return known

    def _must_differ(self, before: Page[Row] | None, page: Page[Row], number: int) -> None:
        """A page equal to the one before means that the ERP ignores the page asked for."""
        if before is None or (page.row_count or 0) <= 1 or page.row_count != before.row_count:
            return
        if all(map(eq, _rows(page), _rows(before))):
            raise ERPValidationError(
                f"page {number} of the {self.query.name} repeats page {number - 1}: "
                "the ERP ignores the page asked for; check base_url and the API's version",
            )


def _rows(page: Page[Any]) -> Iterator[Any]:
    return chain.from_iterable(batch.rows for batch in page.batches)
