"""What ContaAzul's rows mean: pure functions from its fields to the ledger's."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from erp_common.ledger.fields import part, sent_text, stated_type
from erp_common.ledger.models import Posting, StatedAccount
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    amount,
    flag,
    optional_account_code,
    optional_date,
    parse_date,
    required_text,
    text,
)


class Account(msgspec.Struct, gc=False):
    """A row of `chart-of-accounts`; the level is worked out from the parents."""

    id: Any = None
    code: Any = None
    name: Any = None
    type: Any = None
    parent_code: Any = None
    is_summary: Any = None


class Transaction(msgspec.Struct, gc=False):
    """A row of `transactions`: a whole entry."""

    id: Any = None
    date: Any = None
    posting_date: Any = None
    description: Any = None
    document_number: Any = None
    document_type: Any = None
    entity: Any = None
    lines: Any = None


def account(row: Account) -> StatedAccount:
    """An account of the chart.

    Its type may be missing or unknown: then headings decide it.

    Raises:
        InvalidValue: If another field that every account has is missing or cannot be read.
    """
    return StatedAccount(
        code=account_code(row.code, "code"),
        name=required_text(row.name, "name"),
        stated_type=stated_type(row.type, "type"),
        parent_code=optional_account_code(row.parent_code, "parent_code"),
        is_summary=flag(row.is_summary, "is_summary"),
        erp_id=required_text(row.id, "id"),
    )


def lines(row: Transaction) -> list[Posting]:
    """All lines of an entry: half an entry would not balance.

    Raises:
        InvalidValue: If a field that every entry and line has is missing or cannot be read.
    """
    entry = _Entry(row)
    if not isinstance(row.lines, list) or not row.lines:
        raise InvalidValue("lines", "is no list of lines; an entry has at least one")
    return [entry.line(line, f"lines[{number}]") for number, line in enumerate(row.lines)]


class _Entry:
    """What the lines of a transaction have in common."""

    __slots__ = (
        "description",
        "document_number",
        "document_type",
        "entity_id",
        "entity_name",
        "id",
        "posting_date",
        "transaction_date",
    )

    def __init__(self, row: Transaction) -> None:
        entity = part(row.entity, "entity")
        self.id = required_text(row.id, "id")
        self.transaction_date: date = parse_date(row.date, "date")
        self.posting_date = optional_date(row.posting_date, "posting_date")
        self.description = sent_text(row.description, "description")
        self.document_number = text(row.document_number, "document_number")
        self.document_type = text(row.document_type, "document_type")
        self.entity_id = text(entity.get("id"), "entity.id")
        self.entity_name = text(entity.get("name"), "entity.name")

    def line(self, line: object, field: str) -> Posting:
        """A line of the entry; `field` is where in the transaction it stands."""
        if not isinstance(line, dict):
            raise InvalidValue(field, "is no object with fields")
        return Posting(
            account_code=account_code(line.get("account_code"), f"{field}.account_code"),
            account_name=text(line.get("account_name"), f"{field}.account_name"),
            entry_id=self.id,
            journal_id=self.id,
            transaction_date=self.transaction_date,
            posting_date=self.posting_date or self.transaction_date,
            debit_amount=amount(line.get("debit_amount"), f"{field}.debit_amount"),
            credit_amount=amount(line.get("credit_amount"), f"{field}.credit_amount"),
            description=text(line.get("description"), f"{field}.description") or self.description,
            document_number=self.document_number,
            document_type=self.document_type,
            cost_center=text(line.get("cost_center"), f"{field}.cost_center"),
            entity_id=self.entity_id,
            entity_name=self.entity_name,
        )
