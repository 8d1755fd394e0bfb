"""The chart of accounts: every account in its place, with its type and class."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from erp_common.ledger import account_types, untyped
from erp_common.ledger.account_codes import is_zero
from erp_common.ledger.exact import total
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import AccountType, Finding, StatedAccount
from erp_common.ledger.parents import ChartAccount, Hierarchy, below
from erp_common.ledger.rules import Rules
from erp_common.ledger.sentences import told


class Chart:
    """The chart of accounts of one company, in the ERP's order."""

    def __init__(
        self,
        accounts: Sequence[ChartAccount],
        children: Mapping[str, Sequence[ChartAccount]],
        findings: Sequence[Finding],
        prefixes: account_types.PrefixTypes,
        hierarchy: Hierarchy,
    ) -> None:
        """Keep the accounts as `build` has placed them."""
        self.accounts = tuple(accounts)
        self.by_code = {account.code: account for account in self.accounts}
        self.findings = tuple(findings)
        """What is wrong with the chart itself; empty without checks."""
        self.children = {code: [one.code for one in its] for code, its in children.items()}
        """The codes directly below each account that has any."""
        self._hierarchy = hierarchy
        self._prefixes = prefixes
        self._summaries = frozenset(a.code for a in self.accounts if a.is_summary)
        self._analytic = self.by_code.keys() - self._summaries

    def is_summary(self, code: str) -> bool:
        """Whether the code is that of a summary account of the chart."""
        return code in self._summaries

    def bottom_up(self) -> list[ChartAccount]:
        """The accounts, each after all those below it."""
        return sorted(self.accounts, key=lambda account: -account.level)

    def place(self, stated: StatedAccount) -> ChartAccount:
        """An account that is not in the chart, put where its code belongs.

        It goes below the summary account that its code would have above it; an analytic account
        never becomes a summary account thereby. The chart itself does not change.
        """
        digits_count = self._hierarchy.digits_count
        above = self._hierarchy.codes.above(stated.code, self._analytic, self._summaries)
        parent = None if above is None else self.by_code[above]
        account = ChartAccount(
            stated=stated,
            parent_code=above,
            above=above,
            level=1 if parent is None else parent.level + 1,
        )
        _decide(account, parent, self._prefixes, is_heading=False, digits_count=digits_count)
        if not account.decision.is_sure and digits_count:
            account.decision = account_types.guess(account.code)
        return account


def build(stated: Iterable[StatedAccount], rules: Rules) -> Chart:
    """The chart of accounts, whatever the order in which the ERP sends it.

    Of a repeated account code the first is kept.
    """
    accounts, findings = _unique(stated)
    hierarchy = Hierarchy(accounts)
    chart, misplaced, contradictions = _classified(hierarchy, rules.class_setting)
    prefixes = account_types.PrefixTypes(rules.account_type_prefixes)
    children = below(chart)
    _set_types(chart, hierarchy, children, prefixes)
    if rules.checks:
        findings += [
            *misplaced,
            *(no_hierarchy(chart, hierarchy) or contradictions),
            *untyped.findings(chart, hierarchy.codes),
        ]
    return Chart(chart, children, findings if rules.checks else [], prefixes, hierarchy)


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
        "Account {code} {name} comes more than once; the first row is kept, this one is left "
        "out. Correct the chart of accounts, or ask for one company at a time.",
        name=account.name,
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


# Classes: which accounts are summary accounts


def _classified(
    hierarchy: Hierarchy, class_setting: str
) -> tuple[list[ChartAccount], list[Finding], Iterable[Finding]]:
    """The accounts in their places, each a summary account or not, and what is wrong with both.

    The ERP's flag counts, else having children. If most accounts with children are flagged analytic
    and most without are flagged summary, the flag is read the wrong way round in the whole chart:
    then the hierarchy counts, so that totals are right, and there is one finding.
    """
    flags = {account.code: account.is_summary for account in hierarchy.accounts}
    analytic = {code for code, flag in flags.items() if flag is False}
    summaries = {code for code, flag in flags.items() if flag}
    chart, misplaced = hierarchy.places(analytic, summaries)
    with_children = below(chart)
    if analytic and 2 * len(summaries & with_children.keys()) < len(summaries):
        # For what the flags say is in question, any account may stand above another.
        loose, _ = hierarchy.places(summaries=flags)
        if _are_inverted(flags, below(loose)):
            chart, misplaced = hierarchy.places(summaries=analytic)
            with_children = below(chart)
            for account in chart:
                account.is_summary = account.code in with_children
            return chart, misplaced, [_all_inverted(class_setting)]
    for account in chart:
        flag = flags[account.code]
        account.is_summary = account.code in with_children if flag is None else flag
    return chart, misplaced, _contradictions(chart, with_children)


def _are_inverted(flags: Mapping[str, bool | None], with_children: Container[str]) -> bool:
    parents = [flag for code, flag in flags.items() if code in with_children]
    leaves = [flag for code, flag in flags.items() if code not in with_children]
    return parents.count(False) > parents.count(True) and leaves.count(True) > leaves.count(False)


