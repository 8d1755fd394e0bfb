"""Which account stands above which, and how deep: by the parents named, else by the codes."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from erp_common.ledger import vocabulary
from erp_common.ledger.account_codes import CodeTree, bare, is_zero, segments
from erp_common.ledger.account_types import UNDECIDED, Decision, Said
from erp_common.ledger.cash import CASH
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import AccountBalance, AccountType, Basis, Finding, StatedAccount

_FEW: Final = 4
"""Beside each parent named, so many accounts may name none in a chart of mere numbers."""


class ChartAccount(msgspec.Struct, kw_only=True):
    """One account in its place in the chart."""

    stated: StatedAccount
    parent_code: str | None
    """The parent as emitted: the one the ERP names, even if absent, else the one by code."""
    above: str | None
    """The nearest account above that exists: where its amounts are summed up."""
    level: int = 0
    """The depth in the hierarchy, 1 for a root."""
    is_summary: bool = False
    said: Said | None = None
    """What the names from the root down to this account say of its type."""
    decision: Decision = UNDECIDED
    """Its type, and which rule says so."""

    @property
    def code(self) -> str:
        """The account code."""
        return self.stated.code

    @property
    def name(self) -> str:
        """The account's name."""
        return self.stated.name

    @property
    def account_type(self) -> AccountType | None:
        """The account's type; None off the balance sheet, or if nothing says it."""
        return self.decision.type

    def balance(
        self, basis: Basis, opening: Decimal, debit: Decimal, credit: Decimal, closing: Decimal
    ) -> AccountBalance:
        """The account's row of a trial balance; its net balances are as if debit-positive."""
        return AccountBalance(
            account_code=self.code,
            account_name=self.name,
            account_type=self.account_type,
            parent_account_code=self.parent_code,
            level=self.level,
            normal_balance=self.stated.normal_balance,
            opening_balance=opening,
            debit_amount=debit,
            credit_amount=credit,
            closing_balance=closing,
            is_summary=self.is_summary,
            basis=basis,
            metadata=self.metadata,
        )

    @property
    def is_orphan(self) -> bool:
        """Whether the parent named does not exist."""
        return self.parent_code != self.above

    @property
    def metadata(self) -> dict[str, Any]:
        """What the ERP says of the account beyond its fields, and which rule decided its type."""
        if self.decision.source is None:
            return self.stated.metadata
        return {**self.stated.metadata, "account_type_from": self.decision.source.value}


def below(accounts: Iterable[ChartAccount]) -> dict[str, list[ChartAccount]]:
    """The accounts directly below each one that has any, by its code."""
    found: dict[str, list[ChartAccount]] = {}
    for account in accounts:
        if account.above is not None:
            found.setdefault(account.above, []).append(account)
    return found


