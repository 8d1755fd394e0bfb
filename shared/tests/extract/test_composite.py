"""Composite queries: several calls that are one page, and answers that are cut off in silence."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from erp_common.errors import ERPValidationError
from erp_common.extract import paged
from erp_common.extract.ahead import OnDemand
from erp_common.extract.composite import CompositeQuery, chosen, gaps, halved, pages, stated
from erp_common.extract.listing import Batch, Page
from erp_common.extract.paged import HttpQuery, Paging, Whole
from erp_common.http.clock import SYSTEM_CLOCK, SystemClock
from erp_common.http.dialect import AnswerTooLarge, NoRecords
from erp_common.http.masking import Masker
from erp_common.http.options import TransportOptions
from erp_common.http.request import Request
from erp_common.http.retry import RetryPolicy
from erp_common.http.transport import Transport
from erp_common.ledger.periods import Period


class Waits(SystemClock):
    """A clock that waits for nothing and keeps for how long it should have."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def wait(self, seconds: float, stop: object = None) -> None:
        """Keep it."""
        _ = stop
        self.waited.append(seconds)


class Served(Transport):
    """Serves pages instead of calling; an exception among them is raised."""

    def __init__(self, clock: Any = None, attempts: int = 3, /, **answers: Any) -> None:
        retry = RetryPolicy(max_attempts=attempts)
        options = TransportOptions("https://erp.example", retry=retry)
        super().__init__(options, clock=clock or SYSTEM_CLOCK)
        self.answers = answers
        self.asked: list[str] = []

    def fetch(self, request: Request, decode: Any, **_: Any) -> Any:
        self.asked.append(request.path)
        found = self.answers[request.path]
        if isinstance(found, Exception):
            raise found
        return decode(found)


def page(*rows: int, total_pages: int | None = None, total_rows: int | None = None) -> Page[int]:
    return Page([Batch(rows, lambda: list(rows))], total_pages, total_rows, len(rows))


def query(served: Transport, paging: Paging, size: int = 2, **more: Any) -> HttpQuery[int]:
    read: Any = lambda answer: answer  # noqa: E731
    ask: Any = lambda n: Request("GET", f"p{n}")  # noqa: E731
    return HttpQuery(served, "rows", ask, read, paging, page_size=size, **more)


def rows(found: list[Page[Any]]) -> list[Any]:
    return [row for one in found for batch in one.batches for row in batch.rows]


def test_totals_end_a_listing() -> None:
    served = Served(p1=page(1, 2, total_pages=3), p2=page(3, total_pages=3), p3=page(4))
    assert rows(pages(query(served, Paging.TOTALS))) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("paging", "asked"),
    [
        (Paging.SHORT_PAGE, ["p1", "p2"]),
        (Paging.EMPTY_PAGE, ["p1", "p2", "p3"]),
        (Paging.SINGLE, ["p1"]),
    ],
)
def test_pages_end_a_listing(paging: Paging, asked: list[str]) -> None:
    served = Served(p1=page(1, 2), p2=page(3), p3=page())
    found = pages(query(served, paging))
    assert served.asked == asked
    assert rows(found) == ([1, 2] if paging is Paging.SINGLE else [1, 2, 3])


def test_no_records_are_an_end_but_not_amid_pages_that_were_announced() -> None:
    nothing = NoRecords("nothing")
    assert rows(pages(query(Served(p1=nothing), Paging.TOTALS))) == []
    served = Served(p1=page(1, 2, total_pages=2), p2=nothing)
    with pytest.raises(ERPValidationError, match="announced 2 pages of the rows, but page 2"):
        pages(query(served, Paging.TOTALS))


def test_fewer_rows_than_announced_are_an_error() -> None:
    served = Served(p1=page(1, 2, total_rows=3))
    with pytest.raises(ERPValidationError, match="announced 3 rows of the rows, but sent 2"):
        pages(query(served, Paging.TOTALS))


def test_a_page_that_comes_again_is_an_error() -> None:
    served = Served(p1=page(1, 2), p2=page(1, 2))
    with pytest.raises(ERPValidationError, match="page 2 of the rows repeats page 1"):
        pages(query(served, Paging.SHORT_PAGE))


