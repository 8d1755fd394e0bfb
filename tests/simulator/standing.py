"""Where every account stands, so that no event takes more out of one than there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from simulator.model import Account, Nature

# The usual accounts come first. No account is in a pool whose nature differs from the first one's.
_POOLS: Final = {
    "bank": ("1.1.01.02", "1.1.01.03", "1.1.01.01"),
    "client": ("1.1.02.01", "1.1.02.02", "1.1.02.1", "1.1.02.2"),
    "stock": ("1.1.03.01", "1.1.03.02"),
    "recoverable": ("1.1.04.02", "1.1.04.01"),
    "fixed": ("1.2.03.01",),
    "depreciated": ("1.2.03.03",),
    "supplier": ("2.1.01",),
    "loan": ("2.1.02.01", "2.2.01.01"),
    "wages": ("2.1.03.01",),
    "charges": ("2.1.03.02",),
    "people": ("2.1.03.01", "2.1.03.02"),
    "taxes": ("2.1.04",),
    "sales": ("3.1.01",),
    "sales_tax": ("3.1.02",),
    "financial": ("3.2",),
    "cost": ("4",),
    "payroll": ("5.1.01",),
    "expense": ("5.1.02.01", "5.1.02.02", "5.1.02.03", "5.1.03", "5.1.04"),
    "depreciation": ("5.1.02.04",),
    "fees": ("5.1.05",),
}
_ADJUSTED: Final = ("1", "2.1", "2.2", "2.3", "5")
_NO_LIMIT: Final = 1 << 62


class Standing:
    """Accounts sorted by what happens on them, with running balances (debit-positive, in cents)."""

    def __init__(self, accounts: Iterable[Account], balances: Mapping[str, int]) -> None:
        """Begin with `balances`; accounts that are not there begin at nothing."""
        leaves = [account for account in accounts if not account.is_summary]
        self._nature = {account.code: account.nature for account in leaves}
        self._balances = dict.fromkeys(self._nature, 0) | dict(balances)
        self._pools = {name: self._pool(prefixes) for name, prefixes in _POOLS.items()}
        # Whatever its nature: an adjustment may go anywhere.
        self._pools["any"] = [code for code in self._nature if code.startswith(_ADJUSTED)]

    def __getitem__(self, pool: str) -> Sequence[str]:
        """The accounts of a pool."""
        return self._pools[pool]

    def post(self, account: str, cents: int) -> None:
        """Add to an account, debit-positive."""
        self._balances[account] += cents

    def room(self, account: str, side: Nature) -> int:
        """The most that may go to that side without turning the account's balance around."""
        if self._nature[account] == side:
            return _NO_LIMIT
        balance = self._balances[account]
        return max(0, -balance if side == "D" else balance)

    def _pool(self, prefixes: Sequence[str]) -> list[str]:
        codes = [code for prefix in prefixes for code in self._nature if code.startswith(prefix)]
        return [code for code in codes if self._nature[code] == self._nature[codes[0]]]
