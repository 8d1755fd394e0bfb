"""What every ERP's books have in common; each kind of ledger adds what it asks for."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from erp_common.errors import ERPError, ERPValidationError
from erp_common.extract.ahead import FetchAhead, OnDemand
from erp_common.extract.paged import Query, Whole
from erp_common.extract.period import CompanyBooks
from erp_common.extract.reading import LineReader, Reading
from erp_common.extract.work import Extraction, Origin, Work
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.models import Company, StatedAccount
from erp_common.ledger.periods import Period

logger = logging.getLogger(__name__)


class AccountListings(msgspec.Struct):
    """Where the postings of one account are."""

    listings: Sequence[tuple[Query[Any], LineReader]]
    names: Mapping[str, str] = {}
    """The account's name by its code, where rows of postings may lack it."""


class Source(Origin, ABC):
    """An ERP's books: which listings to ask for, and what their rows mean.

    A source keeps nothing of what it was asked before. It need not speak HTTP: a query gives a
    page, wherever it gets it.
    """

    @abstractmethod
    def account(self, row: Any) -> StatedAccount:  # noqa: ANN401 - the row is the tap's own struct
        """One account of the trial balance or the chart.

        Raises:
            InvalidValue: If the row cannot be read.
        """

    @abstractmethod
    def check(self, company: Company, period: Period, timeout: float) -> None:
        """Make sure that the ledger is served, by the cheapest call there is.

        Args:
            company: Any company.
            period: A month.
            timeout: Seconds that it may take.

        Raises:
            ERPError: If it is not.
        """

    @abstractmethod
    def books(
        self, number: int, work: Work, extraction: Extraction, ahead: FetchAhead
    ) -> CompanyBooks[Any, Any]:
        """A company's books; nothing is asked for yet.

        Args:
            number: Where in the run the company stands.
            work: What is read of it.
            extraction: How it is read.
            ahead: Runs the requests.
        """

    @abstractmethod
    def of_account(
        self, company: Company, period: Period, code: str, reading: Reading, extraction: Extraction
    ) -> AccountListings:
        """The listings that hold the postings of one account in some days.

        Raises:
            ERPError: If the ERP has no such account.
        """

    def known(
        self, code: str, chart: Query[Any], reading: Reading, extraction: Extraction
    ) -> StatedAccount | None:
        """An account of a chart; None if that cannot be read or is empty: postings do without.

        Raises:
            ERPValidationError: If the chart has no such account.
        """
        if code not in extraction.known:
            try:
                found = Whole(
                    OnDemand(), (), chart, lambda pages: [*reading.accounts(pages, self.account)]
                ).result()
            except ERPError as error:
                if error.ends_run:
                    raise
                logger.warning("the names of accounts cannot be read: %s", error)
                return None
            for account in found:
                extraction.known.setdefault(account.code, account)
            if found and code not in extraction.known:
                raise ERPValidationError(
                    f"{self.system} has no account {code}; ask for one of its chart"
                )
        return extraction.known.get(code)


class HttpSource(Source):
    """Books that are read through a transport."""

    def __init__(self, transport: Transport) -> None:
        """Read through this transport."""
        self.transport = transport

    @abstractmethod
    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """The cheapest call that shows whether the ERP serves the ledger, and how to read it."""

    def check(self, company: Company, period: Period, timeout: float) -> None:
        """Make that call, once."""
        request, read = self.probe(company, period)
        self.transport.fetch(request, read, timeout=timeout, attempts=1)
