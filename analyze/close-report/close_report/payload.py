"""What the page's script draws from: a company's figures as JSON that no browser takes for markup.

Amounts are texts with all their digits; the script adds and writes them digit by digit.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from close_report.advice import advice
from close_report.amounts import matters
from close_report.books import Books
from close_report.group import Group
from close_report.language import Language
from close_report.matrix import Cell, Ecd
from close_report.models import (
    AccountBalance,
    Consolidated,
    Elimination,
    Finding,
    Posting,
    Restatement,
    TieOut,
)
from close_report.text import MAX_TEXT, harmless, plain

Json = Any


def as_script(value: Json) -> str:
    """JSON for a `<script type="application/json">`: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def company(
    books: Books, name: str, currency: str, cells: Mapping[date, Cell], spoken: Language
) -> Json:
    """All that a company's page shows.

    Args:
        books: The company's rows.
        name: What it is called.
        currency: Of its books; empty if it is not known.
        cells: How its periods stand, by their last day.
        spoken: The language of dates and of advice.
    """
    accounts = _Accounts()
    return {
        "id": books.company_id,
        "name": name,
        "currency": currency,
        "periods": [_status(cells[end], spoken) for end in sorted(cells)],
        "trial": {
            end.isoformat(): [amounts for row in rows if (amounts := _balance(accounts, row))]
            for end, rows in books.balances.items()
        },
        "income": {
            end.isoformat(): [
                [
                    row.account_code,
                    _name(row.account_name),
                    row.is_summary,
                    row.month_amount,
                    row.ytd_amount,
                    row.prior_year_ytd_amount,
                ]
                for row in rows
                if matters(row.month_amount, row.ytd_amount, row.prior_year_ytd_amount)
            ]
            for end, rows in books.income.items()
        },
        "sheet": {
            end.isoformat(): [
                [
                    row.account_code,
                    _name(row.account_name),
                    row.is_summary,
                    row.account_type,
                    row.amount,
                ]
                for row in rows
                if matters(row.amount) or row.account_code == RESULT
            ]
            for end, rows in books.sheet.items()
        },
        "centers": {
            end.isoformat(): [
                [
                    harmless(row.cost_center),
                    row.account_code,
                    row.month_amount,
                    row.ytd_amount,
                ]
                for row in rows
                if matters(row.month_amount, row.ytd_amount)
            ]
            for end, rows in books.centers.items()
        },
        "postings": {end.isoformat(): _postings(rows) for end, rows in books.postings.items()},
        "left_out": {end.isoformat(): count for end, count in books.left_out.items()},
        "findings": {
            end.isoformat(): [_finding(row, spoken) for row in rows]
            for end, rows in books.findings.items()
        },
        "restatements": [restatement(row, spoken) for row in books.restatements],
        "differences": {
            end.isoformat(): [_difference(row) for row in rows]
            for end, rows in books.differences.items()
        },
        "unmapped": [
            [row.account_code, _name(row.account_name), _or_none(row.net_closing)]
            for row in books.unmapped
        ],
        "accounts": accounts.listed,
    }


RESULT = "RESULT"
"""The balance sheet's row of the result that is not closed yet."""


class _Accounts:
    """The charts of all periods, each account once as long as nothing about it changes."""

    def __init__(self) -> None:
        self.listed: list[list[Json]] = []
        self._places: dict[tuple[Json, ...], int] = {}

    def place(self, row: AccountBalance) -> int:
        """Where the account stands in the list."""
        key = (row.account_code, row.account_name, row.parent_account_code, row.is_summary)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.listed)
            self.listed.append(
                [row.account_code, _name(row.account_name), row.parent_account_code, row.is_summary]
            )
        return place


def _balance(accounts: _Accounts, row: AccountBalance) -> list[Json]:
    # An account without amounts may still be the parent of one that has some.
    place = accounts.place(row)
    if not matters(row.net_opening, row.debit, row.credit, row.net_closing):
        return []
    amounts: list[Json] = [place, row.net_opening, row.debit, row.credit, row.net_closing]
    if matters(row.closing_entries):
        amounts += [row.closing_entries, row.net_before_closing]
    return amounts


