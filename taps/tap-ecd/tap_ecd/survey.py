"""One pass over a file: what it says of itself, its chart and codes, and where the rest stands.

Balances and entries, which are nearly all of a file, are not kept: only where each month's begin
and end, so that a file of gigabytes takes no more memory than its chart. They are read where a
period asks for them (`balances`, `journal`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import BinaryIO, Final, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.models import Finding
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    optional_account_code,
    shown,
    text,
)
from erp_common.ledger.periods import Periodicity, periods_touching
from erp_common.ledger.sentences import NOTHING, told
from tap_ecd.counts import Counts
from tap_ecd.head import SUBSTITUTES, Head, of_records
from tap_ecd.layout import NEWEST, PARENTS, RANKS, Fields, at
from tap_ecd.natures import NATURES
from tap_ecd.numbers import Numbers
from tap_ecd.region import Region
from tap_ecd.runs import Month, Runs
from tap_ecd.scan import Lines, Scan, decoded, fields
from tap_ecd.told import (
    DUPLICATE_CODE,
    FILE_INCOMPLETE,
    NUMBERS_NOT_COMPARED,
    RECORD_ORDER,
    UNKNOWN_LAYOUT,
    UNKNOWN_RECORD,
    WRONG_ENCODING,
    Told,
)
from tap_ecd.values import count, day

Meaning = TypeVar("Meaning")

MOST_HELD: Final = 2_000_000
"""Accounts, cost centres, participants, texts and sections that one file may have."""

MOST_ACCOUNTS: Final = 250_000
"""Accounts of one chart. Each takes kilobytes in the checks, and no books have as many."""

MOST_REPEATED: Final = 100_000
"""Entries of one file whose number came before."""

_NUMBER: Final = 2
"""NUM_LCTO in I200, the field before the first `|` included."""
_MOST_KINDS: Final = 200
_MOST_KEPT: Final = 1_000
"""Bytes of a record that a finding keeps."""
_is_record = re.compile(rb"\|[0-9A-Z]{4}\|").match
_ENTRY, _LINE = b"|I200|", b"|I250|"
_COUNTED = frozenset({b"|I155|", b"|I355|", b"|J100|", b"|J150|", b"|I550|", b"|I555|"})
"""Records that often follow their like, and are read later or not at all."""


class Account(msgspec.Struct, kw_only=True):
    """An account of the chart (I050), with what I051 and I052 say of it."""

    code: str
    name: str
    nature: str
    is_summary: bool
    parent: str | None
    references: list[str] = []
    """Accounts of the tax office's own chart that stand for it."""
    aggregations: list[str] = []
    """Lines of the statements that it is part of."""


class Section(msgspec.Struct, kw_only=True):
    """A stretch of a file: the records below one I150, I350 or J005."""

    starts: date
    ends: date
    begins: int
    """Where in the file; the section's first record is the one that it is named by."""
    until: int = 0
    line: int
    """The first line's number."""
    id: str = ""

    @property
    def region(self) -> Region:
        """Where the section stands."""
        return Region(self.begins, self.until, self.line)

    @property
    def month(self) -> Month:
        """The month that the section belongs to."""
        return (self.ends.year, self.ends.month)


class Survey(msgspec.Struct, kw_only=True):
    """What a file holds."""

    name: str
    head: Head
    sha256: str
    sha1: str
    size: int
    lines: int
    is_utf8: bool
    accounts: dict[str, Account]
    cost_centers: dict[str, str]
    participants: dict[str, tuple[str, str]]
    """Name and CNPJ or CPF by code."""
    histories: dict[str, str]
    months: list[Section]
    results: list[Section]
    """The balances before each closing."""
    statements: list[Section]
    journal: Runs
    repeated: dict[int, int]
    """Lines of entries (I200) whose number came before, with how often it has come by then."""
    records: dict[str, int]
    """How many records there are of each kind."""
    form: Fields
    """Where this file has its fields."""
    findings: list[Finding]

    @property
    def span(self) -> set[Month]:
        """The months that the file is of, by what it says of itself and by its balances."""
        spanned = periods_touching(self.head.starts, self.head.ends, Periodicity.MONTH)
        stated = {section.month for section in self.months}
        return {(month.start.year, month.start.month) for month in spanned} | stated


