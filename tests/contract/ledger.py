"""What the streams must hold, from the simulator's books alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from contract import filed
from contract.erps import Erp
from simulator import Company, Entry, Line, Posting
from simulator.totvs_rows import entry_rows

Record = dict[str, Any]
NORMAL = {"D": "DEBIT", "C": "CREDIT"}


class Span(NamedTuple):
    """A period, both days included."""

    start: date
    end: date


class Truth(NamedTuple):
    """A company's books, and what the settings call the company."""

    erp: Erp
    company: Company
    id: str
    name: str
    currency: str = "BRL"

    def constants(self, span: Span) -> Record:
        """The fields that all rows of one extraction share."""
        return {
            "source_system": self.erp.source_system,
            "company_id": self.id,
            "company_name": self.name,
            "period_start": str(span.start),
            "period_end": str(span.end),
            "currency": self.currency,
        }

    def trial_balance(self, span: Span) -> list[Record]:
        """The rows of `trial_balance`, in the order of the chart."""
        return [{**self.constants(span), **row} for row in self._balances(span)]

    def subledger(self, span: Span) -> list[Record]:
        """The rows of `subledger`, in the order of `by_key`."""
        numbers: Counter[tuple[str, str]] = Counter()
        rows = []
        for entry_id, (entry, line) in self._postings(span):
            numbers[line.account, entry_id] += 1
            account = self.company.account(line.account)
            rows.append(
                {
                    **self.constants(span),
                    "account_code": line.account,
                    "account_name": account.name if account else None,
                    "entry_id": entry_id,
                    "line_number": numbers[line.account, entry_id],
                    "journal_id": self._journal(entry_id),
                    "posting_kind": self._kind(entry),
                    "transaction_date": str(entry.date),
                    "posting_date": str(self._posted(entry)),
                    "debit_amount": line.debit,
                    "credit_amount": line.credit,
                    "description": line.description or entry.description or None,
                    "document_number": entry.document_number,
                    "document_type": entry.document_type,
                    "cost_center": line.cost_center,
                    "entity_id": str(entry.entity.id) if entry.entity else None,
                    "entity_name": entry.entity.name if entry.entity else None,
                    **dict.fromkeys(self.erp.without),
                }
            )
        return by_key(rows)

    def header(self, span: Span, **changes: Any) -> Record:
        """The row of `periods` of a sound ledger of the past."""
        analytic = [
            row
            for row in self.company.trial_balance(*span)
            if not self.account(row.code).is_summary
        ]
        lines = self.company.lines(*span)
        return {
            **self.constants(span),
            "fiscal_year": span.end.year,
            "period_status": "closed",
            "basis": self.erp.basis,
            "account_count": len(analytic),
            "entry_count": len(lines),
            "total_debit": sum((row.debit for row in analytic), Decimal(0)),
            "total_credit": sum((row.credit for row in analytic), Decimal(0)),
            "is_balanced": True,
            "subledger_debit": sum((line.debit for _, line in lines), Decimal(0)),
            "subledger_credit": sum((line.credit for _, line in lines), Decimal(0)),
            "is_reconciled": True,
            "issue_count": 0,
            **changes,
        }

    def account(self, code: str) -> Any:
        """An account that the chart surely has."""
        account = self.company.account(code)
        assert account is not None
        return account

    def moved(self, span: Span) -> list[str]:
        """The analytic accounts with a debit or a credit."""
        return [
            row.code
            for row in self.company.trial_balance(*span)
            if (row.debit or row.credit) and not self.account(row.code).is_summary
        ]

    def analytic(self) -> list[str]:
        """The analytic accounts."""
        return [account.code for account in self.company.accounts if not account.is_summary]

    def _balances(self, span: Span) -> Iterator[Record]:
        for code, opening, debit, credit, closing in self.company.trial_balance(*span):
            account = self.account(code)
            turned = -1 if self.erp.natural and account.nature == "C" else 1
            yield {
                "account_code": code,
                "account_name": account.name,
                "account_type": account.type,
                "parent_account_code": account.parent,
                "level": account.level,
                "normal_balance": NORMAL[account.nature] if self.erp.states_normal else None,
                "opening_balance": turned * opening,
                "debit_amount": debit,
                "credit_amount": credit,
                "closing_balance": turned * closing,
                "net_opening_balance": opening,
                "net_closing_balance": closing,
                "is_summary": account.is_summary,
                "basis": self.erp.basis,
            }

    def _journal(self, entry_id: str) -> str | None:
        """What names the whole entry: that of Protheus is the row's name without its number."""
        if not self.erp.journals:
            return None
        before, _, number = entry_id.rpartition("-")
        return {"row": before, "filed": number}.get(self.erp.entry_id, entry_id)

    def _posted(self, entry: Entry) -> date:
        """The day of the posting; a file has one date alone."""
        return (None if self.erp.filed else entry.posting_date) or entry.date

    def _kind(self, entry: Entry) -> str | None:
        """The kind of entry, where the ERP says it."""
        if not self.erp.says_kind:
            return None
        return "CLOSING" if entry.closes else "NORMAL"

    def _entry_id(self, entry: Entry) -> str:
        """What the ERP calls an entry."""
        if self.erp.entry_id == "filed":
            return filed.entry_id(self.company, entry)
        return entry.uuid if self.erp.entry_id == "text" else str(entry.id)

    def _postings(self, span: Span) -> Iterator[tuple[str, Posting]]:
        for entry in self.company.entries_between(*span):
            if self.erp.entry_id == "row":
                yield from _protheus(entry, self.company.filial)
            else:
                entry_id = self._entry_id(entry)
                for line in entry.lines:
                    yield entry_id, Posting(entry, line)


