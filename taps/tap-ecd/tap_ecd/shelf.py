"""The files that a run finds: whose they are, which count, and which have changed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec

from erp_common.errors import ERPError, ERPValidationError
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period, Periodicity, periods_touching
from tap_ecd import head
from tap_ecd.addresses import Found
from tap_ecd.choice import Candidate, choose
from tap_ecd.head import Head, UnreadableHead
from tap_ecd.scan import Scan
from tap_ecd.values import tax_number

logger = logging.getLogger("tap-ecd")

_MOST_NAMED = 20

ROOT = 8
"""Signs of a CNPJ that name the company; the rest names its establishment."""


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the state keeps of a file."""

    size: int
    modified: str
    sha256: str
    sha1: str
    replaced: tuple[str, ...] = ()
    """SHA-256 of the files in whose place it was read."""


class Filed(Candidate, kw_only=True):
    """A file of a company, and where it is."""

    found: Found

    @property
    def known(self) -> Known:
        """What the state keeps of it."""
        replaced = tuple(sorted(self.replaced))
        return Known(self.found.size, self.found.modified, self.sha256, self.sha1, replaced)

    def touches(self, period: Period) -> bool:
        """Whether the file says anything of the period."""
        return self.head.starts <= period.end and period.start <= self.head.ends


class Shelf:
    """One company's files."""

    def __init__(self, company: Company, files: Sequence[Filed]) -> None:
        """Choose among the files.

        Raises:
            ERPValidationError: If none is the company's ledger, or two are of the same time.
        """
        self.company = company
        self.files = list(files)
        choose(company.id, files)
        for file in self.files:
            if file.why or file.note:
                logger.warning("%s: %s", company.id, file.why or file.note)
        self.ledgers = _in_order(file for file in self.files if file.is_ledger)
        if not self.ledgers:
            told = f"; {'; '.join(file.why for file in self.files if file.why)}" if files else ""
            raise ERPValidationError(
                f"no file in paths is the ledger of {company.id} (CNPJ {company.erp_id}), a book G "
                f"or R{told}; put its ECD there",
            )

    def of(self, period: Period) -> list[Filed]:
        """The files that say anything of a period, be they its ledger or not."""
        months = periods_touching(period.start, period.end, Periodicity.MONTH)
        places = {place for month in months for place in self._of_month.get(month.end, ())}
        files = (self.files[place] for place in sorted(places))
        return [file for file in files if file.touches(period)]

    def ledgers_of(self, period: Period) -> list[Filed]:
        """The files that are the ledger of a period, in order."""
        return _in_order(file for file in self.of(period) if file.is_ledger)

    def skipped_before(self, period: Period) -> list[Period]:
        """The months right before a period that no ledger states, where one states those before."""
        ends = [file.head.ends for file in self.ledgers if file.head.starts < period.start]
        if not ends or max(ends) >= period.start - timedelta(days=1):
            return []
        months = periods_touching(max(ends), period.start - timedelta(days=1), Periodicity.MONTH)
        return [month for month in months if not self.ledgers_of(month)]

    @cached_property
    def known(self) -> dict[str, Any]:
        """What the state keeps of each file, by its path, in JSON's types."""
        return {file.found.place: msgspec.to_builtins(file.known) for file in self.files}

    @cached_property
    def _of_month(self) -> Mapping[date, list[int]]:
        """The files that say anything of a month, by its last day: their places in `files`."""
        found: dict[date, list[int]] = defaultdict(list)
        for place, file in enumerate(self.files):
            for month in periods_touching(file.head.starts, file.head.ends, Periodicity.MONTH):
                found[month.end].append(place)
        return found

    def digest(self, period: Period) -> str:
        """A mark of all that the files say of a period; another one says that it has changed."""
        marks = sorted(f"{file.sha256} {file.use.value}" for file in self.of(period))
        return sha256("\n".join(marks).encode()).hexdigest()[:16]


def _in_order(ledgers: Iterable[Filed]) -> list[Filed]:
    return sorted(ledgers, key=lambda file: (file.head.starts, file.head.cnpj, file.name))


def shelves(
    companies: Sequence[Company],
    found: Iterable[Found],
    known: Mapping[str, Mapping[str, Known]],
) -> dict[str, Shelf | ERPError]:
    """The files of each company by its id, or why it has none that could be read.

    Args:
        companies: The companies; `erp_id` is the CNPJ.
        found: All files.
        known: What the state keeps of each company's files, by their paths.
    """
    owner_of = _Owners(companies)
    heads, broken = _heads(found, owner_of)
    owned: dict[str | None, list[tuple[Found, Head]]] = defaultdict(list)
    for file, its in heads:
        owned[owner_of(its)].append((file, its))
    strangers = sorted({f"{file.name} (CNPJ {its.owner})" for file, its in owned[None]})
    if strangers:
        logger.warning(
            "skipped, since companies does not list whose they are: %s", _named(strangers)
        )
    made: dict[str, Shelf | ERPError] = {}
    for company in companies:
        read = known.get(company.id, {})
        try:
            if company.id in broken:
                raise broken[company.id]
            files = [_filed(file, its, read.get(file.place)) for file, its in owned[company.id]]
            gone = _gone(company, read, files)
            made[company.id] = shelf = Shelf(company, files)
            _refuse_what_was_replaced(company, gone, shelf.ledgers)
        except ERPError as error:
            made[company.id] = error
    return made


