"""Which of a company's files are its ledger, and which say of themselves that they are not.

A substitute replaces the file whose hash it names, and what lies within its span. Auxiliary books
and books of daily balances are no ledgers. What then still states the same month twice is told, and
so is a month that only what was replaced states: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.periods import Periodicity, periods_touching
from erp_common.ledger.sentences import told
from tap_ecd.head import BOOKS, LEDGERS, Head

_WHOLE: Final = ""
_ANY: Final = "*"
_THE_SAME: Final = "both say that they replace the same file"
_NEITHER: Final = "neither says that it replaces the other"


class Use(str, Enum):
    """What a file is to its company's ledger."""

    LEDGER = "ledger"
    REPLACED = "replaced"
    COPY = "copy"
    NO_LEDGER = "no_ledger"


class Candidate(msgspec.Struct):
    """A file of a company."""

    name: str
    head: Head
    sha256: str
    sha1: str
    name_hashes: set[str] = set()
    """Hashes that stand in the file's name."""
    use: Use = Use.LEDGER
    why: str | None = None
    """In words, if the file is not the ledger."""
    note: str | None = None
    """What is not certain about a file that is."""
    replaced: set[str] = set()
    """SHA-256 of the files that it replaces."""

    @property
    def is_ledger(self) -> bool:
        """Whether the file counts."""
        return self.use is Use.LEDGER

    def is_called(self, hash_written: str) -> bool:
        """Whether the hash is this file's."""
        return hash_written == self.sha1 or hash_written in self.name_hashes

    def covers(self, other: Candidate) -> bool:
        """Whether the span of the other lies in this one's, for the same establishment."""
        mine, its = self.head, other.head
        return mine.cnpj == its.cnpj and mine.starts <= its.starts and its.ends <= mine.ends


def choose(company: str, files: Sequence[Candidate]) -> None:
    """Say of each file of a company what it is to the ledger.

    Args:
        company: The company's id, for sentences.
        files: All files of the company.

    Raises:
        ERPValidationError: If two files state the same days and neither replaces the other, or a
            substitute leaves out months of what it replaces.
    """
    _set_books_aside(files)
    _set_copies_aside(files)
    for file in [one for one in files if one.is_ledger and one.head.is_substitute]:
        _replace(file, files)
    both = of_the_same_days(files)
    if both is not None:
        other, file = both
        same = file.head.replaces is not None and file.head.replaces == other.head.replaces
        why = _THE_SAME if same else _NEITHER
        raise ERPValidationError(
            f"{other.name} and {file.name} both are the ledger of {company} from "
            f"{max(file.head.starts, other.head.starts)} to "
            f"{min(file.head.ends, other.head.ends)}, and {why}; take the one that does not count "
            "out of paths",
        )
    for file, lost in _left_out(files):
        raise ERPValidationError(
            f"{file.why}, but its months {', '.join(lost)} are in no other ledger of {company}; "
            f"put the file that states them into paths, or take {file.name} out of paths if they "
            "are not to be read",
        )


def _set_books_aside(files: Iterable[Candidate]) -> None:
    for file in files:
        book = file.head.book
        if book not in LEDGERS:
            kind = BOOKS.get(book, "of no kind that is known")
            file.use = Use.NO_LEDGER
            file.why = (
                f"{file.name} is a book {book or 'without a kind'} ({kind}), not the company's "
                "ledger with its entries"
            )


def _set_copies_aside(files: Iterable[Candidate]) -> None:
    first: dict[str, Candidate] = {}
    for file in files:
        known = first.setdefault(file.sha256, file)
        if known is not file and file.is_ledger:
            file.use, file.why = Use.COPY, f"{file.name} is a copy of {known.name}"
            known.name_hashes |= file.name_hashes


def _replace(file: Candidate, files: Sequence[Candidate]) -> None:
    """Set aside what a substitute replaces."""
    named = file.head.replaces
    others = [other for other in files if other is not file and other.use is not Use.COPY]
    called = [other for other in others if named and other.is_called(named)]
    within = [
        other
        for other in others
        if other.is_ledger and not other.head.is_substitute and file.covers(other)
    ]
    for other in [*called, *within]:
        if other.is_ledger:
            other.use = Use.REPLACED
            file.replaced.add(other.sha256)
            other.why = f"{other.name} was replaced by {file.name}"
    if within and not called:
        file.note = told(
            "{file} replaces a file whose hash ({hash}) is that of none given; it was taken for "
            "{files}, whose time it covers",
            file=file.name,
            hash=named or told("none is given"),
            files=", ".join(one.name for one in within),
        )


def _left_out(files: Sequence[Candidate]) -> Iterator[tuple[Candidate, list[str]]]:
    """Files that were replaced, with their months that no ledger states for that establishment."""
    stated = {
        (own, month)
        for file in files
        if file.is_ledger
        for month in _months(file.head)
        for own in (_own(file.head), _ANY)
    }
    for file in files:
        if file.use is Use.REPLACED:
            beside = _beside(_own(file.head))
            lost = [
                month
                for month in _months(file.head)
                if not any((own, month) in stated for own in beside)
            ]
            if lost:
                yield file, lost


def _months(head: Head) -> Iterator[str]:
    for month in periods_touching(head.starts, head.ends, Periodicity.MONTH):
        yield f"{month.start:%Y-%m}"


def _own(head: Head) -> str:
    """The branch whose books they are; none if they are the whole company's."""
    return head.cnpj if head.is_decentralised else _WHOLE


def _beside(own: str) -> set[str]:
    """Whose books state what those of this branch, or of the whole company, state."""
    return {_ANY} if own is _WHOLE else {_WHOLE, own}


def of_the_same_days(files: Sequence[Candidate]) -> tuple[Candidate, Candidate] | None:
    """Two ledgers that state the same days, in the order of `files`; None if no two do.

    Books of branches, which are summed up, stand side by side: only those of one branch are two.
    """
    ledgers = [place for place, file in enumerate(files) if file.is_ledger]
    # If a file that begins earlier states some of a file's days, the one that ends last does.
    last: dict[str, int] = {}
    for place in sorted(ledgers, key=lambda one: files[one].head.starts):
        head = files[place].head
        own = _own(head)
        for other in {last.get(one) for one in _beside(own)}:
            if other is not None and head.starts <= files[other].head.ends:
                first, second = sorted((place, other))
                return files[first], files[second]
        for kept in (own, _ANY):
            if kept not in last or files[last[kept]].head.ends < head.ends:
                last[kept] = place
    return None
