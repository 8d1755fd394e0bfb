"""The rows of Conta Azul's public API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from simulator.cash import CashBook, Movement
from simulator.installments import Extras, Installment, Settlement, uuid
from simulator.model import ZERO
from simulator.service import Options, Row

CENTERS: Final = (("Administração", "100"), ("Comercial", None))
"""The cost centers: a name, and a code for those that have one."""

_DUST: Final = Decimal("0.0000000000012")


@dataclass
class ContaAzulPublicOptions(Options):
    """How Conta Azul answers.

    Attributes:
        ignored: Parameters that it does not know, and therefore ignores.
        longest_window: Days that a window of due dates may span.
        event_scoped: Whether installments state the apportionment of their whole event.
        transfers_listed: Whether transfers and initial balances are events as well.
        settlements_in_details: Whether an installment's details hold its settlements.
        unsigned: Whether initial balances below zero are told by their kind alone.
        dust: Whether sums carry what a binary float adds.
        scope: Whether the application may read whose books these are.
        configured: Whether operations have categories of their own.
    """

    ignored: set[str] = field(default_factory=set)
    longest_window: int = 90
    event_scoped: bool = True
    transfers_listed: bool = True
    settlements_in_details: bool = True
    unsigned: bool = False
    dust: bool = False
    scope: bool = True
    configured: bool = True


class ContaAzulRows:
    """Writes rows as the options want them."""

    def __init__(
        self,
        options: ContaAzulPublicOptions,
        number: Callable[[Decimal], Decimal | str],
    ) -> None:
        """Write amounts by `number`."""
        self.options = options
        self.number = number

    def listed(self, one: Installment) -> Row:
        """Return an installment as the search lists it."""
        person = one.entity and {"id": uuid("person", one.entity.id), "nome": one.entity.name}
        paid, translated, _ = _statuses(one)
        return {
            "id": one.id,
            "descricao": one.description,
            "data_vencimento": one.due.isoformat(),
            "data_competencia": one.due.isoformat(),
            "status": paid,
            "status_traduzido": translated,
            "total": self.number(one.paid + one.unpaid),
            "pago": self.number(one.paid),
            "nao_pago": self.number(one.unpaid),
            "data_criacao": f"{one.due}T08:00:00Z",
            "data_alteracao": f"{one.due}T08:00:00Z",
            "categorias": [{"id": uuid("category", c), "nome": c} for c in one.parts],
            "centros_custo": [],
            "cliente" if one.receivable else "fornecedor": person,
        }

    def details(self, one: Installment) -> Row:
        """Return the details of an installment."""
        settled = self.settlements(one) if self.options.settlements_in_details else None
        return {
            "id": one.id,
            "versao": 1,
            "indice": 1,
            "status": _statuses(one)[2],
            "data_vencimento": one.due.isoformat(),
            "descricao": one.description,
            "valor_pago": self.number(one.paid),
            "nao_pago": self.number(one.unpaid),
            "valor_composicao": self._composition(one.paid + one.unpaid, Extras()),
            "evento": {
                "id": one.event,
                "tipo": "RECEITA" if one.receivable else "DESPESA",
                "data_competencia": one.due.isoformat(),
                "codigo_referencia": one.document,
                "referencia": {"origem": one.origin},
                "rateio": [self._share(one, category) for category in one.parts],
            },
            "baixas": settled,
        }

    def _share(self, one: Installment, category: str) -> Row:
        amount = one.parts[category]
        centers = []
        if one.due.day % 3 == 0:
            centers = [(0, amount)]
        elif one.due.day % 3 == 1:
            part = (amount / 3).quantize(Decimal("0.01"))
            centers = [(0, part), (1, amount - part)]
        return {
            "id_categoria": uuid("category", category),
            "nome_categoria": category,
            "valor": self.number(amount),
            "rateio_centro_custo": [
                {
                    "id_centro_custo": uuid("center", CENTERS[at][0]),
                    "nome_centro_custo": CENTERS[at][0],
                    "valor": self.number(part),
                }
                for at, part in centers
            ],
        }

    def settlements(self, one: Installment) -> list[Row]:
        """Return what settled an installment."""
        return [self._settlement(one, settled) for settled in one.settlements]

    def _settlement(self, one: Installment, settled: Settlement) -> Row:
        return {
            "id": settled.id,
            "versao": 1,
            "data_pagamento": settled.day.isoformat(),
            "valor_composicao": self._composition(settled.face, settled.extras),
            "conta_financeira": {"id": uuid("account", settled.account)},
            "id_parcela": one.id,
            "metodo_pagamento": "PIX_PAGAMENTO_INSTANTANEO",
            "origem": one.origin,
            "tipo_evento_financeiro": "RECEITA" if one.receivable else "DESPESA",
            "atualizado_em": f"{settled.day}T08:37:05",
        }

    def _composition(self, face: Decimal, extras: Extras) -> Row:
        return {
            "valor_bruto": self.sum(face),
            "juros": self.number(extras.interest),
            "multa": self.number(extras.fine),
            "desconto": self.number(extras.discount),
            "taxa": self.number(extras.fee),
            "valor_liquido": self.sum(face + extras.net),
        }

    def sum(self, amount: Decimal) -> Decimal | str:
        """Return a sum, which may carry dust."""
        return self.number(amount + _DUST if self.options.dust else amount)

    def side(self, one: Movement, cash: CashBook) -> Row:
        """Return one side of a transfer."""
        name = next(account.name for account in cash.accounts if account.id == one.account)
        return {
            "data": one.date.isoformat(),
            "composicao_valor": self._composition(abs(one.amount), Extras()),
            "conta_financeira": {"id": uuid("account", one.account), "nome": name},
        }


def _statuses(one: Installment) -> tuple[str, str, str]:
    """The status as the search says it in two languages, and as the details do."""
    if not one.settlements:
        return "PENDING", "EM_ABERTO", "PENDENTE"
    if one.unpaid > ZERO:
        return "PARTIAL", "RECEBIDO_PARCIAL", "RECEBIDO_PARCIAL"
    return "ACQUITTED", "RECEBIDO", "QUITADO"
