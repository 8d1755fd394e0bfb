"""The schemas are the contract with the warehouse: names, order, keys and types."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped] # typed in another package

from erp_common.ledger.finding_keys import with_keys
from erp_common.ledger.models import AccountBalance, Finding, Posting
from erp_common.ledger.rules import Rules
from erp_common.ledger.schemas import KEYS, REPLICATION_KEY, SCHEMAS
from erp_common.ledger.trial_balance import reported

from .books import JANUARY, account, posting

FIELDS = {
    "trial_balance": """source_system, company_id, company_name, period_start, period_end,
        currency, account_code, account_name, account_type, parent_account_code, level,
        normal_balance, opening_balance, debit_amount, credit_amount, closing_balance,
        net_opening_balance, net_closing_balance, is_summary, basis, extracted_at, metadata""",
    "subledger": """source_system, company_id, company_name, period_start, period_end, currency,
        account_code, account_name, entry_id, line_number, journal_id, posting_kind,
        transaction_date, posting_date, debit_amount, credit_amount, description, document_number,
        document_type, cost_center, entity_id, entity_name, extracted_at, metadata""",
    "periods": """source_system, company_id, company_name, period_start, period_end, fiscal_year,
        period_status, currency, basis, account_count, entry_count, total_debit, total_credit,
        is_balanced, subledger_debit, subledger_credit, is_reconciled, issue_count, extracted_at,
        metadata""",
    "validation_issues": """issue_id, source_system, company_id, period_start, period_end,
        stream_name, severity, code, message, account_code, entry_id, expected, actual, raw,
        extracted_at""",
}
CONSTANTS = {
    "source_system": "omie",
    "company_id": "A",
    "company_name": "A Ltda",
    "period_start": "2024-01-01",
    "period_end": "2024-01-31",
    "currency": "BRL",
    "extracted_at": datetime(2024, 2, 1, tzinfo=timezone.utc).isoformat(),
}


@pytest.mark.parametrize("stream", FIELDS)
def test_fields_and_their_order(stream: str) -> None:
    assert list(SCHEMAS[stream]["properties"]) == FIELDS[stream].replace(",", " ").split()


@pytest.mark.parametrize("stream", SCHEMAS)
def test_keys_are_there_and_never_null(stream: str) -> None:
    properties = SCHEMAS[stream]["properties"]
    assert SCHEMAS[stream]["required"] == list(KEYS[stream])
    for name in (*KEYS[stream], REPLICATION_KEY):
        assert "null" not in properties[name]["type"]
    assert properties[REPLICATION_KEY]["format"] == "date"
    assert all(field["description"].endswith(".") for field in properties.values())
    Draft7Validator.check_schema(SCHEMAS[stream])


def assert_fits(stream: str, row: dict[str, Any]) -> None:
    schema = {**SCHEMAS[stream], "additionalProperties": False}
    schema["required"] = list(schema["properties"])
    encoder = msgspec.json.Encoder(decimal_format="number")
    Draft7Validator(schema).validate(msgspec.json.decode(encoder.encode(row)))


def test_rows_of_the_ledger_fit_the_schemas() -> None:
    rows = [account("1", "5 1 2", name="Ativo"), account("X"), account("X", metadata={"a": 1})]
    balance = reported(rows, Rules())
    for found in balance.accounts:
        assert_fits("trial_balance", {**CONSTANTS, **msgspec.structs.asdict(found)})
    line = posting("1", "e", "5")
    assert_fits("subledger", {**CONSTANTS, **msgspec.structs.asdict(line)})
    for told in with_keys(balance.findings, "A", JANUARY):
        row = {**CONSTANTS, **msgspec.structs.asdict(told)}
        del row["company_name"], row["currency"]
        assert_fits("validation_issues", row)


@pytest.mark.parametrize(
    ("stream", "row"),
    [("trial_balance", AccountBalance), ("subledger", Posting), ("validation_issues", Finding)],
)
def test_rows_have_the_fields_of_the_stream_in_its_order(
    stream: str, row: type[msgspec.Struct]
) -> None:
    own = [name for name in SCHEMAS[stream]["properties"] if name not in CONSTANTS]
    assert list(row.__struct_fields__) == own
