"""The checks of a trial balance, of its subledger, and from one period to the next.

Each returns its findings and raises nothing; two amounts are equal within the rules' tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erp_common.ledger.account_types import PROFIT_AND_LOSS
from erp_common.ledger.balances import Totals, TrialBalance
from erp_common.ledger.exact import add, close, plain, subtract, total
from erp_common.ledger.findings import SUBLEDGER, Code, finding
from erp_common.ledger.models import ZERO, AccountBalance, AccountType, Finding, Posting
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period, starts_fiscal_year
from erp_common.ledger.rules import Rules

_RESET_AT_YEAR_START = PROFIT_AND_LOSS | {AccountType.EQUITY}


def unbalanced(totals: Totals, rules: Rules, period: Period | None = None) -> list[Finding]:
    """Over analytic accounts: debits = credits, net openings = 0, net closings = 0."""
    sums = (
        ("debits and credits", totals.credit, totals.debit, "debit_credit"),
        ("net opening balances and zero", ZERO, totals.net_opening, "net_opening"),
        ("net closing balances and zero", ZERO, totals.net_closing, "net_closing"),
    )
    return [
        finding(
            Code.UNBALANCED_TRIAL_BALANCE,
            f"The trial balance{_in(period)} does not balance: {what} of the analytic accounts "
            f"differ by {plain(subtract(actual, expected))} ({plain(actual)} against "
            f"{plain(expected)}). An account is missing, or is not a summary account as flagged.",
            expected=expected,
            actual=actual,
            raw={"sum": name},
        )
        for what, expected, actual, name in sums
        if not close(actual, expected, rules.tolerance)
    ]


def balance_equation(
    accounts: Sequence[AccountBalance], rules: Rules, period: Period | None = None
) -> list[Finding]:
    """For each account, in net terms: opening + debit - credit = closing."""
    findings = []
    for account in accounts:
        opening = account.net_opening_balance
        movement = subtract(account.debit_amount, account.credit_amount)
        expected = add(opening, movement)
        if not close(expected, account.net_closing_balance, rules.tolerance):
            findings.append(
                finding(
                    Code.BALANCE_EQUATION,
                    f"Account {_named(account)}{_in(period)}: opening {plain(opening)} + debit "
                    f"{plain(account.debit_amount)} - credit {plain(account.credit_amount)} is "
                    f"{plain(expected)}, but the closing balance is "
                    f"{plain(account.net_closing_balance)} (debit-positive). Recalculate the "
                    "account's balances in the ERP.",
                    account_code=account.account_code,
                    expected=expected,
                    actual=account.net_closing_balance,
                )
            )
    return findings


def summary_mismatch(
    accounts: Sequence[AccountBalance],
    children: Mapping[str, Sequence[str]],
    rules: Rules,
    period: Period | None = None,
) -> list[Finding]:
    """For each summary account with children: its amounts = the net sum of those right below it.

    Args:
        accounts: All accounts of the ledger.
        children: The codes directly below each account.
        rules: The tolerance.
        period: For the messages.
    """
    nets = {account.account_code: _nets(account) for account in accounts}
    findings = []
    for account in accounts:
        below = [nets[code] for code in children.get(account.account_code, ())]
        if not account.is_summary or not below:
            continue
        for what, actual, *parts in zip(
            ("opening balance", "movement", "closing balance"), _nets(account), *below, strict=True
        ):
            expected = total(parts)
            if not close(actual, expected, rules.tolerance):
                findings.append(_summary_finding(account, what, expected, actual, period))
                break
    return findings


def continuity(previous: TrialBalance, current: TrialBalance, rules: Rules) -> list[Finding]:
    """Each analytic account opens as it closed the period before, debit-positive.

    P&L and equity accounts are left out where a fiscal year begins: there the year is closed. An
    account that is missing on one side counts as zero.
    """
    new_year = current.period is not None and starts_fiscal_year(
        current.period, rules.fiscal_year_start_month
    )
    codes = dict.fromkeys(
        account.account_code for ledger in (current, previous) for account in ledger.analytic()
    )
    findings = []
    for code in codes:
        now, then = current.by_code.get(code), previous.by_code.get(code)
        account = now or then
        if account is None or (new_year and account.account_type in _RESET_AT_YEAR_START):
            continue
        opening = now.net_opening_balance if now and not now.is_summary else ZERO
        closing = then.net_closing_balance if then and not then.is_summary else ZERO
        if not close(opening, closing, rules.tolerance):
            findings.append(_continuity_finding(account, closing, opening, current.period))
    return findings


def tie_out(balance: TrialBalance, movements: Movements, rules: Rules) -> list[Finding]:
    """Each analytic account's postings add up to its debit and credit in the trial balance."""
    findings = []
    for account in balance.analytic():
        debit, credit = movements.of(account.account_code)
        sides = (
            ("debits", account.debit_amount, debit),
            ("credits", account.credit_amount, credit),
        )
        off = [side for side in sides if not close(side[1], side[2], rules.tolerance)]
        if off:
            what = " and ".join(
                f"{side} of {plain(actual)} where the trial balance has {plain(expected)}"
                for side, expected, actual in off
            )
            more = all(abs(actual) > abs(expected) for _, expected, actual in off)
            why = (
                "There are more postings than the trial balance counts: some are twice or of "
                "another account or company, or came after the trial balance: read the period "
                "again."
                if more
                else "Postings are missing or came after the trial balance: read the period again."
            )
            findings.append(
                finding(
                    Code.SUBLEDGER_MISMATCH,
                    f"Account {_named(account)}{_in(balance.period)}: the subledger has {what}. "
                    f"{why}",
                    stream=SUBLEDGER,
                    account_code=account.account_code,
                    expected=off[0][1],
                    actual=off[0][2],
                )
            )
    return findings


