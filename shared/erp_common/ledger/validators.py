"""The validators of the Python interface: the streams' own checks, of one value or one ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from erp_common.errors import ERPValidationError
from erp_common.ledger import checks, normalize
from erp_common.ledger.balances import Totals
from erp_common.ledger.date_text import business_time, read_moment
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import (
    AccountBalance,
    AccountType,
    Severity,
    Side,
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

    A filtered one need not balance: check it before it is filtered. Warnings do not count, nor does
    an account without a type: memorandum accounts have none.

    Args:
        trial_balance: Anything with `accounts`; what it says of company and period must be there.
        tolerance: The largest difference that still counts as equal.
    """
    rows: Iterable[Any] = trial_balance.accounts or ()
    accounts = [row for row in rows if isinstance(row, AccountBalance)]
    errors = [
        *_wrong_header(trial_balance),
        *(
            f"{normalize.shown(row)} is no AccountBalance"
            for row in rows
            if not isinstance(row, AccountBalance)
        ),
        *_wrong_accounts(accounts, _WORDS),
    ]
    if unusable := list(_wrong_accounts(accounts, _VALUES)):
        return False, [*errors, *unusable]
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
    errors += [found.message for found in findings if found.severity is Severity.ERROR]
    return not errors, errors


def _wrong_header(books: HasAccounts) -> Iterator[str]:
    """What a trial balance says of itself and should not."""
    wrong = list(_wrong(books, _HEADER))
    yield from wrong
    if not wrong and hasattr(books, "period_start") and hasattr(books, "period_end"):
        first, last = (
            date(day.year, day.month, day.day) for day in (books.period_start, books.period_end)
        )
        if last < first:
            yield f"period_end ({last}) lies before period_start ({first})"


def _wrong_accounts(
    accounts: Iterable[AccountBalance], forms: Mapping[str, _Form]
) -> Iterator[str]:
    for account in accounts:
        yield from _wrong(account, forms, f"Account {account.account_code}: ")


_Form = tuple[str, Callable[[Any], bool]]


def _wrong(row: object, forms: Mapping[str, _Form], whose: str = "") -> Iterator[str]:
    for name, (form, is_right) in forms.items():
        if hasattr(row, name) and not is_right(getattr(row, name)):
            yield f"{whose}{name} is {normalize.shown(getattr(row, name))}; it must be {form}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _type(value: object) -> AccountType | None:
    if isinstance(value, AccountType):
        return value
    with suppress(ERPValidationError):
        return normalize.account_type(value)
    return None


def _is_amount(value: object) -> bool:
    with suppress(ERPValidationError):
        return type(value) in {Decimal, int} and normalize.amount(value) is not None
    return False


_TEXT: _Form = ("a text that is not empty", _is_text)
_DAY: _Form = ("a date or a datetime", lambda value: isinstance(value, date))
_HEADER = {
    **dict.fromkeys(("company_id", "company_name", "currency"), _TEXT),
    **dict.fromkeys(("period_start", "period_end", "extracted_at"), _DAY),
}
_WORDS: dict[str, _Form] = {
    "account_name": _TEXT,
    "account_type": (
        f"{', '.join(AccountType)}, a word for one of them, or None",
        lambda value: value is None or _type(value) is not None,
    ),
    "level": ("a whole number", lambda value: type(value) is int),
}
"""Of an account that can be summed up all the same."""
_VALUES: dict[str, _Form] = {
    "account_code": _TEXT,
    "parent_account_code": (
        "a text or None",
        lambda value: value is None or isinstance(value, str),
    ),
    "normal_balance": ("DEBIT, CREDIT or None", lambda v: v is None or v in list(Side)),
    "is_summary": ("True or False", lambda value: type(value) is bool),
    **dict.fromkeys(
        (one for one in AccountBalance.__struct_fields__ if one.endswith(("_amount", "g_balance"))),
        ("a finite Decimal", _is_amount),
    ),
}
"""Without which it can be neither put in its place nor summed up."""


def _stated(account: AccountBalance) -> StatedAccount:
    return StatedAccount(
        code=account.account_code,
        name=account.account_name if _is_text(account.account_name) else account.account_code,
        stated_type=StatedType(type=_type(account.account_type)),
        parent_code=account.parent_account_code,
        normal_balance=account.normal_balance,
        is_summary=account.is_summary,
        opening=account.opening_balance,
        debit=account.debit_amount,
        credit=account.credit_amount,
        closing=account.closing_balance,
    )
