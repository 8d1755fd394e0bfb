"""What the dbt models must hold for the simulator's books, worked out from the entries alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from simulator import Books, Company
from simulator.model import ZERO, Account, Entry, Line

Rows = dict[str, list[dict[str, Any]]]
Key = tuple[str, date]
READ = datetime(2025, 1, 3, 9, 12, tzinfo=timezone.utc)
CLOSING = "ENC"
RESULT_TYPES = ("REVENUE", "EXPENSE")


def months(start: date, end: date) -> list[tuple[date, date]]:
    """The months from one day to the other, whole."""
    found = []
    first = start
    while first <= end:
        after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        found.append((first, after - timedelta(days=1)))
        first = after
    return found


@dataclass
class Facts:
    """What is not in the entries: verdicts, findings, restatements, by company and last day."""

    unbalanced: set[Key] = field(default_factory=set)
    unreconciled: set[Key] = field(default_factory=set)
    unread: set[Key] = field(default_factory=set)
    ecd: dict[Key, str] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    restatements: list[dict[str, Any]] = field(default_factory=list)


def mismatch(company: str, end: date) -> dict[str, Any]:
    """A finding: the postings of an account are not its movement."""
    return {
        "company_id": company,
        "period_end": end,
        "stream_name": "subledger",
        "severity": "error",
        "code": "SUBLEDGER_MISMATCH",
        "message": "Conta 1.1.01.02.001: o razão tem débitos de 290,00.",
    }


def restatement(books: Books, company: str, end: date) -> dict[str, Any]:
    """The first account that moved in a month got 100.00 more after it was first seen closed."""
    return {
        "company_id": company,
        "period_end": end,
        "account_code": books[company].lines(end.replace(day=1), end)[0].line.account,
        "debit_before": Decimal("900.10"),
        "debit_after": Decimal("1000.10"),
        "credit_before": ZERO,
        "credit_after": ZERO,
        "delta": Decimal(100),
        "first_seen_at": READ,
    }


def before_the_change(rows: Rows, company: str, end: date) -> Rows:
    """The models as they were when a month still was another, which was signed then."""
    balances = [
        {**row, "debit": row["debit"] + 100}
        if (row["company_id"], row["period_end"]) == (company, end)
        else row
        for row in rows["account_balances"]
    ]
    return {**rows, "account_balances": balances}


def models(books: Books, start: date, end: date, facts: Facts | None = None) -> Rows:
    """The rows of every model by its name."""
    facts = facts or Facts()
    rows: Rows = defaultdict(list)
    spans = months(start, end)
    for company in books.companies:
        rows["companies"].append(
            {"company_id": company.id, "name": company.name, "valid_from": None}
        )
        rows["stg_erp__periods"].append(
            {
                "company_id": company.id,
                "company_name": company.name,
                "currency": "BRL",
                "period_end": end,
            }
        )
        ledger = Ledger(company)
        for first, last in spans:
            ledger.month(rows, first, last)
            rows["close_status"].append(_status(facts, company.id, first, last))
    rows["stg_erp__validation_issues"] = facts.findings
    rows["restatements"] = facts.restatements
    _consolidate(rows, books, [last for _, last in spans])
    return rows


class Ledger:
    """One company's entries, summed up in plain Python."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.chart = {account.code: account for account in company.accounts}
        self.balance: dict[str, Decimal] = defaultdict(Decimal, company.opening)
        self.ytd: dict[tuple[int, str, str | None], Decimal] = defaultdict(Decimal)
        self.by_end: dict[tuple[date, str], Decimal] = {}
        self.below = {code: self._below(account) for code, account in self.chart.items()}
        early = [entry for entry in company.entries if entry.document_type == "ABT"]
        for _, line in _lines(early):
            self.balance[line.account] += line.debit - line.credit

    def month(self, rows: Rows, first: date, last: date) -> None:
        """Add a month's rows to each model."""
        entries = [
            entry
            for entry in self.company.entries_between(first, last)
            if entry.document_type != "ABT"
        ]
        opening = dict(self.balance)
        debit: dict[str, Decimal] = defaultdict(Decimal)
        credit: dict[str, Decimal] = defaultdict(Decimal)
        closing: dict[str, Decimal] = defaultdict(Decimal)
        month: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
        for entry, line in _lines(entries):
            debit[line.account] += line.debit
            credit[line.account] += line.credit
            net = line.debit - line.credit
            self.balance[line.account] += net
            if entry.document_type == CLOSING:
                closing[line.account] += net
            elif self.chart[line.account].type in RESULT_TYPES:
                month[line.account, line.cost_center] -= net
                self.ytd[last.year, line.account, line.cost_center] -= net
        known = {"company_id": self.company.id, "fiscal_year": last.year}
        when = {**known, "period_start": first, "period_end": last}
        for account in self.company.accounts:
            below = self.below[account.code]
            net_opening = sum((opening.get(code, ZERO) for code in below), ZERO)
            amounts = {
                "net_opening": net_opening,
                "debit": sum((debit[code] for code in below), ZERO),
                "credit": sum((credit[code] for code in below), ZERO),
                "closing_entries": sum((closing[code] for code in below), ZERO),
            }
            net_closing = net_opening + amounts["debit"] - amounts["credit"]
            before = net_closing - amounts["closing_entries"]
            described = {
                **when,
                "account_code": account.code,
                "account_name": account.name,
                "account_type": account.type,
                "parent_account_code": account.parent,
                "level": account.level,
                "is_summary": account.is_summary,
            }
            rows["account_balances"].append(
                {
                    **described,
                    **amounts,
                    "net_closing": net_closing,
                    "net_before_closing": before,
                    "ytd_before_closing": before,
                }
            )
            if account.type in RESULT_TYPES:
                amount = sum((v for (code, _), v in month.items() if code in below), ZERO)
                so_far = self._so_far(last.year, below)
                self.by_end[last, account.code] = so_far
                year_before = _year_before(last)
                rows["income_statement"].append(
                    {
                        **described,
                        "month_amount": amount,
                        "ytd_amount": so_far,
                        "prior_year_ytd_amount": self.by_end.get((year_before, account.code)),
                    }
                )
            elif account.type is not None:
                sign = 1 if account.type == "ASSET" else -1
                rows["balance_sheet"].append({**described, "amount": sign * net_closing})
        rows["balance_sheet"].append(
            {
                **when,
                "account_code": "RESULT",
                "account_name": "Result of the period",
                "account_type": "EQUITY",
                "level": 1,
                "is_summary": False,
                "amount": -sum(
                    (
                        self.balance[code]
                        for code, account in self.chart.items()
                        if account.type in RESULT_TYPES and not account.is_summary
                    ),
                    ZERO,
                ),
            }
        )
        for (year, code, center), so_far in self.ytd.items():
            if year == last.year:
                rows["cost_center_result"].append(
                    {
                        **when,
                        "cost_center": center or "(none)",
                        "account_code": code,
                        "month_amount": month.get((code, center), ZERO),
                        "ytd_amount": so_far,
                    }
                )
        self._post(rows, entries, when)

    def _post(self, rows: Rows, entries: Iterable[Entry], when: dict[str, Any]) -> None:
        numbers: dict[tuple[str, int], int] = defaultdict(int)
        for entry, line in _lines(entries):
            numbers[line.account, entry.id] += 1
            rows["postings"].append(
                {
                    **when,
                    "account_code": line.account,
                    "entry_id": str(entry.id),
                    "line_number": numbers[line.account, entry.id],
                    "transaction_date": entry.date,
                    "debit_amount": line.debit,
                    "credit_amount": line.credit,
                    "description": line.description or entry.description,
                    "document_number": entry.document_number,
                    "document_type": entry.document_type,
                    "cost_center": line.cost_center,
                    "entity_name": entry.entity.name if entry.entity else None,
                    "posting_kind": "CLOSING" if entry.document_type == CLOSING else "NORMAL",
                }
            )

    def _so_far(self, year: int, below: set[str]) -> Decimal:
        return sum(
            (v for (of, code, _), v in self.ytd.items() if of == year and code in below), ZERO
        )

    def _below(self, account: Account) -> set[str]:
        """The analytic accounts that make up an account."""
        if not account.is_summary:
            return {account.code}
        children = [one for one in self.chart.values() if one.parent == account.code]
        return set().union(*(self._below(child) for child in children))


