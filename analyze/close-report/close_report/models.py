"""The rows of the dbt models that are read; a class's fields are the model's columns.

Amounts are in the company's currency, `Written` where a model has many of them. Those named `net`
are debit-positive; those of statements stand on the natural side: revenue positive and expense
negative in the income statement, assets, liabilities and equity positive in the balance sheet.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from close_report.amounts import Written


class CloseStatus(NamedTuple):
    """What is known of a company's period as a whole."""

    company_id: str
    period_start: date
    period_end: date
    is_balanced: bool | None
    is_reconciled: bool | None
    issue_count: int | None
    error_count: int | None
    restated_accounts: int | None
    ecd_status: str | None
    extracted_at: datetime | None


class AccountBalance(NamedTuple):
    """An account in a period: the trial balance before and after closing entries."""

    company_id: str
    period_start: date
    period_end: date
    account_code: str
    account_name: str | None
    account_type: str | None
    parent_account_code: str | None
    level: int | None
    is_summary: bool
    net_opening: Written
    debit: Written
    credit: Written
    net_closing: Written
    closing_entries: Written
    net_before_closing: Written


class Movement(NamedTuple):
    """What an account moved by in a period: all that a signature is over."""

    company_id: str
    period_end: date
    account_code: str
    debit: Decimal
    credit: Decimal


class Income(NamedTuple):
    """An account of the income statement (DRE)."""

    company_id: str
    period_end: date
    account_code: str
    account_name: str | None
    level: int | None
    is_summary: bool
    month_amount: Written
    ytd_amount: Written
    prior_year_ytd_amount: Written | None


class Sheet(NamedTuple):
    """An account of the balance sheet; `RESULT` is the result that is not closed yet."""

    company_id: str
    period_end: date
    account_code: str
    account_name: str | None
    account_type: str | None
    level: int | None
    is_summary: bool
    amount: Written


class CostCenter(NamedTuple):
    """What a cost centre adds to an account of the income statement."""

    company_id: str
    period_end: date
    cost_center: str
    account_code: str
    month_amount: Written
    ytd_amount: Written


class Posting(NamedTuple):
    """A line of a journal entry on one account."""

    company_id: str
    period_end: date
    account_code: str
    entry_id: str
    line_number: int
    transaction_date: date
    debit_amount: Written
    credit_amount: Written
    description: str | None
    document_number: str | None
    document_type: str | None
    cost_center: str | None
    entity_name: str | None
    posting_kind: str | None

    @property
    def document(self) -> str:
        """Its type and number; many numbers begin with their type already."""
        kind, number = self.document_type or "", self.document_number or ""
        return number if number.startswith(kind) else f"{kind} {number}".strip()


class Restatement(NamedTuple):
    """An account of a closed period that has changed since it was first seen closed."""

    company_id: str
    period_end: date
    account_code: str
    debit_before: Decimal | None
    debit_after: Decimal | None
    credit_before: Decimal | None
    credit_after: Decimal | None
    delta: Decimal | None
    first_seen_at: datetime | None


class Consolidated(NamedTuple):
    """An account of the group's chart over all companies.

    Accounts of the balance sheet are debit-positive; those of the result are revenue-positive,
    since the fiscal year began.
    """

    period_end: date
    group_account: str
    aggregated: Decimal
    eliminated: Decimal
    consolidated: Decimal


class Elimination(NamedTuple):
    """One side of what two companies of the group have with each other."""

    period_end: date
    group_account: str
    company_id: str
    counterparty_company_id: str
    amount: Decimal
    difference: Decimal | None


class Unmapped(NamedTuple):
    """An account with a balance that no rule maps to the group's chart."""

    company_id: str
    account_code: str
    account_name: str | None
    net_closing: Decimal | None


class TieOut(NamedTuple):
    """An account of the ledger beside the same in the filed ECD, debit-positive."""

    company_id: str
    period_end: date
    account_code: str | None
    ecd_account_code: str | None
    ecd_debit: Decimal | None
    ecd_credit: Decimal | None
    ecd_net_closing: Decimal | None
    erp_debit: Decimal | None
    erp_credit: Decimal | None
    erp_net_closing: Decimal | None
    status: str


class Finding(NamedTuple):
    """What a check found when the period was read."""

    company_id: str
    period_end: date
    stream_name: str
    severity: str
    code: str
    message: str


class GroupAccount(NamedTuple):
    """An account of the group's chart."""

    group_account: str
    parent: str | None
    name: str | None
    statement: str | None
    line_order: int | None


NAMES: Final[dict[type, str]] = {
    CloseStatus: "close_status",
    AccountBalance: "account_balances",
    Movement: "account_balances",
    Income: "income_statement",
    Sheet: "balance_sheet",
    CostCenter: "cost_center_result",
    Posting: "postings",
    Restatement: "restatements",
    Consolidated: "consolidated",
    Elimination: "eliminations",
    Unmapped: "unmapped_accounts",
    TieOut: "ecd_tie_out",
    Finding: "stg_erp__validation_issues",
    GroupAccount: "group_accounts",
}
"""The dbt model that each row comes from."""
