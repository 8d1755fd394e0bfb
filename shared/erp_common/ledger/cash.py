"""A cash-basis ledger from settled money movements, for ERPs that publish no general ledger.

Each movement of a bank or cash account becomes one balanced entry: the money on one side, the
categories that name its purpose on the other. A transfer goes through a clearing account on both of
its sides, and what the accounts held before the first day stands against `OPENING`. So every period
sums to zero by construction, and one that does not has lost a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from typing import Final

import msgspec

from erp_common.ledger.account_types import normal_side
from erp_common.ledger.exact import EXACT, add, subtract, total, turned
from erp_common.ledger.findings import SUBLEDGER, Code, finding
from erp_common.ledger.models import (
    ZERO,
    AccountType,
    Finding,
    Posting,
    StatedAccount,
    StatedType,
)
from erp_common.ledger.periods import Periodicity, containing

TRANSFERS: Final = "CLEARING.TRANSFER"
"""Money on its way between two accounts of the company; zero once it has arrived."""
OPENING: Final = "OPENING"
"""The counterpart of what the money accounts held before the first day."""
UNCATEGORISED: Final = "CAT.NONE"
"""Movements whose category the ERP does not name; an account only where there are any."""
NO_CATEGORY: Final = "sem categoria"
"""What that account is called."""

CASH: Final = {"accounting_basis": "cash"}

_SHARES = Context(prec=100)
_CENT = Decimal("0.01")

Share = tuple[str, Decimal]
"""An account and what of an amount falls to it."""


class Settled(msgspec.Struct, kw_only=True):
    """A movement of a money account that has happened.

    `amount` is what came in, negative for what went out; `shares` say which accounts it falls to,
    by any weights.
    """

    entry_id: str
    day: date
    money_account: str
    amount: Decimal
    shares: Sequence[Share]
    description: str | None = None
    document_number: str | None = None
    document_type: str | None = None
    cost_center: str | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    origin: str | None = None
    """Where in the ERP the movement comes from, in the ERP's own words."""


def entry(movement: Settled, parts: Sequence[Share] | None = None) -> list[Posting]:
    """The entry of a movement: the money first, then what it was for; debits equal credits.

    Args:
        movement: What moved.
        parts: Accounts and amounts that add up to the movement's, where they are known to the cent;
            else its shares decide.
    """
    if parts is None:
        parts = apportioned(movement.amount, movement.shares)
    sides = [(movement.money_account, movement.amount)]
    sides += [(code, turned(amount)) for code, amount in parts]
    return [_line(movement, code, amount) for code, amount in sides]


def without_category(lines: Sequence[Posting]) -> list[Finding]:
    """The finding of an entry that names no category: an ordinary state, so only a warning."""
    bare = [line for line in lines if line.account_code == UNCATEGORISED]
    if not bare:
        return []
    amount = total(subtract(line.credit_amount, line.debit_amount) for line in bare)
    first = bare[0]
    return [
        finding(
            Code.MISSING_CATEGORY,
            "Entry {entry} of {date} names no category for {amount}; it is posted to {code} "
            "{name}. Give it a category in the ERP.",
            date=first.transaction_date,
            amount=amount,
            name=NO_CATEGORY,
            stream=SUBLEDGER,
            account_code=UNCATEGORISED,
            entry_id=first.entry_id,
            actual=amount,
        )
    ]


def apportioned(amount: Decimal, shares: Sequence[Share]) -> list[Share]:
    """An amount divided by weights, to the cent, so that the parts add up to it exactly.

    Shares of one account become one part, parts of zero are left out. Weights that add up to
    nothing leave everything to the first account.

    Args:
        amount: What is divided, of either sign.
        shares: At least one account with its weight.
    """
    weights: dict[str, Decimal] = {}
    for code, weight in shares:
        weights[code] = add(weights.get(code, ZERO), weight)
    whole = total(weights.values())
    if not whole or len(weights) == 1:
        return [(next(iter(weights)), amount)]
    quantum = min(_CENT, Decimal((0, (1,), int(amount.as_tuple().exponent))))
    parts: list[Share] = []
    reached = given = ZERO
    for code, weight in weights.items():
        reached = add(reached, weight)
        # What all accounts so far get together is rounded, and never the parts one by one.
        due = _SHARES.divide(EXACT.multiply(amount, reached), whole)
        due = due.quantize(quantum, context=_SHARES)
        part = subtract(due, given)
        given = due
        if part:
            parts.append((code, part))
    return parts


