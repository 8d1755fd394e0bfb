"""How ContaAzul is called: GET with dates in ISO form; errors are plain HTTP with a message."""

from __future__ import annotations

from erp_common.http.dialect import Dialect
from erp_common.http.request import Request
from erp_common.ledger.periods import Period


class ContaAzulDialect(Dialect):
    """ContaAzul means its HTTP statuses, and says why in `message`, `error` or both."""

    system = "ContaAzul"


def chart_of_accounts() -> Request:
    """The whole chart: it is not paged."""
    return Request("GET", "/chart-of-accounts")


def transactions(period: Period, page: int, size: int) -> Request:
    """One page of a period's transactions."""
    params = (
        ("start_date", period.start.isoformat()),
        ("end_date", period.end.isoformat()),
        ("page", str(page)),
        ("per_page", str(size)),
    )
    return Request("GET", "/transactions", params, about=f"{period}, page {page}")
