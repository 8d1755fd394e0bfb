"""Omie's endpoints: what is asked for the trial balance and for the postings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from erp_common.extract.listing import Listing
from erp_common.extract.paged import WHOLE_ROW, HttpQuery
from erp_common.extract.reading import LineReader, Lines
from erp_common.extract.reported import ReportedSource
from erp_common.extract.source import HttpSource
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.models import Company, StatedAccount
from erp_common.ledger.periods import Period
from tap_omie.client import Keys, day, is_error, query
from tap_omie.mapping import Balance, Movement, account, line

BALANCES = Listing(
    "balancete",
    Balance,
    total_pages="nTotPaginas",
    total_rows="nTotRegistros",
    is_error=is_error,
    named_by="cCodConta",
)
MOVEMENTS = Listing(
    "movimentos",
    Movement,
    total_pages="nTotPaginas",
    total_rows="nTotRegistros",
    is_error=is_error,
    named_by="nCodMov",
)


class OmieBooks(HttpSource, ReportedSource):
    """Omie's reference API."""

    source_system = "omie"
    system = "Omie"
    told_apart_by = "app_key and erp_id in companies"
    account = staticmethod(account)

    def __init__(self, transport: Transport, keys: Keys, page_size: int) -> None:
        """Read with these keys, this many rows a page."""
        super().__init__(transport)
        self._keys = keys
        self._page_size = page_size

    def trial_balance(self, company: Company, period: Period) -> HttpQuery[Balance]:
        """ListarBalancete of a period."""
        ask = partial(self._balances, company, period)
        return query(self.transport, "trial balance", BALANCES, ask, self._page_size)

    def postings(
        self, company: Company, period: Period, account: StatedAccount
    ) -> HttpQuery[Movement]:
        """ListarMovimentos of an account in a period."""
        ask = partial(self._movements, company, period, account.code)
        name = f"movements of account {account.code}"
        return query(self.transport, name, MOVEMENTS, ask, self._page_size, identity=WHOLE_ROW)

    def lines(self, account: StatedAccount) -> LineReader:
        """Each movement is one line."""
        return Lines(partial(line, asked=account.code))

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One row of the trial balance."""
        return self._balances(company, period, 1, 1), BALANCES.read

    def _balances(self, company: Company, period: Period, page: int, size: int) -> Request:
        return self._call(
            "/geral/balancete/",
            "ListarBalancete",
            {"dDataDe": day(period.start), "dDataAte": day(period.end)},
            company,
            page,
            size,
        )

    def _movements(
        self,
        company: Company,
        period: Period,
        code: str,
        page: int,
        size: int,
    ) -> Request:
        return self._call(
            "/geral/contacorrente/",
            "ListarMovimentos",
            {"cCodConta": code, "dDataDe": day(period.start), "dDataAte": day(period.end)},
            company,
            page,
            size,
        )

    def _call(
        self,
        path: str,
        method: str,
        param: dict[str, object],
        company: Company,
        page: int,
        size: int,
    ) -> Request:
        paging = {"nCodEmpresa": company.erp_id, "nPagina": page, "nRegPorPagina": size}
        return self._keys.call(path, method, {**param, **paging})