def _protheus(entry: Entry, filial: str) -> Iterator[tuple[str, Posting]]:
    """An entry's lines, each with the id of the row in which Protheus keeps it."""
    rows = [row for row in entry_rows(entry, filial) if row["CT2_DC"] != "4"]
    for row, line in zip(_one_for_each(rows), _debits_first(rows, entry.lines), strict=True):
        assert line.account in (row["CT2_DEBITO"], row["CT2_CREDIT"])
        key = ("CT2_FILIAL", "CT2_DATA", "CT2_LOTE", "CT2_SBLOTE", "CT2_DOC", "CT2_LINHA")
        yield "-".join(row[name] for name in key), Posting(entry, line)


def _one_for_each(rows: list[Record]) -> Iterator[Record]:
    for row in rows:
        yield row
        if row["CT2_DC"] == "3":
            yield row


def _debits_first(rows: list[Record], lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines in the order of the rows: a row of both sides gives the debit, then the credit."""
    both = len(rows) == 1 and rows[0]["CT2_DC"] == "3"
    return tuple(sorted(lines, key=lambda line: -line.debit)) if both else lines


def by_key(rows: list[Record]) -> list[Record]:
    """Subledger rows in an order of their own, for the ERPs send accounts and entries in theirs."""
    return sorted(
        rows,
        key=lambda row: (
            row["company_id"],
            row["period_start"],
            row["account_code"],
            row["entry_id"],
            row["line_number"],
        ),
    )


def without(rows: list[Record], *names: str) -> list[Record]:
    """The rows without the fields that no book knows, or that a test does not mind."""
    dropped = {"extracted_at", "metadata", *names}
    return [{name: value for name, value in row.items() if name not in dropped} for row in rows]


def months(year: int, first: int, last: int) -> list[Span]:
    """The months of a year, from the first to the last given."""
    starts = [
        date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1) for month in range(first, last + 2)
    ]
    one_day = date(2024, 1, 2) - date(2024, 1, 1)
    return [Span(start, following - one_day) for start, following in pairwise(starts)]


QUARTER = months(2024, 1, 3)
