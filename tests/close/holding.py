"""Four companies in four ERPs, the chart of their group, and what they have with each other."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from close.oracle import ZERO, Key, Oracle, Sums
from close.reading import Reader, Streams, merged
from close.warehouses import Close
from simulator import Books
from simulator.sales_between import CLIENT, SUPPLIER, partner

FIRST, LAST = date(2023, 1, 1), date(2024, 2, 29)
ERPS = {"101": "omie", "102": "totvs", "103": "contaazul", "104": "bling"}
REMAPPED = date(2024, 2, 1)
"""From this day on company 101 counts its financial revenue among the sales."""
WITHOUT_PAIR = "104"
"""Does not tell what it has with the others: its pairs do not agree."""
ROOTS = {"1": "ASSETS", "2": "DEBTS", "3": "SALES", "4": "COSTS", "5": "COSTS"}
GROUP = {"ASSETS": "BS", "DEBTS": "BS", "OWN": "BS", "SALES": "PL", "COSTS": "PL", "FIN": "PL",
         "ADM": "PL"}  # fmt: skip


def bare(code: str) -> str:
    """The digits of an account code."""
    return "".join(sign for sign in code if sign.isdigit())


def group_of(company: str, account: str, center: str | None, day: date) -> str | None:
    """What `seed` tells the package, said another way."""
    digits = bare(account)
    if digits.startswith("24"):
        return "OWN"
    if company == "101" and digits.startswith("32"):
        return "SALES" if day >= REMAPPED else "FIN"
    if company == "101" and digits.startswith("5") and center == "ADM":
        return "ADM"
    return ROOTS[digits[0]]


def generate(**plan: Any) -> Books:
    """Their books."""
    return Books.generate(
        companies=4,
        start=FIRST,
        end=LAST,
        entries_per_month=5,
        own_charts=True,
        sales_between=True,
        opening="entry",
        **plan,
    )


def read(reader: Reader, *, closing: str, first_month: int = 1) -> Streams:
    """Their rows; the tap of ContaAzul marks the closing entries itself."""
    marks = {"closing_entries": {"document_types": ["ENC"]}}
    return merged(
        *(
            reader.read(
                erp,
                company,
                FIRST,
                LAST,
                fiscal_year_start_month=first_month,
                **(marks if erp == "contaazul" and closing != "none" else {}),
            )
            for company, erp in ERPS.items()
        )
    )


def seed(close: Close, books: Books, *, ruled: tuple[str, ...]) -> None:
    """Fill the tables that stand for the seeds; closing entries of `ruled` are told by rules."""
    close.seed(
        "group_accounts",
        *({"group_account": name, "name": name, "statement": kind} for name, kind in GROUP.items()),
    )
    rows: list[dict[str, Any]] = []
    for name in ERPS:
        separator = {"102": "", "103": "-"}.get(name, ".")
        rows += [
            {"company_id": name, "account_code_pattern": f"{root}*", "group_account": group}
            for root, group in ROOTS.items()
        ]
        rows.append(
            {
                "company_id": name,
                "account_code_pattern": f"2{separator}4*",
                "group_account": "OWN",
            }
        )
    own = {"company_id": "101"}
    rows += [
        {**own, "account_code_pattern": "3.2*", "group_account": "FIN", "valid_to": "2024-01-31"},
        {**own, "account_code_pattern": "3.2*", "group_account": "SALES", "valid_from": REMAPPED},
        {**own, "account_code_pattern": "5*", "cost_center": "ADM", "group_account": "ADM"},
    ]
    close.seed("account_map", *rows)
    pairs: list[dict[str, Any]] = []
    for index, company in enumerate(books.companies):
        if company.id == WITHOUT_PAIR:
            continue
        for other in ((index + 1) % 4, (index - 1) % 4):
            entity = {
                "company_id": company.id,
                "entity_id": partner(other, "").id,
                "counterparty_company_id": books.companies[other].id,
            }
            pairs.append(entity)
            pairs += [{**entity, "account_code": code} for code in _accounts(company.id)]
    close.seed("intercompany", *pairs)
    close.seed("closing_rules", *({"company_id": one, "document_type": "ENC"} for one in ruled))


def consolidated(books: Books, first_month: int) -> tuple[Sums, Sums, dict[Key, Decimal]]:
    """What is aggregated, what is eliminated, and the differences, as the models key them."""
    oracles = [Oracle(company, FIRST, LAST, first_month) for company in books.companies]
    aggregated: Sums = defaultdict(Decimal)
    eliminated: Sums = defaultdict(Decimal)
    by_pair: Sums = defaultdict(Decimal)
    told: list[Key] = []
    for index, oracle in enumerate(oracles):
        company = oracle.company.id
        for (end, _, group), amount in oracle.group(group_of).items():
            aggregated[end, group] += amount
        if company == WITHOUT_PAIR:
            continue
        for other in ((index + 1) % 4, (index - 1) % 4):
            theirs = books.companies[other].id
            found = oracle.with_entity(group_of, partner(other, "").id, _accounts(company))
            for (end, kind, group), amount in found.items():
                if amount:
                    eliminated[end, group, company, theirs] += amount
                    by_pair[_pair(end, kind, company, theirs)] += amount
                    told.append((end, kind, group, company, theirs))
    differences = {
        (end, group, company, theirs): by_pair[_pair(end, kind, company, theirs)]
        for end, kind, group, company, theirs in told
    }
    return aggregated, eliminated, differences


def _pair(end: date, kind: str, one: str, other: str) -> Key:
    """One key for both sides."""
    return end, kind, min(one, other), max(one, other)


def _accounts(company: str) -> tuple[str, ...]:
    """Receivables and payables, in the company's own form of codes."""
    separator = {"102": "", "103": "-"}.get(company, ".")
    return CLIENT.replace(".", separator), SUPPLIER.replace(".", separator)


__all__ = ["FIRST", "LAST", "ZERO", "consolidated", "generate", "read", "seed"]