def is_reconciled(balance: TrialBalance, movements: Movements, rules: Rules) -> bool:
    """Whether every posting is on an analytic account and every such account ties out."""
    analytic = {account.account_code for account in balance.analytic()}
    return analytic.issuperset(movements.codes()) and not tie_out(balance, movements, rules)


def entry_balance(lines: Sequence[Posting], rules: Rules) -> list[Finding]:
    """Within one journal entry: debits = credits. Give it all lines of the entry."""
    debit = total(line.debit_amount for line in lines)
    credit = total(line.credit_amount for line in lines)
    if close(debit, credit, rules.tolerance):
        return []
    first = lines[0]
    return [
        finding(
            Code.UNBALANCED_ENTRY,
            f"Entry {first.entry_id} of {first.transaction_date} does not balance: its "
            f"{len(lines)} lines have debits of {plain(debit)} and credits of {plain(credit)}. "
            "Correct the entry in the ERP.",
            stream=SUBLEDGER,
            entry_id=first.entry_id,
            expected=debit,
            actual=credit,
        )
    ]


def _nets(account: AccountBalance) -> tuple[Decimal, Decimal, Decimal]:
    movement = subtract(account.debit_amount, account.credit_amount)
    return account.net_opening_balance, movement, account.net_closing_balance


def _summary_finding(
    account: AccountBalance, what: str, expected: Decimal, actual: Decimal, period: Period | None
) -> Finding:
    return finding(
        Code.SUMMARY_MISMATCH,
        f"Summary account {_named(account)}{_in(period)} has a net {what} of {plain(actual)}, but "
        f"the accounts right below it add up to {plain(expected)} (debit-positive). An account "
        "below it is missing or has another parent.",
        account_code=account.account_code,
        expected=expected,
        actual=actual,
    )


def _continuity_finding(
    account: AccountBalance, closing: Decimal, opening: Decimal, period: Period | None
) -> Finding:
    return finding(
        Code.CONTINUITY_BREAK,
        f"Account {_named(account)} opens{_in(period)} with {plain(opening)}, but closed the "
        f"period before with {plain(closing)} (debit-positive). An earlier period was changed: "
        "read it again, with more lookback_periods or a full refresh.",
        account_code=account.account_code,
        expected=closing,
        actual=opening,
    )


def _named(account: AccountBalance) -> str:
    return f"{account.account_code} {account.account_name}"


def _in(period: Period | None) -> str:
    return "" if period is None else f" in {period}"
