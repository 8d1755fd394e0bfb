"""What a file says of itself in its first records: whose book it is, of which time and kind."""

from __future__ import annotations

from datetime import date, timedelta
from typing import BinaryIO, Final

import msgspec

from erp_common.ledger.normalize import InvalidValue, text
from erp_common.ledger.sentences import told
from tap_ecd.layout import KNOWN, Fields, at
from tap_ecd.scan import BLOCK, LONGEST, decoded, fields
from tap_ecd.values import day, day_or_none, layout_number, tax_number

FULL: Final = "G"
SUMMARISED: Final = "R"
LEDGERS: Final = frozenset({FULL, SUMMARISED})
BOOKS: Final = {
    FULL: "full journal",
    SUMMARISED: "summarised journal",
    "A": "auxiliary journal",
    "Z": "auxiliary ledger",
    "B": "daily balances",
}
"""IND_ESC of I010. Only the first two hold a company's whole ledger with its entries."""

SUBSTITUTES: Final = frozenset("123")
"""IND_FIN_ESC of a file that replaces another; the first layouts told three kinds apart."""

_LONGEST: Final = timedelta(days=3 * 366)
"""A book lies in one year; what goes on for longer than three is none."""

_FARTHEST: Final = 1 << 28
"""Bytes within which I030 must come; before it stand only the company and whom it deals with."""

_MARK = "\ufeff"

_FIRST: Final = b"|0000|LECD|"
_NEXT: Final = b"\r|0001|"
"""The record after it, where lines end with CR alone."""
_NEAR: Final = 64
"""Bytes at whose end a line that no ECD should begin with still shows that it is one."""


class Head(msgspec.Struct, kw_only=True, frozen=True):
    """Records 0000, I010 and I030."""

    cnpj: str
    owner: str
    """Whose ledger it is: the CNPJ, or that of the silent partnership (SCP) whose book it is."""
    name: str | None
    starts: date
    ends: date
    book: str
    layout: int | None
    """None if the file names none, or one that is no number."""
    layout_written: str
    is_substitute: bool = False
    replaces: str | None = None
    """The hash of the file that it replaces, as it writes it."""
    is_decentralised: bool = False
    """Whether branches keep books of their own, which together are the company's."""
    has_functional_currency: bool = False
    changed_chart: bool = False
    fiscal_year_end: date | None = None
    book_number: str | None = None
    lines_stated: str = ""
    """QTD_LIN of I030."""

    @property
    def is_known_layout(self) -> bool:
        """Whether the layout is one of those that this tap knows."""
        return self.layout in KNOWN

    @property
    def branch(self) -> str:
        """The number of the establishment within the company's CNPJ."""
        return self.cnpj[8:12]


def of_records(records: dict[str, list[str]]) -> Head:
    """The head that these records make; I010 and I030 may be missing.

    Raises:
        InvalidValue: If 0000 does not say whose book it is, and of which time.
    """
    first, kind, opening = (records.get(name, []) for name in ("0000", "I010", "I030"))
    layout = layout_number(at(kind, 3))
    form = Fields(layout)

    def stated(name: str) -> str:
        return form.of("0000", first, name)

    starts, ends = day(at(first, 3), "DT_INI"), day(at(first, 4), "DT_FIN")
    if ends < starts:
        raise InvalidValue(
            "DT_FIN", "({ends}) lies before DT_INI ({starts})", ends=ends, starts=starts
        )
    if ends - starts > _LONGEST:
        raise InvalidValue(
            "DT_FIN",
            "({ends}) lies years after DT_INI ({starts}); a book has one",
            ends=ends,
            starts=starts,
        )
    cnpj = tax_number(at(first, 6))
    if not cnpj:
        raise InvalidValue("CNPJ", "is empty; nothing says whose book this is")
    partnership = tax_number(stated("COD_SCP")) if stated("TIP_ECD") == "2" else ""
    return Head(
        cnpj=cnpj,
        owner=partnership or cnpj,
        name=text(at(first, 5)),
        starts=starts,
        ends=ends,
        book=at(kind, 2).upper(),
        layout=layout,
        layout_written=at(kind, 3),
        is_substitute=stated("IND_FIN_ESC") in SUBSTITUTES,
        replaces=stated("COD_HASH_SUB").upper() or None,
        is_decentralised=stated("IND_CENTRALIZADA") == "1",
        has_functional_currency=stated("IDENT_MF").upper() == "S",
        changed_chart=stated("IND_MUDANC_PC") == "1",
        fiscal_year_end=day_or_none(at(opening, 12)),
        book_number=text(at(opening, 3)),
        lines_stated=at(opening, 5),
    )


class UnreadableHead(InvalidValue):
    """A file that is an ECD, but does not say whose and of which time."""

    def __init__(self, problem: InvalidValue, cnpj: str) -> None:
        """Keep the problem, and the CNPJ that the file names, if it names one."""
        super().__init__(problem.field, problem.problem)
        self.cnpj = cnpj


def read(file: BinaryIO) -> Head | None:
    """The head of a file, reading no more of it than that takes; None if it is no ECD at all.

    Raises:
        UnreadableHead: If it is an ECD, but does not say whose and of which time.
    """
    records: dict[str, list[str]] = {}
    try:
        return _read(file, records)
    except InvalidValue as problem:
        raise UnreadableHead(problem, tax_number(at(records.get("0000", []), 6))) from None


def _read(file: BinaryIO, records: dict[str, list[str]]) -> Head | None:
    rest, taken = b"", 0
    while taken < _FARTHEST and "I030" not in records:
        block = file.read(BLOCK)
        taken += len(block)
        lines = (rest + block).split(b"\n")
        rest = lines.pop() if block else b""
        for raw in lines:
            name = _record(raw)
            if not records and raw.strip():
                if name != "0000" or _NEXT in raw:
                    _must_be_none(raw, records)
                    return None
                records[name] = fields(decoded(raw.removeprefix(_MARK.encode()), utf8=True))
                if at(records[name], 2).upper() != "LECD":
                    return None
            elif name in {"I010", "I030"}:
                records.setdefault(name, fields(decoded(raw, utf8=True)))
            elif name in {"I050", "I150", "I200"}:
                return of_records(records)  # what should have come before is not there
        if not block or len(rest) > LONGEST:
            break  # no record is as long: whoever reads the file says so
    if not records:
        _must_be_none(rest, records)
        return None
    return of_records(records)


def _must_be_none(raw: bytes, records: dict[str, list[str]]) -> None:
    """See that a first line is not that of an ECD behind other signs, in UTF-16, or all of one.

    Raises:
        InvalidValue: It is.
    """
    bare = raw.replace(b"\0", b"")
    place = bare.find(_FIRST, 0, _NEAR)
    if place >= 0:
        records["0000"] = decoded(bare[place:]).split("|")
        if _NEXT in bare:
            raise InvalidValue(
                told("the lines"), told("end with CR alone (another program has saved it)")
            )
        raise InvalidValue(
            "REG", "does not come first, or not in ISO-8859-1 (another program has saved it)"
        )


def _record(raw: bytes) -> str:
    bare = raw.removeprefix(_MARK.encode())
    return bare[1:5].decode("latin-1") if bare[:1] == b"|" and bare[5:6] == b"|" else ""
