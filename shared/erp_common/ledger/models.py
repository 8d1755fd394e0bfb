"""The typed rows of a ledger, from what an ERP states to what the streams emit.

Amounts are `Decimal` in the company's currency. `net` amounts are debit-positive: an asset's debit
balance is positive, a liability's credit balance negative, so that a whole ledger sums to zero.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

ZERO = Decimal(0)
NOT_GIVEN = Decimal("NaN")
"""Stands for an amount until it is known; it never leaves a model."""
BRAZILIAN_REAL = "BRL"


class AccountType(str, Enum):
    """What an account is in the financial statements."""

    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    EQUITY = "EQUITY"
    REVENUE = "REVENUE"
    EXPENSE = "EXPENSE"


class Side(str, Enum):
    """The side of a posting, or the side on which an account normally stands."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class PostingKind(str, Enum):
    """What kind of entry a posting belongs to."""

    NORMAL = "NORMAL"
    CLOSING = "CLOSING"
    """Zeroes the result accounts at the end of a fiscal year or of a part of it."""
    LATE = "LATE"
    """Booked after its period was filed."""


class Basis(str, Enum):
    """Whether the ERP serves the trial balance or the tap sums it up from postings."""

    REPORTED = "reported"
    DERIVED = "derived"


class Severity(str, Enum):
    """An `error` fails a period under `validation: strict`; a `warning` never does."""

    ERROR = "error"
    WARNING = "warning"


class Company(msgspec.Struct, frozen=True):
    """A company whose books are read.

    `id` is what the warehouse calls it, `erp_id` what the ERP is asked for.
    """

    id: str
    erp_id: str
    name: str
    currency: str = BRAZILIAN_REAL


class StatedType(msgspec.Struct, frozen=True):
    """What an ERP states about an account's type.

    Either a usable `type`; or `off_balance` (memorandum accounts, Compensação: no type and no
    finding); or `result` (the ERP says only "result account": names decide, then the normal side),
    `both` where it says that it is revenue and expense alike, or does not say which; or words that
    are not understood.
    """

    type: AccountType | None = None
    off_balance: bool = False
    result: bool = False
    both: bool = False
    unread: str | None = None


class StatedAccount(msgspec.Struct, kw_only=True):
    """One account as the ERP states it, normalised but not interpreted.

    Balances are in the ERP's own sign; for a chart of accounts without balances they are zero.
    """

    code: str
    name: str
    stated_type: StatedType | None = None
    parent_code: str | None = None
    normal_balance: Side | None = None
    is_summary: bool | None = None
    opening: Decimal = ZERO
    opening_stated: bool = False
    """For a chart of accounts: whether the ERP gave `opening` at all, be it zero."""
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    closing: Decimal = ZERO
    erp_id: str | None = None
    """What the ERP wants to hear when this account's postings are asked for (default: the code)."""
    metadata: dict[str, Any] = {}


class AccountBalance(msgspec.Struct, kw_only=True):
    """One account's row of a trial balance: the fields that differ from row to row.

    `opening_balance` and `closing_balance` are as the ERP states them; the two `net_` fields are
    debit-positive, and the same as those where a row made by hand does not give them. Field names
    and order are the stream's.
    """

    account_code: str
    account_name: str
    account_type: AccountType | None
    parent_account_code: str | None
    level: int
    normal_balance: Side | None = None
    opening_balance: Decimal
    debit_amount: Decimal
    credit_amount: Decimal
    closing_balance: Decimal
    net_opening_balance: Decimal = NOT_GIVEN
    net_closing_balance: Decimal = NOT_GIVEN
    is_summary: bool = False
    basis: Basis = Basis.REPORTED
    metadata: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Take balances that are not given in net terms as debit-positive already."""
        if self.net_opening_balance is NOT_GIVEN:
            self.net_opening_balance = self.opening_balance
        if self.net_closing_balance is NOT_GIVEN:
            self.net_closing_balance = self.closing_balance

    @property
    def is_zero(self) -> bool:
        """Whether it has no amount at all."""
        amounts = (self.opening_balance, self.debit_amount, self.credit_amount)
        return not any(amounts) and not self.closing_balance


class Posting(msgspec.Struct, kw_only=True, gc=False):
    """One line of the subledger: the fields that differ from row to row.

    Debit and credit are in the company's currency and as the ERP states them; `line_number` counts
    from 1 within company, account and entry. `journal_id` names the whole journal entry, whose
    debits equal its credits; None where the ERP gives its sides no common name. `posting_kind` is
    None where nothing says it. Field names and order are the stream's.
    """

    account_code: str
    account_name: str | None = None
    entry_id: str
    line_number: int = 1
    journal_id: str | None = None
    posting_kind: PostingKind | None = None
    transaction_date: date
    posting_date: date
    debit_amount: Decimal = ZERO
    credit_amount: Decimal = ZERO
    description: str | None = None
    document_number: str | None = None
    document_type: str | None = None
    cost_center: str | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    metadata: dict[str, Any] = {}


class Finding(msgspec.Struct, kw_only=True):
    """What a check found: one row of `validation_issues`, whose key it gets at the end.

    Field names and order are the stream's.

    `message` is a sentence an accountant understands; `expected` and `actual` are amounts or counts
    as text; `raw` is the ERP's row where there is one.
    """

    issue_id: str = ""
    stream_name: str
    severity: Severity
    code: str
    message: str
    account_code: str | None = None
    entry_id: str | None = None
    expected: str | None = None
    actual: str | None = None
    raw: dict[str, Any] = {}
