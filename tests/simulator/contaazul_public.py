"""Conta Azul as it publishes its API: payables, receivables, what settled them, transfers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec

from simulator.cash import CashBook, Category, MoneyAccount, Movement
from simulator.company import Company
from simulator.contaazul_rows import CENTERS, ContaAzulPublicOptions, ContaAzulRows
from simulator.http11 import Request, Response
from simulator.installments import (
    OPENED,
    OPERATIONS,
    Extras,
    Installment,
    PlannedDesk,
    Settlement,
    installments,
    uuid,
)
from simulator.limits import Rejection
from simulator.model import BalanceRow
from simulator.oauth import Client, Grant, secret
from simulator.requestlog import LoggedRequest
from simulator.service import Refusal, Row, Service, iso_date, whole_number

SIZES: Final = frozenset({10, 20, 50, 100, 200, 500, 1000})
_EVENTS: Final = "/v1/financeiro/eventos-financeiros"
_KINDS: Final = ("CONTA_CORRENTE", "CAIXINHA", "CARTAO_CREDITO", "CONTA_CORRENTE")
_INSTALLMENT: Final = re.compile(rf"{_EVENTS}/parcelas/([^/]+)(/baixa)?")
_BALANCE: Final = re.compile(r"/v1/conta-financeira/([^/]+)/saldo-atual")


class ContaAzulPublicService(Service):
    """The finance resources of the company that the token belongs to."""

    erp: ClassVar[str] = "contaazul_public"
    chosen_by: ClassVar[Mapping[str, str]] = {"api": "public"}
    prefix: ClassVar[str] = "/contaazul-public"
    token_path: ClassVar[str | None] = "/contaazul-public/oauth/token"  # noqa: S105 - a path
    authorize_path: ClassVar[str | None] = "/contaazul-public/login"
    authorize_route: ClassVar[str] = "#/oauth/authorize"
    options: ContaAzulPublicOptions

    def __init__(self, *args: Any) -> None:
        """Register an application for each company."""
        super().__init__(*args)
        self.options = ContaAzulPublicOptions()
        self._write = ContaAzulRows(self.options, self.number)
        self.desk = PlannedDesk(self.books)
        for company in self.books.companies:
            self.tokens.register(
                Client(
                    Grant(self.erp, company.id),
                    f"ca-{secret(self.erp, company.id)[:12]}",
                    secret(self.erp, "client_secret", company.id),
                    grant_types=frozenset({"refresh_token"}),
                    basic_only=True,
                )
            )

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return one company's keys; the refresh token rotates if the simulator's tokens do."""
        grant = self.grant(company)
        if auth_type == "bearer_token":
            return self.oauth_credentials(auth_type, grant)
        settings = self.oauth_credentials("refresh_token", grant)
        del settings["grant_type"]
        return settings

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note page and company; details are the endpoints `parcela` and `baixa`."""
        path = request.path.removeprefix(self.prefix)
        logged.endpoint = path.removesuffix("/buscar").rpartition("/")[2]
        found = _INSTALLMENT.fullmatch(path)
        if found:
            logged.endpoint = "baixa" if found[2] else "parcela"
        logged.page = whole_number(request.query.get("pagina", "1"))
        logged.company = self.company_id(request)

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """By the connected company, whatever token is used."""
        return super().limited_by(request, logged)[0] and (logged.company or ""), self.erp

    def unauthorized(self) -> Response:
        """Answer a wrong token."""
        return _error(401, "The Token has expired.")

    def forbidden(self) -> Response:
        """Answer a missing permission."""
        return _error(403, "Acesso negado ao recurso.")

    def too_many(self, rejection: Rejection) -> Response:
        """Answer too many requests."""
        del rejection
        return _error(429, "Limite de requisições excedido.")

    def token_answer(self, response: Response) -> Response:
        """Say more of a grant that is no good."""
        body = msgspec.json.decode(response.body) if isinstance(response.body, bytes) else {}
        if body.get("error") == "invalid_grant":
            body["error_subtype"] = "invalid_refresh_token"
            response.body = msgspec.json.encode(body)
        return response

    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a resource."""
        company = self.books.get(self.company_id(request) or "")
        if company is None:
            raise Refusal(self.unauthorized())
        path = request.path.removeprefix(self.prefix)
        if request.method != "GET":
            raise Refusal(_error(403, "Somente leitura neste ambiente."))
        cash = self.desk.of(company.id)
        query = {k: v for k, v in request.query.items() if k not in self.options.ignored}
        if path == "/v1/pessoas/conta-conectada":
            if not self.options.scope:
                raise Refusal(self.forbidden())
            return self.json(identity(company), logged)
        if path == "/v1/categorias/configuracao-padrao":
            return self.json(self._configuration(), logged)
        serve: dict[str, Callable[[CashBook, dict[str, str]], list[Row]]] = {
            "/v1/conta-financeira": self._accounts,
            "/v1/categorias": _categories,
            "/v1/centro-de-custo": lambda _cash, _query: _centers(),
            "/v1/financeiro/transferencias": self._transfers,
            f"{_EVENTS}/contas-a-receber/buscar": lambda c, q: self._search(c, q, receivable=True),
            f"{_EVENTS}/contas-a-pagar/buscar": lambda c, q: self._search(c, q, receivable=False),
            f"{_EVENTS}/alteracoes": self._changes,
            f"{_EVENTS}/saldo-inicial": self._initial,
        }
        if path in serve:
            rows = self.rows(serve[path](cash, query))
            return self._page_of(path, rows, query, logged)
        return self._one(cash, path, logged)

    def _page_of(
        self, path: str, rows: Sequence[Row], query: dict[str, str], logged: LoggedRequest
    ) -> Response:
        required = path.endswith("/buscar") or path in {"/v1/categorias", "/v1/centro-de-custo"}
        size = whole_number(query.get("tamanho_pagina", "" if required else "10"))
        number = whole_number(query.get("pagina", "" if required else "1"))
        free = path.rpartition("/")[2] in {"alteracoes", "saldo-inicial"}
        if number is None or size is None or not (free or size in SIZES):
            raise Refusal(_error(400, "O parâmetro 'tamanho_pagina' é inválido."))
        page, _ = self.page(rows, number, size)
        key = "items" if path == "/v1/centro-de-custo" else "itens"
        return self.json({"itens_totais": len(rows), key: list(page)}, logged)

    def _one(self, cash: CashBook, path: str, logged: LoggedRequest) -> Response:
        balance = _BALANCE.fullmatch(path)
        if balance:
            for one in cash.accounts:
                if uuid("account", one.id) == balance[1]:
                    held = self._write.sum(cash.balance(one.id, date.max))
                    return self.json({"saldo_atual": held}, logged)
        asked = _INSTALLMENT.fullmatch(path)
        for found in self._installments(cash) if asked else ():
            if asked and found.id == asked[1]:
                body: Any = (
                    self._write.settlements(found) if asked[2] else self._write.details(found)
                )
                return self.json(body, logged)
        raise Refusal(_error(404, "Recurso não encontrado."))

    # Lists

    def _installments(self, cash: CashBook) -> list[Installment]:
        options = self.options
        found = installments(cash, self.desk.plans(cash), event_scoped=options.event_scoped)
        return found + (_as_events(cash) if options.transfers_listed else [])

    def _accounts(self, cash: CashBook, query: dict[str, str]) -> list[Row]:
        # What is not asked for is left out.
        active_only = query.get("apenas_ativo", "true") == "true"
        with_cash_boxes = query.get("mostrar_caixinha", "false") == "true"
        return [
            {
                "id": uuid("account", one.id),
                "nome": one.name,
                "tipo": kind,
                "banco": "BANCO_BRASIL",
                "ativo": one.active,
                "conta_padrao": False,
            }
            for one, kind in zip(cash.accounts, _KINDS, strict=True)
            if (one.active or not active_only) and (kind != "CAIXINHA" or with_cash_boxes)
        ]

    def _search(self, cash: CashBook, query: dict[str, str], *, receivable: bool) -> list[Row]:
        due = _days(query, "data_vencimento_de", "data_vencimento_ate")
        if due is None and "data_vencimento_de" in self.options.ignored:
            due = (date.min, date.min)
        if due is None:
            raise Refusal(_error(400, "O parâmetro 'data_vencimento_de' é obrigatório."))
        if (due[1] - due[0]).days >= self.options.longest_window:
            raise Refusal(_error(400, "O intervalo de vencimento é longo demais."))
        paid = _days(query, "data_pagamento_de", "data_pagamento_ate")
        changed = _moments(query, "data_alteracao_de", "data_alteracao_ate")
        return [
            self._write.listed(one)
            for one in self._installments(cash)
            if one.receivable == receivable
            and (due[1] == date.min or due[0] <= one.due <= due[1])
            and (paid is None or one.moved(*paid))
            and (changed is None or one.moved(*changed))
        ]

    def _transfers(self, cash: CashBook, query: dict[str, str]) -> list[Row]:
        days = _days(query, "data_inicio", "data_fim") or (date.min, date.max)
        pairs: dict[int, dict[bool, Movement]] = {}
        for one in cash.movements:
            if one.kind == "transfer":
                pairs.setdefault(one.id, {})[one.amount > 0] = one
        return [
            {
                "id": uuid("transfer", number),
                "descricao": pair[False].description,
                "valor": self.number(-pair[False].amount),
                "data": pair[False].date.isoformat(),
                "origem": self._write.side(pair[False], cash),
                "destino": self._write.side(pair[True], cash),
            }
            for number, pair in pairs.items()
            if days[0] <= pair[False].date <= days[1]
        ]

    def _changes(self, cash: CashBook, query: dict[str, str]) -> list[Row]:
        days = self._required_moments(query)
        found = (one.event for one in self._installments(cash) if one.moved(*days))
        return [{"id": event} for event in dict.fromkeys(found)]

    def _initial(self, cash: CashBook, query: dict[str, str]) -> list[Row]:
        first, last = self._required_moments(query)
        return [
            {
                "tipo": "RECEITA" if one.initial > 0 else "DESPESA",
                "id_conta_financeira": uuid("account", one.id),
                "data_competencia": OPENED.isoformat(),
                "saldo_inicial": self.number(
                    abs(one.initial) if self.options.unsigned else one.initial
                ),
            }
            for one in cash.accounts
            if one.initial and first <= OPENED <= last
        ]

    def _required_moments(self, query: dict[str, str]) -> tuple[date, date]:
        days = _moments(query, "data_inicio", "data_fim")
        if "data_inicio" in self.options.ignored:
            return date.min, date.max
        if days is None:
            raise Refusal(_error(400, "O parâmetro 'data_inicio' é obrigatório."))
        return days

    def _configuration(self) -> list[Row]:
        chosen = OPERATIONS if self.options.configured else dict.fromkeys(OPERATIONS)
        return [
            {
                "tipo_operacao": name,
                "id_categoria": uuid("category", code) if code else None,
                "nome_categoria": code,
                "sugestao_padrao": None,
            }
            for name, code in chosen.items()
        ]


