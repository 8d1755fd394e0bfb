"""Omie as it publishes its API: bank accounts, categories, statements and titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal, NamedTuple

from simulator.cash import CashBook, CashDesk, Category, MoneyAccount, Movement
from simulator.company import Company
from simulator.http11 import Request, Response
from simulator.model import ZERO
from simulator.oauth import secret
from simulator.omie import OmieService
from simulator.omie_moods import Guard, NoRecords, OmieOptions, fault
from simulator.requestlog import LoggedRequest
from simulator.service import Refusal, Row, json_object, whole_number


class _Dialect(NamedTuple):
    """One of Omie's two ways to page."""

    page: str
    size: str
    pages: str
    rows: str
    all_rows: str


P1: Final = _Dialect(
    "pagina", "registros_por_pagina", "total_de_paginas", "registros", "total_de_registros"
)
P2: Final = _Dialect("nPagina", "nRegPorPagina", "nTotPaginas", "nRegistros", "nTotRegistros")


class _Method(NamedTuple):
    path: str
    dialect: _Dialect | None
    tags: tuple[str, ...]
    required: tuple[str, ...] = ()


_METHODS: Final = {
    "ListarContasCorrentes": _Method(
        "geral/contacorrente", P1, ("filtrar_apenas_ativo", "filtrar_por_data_de")
    ),
    "ListarCategorias": _Method("geral/categorias", P1, ("filtrar_apenas_ativo",)),
    "ListarExtrato": _Method(
        "financas/extrato",
        None,
        ("nCodCC", "cCodIntCC", "dPeriodoInicial", "dPeriodoFinal", "cExibirApenasSaldo"),
        ("nCodCC", "dPeriodoInicial", "dPeriodoFinal"),
    ),
    "PesquisarLancamentos": _Method(
        "financas/pesquisartitulos",
        P2,
        ("cNatureza", "dDtPagtoDe", "dDtPagtoAte", "dDtVencDe", "dDtVencAte", "lDadosCad"),
        ("cNatureza",),
    ),
    "ListarMovimentos": _Method(
        "financas/mf", P2, ("cNatureza", "dDtPagtoDe", "dDtPagtoAte", "nCodCC", "lDadosCad")
    ),
}


@dataclass
class OmiePublicOptions(OmieOptions):
    """Omie's moods under its public API.

    Attributes:
        page_cap: 100 rows a page, whatever is asked for.
        statement_cap: Movements in a statement; the others are left out in silence.
        html_entities: Names hold `&amp;` as Omie's do.
        forecast: What a statement calls a row that has not happened yet.
        balance_rows: Where a statement has lines of balances: once, or after each day too.
        current_balance: What `nSaldoAtual` is the balance of.
        transfer_category: The category of transfers: the one that is listed, one that is not, or
            none.
    """

    page_cap: int | None = 100
    statement_cap: int = 50
    html_entities: bool = True
    forecast: str = "Previsto"
    balance_rows: Literal["first", "daily"] = "daily"
    current_balance: Literal["end", "today"] = "end"
    transfer_category: Literal["listed", "0.01", ""] = "listed"


