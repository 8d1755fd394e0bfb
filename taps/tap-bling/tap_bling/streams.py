"""Bling's endpoints in v3 and v2: what is asked for the chart of accounts and for the postings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

from erp_common.extract.derived import DerivedSource
from erp_common.extract.listing import Listing
from erp_common.extract.paged import WHOLE_ROW, HttpQuery, Paging
from erp_common.extract.reading import LineReader, Lines
from erp_common.extract.source import HttpSource
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Company, StatedAccount
from erp_common.ledger.periods import Period, Periodicity, periods_touching, year_from
from tap_bling import client
from tap_bling.mapping import Account, Movement, account, line
from tap_bling.retorno import XmlListing

ACCOUNTS = Listing("data", Account, named_by="id")
MOVEMENTS = Listing("data", Movement, named_by="id")
XML_ACCOUNTS = XmlListing("contascontabeis", "contacontabil", Account)
XML_MOVEMENTS = XmlListing("movimentacoes", "movimentacao", Movement)


class BlingBooks(HttpSource, DerivedSource[None]):
    """The books of the company that the key belongs to; postings are asked for by account."""

    source_system = "bling"
    system = "Bling"
    told_apart_by = "whose key or token it is"
    asks_by_account = True
    account = staticmethod(account)

    def postings(
        self, company: Company, period: Period, chart: Chart, learned: None
    ) -> Sequence[tuple[HttpQuery[Movement], LineReader]]:
        """The movements of every analytic account: which of them moved is not known before.

        So of one that only looks like a summary account: that another's code goes on from its own
        keeps nobody from posting on it.
        """
        _ = company, learned
        return [
            (
                self.movements(account.stated, span),
                Lines(partial(line, account_code=account.code)),
            )
            for account in chart.accounts
            if account.stated.is_summary is None or not account.is_summary
            for span in spans(period)
        ]

    @abstractmethod
    def movements(self, account: StatedAccount, period: Period) -> HttpQuery[Movement]:
        """The movements of an account in at most a year."""


class BlingV3Books(BlingBooks):
    """The books in JSON."""

    def __init__(self, transport: Transport, page_size: int) -> None:
        """Read this many rows a page."""
        super().__init__(transport)
        self._size = page_size
        # Where more is asked for than Bling serves, a page that is not full need not be the last.
        self._paging = Paging.SHORT_PAGE if page_size <= client.LARGEST_PAGE else Paging.EMPTY_PAGE

    def chart(self, company: Company) -> HttpQuery[Account]:
        """The chart of accounts."""
        _ = company
        size = self._size
        return HttpQuery(
            self.transport,
            "chart of accounts",
            lambda page: client.accounts_v3(page, size),
            ACCOUNTS.read,
            self._paging,
            page_size=size,
        )

    def movements(self, account: StatedAccount, period: Period) -> HttpQuery[Movement]:
        """The movements of an account."""
        size, account_id = self._size, account.erp_id or account.code
        return HttpQuery(
            self.transport,
            f"movements of account {account.code}",
            lambda page: client.movements_v3(account_id, period, page, size),
            MOVEMENTS.read,
            self._paging,
            page_size=size,
            identity=WHOLE_ROW,
        )

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One account."""
        _ = company, period
        return client.accounts_v3(1, 1), ACCOUNTS.read


class BlingV2Books(BlingBooks):
    """The books in XML; Bling alone decides how long a page is."""

    def chart(self, company: Company) -> HttpQuery[Account]:
        """The chart of accounts."""
        _ = company
        return HttpQuery(
            self.transport,
            "chart of accounts",
            client.accounts_v2,
            XML_ACCOUNTS.read,
            Paging.EMPTY_PAGE,
        )

    def movements(self, account: StatedAccount, period: Period) -> HttpQuery[Movement]:
        """The movements of an account."""
        account_id = account.erp_id or account.code
        return HttpQuery(
            self.transport,
            f"movements of account {account.code}",
            lambda page: client.movements_v2(account_id, period, page),
            XML_MOVEMENTS.read,
            Paging.EMPTY_PAGE,
            identity=WHOLE_ROW,
        )

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One page of accounts."""
        _ = company, period
        return client.accounts_v2(1), XML_ACCOUNTS.read


def spans(period: Period) -> list[Period]:
    """The period in parts of at most a year: Bling refuses filters over a longer time."""
    if period.end <= year_from(period.start):
        return [period]
    return [
        Period(max(year.start, period.start), min(year.end, period.end))
        for year in periods_touching(period.start, period.end, Periodicity.YEAR)
    ]
