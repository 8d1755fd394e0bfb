"""What a tap says about its ERP: which listings to ask for, and what their rows mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from erp_common.extract.listing import Page
from erp_common.http.dialect import AnswerTooLarge
from erp_common.http.transport import Answer, Request, Transport
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Basis, Company, Finding, Posting, StatedAccount
from erp_common.ledger.periods import Period

Row = TypeVar("Row")


class Paging(Enum):
    """How a listing ends."""

    SINGLE = "one answer holds everything"
    TOTALS = "the answer says how many pages there are; without that there is one"
    SHORT_PAGE = "the first page that is not full is the last"
    EMPTY_PAGE = "the first page without rows is the last"
    SAID = "each answer says whether another follows; without that as EMPTY_PAGE"


class Query(msgspec.Struct, Generic[Row], frozen=True):
    """One listing to ask for, page by page."""

    name: str
    """What is asked for, for sentences: "trial balance", "postings of account 1.01"."""
    request: Callable[[int], Request]
    """The request for a page, counted from 1."""
    read: Callable[[Answer], Page[Row]]
    paging: Paging = Paging.SINGLE
    page_size: int = 0
    halves: Callable[[int], tuple[Request, Request]] | None = None
    """The two requests of half the page size that together give one page, for an ERP that breaks on
    large pages."""

    def page(self, transport: Transport, number: int) -> Page[Row]:
        """One page, counted from 1; where the ERP breaks on it, its two halves."""
        try:
            return transport.fetch(self.request(number), self.read)
        except AnswerTooLarge:
            if self.halves is None:
                raise
        first, second = self.halves(number)
        parts = [transport.fetch(first, self.read)]
        pages = parts[0].total_pages or 1
        if pages >= 2 * number:
            parts.append(transport.fetch(second, self.read))
        return Page(
            [batch for part in parts for batch in part.batches],
            total_pages=(pages + 1) // 2,
            total_rows=parts[0].total_rows,
            row_count=sum(part.row_count or 0 for part in parts),
        )


class Errand(msgspec.Struct, Generic[Row], frozen=True):
    """A listing whose pages each take several calls, where one decides the next."""

    name: str
    run: Callable[[int], Page[Row]]
    """Makes the calls for a page, counted from 1, through the source's transport."""
    paging: Paging = Paging.SINGLE
    page_size: int = 0

    def page(self, transport: Transport, number: int) -> Page[Row]:
        """One page."""
        with transport.masked():
            return self.run(number)


Asked = Query[Row] | Errand[Row]
"""Anything that gives pages."""


class LineReader(Protocol):
    """Turns the rows of one listing into postings, in order.

    Most ERPs need no memory between rows; where a row continues the one before, the reader holds a
    posting back until it is complete.
    """

    def __call__(self, row: Any) -> Sequence[Posting]:  # noqa: ANN401 - the row is the tap's own struct
        """The postings that this row completes.

        Raises:
            InvalidValue: If the row cannot be read.
        """

    def end(self) -> Sequence[Posting]:
        """The postings still held back when the listing ends."""

    def told(self) -> Iterable[Finding]:
        """What is wrong with the rows together, once the listing has ended."""


class Lines(partial[Sequence[Posting]]):
    """A `LineReader` without memory, from a pure function of the row; called as fast as that."""

    __slots__ = ()

    def end(self) -> Sequence[Posting]:
        """Nothing: no row is held back."""
        return ()

    def told(self) -> Iterable[Finding]:
        """Nothing: no row is remembered."""
        return ()


class Source(ABC):
    """What every ERP's books have in common."""

    source_system: ClassVar[str]
    system: ClassVar[str]
    """The ERP's name as people write it."""
    basis: ClassVar[Basis]
    natural_balances: ClassVar[bool] = False
    """Whether balances are taken as stated on the account's natural side if nothing tells."""
    whole_entries: ClassVar[bool] = False
    """Whether each row of the postings is a whole entry, whose debits equal its credits."""
    made_of: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What the books are read from, or on which basis they stand, for the metadata of `periods`."""

    def __init__(self, transport: Transport) -> None:
        """Read through this transport."""
        self.transport = transport

    @abstractmethod
    def account(self, row: Any) -> StatedAccount:  # noqa: ANN401 - the row is the tap's own struct
        """One account of the trial balance or the chart.

        Raises:
            InvalidValue: If the row cannot be read.
        """

    @abstractmethod
    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """The cheapest call that shows whether the ERP serves the ledger, and how to read it."""


class ReportedSource(Source):
    """An ERP that serves a trial balance; each account's postings are asked for one by one."""

    basis = Basis.REPORTED

    @abstractmethod
    def trial_balance(self, company: Company, period: Period) -> Asked[Any]:
        """The listing of a period's trial balance."""

    @abstractmethod
    def postings(self, company: Company, period: Period, account: StatedAccount) -> Asked[Any]:
        """The listing of an account's postings in a period."""

    @abstractmethod
    def lines(self, account: StatedAccount) -> LineReader:
        """The reader of that listing's rows."""


class DerivedSource(Source):
    """An ERP that serves a chart of accounts and postings; the trial balance is their sum."""

    basis = Basis.DERIVED

    @abstractmethod
    def chart(self, company: Company) -> Asked[Any]:
        """The listing of the chart of accounts."""

    @abstractmethod
    def postings(
        self,
        company: Company,
        period: Period,
        chart: Chart,
    ) -> Sequence[tuple[Asked[Any], LineReader]]:
        """The listings that together hold a period's postings, each with its reader."""

    def proof(self, ledger: TrialBalance) -> Iterable[Finding]:
        """What the ERP itself says against a period's closing balances, where it says anything."""
        _ = ledger
        return ()
