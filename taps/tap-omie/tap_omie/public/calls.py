"""The calls of Omie's public API; it has two dialects of paging, which are never mixed."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.listing import Listing, Page
from erp_common.extract.paged import HttpQuery
from erp_common.http.answer import Answer
from erp_common.http.json_text import read_json
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger.periods import Period
from tap_omie.client import Keys, day, is_error, query
from tap_omie.public.rows import BankAccount, Category, Head, Movement, Title

Row = TypeVar("Row")

_P1: Final[dict[str, Any]] = {
    "total_pages": "total_de_paginas",
    "total_rows": "total_de_registros",
}
_P2: Final[dict[str, Any]] = {"total_pages": "nTotPaginas", "total_rows": "nTotRegistros"}


ACCOUNTS: Final = Listing(
    "ListarContasCorrentes", BankAccount, **_P1, is_error=is_error, named_by="nCodCC"
)
CATEGORIES: Final = Listing(
    "categoria_cadastro", Category, **_P1, is_error=is_error, named_by="codigo"
)
TITLES: Final = Listing("titulosEncontrados", Title, **_P2, is_error=is_error)
MOVEMENTS: Final = Listing("listaMovimentos", Movement, is_error=is_error)

_envelope: Final = msgspec.json.Decoder(float_hook=Decimal)


class Statement(msgspec.Struct):
    """An account's statement over some days."""

    head: Head
    said: dict[str, Any]
    """Everything beside the movements, as Omie sent it."""
    movements: Page[Movement]
    listed: bool
    """Whether there is a list of movements; without one there are none, if the balances agree."""


class Calls:
    """Makes the requests."""

    def __init__(self, transport: Transport, keys: Keys, page_size: int) -> None:
        """Ask through this transport, with these keys, for this many rows a page."""
        self._transport = transport
        self._keys = keys
        self._size = page_size

    def accounts(self) -> HttpQuery[BankAccount]:
        """Every bank and cash account, inactive ones too."""
        return self._query(
            "bank accounts", ACCOUNTS, self._first("/geral/contacorrente/", "ListarContasCorrentes")
        )

    def categories(self) -> HttpQuery[Category]:
        """Every category."""
        return self._query(
            "categories", CATEGORIES, self._first("/geral/categorias/", "ListarCategorias")
        )

    def titles(self, period: Period, nature: str) -> HttpQuery[Title]:
        """What was paid (nature P) or received (R) in a period; one call knows one nature."""
        days = {"dDtPagtoDe": day(period.start), "dDtPagtoAte": day(period.end)}

        def ask(page: int, size: int) -> Request:
            return self._keys.call(
                "/financas/pesquisartitulos/",
                "PesquisarLancamentos",
                {"nPagina": page, "nRegPorPagina": size, "cNatureza": nature, **days},
            )

        return self._query(f"titles of nature {nature}", TITLES, ask)

    def statement(self, number: str, window: Period, *, only_balance: bool = False) -> Request:
        """An account's statement; Omie has no pages for it and sends 50 movements at most."""
        return self._keys.call(
            "/financas/extrato/",
            "ListarExtrato",
            {
                "nCodCC": int(number) if re.fullmatch("[0-9]{1,18}", number) else number,
                "dPeriodoInicial": day(window.start),
                "dPeriodoFinal": day(window.end),
                "cExibirApenasSaldo": "S" if only_balance else "N",
            },
        )

    def probe(self) -> Request:
        """One bank account: the cheapest call there is."""
        return self._keys.call(
            "/geral/contacorrente/",
            "ListarContasCorrentes",
            {"pagina": 1, "registros_por_pagina": 1},
        )

    def _first(self, path: str, method: str) -> Callable[[int, int], Request]:
        return lambda page, size: self._keys.call(
            path, method, {"pagina": page, "registros_por_pagina": size}
        )

    def _query(
        self, name: str, listing: Listing[Row], ask: Callable[[int, int], Request]
    ) -> HttpQuery[Row]:
        return query(self._transport, name, listing, ask, self._size)


def read_statement(answer: Answer, window: Period) -> Statement:
    """Read a statement.

    Raises:
        ERPValidationError: If it has another shape, or does not say the balance it begins with.
    """
    said = read_json(_envelope.decode, answer.utf8())
    if not isinstance(said, dict) or said.get("nSaldoAnterior") is None:
        raise ERPValidationError(
            "the statement says no nSaldoAnterior, the balance it begins with; check base_url and "
            "whether this account may be read",
        )
    lists = [one for one in said.values() if isinstance(one, list)]
    listed = bool(lists) or said.get("listaMovimentos") is not None
    movements = MOVEMENTS.read(answer) if listed else Page[Movement]([], row_count=0)
    movements.batches = list(movements.batches)  # looked through before they are read
    said.pop("listaMovimentos", None)
    head = Head(window, said["nSaldoAnterior"], said.get("nSaldoAtual"))
    return Statement(head, said, movements, listed)