def _postings(rows: Iterable[Posting]) -> dict[str, list[list[Json]]]:
    found: dict[str, list[list[Json]]] = defaultdict(list)
    for row in rows:
        texts = [
            row.entry_id,
            row.description or "",
            row.document,
            row.entity_name or "",
            row.cost_center or "",
        ]
        # Nearly all are harmless and short, and millions of them are looked at faster together.
        together = "".join(texts)
        if len(together) > MAX_TEXT or not together.isprintable():
            texts = list(map(harmless, texts))
        line = [row.transaction_date.isoformat(), *texts, row.debit_amount, row.credit_amount]
        if row.posting_kind and row.posting_kind != "NORMAL":
            line.append(row.posting_kind)
        found[row.account_code].append(line)
    return found


def _status(cell: Cell, spoken: Language) -> Json:
    signoff = cell.signoff
    return {
        "end": cell.period.end.isoformat(),
        "label": spoken.period(cell.period),
        "state": cell.state.value,
        "balanced": cell.status.is_balanced,
        "reconciled": cell.status.is_reconciled,
        "errors": cell.errors,
        "issues": cell.issues,
        "restated": cell.restated,
        "ecd": None if cell.ecd is Ecd.NONE else cell.ecd is Ecd.EQUAL,
        "read": spoken.moment(cell.status.extracted_at),
        "signed_by": harmless(signoff.signed_by) if signoff else None,
        "signed_at": spoken.moment(signoff.signed_at) if signoff else None,
        "note": harmless(signoff.note or "", 2000) if signoff else None,
        "objections": objections(signoff.objections, spoken) if signoff else None,
    }


def objections(stored: str | None, spoken: Language) -> str | None:
    """What stood against a signature, in the page's language."""
    return "; ".join(map(spoken, stored.split("; "))) if stored else None


def _finding(row: Finding, spoken: Language) -> Json:
    said = advice(row.code, spoken)
    return {
        "severity": row.severity,
        "code": harmless(row.code, 60),
        "title": said.title,
        "do": said.todo,
        "message": harmless(row.message, 2000),
    }


def restatement(row: Restatement, spoken: Language) -> list[Json]:
    """Period, account, debit and credit before and after, difference, when it was seen."""
    return [
        row.period_end.isoformat(),
        row.account_code,
        _or_none(row.debit_before),
        _or_none(row.debit_after),
        _or_none(row.credit_before),
        _or_none(row.credit_after),
        _or_none(row.delta),
        _moment(row.first_seen_at, spoken),
    ]


def _difference(row: TieOut) -> list[Json]:
    return [
        harmless(row.account_code or ""),
        harmless(row.ecd_account_code or ""),
        row.status,
        _or_none(row.erp_debit),
        _or_none(row.ecd_debit),
        _or_none(row.erp_credit),
        _or_none(row.ecd_credit),
        _or_none(row.erp_net_closing),
        _or_none(row.ecd_net_closing),
    ]


def consolidated(rows: Iterable[Consolidated], group: Group) -> list[Json]:
    """Code, name, statement, aggregated, eliminated, consolidated."""
    return [
        [
            row.group_account,
            harmless(group.name(row.group_account)),
            group.statement(row.group_account),
            plain(row.aggregated),
            plain(row.eliminated),
            plain(row.consolidated),
        ]
        for row in rows
    ]


def eliminations(rows: Iterable[Elimination], group: Group) -> list[Json]:
    """Code, name, company, counterparty, amount, difference, whether it is of the result."""
    return [
        [
            row.group_account,
            harmless(group.name(row.group_account)),
            row.company_id,
            row.counterparty_company_id,
            plain(row.amount),
            _or_none(row.difference),
            group.statement(row.group_account) == "PL",
        ]
        for row in rows
    ]


def _moment(value: datetime | date | None, spoken: Language) -> str:
    if isinstance(value, datetime) or value is None:
        return spoken.moment(value)
    return spoken.date(value)


def _name(name: str | None) -> str:
    return harmless(name or "")


def _or_none(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