def _lines(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Line]]:
    return ((entry, line) for entry in entries for line in entry.lines)


def _year_before(day: date) -> date:
    return (day.replace(day=1, year=day.year - 1) + timedelta(days=31)).replace(day=1) - timedelta(
        days=1
    )


def _status(facts: Facts, company: str, first: date, last: date) -> dict[str, Any]:
    key = (company, last)
    mine = [row for row in facts.findings if (row["company_id"], row["period_end"]) == key]
    restated = [row for row in facts.restatements if (row["company_id"], row["period_end"]) == key]
    return {
        "company_id": company,
        "period_start": first,
        "period_end": last,
        "is_balanced": key not in facts.unbalanced,
        "is_reconciled": None if key in facts.unread else key not in facts.unreconciled,
        "issue_count": len(mine),
        "error_count": sum(row["severity"] == "error" for row in mine),
        "restated_accounts": len(restated),
        "ecd_status": facts.ecd.get(key),
        "signed_by": None,
        "signed_at": None,
        "changed_since_signed": None,
        "extracted_at": READ,
    }


GROUP = {
    "ASSET": ("G1", "Ativo do grupo", "BS"),
    "LIABILITY": ("G2", "Passivo do grupo", "BS"),
    "EQUITY": ("G3", "Patrimônio líquido do grupo", "BS"),
    "REVENUE": ("G4", "Receitas do grupo", "PL"),
    "EXPENSE": ("G5", "Custos e despesas do grupo", "PL"),
}


