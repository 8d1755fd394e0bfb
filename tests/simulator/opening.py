"""What a company owns and owes on the day before its books begin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import Final

from simulator.model import Account

CAPITAL: Final = "2.4.01.01.001"

# Each group's part of a year's turnover, in per mille, as a trading company's balance sheet has it;
# capital is what remains. The accounts of a group stand on the side of its first one.
_PER_MILLE: Final = {
    "1.1.01.01": 5,
    "1.1.01.02": 50,
    "1.1.01.03": 40,
    "1.1.02": 120,
    "1.1.02.03": 5,
    "1.1.03": 90,
    "1.1.03.04": 3,
    "1.1.04": 15,
    "1.1.05": 5,
    "1.1.06": 3,
    "1.2.01": 15,
    "1.2.02": 30,
    "1.2.03.01": 250,
    "1.2.03.02": 20,
    "1.2.03.03": 70,
    "1.2.04": 20,
    "1.2.04.02": 5,
    "2.1.01": 85,
    "2.1.02": 45,
    "2.1.02.03": 3,
    "2.1.03": 20,
    "2.1.04": 18,
    "2.1.05": 8,
    "2.2": 110,
    "2.3": 4,
    "2.3.01.02": 1,
    "2.4.02": 40,
    "2.4.03": 8,
    "2.4.04": 50,
}


def opening_balances(accounts: Sequence[Account], turnover: int, rng: Random) -> dict[str, int]:
    """Draw debit-positive balances whose sum is zero; `turnover` is a year's; all in cents."""
    groups: defaultdict[str | None, list[Account]] = defaultdict(list)
    for account in accounts:
        groups[_group_of(account)].append(account)
    balances: dict[str, int] = {}
    for group, per_mille in _PER_MILLE.items():
        total = turnover * per_mille / 1000 * rng.uniform(0.85, 1.15)
        members = groups[group]
        # The second about half as large as the first, and so on: a few make up most of a group.
        shares = [rng.uniform(0.5, 1.5) / (place + 1) for place in range(len(members))]
        unit = total / sum(shares) if shares else 0
        for account, share in zip(members, shares, strict=True):
            cents = max(1, int(unit * share))
            used = account is members[0] or rng.random() >= 0.1
            if used and account.nature == members[0].nature:
                balances[account.code] = cents if account.nature == "D" else -cents
    balances[CAPITAL] = -sum(balances.values())
    return balances


def _group_of(account: Account) -> str | None:
    """The longest prefix of the table that the account falls under."""
    if account.is_summary:
        return None
    parts = account.code.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts) - 1, 1, -1))
    return next((prefix for prefix in prefixes if prefix in _PER_MILLE), None)
