"""Signatures: who says of a period that it is right, and the digest of what was seen then.

`close_signoffs` only ever grows. A row signs a period or withdraws an earlier signature; the last
signature that nobody withdrew counts. The digest is over what each analytic account moved by in the
period, so that it turns when that period is changed and not when an earlier one is: its opening
balances, which merely follow, are not in it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Final, NamedTuple

import sqlalchemy as sa

from close_report.errors import CloseReportError, SignatureRefusedError
from close_report.language import N_
from close_report.models import CloseStatus, Movement
from close_report.periods import is_open
from close_report.text import collated, plain
from close_report.warehouse import Warehouse

TABLE: Final = "close_signoffs"
SIGN: Final = "SIGN"
WITHDRAW: Final = "WITHDRAW"
VERSION: Final = "close-report 1"
"""What the digest is over; another version would be another text."""

_MOST_NAMED: Final = 20

Key = tuple[str, date]
"""A company and a period's last day."""


class Signoff(NamedTuple):
    """A row of `close_signoffs`."""

    signoff_id: str
    action: str
    """`SIGN` or `WITHDRAW`."""
    withdraws: str | None
    """The `signoff_id` that is withdrawn."""
    company_id: str
    period_start: date
    period_end: date
    signed_by: str
    signed_at: datetime
    note: str | None
    anyway: bool
    """Whether it was signed although `objections` stood against it."""
    objections: str | None
    account_count: int
    """Analytic accounts that moved."""
    total_debit: Decimal
    total_credit: Decimal
    digest: str
    """SHA-256 over company, period and the movements of the analytic accounts, hexadecimal."""


class Totals(NamedTuple):
    """What is signed."""

    account_count: int
    debit: Decimal
    credit: Decimal
    digest: str


class Request(NamedTuple):
    """What whoever signs asks for."""

    company_id: str
    period_end: date
    by: str
    note: str | None = None
    anyway: bool = False
    withdraw: bool = False


def totals(key: Key, movements: Iterable[tuple[str, Decimal, Decimal]]) -> Totals:
    """The totals and the digest of a period.

    Args:
        key: The company and the period's last day.
        movements: Code, debit and credit of its analytic accounts, in any order; an account that
            did not move is as good as none.
    """
    moved = sorted((code, debit, credit) for code, debit, credit in movements if debit or credit)
    head = (VERSION, key[0], key[1].isoformat())
    body = [(code, plain(debit), plain(credit)) for code, debit, credit in moved]
    return Totals(
        len(moved),
        sum((debit for _, debit, _ in moved), Decimal(0)),
        sum((credit for _, _, credit in moved), Decimal(0)),
        hashlib.sha256(json.dumps([head, *body]).encode()).hexdigest(),
    )


def current_totals(warehouse: Warehouse, keys: Sequence[Key]) -> dict[Key, Totals]:
    """The totals of these periods as they are in the warehouse now."""
    found: dict[Key, list[tuple[str, Decimal, Decimal]]] = {key: [] for key in keys}
    if not keys:
        return {}
    rows = warehouse.read(
        Movement,
        sa.column("is_summary").is_(sa.false()),
        sa.column("company_id").in_(sorted({company for company, _ in keys})),
        sa.column("period_end").in_(sorted({end for _, end in keys})),
    )
    for company, end, code, debit, credit in rows:
        if (company, end) in found:
            found[company, end].append((code, debit, credit))
    return {key: totals(key, movements) for key, movements in found.items()}


def read_signoffs(warehouse: Warehouse) -> list[Signoff]:
    """All rows of `close_signoffs`, oldest first; none where nobody has signed yet."""
    if not warehouse.has(TABLE):
        return []
    table = warehouse.table(TABLE, Signoff._fields)
    query = sa.select(table).order_by(table.c.signed_at, table.c.signoff_id)
    with warehouse.told(f"{warehouse.schema}.{TABLE} cannot be read"):
        return [Signoff._make(row) for row in warehouse.connection.execute(query)]


