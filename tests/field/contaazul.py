"""What Conta Azul's public API answers, from its documents: instalments, settlements, transfers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from field.server import Answer, Call, Script

EVENTS = "/v1/financeiro/eventos-financeiros"
BANK = "11111111-0000-0000-0000-000000000001"
SAFE = "11111111-0000-0000-0000-000000000002"
SALES = "22222222-0000-0000-0000-000000000001"
COSTS = "22222222-0000-0000-0000-000000000002"


@dataclass(frozen=True)
class Title:
    """An instalment; `paid` is the day it was settled, none while it is open."""

    key: str
    amount: Decimal
    paid: date | None
    receivable: bool = True
    due: date = date(2024, 1, 10)
    splits: tuple[tuple[str, Decimal], ...] = ()


@dataclass
class ContaAzul:
    """The plain facts."""

    titles: list[Title] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    openings: dict[str, Decimal] = field(default_factory=dict)
    today: dict[str, Decimal] = field(default_factory=dict)
    document: str = "12345678000195"
    kinds: dict[str, str] = field(default_factory=dict)
    none_is_null: bool = False
    settlements_apart: bool = False
    """Whether details lack the settlements, which an address of their own lists as `itens`."""
    no_accounts: bool = False

    def script(self) -> Script:
        """The answers of all addresses."""
        script = Script()
        for path, play in (
            ("/v1/conta-financeira", self._banks),
            ("/v1/conta-financeira/*", self._today),
            ("/v1/categorias", self._categories),
            ("/v1/categorias/configuracao-padrao", lambda _: Answer({"itens": []})),
            ("/v1/centro-de-custo", lambda _: Answer({"items": [], "itens_totais": 0})),
            (f"{EVENTS}/contas-a-receber/buscar", lambda c: self._search(c, receivable=True)),
            (f"{EVENTS}/contas-a-pagar/buscar", lambda c: self._search(c, receivable=False)),
            (f"{EVENTS}/parcelas/*", self._instalment),
            (f"{EVENTS}/saldo-inicial", self._openings),
            ("/v1/financeiro/transferencias", self._transfers),
            ("/v1/pessoas/conta-conectada", self._owner),
        ):
            script.on("GET", path, play)
        return script

    def _banks(self, call: Call) -> Answer:
        rows = [
            {
                "id": key,
                "nome": name,
                "tipo": self.kinds.get(key, "CONTA_CORRENTE"),
                "banco": "BB",
                "codigo_banco": 1,
                "ativo": True,
            }
            for key, name in ((BANK, "Banco"), (SAFE, "Poupança"))
        ]
        return self._page(call, [] if self.no_accounts else rows)

    def _today(self, call: Call) -> Answer:
        return Answer({"saldo_atual": self.today.get(call.path.split("/")[3], Decimal(0))})

    def _categories(self, call: Call) -> Answer:
        rows = [
            {"id": SALES, "nome": "Vendas", "categoria_pai": None, "tipo": "RECEITA"},
            {"id": COSTS, "nome": "Compras", "categoria_pai": None, "tipo": "DESPESA"},
        ]
        return self._page(call, [] if self.no_accounts else rows)

    def _search(self, call: Call, *, receivable: bool) -> Answer:
        asked = call.query
        first, last = asked["data_vencimento_de"], asked["data_vencimento_ate"]
        from_, to = asked.get("data_pagamento_de", ""), asked.get("data_pagamento_ate", "9")
        found = []
        for title in self.titles:
            if title.receivable is not receivable or not first <= title.due.isoformat() <= last:
                continue
            by_payment = "data_pagamento_de" in asked or "data_pagamento_ate" in asked
            paid = title.paid.isoformat() if title.paid else ""
            if by_payment and not (paid and from_[:10] <= paid <= to[:10]):
                continue
            found.append(
                {
                    "id": title.key,
                    "descricao": "parcela",
                    "data_vencimento": title.due.isoformat(),
                    "data_competencia": title.due.isoformat(),
                    "status": "ACQUITTED" if title.paid else "OPEN",
                    "status_traduzido": "RECEBIDO" if title.paid else "EM_ABERTO",
                    "total": title.amount,
                    "pago": title.amount if title.paid else Decimal(0),
                    "nao_pago": Decimal(0) if title.paid else title.amount,
                    "data_criacao": "2024-01-01T10:00:00",
                    "data_alteracao": "2024-01-10T10:00:00",
                    "categorias": [{"id": SALES if receivable else COSTS, "nome": "x"}],
                    "centros_custo": [],
                    ("cliente" if receivable else "fornecedor"): {"id": "p", "nome": "Parceiro"},
                }
            )
        return self._page(call, found)

    def _instalment(self, call: Call) -> Answer:
        parts = call.path.removeprefix(f"{EVENTS}/parcelas/").split("/")
        for title in self.titles:
            if title.key == parts[0]:
                detail = self._detail(title)
                if parts[1:] == ["baixa"]:
                    listed = detail["baixas"]
                    return Answer({"itens": listed} if self.settlements_apart else listed)
                if self.settlements_apart:
                    del detail["baixas"]
                return Answer(detail)
        return Answer({"code": 404, "message": "Parcela não encontrada"}, status=404)

    def _detail(self, title: Title) -> dict[str, Any]:
        category = SALES if title.receivable else COSTS
        splits = title.splits or ((category, title.amount),)
        bank = {"id": BANK, "nome": "Banco"}
        composition = {
            "valor_bruto": title.amount,
            "valor_liquido": title.amount,
            "juros": Decimal(0),
            "multa": Decimal(0),
            "desconto": Decimal(0),
            "taxa": Decimal(0),
        }
        settled = {
            "id": f"baixa-{title.key}",
            "data_pagamento": title.paid.isoformat() if title.paid else None,
            "valor_composicao": composition,
            "conta_financeira": bank,
            "id_parcela": title.key,
            "tipo_evento_financeiro": "RECEITA" if title.receivable else "DESPESA",
            "metodo_pagamento": "PIX",
            "atualizado_em": "2024-01-10T10:00:00",
        }
        return {
            "id": title.key,
            "descricao": "parcela",
            "status": "QUITADO" if title.paid else "PENDENTE",
            "data_vencimento": title.due.isoformat(),
            "valor_pago": title.amount if title.paid else Decimal(0),
            "nao_pago": Decimal(0) if title.paid else title.amount,
            "perda": None,
            "valor_composicao": composition,
            "conta_financeira": bank,
            "conciliado": False,
            "versao": 1,
            "data_alteracao": "2024-01-10T10:00:00",
            "evento": {
                "id": f"evento-{title.key}",
                "tipo": "RECEITA" if title.receivable else "DESPESA",
                "data_competencia": title.due.isoformat(),
                "rateio": [
                    {
                        "id_categoria": key,
                        "nome_categoria": "x",
                        "valor": amount,
                        "valor_bruto": amount,
                        "rateio_centro_custo": [],
                    }
                    for key, amount in splits
                ],
            },
            "baixas": [settled] if title.paid else [],
        }

    def _openings(self, call: Call) -> Answer:
        rows = [
            {
                "tipo": "RECEITA" if amount > 0 else "DESPESA",
                "id_conta_financeira": bank,
                "data_competencia": "2023-12-31",
                "saldo_inicial": amount,
            }
            for bank, amount in self.openings.items()
            if call.query["data_inicio"][:10] <= "2023-12-31" <= call.query["data_fim"][:10]
        ]
        return self._page(call, rows)

    def _transfers(self, call: Call) -> Answer:
        first, last = call.query["data_inicio"], call.query["data_fim"]
        return self._page(call, [t for t in self.transfers if first <= t["data"] <= last])

    def _owner(self, _: Call) -> Answer:
        return Answer({"id_empresa": "e", "documento": self.document, "razao_social": "Acme Ltda"})

    def _page(self, call: Call, rows: list[dict[str, Any]]) -> Answer:
        number = int(call.query.get("pagina", "1"))
        size = int(call.query.get("tamanho_pagina", "10"))
        shown: Any = rows[(number - 1) * size : number * size]
        if self.none_is_null and not shown:
            shown = None
        return Answer({"itens": shown, "itens_totais": len(rows)})


def transfer(amount: str, day: str) -> dict[str, Any]:
    """From the bank to the savings account."""
    value = Decimal(amount)
    sides = {
        side: {
            "data": day,
            "composicao_valor": {"valor_bruto": value, "valor_liquido": value},
            "conta_financeira": {"id": bank, "nome": "x"},
        }
        for side, bank in (("origem", BANK), ("destino", SAFE))
    }
    return {"id": "t1", "valor": value, "data": day} | sides
