"""The reference APIs as the product's own specification writes them down, each over plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from field.server import Answer, Call, Script

Opening = tuple[str, str]
"""Opening balance and movement of an account: a debit is positive."""


@dataclass
class Omie:
    """Two accounts, Banco and Fornecedores, and the rows of each one's ledger."""

    bank_name: str = "Banco"
    opening: Decimal = Decimal(1000)
    rows: list[dict[str, Any]] = field(default_factory=list)
    empty: bool = False

    def script(self) -> Script:
        """The answers of both methods."""
        script = Script()
        script.on("POST", "/geral/balancete/", self._balances)
        script.on("POST", "/geral/contacorrente/", self._movements)
        return script

    def _balances(self, _: Call) -> Answer:
        moved = sum((row["nDebito"] - row["nCredito"] for row in self._of("1.1")), Decimal(0))
        rows = [
            self._account("1.1", self.bank_name, "Ativo", self.opening, moved),
            self._account("2.1", "Fornecedores", "Passivo", -self.opening, -moved),
        ]
        return self._page("balancete", [] if self.empty else rows)

    def _movements(self, call: Call) -> Answer:
        (asked,) = call.body["param"]
        return self._page("movimentos", self._of(asked["cCodConta"]))

    def _of(self, code: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["cCodConta"] == code]

    def _account(
        self, code: str, name: str, kind: str, opening: Decimal, moved: Decimal
    ) -> dict[str, Any]:
        return {
            "cCodConta": code,
            "cDescConta": name,
            "cTipoConta": kind,
            "cSintetica": "N",
            "nSaldoInicial": opening,
            "nDebitos": max(moved, Decimal(0)),
            "nCreditos": max(-moved, Decimal(0)),
            "nSaldoFinal": opening + moved,
        }

    def _page(self, name: str, rows: list[dict[str, Any]]) -> Answer:
        head = {"nPagina": 1, "nTotPaginas": 1, "nRegistros": len(rows), "nTotRegistros": len(rows)}
        return Answer(head | {name: rows})


def omie_posting(number: int, amount: str, **more: Any) -> list[dict[str, Any]]:
    """A payment into the bank, and its other side."""
    value = Decimal(amount)
    return [
        {
            "nCodMov": number,
            "dDtMov": "10/01/2024",
            "cCodConta": code,
            "nDebito": debit,
            "nCredito": credit,
            "cHistorico": "recebimento",
        }
        | more
        for code, debit, credit in (("1.1", value, Decimal(0)), ("2.1", Decimal(0), value))
    ]


@dataclass
class ContaAzul:
    """A chart of two accounts, and transactions; `grows` are keyed in after the first page."""

    transactions: list[dict[str, Any]]
    grows: Sequence[dict[str, Any]] = ()
    empty_chart: bool = False

    def script(self) -> Script:
        """The answers of both addresses."""
        script = Script()
        script.on("GET", "/chart-of-accounts", self._chart)
        script.on("GET", "/transactions", self._page)
        return script

    def _chart(self, _: Call) -> Answer:
        rows = [
            {"id": "a", "code": "1.1", "name": "Banco", "type": "ASSET"},
            {"id": "b", "code": "4.1", "name": "Vendas", "type": "REVENUE"},
        ]
        return Answer({"accounts": [] if self.empty_chart else rows})

    def _page(self, call: Call) -> Answer:
        asked = call.query
        number, size = int(asked["page"]), int(asked["per_page"])
        shown = [
            row
            for row in self.transactions
            if asked["start_date"] <= row["date"] <= asked["end_date"]
        ]
        answer = {
            "transactions": shown[(number - 1) * size : number * size],
            "page": number,
            "per_page": size,
            "total": len(shown),
            "total_pages": -(-len(shown) // size),
        }
        if number == 1 and self.grows and shown:
            self.transactions = [*self.grows, *self.transactions]
            self.grows = ()
        return Answer(answer)


def transaction(number: int, amount: str, day: str = "2024-01-10") -> dict[str, Any]:
    """A sale."""
    value = Decimal(amount)
    return {
        "id": f"t{number}",
        "date": day,
        "description": f"venda {number}",
        "lines": [
            {"account_code": "1.1", "debit_amount": value, "credit_amount": Decimal(0)},
            {"account_code": "4.1", "debit_amount": Decimal(0), "credit_amount": value},
        ],
    }


@dataclass
class Bling:
    """A chart of two accounts, the movements of each, and what the first one opens with."""

    movements: dict[int, list[dict[str, Any]]]
    parent: Any = None
    opening: Decimal = Decimal(0)
    no_accounts: bool = False

    def script(self) -> Script:
        """The answers of both addresses."""
        script = Script()
        script.on("GET", "/contascontabeis", self._chart)
        script.on("GET", "/contascontabeis/*", self._movements)
        return script

    def _chart(self, call: Call) -> Answer:
        rows = [
            {"id": 1, "codigo": "1.1", "descricao": "Banco", "tipo": "Ativo"},
            {"id": 2, "codigo": "3.1", "descricao": "Vendas", "tipo": "Receita"},
        ]
        for row, opening in zip(rows, (self.opening, -self.opening), strict=True):
            row["saldoInicial"] = opening
        if self.parent is not None:
            rows = [row | {"contaPai": self.parent} for row in rows]
        return _bling(call, [] if self.no_accounts else rows)

    def _movements(self, call: Call) -> Answer:
        number = int(call.path.split("/")[2])
        return _bling(call, self.movements.get(number, []))


def _bling(call: Call, rows: list[dict[str, Any]]) -> Answer:
    number, size = int(call.query["pagina"]), int(call.query["limite"])
    return Answer({"data": rows[(number - 1) * size : number * size]})


def totvs(balances: list[dict[str, Any]], movements: dict[str, list[dict[str, Any]]]) -> Script:
    """Protheus' balancete and, for each account, its movimentacao."""
    script = Script()
    script.on("GET", "/rest/CTBR020/balancete", lambda _: Answer({"balancete": balances}))
    script.on(
        "GET",
        "/rest/CTBR020/movimentacao",
        lambda call: Answer({"movimentacao": movements.get(call.query["conta"], [])}),
    )
    return script


def totvs_account(code: str, side: str, nature: str, opening: str, moved: str) -> dict[str, Any]:
    """An analytic account, balances in its own nature, `moved` to its own side."""
    start, change = Decimal(opening), Decimal(moved)
    return {
        "CT1_CONTA": code,
        "CT1_DESC01": f"Conta {code}",
        "CT1_NATCTA": nature,
        "CTI_CLASSE": "1",
        "CTI_NORMAL": side,
        "CTI_SALDOI": start,
        "CTI_DEBITO": change if side == "D" else Decimal(0),
        "CTI_CREDITO": change if side == "C" else Decimal(0),
        "CTI_SALDOF": start + change,
    }


def totvs_entry(amount: str, text: str = "recebimento") -> dict[str, Any]:
    """A double entry of 15 January 2024 from account 21 to account 11."""
    return {
        "CT2_FILIAL": "01",
        "CT2_DATA": "20240115",
        "CT2_LOTE": "008800",
        "CT2_SBLOTE": "001",
        "CT2_DOC": "000001",
        "CT2_LINHA": "001",
        "CT2_DC": "3",
        "CT2_DEBITO": "11",
        "CT2_CREDIT": "21",
        "CT2_VALOR": Decimal(amount),
        "CT2_HIST": text,
    }