@pytest.mark.parametrize("numbers", [[(1, 2), (3, 4), (4, 1)], [(1, 2), (2, 2), (2, 1)]])
@pytest.mark.parametrize("paging", [Paging.SHORT_PAGE, Paging.EMPTY_PAGE])
def test_a_page_without_a_new_number_is_an_error(
    paging: Paging, numbers: list[tuple[int, ...]]
) -> None:
    served = Served(**{f"p{n}": named(*page) for n, page in enumerate(numbers, 1)}, p4=page())
    with pytest.raises(ERPValidationError, match="page 3 of the rows has no row that did not come"):
        pages(query(served, paging))


def test_an_entry_may_go_on_over_pages_and_a_list_may_move_onto_its_last() -> None:
    found = {"p1": named(1, 2), "p2": named(2, 2), "p3": named(2, 3), "p4": named(1)}
    served = Served(**found)
    got = pages(query(served, Paging.SHORT_PAGE))
    assert [one.row_count for one in got] == [2, 2, 2, 1]
    assert served.asked == ["p1", "p2", "p3", "p4"] * 3  # since it moved, and goes on moving


def test_a_page_comes_again_after_more_numbers_than_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paged, "MAX_NAMES", 100)
    served = Served(
        **{f"p{n}": named(*range(n * 50, n * 50 + 50)) for n in range(1, 41)},
        **{f"p{n}": named(*range(n * 47 - 40 * 47, n * 47 - 40 * 47 + 50)) for n in range(41, 200)},
    )
    with pytest.raises(ERPValidationError, match=r"page \d+ of the rows has no row that did not"):
        pages(query(served, Paging.SHORT_PAGE, size=50))
    assert 41 < len(served.asked) < 160


def test_pages_that_are_always_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "MAX_PAGES", 50)
    served = Served(**{f"p{n}": named(2 * n, 2 * n + 1) for n in range(1, 60)})
    with pytest.raises(ERPValidationError, match="the rows has more than 50 pages, which cannot"):
        pages(query(served, Paging.SHORT_PAGE))
    assert len(served.asked) <= 52


class Named(msgspec.Struct):
    """A row with a number of its own."""

    id: int


def test_a_list_that_moves_is_read_again() -> None:
    """Its total changes, or a number comes twice: both tell that a row may be missing."""
    first = [named(1, 2, total=3), named(2, 3, total=4)]  # one was keyed in before 2
    second = [named(9, 1, total=4), named(2, 3, total=4)]
    answers = iter([*first, *second])
    served = Served()
    served.fetch = lambda *_, **__: next(answers)  # type: ignore[method-assign]
    got: Any = pages(query(served, Paging.TOTALS, identity="id"))
    assert [row.id for one in got for batch in one.batches for row in batch.rows if row] == [
        *(9, 1, 2, 3)
    ]


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_a_list_that_never_stands_still_is_taken_once_and_tells_of_it(attempts: int) -> None:
    """As often as `max_attempts` says, and not before the ERP takes the same call again."""
    clock = Waits()
    served = Served(clock, attempts, p1=named(1, 2, total=3), p2=named(2, 3, total=4))
    got: Any = pages(query(served, Paging.TOTALS, identity="id", repeat_after=61.0))
    assert served.asked == ["p1", "p2"] * attempts
    assert clock.waited == [61.0] * (attempts - 1)
    assert [row.id for row in rows(got) if row] == [1, 2, 3]
    (gap,) = gaps(got)
    assert (gap.listing, gap.announced, gap.received) == ("rows", 4, 3)
    assert [name for name, _ in gap.repeated] == ["2"]


class Line(msgspec.Struct):
    """A row of an entry, whose number other rows have too."""

    entry: int
    amount: int


def lines(*rows: tuple[int, int], total: int) -> Page[Any]:
    found = [Line(*row) for row in rows]
    batch = Batch(found, lambda: [{"entry": row.entry} for row in found])
    return Page([batch], 2, total, len(found), named_by="entry")


