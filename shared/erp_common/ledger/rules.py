"""The accounting settings of one company's books."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from erp_common.ledger.models import AccountType
from erp_common.ledger.posting_kinds import ClosingEntries

BalanceConvention = Literal["auto", "debit_positive", "natural"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How a ledger is read and checked."""

    tolerance: Decimal = Decimal("0.01")
    """The largest absolute difference, in the company's currency, that still counts as equal."""
    balance_convention: BalanceConvention = "auto"
    """How a reported ledger states its balances."""
    natural_if_undecided: bool = False
    """What `auto` falls back on: Protheus states natural balances, Omie debit-positive ones."""
    class_setting: str = ""
    """The setting that says which class summary accounts have; empty where there is none."""
    account_type_prefixes: dict[str, AccountType] = {}
    """Account types by code prefix; only letters and digits are compared, the longest wins."""
    fiscal_year_start_month: int = 1
    """The month (1 to 12) on whose first day the fiscal year begins."""
    closing_entries: ClosingEntries = ClosingEntries()
    """The marks of entries that zero the result accounts."""
    checks: bool = True
    """Whether the ledger is checked; types, hierarchy and net balances are worked out anyway."""
