"""Reading rows: each becomes what it means, or a finding that keeps it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.listing import Batch, Gap, Page
from erp_common.extract.paged import Paged
from erp_common.ledger import cash, checks
from erp_common.ledger.findings import SUBLEDGER, TRIAL_BALANCE, Code, LeftOut, finding
from erp_common.ledger.models import Finding, Posting, Severity
from erp_common.ledger.movements import Movements
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.posting_kinds import ClosingEntries
from erp_common.ledger.rules import Rules
from erp_common.ledger.sentences import told

logger = logging.getLogger(__name__)

Meaning = TypeVar("Meaning")

NO_OBJECT = InvalidValue("the row", "is no object with fields")


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


class Reading(msgspec.Struct):
    """What was read of one extraction, and what could not be.

    Attributes:
        where: Company and period, for sentences.
        checks: Whether a bad row becomes a finding; without checks it fails the run.
        mask: Takes the secrets out of the sentence that it fails with.
        is_open: Whether the period is not over, so that listings may well move.
        entries: Given where each row is a whole entry, which must balance by these rules.
        findings: What was found so far.
    """

    where: str
    checks: bool
    mask: Callable[[str], str] = str
    is_open: bool = False
    entries: Rules | None = None
    findings: list[Finding] = []

    def accounts(
        self, pages: Iterable[Page[Any]], meaning: Callable[[Any], Meaning]
    ) -> Iterator[Meaning]:
        """The accounts, or what else stands for accounts, that can be read."""
        for page in pages:
            for batch in page.batches:
                for index, row in enumerate(batch.rows):
                    try:
                        if row is None:
                            raise NO_OBJECT
                        yield meaning(row)
                    except InvalidValue as error:
                        self.reject(TRIAL_BALANCE, error, batch.raw(index))

    def lines(self, batch: Batch[Any], reader: LineReader) -> list[Posting]:
        """The postings of the rows that can be read; this loop runs for every row of the books."""
        read: list[Posting] = []
        entries = self.entries if self.checks else None
        for index, row in enumerate(batch.rows):
            try:
                if row is None:
                    raise NO_OBJECT
                postings = reader(row)
            except InvalidValue as error:
                self.reject(SUBLEDGER, error, batch.raw(index))
                continue
            read += postings
            if entries is not None and postings:
                self.findings += checks.entry_balance(postings, entries)
                self.findings += cash.without_category(postings)
        return read

    def reject(self, stream: str, error: InvalidValue, raw: dict[str, Any]) -> None:
        """Keep a row that cannot be read.

        Raises:
            ERPValidationError: Without checks, since nothing else would tell of the row.
        """
        code, what = Code.INVALID_RECORD, told("cannot be read")
        if isinstance(error, LeftOut):
            code, what = error.code, told("is left out")
        if code.severity is Severity.WARNING and not self.checks:
            return
        rows = told("trial balance") if stream == TRIAL_BALANCE else told("subledger")
        sentence = told(
            "A row of the {rows} {what}: {field} {problem}",
            rows=rows,
            what=what,
            field=error.field,
            problem=error.problem,
        )
        if not self.checks:
            raise ERPValidationError(
                self.mask(
                    f"{sentence} ({self.where}); correct it in the ERP, or set validation: warn "
                    "to load everything else"
                ),
            ) from None
        self.findings.append(
            finding(code, "{sentence}.", sentence=sentence, stream=stream, raw=raw),
        )

    def tell(self, found: Iterable[Finding]) -> None:
        """Keep what a reader says of its rows together."""
        if self.checks:
            self.findings.extend(found)

    def expect_rows(self, stream: str, paged: Paged[Any]) -> None:
        """Compare the rows that came with the number that the ERP announced.

        In a period that is not over a listing moves as people work: then it is a warning. Without
        checks the log tells of it, for nothing else would.
        """
        for found in moved(stream, paged):
            if self.is_open:
                found.severity = Severity.WARNING
            if self.checks:
                self.findings.append(found)
            else:
                logger.warning("%s: %s", self.where, self.mask(found.message))


def moved(stream: str, paged: Paged[Any]) -> Iterator[Finding]:
    """The rows of a listing that came more than once, and how many did not come at all."""
    for gap in paged.gaps:
        yield from _moved(gap, stream)


def _moved(gap: Gap, stream: str) -> Iterator[Finding]:
    """What is to be told of a listing that moved while it was read."""
    for name, raw in gap.repeated:
        yield finding(
            Code.DUPLICATE_ENTRY,
            "Row {row} comes more than once in the {listing}; it is kept once. Rows "
            "moved while the pages were read, so that another may be missing: run "
            "again.",
            row=name,
            listing=gap.listing,
            stream=stream,
            entry_id=name,
            raw=raw,
        )
    announced, received = gap.announced, gap.received
    if announced is None or received >= announced:
        return
    yield finding(
        Code.ROW_COUNT_MISMATCH,
        "The ERP announced {announced} rows of the {listing}, but sent {received}: "
        "{missing} are missing. Run again; if it stays so, ask the ERP's support.",
        announced=announced,
        listing=gap.listing,
        received=received,
        missing=announced - received,
        stream=stream,
        expected=announced,
        actual=received,
    )


class Postings(msgspec.Struct):
    """The postings of listings as they are read, counted in and named.

    Attributes:
        reading: Keeps the rows that cannot be read.
        movements: Sums the postings up and refuses those of other periods.
        names: Account names by code, for rows that lack them.
        closing: The marks of closing entries.
    """

    reading: Reading
    movements: Movements
    names: Mapping[str, str]
    closing: ClosingEntries

    def of(self, paged: Paged[Any], reader: LineReader) -> Iterator[list[Posting]]:
        """The postings of one listing, in order, that belong to the period.

        Args:
            paged: The listing.
            reader: What its rows mean.
        """
        for page in paged.pages():
            for batch in page.batches:
                yield self.kept(self.reading.lines(batch, reader))
        yield self.kept(reader.end())
        self.reading.tell(reader.told())
        self.reading.expect_rows(SUBLEDGER, paged)

    def kept(self, postings: Iterable[Posting]) -> list[Posting]:
        """Those postings that are of the period, as they were read or have been put away."""
        taken = list(postings)
        strays = self.movements.count_in(taken)
        if strays:
            taken = [one for at, one in enumerate(taken) if at not in strays]
        for posting in taken:
            if posting.account_name is None:
                posting.account_name = self.names.get(posting.account_code)
        self.closing.mark(taken)
        return taken
