"""The balances before closing (I350, I355) and the lines of the statements (J100, J150)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from erp_common.ledger.exact import turned
from erp_common.ledger.models import ZERO
from erp_common.ledger.normalize import InvalidValue, account_code, shown, text
from erp_common.ledger.sentences import told
from tap_ecd.balances import Key, Part, Rejects, center
from tap_ecd.layout import at
from tap_ecd.rows import StatementRow
from tap_ecd.scan import fields
from tap_ecd.values import amount, count, signed

_SIGNS = {"D": 1, "C": -1, "N": 1, "P": -1, "R": -1}
"""The side of a line; the older layouts say of an income statement whether it is revenue (R), a
positive (P) or a negative (N) subtotal, or an expense (D)."""

_SHEETS = {"|J100|": "balance_sheet", "|J150|": "income_statement"}


def before_closing(file: BinaryIO, part: Part, rejects: Rejects) -> Iterator[tuple[Key, Decimal]]:
    """What the result accounts held before a closing, by account and cost centre."""
    section, utf8 = part.section, part.survey.is_utf8
    for texts in section.region.read(file, utf8=utf8):
        for number, line in enumerate(texts.lines, texts.number):
            if line[:6] != "|I355|":
                continue
            try:
                values = part.survey.form.checked("I355", fields(line))
                key = (account_code(at(values, 2), "COD_CTA"), center(at(values, 3)))
                yield key, signed(at(values, 4), at(values, 5), "VL_CTA", "IND_DC")
            except InvalidValue as problem:
                rejects(problem, line, number)


def lines_of(file: BinaryIO, part: Part, rejects: Rejects) -> Iterator[StatementRow]:
    """The lines of the statements of one J005, counted from 1 in each."""
    section, utf8 = part.section, part.survey.is_utf8
    numbers = dict.fromkeys(_SHEETS, 0)
    for texts in section.region.read(file, utf8=utf8):
        for number, line in enumerate(texts.lines, texts.number):
            kind = line[:6]
            if kind not in _SHEETS:
                continue
            numbers[kind] += 1
            try:
                values = part.survey.form.checked(kind[1:5], fields(line))
                yield _line(part, kind, numbers[kind], values)
            except InvalidValue as problem:
                rejects(problem, line, number)


def _line(part: Part, kind: str, number: int, values: list[str]) -> StatementRow:
    form, record, section = part.survey.form, kind[1:5], part.section

    def stated(name: str) -> str:
        return form.of(record, values, name)

    total = stated("IND_COD_AGL").upper()
    return StatementRow(
        file_name=part.survey.name,
        statement=_SHEETS[kind],
        statement_start=section.starts,
        statement_end=section.ends,
        statement_type=text(section.id),
        line_number=number,
        line_code=text(stated("COD_AGL")),
        is_total={"T": True, "D": False}.get(total),
        level=count(stated("NIVEL_AGL")),
        parent_code=text(stated("COD_AGL_SUP")),
        group_code=text(stated("IND_GRP_BAL") or stated("IND_GRP_DRE")),
        description=text(stated("DESCR")),
        opening_balance=_net(stated("VL_CTA_INI"), stated("IND_DC_CTA_INI"), "VL_CTA_INI")
        if stated("VL_CTA_INI")
        else None,
        closing_balance=_net(stated("VL_CTA_FIN"), stated("IND_DC_CTA_FIN"), "VL_CTA_FIN"),
        note=text(stated("NOTA_EXP_REF")),
    )


def _net(written: str, side: str, field: str) -> Decimal:
    number = amount(written, field)
    if not number:
        return ZERO
    sign = _SIGNS.get(side.upper())
    if sign is None:
        raise InvalidValue(
            told("the side of {field}", field=field),
            told("is {value}; it must say D or C", value=shown(side)),
        )
    return number if sign > 0 else turned(number)
