"""Bling v2: XML, the page in the path, errors and the end of the pages inside the body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, Literal
from xml.sax.saxutils import escape

from simulator.bling_v3 import account_id, api_key, code_of
from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.model import ZERO, Account, Posting
from simulator.requestlog import LoggedRequest
from simulator.service import PORTUGUESE, Options, Refusal, Row, Service, whole_number

_PATH: Final = re.compile(r"/contascontabeis(?:/(\d+)/(movimentacoes))?/page=(\d+)/xml/?")
_FILTER: Final = re.compile(r"data\[(\d\d)/(\d\d)/(\d{4}) TO (\d\d)/(\d\d)/(\d{4})\]")


@dataclass
class BlingV2Options(Options):
    """How Bling v2 answers.

    Attributes:
        page_cap: Rows on a page, which the client cannot choose.
        end: The page after the last: an error of code 14, or an empty list.
        error_status: HTTP status of answers with errors.
    """

    page_cap: int | None = 100
    end: Literal["cod 14", "empty"] = "cod 14"
    error_status: int = 200


class BlingV2Service(Service):
    """`contascontabeis` and `movimentacoes` of the company that the key belongs to."""

    erp: ClassVar[str] = "bling_v2"
    chosen_by: ClassVar[Mapping[str, str]] = {"api_version": "v2"}
    prefix: ClassVar[str] = "/bling/Api/v2"
    options: BlingV2Options

    def __init__(self, *args: Any) -> None:
        """Start with the product's defaults."""
        super().__init__(*args)
        self.options = BlingV2Options()

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return one company's key."""
        del auth_type
        return {"api_key": api_key(self.grant(company).company or "")}

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note page, company and account."""
        logged.endpoint = "contascontabeis"
        logged.company = self._company_id(request)
        match = _PATH.fullmatch(request.path.removeprefix(self.prefix))
        if match is None:
            return
        logged.page = whole_number(match[3])
        if match[2]:
            logged.endpoint = match[2]
            company = self.books.get(logged.company or "")
            logged.account = code_of(company, int(match[1])) if company else None

    def _company_id(self, request: Request) -> str | None:
        key = request.query.get("apikey")
        return next((c.id for c in self.books.companies if key == api_key(c.id)), None)

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """By key."""
        del logged
        return request.query.get("apikey", ""), self.erp

    def unauthorized(self) -> Response:
        """Answer a wrong key."""
        return self._error(3, "API Key inválida")

    def too_many(self, rejection: Rejection) -> Response:
        """Answer too many requests, in the body as everything."""
        period = "dia" if rejection.reason == "day" else "segundo"
        return self._error(18, f"O limite de requisições por {period} foi atingido")

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a page."""
        company = self.books.get(logged.company or "")
        if company is None:
            raise Refusal(self.unauthorized())
        match = _PATH.fullmatch(request.path.removeprefix(self.prefix))
        if request.method != "GET" or match is None or logged.page is None:
            raise Refusal(self._error(1, "O recurso requisitado não foi encontrado"))
        page: Iterable[Row]
        if logged.endpoint == "movimentacoes":
            key, item = "movimentacoes", "movimentacao"
            lines = company.lines(*self._span(request), logged.account or "")
            postings, _ = self.page(lines, logged.page, len(lines) or 1)
            page = map(self._movement, postings)
        else:
            key, item = "contascontabeis", "contacontabil"
            accounts, _ = self.page(company.accounts, logged.page, len(company.accounts) or 1)
            page = [self._account(company, account) for account in accounts]
        rows = self.rows(page)
        if not rows and self.options.end == "cod 14":
            raise Refusal(self._error(14, "A informação desejada não foi encontrada"))
        body = self.tampered({"retorno": {key: [{item: row} for row in rows]}}, logged)
        return self._xml(body)

    def _span(self, request: Request) -> tuple[date, date]:
        filters = request.query.get("filters")
        if filters is None:
            return date.min, date.max
        match = _FILTER.fullmatch(filters)
        try:
            if match is not None:
                day, month, year, last_day, last_month, last_year = map(int, match.groups())
                return date(year, month, day), date(last_year, last_month, last_day)
        except ValueError:
            pass  # 31/02/2024
        raise Refusal(self._error(40, "Filtro inválido"))

    def _account(self, company: Company, account: Account) -> Row:
        return {
            "id": account_id(company, account.code),
            "codigo": account.code,
            "descricao": account.name,
            "tipo": PORTUGUESE.get(account.type, "Compensação"),
            "contaPai": account.parent or "",
            "sintetica": "S" if account.is_summary else "N",
        }

    def _movement(self, posting: Posting) -> Row:
        entry, line = posting
        debit = line.debit != ZERO
        return {
            "id": entry.id,
            "data": entry.date.isoformat(),
            "dataLancamento": entry.posting_date.isoformat() if entry.posting_date else "",
            "tipo": "D" if debit else "C",
            "valor": self.number(line.debit if debit else line.credit),
            "historico": line.description or entry.description,
            "numeroDocumento": entry.document_number or "",
            "tipoDocumento": entry.document_type or "",
            "centroCusto": line.cost_center or "",
            "contato": {
                "id": entry.entity.id if entry.entity else "",
                "nome": entry.entity.name if entry.entity else "",
            },
        }

    def _error(self, code: int, text: str) -> Response:
        body = {"retorno": {"erros": [{"erro": {"cod": code, "msg": text}}]}}
        response = self._xml(body)
        response.status = self.options.error_status
        return response

    def _xml(self, body: Mapping[str, Any]) -> Response:
        text = '<?xml version="1.0" encoding="UTF-8"?>\n' + _elements(body)
        return Response(200, text.encode(), "text/xml; charset=utf-8")


def _elements(value: object) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_elements(inner)}</{name}>" for name, inner in value.items())
    if isinstance(value, list):
        return "".join(map(_elements, value))
    return escape(str(value))
