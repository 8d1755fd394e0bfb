"""The vocabulary of the books: accounts, entries, their lines, and what a trial balance says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

AccountType = Literal["ASSET", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE"]
Nature = Literal["D", "C"]

ZERO = Decimal(0)

# Document numbers, lots and text ids of an entry are all derived from its id, counted from here.
# Real Omie and Bling ids exceed 32 bits; these do too.
FIRST_ENTRY_ID = 5_300_000_000
IDS_PER_COMPANY = 100_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart; `type` is None for memorandum accounts (Compensação)."""

    code: str
    name: str
    type: AccountType | None
    nature: Nature
    parent: str | None
    level: int
    is_summary: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """A client or supplier."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry; exactly one of `debit` and `credit` is not zero."""

    account: str
    debit: Decimal
    credit: Decimal
    cost_center: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry; `date` decides its period, `posting_date` may be absent or later."""

    id: int
    date: dt.date
    posting_date: dt.date | None
    lines: tuple[Line, ...]
    document_number: str | None = None
    document_type: str | None = None
    description: str = ""
    entity: Entity | None = None
    closes: dt.date | None = None
    """For an entry that zeroes the result accounts: the last day whose result it takes out."""

    @property
    def uuid(self) -> str:
        """The text id by which ContaAzul knows the entry."""
        # An odd multiplier is a bijection modulo 2^128: unique, and looks random.
        digits = f"{self.id * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    @property
    def protheus_key(self) -> tuple[str, str, str]:
        """Lote, sublote and document by which Protheus knows the entry within its filial."""
        number = self.id % IDS_PER_COMPANY
        return f"{8810 + number // 1_000_000:06d}", "001", f"{number % 1_000_000:06d}"


class Posting(NamedTuple):
    """A line together with the entry it belongs to."""

    entry: Entry
    line: Line


class BalanceRow(NamedTuple):
    """A row of the expected trial balance: every amount debit-positive, summaries rolled up."""

    code: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal
