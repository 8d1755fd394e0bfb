"""What an account is: asset, liability, equity, revenue or expense.

Charts differ: costs under 3 and revenue under 6, both under 3, equity at 2.3 or at 2.4. So the
settings go first, then what the ERP states, then the headings of the chart from the root down, then
the account's side, and the first digit of the code comes last.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from erp_common.ledger.account_codes import bare, significant
from erp_common.ledger.models import AccountType, Side, StatedAccount
from erp_common.ledger.vocabulary import heading, is_remainder

_CREDIT_TYPES = frozenset({AccountType.LIABILITY, AccountType.EQUITY, AccountType.REVENUE})
PROFIT_AND_LOSS = frozenset({AccountType.REVENUE, AccountType.EXPENSE})

_BALANCE_SHEET_DIGITS: Final = {"1": AccountType.ASSET, "2": AccountType.LIABILITY}
_ASSUMED_DIGITS: Final = {
    "3": AccountType.REVENUE,
    "4": AccountType.EXPENSE,
    "5": AccountType.EXPENSE,
}
_BY_SIDE: Final = {Side.CREDIT: AccountType.REVENUE, Side.DEBIT: AccountType.EXPENSE}
_ROOT_LENGTH: Final = 2


def normal_side(kind: AccountType | None) -> Side:
    """The side on which accounts of a type normally stand; debit where no type is known."""
    return Side.CREDIT if kind in _CREDIT_TYPES else Side.DEBIT


class Source(str, Enum):
    """Which rule decided an account's type; `docs/ledger.md` has them with examples."""

    PREFIX = "prefix"
    ERP = "erp"
    HEADING = "heading"
    SIDE = "side"
    DIGIT = "digit"


class Said(msgspec.Struct, frozen=True):
    """What the names from the root down to an account say of it."""

    type: AccountType | None = None
    off_balance: bool = False
    result: bool = False
    """They say no more than that it is revenue or expense."""
    within_expenses: bool = False
    """It is revenue under a heading of expenses: an account on the debit side is none."""


class Decision(msgspec.Struct, frozen=True):
    """An account's type, and which rule says so."""

    type: AccountType | None
    source: Source | None
    is_sure: bool = True
    """Not for a guess, nor where nothing says it; off-balance accounts surely have no type."""


UNDECIDED: Final = Decision(None, None, is_sure=False)


def said_by_headings(
    account: StatedAccount, above: Said | None, *, is_heading: bool, digits_count: bool
) -> Said | None:
    """What the names from the root down to this account say of it.

    The first name that says something holds for all below it. But below a root, Compensação takes
    its accounts off the balance sheet, Patrimônio Líquido makes them equity, and Receitas under
    Despesas makes them revenue. On codes that begin with 1 or 2 a name that speaks of results
    counts only for a root: "Despesas antecipadas" and "Receita Federal" are neither there. Of an
    account with none above or below it, "Outros ativos" says nothing: its part is not known.

    Args:
        account: The account.
        above: What the names above it say; None for a root, or if they say nothing.
        is_heading: Whether there are accounts below it.
        digits_count: Whether the first digit of the code means something.
    """
    own = heading(account.name)
    if own is None:
        return above
    if above is None or (above.result and above.type is None):
        speaks_of_results = own.result or own.type in PROFIT_AND_LOSS
        may_be_result = above is not None or _may_be_result(
            account, is_heading=is_heading, digits_count=digits_count
        )
        is_loose = above is None and not is_heading and is_remainder(account.name)
        says_nothing = not may_be_result if speaks_of_results else is_loose
        return None if says_nothing else Said(own.type, own.off_balance, own.result)
    if own.off_balance or above.off_balance:
        return Said(off_balance=True)
    if own.type is AccountType.EQUITY and above.type is AccountType.LIABILITY:
        return Said(AccountType.EQUITY)
    is_income = own.type is AccountType.REVENUE and above.type is AccountType.EXPENSE
    if is_income and (is_heading or account.normal_balance is Side.CREDIT):
        return Said(AccountType.REVENUE, within_expenses=True)
    return above


