"""What the Python interface returns."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from erp_common.ledger.models import BRAZILIAN_REAL, AccountBalance, PostingKind

Day = date | datetime


class AuthType(str, Enum):
    """How a connector proves who it is."""

    OAUTH2 = "oauth2"
    API_KEY = "api_key"
    BASIC_AUTH = "basic_auth"
    BEARER_TOKEN = "bearer_token"  # noqa: S105 - the name of a kind, no token


class TrialBalance(msgspec.Struct, kw_only=True):
    """A company's trial balance over exactly the span asked for.

    `metadata` tells the ledger's basis and balance convention, its control totals over all analytic
    accounts (before filters), and in `findings` what the checks found.
    """

    company_id: str
    company_name: str
    period_start: Day
    period_end: Day
    currency: str
    accounts: list[AccountBalance]
    extracted_at: datetime
    metadata: dict[str, Any] = {}


class SubledgerEntry(msgspec.Struct, kw_only=True):
    """One line of the subledger; debit and credit are in the company's currency.

    What an entry made by hand does not say of its extraction is empty.
    """

    source_system: str = ""
    company_id: str = ""
    company_name: str = ""
    period_start: Day | None = None
    period_end: Day | None = None
    currency: str = BRAZILIAN_REAL
    account_code: str
    account_name: str | None
    entry_id: str
    line_number: int = 1
    journal_id: str | None = None
    posting_kind: PostingKind | None = None
    transaction_date: Day
    posting_date: Day
    debit_amount: Decimal
    credit_amount: Decimal
    description: str | None
    document_number: str | None = None
    document_type: str | None = None
    cost_center: str | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    extracted_at: datetime | None = None
    metadata: dict[str, Any] = {}