def test_rows_that_no_field_tells_apart_move_from_the_end_to_the_beginning() -> None:
    """Two lines of one entry stay two; what was at the end of a page counts once."""
    first = lines((7, 1), (8, 2), (8, 3), total=5)
    moved = lines((8, 2), (8, 3), (9, 4), total=6)
    still = lines((8, 2), (9, 4), (9, 4), total=6)
    told: Any = pages(query(Served(None, 1, p1=first, p2=moved), Paging.TOTALS, identity="*"))
    assert [(row.entry, row.amount) for row in rows(told) if row] == [
        (7, 1),
        (8, 2),
        (8, 3),
        (9, 4),
    ]
    (gap,) = gaps(told)
    assert [name for name, _ in gap.repeated] == ["8", "8"]
    begun = lines((7, 1), (8, 1), (8, 1), total=6)
    kept: Any = pages(query(Served(p1=begun, p2=still), Paging.TOTALS, identity="*"))
    assert len(rows(kept)) == 6
    assert gaps(kept) == []


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ([(9, 4), (7, 1), (9, 5)], [(9, 4), (9, 5)]),  # amid the next page
        ([(8, 2), (7, 1)], []),  # in another order, on the last page
        ([(9, 4), (8, 2), (8, 2), (8, 2)], [(9, 4), (8, 2)]),  # twice before, a third time here
        ([(7, 2), (9, 4), (9, 4)], [(7, 2), (9, 4), (9, 4)]),  # another line of an entry; two alike
    ],
)
def test_a_row_of_an_earlier_page_counts_once_wherever_it_comes_again(
    second: list[tuple[int, int]], kept: list[tuple[int, int]]
) -> None:
    first = [(7, 1), (8, 2), (8, 2)]
    served = Served(None, 1, p1=lines(*first, total=5), p2=lines(*second, total=5))
    got: Any = pages(query(served, Paging.TOTALS, size=3, identity="*"))
    assert [(row.entry, row.amount) for row in rows(got) if row] == [*first, *kept]
    told = [name for gap in gaps(got) for name, _ in gap.repeated]
    assert len(told) == len(second) - len(kept)


def named(*numbers: int, total: int | None = None) -> Page[Any]:
    rows = [Named(one) for one in numbers]
    batch = Batch(rows, lambda: [{"id": one} for one in numbers])
    return Page([batch], 2, total, len(rows), named_by="id")


def test_a_page_too_large_is_read_in_halves() -> None:
    served = Served(
        p1=AnswerTooLarge("broken"),
        h1=page(1, total_pages=3),
        h2=page(2, total_pages=3),
        p2=AnswerTooLarge("broken"),
        h3=page(3, total_pages=3),
    )
    halves: Any = lambda n: tuple(Request("GET", f"h{2 * n - 1 + at}") for at in (0, 1))  # noqa: E731
    assert rows(pages(query(served, Paging.TOTALS, halves=halves))) == [1, 2, 3]
    with pytest.raises(AnswerTooLarge):
        pages(query(served, Paging.TOTALS))


def test_an_empty_page_amid_others_is_missed() -> None:
    """Nothing else tells of its rows where the ERP says how many pages there are, and no more."""
    served = Served(None, 1, p1=page(1, 2, total_pages=3), p2=page(total_pages=3), p3=page(5))
    with pytest.raises(ERPValidationError, match="page 2 of the rows is empty, but page 3 is not"):
        pages(query(served, Paging.TOTALS))
    served = Served(None, 1, p1=page(1, total_pages=3), p2=page(), p3=page())
    assert rows(pages(query(served, Paging.TOTALS))) == [1]


def in_halves(**answers: Any) -> HttpQuery[Any]:
    """A page of four that breaks, and what its halves answer."""
    halves: Any = lambda n: tuple(Request("GET", f"h{2 * n - 1 + at}") for at in (0, 1))  # noqa: E731
    served = Served(None, 1, p1=AnswerTooLarge("broken"), p2=AnswerTooLarge("broken"), **answers)
    return query(served, Paging.TOTALS, size=4, halves=halves, identity="*")


def test_a_half_that_is_not_there_takes_nothing_with_it() -> None:
    asked = in_halves(h1=page(1, 2, total_pages=2), h2=NoRecords("none"))
    with pytest.raises(ERPValidationError, match="announced 2 pages of the rows, but page 2 has"):
        pages(asked)


