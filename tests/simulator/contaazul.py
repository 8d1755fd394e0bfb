"""ContaAzul: a chart and whole entries, pages with totals, tokens that expire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.model import Account, Entry, Line
from simulator.oauth import Client, Grant, secret
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


@dataclass
class ContaAzulOptions(Options):
    """How ContaAzul answers.

    Attributes:
        page_cap: Larger pages are cut to this, and say so in `per_page`.
        english: Account types in English.
        totals: Whether pages name `total` and `total_pages`.
    """

    page_cap: int | None = 1000
    english: bool = True
    totals: bool = True


class ContaAzulService(Service):
    """`chart-of-accounts` and `transactions` of the company that the token belongs to."""

    erp: ClassVar[str] = "contaazul"
    prefix: ClassVar[str] = "/contaazul/v1"
    token_path: ClassVar[str | None] = "/contaazul/oauth/token"  # noqa: S105 - a path
    authorize_path: ClassVar[str | None] = "/contaazul/login"
    authorize_route: ClassVar[str] = "#/oauth/authorize"
    options: ContaAzulOptions

    def __init__(self, *args: Any) -> None:
        """Register an application for each company."""
        super().__init__(*args)
        self.options = ContaAzulOptions()
        for company in self.books.companies:
            self.tokens.register(
                Client(
                    Grant(self.erp, company.id),
                    f"ca-{secret('contaazul', company.id)[:12]}",
                    secret("contaazul", "client_secret", company.id),
                )
            )

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return the keys of one company's application."""
        return self.oauth_credentials(auth_type, self.grant(company))

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note page and company."""
        logged.endpoint = request.path.rpartition("/")[2]
        logged.page = whole_number(request.query.get("page", "1"))
        logged.company = self.company_id(request)

    def unauthorized(self) -> Response:
        """Answer a wrong token."""
        return self._error(401, "Token inválido ou expirado")

    def too_many(self, rejection: Rejection) -> Response:
        """Answer too many requests."""
        del rejection
        return self._error(429, "Limite de requisições excedido")

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a page."""
        company = self.books.get(self.company_id(request) or "")
        if company is None:
            raise Refusal(self.unauthorized())
        path = request.path.removeprefix(self.prefix)
        if request.method == "GET" and path == "/chart-of-accounts":
            rows = self.rows(map(self._account, company.accounts))
            return self.json({"accounts": rows}, logged)
        if request.method == "GET" and path == "/transactions":
            return self._transactions(company, request, logged)
        raise Refusal(self._error(404, f"Recurso não encontrado: {path}"))

    def _account(self, account: Account) -> Row:
        types = account.type if self.options.english else PORTUGUESE.get(account.type)
        return {
            "id": secret("contaazul", "account", account.code)[:24],
            "code": account.code,
            "name": account.name,
            "type": types or "Compensação",
            "parent_code": account.parent,
            "level": account.level,
            "is_summary": account.is_summary,
        }

    def _transactions(self, company: Company, request: Request, logged: LoggedRequest) -> Response:
        start = iso_date(request.query.get("start_date"))
        end = iso_date(request.query.get("end_date"))
        size = whole_number(request.query.get("per_page", "20"))
        if start is None or end is None or size is None or logged.page is None:
            raise Refusal(self._error(400, "Parâmetros inválidos"))
        entries = company.entries_between(start, end)
        page, pages = self.page(entries, logged.page, size)
        body: dict[str, Any] = {
            "transactions": self.rows(map(self._transaction, page)),
            "page": logged.page,
            "per_page": min(size, self.options.page_cap or size),
        }
        if self.options.totals:
            body |= {"total": len(entries), "total_pages": pages}
        return self.json(body, logged)

    def _transaction(self, entry: Entry) -> Row:
        return {
            "id": entry.uuid,
            "date": entry.date.isoformat(),
            "posting_date": entry.posting_date and entry.posting_date.isoformat(),
            "description": entry.description,
            "document_number": entry.document_number,
            "document_type": entry.document_type,
            "entity": entry.entity and {"id": str(entry.entity.id), "name": entry.entity.name},
            "lines": self.rows(map(self._line, entry.lines)),
        }

    def _line(self, line: Line) -> Row:
        return {
            "account_code": line.account,
            "debit_amount": self.number(line.debit),
            "credit_amount": self.number(line.credit),
            "cost_center": line.cost_center,
            "description": line.description,
        }

    def _error(self, status: int, message: str) -> Response:
        return Response(status, msgspec.json.encode({"code": status, "message": message}))
