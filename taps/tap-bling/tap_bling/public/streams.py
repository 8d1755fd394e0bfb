"""Bling's books on a cash basis: money accounts, categories, and every movement between them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from erp_common.errors import ERPError, ERPValidationError
from erp_common.extract.composite import CompositeQuery, gaps, pages, stated
from erp_common.extract.derived import DerivedSource
from erp_common.extract.listing import Batch, Gap, Page
from erp_common.extract.owner import Owner, must_be
from erp_common.extract.paged import Paging, Query
from erp_common.extract.reading import LineReader, Lines
from erp_common.extract.source import HttpSource
from erp_common.extract.spool import Mark, Spool, decode_rows, encode_rows
from erp_common.extract.together import Together
from erp_common.http.answer import Answer
from erp_common.http.dialect import NoRecords
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger import cash
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Company, Posting
from erp_common.ledger.normalize import InvalidValue, parse_date, text
from erp_common.ledger.periods import Period
from tap_bling.public import calls, mapping
from tap_bling.public.rows import Movement

BLOCK: Final = 25
"""Movements whose details are asked for one after the other; blocks are read side by side."""

Listed = tuple[Movement | None, dict[str, Any]]
"""A row of a listing, and the same as Bling sent it."""

OWNER: Final = Owner("Bling", "cnpj", "id", "nome", "give it the scope for the company's data")


class BlingCashBooks(HttpSource, DerivedSource[None]):
    """Bling's public API."""

    source_system = "bling"
    system = "Bling"
    told_apart_by = "whose key or token it is"
    whole_entries = True
    made_of = cash.CASH
    account = staticmethod(mapping.account)

    def __init__(self, transport: Transport, page_size: int, together: Together) -> None:
        """Read through this transport, this many accounts or categories a page."""
        super().__init__(transport)
        self._page_size = page_size
        self._listings = Listings(transport, together)

    def chart(self, company: Company) -> Query[Any]:
        """Money accounts, categories, and the accounts the ledger adds."""
        return CompositeQuery(self.transport, "chart of accounts", lambda _: self._chart(company))

    def postings(
        self, company: Company, period: Period, chart: Chart, learned: None
    ) -> Sequence[tuple[Query[Any], LineReader]]:
        """One listing of all accounts' movements."""
        _ = company, chart, learned
        movements = Movements(self.transport, self._listings, period)
        return [(movements.query(), Lines(_entry))]

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One money account."""
        _ = company, period
        return calls.probe(), calls.ACCOUNTS.read

    # In a fetching thread

    def _chart(self, company: Company) -> Page[Any]:
        must_be(company, OWNER, self._owner)
        found: list[Page[Any]] = [
            *pages(calls.accounts(self.transport, self._page_size)),
            *pages(calls.categories(self.transport, self._page_size)),
        ]
        if not any(page.row_count for page in found):
            raise self.nothing_of(company, "there is neither an account nor a category")
        batches: list[Batch[Any]] = [batch for page in found for batch in page.batches]
        batches.append(stated(cash.counterparts([])))
        count = sum(len(batch.rows) for batch in batches)
        return Page(batches, row_count=count, gaps=gaps(found))

    def _owner(self) -> dict[str, Any]:
        return self.transport.fetch(calls.company(), calls.read_object)


class Listings:
    """Lists what moved, of several periods at once where all of it can be told apart by its day.

    What it lists is there before the details, which each period asks for itself.
    """

    def __init__(self, transport: Transport, together: Together) -> None:
        """Plan to list; nothing is asked for yet."""
        self._transport = transport
        self.together = together
        self._lock = threading.Lock()
        self._spool: Spool[list[dict[str, Any]]] = Spool(encode_rows, decode_rows)
        self._kept: dict[Period, list[Mark]] = {}
        self._alone: set[Period] = set()
        self._taken: dict[Period, set[str]] = {}
        """The movements of the periods that have taken theirs from a list of several."""

    def of(self, period: Period, moved: list[Gap]) -> list[Listed]:
        """What moved in a period, in Bling's order.

        Args:
            period: The days.
            moved: Takes what the list has shown of having moved while it was read.

        Raises:
            ERPError: If it cannot be listed.
        """
        with self._lock:
            if period not in self._kept and period not in self._alone:
                self._list_together(self.together.windows[period])
            marks = self._kept.get(period)
        if marks is None:
            return self._list(period, moved)
        kept = [raw for mark in marks for raw in self._spool.get(mark)]
        found: list[Listed] = [(msgspec.convert(raw, Movement), raw) for raw in kept]
        self._taken[period] = set(map(_number, found))
        return found

    def again(self, period: Period, moved: list[Gap]) -> list[Listed]:
        """List a period anew, of which a movement has gone since it was listed.

        That moved the rows after it, and one of them onto a page that had been read: of any period
        that was listed with this one. Those that are not read yet are listed by themselves; what
        those lack that are is told.

        Args:
            period: The days.
            moved: Takes what the list has shown of having moved.

        Raises:
            ERPError: If it cannot be listed.
        """
        with self._lock:
            window = self.together.windows[period]
            self._alone.update(one for one in window if self._kept.pop(one, None) is not None)
            for one in window:
                known = self._taken.pop(one, None)
                if known is None or one == period:
                    continue
                found = set(map(_number, self._list(one, moved)))
                missed = len(found - known)
                if missed:
                    name = f"money movements of {one}"
                    moved.append(Gap(name, len(found), len(found) - missed, []))
        return self._list(period, moved)

    def _list_together(self, window: list[Period]) -> None:
        """List several periods, and put away what belongs to each."""
        self._alone.update(window)
        if len(window) == 1:
            return
        rows: dict[Period, list[dict[str, Any]]] = defaultdict(list)
        try:
            moved: list[Gap] = []
            listed = self._list(Period(window[0].start, window[-1].end), moved)
            if moved:
                return  # the period that it concerns is to tell of it
            for row, raw in listed:
                # A row of no day that can be read is told by the period that Bling lists it in.
                day = parse_date(None if row is None else row.data, "data")
                rows[next(one for one in window if day in one)].append(raw)
        except (InvalidValue, StopIteration):
            return
        except ERPError as error:
            if error.ends_run:
                raise
            return  # the period that it concerns is to fail of it, and no other
        for one in window:
            found = rows[one]
            self._kept[one] = [
                self._spool.put(found[at : at + BLOCK]) for at in range(0, len(found), BLOCK)
            ]
        self._alone.difference_update(window)

    def _list(self, period: Period, moved: list[Gap]) -> list[Listed]:
        """List a period; where some rows need no details, until a list lacks nothing of another.

        Details alone show that a movement has gone, which moved another onto a page already read.
        """
        listed, found = self._read(period)
        for _ in range(self._transport.max_attempts):
            if all(row is None or _lacks_details(row) for row, _ in listed):
                break
            before = set(map(_number, listed))
            listed, found = self._read(period)
            lost = len(before - set(map(_number, listed)))
            if not lost:
                break
        else:
            found.append(Gap("money movements", len(listed) + lost, len(listed), []))
        moved += found
        return listed

    def _read(self, period: Period) -> tuple[list[Listed], list[Gap]]:
        """Ask; a movement that slides onto the next page meanwhile comes twice."""
        listed: list[Listed] = []
        moved: list[Gap] = []
        seen: set[str] = set()
        for window in calls.years(period):
            found = pages(calls.movements(self._transport, window))
            moved += gaps(found)
            for page in found:
                for batch in page.batches:
                    for row, raw in zip(batch.rows, batch.raws(), strict=True):
                        number = _number((row, raw))
                        if number and number in seen:
                            continue
                        seen.add(number)
                        listed.append((row, raw))
        return listed, moved


class Movements:
    """A period's movements: listed first, then completed block by block, side by side."""

    def __init__(self, transport: Transport, listings: Listings, period: Period) -> None:
        """Plan to read; nothing is asked for yet."""
        self._transport = transport
        listings.together.plan(period)
        self._listings = listings
        self._period = period
        self._listed: list[Listed] = []
        self._known: set[str] = set()
        self._latest: set[str] = set()
        """What was listed when the period was listed last."""
        self._readings = 1
        self._lock = threading.Lock()

    def query(self) -> CompositeQuery[Movement]:
        """The listing, whose first page knows how many there are."""
        return CompositeQuery(self._transport, "money movements", self._block, Paging.TOTALS)

    def _block(self, number: int) -> Page[Movement]:
        moved: list[Gap] = []
        if number == 1:
            self._listed = self._listings.of(self._period, moved)
            self._known = set(map(_number, self._listed))
            self._latest = self._known
        block: list[Listed] | None = self._listed[(number - 1) * BLOCK : number * BLOCK]
        whole: list[Listed] = []
        while block:
            found = [self._whole(row, raw) for row, raw in block]
            whole += [one for one in found if one is not None]
            gone = {_number(one) for one, now in zip(block, found, strict=True) if now is None}
            listed, block = len(block), self._again(gone, moved)
            if block is None:
                moved.append(Gap("movements' details", listed, listed - len(gone), []))
        return Page(
            [Batch([row for row, _ in whole], lambda: [raw for _, raw in whole])],
            total_pages=max(1, -(-len(self._listed) // BLOCK)),
            row_count=len(whole),
            gaps=moved,
        )

    def _again(self, gone: set[str], moved: list[Gap]) -> list[Listed] | None:
        """What is listed now that no block has, and those of the gone that are listed still.

        What was not there any more when the period was listed last has moved nothing since. None if
        it has been listed too often.
        """
        with self._lock:
            if gone.isdisjoint(self._latest):
                return []
            if self._readings >= self._transport.max_attempts:
                return None
            self._readings += 1
            listed = self._listings.again(self._period, moved)
            self._latest = set(map(_number, listed))
            wanted = self._latest - (self._known - gone) - {""}
            self._known = self._known | wanted
        return [one for one in listed if _number(one) in wanted]

    def _whole(self, row: Movement | None, raw: dict[str, Any]) -> Listed | None:
        """A movement with its details, where the list lacks them; None if it has gone meanwhile.

        What was deleted may still be there, no longer registered.
        """
        if row is None or not row.id or not _lacks_details(row):
            return row, raw
        number = str(row.id).strip()
        try:
            details = self._transport.fetch(calls.movement(number), calls.read_object)
        except NoRecords:
            return None
        if str(details.get("id", "")).strip() != number:
            raise ERPValidationError(
                f"Bling answers with the details of movement {details.get('id')} where those of "
                f"{number} were asked for; run again, and if it stays so, ask Bling's support",
            )
        together = {**raw, **{name: value for name, value in details.items() if value is not None}}
        whole = msgspec.convert(together, Movement)
        whole.listed = row
        return (whole, together) if _may_be_posted(whole) else None


def _number(listed: Listed) -> str:
    """What a movement is called; empty where it has no number."""
    row, _ = listed
    return "" if row is None else str(row.id or "").strip()


def _lacks_details(row: Movement) -> bool:
    """Whether only a movement's details can say what it was for, or whether it is registered.

    A category alone does not: a transfer may have one too, and so may what sets a balance right.
    """
    try:
        is_silent = text(row.situacao, "situacao") is None
        if not is_silent and not mapping.is_posted(row):
            return False
    except InvalidValue:
        return False
    said = (row.categoria, row.transferencia, row.saldo)
    return is_silent or any(one in (None, "") for one in said)


def _may_be_posted(row: Movement) -> bool:
    """Whether a movement is registered; what nobody knows of it is told when it is read."""
    try:
        return mapping.is_posted(row)
    except InvalidValue:
        return True


def _entry(row: Movement) -> list[Posting]:
    return cash.entry(mapping.settled(row)) if mapping.is_posted(row) else []
