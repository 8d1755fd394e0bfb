"""Protheus' tables as its database holds them: CT1, CQ0 and CT2, with what does not count."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from simulator.company import Company
from simulator.model import ZERO
from simulator.service import Row
from simulator.totvs_rows import compact, entry_rows, nature_of

SHARED: Final = ""
"""The filial of a table that all branches share."""

WIDTHS: Final = {
    "CT1_FILIAL": 6,
    "CT1_CONTA": 20,
    "CT1_DESC01": 40,
    "CT1_CTASUP": 20,
    "CT1_NATCTA": 2,
    "CQ0_FILIAL": 6,
    "CQ0_CONTA": 20,
    "CT2_FILIAL": 6,
    "CT2_DEBITO": 20,
    "CT2_CREDIT": 20,
    "CT2_HIST": 40,
    "CT2_CCD": 9,
    "CT2_CCC": 9,
    "CT2_DTLP": 8,
}
"""To which columns are padded with blanks."""

_OF_CT2: Final = (
    "CT2_FILIAL",
    "CT2_DATA",
    "CT2_LOTE",
    "CT2_SBLOTE",
    "CT2_DOC",
    "CT2_LINHA",
    "CT2_DC",
    "CT2_DEBITO",
    "CT2_CREDIT",
    "CT2_VALOR",
    "CT2_HIST",
    "CT2_CCD",
    "CT2_CCC",
    "CT2_DTLP",
)
_RATE: Final = Decimal("0.20")
_CENT: Final = Decimal("0.01")


def chart(companies: Iterable[Company], *, shared: bool, inverted: bool) -> Iterator[Row]:
    """Yield CT1: one chart for all branches, or a copy for each."""
    summary, analytic = ("2", "1") if inverted else ("1", "2")
    told = set()
    for company in companies:
        filial = SHARED if shared else company.filial
        for account in company.accounts:
            if (filial, account.code) in told:
                continue
            told.add((filial, account.code))
            row = {
                "CT1_FILIAL": filial,
                "CT1_CONTA": account.code,
                "CT1_DESC01": account.name,
                "CT1_CLASSE": summary if account.is_summary else analytic,
                "CT1_NORMAL": "1" if account.nature == "D" else "2",
                "CT1_CTASUP": account.parent or "",
                "CT1_NATCTA": nature_of(account),
            }
            yield row
            if not account.is_summary and account.code[-1] in "37":
                yield {**row, "CT1_DESC01": f"{account.name} (excluída)", "D_E_L_E_T_": "*"}


def balances(company: Company) -> Iterator[Row]:
    """Yield CQ0: movements by month; what was there before the books as months before them.

    Other currencies, other balance types (a budget, drafts) and deleted rows repeat the amounts.
    Zeroing entries are kept apart, as LP `Z`.
    """
    moved: defaultdict[tuple[date, str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for (day, code), amount in _opening_movements(company):
        sums = moved[day, code, "N"]
        sums[0] += max(amount, ZERO)
        sums[1] += max(-amount, ZERO)
    for entry in company.entries:
        last = entry.date.replace(day=monthrange(entry.date.year, entry.date.month)[1])
        for line in entry.lines:
            sums = moved[last, line.account, "Z" if entry.closes else "N"]
            sums[0] += line.debit
            sums[1] += line.credit
    for (day, code, zeroing), (debit, credit) in moved.items():
        row = {
            "CQ0_FILIAL": company.filial,
            "CQ0_DATA": compact(day),
            "CQ0_CONTA": code,
            "CQ0_MOEDA": "01",
            "CQ0_TPSALD": "1",
            "CQ0_LP": zeroing,
            "CQ0_DEBITO": debit,
            "CQ0_CREDIT": credit,
        }
        yield row
        yield from _shadows(row, "CQ0_MOEDA", "CQ0_TPSALD", ("CQ0_DEBITO", "CQ0_CREDIT"))


def entries(company: Company) -> Iterator[Row]:
    """Yield CT2, with the same that does not count."""
    for entry in company.entries:
        for full in entry_rows(entry, company.filial):
            row = {name: full[name] for name in _OF_CT2}
            row |= {"CT2_MOEDLC": "01", "CT2_TPSALD": "1"}
            yield row
            yield from _shadows(row, "CT2_MOEDLC", "CT2_TPSALD", ("CT2_VALOR",))


def numbered(rows: Iterable[Row]) -> list[Row]:
    """Return the rows as the database holds them: each with its number for good, in no order."""
    made = [{"D_E_L_E_T_": " ", **row} for row in rows]
    for row in made:
        key = "/".join(str(value) for value in row.values() if not isinstance(value, Decimal))
        row["R_E_C_N_O_"] = int.from_bytes(sha256(key.encode()).digest()[:6], "big")
    return made


def scrambled(number: int, salt: int) -> int:
    """Return a key that puts rows in an order of its own for each salt."""
    return hash((number, salt))


def ordered(rows: Sequence[Row], columns: Sequence[str], salt: int) -> list[Row]:
    """Return the rows ordered; those that the columns do not tell apart, as it happens."""
    found = sorted(rows, key=lambda row: scrambled(row["R_E_C_N_O_"], salt))
    for column in reversed(columns):
        found.sort(key=_of(column))
    return found


def _of(column: str) -> Callable[[Row], Any]:
    return lambda row: row[column]


def _opening_movements(company: Company) -> Iterator[tuple[tuple[date, str], Decimal]]:
    """Yield the opening balances as movements of the two months before the books."""
    first = min((entry.date for entry in company.entries), default=date(2024, 1, 1)).replace(day=1)
    last = first - timedelta(days=1)
    earlier = last.replace(day=1) - timedelta(days=1)
    for code, amount in company.opening.items():
        half = (amount / 2).quantize(_CENT)
        yield (earlier, code), half
        yield (last, code), amount - half


def _shadows(row: Row, currency: str, kind: str, amounts: Sequence[str]) -> Iterator[Row]:
    converted = {name: (row[name] * _RATE).quantize(_CENT) for name in amounts}
    yield {**row, **converted, currency: "02"}
    yield {**row, kind: "0"}
    yield {**row, kind: "9"}
    yield {**row, "D_E_L_E_T_": "*"}
