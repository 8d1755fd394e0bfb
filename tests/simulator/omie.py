"""Omie: JSON calls by POST, page totals, and faults that arrive as HTTP 500."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.model import Account, BalanceRow, Posting
from simulator.oauth import secret
from simulator.omie_moods import Guard, NoRecords, OmieOptions, fault
from simulator.requestlog import LoggedRequest
from simulator.service import (
    PORTUGUESE,
    Refusal,
    Row,
    Service,
    json_object,
    whole_number,
)

APP_KEY: Final = "38333295000"
APP_SECRET: Final = secret("omie", "app_secret")

_DATE: Final = re.compile(r"(\d\d)/(\d\d)/(\d{4})")
_COMMON: Final = ("dDataDe", "dDataAte", "nCodEmpresa", "nPagina", "nRegPorPagina")


class _Method(NamedTuple):
    path: str
    tags: tuple[str, ...]
    required: tuple[str, ...]


_METHODS: Final = {
    "ListarBalancete": _Method("geral/balancete", _COMMON, _COMMON[:3]),
    "ListarMovimentos": _Method(
        "geral/contacorrente", ("cCodConta", *_COMMON), ("cCodConta", *_COMMON[:3])
    ),
}


class OmieService(Service):
    """`ListarBalancete` and `ListarMovimentos`."""

    erp: ClassVar[str] = "omie"
    several_companies: ClassVar[bool] = True
    prefix: ClassVar[str] = "/omie/api/v1"
    options: OmieOptions

    def __init__(self, *args: Any) -> None:
        """Start in a good mood."""
        super().__init__(*args)
        self.options = OmieOptions()
        self._guard = Guard(self.options)

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return the application's keys; one application reads every company."""
        del auth_type, company
        return {"app_key": APP_KEY, "app_secret": APP_SECRET}

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note call and param."""
        body = json_object(request.body) or {}
        param = body.get("param")
        param = param[0] if isinstance(param, list) and param else {}
        logged.endpoint = str(body.get("call", ""))
        if isinstance(param, dict):
            logged.params = param
            logged.company = _text(param.get("nCodEmpresa"))
            logged.account = _text(param.get("cCodConta"))
            logged.page = whole_number(param.get("nPagina", 1))

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """Rate by application, concurrency by method."""
        del request
        return APP_KEY, logged.endpoint

    def unauthorized(self) -> Response:
        """A wrong key is 403."""
        return fault(
            self.options,
            "A chave de acesso está inválida ou o aplicativo está suspenso.",
            "SOAP-ENV:Server",
            status=403,
        )

    def too_many(self, rejection: Rejection) -> Response:
        """Answer 429, which has a form of its own."""
        del rejection
        body = {
            "error_code": 429,
            "error_message": "Too Many Requests",
            "error_hash": secret("omie", "429")[:32],
        }
        return Response(429, msgspec.json.encode(body))

    def serve(self, request: Request, logged: LoggedRequest, pause: Callable[[], None]) -> Response:
        """Serve a call that is not shut out, and shut others out meanwhile."""
        with self._guard.call(logged.endpoint, request.body):
            return super().serve(request, logged, pause)

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a call."""
        path = request.path.removeprefix(self.prefix)
        if not path.endswith("/"):
            target = {"Location": request.path + "/"}
            return Response(301, b"", "text/html", headers=target)
        if request.method != "POST":
            return fault(self.options, "Method not allowed", "SOAP-ENV:Client", status=405)
        return self._call(request, path.strip("/"), logged)

    # The calls

    def _call(self, request: Request, path: str, logged: LoggedRequest) -> Response:
        body = json_object(request.body)
        if body is None:
            raise Refusal(fault(self.options, "ERROR: JSON inválido", "SOAP-ENV:Client-71"))
        if (body.get("app_key"), body.get("app_secret")) != (APP_KEY, APP_SECRET):
            raise Refusal(self.unauthorized())
        method = _METHODS.get(logged.endpoint)
        if method is None or method.path != path:
            text = f'ERROR: Method "{logged.endpoint}" not exists'
            raise Refusal(fault(self.options, text, "SOAP-ENV:Server"))
        company = self._check_param(method, body.get("param"))
        start = self._date(logged.params, "dDataDe")
        end = self._date(logged.params, "dDataAte")
        size = whole_number(logged.params.get("nRegPorPagina", 50))
        if logged.page is None or size is None:
            raise Refusal(fault(self.options, "ERROR: Página inválida!", "SOAP-ENV:Client-5002"))
        if self.options.broken_above is not None and size > self.options.broken_above:
            text = "SOAP-ERROR: Broken response from Application Server (BG)"
            raise Refusal(fault(self.options, text, "SOAP-ENV:Server"))
        if logged.endpoint == "ListarBalancete":
            return self._balancete(company, (start, end), logged, size)
        return self._movimentos(company, (start, end), logged, size)

    def _check_param(self, method: _Method, param: object) -> Company:
        if not (isinstance(param, list) and len(param) == 1 and isinstance(param[0], dict)):
            raise Refusal(fault(self.options, "ERROR: param inválido", "SOAP-ENV:Client-71"))
        for tag in param[0]:
            if tag not in method.tags:
                text = f"ERROR: Tag [{tag}] não faz parte da estrutura do tipo complexo!"
                raise Refusal(fault(self.options, text, "SOAP-ENV:Client-5001"))
        for tag in method.required:
            if tag not in param[0]:
                text = f"ERROR: O preenchimento da tag [{tag}] é obrigatório!"
                raise Refusal(fault(self.options, text, "SOAP-ENV:Client-5003"))
        wanted = str(param[0]["nCodEmpresa"])
        company = self.books.get(wanted) or next(
            (c for c in self.books.companies if c.id.lstrip("0") == wanted), None
        )
        if company is None:
            # The code that elsewhere says "nothing found": code and text decide together.
            text = f"ERROR: Empresa [{wanted}] não cadastrada para este aplicativo!"
            raise Refusal(fault(self.options, text, "SOAP-ENV:Client-101"))
        return company

    def _date(self, param: Mapping[str, Any], tag: str) -> date:
        match = _DATE.fullmatch(str(param[tag]))
        try:
            if match is not None:
                return date(int(match[3]), int(match[2]), int(match[1]))
        except ValueError:
            pass  # 31/02/2024
        text = f"ERROR: Data inválida na tag [{tag}]!"
        raise Refusal(fault(self.options, text, "SOAP-ENV:Client-5004"))

    def _balancete(
        self, company: Company, span: tuple[date, date], logged: LoggedRequest, size: int
    ) -> Response:
        balances = company.trial_balance(*span)
        page = self._page(balances, logged, size)
        rows = [self._balance_row(company, balance) for balance in page.rows]
        return self.json({**page.head, "balancete": self.rows(rows)}, logged)

    def _balance_row(self, company: Company, balance: BalanceRow) -> Row:
        account = company.account(balance.code) or _unknown(balance.code)
        turned = self.options.natural and account.nature == "C"
        return {
            "cCodConta": account.code,
            "cDescConta": account.name,
            "cTipoConta": self._type(account),
            "cCodContaPai": account.parent,
            "nNivel": account.level,
            "cSintetica": "S" if account.is_summary else "N",
            "nSaldoInicial": self.number(-balance.opening if turned else balance.opening),
            "nDebitos": self.number(balance.debit),
            "nCreditos": self.number(balance.credit),
            "nSaldoFinal": self.number(-balance.closing if turned else balance.closing),
        }

    def _type(self, account: Account) -> str | None:
        if not self.options.stated_type:
            return None
        if account.type is None:
            return "Compensação"
        is_cost = account.type == "EXPENSE" and account.code[0] == "4"
        return "Custo" if is_cost else PORTUGUESE[account.type]

    def _movimentos(
        self, company: Company, span: tuple[date, date], logged: LoggedRequest, size: int
    ) -> Response:
        code = logged.account or ""
        account = company.account(code)
        page = self._page(company.lines(*span, code), logged, size)
        rows = [self._movement(account, posting) for posting in page.rows]
        return self.json({**page.head, "movimentos": self.rows(rows)}, logged)

    def _movement(self, account: Account | None, posting: Posting) -> Row:
        entry, line = posting
        return {
            "nCodMov": entry.id,
            "dDtMov": f"{entry.date:%d/%m/%Y}",
            "dDtLanc": f"{entry.posting_date:%d/%m/%Y}" if entry.posting_date else None,
            "cCodConta": line.account,
            "cDescConta": account.name if account else None,
            "nDebito": self.number(line.debit),
            "nCredito": self.number(line.credit),
            "cHistorico": line.description or entry.description,
            "cNumDoc": entry.document_number,
            "cTipoDoc": entry.document_type,
            "cCodCC": line.cost_center,
            "nCodCliente": entry.entity.id if entry.entity else None,
            "cNomeCliente": entry.entity.name if entry.entity else None,
        }

    def _page(self, rows: Sequence[Any], logged: LoggedRequest, size: int) -> _Page:
        number = logged.page or 1
        page, pages = self.page(rows, number, size)
        if not page and not (self.options.empty == "list" and not rows):
            if rows or self.options.empty == "5113":
                text = f"ERROR: Não existem registros para a página [{number}]!"
                raise NoRecords(fault(self.options, text, "SOAP-ENV:Client-5113"))
            text = "ERROR: Nenhum registro foi encontrado!"
            raise NoRecords(fault(self.options, text, f"SOAP-ENV:Client-{self.options.empty}"))
        head = {
            "nPagina": number,
            "nTotPaginas": pages,
            "nRegistros": len(page),
            "nTotRegistros": len(rows),
        }
        return _Page(head, page)


class _Page(NamedTuple):
    head: dict[str, int]
    rows: Sequence[Any]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _unknown(code: str) -> Account:
    return Account(code, "", None, "D", None, 1, is_summary=False)