def _heads(
    found: Iterable[Found], owner_of: _Owners
) -> tuple[list[tuple[Found, Head]], dict[str, ERPValidationError]]:
    """What each ECD says of itself; and why a company's files cannot be read, by its id.

    A file that does not say of which time it is fails the company whose CNPJ it names; one that
    names none of them is told, and skipped.
    """
    heads: list[tuple[Found, Head]] = []
    broken: dict[str, ERPValidationError] = {}
    for file in found:
        try:
            its = _head(file)
        except UnreadableHead as problem:
            told = (
                f"{file.name} is an ECD, but does not say whose and of which time: {problem}; give "
                "the file as the program exports it, or take it out of paths"
            )
            owner = owner_of.number(problem.cnpj)
            if owner is None:
                logger.warning("skipped: %s", told)
            else:
                broken.setdefault(owner, ERPValidationError(told))
            continue
        if its is not None:
            heads.append((file, its))
    return heads, broken


def _gone(company: Company, known: Mapping[str, Known], files: Sequence[Filed]) -> dict[str, Known]:
    """The files that were read before and are there no more, under no other name; it is told."""
    there = {file.found.place for file in files}
    contents = {file.sha256 for file in files}
    gone = {
        path.rpartition("/")[2]: one
        for path, one in sorted(known.items())
        if path not in there and one.sha256 not in contents
    }
    if gone:
        logger.warning(
            "%s: %s, read before, is in paths no more; what no other file states stays as it was "
            "loaded",
            company.id,
            _named(list(gone)),
        )
    return gone


def _refuse_what_was_replaced(
    company: Company, gone: Mapping[str, Known], ledgers: Sequence[Filed]
) -> None:
    """What a substitute was read in place of is not written over it, only because that is gone.

    Raises:
        ERPValidationError: A file that was replaced would be read again.
    """
    for name, one in gone.items():
        back = [file.name for file in ledgers if file.sha256 in one.replaced]
        if back:
            raise ERPValidationError(
                f"{name}, which was read in place of {_named(back)}, is in paths no more, so that "
                "what was replaced would be loaded over it; put it back, or take what it replaces "
                f"out too (to go back to {_named(back)}, read {company.id} once without its state)"
            )


def _named(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _head(file: Found) -> Head | None:
    """What a file says of itself; None if it is no ECD."""
    with file.open() as opened:
        its = head.read(opened)
    if its is None and file.is_named:
        raise ERPValidationError(
            f"{file.name} is no ECD: it does not begin with |0000|LECD|; take it out of paths",
        )
    if its is None:
        logger.info("%s is no ECD, and is left out", file.name)
    return its


class _Owners:
    """Whose a file is."""

    def __init__(self, companies: Sequence[Company]) -> None:
        self._by_number: dict[str, str] = {}
        self._by_root: dict[str, list[str]] = defaultdict(list)
        for company in companies:
            number = tax_number(company.erp_id)
            self._by_number.setdefault(number, company.id)
            self._by_root[number[:ROOT]].append(company.id)

    def number(self, cnpj: str) -> str | None:
        """The id of the company that has this CNPJ."""
        return self._by_number.get(cnpj)

    def __call__(self, its: Head) -> str | None:
        """The id of the company that a file belongs to; a branch's belongs to its company."""
        owner = self.number(its.owner)
        if owner is None and its.is_decentralised:
            same = self._by_root.get(its.owner[:ROOT], [])
            return same[0] if len(same) == 1 else None
        return owner


def _filed(file: Found, its: Head, known: Known | None) -> Filed:
    """A file with its hashes: those of the state, if its size and time are the same."""
    same = (
        known is not None
        and file.modified
        and (known.size, known.modified) == (file.size, file.modified)
    )
    if not same or known is None:
        with file.open() as opened:
            scan = Scan(opened, file.name)
            for _ in scan.lines():
                pass
        known = Known(file.size, file.modified, scan.sha256, scan.sha1)
    return Filed(
        found=file,
        name=file.name,
        head=its,
        sha256=known.sha256,
        sha1=known.sha1,
        name_hashes=file.hashes,
    )


def remembered(kept: Any) -> dict[str, Known]:  # noqa: ANN401 - whatever the state holds
    """What the state keeps of a company's files; nothing if it cannot be understood."""
    try:
        return msgspec.convert(kept or {}, dict[str, Known])
    except msgspec.ValidationError:
        return {}
