"""ContaAzul's endpoints: what is asked for the chart of accounts and for the entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from erp_common.extract.derived import DerivedSource
from erp_common.extract.listing import Listing
from erp_common.extract.paged import HttpQuery, Paging
from erp_common.extract.reading import LineReader, Lines
from erp_common.extract.source import HttpSource
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
from tap_contaazul.client import chart_of_accounts, transactions
from tap_contaazul.mapping import Account, Transaction, account, lines

ACCOUNTS = Listing("accounts", Account, single=True)
TRANSACTIONS = Listing("transactions", Transaction, total_pages="total_pages", total_rows="total")


class ContaAzulBooks(HttpSource, DerivedSource[None]):
    """The books of the company that the token belongs to; each transaction is a whole entry."""

    source_system = "contaazul"
    system = "ContaAzul"
    told_apart_by = "whose token it is"
    whole_entries = True
    account = staticmethod(account)

    def __init__(self, transport: Transport, page_size: int) -> None:
        """Read this many transactions a page."""
        super().__init__(transport)
        self._page_size = page_size

    def chart(self, company: Company) -> HttpQuery[Account]:
        """The chart of accounts."""
        _ = company
        return HttpQuery(
            self.transport, "chart of accounts", lambda _: chart_of_accounts(), ACCOUNTS.read
        )

    def postings(
        self, company: Company, period: Period, chart: Chart, learned: None
    ) -> Sequence[tuple[HttpQuery[Transaction], LineReader]]:
        """All transactions of a period in one listing."""
        _ = company, chart, learned
        size = self._page_size
        query = HttpQuery(
            self.transport,
            "transactions",
            lambda page: transactions(period, page, size),
            TRANSACTIONS.read,
            Paging.TOTALS,
            page_size=size,
            identity="id",
        )
        return [(query, Lines(lines))]

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One transaction."""
        _ = company
        return transactions(period, 1, 1), TRANSACTIONS.read