def standing(rows: Iterable[Signoff]) -> dict[Key, Signoff]:
    """The signature that counts for each company and period, from all rows, oldest first."""
    rows = list(rows)
    withdrawn = {row.withdraws for row in rows if row.action == WITHDRAW}
    return {
        (row.company_id, row.period_end): row
        for row in rows
        if row.action == SIGN and row.signoff_id not in withdrawn
    }


def objections(status: CloseStatus, today: date) -> Iterator[str]:
    """Why the period should not be signed; nothing if nothing stands against it."""
    if is_open(status.period_end, today):
        yield N_("the period is still open")
    if not status.is_balanced:
        yield N_("the trial balance does not balance")
    if status.is_reconciled is None:
        yield N_("the postings were not read, so nothing is reconciled")
    elif not status.is_reconciled:
        yield N_("the postings do not reconcile with the trial balance")


def sign(warehouse: Warehouse, request: Request, today: date) -> Signoff:
    """Sign a period, or withdraw its signature; gives the row that was added.

    Raises:
        SignatureRefusedError: The period is open, unbalanced or unreconciled.
        CloseReportError: There is no such period, or no signature to withdraw.
    """
    name = f"{request.company_id}, period ending {request.period_end}"
    condition = sa.column("company_id") == request.company_id
    periods = list(warehouse.read(CloseStatus, condition))
    status = next((row for row in periods if row.period_end == request.period_end), None)
    if not periods:
        companies = sorted({row.company_id for row in warehouse.read(CloseStatus)}, key=collated)
        raise CloseReportError(
            f"There is no company '{request.company_id}': {_named(companies)}. Run `dbt build` if "
            "it was loaded since."
        )
    if status is None:
        known = ", ".join(sorted(f"{row.period_end:%Y-%m}" for row in periods))
        raise CloseReportError(f"There is no {name}: the periods of that company are {known}.")
    against = [] if request.withdraw else list(objections(status, today))
    if against and not request.anyway:
        raise SignatureRefusedError(
            f"{name} is not signed: {'; '.join(against)}. Put it right and run again, or sign it "
            "with --anyway and a --note that says why."
        )
    key = (request.company_id, request.period_end)
    withdrawn = standing(read_signoffs(warehouse)).get(key) if request.withdraw else None
    if request.withdraw and withdrawn is None:
        raise CloseReportError(f"{name} has no signature that could be withdrawn.")
    seen = current_totals(warehouse, [key])[key]
    row = Signoff(
        signoff_id=str(uuid.uuid4()),
        action=WITHDRAW if withdrawn else SIGN,
        withdraws=withdrawn.signoff_id if withdrawn else None,
        company_id=request.company_id,
        period_start=status.period_start,
        period_end=status.period_end,
        signed_by=request.by,
        signed_at=datetime.now(timezone.utc),
        note=request.note,
        anyway=bool(against),
        objections="; ".join(against) or None,
        account_count=seen.account_count,
        total_debit=seen.debit,
        total_credit=seen.credit,
        digest=seen.digest,
    )
    _add(warehouse, row)
    return row


def _named(companies: Sequence[str]) -> str:
    if not companies:
        return "there is none yet"
    more = len(companies) - _MOST_NAMED
    named = ", ".join(companies[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"the companies are {named}"


def _add(warehouse: Warehouse, row: Signoff) -> None:
    # PostgreSQL's NUMERIC keeps any amount; DuckDB's has 38 digits, nine of them decimals.
    amount = sa.Numeric() if warehouse.dialect == "postgresql" else sa.Numeric(38, 9)
    table = sa.Table(
        TABLE,
        sa.MetaData(schema=warehouse.schema),
        sa.Column("signoff_id", sa.Text, primary_key=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("withdraws", sa.Text),
        sa.Column("company_id", sa.Text, nullable=False),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("signed_by", sa.Text, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("anyway", sa.Boolean, nullable=False),
        sa.Column("objections", sa.Text),
        sa.Column("account_count", sa.Integer, nullable=False),
        sa.Column("total_debit", amount, nullable=False),
        sa.Column("total_credit", amount, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    with warehouse.told(f"{warehouse.schema}.{TABLE} cannot be written"):
        table.create(warehouse.connection, checkfirst=True)
        warehouse.connection.execute(table.insert().values(row._asdict()))
        warehouse.connection.commit()
