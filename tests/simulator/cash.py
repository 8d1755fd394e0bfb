"""A company's money: bank accounts, categories, and every movement between them.

Made from the company's books, an entry of the books giving one movement: same dates, same people,
same ids, and amounts of its own. What the vendors' public finance APIs serve is this.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from threading import RLock
from typing import Any, Final, Literal

from simulator.books import Books
from simulator.company import Company
from simulator.model import ZERO, BalanceRow, Entity, Entry

Kind = Literal["direct", "title", "transfer"]
Part = tuple[str, Decimal]

TRANSFER_OUT: Final = "0.01.01"
TRANSFER_IN: Final = "0.01.02"
CLEARING: Final = "CLEARING.TRANSFER"
OPENING: Final = "OPENING"


@dataclass(frozen=True, slots=True)
class MoneyAccount:
    """A bank or cash account; `initial` is what it held when it was entered."""

    id: int
    name: str
    initial: Decimal
    active: bool = True


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `kind` R is revenue, P expense, T a transfer."""

    code: str
    name: str
    kind: Literal["R", "P", "T"]
    parent: str | None = None

    @property
    def number(self) -> int:
        """The id by which vendors without codes know it."""
        return 14_000_000_000 + int(self.code.replace(".", ""))


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that came in (positive) or went out; `parts` add up to `amount`.

    Attributes:
        id: Shared by the two sides of a transfer.
        titles: What it settles: the number, the face value, and the categories of each title.
        forecast: Whether it has not happened yet.
    """

    id: int
    account: int
    date: dt.date
    amount: Decimal
    parts: tuple[Part, ...]
    kind: Kind
    description: str
    entity: Entity | None = None
    document: str | None = None
    titles: tuple[Title, ...] = ()
    forecast: bool = False


@dataclass(frozen=True, slots=True)
class Title:
    """A payable or receivable; `paid` is what this movement settles of it."""

    id: int
    face: Decimal
    paid: Decimal
    parts: tuple[Part, ...]


_CATEGORIES: Final = (
    Category("0.01", "Transferências", "T"),
    Category(TRANSFER_OUT, "Transferência - Saída", "T", "0.01"),
    Category(TRANSFER_IN, "Transferência - Entrada", "T", "0.01"),
    Category("1.01", "Receitas Diretas", "R"),
    Category("1.01.01", "Vendas de Produtos", "R", "1.01"),
    Category("1.01.02", "Serviços Prestados", "R", "1.01"),
    Category("1.02", "Receitas Indiretas", "R"),
    Category("1.02.01", "Rendimentos & Juros", "R", "1.02"),
    Category("2.01", "Despesas com Vendas", "P"),
    Category("2.01.01", "Comissões", "P", "2.01"),
    Category("2.04", "Despesas Administrativas", "P"),
    Category("2.04.01", "Aluguel & Condomínio", "P", "2.04"),
    Category("2.04.02", "Serviços de Terceiros", "P", "2.04"),
    Category("2.04.03", "Tarifas Bancárias", "P", "2.04"),
)
_IN: Final = ("1.01.01", "1.01.02", "1.02.01")
_OUT: Final = ("2.01.01", "2.04.01", "2.04.02", "2.04.03")


class CashBook:
    """The money of one company; change it at any time."""

    def __init__(self, company: Company) -> None:
        """Make the movements from the company's books."""
        self.company = company
        base = 2_087_480_000 + 1000 * int(company.filial[:2])
        self.accounts = (
            MoneyAccount(base + 1, "Banco do Brasil & Cia", Decimal("15230.55")),
            MoneyAccount(base + 2, "Caixinha da loja", Decimal("310.00")),
            MoneyAccount(base + 3, "Cartão 'Corporativo'", Decimal("-1890.45")),
            MoneyAccount(base + 4, "Conta encerrada", ZERO, active=False),
        )
        self.categories = _CATEGORIES
        self._lock = RLock()
        self._movements: list[Movement] = []
        self._deleted: list[Movement] = []
        entries = sorted(company.entries, key=lambda entry: (entry.date, entry.id))
        for at, entry in enumerate(entries):
            self._movements += self._made(at, entry)

    # What is asked

    @property
    def movements(self) -> list[Movement]:
        """Everything, forecasts too, in booking order."""
        with self._lock:
            return sorted(self._movements, key=lambda one: (one.date, one.id, one.account))

    @property
    def deleted(self) -> list[Movement]:
        """What was deleted: some vendors still show it."""
        with self._lock:
            return list(self._deleted)

    def between(
        self, start: dt.date, end: dt.date, account: int | None = None, *, forecasts: bool = False
    ) -> list[Movement]:
        """The movements of some days, of one account or of all."""
        return [
            one
            for one in self.movements
            if start <= one.date <= end
            and (account is None or one.account == account)
            and (forecasts or not one.forecast)
        ]

    def balance(self, account: int, before: dt.date) -> Decimal:
        """What an account held at the start of a day: the bank's own word."""
        initial = next(one.initial for one in self.accounts if one.id == account)
        past = (m for m in self.movements if m.account == account and not m.forecast)
        return sum((m.amount for m in past if m.date < before), initial)

    def trial_balance(
        self,
        since: dt.date,
        start: dt.date,
        end: dt.date,
        code: Callable[[Category], str] = lambda category: category.code,
    ) -> dict[str, BalanceRow]:
        """What the ledger of a period must say, for one that begins on `since`.

        Args:
            since: The ledger's first day: categories begin at zero there.
            start: The period's first day.
            end: The period's last day.
            code: What a category's account is called.
        """
        opening = {f"CC.{one.id}": self.balance(one.id, since) for one in self.accounts}
        opening[OPENING] = -sum(opening.values(), ZERO)
        codes = {one.code: code(one) for one in self.categories}
        parents = {
            codes[one.code]: codes[one.parent] if one.parent else None
            for one in self.categories
            if one.kind != "T"
        }
        debit: dict[str, Decimal] = {}
        credit: dict[str, Decimal] = {}

        def post(account: str, amount: Decimal, day: dt.date) -> None:
            at: str | None = account
            while at is not None:
                if day < start:
                    opening[at] = opening.get(at, ZERO) + amount
                elif amount > 0:
                    debit[at] = debit.get(at, ZERO) + amount
                else:
                    credit[at] = credit.get(at, ZERO) - amount
                at = parents.get(at)

        for one in self.between(since, end):
            post(f"CC.{one.account}", one.amount, one.date)
            for category, amount in one.parts:
                account = CLEARING if one.kind == "transfer" else codes[category]
                post(account, -amount, one.date)
        names = [*(f"CC.{one.id}" for one in self.accounts), *parents, CLEARING, OPENING]
        return {
            name: BalanceRow(
                name,
                opening.get(name, ZERO),
                debit.get(name, ZERO),
                credit.get(name, ZERO),
                opening.get(name, ZERO) + debit.get(name, ZERO) - credit.get(name, ZERO),
            )
            for name in names
        }

    # Changing

    def add(self, *movements: Movement) -> None:
        """Add movements."""
        with self._lock:
            self._movements += movements

    def delete(self, movement_id: int) -> list[Movement]:
        """Delete a movement, a transfer's two sides together; returns what went."""
        with self._lock:
            gone = self._take(movement_id)
            self._deleted += gone
            return gone

    def edit(self, movement_id: int, **changes: Any) -> None:
        """Change fields of a movement."""
        with self._lock:
            self.add(*(replace(one, **changes) for one in self._take(movement_id)))

    def _take(self, movement_id: int) -> list[Movement]:
        gone = [one for one in self._movements if one.id == movement_id]
        self._movements = [one for one in self._movements if one.id != movement_id]
        return gone

    # Making

    def _made(self, at: int, entry: Entry) -> Iterable[Movement]:
        """The movements of one entry: plain ones, and by turns each of the odd kinds."""
        account, other = self.accounts[at % 3].id, self.accounts[(at + 1) % 3].id
        cents = sum((line.debit for line in entry.lines), ZERO)
        # Four parts of it must be whole cents.
        amount = (cents / 4).quantize(Decimal("0.01")) * 4 + 4
        incoming = at % 2 == 0
        signed = amount if incoming else -amount
        names = _IN if incoming else _OUT
        category = names[at % len(names)]

        def made(**fields: Any) -> Movement:
            usual: dict[str, Any] = {
                "id": entry.id,
                "account": account,
                "date": entry.date,
                "amount": signed,
                "parts": ((category, signed),),
                "kind": "direct",
                "description": f"{entry.description} & cia",
                "entity": entry.entity,
                "document": entry.document_number,
            }
            return Movement(**(usual | fields))

        if at % 7 == 3:
            parts = ((TRANSFER_OUT, -amount),), ((TRANSFER_IN, amount),)
            yield made(amount=-amount, parts=parts[0], kind="transfer")
            # The same number on both sides.
            yield made(account=other, amount=amount, parts=parts[1], kind="transfer")
        elif at % 5 == 1:
            yield self._split(made(kind="title"), names, at)
        elif at % 5 == 2:
            title = Title(entry.id + 50_000_000, amount, amount, ((category, amount),))
            yield made(kind="title", titles=(title,))
        else:
            yield made()
        if at % 9 == 4:
            yield made(id=entry.id + 40_000_000, forecast=True)

    def _split(self, one: Movement, names: tuple[str, ...], at: int) -> Movement:
        """A movement for titles of several categories; sums paid differ from those titled."""
        quarter, sign = abs(one.amount) / 4, 1 if one.amount > 0 else -1
        first, second = names[at % len(names)], names[(at + 1) % len(names)]
        titles: tuple[Title, ...]
        if at % 2:
            # One title of 1:3, paid with interest: its face is 100 a part.
            face = ((first, Decimal(100)), (second, Decimal(300)))
            titles = (Title(one.id + 50_000_000, Decimal(400), quarter * 4, face),)
        else:
            # Two titles settled at once, each of one category.
            titles = (
                Title(one.id + 50_000_000, quarter, quarter, ((first, quarter),)),
                Title(one.id + 60_000_000, quarter * 3, quarter * 3, ((second, quarter * 3),)),
            )
        parts = ((first, sign * quarter), (second, sign * quarter * 3))
        return replace(one, parts=parts, titles=titles)


class CashDesk:
    """The money of each company that a service serves."""

    def __init__(self, books: Books) -> None:
        """Serve these companies."""
        self._books = books
        self._made: dict[str, CashBook] = {}
        self._lock = RLock()

    def of(self, company_id: str | None = None) -> CashBook:
        """Return a company's money; the first company's by default."""
        company = self._books[company_id] if company_id else self._books.company
        with self._lock:
            if company.id not in self._made:
                self._made[company.id] = CashBook(company)
            return self._made[company.id]
