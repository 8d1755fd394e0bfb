"""Which account stands above which, and how deep."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from erp_common.ledger.account_codes import CodeTree
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import Finding, StatedAccount


class Place(msgspec.Struct):
    """Where an account stands in the hierarchy."""

    parent_code: str | None
    """The parent as emitted: the one the ERP names, even if absent, else the one by code."""
    above: str | None
    """The nearest account above that exists; the same as the parent unless that is absent."""
    level: int = 0

    @property
    def is_orphan(self) -> bool:
        """Whether the parent named does not exist."""
        return self.parent_code != self.above


def places(accounts: Sequence[StatedAccount]) -> tuple[dict[str, Place], list[Finding]]:
    """The place of each account (their codes are unique), and what is wrong with it.

    An account whose named parent is absent keeps that name. It stands where it would if the parent
    existed: one level below the level the absent code itself has by its prefix; and it counts to
    the nearest existing account above. Parents that lead in a circle are cut at the shortest code
    of the circle, which becomes a root.
    """
    tree = CodeTree(account.code for account in accounts)
    found = {account.code: _place(account, tree) for account in accounts}
    findings = []
    for account in accounts:
        place = found[account.code]
        if account.parent_code and account.parent_code not in found:
            place.above = tree.above(account.parent_code)
            findings.append(_orphan(account))
    for account in accounts:
        findings += _set_levels(account.code, found)
    return found, findings


def _place(account: StatedAccount, tree: CodeTree) -> Place:
    # Some ERPs write a root as its own parent.
    named = account.parent_code if account.parent_code != account.code else None
    parent = named or (None if account.parent_code else tree.above(account.code))
    return Place(parent_code=parent, above=parent)


def _set_levels(code: str, found: dict[str, Place]) -> list[Finding]:
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


def _cut(circle: list[str], found: dict[str, Place]) -> list[Finding]:
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
            f"The parent accounts of {root} lead back to itself ({chain}); it is taken as a root. "
            "Correct its parent account in the chart of accounts.",
            account_code=root,
        )
    ]


def _orphan(account: StatedAccount) -> Finding:
    return finding(
        Code.ORPHAN_ACCOUNT,
        f"Account {account.code} {account.name} names {account.parent_code} as its parent account, "
        "but there is no such account. Correct the parent, or have the ERP send that account too.",
        account_code=account.code,
    )
