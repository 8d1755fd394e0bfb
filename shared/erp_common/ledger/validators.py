"""The validators of the Python interface: the streams' own checks, of one value or one ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from erp_common.errors import ERPValidationError
from erp_common.ledger import checks, normalize
from erp_common.ledger.balances import Totals
from erp_common.ledger.date_text import business_time, read_moment
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import (
    AccountBalance,
    AccountType,
    Severity,
    StatedAccount,
    StatedType,
)
from erp_common.ledger.rules import Rules


class HasAccounts(Protocol):
    """A whole trial balance."""

    @property
    def accounts(self) -> Sequence[AccountBalance]:
        """Its rows."""


def validate_account_type(value: object) -> AccountType:
    """The account type a word names, in Portuguese or English: `"Ativo"` is `"ASSET"`.

    Raises:
        ERPValidationError: If it names none.
    """
    found = normalize.account_type(value)
    if found is None:
        raise ERPValidationError(
            f"{normalize.shown(value)} is no account type; use Ativo, Passivo, Patrimônio Líquido, "
            "Receita, Despesa or Custo, or ASSET, LIABILITY, EQUITY, REVENUE or EXPENSE"
        )
    return found


def validate_account_code(value: object) -> str:
    """The account code without padding.

    Raises:
        ERPValidationError: If it is empty or has other than letters, digits, `.`, `-`, `/`, `_`
            and single blanks.
    """
    return normalize.account_code(value)


def validate_amount(value: object) -> Decimal:
    """The amount, exactly: `"1.234,56"` is `Decimal("1234.56")`; C and minus are negative.

    A float is taken by its shortest decimal form, the one that Python prints: `1234.56` is
    `Decimal("1234.56")`. Amounts of the ERP are never floats here.

    Raises:
        ERPValidationError: If it is missing, no amount or ambiguous (`"1.234"`).
    """
    return normalize.amount(Decimal(repr(value)) if isinstance(value, float) else value)


def validate_date(value: object) -> datetime:
    """The date and time: `"31/12/2024"` is `datetime(2024, 12, 31)`.

    Without an offset the result is local and naive; with one it is aware and in America/Sao_Paulo,
    but for midnight in its own offset, which is a mere date and stays as it is.

    Raises:
        ERPValidationError: If it is no date of the calendar in an accepted form.
    """
    if isinstance(value, datetime):
        return business_time(value)
    moment = read_moment(value) if isinstance(value, str) else None
    if moment is None:
        day = normalize.parse_date(value)
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a local date
    return business_time(moment)


def validate_trial_balance(
    trial_balance: HasAccounts, *, tolerance: Decimal = Decimal("0.01")
) -> tuple[bool, list[str]]:
    """Whether a whole trial balance is sound, and in sentences what is wrong with it.

    A filtered one need not balance: check it before it is filtered. Warnings do not count.

    Args:
        trial_balance: Anything with `accounts`.
        tolerance: The largest difference that still counts as equal.
    """
    accounts = trial_balance.accounts
    rules = Rules(tolerance=tolerance)
    chart = build(map(_stated, accounts), rules)
    first = {account.account_code: account for account in reversed(accounts)}
    kept = [first[code] for code in chart.by_code]
    findings = [
        *chart.findings,
        *checks.unbalanced(Totals.of(kept), rules),
        *checks.balance_equation(kept, rules),
        *checks.summary_mismatch(kept, chart.children, rules),
    ]
    errors = [found.message for found in findings if found.severity is Severity.ERROR]
    return not errors, errors


def _stated(account: AccountBalance) -> StatedAccount:
    return StatedAccount(
        code=account.account_code,
        name=account.account_name,
        stated_type=StatedType(type=account.account_type),
        parent_code=account.parent_account_code,
        normal_balance=account.normal_balance,
        is_summary=account.is_summary,
        opening=account.opening_balance,
        debit=account.debit_amount,
        credit=account.credit_amount,
        closing=account.closing_balance,
    )
