"""Which accounts are summary accounts, and whether the ERP's flag fits the hierarchy."""

from __future__ import annotations

from collections.abc import Container, Sequence

from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import Finding, StatedAccount


def summary_flags(
    accounts: Sequence[StatedAccount], with_children: Container[str]
) -> tuple[dict[str, bool], list[Finding]]:
    """Whether each account is a summary account, and where the flag contradicts the hierarchy.

    The ERP's flag counts, else having children. If most accounts with children are flagged
    analytic and most without are flagged summary, the flag is read the wrong way round in the
    whole chart: then the hierarchy counts, so that totals are right, and there is one finding.

    Args:
        accounts: The accounts of a chart, each code once.
        with_children: The codes that have accounts below them.
    """
    if _is_inverted(accounts, with_children):
        flags = {account.code: account.code in with_children for account in accounts}
        return flags, [_all_inverted()]
    flags = {}
    findings = []
    for account in accounts:
        has_children = account.code in with_children
        flags[account.code] = has_children if account.is_summary is None else account.is_summary
        if account.is_summary is False and has_children:
            findings.append(
                _contradiction(account, "analytic, but has accounts below it and is counted twice")
            )
        elif account.is_summary and not has_children and _has_amounts(account):
            findings.append(
                _contradiction(account, "summary, but has amounts and no account below it")
            )
    return flags, findings


def _is_inverted(accounts: Sequence[StatedAccount], with_children: Container[str]) -> bool:
    parents = [a.is_summary for a in accounts if a.code in with_children]
    leaves = [a.is_summary for a in accounts if a.code not in with_children]
    return parents.count(False) > parents.count(True) and leaves.count(True) > leaves.count(False)


def _has_amounts(account: StatedAccount) -> bool:
    return any((account.opening, account.debit, account.credit, account.closing))


def _all_inverted() -> Finding:
    return finding(
        Code.ACCOUNT_CLASS_INVERTED,
        "The flag for summary accounts is the wrong way round in this chart: most accounts with "
        "accounts below them are flagged analytic, most without are flagged summary. The hierarchy "
        "was used instead; set summary_class to the other value.",
    )


def _contradiction(account: StatedAccount, what: str) -> Finding:
    return finding(
        Code.ACCOUNT_CLASS_INVERTED,
        f"Account {account.code} {account.name} is flagged {what}; correct its class in the "
        "ERP's chart of accounts.",
        account_code=account.code,
    )
