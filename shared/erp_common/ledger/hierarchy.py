"""The chart of accounts: every account in its place, with its type and class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from erp_common.ledger import account_types
from erp_common.ledger.account_codes import CodeTree
from erp_common.ledger.classes import summary_flags
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import AccountType, Finding, StatedAccount, StatedType
from erp_common.ledger.parents import Place, places
from erp_common.ledger.rules import Rules


class ChartAccount(msgspec.Struct, kw_only=True):
    """One account in its place in the chart."""

    stated: StatedAccount
    parent_code: str | None
    """The parent as the ERP names it, even if absent, else the one by code."""
    above: str | None
    """The nearest account above that exists: where its amounts are summed up."""
    level: int
    """The depth in the hierarchy, 1 for a root."""
    account_type: AccountType | None = None
    is_summary: bool = False
    said: StatedType | None = None
    """What the names from the root down to this account say of its type."""

    @property
    def code(self) -> str:
        """The account code."""
        return self.stated.code

    @property
    def name(self) -> str:
        """The account's name."""
        return self.stated.name


class Chart:
    """The chart of accounts of one company, in the ERP's order."""

    def __init__(
        self, accounts: Sequence[ChartAccount], findings: Sequence[Finding], rules: Rules
    ) -> None:
        """Keep the accounts as `build` has placed them."""
        self.accounts = tuple(accounts)
        self.by_code = {account.code: account for account in self.accounts}
        self.findings = tuple(findings)
        """What is wrong with the chart itself; empty without checks."""
        self.children: dict[str, list[str]] = {}
        """The codes directly below each account that has any."""
        for account in self.accounts:
            if account.above is not None:
                self.children.setdefault(account.above, []).append(account.code)
        self._rules = rules
        self._codes = CodeTree(self.by_code)
        self._summaries = frozenset(a.code for a in self.accounts if a.is_summary)

    def is_summary(self, code: str) -> bool:
        """Whether the code is that of a summary account of the chart."""
        return code in self._summaries

    def bottom_up(self) -> list[ChartAccount]:
        """The accounts, each after all those below it."""
        return sorted(self.accounts, key=lambda account: -account.level)

    def place(self, stated: StatedAccount) -> ChartAccount:
        """An account that is not in the chart, put where its code belongs.

        It goes below the summary account with the longest prefix of its code; an analytic account
        never becomes a summary account thereby. The chart itself does not change.
        """
        above = self._codes.above(stated.code, among=self._summaries)
        parent = None if above is None else self.by_code[above]
        account = ChartAccount(
            stated=stated,
            parent_code=above,
            above=above,
            level=1 if parent is None else parent.level + 1,
        )
        prefixes = account_types.PrefixTypes(self._rules.account_type_prefixes)
        _set_type(account, parent, prefixes, has_children=False)
        return account


def build(stated: Iterable[StatedAccount], rules: Rules) -> Chart:
    """The chart of accounts, whatever the order in which the ERP sends it.

    Of a repeated account code the first is kept.
    """
    accounts, findings = _unique(stated)
    found, misplaced = places(accounts)
    with_children = {place.above for place in found.values() if place.above is not None}
    flags, contradictions = summary_flags(accounts, with_children)
    chart = [_in_place(account, found, flags) for account in accounts]
    guesses = _set_types(chart, with_children, rules)
    findings += [*misplaced, *contradictions, *guesses]
    return Chart(chart, findings if rules.checks else [], rules)


def _unique(stated: Iterable[StatedAccount]) -> tuple[list[StatedAccount], list[Finding]]:
    first: dict[str, StatedAccount] = {}
    findings = [
        _duplicate(account)
        for account in stated
        if first.setdefault(account.code, account) is not account
    ]
    return list(first.values()), findings


def _duplicate(account: StatedAccount) -> Finding:
    return finding(
        Code.DUPLICATE_ACCOUNT,
        f"Account {account.code} {account.name} comes more than once; the first row is kept, this "
        "one is left out. Correct the chart of accounts, or ask for one company at a time.",
        account_code=account.code,
        raw={
            "account_code": account.code,
            "account_name": account.name,
            "opening_balance": account.opening,
            "debit_amount": account.debit,
            "credit_amount": account.credit,
            "closing_balance": account.closing,
        },
    )


def _in_place(
    account: StatedAccount, found: dict[str, Place], flags: dict[str, bool]
) -> ChartAccount:
    place = found[account.code]
    return ChartAccount(
        stated=account,
        parent_code=place.parent_code,
        above=place.above,
        level=place.level,
        is_summary=flags[account.code],
    )


def _set_types(chart: list[ChartAccount], with_children: set[str], rules: Rules) -> list[Finding]:
    """Set the accounts' types from the roots down; the findings are in the chart's order."""
    prefixes = account_types.PrefixTypes(rules.account_type_prefixes)
    by_code = {account.code: account for account in chart}
    roots: dict[str, str] = {}
    guessed: dict[str, set[str]] = {}
    unknown = set()
    for account in sorted(chart, key=lambda account: account.level):
        parent = None if account.above is None else by_code[account.above]
        root = account.code if parent is None else roots[parent.code]
        roots[account.code] = root
        is_sure = _set_type(account, parent, prefixes, has_children=account.code in with_children)
        if account.account_type is not None and not is_sure:
            guessed.setdefault(root, set()).add(account.account_type.value)
        elif not is_sure:
            unknown.add(account.code)
    findings = [
        _assumed(account, guessed[account.code]) for account in chart if account.code in guessed
    ]
    return findings + [_unknown(account) for account in chart if account.code in unknown]


def _set_type(
    account: ChartAccount,
    parent: ChartAccount | None,
    prefixes: account_types.PrefixTypes,
    *,
    has_children: bool,
) -> bool:
    """Set the account's type; whether that is sure (off-balance accounts surely have none)."""
    account.said = account_types.said_by_headings(
        account.stated, parent.said if parent else None, has_children=has_children
    )
    account.account_type = prefixes.type_of(account.code)
    if account.account_type is not None:
        return True
    known = account_types.stated_or_said(account.stated, account.said)
    if known is not None:
        account.account_type = known.type
        return True
    account.account_type, is_sure = account_types.by_first_digit(account.code)
    return is_sure


def _assumed(root: ChartAccount, kinds: set[str]) -> Finding:
    return finding(
        Code.ASSUMED_ACCOUNT_TYPE,
        f"Accounts under {root.code} {root.name} were taken as {' and '.join(sorted(kinds))} from "
        "the first digit of their codes, for neither the ERP nor a heading says what they are. If "
        "that is wrong, set account_type_prefixes.",
        account_code=root.code,
    )


def _unknown(account: ChartAccount) -> Finding:
    return finding(
        Code.UNKNOWN_ACCOUNT_TYPE,
        f"Nothing says what account {account.code} {account.name} is: asset, liability, equity, "
        "revenue or expense. Set account_type_prefixes for its code, or its type in the ERP.",
        account_code=account.code,
    )
