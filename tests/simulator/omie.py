"""Omie: JSON calls by POST, page totals, and faults that arrive as HTTP 500."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from threading import Lock
from time import monotonic
from typing import Any, ClassVar, Final, Literal, NamedTuple

import msgspec

from simulator.company import Company
from simulator.limits import Rejection
from simulator.model import Account, BalanceRow, Posting
from simulator.oauth import secret
from simulator.requestlog import LoggedRequest
from simulator.service import (
    PORTUGUESE,
    Options,
    Refusal,
    Row,
    Service,
    json_object,
    whole_number,
)
from simulator.wire import Request, Response

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


@dataclass
class OmieOptions(Options):
    """Omie's moods.

    Attributes:
        page_cap: Omie serves at most 500 rows a page.
        natural: Balances of credit-natured accounts positive on the credit side.
        stated_type: Whether `cTipoConta` is given.
        fault_status: HTTP status of business faults; sometimes it is 200.
        fault_as_list: Faults as `[{"CODIGO", "MENSAGEM", "ORIGEM"}]`.
        empty: How an empty result is said: by a fault, or by an empty list.
        redundant_window: Seconds in which the same call again is refused; None for never.
        one_at_a_time: A method's second call is refused while the first is under way.
        no_duplicates: The same call again is refused while the first is under way.
        misuse_after: Failing calls of a method in a row that block it; None for never.
        misuse_counts_empty: Whether "no records" counts among them.
        misuse_seconds: How long a block lasts.
        broken_above: Pages of more rows than this break; None for never.
    """

    page_cap: int | None = 500
    natural: bool = False
    stated_type: bool = True
    fault_status: int = 500
    fault_as_list: bool = False
    empty: Literal["5113", "101", "5094", "list"] = "5113"
    redundant_window: float | None = None
    one_at_a_time: bool = False
    no_duplicates: bool = False
    misuse_after: int | None = 10
    misuse_counts_empty: bool = False
    misuse_seconds: int = 1800
    broken_above: int | None = None


class OmieService(Service):
    """`ListarBalancete` and `ListarMovimentos`."""

    erp: ClassVar[str] = "omie"
    prefix: ClassVar[str] = "/omie/api/v1"
    options: OmieOptions

    def __init__(self, *args: Any) -> None:
        """Start in a good mood."""
        super().__init__(*args)
        self.options = OmieOptions()
        self._lock = Lock()
        self._failing: Counter[str] = Counter()
        self._blocked: dict[str, float] = {}
        self._answered: dict[bytes, float] = {}
        self._under_way: Counter[object] = Counter()

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
        return self._fault(
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

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a call; keep count of failing ones."""
        path = request.path.removeprefix(self.prefix)
        if not path.endswith("/"):
            target = {"Location": request.path + "/"}
            return Response(301, b"", "text/html", headers=target)
        if request.method != "POST":
            return self._fault("Method not allowed", "SOAP-ENV:Client", status=405)
        method = logged.endpoint
        self._check_block(method)
        lanes = self._enter(method, request.body)
        try:
            response = self._call(request, path.strip("/"), logged)
        except Refusal as refusal:
            if self.options.misuse_counts_empty or not isinstance(refusal, _NoRecords):
                self._failed(method)
            raise
        else:
            with self._lock:
                del self._failing[method]
                self._answered[request.body] = monotonic()
            return response
        finally:
            with self._lock:
                self._under_way.subtract(lanes)

    # The oddities, in the order in which they strike

    def _check_block(self, method: str) -> None:
        with self._lock:
            left = self._blocked.get(method, 0) - monotonic()
        if left > 0:
            text = (
                "ERROR: API bloqueada por consumo indevido. "
                f"Tente novamente em {int(left) + 1} segundos."
            )
            raise Refusal(self._fault(text, "MISUSE_API_PROCESS", status=425))

    def _enter(self, method: str, body: bytes) -> list[object]:
        options = self.options
        with self._lock:
            text = code = ""
            last = self._answered.get(body)
            if options.redundant_window is not None and last is not None:
                left = options.redundant_window - (monotonic() - last)
                if left > 0:
                    self._answered[body] = monotonic()  # an early retry starts the wait again
                    text = (
                        f"ERROR: Consumo redundante detectado. Aguarde {int(left) + 1} segundos "
                        "para tentar novamente. (REDUNDANT)"
                    )
                    code = "SOAP-ENV:Client-6"
            if options.no_duplicates and self._under_way[body]:
                moment = datetime.now(timezone.utc) + timedelta(seconds=60)
                text = (
                    "ERROR: Esta requisição já foi processada ou está sendo processada. "
                    f"Você pode tentar novamente às {moment:%H:%M:%S}."
                )
                code = "SOAP-ENV:Client-8020"
            elif options.one_at_a_time and self._under_way[method]:
                text = "ERROR: Já existe uma requisição desse método sendo executada"
                code = "SOAP-ENV:Client-1880"
            if not text:
                lanes: list[object] = [method, body]
                self._under_way.update(lanes)
                return lanes
        raise Refusal(self._fault(text, code))

    def _failed(self, method: str) -> None:
        options = self.options
        if options.misuse_after is None:
            return
        with self._lock:
            self._failing[method] += 1
            if self._failing[method] >= options.misuse_after:
                del self._failing[method]
                self._blocked[method] = monotonic() + options.misuse_seconds

    # The calls

    def _call(self, request: Request, path: str, logged: LoggedRequest) -> Response:
        body = json_object(request.body)
        if body is None:
            raise Refusal(self._fault("ERROR: JSON inválido", "SOAP-ENV:Client-71"))
        if (body.get("app_key"), body.get("app_secret")) != (APP_KEY, APP_SECRET):
            raise Refusal(self.unauthorized())
        method = _METHODS.get(logged.endpoint)
        if method is None or method.path != path:
            text = f'ERROR: Method "{logged.endpoint}" not exists'
            raise Refusal(self._fault(text, "SOAP-ENV:Server"))
        company = self._check_param(method, body.get("param"))
        start = self._date(logged.params, "dDataDe")
        end = self._date(logged.params, "dDataAte")
        size = whole_number(logged.params.get("nRegPorPagina", 50))
        if logged.page is None or size is None:
            raise Refusal(self._fault("ERROR: Página inválida!", "SOAP-ENV:Client-5002"))
        if self.options.broken_above is not None and size > self.options.broken_above:
            text = "SOAP-ERROR: Broken response from Application Server (BG)"
            raise Refusal(self._fault(text, "SOAP-ENV:Server"))
        if logged.endpoint == "ListarBalancete":
            return self._balancete(company, (start, end), logged, size)
        return self._movimentos(company, (start, end), logged, size)

    def _check_param(self, method: _Method, param: object) -> Company:
        if not (isinstance(param, list) and len(param) == 1 and isinstance(param[0], dict)):
            raise Refusal(self._fault("ERROR: param inválido", "SOAP-ENV:Client-71"))
        for tag in param[0]:
            if tag not in method.tags:
                text = f"ERROR: Tag [{tag}] não faz parte da estrutura do tipo complexo!"
                raise Refusal(self._fault(text, "SOAP-ENV:Client-5001"))
        for tag in method.required:
            if tag not in param[0]:
                text = f"ERROR: O preenchimento da tag [{tag}] é obrigatório!"
                raise Refusal(self._fault(text, "SOAP-ENV:Client-5003"))
        wanted = str(param[0]["nCodEmpresa"])
        company = self.books.get(wanted) or next(
            (c for c in self.books.companies if c.id.lstrip("0") == wanted), None
        )
        if company is None:
            # The code that elsewhere says "nothing found": code and text decide together.
            text = f"ERROR: Empresa [{wanted}] não cadastrada para este aplicativo!"
            raise Refusal(self._fault(text, "SOAP-ENV:Client-101"))
        return company

    def _date(self, param: Mapping[str, Any], tag: str) -> date:
        match = _DATE.fullmatch(str(param[tag]))
        try:
            if match is not None:
                return date(int(match[3]), int(match[2]), int(match[1]))
        except ValueError:
            pass  # 31/02/2024
        text = f"ERROR: Data inválida na tag [{tag}]!"
        raise Refusal(self._fault(text, "SOAP-ENV:Client-5004"))

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
        return "Custo" if account.code[0] == "4" else PORTUGUESE[account.type]

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
                raise _NoRecords(self._fault(text, "SOAP-ENV:Client-5113"))
            text = "ERROR: Nenhum registro foi encontrado!"
            raise _NoRecords(self._fault(text, f"SOAP-ENV:Client-{self.options.empty}"))
        head = {
            "nPagina": number,
            "nTotPaginas": pages,
            "nRegistros": len(page),
            "nTotRegistros": len(rows),
        }
        return _Page(head, page)

    def _fault(self, text: str, code: str, status: int | None = None) -> Response:
        status = status or self.options.fault_status
        body: object = {"faultstring": text, "faultcode": code}
        if self.options.fault_as_list:
            body = [{"CODIGO": code.rpartition("-")[2], "MENSAGEM": text, "ORIGEM": "API"}]
        headers = {"OmieAPI-Error": f"{code.rpartition('-')[2]} - {text}"}
        return Response(status, msgspec.json.encode(body), headers=headers)


class _NoRecords(Refusal):
    """An answer without rows, which Omie too states as a fault."""


class _Page(NamedTuple):
    head: dict[str, int]
    rows: Sequence[Any]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _unknown(code: str) -> Account:
    return Account(code, "", None, "D", None, 1, is_summary=False)