def money_account(
    code: str, name: str, opening: Decimal | None, metadata: dict[str, str] | None = None
) -> StatedAccount:
    """A bank or cash account.

    Args:
        code: `CC.` and the ERP's id.
        name: Its name.
        opening: What it held before the ledger's first day; None if that is not known.
        metadata: More that the ERP says of it.
    """
    return _account(code, name, AccountType.ASSET, opening, metadata or {})


def category(
    code: str,
    name: str,
    kind: AccountType | None,
    parent_code: str | None = None,
    *,
    is_summary: bool | None = None,
) -> StatedAccount:
    """A category of revenue or expense; without a kind its name, or its parents', may decide."""
    return StatedAccount(
        code=code,
        name=name,
        stated_type=StatedType(result=True, both=True) if kind is None else StatedType(type=kind),
        parent_code=parent_code,
        normal_balance=None if kind is None else normal_side(kind),
        is_summary=is_summary,
        metadata=dict(CASH),
    )


def counterparts(openings: Iterable[Decimal | None]) -> list[StatedAccount]:
    """The two accounts that no ERP has: for transfers, and for what was there before.

    Args:
        openings: Those of all money accounts; None where one is not known.
    """
    known = [opening for opening in openings if opening is not None]
    held = turned(total(known)) if known else None
    made = {"synthetic": True}
    return [
        _account(TRANSFERS, "Transferências entre contas", AccountType.ASSET, None, made),
        _account(OPENING, "Saldos iniciais das contas", AccountType.EQUITY, held, made),
    ]


def first_day(
    start: date | None, openings_from: date | None, periodicity: Periodicity
) -> date | None:
    """The day the ledger begins: balances before it are the openings; None if nothing says it.

    Args:
        start: The first day that is asked for; its whole period is read.
        openings_from: The day from which movements are summed into openings, if set.
        periodicity: How the books are cut into periods.
    """
    if start is None:
        return openings_from
    beginning = start if periodicity is Periodicity.RANGE else containing(start, periodicity).start
    return beginning if openings_from is None else min(openings_from, beginning)


def last_day(end: date | None, periodicity: Periodicity, today: date) -> date | None:
    """The last day of the last period, if that is over: then its closing balances can be asked for.

    Args:
        end: The last day that is asked for; None for today.
        periodicity: How the books are cut into periods.
        today: Today's date where the company is.
    """
    ending = final_day(end, periodicity, today)
    return ending if ending < today else None


def final_day(end: date | None, periodicity: Periodicity, today: date) -> date:
    """The last day of the last period, over or not; as for `last_day`."""
    if periodicity is Periodicity.RANGE:
        return end or today
    # Periods that have not begun are not read.
    return containing(min(end or today, today), periodicity).end


def _account(
    code: str,
    name: str,
    kind: AccountType,
    opening: Decimal | None,
    metadata: Mapping[str, object],
) -> StatedAccount:
    """An analytic account with its own opening."""
    return StatedAccount(
        code=code,
        name=name,
        stated_type=StatedType(type=kind),
        normal_balance=normal_side(kind),
        is_summary=False,
        opening=opening or ZERO,
        opening_stated=opening is not None,
        metadata={**CASH, **metadata},
    )


def _line(movement: Settled, code: str, amount: Decimal) -> Posting:
    return Posting(
        account_code=code,
        account_name=NO_CATEGORY if code == UNCATEGORISED else None,
        entry_id=movement.entry_id,
        journal_id=movement.entry_id,
        transaction_date=movement.day,
        posting_date=movement.day,
        debit_amount=amount if amount > 0 else ZERO,
        credit_amount=turned(amount) if amount < 0 else ZERO,
        description=movement.description,
        document_number=movement.document_number,
        document_type=movement.document_type,
        cost_center=movement.cost_center,
        entity_id=movement.entity_id,
        entity_name=movement.entity_name,
        metadata={**CASH, "origin": movement.origin} if movement.origin else dict(CASH),
    )
