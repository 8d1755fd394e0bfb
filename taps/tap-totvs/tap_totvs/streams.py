"""Protheus' endpoints: what is asked for the trial balance and for the postings."""

from __future__ import annotations

from collections.abc import Callable

from erp_common.extract.listing import Listing
from erp_common.extract.paged import HttpQuery
from erp_common.extract.reading import LineReader
from erp_common.extract.reported import ReportedSource
from erp_common.extract.source import HttpSource
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.models import Company, StatedAccount
from erp_common.ledger.periods import Period
from tap_totvs import mapping
from tap_totvs.client import CHARSET, report
from tap_totvs.mapping import AccountLines, Balance, Movement

BALANCES = Listing("balancete", Balance, fallback_charset=CHARSET, single=True)
MOVEMENTS = Listing("movimentacao", Movement, fallback_charset=CHARSET, single=True)


class TotvsBooks(HttpSource, ReportedSource):
    """The reports of a Protheus site; each comes in one answer, however large."""

    source_system = "totvs_protheus"
    system = "TOTVS Protheus"
    told_apart_by = "erp_id in companies, tenant and environment"
    natural_balances = True
    class_setting = "summary_class"

    def __init__(self, transport: Transport, summary_class: str) -> None:
        """Read accounts of this CTI_CLASSE as summary accounts."""
        super().__init__(transport)
        self._summary_class = summary_class

    def account(self, row: Balance) -> StatedAccount:
        """An account of the trial balance."""
        return mapping.account(row, self._summary_class)

    def trial_balance(self, company: Company, period: Period) -> HttpQuery[Balance]:
        """The trial balance of a period."""
        request = report("balancete", company, period)
        return HttpQuery(self.transport, "trial balance", lambda _: request, BALANCES.read)

    def postings(
        self, company: Company, period: Period, account: StatedAccount
    ) -> HttpQuery[Movement]:
        """The movements of an account in a period."""
        request = report("movimentacao", company, period, account.code)
        name = f"movements of account {account.code}"
        return HttpQuery(self.transport, name, lambda _: request, MOVEMENTS.read)

    def lines(self, account: StatedAccount) -> LineReader:
        """A line may go on over several rows."""
        return AccountLines(account.code)

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """The trial balance of a single day: there is no smaller report."""
        day = Period(period.start, period.start)
        return report("balancete", company, day), BALANCES.read