def test_a_row_that_comes_in_both_halves_of_a_page_counts_once() -> None:
    """Something was keyed in between them: they are of two moments, as pages are."""
    asked = in_halves(h1=lines((1, 1), (2, 2), total=4), h2=lines((2, 2), (3, 3), total=5))
    got = pages(asked)
    assert [row.entry for row in rows(got) if row] == [1, 2, 3]
    (gap,) = gaps(got)
    assert [name for name, _ in gap.repeated] == ["2"]
    assert (gap.announced, gap.received) == (5, 3)


def test_a_cut_off_period_is_halved_until_nothing_is_missing() -> None:
    period = Period(date(2024, 1, 1), date(2024, 1, 31))
    busy = [date(2024, 1, 3)] * 2 + [date(2024, 1, 4)] * 2 + [date(2024, 1, 31)]

    def fetch(window: Period) -> list[date]:
        return [day for day in busy if day in window][:3]

    windows = list(halved(period, fetch, lambda got: len(got) >= 3))
    assert [day for _, found in windows for day in found] == busy
    assert windows[0][0].start == period.start
    assert windows[-1][0].end == period.end
    for (one, _), (other, _) in pairwise(windows):
        assert (other.start - one.end).days == 1


def test_a_day_that_may_be_cut_off_is_given_as_it_is() -> None:
    period = Period(date(2024, 1, 1), date(2024, 1, 31))
    windows = list(halved(period, lambda w: date(2024, 1, 7) in w, bool))
    assert [window for window, busy in windows if busy] == [
        Period(date(2024, 1, 7), date(2024, 1, 7))
    ]


def test_a_composite_query_s_own_words_hold_no_secret() -> None:
    options = TransportOptions("https://erp.example")
    transport = Transport(options, mask=Masker(["geheim-123"]))

    def run(_: int) -> Page[Any]:
        raise ERPValidationError("details of geheim-123 came for those of 7")

    made: CompositeQuery[Any] = CompositeQuery(transport, "things", run)
    with pytest.raises(ERPValidationError, match=r"details of \*\*\* came"):
        made.page(1)


def test_a_composite_query_gives_pages() -> None:
    transport = Transport(TransportOptions("https://erp.example"))
    made: CompositeQuery[int] = CompositeQuery(transport, "things", page)
    assert made.page(1).row_count == 1


def test_rows_are_chosen_with_what_the_erp_sent() -> None:
    batch: Batch[Any] = Batch([1, None, 2], lambda: [{"n": 1}, "junk", {"n": 2}])
    (kept,) = chosen(Page([batch]), lambda row: row != 1)
    assert kept.rows == [None, 2]
    assert [kept.raw(at) for at in (0, 1)] == [{"value": "junk"}, {"n": 2}]
    assert stated(["x"]).raw(0) == {"row": "'x'"}


def test_what_is_made_of_a_whole_listing_is_made_of_its_last_reading() -> None:
    answers = iter(
        [named(1, 2, total=3), named(3, total=4), named(9, 1, total=4), *[named(2, 3, total=4)]]
    )
    clock = Waits()
    served = Served(clock)
    served.fetch = lambda *_, **__: next(answers)  # type: ignore[method-assign]
    made: list[list[int]] = []

    def make(found: list[Page[Any]]) -> int:
        made.append([row.id for row in rows(found) if row])
        return len(made)

    whole = Whole(OnDemand(), (), query(served, Paging.TOTALS, repeat_after=61.0), make)
    assert whole.result() == 1
    assert made == [[9, 1, 2, 3]]
    assert (whole.paged.announced, whole.paged.received, clock.waited) == (4, 4, [61.0])


def test_a_whole_listing_without_totals_is_read_again_where_a_row_comes_on_two_pages() -> None:
    moving, standing = (named(2, 3), named(1, 2), named()), (named(1, 2), named(3, 3), named())
    answers = iter([*moving, *standing])
    served = Served(Waits())
    served.fetch = lambda *_, **__: next(answers)  # type: ignore[method-assign]
    made = Whole(OnDemand(), (), query(served, Paging.EMPTY_PAGE), rows)
    # What one page repeats, the ERP has twice.
    assert [row.id for row in made.result()] == [1, 2, 3, 3]