def _consolidate(rows: Rows, books: Books, ends: list[date]) -> None:
    for order, (code, name, statement) in enumerate(GROUP.values()):
        rows["group_accounts"].append(
            {
                "group_account": code,
                "parent": None,
                "name": name,
                "statement": statement,
                "line_order": order,
            }
        )
    sums: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for row in rows["account_balances"]:
        if not row["is_summary"] and row["account_type"] not in {None, *RESULT_TYPES}:
            sums[row["period_end"], GROUP[row["account_type"]][0]] += row["net_closing"]
    types = {account.code: account.type for one in books.companies for account in one.accounts}
    for row in rows["cost_center_result"]:
        sums[row["period_end"], GROUP[types[row["account_code"]] or ""][0]] += row["ytd_amount"]
    pairs: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    if len(books.companies) > 1:
        one, other = books.companies[0].id, books.companies[1].id
        for place, end in enumerate(ends):
            amount = Decimal(1000 * (place + 1)) + Decimal("0.50")
            off = Decimal("12.34") if place == len(ends) - 1 else ZERO
            for code, company, counterparty, value in (
                ("G1", one, other, amount),
                ("G2", other, one, -amount - off),
            ):
                pairs[end, code] += value
                rows["eliminations"].append(
                    {
                        "period_end": end,
                        "group_account": code,
                        "company_id": company,
                        "counterparty_company_id": counterparty,
                        "amount": value,
                        "difference": off,
                    }
                )
    for (end, code), amount in sums.items():
        rows["consolidated"].append(
            {
                "period_end": end,
                "group_account": code,
                "aggregated": amount,
                "eliminated": pairs[end, code],
                "consolidated": amount - pairs[end, code],
            }
        )
