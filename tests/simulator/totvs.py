"""TOTVS Protheus: unpaged answers, padded texts, balances on the account's natural side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar, Final, Literal

import msgspec

from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.model import Account
from simulator.oauth import Client, Grant, basic_credentials, bearer_token, secret
from simulator.requestlog import LoggedRequest
from simulator.service import Options, Refusal, Row, Service
from simulator.totvs_rows import entry_rows, nature_of

USERNAME: Final = "integracao"
PASSWORD: Final = secret("totvs", "password")
CLIENT_ID: Final = "erp-taps"
CLIENT_SECRET: Final = secret("totvs", "client_secret")

# The widths to which Protheus pads its columns with blanks.
_WIDTHS: Final = {
    "CT1_CONTA": 20,
    "CT1_DESC01": 40,
    "CT1_CTASUP": 20,
    "CT2_FILIAL": 6,
    "CT2_DTLANC": 8,
    "CT2_DEBITO": 20,
    "CT2_CREDIT": 20,
    "CT2_HIST": 40,
    "CT2_CCD": 9,
    "CT2_CCC": 9,
    "CT2_TPDOC": 3,
    "CT2_NUMDOC": 20,
    "CT2_CLIFOR": 12,
    "CT2_NOMECF": 40,
    "CT2_DTLP": 8,
}
_BLOCK_ROWS: Final = 500


@dataclass
class TotvsOptions(Options):
    """How this site's Protheus is set up.

    Attributes:
        padded: Texts filled up with blanks.
        cp1252: Bodies in Windows-1252, named in the content type.
        natural: Balances of credit-natured accounts positive on the credit side.
        inverted_class: `CTI_CLASSE` 1 for synthetic accounts.
        normal: `CTI_NORMAL` as letter or digit.
        nature: Whether `CT1_NATCTA` is filled.
        tenant: The `tenantId` header required, None for any.
        environment: The `environment` header required, None for any.
    """

    padded: bool = True
    cp1252: bool = False
    natural: bool = True
    inverted_class: bool = False
    normal: Literal["letters", "digits"] = "letters"
    nature: bool = True
    tenant: str | None = None
    environment: str | None = None


class TotvsService(Service):
    """`balancete` and `movimentacao`."""

    erp: ClassVar[str] = "totvs"
    several_companies: ClassVar[bool] = True
    prefix: ClassVar[str] = "/totvs/protheus"
    token_path: ClassVar[str | None] = "/totvs/oauth/token"  # noqa: S105 - a path
    options: TotvsOptions

    def __init__(self, *args: Any) -> None:
        """Start as a site with the product's defaults."""
        super().__init__(*args)
        self.options = TotvsOptions()
        self._grant = Grant(self.erp, None)
        self.tokens.register(
            Client(
                self._grant,
                CLIENT_ID,
                CLIENT_SECRET,
                USERNAME,
                PASSWORD,
                frozenset({"client_credentials", "password", "refresh_token"}),
            )
        )

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return the site's keys, which open every company."""
        del company
        if auth_type == "basic_auth":
            return {"username": USERNAME, "password": PASSWORD}
        return self.oauth_credentials(auth_type, self._grant)

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note company and account."""
        logged.endpoint = request.path.rpartition("/")[2]
        logged.company = request.query.get("empresa")
        logged.account = request.query.get("conta")

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
        """Serve a report."""
        self._admit(request)
        path = request.path.removeprefix(self.prefix)
        if request.method != "GET" or path not in (
            "/rest/CTBR020/balancete",
            "/rest/CTBR020/movimentacao",
        ):
            raise Refusal(self._error(404, "Not Found", f"Recurso não encontrado: {path}"))
        company = self.books.get(logged.company or "")
        if company is None:
            text = f"Empresa {logged.company} não encontrada"
            raise Refusal(self._error(400, "Empresa inválida", text))
        span = self._date(request, "dataInicial"), self._date(request, "dataFinal")
        if logged.endpoint == "balancete":
            rows: Iterable[Row] = self._balances(company, span)
        else:
            if not logged.account:
                raise Refusal(self._error(400, "Parâmetro inválido", "conta não informada"))
            rows = self._movements(company, span, logged.account.strip())
        rows = map(self._finished, rows)
        if self.is_tampered(logged.endpoint):
            body = self.tampered({logged.endpoint: list(rows)}, logged)
            return self._response(iter([self._encoded(body)]))
        return self._response(self._blocks(logged.endpoint, rows))

    def _admit(self, request: Request) -> None:
        token = bearer_token(request)
        by_token = token is not None and self.tokens.check(self.erp, token) is not None
        if not by_token and basic_credentials(request) != (USERNAME, PASSWORD):
            raise Refusal(self.unauthorized())
        for header, wanted in (
            ("tenantid", self.options.tenant),
            ("environment", self.options.environment),
        ):
            # HTTP itself strips the blanks that end a branch's name.
            if wanted is not None and request.headers.get(header) != wanted.strip():
                text = f"Cabeçalho {header} ausente ou não autorizado"
                raise Refusal(self._error(403, "Forbidden", text))

    def _date(self, request: Request, name: str) -> date:
        text = request.query.get(name, "")
        try:
            if len(text) == len("20241231") and text.isascii() and text.isdigit():
                return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass  # 20240231
        raise Refusal(self._error(400, "Parâmetro inválido", f"{name} deve ser AAAAMMDD"))

    # Rows

    def _balances(self, company: Company, span: tuple[date, date]) -> Iterator[Row]:
        for row in company.trial_balance(*span):
            account = company.account(row.code)
            if account is None:
                continue
            turned = self.options.natural and account.nature == "C"
            yield {
                "CT1_CONTA": account.code,
                "CT1_DESC01": account.name,
                "CT1_CTASUP": account.parent or "",
                "CT1_NATCTA": nature_of(account) if self.options.nature else "  ",
                "CTI_CLASSE": self._class(account),
                "CTI_NORMAL": self._normal(account),
                "CTI_SALDOI": -row.opening if turned else row.opening,
                "CTI_DEBITO": row.debit,
                "CTI_CREDITO": row.credit,
                "CTI_SALDOF": -row.closing if turned else row.closing,
            }

    def _class(self, account: Account) -> str:
        return "2" if account.is_summary != self.options.inverted_class else "1"

    def _normal(self, account: Account) -> str:
        if self.options.normal == "letters":
            return account.nature
        return "1" if account.nature == "D" else "2"

    def _movements(self, company: Company, span: tuple[date, date], account: str) -> Iterator[Row]:
        last = None
        for entry, _ in company.lines(*span, account):
            if entry is last:
                continue  # an entry with two lines on the account
            last = entry
            yield from entry_rows(entry, company.filial, account)

    def _finished(self, row: Row) -> Row:
        options = self.options
        if options.padded:
            for name, width in _WIDTHS.items():
                if name in row:
                    row[name] = row[name].ljust(width)
        for name in options.omit.intersection(row):
            del row[name]
        if options.numbers != "number":
            for name, value in row.items():
                if isinstance(value, (Decimal, int)):
                    row[name] = self.number(Decimal(value))
        return row

    # The wire

    def _encoded(self, value: Any) -> bytes:
        data = self.encode(value)
        return data.decode().encode("cp1252", "replace") if self.options.cp1252 else data

    def _blocks(self, key: str, rows: Iterable[Row]) -> Iterator[bytes]:
        """Yield the body in blocks, so that a million rows never exist at once."""
        rows = iter(rows)
        separator = b'{"%b":[' % key.encode()
        while block := list(islice(rows, _BLOCK_ROWS)):
            yield separator + self._encoded(block)[1:-1]
            separator = b","
        yield b"]}" if separator == b"," else separator + b"]}"

    def _response(self, body: Iterator[bytes]) -> Response:
        charset = "cp1252" if self.options.cp1252 else "utf-8"
        return Response(200, body, f"application/json; charset={charset}")

    def _error(self, status: int, message: str, detail: str) -> Response:
        body = {"code": str(status), "message": message, "detailedMessage": detail}
        return Response(status, msgspec.json.encode(body))
