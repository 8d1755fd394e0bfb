"""Books so small that a whole run takes a handful of requests, pages among them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from simulator import Account, Books, Company, Entity, Entry, Line
from simulator.model import FIRST_ENTRY_ID, IDS_PER_COMPANY

ZERO = Decimal(0)

CHART = (
    Account("1", "Ativo", "ASSET", "D", None, 1, is_summary=True),
    Account("1.1", "Caixa e bancos", "ASSET", "D", "1", 2, is_summary=False),
    Account("2", "Passivo", "LIABILITY", "C", None, 1, is_summary=True),
    Account("2.1", "Capital social", "EQUITY", "C", "2", 2, is_summary=False),
    # Its parent is missing: a finding in every period, so that findings are compared too.
    Account("3.1", "Receita de vendas", "REVENUE", "C", "3", 2, is_summary=False),
)
OPENING = {"1.1": Decimal("10000.00"), "2.1": Decimal("-10000.00")}


def small_books(companies: int = 1, months: int = 2, sales: int = 3) -> Books:
    """Companies that sell for cash: two accounts move.

    Args:
        companies: How many.
        months: From January 2024.
        sales: Entries a month, of two lines each.
    """
    return Books(
        [
            Company(str(101 + index), f"Vendas {index + 1} Ltda", CHART, OPENING, entries)
            for index in range(companies)
            for entries in [_sales(index, months, sales)]
        ]
    )


def last_day(months: int) -> str:
    """The end of the last of so many months, as a setting."""
    return date.fromordinal(
        date(2024 + months // 12, months % 12 + 1, 1).toordinal() - 1
    ).isoformat()


def _sales(company: int, months: int, sales: int) -> list[Entry]:
    made: list[Entry] = []
    for month in range(months):
        for number in range(sales):
            day = date(2024 + month // 12, month % 12 + 1, 1 + number * 27 // max(1, sales - 1))
            # No two amounts of the books are alike, so that none can stand for another.
            amount = Decimal(
                100_000_000 * (company + 1) + 1_000_000 * month + 10 * number + 7
            ).scaleb(-2)
            made.append(
                Entry(
                    id=FIRST_ENTRY_ID + company * IDS_PER_COMPANY + len(made) + 1,
                    date=day,
                    posting_date=day,
                    lines=(
                        Line("1.1", amount, ZERO, "CC1", f"Venda {len(made) + 1} à vista"),
                        Line("3.1", ZERO, amount, None, None),
                    ),
                    document_number=f"NF-{len(made) + 1}",
                    document_type="NF",
                    description="Venda à vista",
                    entity=Entity(12, "João & Filhos"),
                )
            )
    return made
