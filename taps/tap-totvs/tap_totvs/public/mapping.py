"""What rows of CT1, CQ0 and CT2 mean: pure functions from Protheus' tables to the ledger's.

The generic query answers with the columns' names in lower case.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from erp_common.ledger import normalize
from erp_common.ledger.models import ZERO, Posting, Side, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    optional_account_code,
    optional_date,
    parse_date,
    required_text,
    text,
)
from tap_totvs.mapping import (
    REMEMBERED,
    ContinuedLines,
    name_of,
    nature_of,
    normal_side,
    odd_kind,
    posting_kind,
)
from tap_totvs.public.client import RECNO

_CENT = Decimal("0.01")


class Account(msgspec.Struct, gc=False, rename="lower"):
    """A row of CT1, the chart of accounts."""

    CT1_CONTA: Any = None
    CT1_DESC01: Any = None
    CT1_CLASSE: Any = None
    CT1_NORMAL: Any = None
    CT1_CTASUP: Any = None
    CT1_NATCTA: Any = None
    R_E_C_N_O_: Any = None


class Month(msgspec.Struct, gc=False, rename="lower"):
    """A row of CQ0: what an account moved by in a month."""

    CQ0_DATA: Any = None
    CQ0_CONTA: Any = None
    CQ0_DEBITO: Any = None
    CQ0_CREDIT: Any = None
    R_E_C_N_O_: Any = None


class Entry(msgspec.Struct, gc=False, rename="lower"):
    """A row of CT2: a line of an entry, or the continuation of its text."""

    CT2_FILIAL: Any = None
    CT2_DATA: Any = None
    CT2_LOTE: Any = None
    CT2_SBLOTE: Any = None
    CT2_DOC: Any = None
    CT2_LINHA: Any = None
    CT2_DC: Any = None
    CT2_DEBITO: Any = None
    CT2_CREDIT: Any = None
    CT2_VALOR: Any = None
    CT2_HIST: Any = None
    CT2_CCD: Any = None
    CT2_CCC: Any = None
    CT2_DTLP: Any = None
    R_E_C_N_O_: Any = None


def account(row: Account) -> StatedAccount:
    """An account of the chart.

    CT1_NATCTA may be blank or hidden: then headings decide the type.

    Raises:
        InvalidValue: If a column that every account has is missing or cannot be read.
    """
    kind = required_text(row.CT1_CLASSE, "CT1_CLASSE")
    if kind not in {"1", "2"}:
        raise InvalidValue(
            "CT1_CLASSE", "is {value}; it must be 1 (summary) or 2 (analytic)", value=repr(kind)
        )
    code = account_code(row.CT1_CONTA, "CT1_CONTA")
    return StatedAccount(
        code=code,
        name=name_of(row.CT1_DESC01, code),
        stated_type=nature_of(row.CT1_NATCTA),
        parent_code=optional_account_code(row.CT1_CTASUP, "CT1_CTASUP"),
        normal_balance=normal_side(row.CT1_NORMAL, "CT1_NORMAL"),
        is_summary=kind == "1",
    )


def movement(row: Month) -> Posting:
    """What an account moved by in a month, or in that part of it that a row of CQ0 holds.

    Rows of all values of CQ0_LP count. The rows that zero the result accounts at a year's end
    (CQ0_LP `Z`) are movements like any other, CT2 holds their entries, and a balance without them
    would not be the one the next year opens with.

    Raises:
        InvalidValue: If a column is missing or cannot be read.
    """
    day = parse_date(row.CQ0_DATA, "CQ0_DATA")
    return Posting(
        account_code=account_code(row.CQ0_CONTA, "CQ0_CONTA"),
        entry_id="CQ0",
        transaction_date=day,
        posting_date=day,
        debit_amount=cents(row.CQ0_DEBITO, "CQ0_DEBITO"),
        credit_amount=cents(row.CQ0_CREDIT, "CQ0_CREDIT"),
    )


def lines(row: Entry) -> list[Posting]:
    """The lines of one row: two if both sides were keyed in together (CT2_DC 3).

    A line that zeroes a result account at a year's end says so: `closing_date` in its metadata is
    the day that CT2_DTLP names.

    Raises:
        InvalidValue: If a column that every line has is missing or cannot be read.
    """
    kind = text(row.CT2_DC, "CT2_DC")
    sides = _SIDES.get(kind or "")
    if sides is None:
        raise odd_kind(kind)
    value = cents(row.CT2_VALOR, "CT2_VALOR")
    day = parse_date(row.CT2_DATA, "CT2_DATA")
    document = required_text(row.CT2_DOC, "CT2_DOC")
    journal_id = "-".join(
        (
            text(row.CT2_FILIAL, "CT2_FILIAL") or "",  # blank where branches share the table
            day.isoformat().replace("-", ""),
            required_text(row.CT2_LOTE, "CT2_LOTE"),
            required_text(row.CT2_SBLOTE, "CT2_SBLOTE"),
            document,
        )
    )
    entry_id = f"{journal_id}-{required_text(row.CT2_LINHA, 'CT2_LINHA')}"
    description = text(row.CT2_HIST, "CT2_HIST")
    closing = optional_date(row.CT2_DTLP, "CT2_DTLP")
    metadata = {} if closing is None else {"closing_date": str(closing)}
    return [
        Posting(
            account_code=account_code(row.CT2_DEBITO, "CT2_DEBITO")
            if side is Side.DEBIT
            else account_code(row.CT2_CREDIT, "CT2_CREDIT"),
            entry_id=entry_id,
            journal_id=journal_id,
            posting_kind=posting_kind(row.CT2_DTLP),
            transaction_date=day,
            posting_date=day,
            debit_amount=value if side is Side.DEBIT else ZERO,
            credit_amount=value if side is Side.CREDIT else ZERO,
            description=description,
            document_number=document,
            cost_center=text(row.CT2_CCD, "CT2_CCD")
            if side is Side.DEBIT
            else text(row.CT2_CCC, "CT2_CCC"),
            metadata=metadata,
        )
        for side in sides
    ]


_SIDES: dict[str, tuple[Side, ...]] = {
    "1": (Side.DEBIT,),
    "2": (Side.CREDIT,),
    "3": (Side.DEBIT, Side.CREDIT),
}


class EntryLines(ContinuedLines):
    """Reads the rows of all entries of a period, in their order, each once.

    A row that is keyed in while the pages are read moves those after it on: the last rows of one
    page then come again as the first of the next. Their numbers tell them.
    """

    def __init__(self) -> None:
        """Begin to read."""
        super().__init__(lines)
        self._latest: deque[object] = deque()
        self._known: set[object] = set()

    def __call__(self, row: Entry) -> Sequence[Posting]:
        """The lines that this row shows to be complete.

        Raises:
            InvalidValue: If the row cannot be read, or continues no line that can.
        """
        number = text(row.R_E_C_N_O_, RECNO)
        if number is not None:
            if number in self._known:
                return ()
            self._known.add(number)
            self._latest.append(number)
            if len(self._latest) > REMEMBERED:
                self._known.discard(self._latest.popleft())
        if row.CT2_HIST is None:
            row.CT2_HIST = ""  # texts may be hidden from the user
        return super().__call__(row)


def cents(value: object, field: str) -> Decimal:
    """The amount in cents: Protheus keeps two decimals, its database may add binary dust.

    Raises:
        InvalidValue: If it is no amount, or further from a whole cent than dust explains.
    """
    found = normalize.cents(value, field)
    if found != found.quantize(_CENT):
        raise InvalidValue(
            field, "is {amount}; Protheus keeps amounts in whole cents", amount=found
        )
    return found
