"""The holding: each company keeps its books in another ERP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from simulator import Books, Company, Simulator

# The real ones allow a few requests a second; the fictional ones have no limit.
REQUESTS_PER_MINUTE: Final = 600_000


class Erp(NamedTuple):
    """A kind of ERP: its name, the tap that reads it, and how the simulator calls it."""

    name: str
    tap: str
    system: str
    derived: bool = False
    """Whether its trial balance, and so what stood there before the first period, is derived."""


ERPS: Final = (
    Erp("Omie", "tap-omie", "omie"),
    Erp("TOTVS Protheus", "tap-totvs", "totvs"),
    Erp("ContaAzul", "tap-contaazul", "contaazul", derived=True),
    Erp("Bling", "tap-bling", "bling", derived=True),
)


class Member(NamedTuple):
    """A company of the holding and the ERP that keeps its books."""

    company: Company
    erp: Erp

    def settings(self, served: Simulator, start: date, end: date) -> Iterator[tuple[str, str]]:
        """What its tap must know, as environment variables."""
        known = {
            "BASE_URL": served.base_url(self.erp.system),
            "CA_BUNDLE": str(served.ca_bundle),
            "COMPANIES": json.dumps([{"id": self.company.id, "name": self.company.name}]),
            "START_DATE": start.isoformat(),
            "END_DATE": end.isoformat(),
            "RATE_LIMIT_REQUESTS": str(REQUESTS_PER_MINUTE),
            "RATE_LIMIT_BURST": "1000",
        }
        for name, value in served.credentials(self.erp.system, company=self.company.id).items():
            known[name.upper()] = value
        if self.erp.derived:
            # The books begin with an entry of the day before, which opens every account.
            known["OPENING_BALANCES_FROM"] = (start - timedelta(days=1)).isoformat()
        prefix = self.erp.tap.upper().replace("-", "_")
        return ((f"{prefix}_{name}", value) for name, value in known.items())


def holding(start: date, end: date, entries_per_month: int) -> Books:
    """The books of one company for each ERP."""
    return Books.generate(
        preset="demo",
        companies=len(ERPS),
        start=start,
        end=end,
        entries_per_month=entries_per_month,
        opening="entry",
        closing="yearly",
        own_charts=True,
        sales_between=True,
    )


def members(books: Books) -> Sequence[Member]:
    """Give each company its ERP; there must be as many of either."""
    return [Member(company, erp) for company, erp in zip(books.companies, ERPS, strict=True)]