def identity(company: Company) -> Row:
    """Return what Conta Azul says of the company."""
    return {
        "id_empresa": uuid("company", company.id),
        "documento": f"98765{int(company.filial[:2]):03d}000142",
        "razao_social": company.name,
    }


def money_code(account: MoneyAccount) -> str:
    """Return the code by which the ledger knows an account."""
    return f"CC.{uuid('account', account.id)}"


def category_code(category: Category) -> str:
    """Return the code by which the ledger knows a category."""
    return f"CAT.{uuid('category', category.code)}"


def money_in(cash: CashBook, since: date, start: date, end: date) -> dict[str, BalanceRow]:
    """Return what the ledger of a period must say, for one that begins on `since`."""
    codes = {f"CC.{one.id}": money_code(one) for one in cash.accounts}
    rows = cash.trial_balance(since, start, end, category_code)
    return {
        codes.get(name, name): row._replace(code=codes.get(name, name))
        for name, row in rows.items()
    }


def _categories(cash: CashBook, query: dict[str, str]) -> list[Row]:
    children_only = query.get("permite_apenas_filhos")
    if children_only not in {"true", "false"}:
        raise Refusal(_error(400, "O parâmetro 'permite_apenas_filhos' é obrigatório."))
    return [
        {
            "id": uuid("category", one.code),
            "versao": 0,
            "nome": one.name,
            "categoria_pai": uuid("category", one.parent) if one.parent else None,
            "tipo": "RECEITA" if one.kind == "R" else "DESPESA",
            "entrada_dre": "DESPESAS_ADMINISTRATIVAS" if one.kind == "P" else None,
        }
        for one in cash.categories
        if one.kind != "T" and (one.parent or children_only == "false")
    ]


