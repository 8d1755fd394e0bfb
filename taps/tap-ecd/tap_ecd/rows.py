"""Rows of the streams that only filed ledgers have; field names and order are the streams'."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec


class FileRow(msgspec.Struct, kw_only=True):
    """A file that says something of a period."""

    file: str
    """Where it is."""
    file_name: str
    file_size: int
    modified_at: str | None
    sha256: str
    file_hash: str
    """SHA-1 of the text up to 9999, as a substitute names the file that it replaces."""
    use: str
    why: str | None
    book: str | None
    layout: str | None
    cnpj: str
    file_company_name: str | None
    file_start: date
    file_end: date
    fiscal_year_end: date | None
    book_number: str | None
    is_substitute: bool
    replaces_hash: str | None
    is_decentralised: bool
    has_functional_currency: bool
    chart_changed: bool
    line_count: int | None
    """Lines outside texts; None of a file that is not the ledger, and was not read through."""
    metadata: dict[str, Any] = {}


class CostCenterRow(msgspec.Struct, kw_only=True):
    """The balance of an account in a cost centre, debit-positive."""

    account_code: str
    cost_center: str
    """Empty where there is none: it is part of the key."""
    cost_center_name: str | None
    opening_balance: Decimal
    debit_amount: Decimal
    credit_amount: Decimal
    closing_balance: Decimal
    metadata: dict[str, Any] = {}


class BeforeClosingRow(msgspec.Struct, kw_only=True):
    """What a result account held before a closing, debit-positive."""

    closed_on: date
    account_code: str
    cost_center: str
    closing_balance: Decimal
    metadata: dict[str, Any] = {}


class StatementRow(msgspec.Struct, kw_only=True):
    """A line of a balance sheet or an income statement; amounts are debit-positive."""

    file_name: str
    statement: str
    statement_start: date
    statement_end: date
    statement_type: str | None
    line_number: int
    line_code: str | None
    is_total: bool | None
    level: int | None
    parent_code: str | None
    group_code: str | None
    description: str | None
    opening_balance: Decimal | None
    closing_balance: Decimal
    note: str | None
    metadata: dict[str, Any] = {}
