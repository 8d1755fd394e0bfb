"""Digests of trial balances: whether a closed period is what it was when it was last read."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.exact import plain
from erp_common.ledger.models import ZERO

_BYTES: Final = 6
_LETTERS: Final = 8


class Digest(NamedTuple):
    """What a trial balance is known by later, 48 bits each.

    Attributes:
        balances: Of the accounts with opening, debit, credit and closing.
        movements: Of the accounts with debit and credit alone.
    """

    balances: str
    movements: str

    @classmethod
    def of(cls, ledger: TrialBalance) -> Digest:
        """The digest of the analytic accounts with any amount, as the ERP states them."""
        accounts = sorted(ledger.analytic(), key=lambda account: account.account_code)
        return cls(
            _hash(
                (a.account_code, a.opening_balance, a.debit_amount, a.credit_amount,
                 a.closing_balance)
                for a in accounts
            ),
            _hash((a.account_code, a.debit_amount, a.credit_amount) for a in accounts),
        )  # fmt: skip

    @classmethod
    def read(cls, written: str) -> Digest:
        """A digest as the state holds it."""
        return cls(written[:_LETTERS], written[_LETTERS:])

    def __str__(self) -> str:
        """As the state holds it."""
        return self.balances + self.movements


def _hash(rows: Iterable[tuple[Any, ...]]) -> str:
    hashed = blake2b(digest_size=_BYTES)
    for code, *amounts in rows:
        if any(amounts):
            hashed.update("\t".join([code, *map(_canonical, amounts)]).encode() + b"\n")
    return urlsafe_b64encode(hashed.digest()).decode()


def _canonical(amount: Decimal) -> str:
    """The same text for the same amount, however many zeros end it."""
    text = plain(amount or ZERO)  # a zero has no sign
    return text.rstrip("0").rstrip(".") if "." in text else text
