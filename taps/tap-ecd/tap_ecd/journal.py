"""The entries of a stretch of time, line by line: the records I200 and I250."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import BinaryIO, Final

from erp_common.ledger.exact import add, subtract
from erp_common.ledger.models import ZERO, Posting, PostingKind
from erp_common.ledger.normalize import InvalidValue, account_code, shown, text
from erp_common.ledger.sentences import told
from tap_ecd.balances import Rejects
from tap_ecd.layout import at
from tap_ecd.runs import Month, month_of
from tap_ecd.scan import fields
from tap_ecd.survey import Survey
from tap_ecd.values import amount, day, day_or_none, is_debit

BATCH: Final = 2_000
"""Lines handed over at once."""


KINDS: Final[Mapping[str, PostingKind]] = {
    "N": PostingKind.NORMAL,
    "E": PostingKind.CLOSING,
    "X": PostingKind.LATE,
}
"""IND_LCTO, and what the streams call it."""

_SIDES: Final = {"D": True, "C": False}
_WIDTH: Final = 10
"""Fields of I250 that are read, the one before the first `|` included."""


class Entry:
    """The head of an entry (I200), and what its lines add up to."""

    __slots__ = ("again", "credit", "day", "debit", "id", "kind", "late", "line", "number", "total")

    def __init__(self, values: list[str], line: int, before: str) -> None:
        """Read the head.

        Args:
            values: The fields of I200.
            line: Its line in the file.
            before: What makes a number that is unique in a file unique in the company's books.

        Raises:
            InvalidValue: If it cannot be read.
        """
        number = text(at(values, 2))
        if number is None:
            raise InvalidValue("NUM_LCTO", "is empty; every entry has a number")
        kind = at(values, 5).upper()
        if kind not in KINDS:
            raise InvalidValue("IND_LCTO", "is {value}; it must say N, E or X", value=shown(kind))
        self.number = number
        self.id = f"{before}-{number}"
        self.line = line
        self.day = day(at(values, 3), "DT_LCTO")
        self.total = amount(at(values, 4), "VL_LCTO")
        self.kind = KINDS[kind]
        self.late = at(values, 6) if kind == "X" else ""
        self.again = 0
        self.debit = self.credit = ZERO

    def repeat(self, times: int) -> None:
        """Say that its number has come before: it must not overwrite the entry that had it.

        Args:
            times: How often the number has come by now.
        """
        self.again = times
        self.id = f"{self.id}#{times}"


class Journal:
    """The entries of some months of a file; each line becomes a posting."""

    def __init__(
        self,
        survey: Survey,
        months: Collection[Month],
        names: Mapping[str, str],
        rejects: Rejects,
        entry_ends: Callable[[Entry], None],
    ) -> None:
        """Plan to read.

        Args:
            survey: What the file holds.
            months: The months asked for. Entries of a time that the file is not of come with its
                first month.
            names: The accounts' names.
            rejects: Keeps the records that cannot be read.
            entry_ends: Told of each entry once its lines have been read.
        """
        head = survey.head
        self._survey = survey
        self._form = survey.form
        self._participants = survey.participants
        self._histories = survey.histories
        self._names = names
        self._rejects = rejects
        self._entry_ends = entry_ends
        self._before = f"{head.starts:%Y%m%d}"
        if head.is_decentralised:
            self._before += f"-{head.branch}"
        self._wanted = set(months)
        known = survey.span
        if min(known) in self._wanted:
            self._wanted.update(month for month in survey.journal.months if month not in known)
        self.closed: dict[tuple[date, str], Decimal] = {}
        """What the entries of closings come to, debit-positive, by day and account."""
        self._entry: Entry | None = None
        self._broken = 0
        """The line of the entry whose head cannot be read; 0 if it can."""

    def read(self, file: BinaryIO) -> Iterator[list[Posting]]:
        """The postings, in the order of the file.

        Args:
            file: The file.
        """
        batch: list[Posting] = []
        for run in self._survey.journal.of(self._wanted):
            self._entry, self._broken = None, 0
            for texts in run.read(file, utf8=self._survey.is_utf8):
                for number, line in enumerate(texts.lines, texts.number):
                    kind = line[:6]
                    if kind == "|I250|":
                        posting = self._line(line, number)
                        if posting is not None:
                            batch.append(posting)
                    elif kind == "|I200|":
                        self._end()
                        self._begin(line, number)
                    if len(batch) >= BATCH:
                        yield batch
                        batch = []
            self._end()
        yield batch

    def _begin(self, line: str, number: int) -> None:
        self._broken = 0
        try:
            values = self._form.checked("I200", fields(line))
            entry = Entry(values, number, self._before)
        except InvalidValue as problem:
            written = line.split("|", 4)[3:4]
            if month_of(written[0] if written else "") in self._wanted:
                self._rejects(problem, line, number)
                self._broken = number
            return
        if (entry.day.year, entry.day.month) not in self._wanted:
            return
        self._entry = entry
        if number in self._survey.repeated:
            entry.repeat(self._survey.repeated[number])
        # With a functional currency an amount may stand where newer layouts have the date.
        if entry.late and day_or_none(entry.late) is None and "," not in entry.late:
            wrong = told("is {value}, which is no date ddmmaaaa", value=shown(entry.late))
            self._rejects(InvalidValue("DT_LCTO_EXT", wrong), line, number)

    def _end(self) -> None:
        if self._entry is not None:
            self._entry_ends(self._entry)
            self._entry = None

    def _line(self, line: str, number: int) -> Posting | None:
        """The posting of a line; this runs for every line of the books."""
        entry = self._entry
        if entry is None:
            if self._broken:
                problem = InvalidValue(
                    told("its entry"), told("(line {line}) cannot be read", line=self._broken)
                )
                self._rejects(problem, line, number)
            return None
        try:
            values = fields(line)
            if len(values) != _WIDTH:
                values = self._form.checked("I250", values) + [""] * (_WIDTH - len(values))
            code = account_code(values[2], "COD_CTA")
            value = amount(values[4], "VL_DC")
            debited = _SIDES.get(values[5])
            if debited is None:
                debited = is_debit(values[5], "IND_DC")
        except InvalidValue as problem:
            self._rejects(problem, line, number)
            return None
        if debited:
            entry.debit, debit, credit = add(entry.debit, value), value, ZERO
        else:
            entry.credit, debit, credit = add(entry.credit, value), ZERO, value
        if entry.kind is PostingKind.CLOSING:
            self._close(entry.day, code, debit, credit)
        partner, description = _code(values[9]), text(values[8])
        known = self._participants.get(partner) if partner else None
        history = values[7]
        standard = self._histories.get(history) if history else None
        if standard:
            description = f"{standard} {description}" if description else standard
        posting = Posting(
            account_code=code,
            account_name=self._names.get(code),
            entry_id=entry.id,
            journal_id=entry.number,
            posting_kind=entry.kind,
            transaction_date=entry.day,
            posting_date=entry.day,
            debit_amount=debit,
            credit_amount=credit,
            description=description,
            document_number=_code(values[6]),
            cost_center=_code(values[3]),
            entity_id=partner,
            entity_name=known[0] or None if known else None,
        )
        if entry.late or (history and standard is None):
            self._tell_more(posting, entry, history.strip())
        return posting

    def _close(self, day: date, code: str, debit: Decimal, credit: Decimal) -> None:
        net = subtract(debit, credit)
        self.closed[day, code] = add(self.closed.get((day, code), ZERO), net)

    def _tell_more(self, posting: Posting, entry: Entry, history: str) -> None:
        """Keep what else the file says, where it says something."""
        if entry.late:
            occurred = day_or_none(entry.late)
            posting.metadata["occurred_on"] = entry.late if occurred is None else str(occurred)
        standard = self._histories.get(history)
        if standard:
            own = posting.description
            posting.description = f"{standard} {own}" if own else standard
        elif history and standard is None:
            posting.metadata["history_code"] = history


@lru_cache(maxsize=16384)
def _code(written: str) -> str | None:
    return text(written)