class OmiePublicService(OmieService):
    """The finance methods; an application's keys open one company."""

    erp: ClassVar[str] = "omie_public"
    several_companies: ClassVar[bool] = False
    chosen_by: ClassVar[Mapping[str, str]] = {"api": "public"}
    prefix: ClassVar[str] = "/omie-public/api/v1"
    options: OmiePublicOptions

    def __init__(self, *args: Any) -> None:
        """Start in a good mood."""
        super().__init__(*args)
        self.options = OmiePublicOptions()
        self._guard = Guard(self.options)
        self.desk = CashDesk(self.books)

    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return the keys of one company's application."""
        del auth_type
        of = self.books[company] if company else self.books.company
        return _keys(of)

    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note call, param and company."""
        super().understand(request, logged)
        body = json_object(request.body) or {}
        company = self._company(body)
        logged.company = company.id if company else None
        number = logged.params.get("nCodCC")
        logged.account = None if number is None else str(number)
        page = logged.params.get("pagina", logged.params.get("nPagina", 1))
        logged.page = whole_number(page)

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """Rate and concurrency both by key and method."""
        body = json_object(request.body) or {}
        key = f"{body.get('app_key')} {logged.endpoint}"
        return key, key

    # The calls

    def _company(self, body: Mapping[str, Any]) -> Company | None:
        given = (body.get("app_key"), body.get("app_secret"))
        for company in self.books.companies:
            if tuple(_keys(company).values()) == given:
                return company
        return None

    def _call(self, request: Request, path: str, logged: LoggedRequest) -> Response:
        body = json_object(request.body)
        if body is None:
            raise Refusal(fault(self.options, "ERROR: JSON inválido", "SOAP-ENV:Client-71"))
        company = self._company(body)
        if company is None:
            raise Refusal(self.unauthorized())
        method = _METHODS.get(logged.endpoint)
        if method is None or method.path != path:
            text = f'ERROR: Method "{logged.endpoint}" not exists'
            raise Refusal(fault(self.options, text, "SOAP-ENV:Server"))
        self._check_tags(method, body.get("param"))
        cash = self.desk.of(company.id)
        if logged.endpoint == "ListarExtrato":
            return self.json(self._statement(cash, logged.params), logged)
        rows: Iterable[Row]
        if logged.endpoint == "ListarContasCorrentes":
            key, rows = "ListarContasCorrentes", map(self._account, cash.accounts)
        elif logged.endpoint == "ListarCategorias":
            key, rows = "categoria_cadastro", map(_category, cash.categories)
        elif logged.endpoint == "PesquisarLancamentos":
            key, rows = "titulosEncontrados", self._titles(cash, logged.params)
        else:
            key, rows = "movimentos", self._twice(cash, logged.params)
        return self.json(self._listing(method, key, list(rows), logged), logged)

    def _check_tags(self, method: _Method, param: object) -> None:
        if not (isinstance(param, list) and len(param) == 1 and isinstance(param[0], dict)):
            raise Refusal(fault(self.options, "ERROR: param inválido", "SOAP-ENV:Client-71"))
        paging = (method.dialect.page, method.dialect.size) if method.dialect else ()
        for tag in param[0]:
            if tag not in (*method.tags, *paging):
                text = f"ERROR: Tag [{tag}] não faz parte da estrutura do tipo complexo!"
                raise Refusal(fault(self.options, text, "SOAP-ENV:Client-5001"))
        for tag in method.required:
            if tag not in param[0]:
                text = f"ERROR: O preenchimento da tag [{tag}] é obrigatório!"
                raise Refusal(fault(self.options, text, "SOAP-ENV:Client-5003"))

    def _listing(
        self, method: _Method, key: str, rows: Sequence[Row], logged: LoggedRequest
    ) -> dict[str, Any]:
        dialect = method.dialect
        assert dialect is not None  # all listings are paged
        number = logged.page
        size = whole_number(logged.params.get(dialect.size, 50))
        if number is None or size is None:
            raise Refusal(fault(self.options, "ERROR: Página inválida!", "SOAP-ENV:Client-5002"))
        if self.options.broken_above is not None and size > self.options.broken_above:
            text = "SOAP-ERROR: Broken response from Application Server (BG)"
            raise Refusal(fault(self.options, text, "SOAP-ENV:Server"))
        page, pages = self.page(rows, number, size)
        if not page:
            text = f"ERROR: Não existem registros para a página [{number}]!"
            raise NoRecords(fault(self.options, text, "SOAP-ENV:Client-5113"))
        return {
            dialect.page: number,
            dialect.pages: pages,
            dialect.rows: len(page),
            dialect.all_rows: len(rows),
            key: self.rows(page),
        }

    def _span(self, param: Mapping[str, Any], first: str, last: str) -> tuple[date, date]:
        return self._date(param, first), self._date(param, last)

    # Rows

    def _account(self, account: MoneyAccount) -> Row:
        return {
            "nCodCC": account.id,
            "descricao": account.name,
            "tipo_conta_corrente": "CC",
            "codigo_banco": "001",
            "saldo_inicial": self.number(account.initial),
            "saldo_data": "01/01/2020",
            "inativo": "N" if account.active else "S",
        }

    def _statement(self, cash: CashBook, param: Mapping[str, Any]) -> dict[str, Any]:
        start, end = self._span(param, "dPeriodoInicial", "dPeriodoFinal")
        number = whole_number(param["nCodCC"])
        account = next((one for one in cash.accounts if one.id == number), None)
        if account is None:
            # The code that elsewhere says "nothing found": code and text decide together.
            text = f"ERROR: Conta corrente [{number}] não cadastrada!"
            raise Refusal(fault(self.options, text, "SOAP-ENV:Client-101"))
        before = cash.balance(account.id, start)
        moved = cash.between(start, end, account.id, forecasts=True)
        head: dict[str, Any] = {
            "nCodCC": account.id,
            "cDescricao": account.name,
            "dPeriodoInicial": param["dPeriodoInicial"],
            "dPeriodoFinal": param["dPeriodoFinal"],
            "nSaldoAnterior": self.number(before),
            "nSaldoAtual": self.number(
                cash.balance(account.id, end + timedelta(days=1))
                if self.options.current_balance == "end"
                else cash.balance(account.id, date.max)
            ),
        }
        if param.get("cExibirApenasSaldo") == "S":
            return head
        rows = [self._balance_line(start - timedelta(days=1), "SALDO ANTERIOR", before)]
        for at, one in enumerate(moved[: self.options.statement_cap]):
            rows.append(self._moved(one))
            is_last = at + 1 == len(moved) or moved[at + 1].date != one.date
            if is_last and self.options.balance_rows == "daily":
                held = cash.balance(account.id, one.date + timedelta(days=1))
                rows.append(self._balance_line(one.date, "SALDO DO DIA", held))
        return {**head, "listaMovimentos": self.rows(rows)}

    def _balance_line(self, day: date, words: str, balance: Decimal) -> Row:
        return {
            "dDataLancamento": f"{day:%d/%m/%Y}",
            "cDesCliente": words,
            "nValorDocumento": self.number(ZERO),
            "nSaldo": self.number(balance),
        }

    def _moved(self, one: Movement) -> Row:
        category, _ = one.parts[0]
        if one.kind == "transfer" and self.options.transfer_category != "listed":
            category = self.options.transfer_category
        return {
            "nCodLancamento": one.id,
            "nCodLancRelac": one.titles[0].id if one.titles else None,
            "cSituacao": self.options.forecast if one.forecast else "Conciliado",
            "dDataLancamento": f"{one.date:%d/%m/%Y}",
            # Expenses come negative already, and with nature P beside it.
            "nValorDocumento": self.number(one.amount),
            "cCodCategoria": category,
            "cDesCategoria": "",
            "cTipoDocumento": "BOL" if one.titles else "DIN",
            "cNumero": one.document,
            "cOrigem": _origin(one),
            "cObservacoes": one.description,
            "cNatureza": "R" if one.amount > 0 else "P",
            "nCodCliente": one.entity.id if one.entity else 0,
            "cRazCliente": one.entity.name if one.entity else "",
        }

    def _titles(self, cash: CashBook, param: Mapping[str, Any]) -> list[Row]:
        start, end = self._paid(param, cash)
        found = []
        for one in cash.between(start, end):
            nature = "R" if one.amount > 0 else "P"
            if nature != param.get("cNatureza", nature):
                continue
            for title in one.titles:
                head: dict[str, Any] = {
                    "nCodTitulo": title.id,
                    "cNatureza": nature,
                    "nValorTitulo": self.number(title.face),
                    "cCodCateg": title.parts[0][0],
                }
                if len(title.parts) > 1:
                    head["aCodCateg"] = [
                        {
                            "cCodCateg": category,
                            "nPerc": self.number(amount * 100 / title.face),
                            "nValor": self.number(amount),
                        }
                        for category, amount in title.parts
                    ]
                settlement = {
                    "nCodLanc": title.id + 1,
                    "nIdLancCC": one.id,
                    "dDtLanc": f"{one.date:%d/%m/%Y}",
                    "nCodCC": one.account,
                    "nValLanc": self.number(title.paid),
                    "nJuros": self.number(max(title.paid - title.face, ZERO)),
                    "cNatureza": nature,
                }
                found.append({"cabecTitulo": head, "lancamentos": [settlement]})
        return found

    def _twice(self, cash: CashBook, param: Mapping[str, Any]) -> list[Row]:
        """Every settled title as the title and again as the movement on its bank account."""
        rows = []
        for title in self._titles(cash, param):
            head, settlement = title["cabecTitulo"], title["lancamentos"][0]
            receivable = head["cNatureza"] == "R"
            for group in (
                "CONTA_A_RECEBER" if receivable else "CONTA_A_PAGAR",
                "CONTA_CORRENTE_REC" if receivable else "CONTA_CORRENTE_PAG",
            ):
                details = {
                    "nCodTitulo": head["nCodTitulo"],
                    "cGrupo": group,
                    "nCodCC": settlement["nCodCC"],
                    "dDtPagamento": settlement["dDtLanc"],
                }
                paid = {"nValPago": settlement["nValLanc"]}
                # Documented, but always empty.
                rows.append({"detalhes": details, "resumo": paid, "categorias": []})
        return rows

    def _paid(self, param: Mapping[str, Any], cash: CashBook) -> tuple[date, date]:
        """The days asked for, else the last thirty of the books."""
        if "dDtPagtoDe" in param and "dDtPagtoAte" in param:
            return self._span(param, "dDtPagtoDe", "dDtPagtoAte")
        last = max((one.date for one in cash.movements), default=date(2024, 1, 31))
        return last - timedelta(days=30), last


def _keys(company: Company) -> dict[str, str]:
    return {
        "app_key": str(38333000000 + int(company.filial[:2])),
        "app_secret": secret("omie_public", company.id),
    }


def _origin(one: Movement) -> str:
    """Where a row comes from, in the words that a statement has for it."""
    incoming = one.amount > 0
    if one.forecast:
        return f"Previsão de {'Recebimento' if incoming else 'Pagamento'}"
    if one.kind == "transfer":
        return f"{'Crédito' if incoming else 'Débito'} de Transferência"
    return {"title": "BAXR" if incoming else "BAXP", "direct": "MANR" if incoming else "MANP"}[
        one.kind
    ]


def _category(one: Category) -> Row:
    is_total = one.code.count(".") == 1
    return {
        "codigo": one.code,
        "descricao": one.name,
        "categoria_superior": one.parent,
        "totalizadora": "S" if is_total else "N",
        # Headings say neither.
        "conta_receita": "S" if one.kind == "R" and not is_total else "N",
        "conta_despesa": "S" if one.kind == "P" and not is_total else "N",
        "transferencia": "S" if one.kind == "T" else "N",
    }


__all__ = ["P1", "P2", "OmiePublicOptions", "OmiePublicService"]
