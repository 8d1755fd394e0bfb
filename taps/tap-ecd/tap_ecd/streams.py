"""The streams that only filed ledgers have, beside the four of every tap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

from erp_common.singer.streams import STREAMS, LedgerStream, PeriodsStream

if TYPE_CHECKING:
    from erp_common.extract.period import PeriodExtract
    from tap_ecd.books import FiledPeriod

_KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": ["string"]},
    "date": {"type": ["string"], "format": "date"},
    "amount": {"type": ["number"]},
    "whole": {"type": ["integer"]},
    "flag": {"type": ["boolean"]},
    "object": {"type": ["object"], "properties": {}, "additionalProperties": True},
}


def _column(kind: str, description: str) -> dict[str, Any]:
    """A column of a kind; with a question mark it may be null."""
    made = {**_KINDS[kind.rstrip("?")], "description": description}
    return {**made, "type": [*made["type"], "null"]} if kind.endswith("?") else made


_PERIOD = {
    "source_system": _column("text", "sped_ecd."),
    "company_id": _column("text", "The company, as the setting companies calls it."),
    "company_name": _column("text", "The company's name."),
    "period_start": _column("date", "First day of the accounting period."),
    "period_end": _column("date", "Last day of the accounting period; the replication key."),
    "currency": _column("text", "Currency of all amounts, ISO 4217."),
}
_EXTRACTION = {
    "extracted_at": {
        "type": ["string"],
        "format": "date-time",
        "description": "The time of this extraction of company and period; the same in all rows.",
    },
    "metadata": _column("object", "What else the file says."),
}
_KEY = ("company_id", "period_start", "period_end")


def _schema(key: tuple[str, ...], own: dict[str, dict[str, Any]]) -> dict[str, Any]:
    properties = {**_PERIOD, **own, **_EXTRACTION}
    return {"type": "object", "properties": properties, "required": [*_KEY, *key]}


class FiledStream(LedgerStream):
    """A stream of filed ledgers."""

    parent_stream_type = PeriodsStream

    @override
    def rows(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """The rows of a period, unless the period is refused."""
        if not extract.is_refused:
            yield self.filed_rows(cast("FiledPeriod", extract))

    def filed_rows(self, period: FiledPeriod) -> list[Any]:
        """The rows of a period."""
        raise NotImplementedError


class Files(FiledStream):
    """The files that say anything of a period, and what each is to the ledger."""

    name = "ecd_files"
    row_schema: ClassVar[dict[str, Any]] = _schema(
        ("file",),
        {
            "file": _column("text", "Where the file is."),
            "file_name": _column("text", "What it is called."),
            "file_size": _column("whole", "Its bytes."),
            "modified_at": _column("text?", "When it was changed last, as its place says it."),
            "sha256": _column("text", "SHA-256 of the whole file."),
            "file_hash": _column(
                "text", "SHA-1 of the text up to the record 9999, as a substitute may name it."
            ),
            "use": _column(
                "text",
                "ledger: its rows are the period's; replaced, by a substitute; copy, of another "
                "file; no_ledger: a book A, Z or B, or of no known kind.",
            ),
            "why": _column(
                "text?", "In words, where it is not the ledger or is not certain to be."
            ),
            "book": _column("text?", "The kind of book: G, R, A, B or Z (IND_ESC)."),
            "layout": _column("text?", "The layout that it names (COD_VER_LC)."),
            "cnpj": _column("text", "The CNPJ that it names."),
            "file_company_name": _column("text?", "The company's name that it states."),
            "file_start": _column("date", "Its first day."),
            "file_end": _column("date", "Its last day."),
            "fiscal_year_end": _column("date?", "The end of the fiscal year (DT_EX_SOCIAL)."),
            "book_number": _column("text?", "The book's number (NUM_ORD)."),
            "is_substitute": _column("flag", "Whether it replaces another (IND_FIN_ESC)."),
            "replaces_hash": _column("text?", "The hash of what it replaces (COD_HASH_SUB)."),
            "is_decentralised": _column(
                "flag", "Whether branches keep books of their own (IND_CENTRALIZADA)."
            ),
            "has_functional_currency": _column(
                "flag", "Whether amounts in another currency stand beside those in BRL (IDENT_MF)."
            ),
            "chart_changed": _column("flag", "Whether the chart has changed (IND_MUDANC_PC)."),
            "line_count": _column("whole?", "Its records; null if it is not the ledger."),
        },
    )

    @override
    def filed_rows(self, period: FiledPeriod) -> list[Any]:
        return period.file_rows()


class CostCenterBalances(FiledStream):
    """The balances by account and cost centre, as the file states them."""

    name = "ecd_cost_center_balances"
    row_schema: ClassVar[dict[str, Any]] = _schema(
        ("account_code", "cost_center"),
        {
            "account_code": _column("text", "The account's code."),
            "cost_center": _column("text", "The cost centre; empty where there is none."),
            "cost_center_name": _column("text?", "Its name (I100)."),
            "opening_balance": _column("amount", "Balance before the period, debit-positive."),
            "debit_amount": _column("amount", "Debits of the period."),
            "credit_amount": _column("amount", "Credits of the period."),
            "closing_balance": _column("amount", "Balance after the period, debit-positive."),
        },
    )

    @override
    def filed_rows(self, period: FiledPeriod) -> list[Any]:
        return period.cost_center_rows()


class BeforeClosing(FiledStream):
    """What the result accounts held before each closing."""

    name = "ecd_before_closing"
    row_schema: ClassVar[dict[str, Any]] = _schema(
        ("closed_on", "account_code", "cost_center"),
        {
            "closed_on": _column("date", "The day of the closing (DT_RES)."),
            "account_code": _column("text", "The account's code."),
            "cost_center": _column("text", "The cost centre; empty where there is none."),
            "closing_balance": _column("amount", "Balance before the closing, debit-positive."),
        },
    )

    @override
    def filed_rows(self, period: FiledPeriod) -> list[Any]:
        return period.before_closing_rows()


class Statements(FiledStream):
    """The lines of the balance sheets and income statements that end in a period."""

    name = "ecd_statements"
    row_schema: ClassVar[dict[str, Any]] = _schema(
        ("file_name", "statement", "statement_start", "statement_end", "line_number"),
        {
            "file_name": _column("text", "The file that states it."),
            "statement": _column("text", "balance_sheet (J100) or income_statement (J150)."),
            "statement_start": _column("date", "First day of the statement."),
            "statement_end": _column("date", "Last day of the statement."),
            "statement_type": _column("text?", "Of the company (1) or consolidated (2); ID_DEM."),
            "line_number": _column("whole", "The line's number within the statement, from 1."),
            "line_code": _column("text?", "The line's code (COD_AGL)."),
            "is_total": _column("flag?", "Whether the line sums up others (IND_COD_AGL)."),
            "level": _column("whole?", "The line's level."),
            "parent_code": _column("text?", "The line above."),
            "group_code": _column("text?", "A or P of a balance sheet, D or R of a result."),
            "description": _column("text?", "What the line says."),
            "opening_balance": _column("amount?", "At the first day, debit-positive."),
            "closing_balance": _column("amount", "At the last day, debit-positive."),
            "note": _column("text?", "The note that explains it."),
        },
    )

    @override
    def filed_rows(self, period: FiledPeriod) -> list[Any]:
        return period.statement_rows


ECD_STREAMS: tuple[type[LedgerStream], ...] = (
    *STREAMS,
    Files,
    CostCenterBalances,
    BeforeClosing,
    Statements,
)
"""In the order in which a period is emitted."""
