"""What a run is to read, and how."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from erp_common.ledger.filters import Filters
from erp_common.ledger.models import Company
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Cut, Period
from erp_common.ledger.rules import Rules


class CarriedOpenings(msgspec.Struct, frozen=True):
    """What a derived ledger hands to its next run."""

    openings: Openings
    basis: str
    """A mark of the settings that decide openings; another mark makes the balances useless."""


class Work(msgspec.Struct):
    """The periods of one company that are read, in order.

    For a derived ledger also where its openings come from: the balances carried over from an
    earlier run, or spans before the first period whose postings are summed first, or nothing.
    """

    company: Company
    periods: list[Period]
    openings: Openings | None = None
    """As at the start of the first period."""
    before: list[Period] = []
    openings_basis: str = ""


class Extraction(msgspec.Struct, kw_only=True):
    """How the books are read."""

    rules: Rules
    subledger: bool = True
    """Whether postings are asked for (a derived ledger needs them in any case)."""
    all_accounts: bool = False
    """Whether postings are asked for of all analytic accounts, not just of those that moved."""
    strict: bool = False
    filters: Filters = Filters()
    threads: int = 4
    lookback: int = 1
    """Periods that the next run will read again."""
    cut: Cut = Cut.MONTH
    year_end_close: bool = False
    openings_stated: bool = False
    """Whether the settings say where a derived ledger's openings come from."""
    today: date
    mask: Callable[[str], str] = str
