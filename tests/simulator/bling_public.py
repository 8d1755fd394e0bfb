"""Bling v3 as it publishes its API: money accounts, categories and the cash box."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple

from simulator.bling_v3 import BlingOptions, BlingService
from simulator.cash import CashBook, CashDesk, Category, Movement
from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.model import Entity
from simulator.requestlog import LoggedRequest
from simulator.service import Refusal, Row, iso_date, whole_number

OPENED: Final = date(2023, 12, 31)
"""The day on which the accounts were entered with what they held."""

_DETAIL: Final = re.compile(r"/caixas/(\d+)")
_BRASILIA: Final = timezone(timedelta(hours=-3))


@dataclass
class BlingPublicOptions(BlingOptions):
    """How Bling answers under its public API.

    Attributes:
        longest_span: Days that a date filter may span.
        cash_page: Rows on a page of the cash box; there is no `limite`.
        category_in_list: Whether the list already says what a movement was for.
        transfer_category: Whether transfers have a category like any other movement.
        ignores_situation: Whether the filter by situation is ignored.
        brazilian_dates: Whether days are written as 31/01/2024.
        empty_as_list: Whether `[]` stands where PHP has an empty object.
        scope: Whether the application may read whose books these are.
    """

    longest_span: int | None = 366
    cash_page: int = 100
    category_in_list: bool = False
    transfer_category: bool = False
    ignores_situation: bool = False
    brazilian_dates: bool = False
    empty_as_list: bool = False
    scope: bool = True


class CashRow(NamedTuple):
    """A row of the cash box."""

    id: int
    account: int
    day: date
    amount: Decimal
    category: str | None
    description: str
    entity: Entity | None
    transfer: bool = False
    balance: bool = False
    deleted: bool = False


class BlingPublicService(BlingService):
    """The finance resources of the company that the token belongs to."""

    erp: ClassVar[str] = "bling_public"
    chosen_by: ClassVar[Mapping[str, str]] = {"api": "public"}
    prefix: ClassVar[str] = "/bling-public/Api/v3"
    token_path: ClassVar[str | None] = "/bling-public/Api/v3/oauth/token"  # noqa: S105 - a path
    authorize_path: ClassVar[str | None] = "/bling-public/Api/v3/oauth/authorize"
    options: BlingPublicOptions

    def __init__(self, *args: Any) -> None:
        """Register an application for each company."""
        super().__init__(*args)
        self.options = BlingPublicOptions()
        self.desk = CashDesk(self.books)

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return one company's keys; the refresh token rotates if the simulator's tokens do."""
        grant = self.grant(company)
        if auth_type == "bearer_token":
            return self.oauth_credentials(auth_type, grant)
        settings = self.oauth_credentials("refresh_token", grant)
        del settings["grant_type"]
        return settings

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note page and company; a movement's details are the endpoint `caixa`."""
        super().understand(request, logged)
        if _DETAIL.fullmatch(request.path.removeprefix(self.prefix)):
            logged.endpoint = "caixa"

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a resource."""
        company = self.books.get(self.company_id(request) or "")
        if company is None:
            raise Refusal(self.unauthorized())
        if logged.page is None:
            raise Refusal(self._invalid("pagina", "A página é inválida."))
        path = request.path.removeprefix(self.prefix)
        cash = self.desk.of(company.id)
        if path == "/empresas/me/dados-basicos":
            if not self.options.scope:
                raise Refusal(self.forbidden())
            return self.json({"data": identity(company)}, logged)
        if path == "/contas-contabeis":
            accounts = [
                {"id": one.id, "descricao": one.name, "tipo": "B", "aliasIntegracao": None}
                for one in cash.accounts
            ]
            return self._page_of(accounts, request, logged)
        if path == "/categorias/receitas-despesas":
            shown = [_category(one) for one in cash.categories if one.kind != "T"]
            return self._page_of(shown, request, logged)
        if path == "/caixas":
            return self._cash_box(cash, request, logged)
        detail = _DETAIL.fullmatch(path)
        found = detail and [row for row in rows(cash) if row.id == int(detail[1])]
        if found:
            return self.json({"data": self._details(found[0])}, logged)
        text = "O recurso requisitado não foi encontrado."
        raise Refusal(self._error(404, "RESOURCE_NOT_FOUND", "Recurso não encontrado", text))

    def _page_of(self, shown: Sequence[Row], request: Request, logged: LoggedRequest) -> Response:
        size = whole_number(request.query.get("limite", "100"))
        if size is None:
            raise Refusal(self._invalid("limite", "O limite é inválido."))
        page, _ = self.page(shown, logged.page or 1, size)
        return self._data(list(page), logged)

    def _cash_box(self, cash: CashBook, request: Request, logged: LoggedRequest) -> Response:
        if "limite" in request.query:
            raise Refusal(self._invalid("limite", "O parâmetro não existe."))
        start, end = self._days(request)
        deleted = request.query.get("situacao", "R") == "E"
        everything = self.options.ignores_situation
        found = [
            one
            for one in rows(cash)
            if start <= one.day <= end and (one.deleted == deleted or everything)
        ]
        number, size = logged.page or 1, self.options.cash_page
        return self._data(
            [self._listed(one) for one in found[(number - 1) * size : number * size]], logged
        )

    def _days(self, request: Request) -> tuple[date, date]:
        query = request.query
        if "dataInicial" not in query and "dataFinal" not in query:
            first = datetime.now(_BRASILIA).date().replace(day=1)
            return first, first.replace(day=monthrange(first.year, first.month)[1])
        start, end = iso_date(query.get("dataInicial")), iso_date(query.get("dataFinal"))
        longest = self.options.longest_span
        if start is None or end is None:
            raise Refusal(self._invalid("dataInicial", "A data é inválida."))
        if longest is not None and (end - start) >= timedelta(days=longest):
            raise Refusal(self._invalid("dataFinal", "O período não pode exceder um ano."))
        return start, end

    def _listed(self, one: CashRow) -> Row:
        return {
            "id": str(one.id),
            "debCred": "C" if one.amount > 0 else "D",
            "situacao": "E" if one.deleted else "R",
            "valor": self.number(abs(one.amount)),
            "data": f"{one.day:%d/%m/%Y}" if self.options.brazilian_dates else one.day.isoformat(),
            # What the screen calls it; the history is beside it.
            "descricao": "Transferência" if one.transfer else f"Categoria {one.category or ''}",
            "observacoes": one.description,
            "origem": {"id": one.id, "tipo": "caixa"},
            "contato": {"id": one.entity.id, "nome": one.entity.name}
            if one.entity
            else []
            if self.options.empty_as_list
            else None,
            "contaFinanceira": {"id": one.account, "descricao": ""},
            **(self._purpose(one) if self.options.category_in_list else {"categoria": None}),
        }

    def _details(self, one: CashRow) -> Row:
        return {
            **self._listed(one),
            "id": one.id,
            "competencia": one.day.isoformat(),
            **self._purpose(one),
        }

    def _purpose(self, one: CashRow) -> Row:
        return {
            "saldo": "S" if one.balance else "N",
            "categoria": self._of(one),
            # A flag, and no object.
            "transferencia": "1" if one.transfer else "0",
        }

    def _of(self, one: CashRow) -> Row:
        if one.transfer and self.options.transfer_category:
            return {"id": number("2.04.02")}
        return {"id": number(one.category) if one.category else 0}


def identity(company: Company) -> Row:
    """Return what Bling says of the company."""
    return {
        "id": f"emp{company.id}",
        "nome": company.name,
        "cnpj": f"12.345.{int(company.filial[:2]):03d}/0001-95",
    }


def rows(cash: CashBook) -> list[CashRow]:
    """Return the cash box: what the accounts were entered with, then a row for each part."""
    found = [
        CashRow(one.id, one.id, OPENED, one.initial, None, "Saldo inicial", None, balance=True)
        for one in cash.accounts
        if one.initial
    ]
    gone = cash.deleted
    for one in [*cash.movements, *gone]:
        if not one.forecast:
            found += _parts(one, deleted=one in gone)
    return sorted(found, key=lambda row: (row.day, row.id))


def number(code: str) -> int:
    """Return Bling's id of a category."""
    return Category(code, "", "R").number


def _parts(one: Movement, *, deleted: bool) -> list[CashRow]:
    # No two rows have one number, those of a transfer neither.
    first = one.id + (80_000_000 if one.kind == "transfer" and one.amount > 0 else 0)
    return [
        CashRow(
            first + at * 70_000_000,
            one.account,
            one.date,
            amount,
            None if one.kind == "transfer" else category,
            one.description,
            one.entity,
            transfer=one.kind == "transfer",
            deleted=deleted,
        )
        for at, (category, amount) in enumerate(one.parts)
    ]


def _category(one: Category) -> Row:
    return {
        "id": one.number,
        "idCategoriaPai": number(one.parent) if one.parent else 0,
        "descricao": one.name,
        "tipo": 2 if one.kind == "R" else 1,
    }
