"""What Bling's API v3 answers, from its documents: accounts, categories, the cash book."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from field.server import Answer, Call, Script

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class CashRow:
    """A row of the cash book; `amount` is what Bling shows, the side is `side`."""

    number: int
    day: date
    amount: Decimal
    side: str = "C"
    category: int = 50
    bank: int = 11
    situation: str = "R"
    transfer: str = "0"
    text: str = "venda de balcão"
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Bling:
    """The plain facts."""

    rows: list[CashRow]
    ignores_situation: bool = True
    brazilian_dates: bool = False
    cnpj: str = "12.345.678/0001-95"
    page: int = 100
    no_accounts: bool = False
    all_in_list: bool = False
    """Whether the list says what the documents know of the details alone."""

    def script(self) -> Script:
        """The answers of all addresses."""
        script = Script()
        script.on("GET", "/contas-contabeis", self._banks)
        script.on("GET", "/categorias/receitas-despesas", self._categories)
        script.on("GET", "/caixas", self._cash)
        script.on("GET", "/caixas/*", self._detail)
        script.on("GET", "/empresas/me/dados-basicos", self._company)
        return script

    def _banks(self, call: Call) -> Answer:
        rows = [
            {"id": n, "descricao": f"Conta {n}", "tipo": 1, "aliasIntegracao": None}
            for n in (11, 12)
        ]
        return _page(call, [] if self.no_accounts else rows)

    def _categories(self, call: Call) -> Answer:
        rows = [
            {"id": 50, "idCategoriaPai": 0, "descricao": "Vendas", "tipo": 2},
            {"id": 60, "idCategoriaPai": 0, "descricao": "Compras", "tipo": 1},
        ]
        return _page(call, [] if self.no_accounts else rows)

    def _cash(self, call: Call) -> Answer:
        first, last = call.query["dataInicial"], call.query["dataFinal"]
        shown = [
            self._row(row) | (_purpose(row) if self.all_in_list else {})
            for row in self.rows
            if first <= row.day.isoformat() <= last
            and (self.ignores_situation or row.situation == call.query.get("situacao", "R"))
        ]
        return _page(call, shown, self.page)

    def _detail(self, call: Call) -> Answer:
        number = call.path.rpartition("/")[2]
        for row in self.rows:
            if str(row.number) == number:
                detail = self._row(row) | {
                    "id": row.number,
                    "competencia": row.day.isoformat(),
                    "tipoLancamento": 1,
                    **_purpose(row),
                }
                return Answer({"data": detail | row.more})
        return Answer(
            {"error": {"type": "RESOURCE_NOT_FOUND", "message": "x", "description": "y"}}, 404
        )

    def _row(self, row: CashRow) -> dict[str, Any]:
        return {
            "id": str(row.number),
            "debCred": row.side,
            "situacao": row.situation,
            "valor": row.amount,
            "data": f"{row.day:%d/%m/%Y}" if self.brazilian_dates else row.day.isoformat(),
            "observacoes": row.text,
            "descricao": "Vendas",
            "origem": {"id": 0, "tipo": "caixa"},
            "contato": {"id": 0},
            "contaFinanceira": {"id": row.bank, "descricao": f"Conta {row.bank}"},
        } | row.more

    def _company(self, _: Call) -> Answer:
        return Answer({"data": {"id": "abc", "nome": "Acme", "cnpj": self.cnpj}})


def _purpose(row: CashRow) -> dict[str, Any]:
    return {"saldo": "N", "categoria": {"id": row.category}, "transferencia": row.transfer}


def _page(call: Call, rows: list[dict[str, Any]], size: int = 100) -> Answer:
    number = int(call.query.get("pagina", "1"))
    size = int(call.query.get("limite", size))
    return Answer({"data": rows[(number - 1) * size : number * size]})
