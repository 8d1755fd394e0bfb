"""TOTVS Protheus' public API: the generic query on the tables of the general ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

import msgspec

from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.oauth import Client, Grant, basic_credentials, bearer_token, secret
from simulator.requestlog import LoggedRequest
from simulator.service import Options, Refusal, Row, Service
from simulator.totvs_public_query import Query, QueryError
from simulator.totvs_public_rows import WIDTHS, balances, chart, entries, numbered, ordered

USERNAME: Final = "integracao"
PASSWORD: Final = secret("totvs_public", "password")
_QUERY: Final = "/api/framework/v1/genericQuery"
_DATES: Final = ("CT2_DATA", "CT2_DTLP", "CQ0_DATA")
_FILIAL: Final = {"CT1": "CT1_FILIAL", "CQ0": "CQ0_FILIAL", "CT2": "CT2_FILIAL"}
_DUST: Final = Decimal("0.0000000001")


@dataclass
class TotvsPublicOptions(Options):
    """How this site's Protheus is set up.

    Attributes:
        padded: Texts filled up with blanks.
        cp1252: Bodies in Windows-1252, as a server sends them that could not convert: `declared`
            in the content type, or `undeclared`.
        has_next: How `hasNext` is said; `absent` for not at all.
        iso_dates: Dates as 2024-12-31.
        dust: Amounts with what binary floats add.
        hidden: Columns that the user may not see.
        shared_chart: One chart for all branches (a blank CT1_FILIAL), or a copy for each.
        filters_by_default: Whether branch and deletion filter apply where the query is silent.
        inverted_class: `CT1_CLASSE` 1 for analytic accounts.
        security: Whether the REST server runs with Security=1.
    """

    padded: bool = True
    cp1252: Literal["declared", "undeclared"] | None = None
    has_next: Literal["boolean", "number", "string", "absent"] = "boolean"
    iso_dates: bool = False
    dust: bool = False
    hidden: Collection[str] = ()
    shared_chart: bool = True
    filters_by_default: bool = True
    inverted_class: bool = False
    security: bool = True


class TotvsPublicService(Service):
    """`genericQuery` on CT1, CQ0 and CT2.

    Each company of the books is a branch; the header `tenantId`, `<company id>,<filial>`, says
    which one, `<company id>,` all branches of that company's group, none the first.
    """

    erp: ClassVar[str] = "totvs_public"
    chosen_by: ClassVar[Mapping[str, str]] = {"api": "public"}
    prefix: ClassVar[str] = "/totvs_public/rest"
    token_path: ClassVar[str | None] = "/totvs_public/rest/api/oauth2/v1/token"  # noqa: S105 - a path
    options: TotvsPublicOptions

    def __init__(self, *args: Any) -> None:
        """Start as a site with the product's defaults."""
        super().__init__(*args)
        self.options = TotvsPublicOptions()
        self._tables: dict[tuple[str, ...], tuple[list[Any], list[Row]]] = {}
        self._grant = Grant(self.erp, None)
        grants = frozenset({"password", "refresh_token"})
        self.tokens.register(Client(self._grant, "", "", USERNAME, PASSWORD, grants))

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return the site's keys: a user's name and password."""
        del company
        if auth_type == "bearer_token":
            return {"access_token": self.tokens.access_token(self._grant)}
        keys = {"username": USERNAME, "password": PASSWORD}
        return keys if auth_type == "basic_auth" else {"grant_type": "password", **keys}

    def tenant(self, company: str | None = None) -> str:
        """Return the tenant whose books are a company's."""
        found = self.books[company] if company else self.books.company
        return f"{found.id},{found.filial}"

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note the table, the tenant and the page."""
        given = {name.lower(): value for name, value in request.query.items()}
        logged.endpoint = given.get("tables", "")
        logged.company = request.headers.get("tenantid", "").partition(",")[0] or None
        page = given.get("page", "1")
        logged.page = int(page) if page.isdigit() else None

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """By tenant."""
        del logged
        return request.headers.get("tenantid", ""), self.erp

    def unauthorized(self) -> Response:
        """Answer a wrong key."""
        return self._error(401, "Unauthorized", "Usuário ou senha inválidos, ou token expirado")

    def too_many(self, rejection: Rejection) -> Response:
        """Answer too many requests."""
        del rejection
        return self._error(429, "Too Many Requests", "Limite de requisições atingido")

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a page of a table."""
        token = bearer_token(request)
        by_token = token is not None and self.tokens.check(self.erp, token) is not None
        if not by_token and basic_credentials(request) != (USERNAME, PASSWORD):
            raise Refusal(self.unauthorized())
        path = request.path.removeprefix(self.prefix)
        if request.method != "GET" or path != _QUERY:
            raise Refusal(self._error(404, "Not Found", f"Recurso não encontrado: {path}"))
        if not self.options.security:
            text = "Verifique a configuração SECURITY"
            raise Refusal(self._error(503, "API não permitida", text))
        try:
            query = Query.of(request.query)
            body = self._page(query, self._branches(request, query))
        except QueryError as error:
            raise Refusal(self._error(500, "Erro na execução da query", str(error))) from None
        return self._response(self.tampered(body, logged))

    def _branches(self, request: Request, query: Query) -> list[Company]:
        """The branches whose rows the query sees."""
        tenant = request.headers.get("tenantid")
        group, _, filial = (tenant or self.tenant()).partition(",")
        filtered = query.filial_filter
        if filtered is None:
            filtered = self.options.filters_by_default
        if not filtered:
            return self.books.companies
        for company in self.books.companies:
            if company.id == group and (filial.strip() or company.filial) == company.filial:
                return [company]
        raise Refusal(self._error(403, "Forbidden", f"Empresa/filial {tenant} não autorizada"))

    def _page(self, query: Query, branches: list[Company]) -> dict[str, Any]:
        rows = self._table(query.table, branches)
        known = set(rows[0]) if rows else query.columns
        if unknown := query.columns - known:
            raise QueryError(f"Coluna inexistente: {', '.join(sorted(unknown))}")
        deleted = query.deleted_filter
        if deleted is None:
            deleted = self.options.filters_by_default
        found = [
            row for row in rows if query.takes(row) and not (deleted and row["D_E_L_E_T_"] == "*")
        ]
        # Rows that the order does not tell apart come in another order on each page.
        page, count = self.page(
            ordered(found, query.order, query.page), query.page, query.page_size
        )
        sent = [self._sent(row, query) for row in page]
        body: dict[str, Any] = {"items": sent}
        if self.options.has_next != "absent":
            body["hasNext"] = self._said(more=query.page < count)
            body["remainingRecords"] = max(0, len(found) - query.page * query.page_size)
        if hidden := sorted({*self.options.hidden}.intersection(query.fields)):
            body["protectedDataFields"] = hidden
        return body

    def _table(self, name: str, branches: list[Company]) -> list[Row]:
        """The table as it stands; it is kept while the books do not change."""
        options = self.options
        key = name, *(company.id for company in branches)
        state = [
            options.shared_chart,
            options.inverted_class,
            *((company.entries, company.accounts, company.opening) for company in branches),
        ]
        kept = self._tables.get(key)
        if kept is None or kept[0] != state:
            kept = self._tables[key] = state, self._made(name, branches)
        return kept[1]

    def _made(self, name: str, branches: list[Company]) -> list[Row]:
        options = self.options
        if name == "CT1":
            shared, inverted = options.shared_chart, options.inverted_class
            return numbered(chart(branches, shared=shared, inverted=inverted))
        made = {"CQ0": balances, "CT2": entries}.get(name)
        if made is None:
            raise QueryError(f"Tabela inexistente: {name}")
        return numbered(row for company in branches for row in made(company))

    def _sent(self, row: Row, query: Query) -> Row:
        """The columns asked for, as the site sends them: keys in lower case."""
        sent = {}
        for name in query.fields or tuple(row):
            if name in self.options.hidden:
                continue
            sent[name.lower()] = self._value(name, row[name])
        return sent

    def _value(self, name: str, value: object) -> object:
        options = self.options
        if name in _DATES and options.iso_dates and value:
            return f"{str(value)[:4]}-{str(value)[4:6]}-{str(value)[6:]}"
        if isinstance(value, str):
            return value.ljust(WIDTHS.get(name, 0)) if options.padded else value.rstrip()
        if name == "R_E_C_N_O_" or not isinstance(value, (int, Decimal)):
            return value
        amount = Decimal(value)
        return self.number(amount + _DUST if options.dust and amount else amount)

    def _said(self, *, more: bool) -> object:
        forms = {"boolean": more, "number": int(more), "string": str(more).lower()}
        return forms[self.options.has_next]

    def _response(self, body: Any) -> Response:
        encoded = self.encode(body)
        charset = "utf-8"
        if self.options.cp1252:
            encoded = encoded.decode().encode("cp1252", "replace")
            charset = "cp1252" if self.options.cp1252 == "declared" else "utf-8"
        return Response(200, encoded, f"application/json; charset={charset}")

    def _error(self, status: int, message: str, detail: str) -> Response:
        body = {"code": str(status), "message": message, "detailedMessage": detail}
        return Response(status, msgspec.json.encode(body))
