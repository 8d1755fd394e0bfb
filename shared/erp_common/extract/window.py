"""Windows: the postings of several closed periods in one request an account, so that calls are few.

What comes in is kept by period until the window is complete, and each period then reads its own.
Only what is sound is taken this way. Rows with anything to tell of (one that cannot be read, one
of another day, fewer than announced, sums unlike those that the ERP states) are asked for again
period by period, so that what is found, and which rows there are, is the same however many periods
a request spans.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from erp_common.errors import ERPError
from erp_common.extract.ahead import Place
from erp_common.extract.listing import Page
from erp_common.extract.paged import HttpQuery, Paged, Paging, Query
from erp_common.extract.reading import LineReader, Postings, Reading
from erp_common.extract.spool import Mark, Spool, SpoolFull, decode_postings, encode_postings
from erp_common.extract.work import Extraction, Fetcher
from erp_common.http.dialect import AnswerTooLarge, TooMuchAtOnce
from erp_common.ledger.exact import add, close
from erp_common.ledger.findings import SUBLEDGER
from erp_common.ledger.models import ZERO, Company, Posting
from erp_common.ledger.periods import Period, year_from

Key = TypeVar("Key", bound=Hashable)

logger = logging.getLogger(__name__)

TELL_EVERY: Final = 5.0
"""Seconds between one word on how far a window is and the next."""

ROWS_KEPT_TOGETHER: Final = 1_000
"""Postings of a listing that are gathered before they are put away."""

MANY_ROWS: Final = 20_000
"""Rows of one account and period that fill a request of an ERP without pages."""


def window_length(periods: Sequence[Period], extraction: Extraction) -> int:
    """How many of these periods, from the first on, are asked for together.

    Consecutive closed ones that span a year at most; one where the settings or the ERP allow no
    more.
    """
    first = periods[0]
    if first.is_open(extraction.today):
        return 1
    length = 1
    for before, period in pairwise(periods[: extraction.periods_per_request]):
        follows = period.start == before.end + timedelta(days=1)
        if not follows or period.is_open(extraction.today) or period.end > year_from(first.start):
            break
        length += 1
    return length


class Part(NamedTuple):
    """What a window asks for in one listing: an account's postings, or everybody's."""

    key: Hashable
    ask: Callable[[Period], tuple[Query[Any], LineReader]]
    """The listing over some days, and a reader of its rows."""
    wanted: Sequence[int]
    """The periods whose rows are needed, by their numbers within the window."""
    stated: Mapping[int, tuple[Decimal, Decimal]] = MappingProxyType({})
    """The debit and the credit that the rows of a period add up to, where the ERP says it."""


class _Asked(NamedTuple):
    """A listing under way over the periods from one number to another."""

    first: int
    last: int
    paged: Paged[Any]
    reader: LineReader


class Window:
    """The postings of consecutive periods."""

    def __init__(
        self,
        fetcher: Fetcher[Any],
        place: Place,
        company: Company,
        periods: Sequence[Period],
        many: set[Hashable],
    ) -> None:
        """Ask for nothing yet.

        Args:
            fetcher: Asks.
            place: Where in the run the postings are needed.
            company: Whose they are.
            periods: The periods; one is asked for and read as ever, without a spool.
            many: The parts of which each period alone fills a request; all windows of a company
                share them.
        """
        self.periods = periods
        self.span = Period(periods[0].start, periods[-1].end)
        self.company = company
        self.place = place
        self._fetcher = fetcher
        self._extraction: Extraction = fetcher.extraction
        self._ends = [period.end for period in periods]
        self._numbers: dict[date, int] = {}
        self._lock = threading.Lock()
        self._parts: list[tuple[Part, _Asked]] | None = None
        self._single: dict[tuple[int, Hashable], tuple[Paged[Any], LineReader]] = {}
        self._marks: dict[tuple[int, Hashable], list[Mark]] = defaultdict(list)
        self._spool: Spool[list[Posting]] | None = None
        self._filled = False
        self._asked = 0
        self._many = many

    def ask(self, parts: Callable[[], Iterable[Part]]) -> None:
        """Ask for these listings, unless that is done; waits for a thread that is doing it."""
        with self._lock:
            if self._parts is not None:
                return
            asked: list[tuple[Part, _Asked]] = []
            for part in parts():
                width = 1 if part.key in self._many else len(self.periods)
                asked += [(part, one) for one in self._ask_for(part, part.wanted, width)]
            self._parts = asked

    def read(
        self,
        number: int,
        keys: Iterable[Key],
        postings: Postings,
        finish: Callable[[Key], None] = lambda _: None,
    ) -> Iterator[list[Posting]]:
        """The postings of some parts in a period, part by part.

        Args:
            number: The period's number within the window.
            keys: The parts.
            postings: Counts them in.
            finish: Called when a part has been read.
        """
        self._fill()
        for key in keys:
            single = self._single.pop((number, key), None)
            if single is not None:
                yield from postings.of(*single)
            for mark in self._marks.pop((number, key), ()):
                if self._spool is not None:
                    yield postings.kept(self._spool.get(mark))
            finish(key)

    # Asking; in any thread

    def _ask(self, part: Part, first: int, last: int) -> _Asked | None:
        """Ask for some periods of a part; None for a single one, which its period reads itself."""
        if first == last:
            query, reader = part.ask(self.periods[first])
            self._single[first, part.key] = (self._paged(1 + first, query), reader)
            return None
        query, reader = part.ask(Period(self.periods[first].start, self.periods[last].end))
        asked = _Splittable(query, last - first + 1, self._extraction)
        return _Asked(first, last, self._paged(0, asked), reader)

    def _paged(self, turn: int, query: Query[Any]) -> Paged[Any]:
        self._asked += 1
        return Paged(self._fetcher.ahead, (*self.place, turn, self._asked), query)

    # Reading; in the thread that takes the periods

    def _fill(self) -> None:
        """Read what was asked for over several periods, before the first of them is handed over."""
        if self._filled:
            return
        self._filled = True
        parts = self._parts or ()
        told = time.monotonic()
        for at, (part, asked) in enumerate(parts):
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                where = f"{self.company.id}, {self.span}"
                logger.info("%s: %d of %d accounts are in", where, at, len(parts))
            self._take(part, asked)
        self._parts = []

    def _take(self, part: Part, asked: _Asked) -> None:
        try:
            self._keep(part, asked)
        except (TooMuchAtOnce, AnswerTooLarge):
            for narrower in self._again(part, asked, self._extraction.periods_per_request):
                self._take(part, narrower)
        except SpoolFull as full:
            logger.warning(
                "%s, %s: %s. From here on each period is asked for alone.",
                self.company.id,
                asked.paged.query.name,
                full,
            )
            self._extraction.narrow(1)
            self._again(part, asked, 1)
        except _Misfit:
            self._again(part, asked, 1)
        except ERPError as error:
            if error.ends_run:
                raise
            # The period that it concerns is to fail of it, and no other.
            self._again(part, asked, 1)

    def _again(self, part: Part, asked: _Asked, width: int) -> list[_Asked]:
        """Ask for a part's periods again, fewer at a time."""
        for number in range(asked.first, asked.last + 1):
            self._marks.pop((number, part.key), None)
        wanted = [number for number in part.wanted if asked.first <= number <= asked.last]
        return self._ask_for(part, wanted, width)

    def _ask_for(self, part: Part, wanted: Sequence[int], width: int) -> list[_Asked]:
        """Ask for these periods of a part, so many of them at a time."""
        found = []
        while wanted:
            together = [number for number in wanted if number < wanted[0] + width]
            one = self._ask(part, together[0], together[-1])
            if one is not None:
                found.append(one)
            wanted = wanted[len(together) :]
        return found

    def _keep(self, part: Part, asked: _Asked) -> None:
        """Read a listing and put its rows away by period, where they add up to what is stated.

        Raises:
            _Misfit: If there is anything to tell of them.
            ERPError: If it cannot be read.
        """
        rows: dict[int, list[Posting]] = defaultdict(list)
        sums = {number: [ZERO, ZERO] for number in part.stated}
        count = gathered = 0
        for postings in self._sound(asked):
            for posting in postings:
                number = self._number(posting.transaction_date)
                if not asked.first <= number <= asked.last:
                    raise _Misfit
                rows[number].append(posting)
                if number in sums:
                    sides = sums[number]
                    sides[0] = add(sides[0], posting.debit_amount)
                    sides[1] = add(sides[1], posting.credit_amount)
            count += len(postings)
            gathered += len(postings)
            if gathered >= ROWS_KEPT_TOGETHER:
                self._put(part, rows)
                gathered = 0
        self._put(part, rows)
        full = asked.paged.query.page_size or MANY_ROWS
        if count >= full * (asked.last - asked.first + 1):
            self._many.add(part.key)
        tolerance = self._extraction.rules.tolerance
        for number, stated in part.stated.items():
            if asked.first <= number <= asked.last and not all(
                close(*both, tolerance) for both in zip(stated, sums[number], strict=True)
            ):
                self._again(part, asked._replace(first=number, last=number), 1)

    def _sound(self, asked: _Asked) -> Iterator[Sequence[Posting]]:
        """The postings of a listing, if there is nothing to tell of its rows."""
        whole = self._extraction.rules if self._fetcher.source.whole_entries else None
        reading = Reading("", checks=True, entries=whole)
        for page in asked.paged.pages():
            for batch in page.batches:
                postings = reading.lines(batch, asked.reader)
                if reading.findings:
                    raise _Misfit
                yield postings
        yield asked.reader.end()
        reading.tell(asked.reader.told())
        reading.expect_rows(SUBLEDGER, asked.paged)
        # Where a listing has moved, a row may be missing that nothing else tells of.
        if reading.findings or asked.paged.moved:
            raise _Misfit

    def _put(self, part: Part, rows: dict[int, list[Posting]]) -> None:
        for number, some in rows.items():
            # Period by period nobody would have asked for the others.
            if some and number in part.wanted:
                if self._spool is None:
                    self._spool = Spool(encode_postings, decode_postings)
                self._marks[number, part.key].append(self._spool.put(some))
        rows.clear()

    def _number(self, day: date) -> int:
        """The number of the period that a day lies in; beyond them for another day."""
        number = self._numbers.get(day)
        if number is None:
            before = day < self.periods[0].start
            number = self._numbers[day] = -1 if before else bisect_left(self._ends, day)
        return number


class _Misfit(Exception):  # noqa: N818 - no error: the rows are asked for again
    """There is something to tell of rows that were asked for over a window."""


class _Splittable:
    """A query over several periods, which may be split rather than tried again."""

    def __init__(self, query: Query[Any], periods: int, extraction: Extraction) -> None:
        """Ask for this query, unless windows have become narrower meanwhile."""
        if isinstance(query, HttpQuery):
            query = query.splittable()
        self._query = query
        self._periods = periods
        self._extraction = extraction
        self.name: str = query.name
        self.paging: Paging = query.paging
        self.page_size: int = query.page_size
        self.identity: str = query.identity

    def page(self, number: int) -> Page[Any]:
        """One page.

        Raises:
            TooMuchAtOnce: The ERP took too long, or broke off.
        """
        if self._periods > self._extraction.periods_per_request:
            raise TooMuchAtOnce(f"{self.name}: fewer periods are asked for at once now")
        try:
            return self._query.page(number)
        except (TooMuchAtOnce, AnswerTooLarge):
            # At once, so that none of those that wait to be asked for is as wide.
            self._extraction.narrow(self._periods // 2)
            raise