class Hierarchy:
    """The accounts of a chart one above the other.

    The parent is the one the ERP names. Where none is named it is the one by code; but where the
    parents named are mostly no prefixes of the codes, which then are mere numbers, an account that
    names none is a root.
    """

    def __init__(self, accounts: Sequence[StatedAccount]) -> None:
        """Read the accounts of a chart, each code once."""
        self.accounts = accounts
        self.codes = CodeTree((account.code for account in accounts), top=_top(accounts))
        self._is_named = self._disagrees()
        is_cash = any(CASH.items() <= account.metadata.items() for account in accounts)
        self.digits_count = not is_cash and (self.codes.has_separators or not self._is_named)
        """Whether the first digit of a code means something; not where codes are mere numbers.

        Nor where they are those of categories: Omie's 1 is revenue.
        """

    def places(
        self, analytic: Container[str] = (), summaries: Container[str] = ()
    ) -> tuple[list[ChartAccount], list[Finding]]:
        """The accounts in their places, in order, and what is wrong with them.

        An account whose named parent is absent keeps that name. It stands where it would if the
        parent existed: one level below the level the absent code itself has by its prefix; and it
        counts to the nearest existing account above. Parents that lead in a circle are cut at the
        shortest code of the circle, which becomes a root.

        Args:
            analytic: The codes below which none stands by its code, if its own class is stated.
            summaries: The codes that surely stand above others.
        """
        found = {
            account.code: self._place(account, analytic, summaries) for account in self.accounts
        }
        findings = []
        for account in self.accounts:
            place = found[account.code]
            if account.parent_code and account.parent_code not in found:
                place.above = self.codes.above(account.parent_code)
                findings.append(_orphan(account))
        for account in self.accounts:
            findings += _set_levels(account.code, found)
        return list(found.values()), findings

    def _place(
        self, account: StatedAccount, analytic: Container[str], summaries: Container[str]
    ) -> ChartAccount:
        # Some ERPs write a root as its own parent.
        named = account.parent_code if account.parent_code != account.code else None
        parent = named
        if not account.parent_code and not self._is_named:
            barred = () if account.is_summary is None else analytic
            parent = self.codes.above(account.code, barred, summaries)
        return ChartAccount(stated=account, parent_code=parent, above=parent)

    def _disagrees(self) -> bool:
        agreeing = disagreeing = nested = 0
        existing = {account.code for account in self.accounts}
        for account in self.accounts:
            code, named = account.code, account.parent_code
            if not named:
                # A code that nests at a separator speaks for codes that mean something; where
                # there is none, `10` beside `1` need not.
                if self.codes.above(code) is not None:
                    agreeing += len(segments(code)) > 1
                    nested += 1
            elif named != code and named in existing and bare(named)[:1].isdigit():
                fits = bare(code).startswith(bare(named)) or self.codes.above(code) == named
                agreeing += fits
                disagreeing += not fits
        return disagreeing > agreeing and disagreeing * _FEW > nested


_IS_PLAN: Final = re.compile(
    r"plano( geral)?( de contas)?|chart of accounts|balancete|total( geral)?|geral|todas as contas"
).match


def _top(accounts: Iterable[StatedAccount]) -> str | None:
    """The root above the roots (`0 PLANO DE CONTAS`), if there is one and it names no parent."""
    zeros = [account for account in accounts if is_zero(account.code)]
    if len(zeros) != 1 or zeros[0].is_summary is False or zeros[0].parent_code:
        return None
    is_plan = zeros[0].is_summary or _IS_PLAN(vocabulary.fold(zeros[0].name))
    return zeros[0].code if is_plan else None


def _set_levels(code: str, found: dict[str, ChartAccount]) -> list[Finding]:
    """Set the level of the account and of all above it."""
    findings: list[Finding] = []
    path: dict[str, None] = {}
    at: str | None = code
    while at is not None and not found[at].level:
        if at in path:
            findings += _cut(list(path)[list(path).index(at) :], found)
            path, at = {}, code
            continue
        path[at] = None
        at = found[at].above
    for step in reversed(path):
        place = found[step]
        depth = found[place.above].level if place.above is not None else 0
        place.level = depth + (2 if place.is_orphan else 1)
    return findings


def _cut(circle: list[str], found: dict[str, ChartAccount]) -> list[Finding]:
    root = min(circle, key=lambda code: (len(code), code))
    place = found[root]
    place.above = None
    if place.is_orphan and place.parent_code not in found:
        return []  # reported as an orphan already
    place.parent_code = None
    start = circle.index(root)
    chain = " → ".join([*circle[start:], *circle[:start], root])
    return [
        finding(
            Code.ORPHAN_ACCOUNT,
            "The parent accounts of {code} lead back to itself ({chain}); it is taken as a "
            "root. Correct its parent account in the chart of accounts.",
            chain=chain,
            account_code=root,
        )
    ]


def _orphan(account: StatedAccount) -> Finding:
    return finding(
        Code.ORPHAN_ACCOUNT,
        "Account {code} {name} names {parent} as its parent account, but there is no such "
        "account. Correct the parent, or have the ERP send that account too.",
        name=account.name,
        parent=account.parent_code,
        account_code=account.code,
    )
