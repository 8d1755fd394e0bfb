"""What Omie's public API answers, from its documents: accounts, categories, statements, splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from field.server import Answer, Call, Script

if TYPE_CHECKING:
    from datetime import date

NOT_MONEY = {"Previsto", "Atrasado", "Vence hoje", "A vencer", "Cancelado"}


@dataclass(frozen=True)
class Movement:
    """A row of a statement; expenses come negative already."""

    number: int
    day: date
    amount: Decimal
    category: str = "1.01.01"
    bank: int = 11
    situation: str | None = "Conciliado"
    more: dict[str, Any] = field(default_factory=dict)


def fault(text: str, code: str = "SOAP-ENV:Client-500", status: int = 500) -> Answer:
    """A fault as Omie tells it."""
    return Answer({"faultstring": text, "faultcode": code}, status=status)


@dataclass
class Omie:
    """The plain facts: openings of the banks on 01/01/2024, categories, movements."""

    movements: list[Movement]
    banks: dict[int, Decimal] = field(default_factory=lambda: {11: Decimal("1000.00")})
    categories: dict[str, str] = field(
        default_factory=lambda: {"1.01.01": "Clientes", "2.01.01": "Compras"}
    )
    cap: int | None = None
    balance_rows: bool = True
    titles: list[dict[str, Any]] = field(default_factory=list)
    slow: Callable[[], object] = lambda: None

    def script(self) -> Script:
        """The answers of all methods."""
        script = Script()
        for path, play in (
            ("/geral/contacorrente/", self._banks),
            ("/geral/categorias/", self._categories),
            ("/financas/extrato/", self._statement),
            ("/financas/pesquisartitulos/", self._titles),
        ):
            script.on("POST", path, play)
        return script

    def _banks(self, _: Call) -> Answer:
        rows = [
            {
                "nCodCC": number,
                "descricao": f"Banco {number}",
                "tipo_conta_corrente": "CC",
                "codigo_banco": "001",
                "saldo_inicial": opening,
                "saldo_data": "01/01/2024",
                "inativo": "N",
            }
            for number, opening in self.banks.items()
        ]
        return _page("ListarContasCorrentes", rows)

    def _categories(self, _: Call) -> Answer:
        groups = {code.rpartition(".")[0]: "Grupo" for code in self.categories}
        rows = [
            {
                "codigo": code,
                "descricao": name,
                "categoria_superior": "" if code in groups else code.rpartition(".")[0],
                "totalizadora": "S" if code in groups else "N",
                "conta_receita": "S" if code.startswith("1") else "N",
                "conta_despesa": "S" if code.startswith("2") else "N",
                "natureza": "",
                "transferencia": "N",
                "conta_inativa": "N",
            }
            for code, name in (groups | self.categories).items()
        ]
        return _page("categoria_cadastro", rows)

    def _statement(self, call: Call) -> Answer:
        self.slow()
        (asked,) = call.body["param"]
        bank = int(asked["nCodCC"])
        first, last = _day(asked["dPeriodoInicial"]), _day(asked["dPeriodoFinal"])
        own = [m for m in self.movements if m.bank == bank]
        money = [m for m in own if m.situation not in NOT_MONEY]
        before = self.banks[bank] + sum(m.amount for m in money if m.day < first)
        shown = [m for m in own if first <= m.day <= last]
        end = before + sum(m.amount for m in money if first <= m.day <= last)
        rows = [_row(m) for m in shown][: self.cap]
        if self.balance_rows:
            text = "SALDO ANTERIOR"
            rows.insert(
                0, {"cDesCliente": text, "dDataLancamento": f"{first:%d/%m/%Y}", "nSaldo": before}
            )
        return Answer(
            {
                "nCodCC": bank,
                "dPeriodoInicial": asked["dPeriodoInicial"],
                "dPeriodoFinal": asked["dPeriodoFinal"],
                "nSaldoAnterior": before,
                "nSaldoAtual": end,
                "nSaldoConciliado": end,
                "nSaldoProvisorio": Decimal(0),
                "nSaldoDisponivel": end,
                "listaMovimentos": rows,
            }
        )

    def _titles(self, call: Call) -> Answer:
        if not self.titles:
            return fault("ERROR: Não existem registros para a página [1]!", "SOAP-ENV:Client-5113")
        (asked,) = call.body["param"]
        side = asked.get("cNatureza")
        found = [t for t in self.titles if side in (None, "", t["cabecTitulo"]["cNatureza"])]
        return Answer(
            {
                "nPagina": 1,
                "nTotPaginas": 1,
                "nRegistros": len(found),
                "nTotRegistros": len(found),
                "titulosEncontrados": found,
            }
        )


def _row(movement: Movement) -> dict[str, Any]:
    row: dict[str, Any] = {
        "nCodLancamento": movement.number,
        "nCodLancRelac": 0,
        "dDataLancamento": f"{movement.day:%d/%m/%Y}",
        "nValorDocumento": movement.amount,
        "cCodCategoria": movement.category,
        "cNatureza": "R" if movement.amount > 0 else "P",
        "cOrigem": "Conta Corrente",
        "cNumero": "",
        "nCodCliente": 0,
        "cRazCliente": "",
    }
    if movement.situation is not None:
        row["cSituacao"] = movement.situation
    return row | movement.more


def _page(name: str, rows: list[dict[str, Any]]) -> Answer:
    return Answer(
        {
            "pagina": 1,
            "total_de_paginas": 1,
            "registros": len(rows),
            "total_de_registros": len(rows),
            name: rows,
        }
    )


def _day(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
