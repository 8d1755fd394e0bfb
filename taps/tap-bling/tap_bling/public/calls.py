"""The calls of Bling's public API; a date filter spans a year at most, and is never left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.listing import Listing
from erp_common.extract.paged import HttpQuery, Paging
from erp_common.http.answer import Answer
from erp_common.http.json_text import read_json
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.periods import Period
from tap_bling.public.rows import Category, MoneyAccount, Movement

LONGEST: Final = timedelta(days=364)
"""Between first and last day; Bling refuses more than a year."""

ACCOUNTS: Final = Listing("data", MoneyAccount, named_by="id")
CATEGORIES: Final = Listing("data", Category, named_by="id")
MOVEMENTS: Final = Listing("data", Movement)

_untyped: Final = msgspec.json.Decoder(float_hook=Decimal)


def accounts(transport: Transport, size: int) -> HttpQuery[MoneyAccount]:
    """Every bank and cash account."""

    def ask(page: int) -> Request:
        return _accounts(page, size)

    return HttpQuery(transport, "money accounts", ask, ACCOUNTS.read, _END, identity="id")


def categories(transport: Transport, size: int) -> HttpQuery[Category]:
    """Every category of any kind, inactive ones too."""

    def ask(page: int) -> Request:
        return Request(
            "GET",
            "/categorias/receitas-despesas",
            (("tipo", "0"), ("situacao", "0"), ("pagina", str(page)), ("limite", str(size))),
        )

    return HttpQuery(transport, "categories", ask, CATEGORIES.read, _END, identity="id")


def movements(transport: Transport, window: Period) -> HttpQuery[Movement]:
    """What moved in at most a year; Bling decides how many rows are on a page.

    Without dates Bling would answer with the current month alone.
    """

    def ask(page: int) -> Request:
        return Request(
            "GET",
            "/caixas",
            (
                ("dataInicial", window.start.isoformat()),
                ("dataFinal", window.end.isoformat()),
                ("situacao", "R"),
                ("pagina", str(page)),
            ),
        )

    return HttpQuery(transport, "money movements", ask, MOVEMENTS.read, _END, identity="id")


def movement(number: str) -> Request:
    """The details of a movement, which alone hold its category."""
    return Request("GET", f"/caixas/{quote(number, safe='')}", extract=False)


def company() -> Request:
    """Whose books the token opens."""
    return Request("GET", "/empresas/me/dados-basicos", extract=False)


def probe() -> Request:
    """One money account: the cheapest call there is."""
    return _accounts(1, 1)


def years(period: Period) -> Iterator[Period]:
    """The period in windows that Bling takes."""
    start = period.start
    while start <= period.end:
        end = min(start + LONGEST, period.end)
        yield Period(start, end)
        start = end + timedelta(days=1)


def read_object(answer: Answer) -> dict[str, Any]:
    """The object that an answer holds.

    Raises:
        ERPValidationError: If it holds none.
    """
    body = read_json(_untyped.decode, answer.utf8())
    found = body.get("data") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise ERPValidationError(
            "the answer has no object 'data'; check base_url and whether this application may read "
            "it",
        )
    return found


# The largest page is not documented, so that a page that is not full says nothing.
_END: Final = Paging.EMPTY_PAGE


def _accounts(page: int, size: int) -> Request:
    return Request("GET", "/contas-contabeis", (("pagina", str(page)), ("limite", str(size))))
