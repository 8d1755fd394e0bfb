"""The JSON schemas, keys and replication key of the four streams.

Property names and order are the contract with the warehouse; `additionalProperties` stands where an
ERP's own fields are passed through. Values of enumerations are told in the descriptions only, so
that a new one is no broken load.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

REPLICATION_KEY: Final = "period_end"

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "periods": ("company_id", "period_start", "period_end"),
    "trial_balance": ("company_id", "period_start", "period_end", "account_code"),
    "subledger": ("company_id", "account_code", "entry_id", "line_number"),
    "validation_issues": ("issue_id",),
}

_Property = dict[str, Any]


def _of(*kinds: str, **more: object) -> Callable[[str], _Property]:
    """What makes properties of these types, each with its description."""
    return lambda description: {"type": [*kinds], **more, "description": description}


_text, _text_or_null = _of("string"), _of("string", "null")
_date = _of("string", format="date")
_amount, _amount_or_null = _of("number"), _of("number", "null")
_whole, _whole_or_null = _of("integer"), _of("integer", "null")
_yes_or_no, _yes_or_no_or_null = _of("boolean"), _of("boolean", "null")
# Without `properties`: an empty list of them makes the SDK's flattening drop the whole object.
_object = _of("object", additionalProperties=True)

_CURRENCY = _text("Currency of all amounts, ISO 4217.")
_BASIS = _text("reported: the ERP serves the balances; derived: they are summed up from postings.")
_EXTRACTED_AT = _of("string", format="date-time")(
    "The time of this extraction of company and period; the same in all its rows."
)
_EXTRACTION = {
    "extracted_at": _EXTRACTED_AT,
    "metadata": _object("What else the ERP says, and how the row came about."),
}
_COMPANY_AND_PERIOD = {
    "source_system": _text("The ERP, as its tap calls it, such as totvs_protheus or omie."),
    "company_id": _text("The company, as the setting companies calls it."),
    "company_name": _text("The company's name."),
    "period_start": _date("First day of the accounting period."),
    "period_end": _date("Last day of the accounting period; the replication key."),
}


_PROPERTIES: Final[dict[str, dict[str, _Property]]] = {
    "periods": {
        **_COMPANY_AND_PERIOD,
        "fiscal_year": _whole("The calendar year in which the period's fiscal year ends."),
        "period_status": _text(
            "open while the period ends today or later (São Paulo), else closed."
        ),
        "currency": _CURRENCY,
        "basis": _BASIS,
        "account_count": _whole("How many analytic accounts the trial balance has."),
        "entry_count": _whole_or_null(
            "How many subledger rows there are before filters; null if it was not read."
        ),
        "total_debit": _amount("Debits of all analytic accounts."),
        "total_credit": _amount("Credits of all analytic accounts."),
        "is_balanced": _yes_or_no(
            "Whether debits equal credits and net openings and net closings are zero in sum."
        ),
        "subledger_debit": _amount_or_null("Debits of all postings; null if they were not read."),
        "subledger_credit": _amount_or_null("Credits of all postings; null if they were not read."),
        "is_reconciled": _yes_or_no_or_null(
            "Whether the postings of each account add up to its movement; null likewise."
        ),
        "issue_count": _whole("How many rows of validation_issues the extraction has."),
        **_EXTRACTION,
    },
    "trial_balance": {
        **_COMPANY_AND_PERIOD,
        "currency": _CURRENCY,
        "account_code": _text("The account's code in the chart of accounts."),
        "account_name": _text("The account's name."),
        "account_type": _text_or_null(
            "ASSET, LIABILITY, EQUITY, REVENUE or EXPENSE; null if off balance or unknown."
        ),
        "parent_account_code": _text_or_null("The account above; null for a root."),
        "level": _whole("Depth in the chart of accounts, 1 for a root."),
        "normal_balance": _text_or_null(
            "DEBIT or CREDIT: the side the account normally stands on, if the ERP says so."
        ),
        "opening_balance": _amount("Balance before the period, in the ERP's own sign."),
        "debit_amount": _amount("Debits of the period."),
        "credit_amount": _amount("Credits of the period."),
        "closing_balance": _amount("Balance after the period, in the ERP's own sign."),
        "net_opening_balance": _amount("Balance before the period, debit-positive."),
        "net_closing_balance": _amount("Balance after the period, debit-positive."),
        "is_summary": _yes_or_no("Whether the account sums up others; leave it out of totals."),
        "basis": _BASIS,
        **_EXTRACTION,
    },
    "subledger": {
        **_COMPANY_AND_PERIOD,
        "currency": _CURRENCY,
        "account_code": _text("The account posted on."),
        "account_name": _text_or_null("The account's name."),
        "entry_id": _text("The journal entry in the ERP."),
        "line_number": _whole("Number of the line within company, account and entry, from 1."),
        "journal_id": _text_or_null(
            "The whole journal entry, whose debits equal its credits; null if not named."
        ),
        "posting_kind": _text_or_null(
            "NORMAL, CLOSING (zeroes the result accounts) or LATE (after the filing); null if "
            "nothing says it."
        ),
        "transaction_date": _date("The date that decides the period."),
        "posting_date": _date(
            "When it was posted; the transaction date where the ERP says nothing."
        ),
        "debit_amount": _amount("The debit, zero on a credit line."),
        "credit_amount": _amount("The credit, zero on a debit line."),
        "description": _text_or_null("The text of the line, else of the entry."),
        "document_number": _text_or_null("The document's number."),
        "document_type": _text_or_null("The document's type."),
        "cost_center": _text_or_null("The cost centre."),
        "entity_id": _text_or_null("The customer or supplier."),
        "entity_name": _text_or_null("The customer's or supplier's name."),
        **_EXTRACTION,
    },
    "validation_issues": {
        "issue_id": _text("The same for the same finding in a repeated run."),
        **{name: one for name, one in _COMPANY_AND_PERIOD.items() if name != "company_name"},
        "stream_name": _text("The stream whose rows are meant."),
        "severity": _text("error or warning."),
        "code": _text("Which check found it."),
        "message": _text("What was found and what to do, in a sentence."),
        "account_code": _text_or_null("The account it is about."),
        "entry_id": _text_or_null("The journal entry it is about."),
        "expected": _text_or_null("The amount or count that should be there."),
        "actual": _text_or_null("The amount or count that is there."),
        "raw": _object("The ERP's row, secrets masked."),
        "extracted_at": _EXTRACTED_AT,
    },
}
SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    stream: {"type": "object", "properties": properties, "required": list(KEYS[stream])}
    for stream, properties in _PROPERTIES.items()
}
