"""The files that a run finds: whose they are, which count, and which have changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from erp_common.errors import ERPError, ERPValidationError
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
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


class Known(msgspec.Struct, frozen=True):
    """What the state keeps of a file."""

    size: int
    modified: str
    sha256: str
    sha1: str


class Filed(Candidate, kw_only=True):
    """A file of a company, and where it is."""

    found: Found

    @property
    def known(self) -> Known:
        """What the state keeps of it."""
        return Known(self.found.size, self.found.modified, self.sha256, self.sha1)

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
        self.ledgers = sorted(
            (file for file in self.files if file.is_ledger),
            key=lambda file: (file.head.starts, file.head.cnpj, file.name),
        )
        if not self.ledgers:
            told = f"; {'; '.join(file.why for file in self.files if file.why)}" if files else ""
            raise ERPValidationError(
                f"no file in paths is the ledger of {company.id} (CNPJ {company.erp_id}), a book G "
                f"or R{told}; put its ECD there",
            )

    def of(self, period: Period) -> list[Filed]:
        """The files that say anything of a period, be they its ledger or not."""
        return [file for file in self.files if file.touches(period)]

    def ledgers_of(self, period: Period) -> list[Filed]:
        """The files that are the ledger of a period, in order."""
        return [file for file in self.ledgers if file.touches(period)]

    def digest(self, period: Period) -> str:
        """A mark of all that the files say of a period; another one says that it has changed."""
        marks = sorted(f"{file.sha256} {file.use.value}" for file in self.of(period))
        return sha256("\n".join(marks).encode()).hexdigest()[:16]


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
    heads, broken = _heads(found, companies)
    owners = {file: _owner(its, companies) for file, its in heads}
    strangers = sorted(
        {f"{file.name} (CNPJ {its.owner})" for file, its in heads if not owners[file]}
    )
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
            files = [
                _filed(file, its, read.get(file.path))
                for file, its in heads
                if owners[file] == company.id
            ]
            _tell_gone(company, read, files)
            made[company.id] = Shelf(company, files)
        except ERPError as error:
            made[company.id] = error
    return made


def _heads(
    found: Iterable[Found], companies: Sequence[Company]
) -> tuple[list[tuple[Found, Head]], dict[str, ERPValidationError]]:
    """What each ECD says of itself; and why a company's files cannot be read, by its id.

    A file that does not say of which time it is fails the company whose CNPJ it names; one that
    names none of them is told, and skipped.
    """
    heads: list[tuple[Found, Head]] = []
    broken: dict[str, ERPValidationError] = {}
    by_number = {tax_number(company.erp_id): company.id for company in companies}
    for file in found:
        try:
            its = _head(file)
        except UnreadableHead as problem:
            told = (
                f"{file.name} is an ECD, but does not say whose and of which time: {problem}; give "
                "the file as the program exports it, or take it out of paths"
            )
            owner = by_number.get(problem.cnpj)
            if owner is None:
                logger.warning("skipped: %s", told)
            else:
                broken.setdefault(owner, ERPValidationError(told))
            continue
        if its is not None:
            heads.append((file, its))
    return heads, broken


def _tell_gone(company: Company, known: Mapping[str, Known], files: Sequence[Filed]) -> None:
    """Name the files that were read before and are not there any more, under no other name."""
    there = {file.found.path for file in files}
    contents = {file.sha256 for file in files}
    gone = sorted(
        path for path, one in known.items() if path not in there and one.sha256 not in contents
    )
    if gone:
        logger.warning(
            "%s: %s, read before, is in paths no more; what no other file states stays as it was "
            "loaded",
            company.id,
            _named([path.rpartition("/")[2] for path in gone]),
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


def _owner(its: Head, companies: Sequence[Company]) -> str | None:
    """The id of the company that a file belongs to; a branch's belongs to its company."""
    for company in companies:
        if tax_number(company.erp_id) == its.owner:
            return company.id
    if its.is_decentralised:
        root = its.owner[:ROOT]
        same = [one.id for one in companies if tax_number(one.erp_id)[:ROOT] == root]
        if len(same) == 1:
            return same[0]
    return None


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