def _may_be_result(account: StatedAccount, *, is_heading: bool, digits_count: bool) -> bool:
    if account.stated_type is not None and account.stated_type.result:
        return True
    code = significant(account.code)
    if not digits_count or bare(code)[:1] not in _BALANCE_SHEET_DIGITS:
        return True
    return is_heading and code.isalnum() and len(code.rstrip("0") or code) <= _ROOT_LENGTH


class PrefixTypes:
    """The account types set by code prefix; only letters and digits are compared."""

    def __init__(self, types: Mapping[str, AccountType]) -> None:
        """Take the setting `account_type_prefixes`."""
        self._types = {bare(prefix): kind for prefix, kind in types.items()}
        self._lengths = sorted({len(prefix) for prefix in self._types}, reverse=True)

    def type_of(self, code: str) -> AccountType | None:
        """The type of the longest prefix that fits, or None."""
        if not self._lengths:
            return None
        own = bare(code)
        fitting = (own[:length] for length in self._lengths)
        return next((self._types[prefix] for prefix in fitting if prefix in self._types), None)


def decide(
    account: StatedAccount,
    said: Said | None,
    prefixes: PrefixTypes,
    *,
    is_alone: bool,
    digits_count: bool,
) -> Decision:
    """The account's type by the first rule that says it, guesses aside.

    Args:
        account: The account.
        said: What the names from the root down to it say.
        prefixes: The setting.
        is_alone: Whether no account is above or below it.
        digits_count: Whether the first digit of the code means something.
    """
    by_setting = prefixes.type_of(account.code)
    if by_setting is not None:
        return Decision(by_setting, Source.PREFIX)
    digit = bare(account.code)[:1] if digits_count else ""
    return (
        _by_erp(account, said)
        or _by_heading(account, said)
        or _by_side(account, said, "" if is_alone else digit)
        or _by_digit(digit)
        or UNDECIDED
    )


def guess(code: str) -> Decision:
    """The type by a first digit that differs by chart: 3 is revenue in most, 4 and 5 expense."""
    kind = _ASSUMED_DIGITS.get(bare(code)[:1])
    return UNDECIDED if kind is None else Decision(kind, Source.DIGIT, is_sure=False)


def _by_erp(account: StatedAccount, said: Said | None) -> Decision | None:
    stated = account.stated_type
    if stated is None:
        return None
    if stated.result:
        # Protheus' nature 04 is revenue and expense; without a side it is mostly the latter.
        by_heading = _by_heading(account, said) if said and said.type in PROFIT_AND_LOSS else None
        side = account.normal_balance
        by_side = Decision(_BY_SIDE[side], Source.SIDE) if side else None
        rest = UNDECIDED if stated.both else Decision(AccountType.EXPENSE, Source.ERP)
        return by_heading or by_side or rest
    if stated.type is AccountType.LIABILITY and said and said.type is AccountType.EQUITY:
        return Decision(AccountType.EQUITY, Source.HEADING)
    if stated.type is not None or stated.off_balance:
        return Decision(stated.type, Source.ERP)
    return None


def _by_heading(account: StatedAccount, said: Said | None) -> Decision | None:
    if said is None or not (said.type or said.off_balance):
        return None
    if said.within_expenses and account.normal_balance is Side.DEBIT:
        return Decision(AccountType.EXPENSE, Source.SIDE)
    return Decision(said.type, Source.HEADING)


def _by_side(account: StatedAccount, said: Said | None, digit: str) -> Decision | None:
    is_result = (said is not None and said.result) or digit in _ASSUMED_DIGITS
    side = account.normal_balance
    return Decision(_BY_SIDE[side], Source.SIDE) if is_result and side else None


def _by_digit(digit: str) -> Decision | None:
    kind = _BALANCE_SHEET_DIGITS.get(digit)
    return None if kind is None else Decision(kind, Source.DIGIT)
