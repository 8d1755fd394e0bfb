"""A digest changes with any amount, and with nothing else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.digest import Digest
from erp_common.ledger.models import StatedAccount
from erp_common.ledger.rules import Rules
from erp_common.ledger.trial_balance import reported

ACCOUNTS = [
    StatedAccount(code="1", name="Ativo", is_summary=True, debit=Decimal(5)),
    StatedAccount(code="1.1", name="Caixa", is_summary=False, debit=Decimal(5), closing=Decimal(5)),
    StatedAccount(code="2.1", name="Fornecedores", is_summary=False, opening=Decimal(-5)),
    StatedAccount(code="2.2", name="Impostos", is_summary=False),
]
AMOUNTS = ("opening", "debit", "credit", "closing")


def digest(accounts: list[StatedAccount]) -> Digest:
    return Digest.of(reported(accounts, Rules()))


@given(st.integers(1, 3), st.sampled_from(AMOUNTS), st.decimals("0.01", "1e9", places=2))
def test_any_other_amount_is_another_digest(at: int, name: str, by: Decimal) -> None:
    changed = list(ACCOUNTS)
    changed[at] = msgspec.structs.replace(ACCOUNTS[at], **{name: getattr(ACCOUNTS[at], name) + by})
    before, after = digest(ACCOUNTS), digest(changed)
    assert before.balances != after.balances
    assert (before.movements != after.movements) == (name in {"debit", "credit"})


def test_what_says_the_same_is_the_same() -> None:
    """Other zeros at the end, another order, another name, an account without amounts more."""
    other = [
        StatedAccount(code="9.9", name="Nova", is_summary=False),
        *reversed(ACCOUNTS),
    ]
    other[-2] = msgspec.structs.replace(
        ACCOUNTS[1], name="Caixa geral", debit=Decimal("5.00"), credit=Decimal("-0.00")
    )
    assert digest(other) == digest(ACCOUNTS)


def test_it_is_short_and_comes_back() -> None:
    found = digest(ACCOUNTS)
    assert len(str(found)) == 16
    assert Digest.read(str(found)) == found
