"""The checks of a trial balance, of its subledger, and from one period to the next.

Each returns its findings and raises nothing; two amounts are equal within the rules' tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erp_common.ledger.account_types import PROFIT_AND_LOSS
from erp_common.ledger.balances import Totals, TrialBalance
from erp_common.ledger.exact import add, close, subtract, total
from erp_common.ledger.findings import SUBLEDGER, Code, finding
from erp_common.ledger.models import ZERO, AccountBalance, AccountType, Finding, Posting
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period, starts_fiscal_year
from erp_common.ledger.rules import Rules
from erp_common.ledger.sentences import NOTHING, Sentence, told

_RESET_AT_YEAR_START = PROFIT_AND_LOSS | {AccountType.EQUITY}


def unbalanced(totals: Totals, rules: Rules, period: Period | None = None) -> list[Finding]:
    """Over analytic accounts: debits = credits, net openings = 0, net closings = 0."""
    sums = (
        (told("debits and credits"), totals.credit, totals.debit, "debit_credit"),
        (told("net opening balances and zero"), ZERO, totals.net_opening, "net_opening"),
        (told("net closing balances and zero"), ZERO, totals.net_closing, "net_closing"),
    )
    return [
        finding(
            Code.UNBALANCED_TRIAL_BALANCE,
            "The trial balance{period} does not balance: {what} of the analytic accounts "
            "differ by {difference} ({actual} against {expected}). An account is missing, or "
            "is not a summary account as flagged.",
            period=_in(period),
            what=what,
            difference=subtract(actual, expected),
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
                    "Account {account}{period}: opening {opening} + debit {debit} - credit "
                    "{credit} is {expected}, but the closing balance is {actual} "
                    "(debit-positive). Recalculate the account's balances in the ERP.",
                    account=_named(account),
                    period=_in(period),
                    opening=opening,
                    debit=account.debit_amount,
                    credit=account.credit_amount,
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
            (told("opening balance"), told("movement"), told("closing balance")),
            _nets(account),
            *below,
            strict=True,
        ):
            expected = total(parts)
            if not close(actual, expected, rules.tolerance):
                findings.append(
                    finding(
                        Code.SUMMARY_MISMATCH,
                        "Summary account {account}{period} has a net {what} of {actual}, but the "
                        "accounts right below it add up to {expected} (debit-positive). An account "
                        "below it is missing or has another parent.",
                        account=_named(account),
                        period=_in(period),
                        what=what,
                        account_code=account.account_code,
                        expected=expected,
                        actual=actual,
                    )
                )
                break
    return findings


def empty_ledger(period: Period, *, has_accounts: bool) -> Finding:
    """A period of which the ERP knows no account, or no amount in any period of the run."""
    if has_accounts:
        sentence = told(
            "Every balance and movement of {period} is zero, as in all periods of this run. The "
            "next run reads it again; if the company has books, check that the settings name the "
            "company or branch that keeps them, and what the ERP's user may see.",
            period=period,
        )
    else:
        sentence = told(
            "The trial balance of {period} has not one account. The company may not have begun: "
            "then there is nothing to do. Else check that the settings name the company or branch "
            "that keeps the books, and what the ERP's user may see.",
            period=period,
        )
    return finding(Code.EMPTY_LEDGER, sentence)


def continuity(previous: TrialBalance, current: TrialBalance, rules: Rules) -> list[Finding]:
    """Each analytic account opens as it closed the period before, debit-positive.

    P&L and equity accounts are left out where a fiscal year begins: there the year is closed. An
    account that is missing on one side counts as zero. A trial balance without one account says
    nothing of any.
    """
    if not (previous.accounts and current.accounts):
        return []
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
            findings.append(
                finding(
                    Code.CONTINUITY_BREAK,
                    "Account {account} opens{period} with {opening}, but closed the period before "
                    "with {closing} (debit-positive). An earlier period was changed: read it "
                    "again, with more lookback_periods or a full refresh.",
                    account=_named(account),
                    period=_in(current.period),
                    opening=opening,
                    closing=closing,
                    account_code=account.account_code,
                    expected=closing,
                    actual=opening,
                )
            )
    return findings


def tie_out(balance: TrialBalance, movements: Movements, rules: Rules) -> list[Finding]:
    """Each analytic account's postings add up to its debit and credit in the trial balance."""
    findings = []
    for account in balance.analytic():
        debit, credit = movements.of(account.account_code)
        sides = (
            (told("debits"), account.debit_amount, debit),
            (told("credits"), account.credit_amount, credit),
        )
        off = [side for side in sides if not close(side[1], side[2], rules.tolerance)]
        if off:
            first, *second = (
                told(
                    "{side} of {actual} where the trial balance has {expected}",
                    side=side,
                    actual=actual,
                    expected=expected,
                )
                for side, expected, actual in off
            )
            what = told("{one} and {other}", one=first, other=second[0]) if second else first
            more = all(abs(actual) > abs(expected) for _, expected, actual in off)
            why = (
                told(
                    "There are more postings than the trial balance counts: some are twice or of "
                    "another account or company, or came after the trial balance: read the period "
                    "again."
                )
                if more
                else told(
                    "Postings are missing or came after the trial balance: read the period again."
                )
            )
            findings.append(
                finding(
                    Code.SUBLEDGER_MISMATCH,
                    "Account {account}{period}: the subledger has {what}. {why}",
                    account=_named(account),
                    period=_in(balance.period),
                    what=what,
                    why=why,
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
            "Entry {entry} of {date} does not balance: its {number} lines have debits of "
            "{debit} and credits of {credit}. Correct the entry in the ERP.",
            date=first.transaction_date,
            number=len(lines),
            debit=debit,
            credit=credit,
            stream=SUBLEDGER,
            entry_id=first.entry_id,
            expected=debit,
            actual=credit,
        )
    ]


def _nets(account: AccountBalance) -> tuple[Decimal, Decimal, Decimal]:
    movement = subtract(account.debit_amount, account.credit_amount)
    return account.net_opening_balance, movement, account.net_closing_balance


def _named(account: AccountBalance) -> str:
    return f"{account.account_code} {account.account_name}"


def _in(period: Period | None) -> Sentence:
    return NOTHING if period is None else told(" in {period}", period=period)
