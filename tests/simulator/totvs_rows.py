"""Protheus' rows: an entry as CT2 keeps it, an account as CT1 and CTI state it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from simulator.model import Account, Entry, Line
from simulator.service import Row

_TEXT: Final = 40
_NATURES: Final = {"ASSET": "01", "LIABILITY": "02", "EQUITY": "03", None: "05"}


def nature_of(account: Account) -> str:
    """Return CT1_NATCTA: result accounts are all 04, memorandum accounts 05."""
    return _NATURES.get(account.type, "04")


def line_number(number: int) -> str:
    """Return CT2_LINHA: 001 to 999, then A00 and on."""
    if number <= 999:
        return f"{number:03d}"
    letter, rest = divmod(number - 1000, 100)
    return f"{chr(ord('A') + letter)}{rest:02d}"


@lru_cache(maxsize=4096)
def compact(day: date) -> str:
    """Return a date as Protheus writes it."""
    return f"{day:%Y%m%d}"


def _lines_of(text: str) -> list[str]:
    """Return a text in lines of at most 40 letters, cut between words where that can be."""
    lines = []
    while len(text) > _TEXT:
        cut = text.rfind(" ", 0, _TEXT + 1)
        lines.append(text[: cut if cut > 0 else _TEXT])
        text = text[cut + 1 if cut > 0 else _TEXT :]
    return [*lines, text]


def entry_rows(entry: Entry, filial: str, account: str | None = None) -> Iterator[Row]:
    """Yield the rows of one entry that touch an account, texts continued in rows of type 4.

    Two lines of the same amount and text are mostly kept as one row of type 3, as Protheus does
    when both sides are keyed in together. Rows of type 4 repeat the amount in every other entry:
    whoever adds them up counts it twice.
    """
    lote, sublote, document = entry.protheus_key
    number = 0
    for sides, line, debit, credit in _sides(entry):
        text, *rest = _lines_of(line.description or entry.description)
        if account is not None and all(s is None or s.account != account for s in (debit, credit)):
            number += 1 + len(rest)
            continue
        amount = debit.debit if debit else line.credit
        shared: Row = {
            "CT2_FILIAL": filial,
            "CT2_DATA": compact(entry.date),
            "CT2_DTLANC": compact(entry.posting_date) if entry.posting_date else "",
            "CT2_LOTE": lote,
            "CT2_SBLOTE": sublote,
            "CT2_DOC": document,
            "CT2_DTLP": compact(entry.closes) if entry.closes else "",
        }
        number += 1
        yield {
            **shared,
            "CT2_LINHA": line_number(number),
            "CT2_DC": sides,
            "CT2_DEBITO": debit.account if debit else "",
            "CT2_CREDIT": credit.account if credit else "",
            "CT2_VALOR": amount,
            "CT2_HIST": text,
            "CT2_CCD": (debit.cost_center or "") if debit else "",
            "CT2_CCC": (credit.cost_center or "") if credit else "",
            "CT2_TPDOC": entry.document_type or "",
            "CT2_NUMDOC": entry.document_number or "",
            "CT2_CLIFOR": str(entry.entity.id) if entry.entity else "",
            "CT2_NOMECF": entry.entity.name if entry.entity else "",
        }
        for more in rest:
            number += 1
            yield {
                **shared,
                "CT2_LINHA": line_number(number),
                "CT2_DC": "4",
                "CT2_DEBITO": "",
                "CT2_CREDIT": "",
                "CT2_VALOR": amount if entry.id % 2 else 0,
                "CT2_HIST": more,
                "CT2_CCD": "",
                "CT2_CCC": "",
                "CT2_TPDOC": "",
                "CT2_NUMDOC": "",
                "CT2_CLIFOR": "",
                "CT2_NOMECF": "",
            }


def _sides(entry: Entry) -> Iterator[tuple[str, Line, Line | None, Line | None]]:
    """Yield type, leading line, debit line and credit line of each row."""
    if len(entry.lines) == 2 and entry.id % 3:
        first, second = sorted(entry.lines, key=lambda line: -line.debit)
        if (
            first.debit == second.credit
            and not first.credit
            and not second.debit
            and first.description == second.description
        ):
            yield "3", first, first, second
            return
    for line in entry.lines:
        if line.debit or not line.credit:
            yield "1", line, line, None
        if line.credit:
            yield "2", line, None, line
