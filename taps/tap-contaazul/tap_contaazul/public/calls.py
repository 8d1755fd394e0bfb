"""The calls of Conta Azul's public API; what it does not understand of them it ignores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.listing import Listing, Page
from erp_common.extract.paged import HttpQuery, Paging
from erp_common.http.answer import Answer
from erp_common.http.dialect import Fault, FaultKind
from erp_common.http.json_text import read_json
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.periods import Period
from tap_contaazul.client import ContaAzulDialect
from tap_contaazul.public.rows import (
    Category,
    CostCenter,
    InitialBalance,
    Listed,
    MoneyAccount,
    Operation,
    Transfer,
)

SIZES: Final = (10, 20, 50, 100, 200, 500, 1000)
"""The pages that there are; any other size is refused."""
DUE_DAYS: Final = 90
"""Days of due dates that are asked for at once."""
FILTER_DAYS: Final = 365
"""Days that other filters may span."""

_EVENTS: Final = "/v1/financeiro/eventos-financeiros"
_INSTALLMENTS: Final = f"{_EVENTS}/parcelas/"
_BALANCE: Final = "/saldo-atual"
_NOT_TO_BE_READ: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})

Row = TypeVar("Row")
Params = tuple[tuple[str, str], ...]

# Conta Azul counts rows and no pages; what is read for its totals is never read as a stream.
_TOTALS: Final[dict[str, Any]] = {
    "total_rows": "itens_totais",
    "total_pages": "paginas_totais",
    # A list without rows may be null; the total beside it says whether that can be.
    "null_is_empty": True,
}
ACCOUNTS: Final = Listing("itens", MoneyAccount, **_TOTALS)
CATEGORIES: Final = Listing("itens", Category, **_TOTALS)
# The one listing whose rows are called items.
COST_CENTERS: Final = Listing("items", CostCenter, **_TOTALS)
OPERATIONS: Final = Listing("itens", Operation)
INSTALLMENTS: Final = Listing("itens", Listed, **_TOTALS)
TRANSFERS: Final = Listing("itens", Transfer, **_TOTALS)
INITIAL_BALANCES: Final = Listing("itens", InitialBalance, **_TOTALS)

_untyped: Final = msgspec.json.Decoder(float_hook=Decimal)


class CashDialect(ContaAzulDialect):
    """An installment that is not there was deleted since it was listed.

    A balance that may not be read is none to compare with: books do not depend on it.
    """

    system = "Conta Azul"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What is wrong with an answer."""
        is_gone = answer.status == HTTPStatus.NOT_FOUND and request.path.startswith(_INSTALLMENTS)
        is_kept = answer.status in _NOT_TO_BE_READ and request.path.endswith(_BALANCE)
        if is_gone or is_kept:
            return Fault(FaultKind.NO_RECORDS, self.message(answer))
        return super().fault(answer, request)


def accounts(transport: Transport, size: int) -> HttpQuery[MoneyAccount]:
    """Every bank and cash account: inactive ones, cash boxes and digital accounts too."""
    everything = (
        ("apenas_ativo", "false"),
        ("mostrar_caixinha", "true"),
        ("esconde_conta_digital", "false"),
    )
    return _listing(transport, "money accounts", "/v1/conta-financeira", everything, ACCOUNTS, size)


def categories(transport: Transport, size: int) -> HttpQuery[Category]:
    """Every category, headings too."""
    both = (("permite_apenas_filhos", "false"),)
    return _listing(transport, "categories", "/v1/categorias", both, CATEGORIES, size)


def cost_centers(transport: Transport, size: int) -> HttpQuery[CostCenter]:
    """Every cost center, inactive ones too."""
    every = (("filtro_rapido", "TODOS"),)
    return _listing(transport, "cost centers", "/v1/centro-de-custo", every, COST_CENTERS, size)


def operations(transport: Transport) -> HttpQuery[Operation]:
    """The category that the company has chosen for each operation, in one answer."""
    request = Request(
        "GET", "/v1/categorias/configuracao-padrao", (("sugestao_padrao", "false"),), extract=False
    )
    return HttpQuery(transport, "categories of operations", lambda _: request, OPERATIONS.read)


