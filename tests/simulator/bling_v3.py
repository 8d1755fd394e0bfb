"""Bling v3: pages without totals, account ids, opening balances, errors with a type."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Final

import msgspec

from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.model import ZERO, Account, Posting
from simulator.oauth import Client, Grant, bearer_token, secret
from simulator.requestlog import LoggedRequest
from simulator.service import (
    PORTUGUESE,
    Options,
    Refusal,
    Row,
    Service,
    iso_date,
    whole_number,
)

_MOVEMENTS: Final = re.compile(r"/contascontabeis/(\d+)/movimentacoes")
_BRASILIA: Final = timezone(timedelta(hours=-3))


@dataclass
class BlingOptions(Options):
    """How Bling answers.

    Attributes:
        page_cap: Larger pages are cut to this without a word.
        opening_balances: Whether accounts have `saldoInicial`.
        longest_span: Days that a date filter may span, None for any number.
    """

    page_cap: int | None = 100
    opening_balances: bool = True
    longest_span: int | None = None


def api_key(company_id: str) -> str:
    """Return the API key of a company."""
    return secret("bling", "api_key", company_id)


def account_id(company: Company, code: str) -> int:
    """Return Bling's id of an account; beyond 32 bits, below 2^53."""
    return _account_id(company.id, code)


@cache
def _account_id(company_id: str, code: str) -> int:
    return int(secret("bling", company_id, code)[:12], 16) + (1 << 40)


def code_of(company: Company, wanted: int) -> str | None:
    """Return the code of the account with that id."""
    codes = (account.code for account in company.accounts)
    return next((code for code in codes if account_id(company, code) == wanted), None)


