"""What an account is: asset, liability, equity, revenue or expense.

Charts differ: costs under 3 and revenue under 6, both under 3, equity at 2.3 or at 2.4. So the
settings go first, then what the ERP states, then the headings of the chart from the root down, and
the first digit of the code comes last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from erp_common.ledger import vocabulary
from erp_common.ledger.account_codes import bare
from erp_common.ledger.models import AccountType, Side, StatedAccount, StatedType

CREDIT_TYPES = frozenset({AccountType.LIABILITY, AccountType.EQUITY, AccountType.REVENUE})
PROFIT_AND_LOSS = frozenset({AccountType.REVENUE, AccountType.EXPENSE})

# A heading may carry its code or a lead word: "1 - ATIVO", "Total do Ativo", "(-) Custos".
_lead = re.compile(r"(?:(?:\d+|contas?|grupo|sistema|total|de|d[oa]s?) )*").match
_join = re.compile(r"(?: (?:e|ou|and|or)(?= ))? ?").match
_HEADINGS = tuple(
    (re.compile(rf"(?:{words})(?= |$)").match, heading)
    for words, heading in (
        (
            r"(?:(?:ativos?|passivos?) )?compensad[oa]s?|compensac(?:ao|oes)",
            StatedType(off_balance=True),
        ),
        (
            r"patr(?:im(?:onios?)?)? liquidos?|pl(?=$)|(?:\w+holder ?s? |owner ?s? )?equity",
            StatedType(type=AccountType.EQUITY),
        ),
        (r"ativos?|assets?", StatedType(type=AccountType.ASSET)),
        (r"passivos?|liabilit(?:y|ies)", StatedType(type=AccountType.LIABILITY)),
        (r"receitas?|revenues?|income(?! tax)", StatedType(type=AccountType.REVENUE)),
        (r"custos?|despesas?|expenses?|costs?", StatedType(type=AccountType.EXPENSE)),
    )
)
_BALANCE_SHEET_DIGITS = {"1": AccountType.ASSET, "2": AccountType.LIABILITY}
_ASSUMED_DIGITS = {
    "3": AccountType.REVENUE,
    "4": AccountType.EXPENSE,
    "5": AccountType.EXPENSE,
}


@lru_cache(maxsize=16384)
def heading(name: str) -> StatedType | None:
    """What a name says if it is the heading of a part of the chart; None if it says nothing.

    A name that heads two parts ("Receitas e Despesas") says nothing of either; but the heading
    "Passivo e Patrimônio Líquido" is that of the liabilities, equity being set apart below it.
    """
    folded = vocabulary.fold(name)
    said, end = _heading_at(folded, _past(_lead(folded), 0))
    if said is None:
        return None
    other, _ = _heading_at(folded, _past(_join(folded, end), end))
    is_one = other in (None, said) or other == StatedType(type=AccountType.EQUITY)
    return said if is_one else None


def _heading_at(folded: str, start: int) -> tuple[StatedType | None, int]:
    for matches, said in _HEADINGS:
        found = matches(folded, start)
        if found:
            return said, found.end()
    return None, start


def _past(found: re.Match[str] | None, start: int) -> int:
    return found.end() if found else start


def said_by_headings(
    account: StatedAccount, above: StatedType | None, *, has_children: bool
) -> StatedType | None:
    """What the names from the root down to this account say of it.

    The first name that says something holds for all below it, but Patrimônio Líquido below a root
    makes its accounts equity. The account's own name comes last. On the balance sheet (codes that
    begin with 1 or 2) an account without children may be called "Despesas antecipadas" or "Receita
    Federal" and still be neither expense nor revenue: there its own name does not decide that.

    Args:
        account: The account.
        above: What the names above it say; None for a root.
        has_children: Whether there are accounts below it.
    """
    own = heading(account.name)
    if above is not None:
        is_equity = own is not None and own.type is AccountType.EQUITY
        return own if is_equity and not above.off_balance else above
    if own is None or has_children or own.type not in PROFIT_AND_LOSS:
        return own
    on_balance_sheet = bare(account.code)[:1] in _BALANCE_SHEET_DIGITS
    says_result = account.stated_type is not None and account.stated_type.result
    return None if on_balance_sheet and not says_result else own


class PrefixTypes:
    """The account types set by code prefix; only letters and digits are compared."""

    def __init__(self, types: Mapping[str, AccountType]) -> None:
        """Take the setting `account_type_prefixes`."""
        self._types = {bare(prefix): kind for prefix, kind in types.items()}
        self._lengths = sorted({len(prefix) for prefix in self._types}, reverse=True)

    def type_of(self, code: str) -> AccountType | None:
        """The type of the longest prefix that fits, or None."""
        own = bare(code)
        fitting = (own[:length] for length in self._lengths)
        return next((self._types[prefix] for prefix in fitting if prefix in self._types), None)


def stated_or_said(account: StatedAccount, said: StatedType | None) -> StatedType | None:
    """The type the ERP states, else the one the headings say; None if neither does."""
    stated = account.stated_type
    if stated is not None and stated.result:
        if said is not None and said.type in PROFIT_AND_LOSS:
            return said
        is_revenue = account.normal_balance is Side.CREDIT
        return StatedType(type=AccountType.REVENUE if is_revenue else AccountType.EXPENSE)
    if stated is not None and (stated.type is not None or stated.off_balance):
        return stated
    return said


def by_first_digit(code: str) -> tuple[AccountType | None, bool]:
    """The type by the first digit, and whether that is sure: 3, 4 and 5 differ by chart."""
    digit = bare(code)[:1]
    if digit in _BALANCE_SHEET_DIGITS:
        return _BALANCE_SHEET_DIGITS[digit], True
    return _ASSUMED_DIGITS.get(digit), False
