"""What of Protheus' tables the books are made of: CT1, CQ0 and CT2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from erp_common.extract.composed import ComposedSource
from erp_common.extract.listing import Listing, Page
from erp_common.extract.paged import HttpQuery, Paging
from erp_common.extract.reading import LineReader
from erp_common.extract.source import HttpSource
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.models import Company, Posting, StatedAccount
from erp_common.ledger.periods import Period
from tap_totvs.client import CHARSET
from tap_totvs.public import mapping
from tap_totvs.public.client import (
    BALANCE_TYPE,
    CURRENCY,
    RECNO,
    dated,
    in_the_books,
    reader,
    rows_of,
    tenant_of,
    whole_months,
)
from tap_totvs.public.mapping import Account, Entry, EntryLines, Month


class Table(msgspec.Struct, frozen=True):
    """A table: its columns, its order, and how a page of it is read."""

    name: str
    fields: tuple[str, ...]
    order: tuple[str, ...]
    read: Callable[[Answer], Page[Any]]

    @classmethod
    def of(
        cls, row: type[msgspec.Struct], order: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> Table:
        """The table whose rows these are.

        Args:
            row: The row; its fields are the columns asked for.
            order: The columns it is ordered by, before the number of the row.
            optional: Columns without which a row still means what it must.
        """
        fields = row.__struct_fields__
        listing = Listing("items", row, more="hasNext", fallback_charset=CHARSET, named_by=RECNO)
        needed = [field for field in fields if field not in optional]
        return cls(fields[0].partition("_")[0], fields, order, reader(listing, needed))


CHART = Table.of(Account, ("CT1_CONTA",), optional=("CT1_CTASUP", "CT1_NATCTA", RECNO))
MONTHS = Table.of(Month, ("CQ0_CONTA", "CQ0_DATA"), optional=(RECNO,))
ENTRIES = Table.of(
    Entry,
    ("CT2_FILIAL", "CT2_DATA", "CT2_LOTE", "CT2_SBLOTE", "CT2_DOC", "CT2_LINHA"),
    optional=("CT2_HIST", "CT2_CCD", "CT2_CCC", "CT2_DTLP", RECNO),
)


class GenericQueryBooks(HttpSource, ComposedSource):
    """The books of a Protheus site: what its own reports are made of."""

    source_system = "totvs_protheus"
    system = "TOTVS Protheus"
    told_apart_by = "erp_id in companies, tenant and environment"
    natural_balances = True
    made_of = {  # noqa: RUF012 - a mapping that nobody changes
        "api": "public",
        "accounts": "CT1",
        "balances": "CQ0",
        "postings": "CT2",
        "currency": CURRENCY,
        "balance_type": BALANCE_TYPE,
    }

    def __init__(self, transport: Transport, tenant: str | None, page_size: int) -> None:
        """Read as this tenant where a company does not name its own."""
        super().__init__(transport)
        self._tenant = tenant
        self._page_size = page_size

    def whose(self, company: Company) -> str:
        """The company and the branch that is asked for."""
        return f"{super().whose(company)} in tenant {tenant_of(company, self._tenant)!r}"

    def chart(self, company: Company) -> HttpQuery[Account]:
        """The chart of accounts."""
        return self._query("chart of accounts", CHART, company, list)

    def account(self, row: Account) -> StatedAccount:
        """An account of the chart."""
        return mapping.account(row)

    def movements(self, company: Company, since: date | None, until: date) -> HttpQuery[Month]:
        """The accounts' movements by month."""

        def where() -> list[str]:
            if since is not None:
                whole_months(Period(since, until))
            return [*dated("CQ0_DATA", since, until), *in_the_books("CQ0_MOEDA", "CQ0_TPSALD")]

        return self._query("monthly balances", MONTHS, company, where)

    def movement(self, row: Month) -> Posting:
        """What an account moved by in a month."""
        return mapping.movement(row)

    def entries(self, company: Company, period: Period) -> HttpQuery[Entry]:
        """The entries of a period, of all accounts."""
        dates = dated("CT2_DATA", period.start, period.end)
        where = [*dates, *in_the_books("CT2_MOEDLC", "CT2_TPSALD")]
        return self._query("accounting entries", ENTRIES, company, lambda: where)

    def lines(self) -> LineReader:
        """A line may go on over several rows."""
        return EntryLines()

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """One account of the chart."""
        _ = period
        return self._request(CHART, company, [], 1, 1), CHART.read

    def _query(
        self, name: str, table: Table, company: Company, where: Callable[[], list[str]]
    ) -> HttpQuery[Any]:
        # The condition is made as it is sent: what is refused then is this listing.
        return HttpQuery(
            self.transport,
            name,
            lambda page: self._request(table, company, where(), page, self._page_size),
            table.read,
            Paging.SAID,
            self._page_size,
            # The lines of entries look for themselves, far back.
            identity="" if table is ENTRIES else RECNO,
        )

    def _request(
        self, table: Table, company: Company, where: list[str], page: int, page_size: int
    ) -> Request:
        return rows_of(
            table.name,
            table.fields,
            where,
            table.order,
            page=page,
            page_size=page_size,
            tenant=tenant_of(company, self._tenant),
        )
