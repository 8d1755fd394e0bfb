"""A listing, page by page: what gives a page, which one is the last, and fetching them ahead."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import partial
from operator import attrgetter
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import Claim, OnDemand, Place, Pool
from erp_common.extract.listing import Batch, Gap, Page
from erp_common.http.answer import Answer
from erp_common.http.dialect import AnswerTooLarge, NoRecords
from erp_common.http.request import Request
from erp_common.http.transport import Transport

Row = TypeVar("Row")
T = TypeVar("T")

MAX_PAGES = 100_000
"""More pages than this in one listing are taken for a wrong total."""

MAX_EMPTY_PAGES = 20
"""So are more empty pages than this among those announced."""

PAGES_COMPARED = 3
"""Pages before a page among whose rows its own are looked for."""

MAX_NAMES = 1 << 16
"""Names of the rows of a listing that are kept to tell a new page from one that came before."""

NAMES_COMPARED = 16
"""Where only some are kept: so many that came before, with no new one between, are enough."""

MAX_TOLD = 100
"""Repeated rows of one listing that are told one by one."""

WHOLE_ROW: Final = "*"
"""The identity of rows that no field tells apart: what a page before held all of came again."""

PAGES_AHEAD = 64
"""Pages that are queued beyond the last that came in; far more than threads fetch at once."""


class Paging(Enum):
    """How a listing ends."""

    SINGLE = "one answer holds everything"
    TOTALS = "the answer says how many pages there are; without that there is one"
    SHORT_PAGE = "the first page that is not full is the last"
    EMPTY_PAGE = "the first page without rows is the last"
    SAID = "each answer says whether another follows; without that as EMPTY_PAGE"


class Query(Protocol[Row]):
    """A listing to ask for; whether a page takes one call, several or a file is its own affair."""

    @property
    def name(self) -> str:
        """What is asked for, for sentences: "trial balance", "postings of account 1.01"."""

    @property
    def paging(self) -> Paging:
        """How the listing ends."""

    @property
    def page_size(self) -> int:
        """Rows on a full page; 0 where the ERP decides it."""

    @property
    def identity(self) -> str:
        """The field of a row that no other row of the listing has; `WHOLE_ROW`, or empty."""

    def page(self, number: int) -> Page[Row]:
        """One page, counted from 1; called in any thread.

        Raises:
            NoRecords: There is nothing.
            ERPError: It cannot be read.
        """


class HttpQuery(msgspec.Struct, Generic[Row], frozen=True):
    """A listing of which each page is one call.

    >>> ask = lambda page: Request("GET", f"/entries/{page}")
    >>> query = HttpQuery(transport, "entries", ask, ENTRIES.read, Paging.EMPTY_PAGE)
    """

    transport: Transport
    name: str
    request: Callable[[int], Request]
    """The request for a page, counted from 1."""
    read: Callable[[Answer], Page[Row]]
    paging: Paging = Paging.SINGLE
    page_size: int = 0
    halves: Callable[[int], tuple[Request, Request]] | None = None
    """The two requests of half the page size that together give one page, for an ERP that breaks on
    large pages."""
    identity: str = ""
    repeat_after: float = 0.0
    """Seconds before the ERP takes the same call again."""
    may_split: bool = False
    """Whether less can be asked for: then a call that takes too long is not tried again."""

    def splittable(self) -> HttpQuery[Row]:
        """The same listing, where less can be asked for instead."""
        return msgspec.structs.replace(self, may_split=True)

    def may_read_again(self, readings: int) -> bool:
        """Whether a listing that moved may be read again after so many readings; waits for it."""
        if readings >= self.transport.max_attempts:
            return False
        self.transport.wait(self.repeat_after, f"the {self.name} changed while it was read")
        return True

    def page(self, number: int) -> Page[Row]:
        """One page; where the ERP breaks on it, its two halves.

        Raises:
            NoRecords: There is nothing.
            ERPValidationError: There is nothing in a half that was announced.
            TooMuchAtOnce: Less can be asked for, and the ERP took too long or broke off.
        """
        fetch = partial(self.transport.fetch, may_split=self.may_split)
        try:
            return fetch(self.request(number), self.read)
        except AnswerTooLarge:
            if self.halves is None:
                raise
        first, second = self.halves(number)
        halves = [fetch(first, self.read)]
        pages = halves[0].total_pages or 1
        if pages >= 2 * number:
            try:
                halves.append(fetch(second, self.read))
            except NoRecords as nothing:
                raise _announced(self.name, pages, 2 * number, nothing) from nothing
        return msgspec.structs.replace(
            halves[0],
            batches=[batch for half in halves for batch in half.batches],
            total_pages=(max(half.total_pages or 1 for half in halves) + 1) // 2,
            row_count=sum(half.row_count or 0 for half in halves),
            halves=halves,
        )


def _announced(name: str, pages: int, number: int, nothing: NoRecords) -> ERPValidationError:
    """The error of a page that is not there though the ERP has announced it."""
    return ERPValidationError(
        f"the ERP announced {pages} pages of the {name}, but page {number} has no records "
        f"({nothing}); run again, and if it stays so, ask the ERP's support",
    )


class Paged(Generic[Row]):
    """The pages of one query, fetched ahead and taken in order."""

    def __init__(
        self,
        ahead: Pool,
        place: Place,
        query: Query[Row],
        complete: Callable[[list[Page[Row]]], object] | None = None,
    ) -> None:
        """Ask for the first page.

        Args:
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
        self.moved = False
        """Whether the listing changed while it was read: another total, or a row twice."""
        self.repeated: list[tuple[str, dict[str, Any]]] = []
        """Rows that came again and count once: their identity, and the row as the ERP sent it."""
        self._recent: deque[tuple[set[Any] | None, list[Row | None]]] = deque(maxlen=PAGES_COMPARED)
        """The last pages: the names of their rows, None if some have none, and the rows."""
        self._names = _Names()
        self._ends: dict[int, int] = {}
        """The page that first had so many rows with such a first and last one, by their hash."""
        self._gaps: list[Gap] = []
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
        """Take the pages in order, waiting for each; one that came in halves as two."""
        number = empty = 0
        while number < len(self._tickets):
            whole = self._tickets[number].result()
            number += 1
            if whole.row_count == 0:
                empty = empty or number
            elif empty and self.announced is None:
                # Where the number of rows is announced, what is missing is told by that.
                raise ERPValidationError(
                    f"page {empty} of the {self.query.name} is empty, but page {number} is not: "
                    "rows are missing; run again, and if it stays so, ask the ERP's support",
                )
            for answer in whole.answers:
                page = answer
                if page.row_count and self.query.paging is not Paging.SINGLE:
                    page = self._once(page, number)
                if page.total_rows is not None:
                    self.moved |= self.announced not in {None, page.total_rows}
                    self.announced = max(self.announced or 0, page.total_rows)
                self._gaps += page.gaps
                self.received += page.row_count or 0
                yield page

    @property
    def gaps(self) -> list[Gap]:
        """What the listing, and those it is made of, have shown of having moved."""
        own = Gap(self.query.name, self.announced, self.received, self.repeated)
        return [own, *self._gaps]

    def _once(self, page: Page[Row], number: int) -> Page[Row]:
        """The page without rows of the pages before: what is keyed in moves rows onto the next."""
        identity = self.query.identity
        whole = identity == WHOLE_ROW
        field = page.named_by if whole else identity or page.named_by
        batches: list[Batch[Row]] = list(page.batches)
        rows: list[Row | None] = [row for batch in batches for row in batch.rows]
        names = _named(rows, field)
        self._must_be_new(rows, field, names, number)
        if field and identity:
            # Nearly every page shares no name with those before, which is seen at once.
            shared = _shared(names, [seen for seen, _ in self._recent])
            if shared is None or shared or (not whole and len(names or ()) < len(rows)):
                batches = self._without_repeats(batches, field, shared if whole else None)
            self._recent.append((names, rows))
        count = sum(len(batch.rows) for batch in batches)
        return msgspec.structs.replace(page, batches=batches, row_count=count)

    def _without_repeats(
        self, batches: list[Batch[Row]], field: str, shared: set[Any] | None
    ) -> list[Batch[Row]]:
        """Rows that did not come before; of rows alike on one page each is one of its own.

        Only rows with a name that pages share can have; any, where some have none.
        """
        whole = self.query.identity == WHOLE_ROW
        key = repr if whole else partial(_name, field=field)

        def suspects(rows: Sequence[Row | None]) -> list[int]:
            if shared is None:
                return list(range(len(rows)))
            names = map(attrgetter(field), rows)
            return [at for at, name in enumerate(names) if name in shared]

        before = Counter(
            key(rows[at])
            for names, rows in self._recent
            if not (names and shared and shared.isdisjoint(names))
            for at in suspects(rows)
        )
        here: Counter[str] = Counter()
        once = []
        for batch in batches:
            repeated = set()
            for at in suspects(batch.rows):
                row = batch.rows[at]
                name, its = _name(row, field), key(row)
                again = before[its] > here[its] if whole else before[its] + here[its] > 0
                if name and again:
                    self.moved = True
                    repeated.add(at)
                    if len(self.repeated) < MAX_TOLD:
                        self.repeated.append((name, batch.raw(at)))
                here[its] += 1
            kept = [at for at in range(len(batch.rows)) if at not in repeated]
            once.append(batch.only(kept) if repeated else batch)
        return once

    def _ask_up_to(self, pages: int) -> None:
        for number in range(len(self._tickets) + 1, pages + 1):
            place = (*self._place, number)
            ticket = self._ahead.submit(place, lambda number=number: self._fetch(number))  # type: ignore[misc]
            self._tickets.append(ticket)

    def _fetch(self, number: int) -> Page[Row]:
        try:
            page = self.query.page(number)
        except NoRecords as nothing:
            if number > 1 and self.query.paging is Paging.TOTALS:
                raise _announced(self.query.name, self._pages, number, nothing) from nothing
            page = Page([], row_count=0)
        with self._lock:
            self._pages = self._pages_known(number, page)
            self._ask_up_to(min(self._pages, number + PAGES_AHEAD))
            self._count += 1
            everything = self._count == self._pages
            if self._complete is not None:
                self._arrived[number] = page
        if everything and self._complete is not None:
            arrived = [self._arrived[one] for one in sorted(self._arrived)]
            self._complete([answer for page in arrived for answer in page.answers])
            self._arrived.clear()
        return page

    def _pages_known(self, number: int, page: Page[Row]) -> int:
        """How many pages are known to exist now that this one is in."""
        known = self._pages
        paging = self.query.paging
        if paging is Paging.TOTALS:
            total = page.total_pages or 1
            if total > MAX_PAGES:
                raise ERPValidationError(
                    f"the ERP announces {total} pages of the {self.query.name}, which cannot be",
                )
            self._empty += page.row_count == 0
            if self._empty > MAX_EMPTY_PAGES:
                raise ERPValidationError(
                    f"the ERP announces {total} pages of the {self.query.name}, but more than "
                    f"{MAX_EMPTY_PAGES} are empty; run again, and if it stays so, ask the ERP's "
                    "support",
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

    def _must_be_new(
        self, rows: list[Row | None], field: str, names: set[Any] | None, number: int
    ) -> None:
        """A page without a new row means that the ERP ignores the page asked for.

        The last page alone may be one, if it is not full: what is keyed in moves rows onto it.
        """
        if number > MAX_PAGES:
            raise ERPValidationError(
                f"the {self.query.name} has more than {MAX_PAGES} pages, which cannot be; check "
                "base_url and the API's version",
            )
        # The first row and the last tell pages apart: no entry is on two pages.
        ends = (len(rows), repr(rows[0]), repr(rows[-1]))
        same = self._ends.setdefault(hash(ends), number)
        words = f"repeats page {same}"
        if same == number:
            if names is None or self._names.are_new(names, getattr(rows[-1], field)):
                return
            words = "has no row that did not come before"
            size = self.query.page_size
            if number == len(self._tickets) and not 0 < size <= len(rows):
                self.moved = True
                return
        raise ERPValidationError(
            f"page {number} of the {self.query.name} {words}: "
            "the ERP ignores the page asked for; check base_url and the API's version",
        )


def _name(row: object, field: str) -> str:
    return str(getattr(row, field, None) or "").strip()


def _named(rows: list[Any], field: str) -> set[Any] | None:
    """The names of rows as they came; None if some have none."""
    try:
        return set(map(attrgetter(field), rows))
    except (AttributeError, TypeError):  # a row that is no object, or a name that is none
        return None


def _shared(names: set[Any] | None, past: list[set[Any] | None]) -> set[Any] | None:
    """Those of the names that rows of the past have; None if some rows have none."""
    shared = set()
    for seen in past:
        if names is None or seen is None:
            return None
        shared |= names & seen
    return None if names is None else shared


class _Names:
    """The names of the rows of a listing that have come, which tell a new page from an old one.

    Of many names only some are kept, always the same, in bounded memory.
    """

    def __init__(self) -> None:
        self._kept: set[Any] = set()
        """The names; where only some are kept, their hashes."""
        self._mask = 0
        self._old = 0
        """Names in a row, of those that are kept, that came before."""
        self._last: object = None

    def are_new(self, names: set[Any], last: object) -> bool:
        """Whether a page has a row that did not come before, or rows without a name.

        Args:
            names: Those of its rows.
            last: That of its last row.
        """
        if not _NAMELESS.isdisjoint(names):
            return True
        goes_on, self._last = names == {self._last}, last
        if self._mask:
            names = self._some(_hashes(names))
        if not names <= self._kept:
            self._old = 0
            self._kept |= names
            while len(self._kept) > MAX_NAMES:
                hashes = self._kept if self._mask else _hashes(self._kept)
                self._mask = 2 * self._mask + 1
                self._kept = self._some(hashes)
            return True
        # A page may hold only lines of the entry that the page before ends with.
        if goes_on or not names:
            return True
        self._old += len(names)
        return self._old < (NAMES_COMPARED if self._mask else 1)

    def _some(self, hashes: set[int]) -> set[int]:
        return {one for one in hashes if not one & self._mask}


def _hashes(names: set[Any]) -> set[int]:
    """In tuples, since a number is its own hash, and numbers of rows have a pattern."""
    return set(map(hash, zip(names)))


_NAMELESS = {None, ""}


def _have_moved(found: list[Page[Any]]) -> bool:
    """Whether the pages of a listing are of different moments.

    Another total says so; where none is announced, a row that has come on an earlier page.
    """
    totals = {page.total_rows for page in found if page.total_rows is not None}
    if totals or len(found) < 2:  # noqa: PLR2004 - what one page repeats, the ERP has twice
        return len(totals) > 1
    seen: set[str] = set()
    for page in found:
        rows = (row for batch in page.batches for row in batch.rows)
        names = {_name(row, page.named_by) for row in rows} - {""}
        if names & seen:
            return True
        seen |= names
    return False


class Whole(Generic[T]):
    """What is made of all pages of a listing together, as soon as the last of them is in.

    One that has moved meanwhile is read again, in the thread that got the last page.
    """

    def __init__(
        self, ahead: Pool, place: Place, query: Query[Row], make: Callable[[list[Page[Row]]], T]
    ) -> None:
        """Ask for the first page.

        Args:
            ahead: The threads that fetch.
            place: Where in the run the pages are needed.
            query: What is asked for.
            make: Called in the fetching thread that gets the last page.
        """
        self._made: list[T] = []
        self._make = make
        self._again: Paged[Any] | None = None
        self._first = Paged(ahead, place, query, self._complete)

    @property
    def paged(self) -> Paged[Any]:
        """The listing as it was read last."""
        return self._again or self._first

    def _complete(self, found: list[Page[Any]]) -> None:
        query, readings = self._first.query, 1
        while _have_moved(found) and isinstance(query, HttpQuery):
            if not query.may_read_again(readings):
                break
            readings += 1
            self._again = Paged(OnDemand(), (), query)
            found = list(self._again.pages())
        self._made.append(self._make(found))

    def result(self) -> T:
        """Wait for it.

        Raises:
            ERPError: If a page cannot be read.
        """
        for _ in self._first.pages():
            pass
        (made,) = self._made
        return made
