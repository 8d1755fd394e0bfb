"""How Protheus' generic query is called, and which rows it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from erp_common.errors import ERPValidationError
from erp_common.extract.listing import Listing, Page
from erp_common.http.answer import Answer
from erp_common.http.dialect import Fault, FaultKind
from erp_common.http.request import Request
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
from tap_totvs.client import TotvsDialect

Row = TypeVar("Row")

PATH = "/api/framework/v1/genericQuery"
RECNO = "R_E_C_N_O_"
"""The number of a row within its table: what makes every order a total one."""

CURRENCY = "01"
BALANCE_TYPE = "1"
"""The books as they are: the local currency, and what has really happened (no budget, no draft)."""

_DAY = timedelta(days=1)

_REMAINING = re.compile(rb'"remainingRecords"\s*:\s*"?\s*[1-9]')
"""Rows that follow the page, where Protheus counts them: none of a page's own texts reads so."""


def tenant_of(company: Company, tenant: str | None) -> str | None:
    """The company group and branch whose books are this company's.

    An `erp_id` with a comma is one of its own; else the setting `tenant` says it.
    """
    return company.erp_id if "," in company.erp_id else tenant


def rows_of(
    table: str,
    fields: Sequence[str],
    where: Sequence[str],
    order: Sequence[str],
    *,
    page: int,
    page_size: int,
    tenant: str | None,
) -> Request:
    """One page of a table's rows.

    Deleted rows stay out, and so do other branches' unless the tenant names none: which column
    tells the branch, and whether a table is shared between branches, only Protheus knows. Both are
    said, since what an old library does by itself is not known.
    """
    every_branch = tenant is not None and not tenant.partition(",")[2].strip()
    params = [
        ("tables", table),
        ("fields", ",".join(dict.fromkeys((*fields, RECNO)))),
        ("where", " AND ".join(where)),
        ("order", ",".join((*order, RECNO))),
        ("page", str(page)),
        ("pageSize", str(page_size)),
        ("FilialFilter", "false" if every_branch else "true"),
        ("DeletedFilter", "true"),
    ]
    return Request(
        "GET",
        PATH,
        tuple((name, value) for name, value in params if value),
        headers=(("tenantId", tenant),) if tenant else (),
        about=f"{table}, {' and '.join(where) or 'all of it'}, page {page}",
    )


def dated(column: str, since: date | None, until: date) -> list[str]:
    """The condition that a date lies in a span; dates are texts of eight digits in Protheus.

    Every value that goes into a condition is made here from a date, or is a constant: the query is
    raw SQL.
    """
    first = [] if since is None else [f"{column} >= '{since:%Y%m%d}'"]
    return [*first, f"{column} <= '{until:%Y%m%d}'"]


def in_the_books(currency: str, balance_type: str) -> list[str]:
    """The condition that leaves out other currencies and drafts, which repeat the amounts.

    Args:
        currency: The column of the currency.
        balance_type: The column of the balance type.
    """
    return [f"{currency} = '{CURRENCY}'", f"{balance_type} = '{BALANCE_TYPE}'"]


def whole_months(period: Period) -> Period:
    """The period, if it is made of whole months: Protheus keeps balances by month.

    Raises:
        ERPValidationError: If it begins or ends within a month.
    """
    if not is_whole_months(period):
        raise ERPValidationError(
            f"{period} does not begin and end with a month, and Protheus' public API has balances "
            "by month alone; ask for whole months, or use api: reference",
        )
    return period


def is_whole_months(period: Period) -> bool:
    """Whether the period begins and ends with a month."""
    return period.start.day == 1 and (period.end + _DAY).day == 1


def reader(listing: Listing[Row], needed: Sequence[str]) -> Callable[[Answer], Page[Row]]:
    """What reads a page, and refuses one without the columns that the ledger is made of.

    Protheus leaves out the columns that the user may not see, without an error. Rows that it counts
    as remaining do follow, whatever `hasNext` says: asked for, they come, or their page is empty,
    which is an error.
    """
    names = [name.lower() for name in needed]

    def read(answer: Answer) -> Page[Row]:
        page = listing.read(answer)
        for batch in page.batches:
            sent: dict[str, Any] = batch.raw(0)
            hidden = [name.upper() for name in names if name not in sent]
            if hidden:
                raise ERPValidationError(
                    f"the answer lacks {', '.join(hidden)}: Protheus hides columns from users who "
                    "may not see them; give this user access to them, or use another",
                )
            break
        if not page.more and _REMAINING.search(answer.read()):
            page.more = True
        return page

    return read


class GenericQueryDialect(TotvsDialect):
    """Errors of the generic query, which a site must have allowed."""

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What is wrong; a server that never serves the query is not asked again."""
        fault = super().fault(answer, request)
        if fault is None or answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            return fault
        if re.search(r"n[ãa]o permitida", fault.message, re.IGNORECASE) is None:
            return fault
        return Fault(
            FaultKind.BUSINESS,
            fault.message,
            code=fault.code,
            advice="let the administrator set Security=1 in [HTTPREST] of the REST server, without "
            "which it serves no generic query",
        )
