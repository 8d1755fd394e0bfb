"""Accounts whose type nothing says, or a guess: one warning for the highest, with its remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from erp_common.ledger import account_types
from erp_common.ledger.account_codes import CodeTree, bare
from erp_common.ledger.account_types import Source
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import AccountType, Finding
from erp_common.ledger.parents import ChartAccount, below
from erp_common.ledger.sentences import told

_MAX_PREFIXES: Final = 8
"""A longer setting is no advice; the type is better stated in the ERP."""


class _Doubt(msgspec.Struct, frozen=True):
    """Why an account's type is in doubt: accounts of one doubt are told of together."""

    type: AccountType | None
    unread: str | None
    """The words in which the ERP states a type, if they are not understood."""


def findings(chart: Sequence[ChartAccount], codes: CodeTree) -> list[Finding]:
    """One warning for each highest account that is in doubt, with all below it for the same reason.

    A summary account above accounts whose types are known is not told of itself: a setting for its
    code would turn theirs.
    """
    doubts = {account.code: _doubt_of(account) for account in chart}
    if not any(doubts.values()):
        return []
    is_whole = dict.fromkeys(doubts, True)
    for account in sorted(chart, key=lambda account: -account.level):
        above = account.above
        if above is not None and not (is_whole[account.code] and _same(doubts, account)):
            is_whole[above] = False
    children = below(chart)
    found = []
    for account in chart:
        doubt, above = doubts[account.code], account.above
        is_top = above is None or not (is_whole[above] and _same(doubts, account))
        if doubt is None or not is_top:
            continue
        if is_whole[account.code] or not account.is_summary:
            its = _with_all_below(account, children) if is_whole[account.code] else [account]
            found.append(_told(account, doubt, _setting(its, doubt.type, chart, codes)))
    return found


def _doubt_of(account: ChartAccount) -> _Doubt | None:
    decision, stated = account.decision, account.stated.stated_type
    unread = stated.unread if stated and decision.source is not Source.PREFIX else None
    if decision.is_sure and (unread is None or decision.type is None):
        return None
    return _Doubt(decision.type, unread)


def _same(doubts: Mapping[str, _Doubt | None], account: ChartAccount) -> bool:
    return account.above is not None and doubts[account.code] == doubts[account.above]


def _with_all_below(
    account: ChartAccount, children: Mapping[str, Sequence[ChartAccount]]
) -> list[ChartAccount]:
    found = [account]
    for one in found:
        found.extend(children.get(one.code, ()))
    return found


def _setting(
    below: Sequence[ChartAccount],
    kind: AccountType | None,
    chart: Sequence[ChartAccount],
    codes: CodeTree,
) -> dict[str, AccountType] | None:
    """The `account_type_prefixes` that settle these accounts and turn no other; None if too long.

    Args:
        below: An account and all below it.
        kind: The type they were taken as; None stands for any.
        chart: All accounts.
        codes: Their codes.
    """
    inside = {account.code for account in below}
    wanted: dict[str, AccountType] = {}
    for account in below:
        if not account_types.PrefixTypes(wanted).type_of(account.code):
            wanted[codes.significant(account.code)] = kind or AccountType.ASSET
            if len(wanted) > _MAX_PREFIXES:
                return None
    own = tuple(bare(prefix) for prefix in wanted)
    others = [a for a in chart if a.code not in inside and bare(a.code).startswith(own)]
    for other in sorted(others, key=lambda account: account.level):
        if other.account_type is None:
            return None
        meant = account_types.PrefixTypes(wanted).type_of(other.code)
        if meant is not other.account_type or (kind is None and bare(other.code).startswith(own)):
            wanted.setdefault(codes.significant(other.code), other.account_type)
        if len(wanted) > _MAX_PREFIXES:
            return None
    set_types = account_types.PrefixTypes(wanted)
    meant_kinds = {set_types.type_of(account.code) for account in below}
    turned = any(set_types.type_of(other.code) is not other.account_type for other in others)
    return None if turned or meant_kinds != {kind or AccountType.ASSET} else wanted


def _told(
    account: ChartAccount, doubt: _Doubt, setting: Mapping[str, AccountType] | None
) -> Finding:
    values = {
        "account": f"{account.code} {account.name}",
        "stated": repr(doubt.unread),
        "type": doubt.type and doubt.type.value,
        "by": _BY.get(account.decision.source or Source.DIGIT),
        "setting": json.dumps(setting, ensure_ascii=False),
    }
    if doubt.type is None:
        what = (
            told("Nothing says what account {account} is.", **values)
            if doubt.unread is None
            else told(
                "The ERP states {stated} as the type of account {account}, which is not "
                "understood.",
                **values,
            )
        )
        remedy = (
            told("Set account_type_prefixes to {setting}, with the type that is right", **values)
            if setting
            else told("Have the ERP state the type, or a heading above it say it")
        )
        return finding(
            Code.UNKNOWN_ACCOUNT_TYPE,
            "{what} It has no type: asset, liability, equity, revenue or expense. {remedy}.",
            what=what,
            remedy=remedy,
            account_code=account.code,
        )
    what = (
        told("Account {account}, with all below it, was taken as {type} {by}.", **values)
        if doubt.unread is None
        else told(
            "The ERP states {stated} as the type of account {account}, which is not understood; it "
            "was taken as {type} {by}.",
            **values,
        )
    )
    remedy = (
        told(
            "Set account_type_prefixes to {setting} if that is right, else to another type",
            **values,
        )
        if setting
        else told("If that is wrong, have the ERP state the type, or a heading above it say it")
    )
    return finding(
        Code.ASSUMED_ACCOUNT_TYPE,
        "{what} {remedy}.",
        what=what,
        remedy=remedy,
        account_code=account.code,
    )


_BY: Final = {
    Source.HEADING: told("for its heading"),
    Source.SIDE: told("for the side it stands on"),
    Source.DIGIT: told("from the first digit of its code alone"),
}