def survey(file: BinaryIO, name: str) -> Survey:
    """Read a file once, from its start.

    Raises:
        ERPValidationError: If it is no ECD, or no text.
    """
    return _Reader(file, name).read()


def too_many_accounts(file: str) -> str:
    """The sentence about a chart that is none."""
    return (
        f"{file} has more than {MOST_ACCOUNTS} accounts, which no books have; give the file as the "
        "program exports it"
    )


class _Reader:
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._scan = Scan(file, name)
        self._name = name
        self._told = Told(name)
        self._counts = Counts(self._told)
        self._first: dict[str, list[str]] = {}
        self._form = Fields(NEWEST)
        self._rank = -1
        self._out_of_order: set[str] = set()
        self._open: str | None = None
        """The record that the next ones stand below."""
        self._section: Section | None = None
        self._again: bytes | None = None
        """The kind of the record before, if more of them are only counted."""
        self._account: Account | None = None
        self._held = 0
        self._accounts: dict[str, Account] = {}
        self._cost_centers: dict[str, str] = {}
        self._participants: dict[str, tuple[str, str]] = {}
        self._histories: dict[str, str] = {}
        self._months: list[Section] = []
        self._results: list[Section] = []
        self._statements: list[Section] = []
        self._journal = Runs()
        self._numbers = Numbers()
        self._repeated: dict[int, int] = {}
        self._times: dict[bytes, int] = {}
        """How often the numbers that have come again have come."""
        self._readers: dict[bytes, Callable[[list[str]], None]] = {
            b"|0000|": lambda values: self._head("0000", values),
            b"|I010|": self._kind,
            b"|I020|": self._own_field,
            b"|I030|": lambda values: self._head("I030", values),
            b"|0150|": self._participant,
            b"|I050|": self._chart,
            b"|I051|": self._reference,
            b"|I052|": self._aggregation,
            b"|I075|": self._history,
            b"|I100|": self._cost_center,
            b"|I150|": self._month,
            b"|I350|": self._result,
            b"|J005|": self._statement,
            b"|9900|": self._counts.state,
            b"|0990|": self._counts.state_block,
            b"|C990|": self._counts.state_block,
            b"|I990|": self._counts.state_block,
            b"|J990|": self._counts.state_block,
            b"|K990|": self._counts.state_block,
            b"|9990|": self._counts.state_block,
            b"|9999|": self._counts.state_whole,
        }
        self._at = 0
        self._line = 0

    def read(self) -> Survey:
        for lines in self._scan.lines():
            self._take(lines)
        self._end_of_file()
        try:
            head = of_records(self._first)
        except InvalidValue as problem:
            raise ERPValidationError(
                f"{self._name} does not say whose book it is and of which time: {problem}; give "
                "the file as the program exports it",
            ) from None
        self._tell_head(head)
        self._counts.check(head.lines_stated, self._scan.rtf_lines)
        self._journal.close(self._at)
        return Survey(
            name=self._name,
            head=head,
            sha256=self._scan.sha256,
            sha1=self._scan.sha1,
            size=self._scan.size,
            lines=self._counts.lines,
            is_utf8=self._scan.is_utf8,
            accounts=self._accounts,
            cost_centers=self._cost_centers,
            participants=self._participants,
            histories=self._histories,
            months=self._months,
            results=self._results,
            statements=self._statements,
            journal=self._journal,
            repeated=self._repeated,
            records=dict(self._counts.records()),
            form=self._form,
            findings=self._told.close(),
        )

    def _take(self, lines: Lines) -> None:
        """Go through some lines; this loop runs for every line of the file."""
        offset, number = lines.offset, lines.number
        counts, journal = self._counts.by_head, self._journal
        comes_again = self._numbers.comes_again
        in_entry, again = self._open == "I200", self._again
        for raw in lines.raw:
            head = raw[:6]
            if head == _LINE and in_entry:
                counts[head] += 1
            elif head == _ENTRY and in_entry:
                counts[head] += 1
                values = raw.split(b"|", 4)
                key = values[3:4]
                if key != journal.key:
                    journal.turn(key, offset, number)
                if len(values) > _NUMBER and comes_again(values[_NUMBER]):
                    self._repeat(values[_NUMBER], number)
            elif head == again:
                counts[head] += 1
            elif raw.strip():
                self._at, self._line = offset, number
                self._other(head, raw)
                in_entry = self._open == "I200"
                again = head if head in _COUNTED else None
            offset += len(raw) + 1
            number += 1
        self._again = again
        self._at, self._line = offset, number

    def _repeat(self, written: bytes, line: int) -> None:
        """Keep where an entry is that has the number of another one."""
        if len(self._repeated) >= MOST_REPEATED:
            raise ERPValidationError(
                f"{self._name} has more than {MOST_REPEATED} entries with the number of another "
                "one (NUM_LCTO), so that they cannot be told apart; give the file as the program "
                "exports it",
            )
        if written.strip():  # an entry without a number is told as such
            self._times[written] = self._repeated[line] = self._times.get(written, 1) + 1

    def _other(self, head: bytes, raw: bytes) -> None:
        """Any record that does not go on from the one before."""
        if head not in self._counts.by_head and not self._is_new_kind(head, raw):
            return
        self._counts.by_head[head] += 1
        record = head[1:5].decode("ascii")
        self._place(record, raw)
        if record == "I200":
            values = raw.split(b"|", 4)
            self._journal.turn(values[3:4], self._at, self._line)
            if len(values) > _NUMBER and self._numbers.comes_again(values[_NUMBER]):
                self._repeat(values[_NUMBER], self._line)
            return
        reader = self._readers.get(head)
        if reader is None:
            return
        try:
            reader(self._form.checked(record, fields(decoded(raw, utf8=True))))
        except InvalidValue as problem:
            self._told.unreadable(
                problem, decoded(raw[:_MOST_KEPT]), self._line, _CONSEQUENCES.get(record, NOTHING)
            )

    def _is_new_kind(self, head: bytes, raw: bytes) -> bool:
        """Count a kind of record for the first time; False if the line is no record."""
        if _is_record(head) is None or len(self._counts.by_head) >= _MOST_KINDS:
            self._counts.strays += 1
            self._told.unreadable(
                InvalidValue(
                    told("the line"), told("is no record, which begins with | and four signs")
                ),
                decoded(raw[:_MOST_KEPT]),
                self._line,
            )
            return False
        if not self._first and head != b"|0000|":
            raise ERPValidationError(
                f"{self._name} is no ECD: it does not begin with the record 0000; take it out of "
                "paths, or give the file as the program exports it",
            )
        record = head[1:5].decode("ascii")
        self._counts.by_head[head] = 0
        if record not in RANKS:
            self._told.warning(
                UNKNOWN_RECORD,
                told(
                    "{file} has records {record}, which no layout knows (line {line}); they are "
                    "left out.",
                    file=self._name,
                    record=record,
                    line=self._line,
                ),
                record=record,
                line=self._line,
            )
        return True

    def _place(self, record: str, raw: bytes) -> None:
        """See that a record stands where it belongs, and end the section before it."""
        rank = RANKS.get(record, self._rank)
        if rank < self._rank and record not in self._out_of_order:
            self._out_of_order.add(record)
            self._told.error(
                RECORD_ORDER,
                told(
                    "{file} has a record {record} in line {line}, after records that it must come "
                    "before. Give the file as the program exports it.",
                    file=self._name,
                    record=record,
                    line=self._line,
                ),
                record=record,
                line=self._line,
            )
        self._rank = rank
        parent = PARENTS.get(record)
        if parent is None:
            self._close_section()
            self._open = record
        elif self._open not in {parent, PARENTS.get(parent)}:
            self._told.unreadable(
                InvalidValue(
                    record, "stands below no {parent}, so it belongs to nothing", parent=parent
                ),
                decoded(raw[:_MOST_KEPT]),
                self._line,
            )

    def _close_section(self) -> None:
        if self._section is not None:
            self._section.until = self._at
            self._section = None
        if self._open == "I200":
            self._journal.close(self._at)
        self._account = None

    def _end_of_file(self) -> None:
        self._close_section()
        scan = self._scan
        if scan.cut_short is not None:
            self._told.unreadable(
                InvalidValue(told("the file"), told("ends in the middle of it")),
                decoded(scan.cut_short[:_MOST_KEPT]),
                self._line,
            )
        if scan.open_rtf is not None:
            self._told.error(
                FILE_INCOMPLETE,
                told(
                    "The text that begins in line {line} of {file} has no end: what follows it "
                    "was not read. Give the file as the program exports it.",
                    line=scan.open_rtf,
                    file=self._name,
                ),
                line=scan.open_rtf,
            )
        if scan.goes_on:
            self._told.error(
                FILE_INCOMPLETE,
                told(
                    "{file} holds another ECD after its record 9999, which was not read. Put each "
                    "into a file of its own, as the program exports it.",
                    file=self._name,
                ),
            )
        if self._numbers.is_full:
            self._told.warning(
                NUMBERS_NOT_COMPARED,
                told(
                    "The numbers of the entries in {file} (NUM_LCTO) are in no order, and too "
                    "many to see that each comes once.",
                    file=self._name,
                ),
            )
        if not scan.is_closed:
            self._told.warning(
                FILE_INCOMPLETE,
                told(
                    "{file} has no record 9999: its end may be missing. Give the file as the "
                    "program exports it.",
                    file=self._name,
                ),
                record="9999",
            )

    def _tell_head(self, head: Head) -> None:
        if not head.is_known_layout:
            self._told.warning(
                UNKNOWN_LAYOUT,
                told(
                    "{file} names layout {layout} (I010), which this tap does not know; it was "
                    "read like layout {newest}.",
                    file=self._name,
                    layout=head.layout_written or told("none"),
                    newest=NEWEST,
                ),
                layout=head.layout_written,
            )
        purpose = Fields(head.layout).of("0000", self._first["0000"], "IND_FIN_ESC")
        if purpose not in {"", "0", *SUBSTITUTES}:
            self._told.warning(
                UNKNOWN_RECORD,
                told(
                    "{file} says {purpose} where 0 means an original and 1 a substitute "
                    "(IND_FIN_ESC); it was taken for an original.",
                    file=self._name,
                    purpose=shown(purpose),
                ),
                purpose=purpose,
            )
        if self._scan.is_utf8:
            self._told.warning(
                WRONG_ENCODING,
                told(
                    "{file} is written in UTF-8, where an ECD is ISO-8859-1; its texts were read "
                    "as UTF-8. A program has changed it since it was exported.",
                    file=self._name,
                ),
            )

    # What is kept of the records

    def _hold(self) -> None:
        self._held += 1
        if self._held > MOST_HELD:
            raise ERPValidationError(
                f"{self._name} has more than {MOST_HELD} accounts, participants, texts and months, "
                "which no books have; give the file as the program exports it",
            )

    def _head(self, record: str, values: list[str]) -> None:
        self._first.setdefault(record, values)

    def _kind(self, values: list[str]) -> None:
        self._head("I010", values)
        try:
            its = of_records(self._first)
        except InvalidValue:
            return  # the survey ends with a sentence about that
        self._form = Fields(its.layout, functional=its.has_functional_currency)

    def _own_field(self, values: list[str]) -> None:
        self._form.declare(at(values, 2).upper(), count(at(values, 3)) or 0)

    def _participant(self, values: list[str]) -> None:
        code = text(at(values, 2))
        if code is None:
            raise InvalidValue("COD_PART", "is empty")
        name = text(at(values, 3)) or ""
        self._keep(self._participants, code, (name, at(values, 5) or at(values, 6)), "0150")

    def _history(self, values: list[str]) -> None:
        code = text(at(values, 2))
        if code is None:
            raise InvalidValue("COD_HIST", "is empty")
        self._keep(self._histories, code, text(at(values, 3)) or "", "I075")

    def _cost_center(self, values: list[str]) -> None:
        code = text(at(values, 3))
        if code is None:
            raise InvalidValue("COD_CCUS", "is empty")
        self._keep(self._cost_centers, code, text(at(values, 4)) or "", "I100")

    def _keep(self, kept: dict[str, Meaning], code: str, value: Meaning, record: str) -> None:
        known = kept.get(code)
        if known is None:
            self._hold()
            kept[code] = value
        elif known != value:
            self._told.warning(
                DUPLICATE_CODE,
                told(
                    "Line {line} of {file} gives the code {code} of {record} another meaning; the "
                    "first one counts.",
                    line=self._line,
                    file=self._name,
                    code=shown(code),
                    record=record,
                ),
                record=record,
                line=self._line,
                meaning_of=code,
            )

    def _chart(self, values: list[str]) -> None:
        code = account_code(at(values, 6), "COD_CTA")
        kind = at(values, 4).upper()
        if kind not in {"S", "A"}:
            raise InvalidValue(
                "IND_CTA", "is {value}; it must say S (summary) or A (analytic)", value=shown(kind)
            )
        account = Account(
            code=code,
            name=text(at(values, 8)) or code,
            nature=at(values, 3),
            is_summary=kind == "S",
            parent=optional_account_code(at(values, 7), "COD_CTA_SUP"),
        )
        self._account = account
        known = self._accounts.get(code)
        if known is None:
            if len(self._accounts) >= MOST_ACCOUNTS:
                raise ERPValidationError(too_many_accounts(self._name))
            self._hold()
            self._accounts[code] = account
        else:
            self._told.error(
                "DUPLICATE_ACCOUNT",
                told(
                    "Account {account} stands twice in the chart of {file} (line {line}); the "
                    "first one counts.",
                    account=code,
                    file=self._name,
                    line=self._line,
                ),
                line=self._line,
                account_code=code,
            )
        if account.nature not in NATURES:
            raise InvalidValue(
                "COD_NAT",
                "is {value}, which is no nature of accounts (01 to 05, 09)",
                value=shown(account.nature),
            )

    def _reference(self, values: list[str]) -> None:
        code = text(self._form.of("I051", values, "COD_CTA_REF"))
        if code is not None and self._account is not None:
            self._hold()
            self._account.references.append(code)

    def _aggregation(self, values: list[str]) -> None:
        code = text(at(values, 3))
        if code is not None and self._account is not None:
            self._hold()
            self._account.aggregations.append(code)

    def _month(self, values: list[str]) -> None:
        starts, ends = day(at(values, 2), "DT_INI"), day(at(values, 3), "DT_FIN")
        self._begin(self._months, starts, ends)
        if (starts.year, starts.month) != (ends.year, ends.month) or ends < starts:
            raise InvalidValue(
                "DT_FIN",
                "({ends}) does not end the month that DT_INI ({starts}) begins",
                ends=ends,
                starts=starts,
            )

    def _result(self, values: list[str]) -> None:
        closed = day(at(values, 2), "DT_RES")
        self._begin(self._results, closed, closed)

    def _statement(self, values: list[str]) -> None:
        starts, ends = day(at(values, 2), "DT_INI"), day(at(values, 3), "DT_FIN")
        self._begin(self._statements, starts, ends, at(values, 4))

    def _begin(self, sections: list[Section], starts: date, ends: date, mark: str = "") -> None:
        self._hold()
        self._section = Section(starts=starts, ends=ends, begins=self._at, line=self._line, id=mark)
        sections.append(self._section)


_CONSEQUENCES = {
    "I050": told(" Its account is read from the balances alone."),
    "I150": told(" The balances below it are not read, or not as a month."),
    "I350": told(" The balances below it are not read."),
    "J005": told(" The statements below it are not read."),
}

__all__ = ["Account", "Section", "Survey", "survey"]
