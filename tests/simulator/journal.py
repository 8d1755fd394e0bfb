"""What happens in a company: business events as balanced drafts, amounts in cents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log
from random import Random
from typing import Final

from simulator.draft import COST_CENTERS, Draft, DraftLine
from simulator.model import Nature
from simulator.opening import CAPITAL
from simulator.standing import Standing

# Amounts spread over more than two decades; most are below the mean, some six times as large.
_DECADES: Final = (-2.0, 0.6)
_MEAN: Final = (10 ** _DECADES[1] - 10 ** _DECADES[0]) / ((_DECADES[1] - _DECADES[0]) * log(10))
_TRIES: Final = 6


class Journal:
    """Draws one business event after another, none of which the company could not afford."""

    def __init__(self, standing: Standing) -> None:
        """Go on from there; what happens is added to it."""
        self._standing = standing
        self._rng = Random(0)  # noqa: S311 - takes its place from the first month on
        self._mean = 0.0
        # How often each event happens, and its part of the sales in per mille: of a hundred that is
        # sold, some 98 are collected, some 54 were the cost of the goods, 11 go to the staff.
        events: dict[Callable[[], Draft | None], tuple[int, int]] = {
            self._sale: (20, 1000),
            self._receipt: (20, 980),
            self._purchase: (14, 670),
            self._payment_to_supplier: (8, 860),
            self._payment_to_people: (3, 140),
            self._payment_of_taxes: (3, 40),
            self._expense: (7, 90),
            self._shared_expense: (6, 40),
            self._cost_of_sale: (8, 540),
            self._payroll: (3, 110),
            self._tax_offset: (1, 80),
            self._depreciation: (2, 15),
            self._investment: (1, 25),
            self._fees: (6, 6),
            self._loan: (1, 25),
            self._repayment: (1, 20),
            self._moved_between_cost_centers: (1, 5),
            self._adjustment: (4, 8),
        }
        self._events = list(events)
        self._weights = [weight for weight, _ in events.values()]
        self._means = {
            event: sum(self._weights) * per_mille / 1000 / weight
            for event, (weight, per_mille) in events.items()
        }

    def draw(self, number: int, sales: int, rng: Random) -> Iterator[Draft]:
        """Yield the next `number` events, among them `sales` cents of sales, roughly."""
        self._rng = rng
        for _ in range(number):
            draft = None
            # Where nobody owes anything, or nothing is left, something else happens.
            while draft is None:
                [event] = rng.choices(self._events, self._weights)
                draft = self._drawn(event, sales / number)
            yield self.post(draft)

    def capital_increase(self, cents: int) -> Draft:
        """Return what happens once: the shareholders put money in."""
        lines = [DraftLine(self._standing["bank"][0], cents), DraftLine(CAPITAL, -cents)]
        return self.post(Draft(lines, "ATA", "Aumento de capital em dinheiro", entity=False))

    def post(self, draft: Draft) -> Draft:
        """Add a draft to where the accounts stand; gives it back."""
        for line in draft.lines:
            self._standing.post(line.account, line.cents)
        return draft

    def _drawn(self, event: Callable[[], Draft | None], sales: float) -> Draft | None:
        self._mean = self._means[event] * sales
        return event()

    def _pick(self, pool: str) -> str:
        """One of the pool; the first ones more often, as every company has its usual accounts."""
        codes = self._standing[pool]
        return codes[int(len(codes) * self._rng.random() ** 2)]

    def _from(self, pool: str, side: Nature) -> tuple[str, int]:
        """One of the pool with room on that side, and how much; 0 if none was found."""
        for _ in range(_TRIES):
            account = self._pick(pool)
            if room := self._standing.room(account, side):
                return account, room
        return account, 0

    def _cents(self) -> int:
        spread = 10 ** self._rng.uniform(*_DECADES)
        return max(1, int(self._mean * spread / _MEAN))

    def _few_cents(self) -> int:
        """Now and then as little as books know."""
        return int(10 ** self._rng.uniform(0, 2)) if self._rng.random() < 0.1 else self._cents()

    def _center(self) -> str | None:
        return self._rng.choice(COST_CENTERS) if self._rng.random() < 0.8 else None

    def _sale(self) -> Draft:
        gross = self._cents()
        tax = gross * 18 // 100
        lines = [
            DraftLine(self._pick("client"), gross),
            DraftLine(self._pick("sales"), -gross, self._center()),
        ]
        if self._rng.random() < 0.5:
            lines += [
                DraftLine(self._pick("sales_tax"), tax),
                DraftLine(self._pick("taxes"), -tax, None, "ICMS destacado na nota"),
            ]
        return Draft(lines, "NF", "Venda conforme nota fiscal eletrônica")

    def _receipt(self) -> Draft | None:
        client, owed = self._from("client", "C")
        cents = min(self._cents(), owed)
        if not cents:
            return None
        if self._rng.random() < 0.8:
            lines = [DraftLine(self._pick("bank"), cents), DraftLine(client, -cents)]
            return Draft(lines, "BOL", "Recebimento de duplicata")
        interest = max(1, cents // 50)
        lines = [
            DraftLine(self._pick("bank"), cents + interest),
            DraftLine(client, -cents),
            DraftLine(self._pick("financial"), -interest, None, "Juros por atraso"),
        ]
        return Draft(lines, "BOL", "Recebimento de duplicata em atraso, com juros e correção")

    def _purchase(self) -> Draft:
        gross = self._cents()
        tax = gross * 12 // 100
        lines = [
            DraftLine(self._pick("stock"), gross - tax),
            DraftLine(self._pick("recoverable"), tax),
            DraftLine(self._pick("supplier"), -gross),
        ]
        return Draft(lines, "NF", "Compra de mercadorias")

    def _payment_to_supplier(self) -> Draft | None:
        return self._transfer("supplier", "bank", ("PIX", "TED", None), "Pagamento de título")

    def _payment_to_people(self) -> Draft | None:
        return self._transfer("people", "bank", ("PIX", "TED"), "Pagamento de salários e encargos")

    def _payment_of_taxes(self) -> Draft | None:
        return self._transfer("taxes", "bank", ("DARF",), "Recolhimento de tributos")

    def _tax_offset(self) -> Draft | None:
        return self._transfer("taxes", "recoverable", (None,), "Apuração de tributos do período")

    def _repayment(self) -> Draft | None:
        return self._transfer("loan", "bank", ("CTR",), "Amortização de empréstimo")

    def _expense(self) -> Draft:
        cents = self._cents()
        lines = [
            DraftLine(self._pick("expense"), cents, self._center()),
            DraftLine(self._pick("supplier"), -cents),
        ]
        return Draft(lines, "NFS", "Despesa do mês conforme contrato de prestação de serviços")

    def _shared_expense(self) -> Draft:
        """One account twice in one entry: two lines that must not overwrite each other."""
        cents = max(3, self._cents())
        part = cents // 3
        account = self._pick("expense")
        lines = [
            DraftLine(account, part, COST_CENTERS[0], "Rateio 1/2"),
            DraftLine(account, cents - part, COST_CENTERS[1], "Rateio 2/2"),
            DraftLine(self._pick("supplier"), -cents),
        ]
        return Draft(lines, "NFS", "Despesa rateada entre centros de custo")

    def _cost_of_sale(self) -> Draft | None:
        return self._transfer("cost", "stock", (None,), "Baixa de estoque")

    def _payroll(self) -> Draft:
        gross = max(100, self._cents())
        charge, withheld, tax = gross * 20 // 100, gross * 11 // 100, gross * 7 // 100
        lines = [
            DraftLine(self._pick("payroll"), gross, self._center()),
            DraftLine(self._pick("payroll"), charge, self._center(), "Encargos patronais"),
            DraftLine(self._pick("wages"), withheld + tax - gross),
            DraftLine(self._pick("charges"), -withheld, None, "INSS retido"),
            DraftLine(self._pick("charges"), -charge, None, "INSS patronal"),
            DraftLine(self._pick("taxes"), -tax, None, "IRRF retido"),
        ]
        return Draft(lines, "FOL", "Folha de pagamento", entity=False)

    def _depreciation(self) -> Draft:
        cents = self._cents()
        lines = [
            DraftLine(self._pick("depreciation"), cents, self._center()),
            DraftLine(self._pick("depreciated"), -cents),
        ]
        return Draft(lines, None, "Depreciação mensal", entity=False)

    def _investment(self) -> Draft:
        cents = self._cents()
        lines = [DraftLine(self._pick("fixed"), cents), DraftLine(self._pick("supplier"), -cents)]
        return Draft(lines, "NF", "Aquisição de bem do imobilizado")

    def _fees(self) -> Draft | None:
        return self._transfer("fees", "bank", ("AVB",), "Tarifa bancária", self._few_cents())

    def _loan(self) -> Draft:
        cents = self._cents()
        lines = [DraftLine(self._pick("bank"), cents), DraftLine(self._pick("loan"), -cents)]
        return Draft(lines, "CTR", "Liberação de empréstimo")

    def _moved_between_cost_centers(self) -> Draft:
        """Debit and credit on the same account."""
        cents, account = self._cents(), self._pick("expense")
        lines = [
            DraftLine(account, cents, COST_CENTERS[2]),
            DraftLine(account, -cents, COST_CENTERS[3]),
        ]
        return Draft(lines, None, "Reclassificação entre centros de custo", entity=False)

    def _adjustment(self) -> Draft | None:
        return self._transfer("any", "any", (None,), "Ajuste contábil", self._few_cents())

    def _transfer(
        self,
        debited: str,
        credited: str,
        documents: tuple[str | None, ...],
        text: str,
        cents: int | None = None,
    ) -> Draft | None:
        """Move an amount between accounts of two pools, as far as both allow."""
        debit, debit_room = self._from(debited, "D")
        credit, credit_room = self._from(credited, "C")
        cents = min(cents or self._cents(), debit_room, credit_room)
        if not cents or debit == credit:
            return None
        entity = documents[0] not in {None, "AVB"} and debited != "people"
        lines = [DraftLine(debit, cents), DraftLine(credit, -cents)]
        return Draft(lines, self._rng.choice(documents), text, entity=entity)