def _centers() -> list[Row]:
    return [
        {"id": uuid("center", name), "codigo": code, "nome": name, "ativo": True}
        for name, code in CENTERS
    ]


def _as_events(cash: CashBook) -> list[Installment]:
    """Transfers and initial balances once more, as events of their own kinds."""
    found = []
    for one in cash.movements:
        if one.kind == "transfer":
            event = uuid("transfer", one.id)
            side = uuid("side", f"{one.id}/{one.amount > 0}")
            found.append(_event(side, event, one.account, one.amount, one.date, "TRANSFERENCIA"))
    for account in cash.accounts:
        if account.initial:
            name = uuid("initial", account.id)
            found.append(
                _event(name, name, account.id, account.initial, OPENED, "SALDO_CONTA_BANCARIA")
            )
    return found


def _event(
    name: str, event: str, account: int, amount: Decimal, day: date, origin: str
) -> Installment:
    made = Installment(name, event, amount > 0, day, {}, origin, origin=origin)
    made.settlements.append(Settlement(f"{name}", day, account, abs(amount), Extras()))
    return made


def _days(query: dict[str, str], first: str, last: str) -> tuple[date, date] | None:
    """The days of a filter; None if it is not used."""
    if first not in query and last not in query:
        return None
    start, end = iso_date(query.get(first)), iso_date(query.get(last))
    if start is None or end is None:
        raise Refusal(_error(400, f"O parâmetro '{first}' é inválido."))
    if end < start:
        raise Refusal(_error(400, "A data de início não pode ser posterior à data de fim."))
    return start, end


def _moments(query: dict[str, str], first: str, last: str) -> tuple[date, date] | None:
    """The days of a filter by local times without an offset; None if it is not used."""
    if first not in query and last not in query:
        return None
    found = []
    for name in (first, last):
        try:
            moment = datetime.strptime(query.get(name, ""), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - local, as the API wants it
        except ValueError:
            raise Refusal(_error(400, f"O parâmetro '{name}' é inválido.")) from None
        found.append(moment)
    if found[1] - found[0] > timedelta(days=365):
        raise Refusal(_error(400, "O intervalo não pode exceder 365 dias."))
    return found[0].date(), found[1].date()


def _error(status: int, message: str) -> Response:
    return Response(status, msgspec.json.encode({"code": status, "message": message}))


__all__ = [
    "SIZES",
    "ContaAzulPublicOptions",
    "ContaAzulPublicService",
    "category_code",
    "identity",
    "money_code",
    "money_in",
]