def installments(
    transport: Transport, kind: str, due: Period, paid: Period, size: int
) -> HttpQuery[Listed]:
    """The installments due in at most ninety days of which something was paid in a span.

    Args:
        transport: How Conta Azul is reached.
        kind: `receber` or `pagar`.
        due: When they are due; without it Conta Azul refuses.
        paid: When they were paid.
        size: Rows a page.
    """
    params = (
        ("data_vencimento_de", due.start.isoformat()),
        ("data_vencimento_ate", due.end.isoformat()),
        ("data_pagamento_de", paid.start.isoformat()),
        ("data_pagamento_ate", paid.end.isoformat()),
    )
    path = f"{_EVENTS}/contas-a-{kind}/buscar"
    return _listing(transport, f"contas a {kind} due in {due}", path, params, INSTALLMENTS, size)


def installment(number: str) -> Request:
    """The details of an installment: what it is for, and what settled it."""
    return Request("GET", f"{_INSTALLMENTS}{quote(number, safe='')}", extract=False)


def settlements(number: str) -> Request:
    """What settled an installment, where its details do not say."""
    return Request("GET", f"{_INSTALLMENTS}{quote(number, safe='')}/baixa", extract=False)


def transfers(transport: Transport, window: Period, size: int) -> HttpQuery[Transfer]:
    """The transfers of at most a year."""
    params = (("data_inicio", window.start.isoformat()), ("data_fim", window.end.isoformat()))
    return _listing(
        transport, "transfers", "/v1/financeiro/transferencias", params, TRANSFERS, size
    )


def initial_balances(transport: Transport, window: Period, size: int) -> HttpQuery[InitialBalance]:
    """What the accounts held that were entered for a day of at most a year.

    The times are São Paulo's, and must not say so.
    """
    params = (
        ("data_inicio", f"{window.start.isoformat()}T00:00:00"),
        ("data_fim", f"{window.end.isoformat()}T23:59:59"),
    )
    return _listing(
        transport, "initial balances", f"{_EVENTS}/saldo-inicial", params, INITIAL_BALANCES, size
    )


def balance(account: str) -> Request:
    """What an account holds now; no other day can be asked for."""
    return Request("GET", f"/v1/conta-financeira/{quote(account, safe='')}{_BALANCE}")


def company() -> Request:
    """Whose books the token opens."""
    return Request("GET", "/v1/pessoas/conta-conectada", extract=False)


def probe() -> Request:
    """A few money accounts: the cheapest call there is."""
    return Request("GET", "/v1/conta-financeira", (("pagina", "1"), ("tamanho_pagina", "10")))


def windows(period: Period, days: int) -> Iterator[Period]:
    """A period in windows of at most so many days."""
    start = period.start
    while start <= period.end:
        end = min(start + timedelta(days=days - 1), period.end)
        yield Period(start, end)
        start = end + timedelta(days=1)


def shifted(day: date, days: int) -> date:
    """A day so many days later; the calendar's first or last where it ends."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def read_object(answer: Answer) -> dict[str, Any]:
    """The object that an answer is.

    Raises:
        ERPValidationError: If it is none.
    """
    body = read_json(_untyped.decode, answer.utf8())
    if not isinstance(body, dict) or not body:
        raise ERPValidationError(
            "the answer is no object with fields; check base_url and whether this application may "
            "read it",
        )
    return body


def read_settlements(answer: Answer) -> list[Any]:
    """The settlements that an answer lists.

    Raises:
        ERPValidationError: If it is no list.
    """
    body = read_json(_untyped.decode, answer.utf8())
    if isinstance(body, dict) and "itens" in body:
        body = body["itens"] or []
    if not isinstance(body, list):
        raise ERPValidationError(
            "the answer is no list of settlements; check base_url and whether this application may "
            "read them",
        )
    return body


def _listing(
    transport: Transport, name: str, path: str, params: Params, listing: Listing[Row], size: int
) -> HttpQuery[Row]:
    def ask(page: int) -> Request:
        paging = (("pagina", str(page)), ("tamanho_pagina", str(size)))
        return Request("GET", path, (*paging, *params))

    read = partial(_read, listing, size, name)
    return HttpQuery(transport, name, ask, read, Paging.TOTALS, page_size=size, identity="id")


def _read(listing: Listing[Row], size: int, name: str, answer: Answer) -> Page[Row]:
    """A page, with the number of pages that follows from the number of rows."""
    page = listing.read(answer)
    rows = page.row_count or 0
    if page.total_rows is None or page.total_rows < rows:
        raise ERPValidationError(
            f"the answer's itens_totais is {page.total_rows}, but it holds {rows} of the {name}; "
            "run again, and if it stays so, ask Conta Azul's support",
        )
    page.total_pages = max(1, -(-page.total_rows // size))
    return page
