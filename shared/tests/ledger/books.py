"""Small ledgers to test with, and a strategy for random ones that are sound."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from erp_common.ledger.models import (
    AccountType,
    Finding,
    Posting,
    Side,
    StatedAccount,
    StatedType,
)
from erp_common.ledger.periods import Period

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Period(date(2024, 2, 1), date(2024, 2, 29))


def account(code: str, amounts: str = "0 0 0", **fields: Any) -> StatedAccount:
    """An account of opening, debit, credit and, if it is not their sum, closing."""
    opening, debit, credit, *closing = map(Decimal, amounts.split())
    kind = fields.pop("type", None)
    return StatedAccount(
        code=code,
        name=fields.pop("name", f"Conta {code}"),
        stated_type=fields.pop("stated_type", None if kind is None else StatedType(type=kind)),
        opening=opening,
        debit=debit,
        credit=credit,
        closing=closing[0] if closing else opening + debit - credit,
        **fields,
    )


def posting(code: str, entry: str, amount: str, day: date = JANUARY.start) -> Posting:
    """A line of an entry: debit if the amount is positive, credit if negative."""
    value = Decimal(amount)
    return Posting(
        account_code=code,
        entry_id=entry,
        transaction_date=day,
        posting_date=day,
        debit_amount=max(value, Decimal(0)),
        credit_amount=max(-value, Decimal(0)),
    )


def codes(findings: list[Finding] | tuple[Finding, ...]) -> list[str]:
    """The codes of the findings, sorted."""
    return sorted(finding.code for finding in findings)


def sound() -> list[StatedAccount]:
    """A sound debit-positive trial balance: 1,000 in cash, of which 200 were earned just now."""
    return [
        account("1", "800 300 100", name="ATIVO"),
        account("1.1", "800 300 100", name="Disponível"),
        account("1.1.01", "500 300 100", name="Caixa"),
        account("1.1.02", "300 0 0", name="Bancos"),
        account("2", "-800 0 0", name="PASSIVO"),
        account("2.1", "-300 0 0", name="Fornecedores"),
        account("2.3", "-500 0 0", name="Patrimônio Líquido"),
        account("2.3.01", "-500 0 0", name="Capital"),
        account("3", "0 0 300", name="RECEITAS"),
        account("3.01", "0 0 300", name="Vendas"),
        account("4", "0 100 0", name="DESPESAS"),
        account("4.01", "0 100 0", name="Aluguel"),
    ]


NATURE = {
    AccountType.ASSET: Side.DEBIT,
    AccountType.LIABILITY: Side.CREDIT,
    AccountType.EQUITY: Side.CREDIT,
    AccountType.REVENUE: Side.CREDIT,
    AccountType.EXPENSE: Side.DEBIT,
}
OTHER_SIDE = {Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT}

cents = st.integers(1, 10**9).map(lambda amount: Decimal(amount) / 100)


@st.composite
def analytic_ledgers(draw: st.DrawFn, *, with_contra: bool = True) -> list[StatedAccount]:
    """Analytic accounts with their normal side, debit-positive, all sums zero."""
    kinds = draw(st.lists(st.sampled_from(list(AccountType)), min_size=2, max_size=12))
    contra = [with_contra and draw(st.booleans()) for _ in kinds]
    indices = st.integers(0, len(kinds) - 1)
    opening = [Decimal(0)] * len(kinds)
    debit = [Decimal(0)] * len(kinds)
    credit = [Decimal(0)] * len(kinds)
    for amount in draw(st.lists(cents, max_size=8)):
        opening[draw(indices)] += amount
        opening[draw(indices)] -= amount
    for amount in draw(st.lists(cents, max_size=20)):
        debit[draw(indices)] += amount
        credit[draw(indices)] += amount
    return [
        StatedAccount(
            code=f"{number:03}",
            name=f"Conta {number}",
            stated_type=StatedType(type=kind),
            normal_balance=OTHER_SIDE[NATURE[kind]] if contra[number] else NATURE[kind],
            opening=opening[number],
            debit=debit[number],
            credit=credit[number],
            closing=opening[number] + debit[number] - credit[number],
        )
        for number, kind in enumerate(kinds)
    ]
