"""What happens in a company: business events as balanced drafts, amounts in cents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from simulator.model import Account, Entity

COST_CENTERS: Final = ("CC001", "CC002", "CC010", "CC100", "ADM", "COM.SP", "COM-RJ")

_POOLS: Final = {
    "bank": ("1.1.01",),
    "client": ("1.1.02.01", "1.1.02.02", "1.1.02.1", "1.1.02.2"),
    "stock": ("1.1.03.01", "1.1.03.02"),
    "recoverable": ("1.1.04",),
    "prepaid": ("1.1.06",),
    "fixed": ("1.2.03.01",),
    "depreciated": ("1.2.03.03",),
    "supplier": ("2.1.01",),
    "loan": ("2.1.02.01", "2.2.01.01"),
    "wages": ("2.1.03.01",),
    "charges": ("2.1.03.02",),
    "taxes": ("2.1.04",),
    "sales": ("3.1.01",),
    "sales_tax": ("3.1.02",),
    "financial": ("3.2",),
    "cost": ("4",),
    "payroll": ("5.1.01",),
    "expense": ("5.1.02.01", "5.1.02.02", "5.1.02.03", "5.1.03", "5.1.04"),
    "depreciation": ("5.1.02.04",),
    "fees": ("5.1.05",),
    "any": ("1", "2.1", "2.2", "2.3", "5"),
}

_FIRST: Final = ("Aurora", "Bandeirantes", "Cataratas", "Dois Irmãos", "Estação", "Ipê", "São João")
_SECOND: Final = ("Alimentos", "Construções", "Papéis & Cia", "Logística", "Química", "Calçados")
_LAST: Final = ("Ltda", "S.A.", "ME", "EIRELI", "Indústria e Comércio Ltda")

# An entity for each combination; ids beyond 32 bits, as the vendors'.
ENTITIES: Final = tuple(
    Entity(3_100_000_001 + number, f"{first} {second} {last}")
    for number, (first, second, last) in enumerate(
        (first, second, last) for first in _FIRST for second in _SECOND for last in _LAST
    )
)


class DraftLine(NamedTuple):
    """An account and an amount in cents, positive on the debit side."""

    account: str
    cents: int
    cost_center: str | None = None
    text: str | None = None


class Draft(NamedTuple):
    """An entry before it gets a date and an id."""

    lines: Sequence[DraftLine]
    document_type: str | None
    text: str
    entity: bool = True


class Journal:
    """Draws one business event after another from a seeded generator."""

    def __init__(self, accounts: Sequence[Account], rng: Random) -> None:
        """Sort the dotted analytic accounts into the pools that the events draw from."""
        self._rng = rng
        codes = [account.code for account in accounts if not account.is_summary]
        self._pools = {
            name: [code for code in codes if code.startswith(prefixes)]
            for name, prefixes in _POOLS.items()
        }
        weighted: dict[Callable[[], Draft], int] = {
            self._sale: 20,
            self._receipt: 20,
            self._purchase: 14,
            self._payment: 14,
            self._expense: 10,
            self._shared_expense: 3,
            self._cost_of_sale: 8,
            self._payroll: 3,
            self._depreciation: 2,
            self._fees: 6,
            self._loan: 2,
            self._moved_between_cost_centers: 1,
            self._adjustment: 6,
        }
        self._events = list(weighted)
        self._weights = list(weighted.values())

    def draw(self, number: int) -> list[Draft]:
        """Return the next `number` events."""
        return [event() for event in self._rng.choices(self._events, self._weights, k=number)]

    def _pick(self, pool: str) -> str:
        return self._rng.choice(self._pools[pool])

    def _cents(self, low: float = 3.0, high: float = 7.0) -> int:
        """Log-uniform, 10.00 to 100,000.00; now and then as small or as large as books know."""
        roll = self._rng.random()
        if roll > 0.995:
            low, high = 8.0, 10.9
        elif roll > 0.97 and low < 3.5:
            low, high = 0.0, 2.0
        return int(10 ** self._rng.uniform(low, high))

    def _center(self) -> str | None:
        return self._rng.choice(COST_CENTERS) if self._rng.random() < 0.8 else None

    def _sale(self) -> Draft:
        gross = self._cents(3.5)
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

    def _receipt(self) -> Draft:
        cents = self._cents(3.5)
        client = self._pick("client")
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
        gross = self._cents(3.5)
        tax = gross * 12 // 100
        lines = [
            DraftLine(self._pick("stock"), gross - tax),
            DraftLine(self._pick("recoverable"), tax),
            DraftLine(self._pick("supplier"), -gross),
        ]
        return Draft(lines, "NF", "Compra de mercadorias")

    def _payment(self) -> Draft:
        cents = self._cents()
        owed = self._pick(self._rng.choice(("supplier", "taxes", "wages", "charges")))
        lines = [DraftLine(owed, cents), DraftLine(self._pick("bank"), -cents)]
        return Draft(lines, self._rng.choice(("PIX", "TED", "DARF", None)), "Pagamento de título")

    def _expense(self) -> Draft:
        cents = self._cents()
        lines = [
            DraftLine(self._pick("expense"), cents, self._center()),
            DraftLine(self._pick("supplier"), -cents),
        ]
        return Draft(lines, "NFS", "Despesa do mês conforme contrato de prestação de serviços")

    def _shared_expense(self) -> Draft:
        """One account twice in one entry: two lines that must not overwrite each other."""
        cents = self._cents(3.5)
        part = cents // 3
        account = self._pick("expense")
        lines = [
            DraftLine(account, part, COST_CENTERS[0], "Rateio 1/2"),
            DraftLine(account, cents - part, COST_CENTERS[1], "Rateio 2/2"),
            DraftLine(self._pick("supplier"), -cents),
        ]
        return Draft(lines, "NFS", "Despesa rateada entre centros de custo")

    def _cost_of_sale(self) -> Draft:
        cents = self._cents()
        lines = [DraftLine(self._pick("cost"), cents), DraftLine(self._pick("stock"), -cents)]
        return Draft(lines, None, "Baixa de estoque", entity=False)

    def _payroll(self) -> Draft:
        gross = self._cents(5.0, 8.0)
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

    def _fees(self) -> Draft:
        cents = self._cents(0.0, 4.5)
        lines = [DraftLine(self._pick("fees"), cents), DraftLine(self._pick("bank"), -cents)]
        return Draft(lines, "AVB", "Tarifa bancária", entity=False)

    def _loan(self) -> Draft:
        cents = self._cents(7.0, 10.0)
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

    def _adjustment(self) -> Draft:
        cents = self._cents()
        lines = [DraftLine(self._pick("any"), cents), DraftLine(self._pick("any"), -cents)]
        return Draft(lines, None, "Ajuste contábil", entity=False)