class BlingService(Service):
    """`contascontabeis` and `movimentacoes` of the company that the key belongs to."""

    erp: ClassVar[str] = "bling"
    prefix: ClassVar[str] = "/bling/Api/v3"
    token_path: ClassVar[str | None] = "/bling/Api/v3/oauth/token"  # noqa: S105 - a path
    authorize_path: ClassVar[str | None] = "/bling/Api/v3/oauth/authorize"
    options: BlingOptions

    def __init__(self, *args: Any) -> None:
        """Register an application for each company."""
        super().__init__(*args)
        self.options = BlingOptions()
        for company in self.books.companies:
            self.tokens.register(
                Client(
                    Grant(self.erp, company.id),
                    secret("bling", "client_id", company.id),
                    secret("bling", "client_secret", company.id),
                    basic_only=True,
                )
            )

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return one company's keys."""
        grant = self.grant(company)
        if auth_type in (None, "api_key"):
            return {"api_key": api_key(grant.company or "")}
        return self.oauth_credentials(auth_type, grant)

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note page, company and account."""
        logged.endpoint = request.path.rpartition("/")[2]
        logged.page = whole_number(request.query.get("pagina", "1"))
        logged.company = self._company_id(request)
        match = _MOVEMENTS.fullmatch(request.path.removeprefix(self.prefix))
        company = self.books.get(logged.company or "")
        if match is not None and company is not None:
            logged.account = code_of(company, int(match[1]))

    def _company_id(self, request: Request) -> str | None:
        key = request.query.get("api_key") or bearer_token(request)
        for company in self.books.companies:
            if key == api_key(company.id):
                return company.id
        return self.company_id(request)

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """By key."""
        del logged
        return self._company_id(request) or "", self.erp

    def unauthorized(self) -> Response:
        """Answer a wrong key."""
        return self._error(401, "UNAUTHORIZED", "Não autorizado", "O token é inválido ou expirou.")

    def forbidden(self) -> Response:
        """Answer a missing scope."""
        text = "O aplicativo não tem o escopo necessário."
        return self._error(403, "FORBIDDEN", "Acesso negado", text)

    def too_many(self, rejection: Rejection) -> Response:
        """Answer too many requests, by the second or by the day."""
        daily = rejection.reason == "day"
        text = (
            "O limite de requisições por dia foi atingido, tente novamente amanhã."
            if daily
            else "O limite de requisições por segundo foi atingido, tente novamente mais tarde."
        )
        limit = rejection.limit.per_day if daily else rejection.limit.burst
        more = {"limit": limit, "period": "day" if daily else "second"}
        return self._error(
            429, "TOO_MANY_REQUESTS", "Limite de requisições atingido.", text, **more
        )

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a page."""
        company = self.books.get(self._company_id(request) or "")
        if company is None:
            raise Refusal(self.unauthorized())
        size = whole_number(request.query.get("limite", "100"))
        if logged.page is None or size is None:
            raise Refusal(self._invalid("pagina", "A página é inválida."))
        path = request.path.removeprefix(self.prefix)
        if request.method == "GET" and path == "/contascontabeis":
            accounts, _ = self.page(company.accounts, logged.page, size)
            # Nothing is booked before the first day there is: openings alone, rolled up.
            openings = {r.code: r.opening for r in company.trial_balance(date.min, date.min)}
            rows = [self._account(company, account, openings) for account in accounts]
            return self._data(rows, logged)
        if request.method == "GET" and _MOVEMENTS.fullmatch(path) and logged.account:
            lines = company.lines(*self._span(request), logged.account)
            postings, _ = self.page(lines, logged.page, size)
            return self._data([self._movement(posting) for posting in postings], logged)
        text = "O recurso requisitado não foi encontrado."
        raise Refusal(self._error(404, "RESOURCE_NOT_FOUND", "Recurso não encontrado", text))

    def _data(self, rows: list[Row], logged: LoggedRequest) -> Response:
        return self.json({"data": self.rows(rows)}, logged)

    def _span(self, request: Request) -> tuple[date, date]:
        query = request.query
        if "dataInicial" not in query and "dataFinal" not in query:
            # Without dates Bling answers with the current month, and says nothing about it.
            first = datetime.now(_BRASILIA).date().replace(day=1)
            return first, first.replace(day=monthrange(first.year, first.month)[1])
        start, end = iso_date(query.get("dataInicial")), iso_date(query.get("dataFinal"))
        if start is None or end is None:
            raise Refusal(self._invalid("dataInicial", "A data é inválida."))
        longest = self.options.longest_span
        if longest is not None and (end - start).days > longest:
            raise Refusal(self._invalid("dataFinal", "O período não pode exceder um ano."))
        return start, end

    def _account(self, company: Company, account: Account, openings: Mapping[str, Decimal]) -> Row:
        opening = openings.get(account.code) if self.options.opening_balances else None
        return {
            "id": account_id(company, account.code),
            "codigo": account.code,
            "descricao": account.name,
            "tipo": PORTUGUESE.get(account.type, "Compensação"),
            "contaPai": {"codigo": account.parent} if account.parent else None,
            "sintetica": account.is_summary,
            "saldoInicial": None if opening is None else self.number(opening),
        }

    def _movement(self, posting: Posting) -> Row:
        entry, line = posting
        debit = line.debit != ZERO
        return {
            "id": entry.id,
            "data": entry.date.isoformat(),
            "dataLancamento": entry.posting_date and entry.posting_date.isoformat(),
            "tipo": "D" if debit else "C",
            "valor": self.number(line.debit if debit else line.credit),
            "historico": line.description or entry.description,
            "numeroDocumento": entry.document_number,
            "tipoDocumento": entry.document_type,
            "centroCusto": line.cost_center,
            "contato": entry.entity and {"id": entry.entity.id, "nome": entry.entity.name},
        }

    def _invalid(self, element: str, text: str) -> Response:
        fields = [{"code": 49, "msg": text, "element": element, "namespace": ""}]
        return self._error(
            400, "VALIDATION_ERROR", "Não foi possível consultar", text, fields=fields
        )

    def _error(
        self, status: int, kind: str, message: str, description: str, **more: Any
    ) -> Response:
        error = {"type": kind, "message": message, "description": description, **more}
        return Response(status, msgspec.json.encode({"error": error}))