def _contradictions(
    chart: Iterable[ChartAccount], with_children: Container[str]
) -> Iterator[Finding]:
    for account in chart:
        has_children = account.code in with_children
        if account.stated.is_summary is False and has_children:
            what = told("analytic, but has accounts below it and is counted twice")
        elif account.stated.is_summary and not has_children and _has_amounts(account.stated):
            what = told("summary, but has amounts and no account below it")
        else:
            continue
        yield finding(
            Code.ACCOUNT_CLASS_INVERTED,
            "Account {code} {name} is flagged {what}; correct its class in the ERP's chart of "
            "accounts.",
            name=account.name,
            what=what,
            account_code=account.code,
        )


def _has_amounts(account: StatedAccount) -> bool:
    return any((account.opening, account.debit, account.credit, account.closing))


def _all_inverted(setting: str) -> Finding:
    advice = (
        told("set {setting} to the other value", setting=setting)
        if setting
        else told("correct the accounts' classes in the ERP's chart of accounts")
    )
    return finding(
        Code.ACCOUNT_CLASS_INVERTED,
        "The flag for summary accounts is the wrong way round in this chart: most accounts "
        "with accounts below them are flagged analytic, most without are flagged summary. The "
        "hierarchy was used instead; {advice}.",
        advice=advice,
    )


def no_hierarchy(chart: Sequence[ChartAccount], hierarchy: Hierarchy) -> list[Finding]:
    """One warning if no account has a parent although accounts plainly sum up others.

    That is plain from flags and amounts; where no account is flagged, from headings of zero-filled
    codes (`1000 ATIVO`, `1100 CIRCULANTE`) whose amounts are the sums of those that would be below.
    """
    if any(account.parent_code is not None for account in chart):
        return []
    summaries = [account for account in chart if account.is_summary]
    if not (_nest_by_flags(chart, summaries) if summaries else _nest_by_zeros(chart, hierarchy)):
        return []
    seen = (
        told("Sums of summary accounts cannot be checked")
        if summaries
        else told("Each counts as an analytic account, so that totals count amounts more than once")
    )
    return [
        finding(
            Code.NO_HIERARCHY,
            "No account of this chart has a parent: the ERP names none, and the codes do not "
            "show any, although there are accounts that sum up others. {seen}. Have the ERP "
            "send each account's parent account, and which are summary accounts.",
            seen=seen,
        )
    ]


def _nest_by_flags(chart: Sequence[ChartAccount], summaries: Sequence[ChartAccount]) -> bool:
    """Whether the summary accounts have as much in them as the others, or no account has any."""
    above = sum(map(_size, summaries))
    below = sum(map(_size, chart)) - above
    return len(summaries) < len(chart) and above >= below and (below > 0 or not above)


def _nest_by_zeros(chart: Sequence[ChartAccount], hierarchy: Hierarchy) -> bool:
    children = below(hierarchy.places(summaries={account.code for account in chart})[0])
    headings = [a for a in chart if a.said is not None and a.code in children]
    if not any(map(_size, chart)):
        return len(headings) > 1
    return any(
        _size(account) and _sums(children[account.code]) == _sums([account]) for account in headings
    )


def _size(account: ChartAccount) -> Decimal:
    stated = account.stated
    return stated.debit + stated.credit + abs(stated.opening) + abs(stated.closing)


def _sums(accounts: Iterable[ChartAccount]) -> tuple[Decimal, Decimal]:
    stated = [account.stated for account in accounts]
    return total(one.debit - one.credit for one in stated), total(one.closing for one in stated)


# Types


def _set_types(
    chart: Sequence[ChartAccount],
    hierarchy: Hierarchy,
    with_children: Container[str],
    prefixes: account_types.PrefixTypes,
) -> None:
    """Set the accounts' types from the roots down, then guess what is left."""
    digits_count = hierarchy.digits_count
    by_code = {account.code: account for account in chart}
    roots: dict[str, str] = {}
    known: dict[str, set[AccountType | None]] = {}
    for account in sorted(chart, key=lambda account: account.level):
        parent = None if account.above is None else by_code[account.above]
        is_root = parent is None or is_zero(parent.code)
        root = roots[account.code] = account.code if is_root else roots[account.above or ""]
        is_heading = account.code in with_children
        _decide(account, parent, prefixes, is_heading=is_heading, digits_count=digits_count)
        known.setdefault(root, set()).add(account.account_type)
    for account in chart:
        is_mixed = known[roots[account.code]] >= account_types.PROFIT_AND_LOSS
        if not account.decision.is_sure and digits_count and not is_mixed:
            account.decision = account_types.guess(account.code)


def _decide(
    account: ChartAccount,
    parent: ChartAccount | None,
    prefixes: account_types.PrefixTypes,
    *,
    is_heading: bool,
    digits_count: bool,
) -> None:
    account.said = account_types.said_by_headings(
        account.stated,
        parent.said if parent else None,
        is_heading=is_heading,
        digits_count=digits_count,
    )
    account.decision = account_types.decide(
        account.stated,
        account.said,
        prefixes,
        is_alone=parent is None and not is_heading,
        digits_count=digits_count,
    )
