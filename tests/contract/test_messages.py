"""What comes on standard output: Singer messages, in order, with exactly the promised fields."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from contract.conftest import Plain
from contract.ledger import QUARTER
from contract.world import World

FIELDS = {
    "trial_balance": (
        "source_system company_id company_name period_start period_end currency account_code"
        " account_name account_type parent_account_code level normal_balance opening_balance"
        " debit_amount credit_amount closing_balance net_opening_balance net_closing_balance"
        " is_summary basis extracted_at metadata"
    ),
    "subledger": (
        "source_system company_id company_name period_start period_end currency account_code"
        " account_name entry_id line_number journal_id posting_kind transaction_date posting_date"
        " debit_amount credit_amount description document_number document_type cost_center"
        " entity_id entity_name extracted_at metadata"
    ),
    "periods": (
        "source_system company_id company_name period_start period_end fiscal_year period_status"
        " currency basis account_count entry_count total_debit total_credit is_balanced"
        " subledger_debit subledger_credit is_reconciled issue_count extracted_at metadata"
    ),
    "validation_issues": (
        "issue_id source_system company_id period_start period_end stream_name severity code"
        " message account_code entry_id expected actual raw extracted_at"
    ),
}
KEYS = {
    "trial_balance": ["company_id", "period_start", "period_end", "account_code"],
    "subledger": ["company_id", "account_code", "entry_id", "line_number"],
    "periods": ["company_id", "period_start", "period_end"],
    "validation_issues": ["issue_id"],
}
AMOUNTS = {
    "trial_balance": (
        "opening_balance debit_amount credit_amount closing_balance net_opening_balance"
        " net_closing_balance"
    ),
    "subledger": "debit_amount credit_amount",
    "periods": "total_debit total_credit subledger_debit subledger_credit",
}
DATES = {
    "trial_balance": "period_start period_end",
    "subledger": "period_start period_end transaction_date posting_date",
    "periods": "period_start period_end",
}
STREAMS = tuple(FIELDS)


def test_every_stream_is_described_once_and_first(plain: Plain) -> None:
    kinds = [(message["type"], message.get("stream")) for message in plain.run.messages]
    schemas = [str(stream) for kind, stream in kinds if kind == "SCHEMA"]
    assert sorted(schemas) == sorted((*STREAMS, *plain.world.erp.more_streams))
    for stream in STREAMS:
        first_row = next(
            (i for i, kind in enumerate(kinds) if kind == ("RECORD", stream)), len(kinds)
        )
        assert kinds.index(("SCHEMA", stream)) < first_row


@pytest.mark.parametrize("stream", STREAMS)
def test_a_schema_names_exactly_the_fields(plain: Plain, stream: str) -> None:
    schema = schema_of(plain, stream)
    assert set(schema["schema"]["properties"]) == set(FIELDS[stream].split())
    assert schema["key_properties"] == KEYS[stream]
    assert schema["bookmark_properties"] == ["period_end"]


@pytest.mark.parametrize("stream", ["trial_balance", "subledger", "periods"])
def test_rows_have_exactly_the_fields(plain: Plain, stream: str) -> None:
    rows = plain.run.records(stream)
    assert rows
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(FIELDS[stream].split()))}
    assert all(isinstance(row["metadata"], dict) for row in rows)


@pytest.mark.parametrize("stream", AMOUNTS)
def test_amounts_are_json_numbers(plain: Plain, stream: str) -> None:
    properties = schema_of(plain, stream)["schema"]["properties"]
    for name in AMOUNTS[stream].split():
        assert "number" in properties[name]["type"]
        for row in plain.run.records(stream):
            assert isinstance(row[name], (Decimal, int))
            assert not isinstance(row[name], bool)


@pytest.mark.parametrize("stream", DATES)
def test_dates_are_iso_dates(plain: Plain, stream: str) -> None:
    properties = schema_of(plain, stream)["schema"]["properties"]
    for name in DATES[stream].split():
        assert properties[name]["format"] == "date"
        for row in plain.run.records(stream):
            assert date.fromisoformat(row[name]).isoformat() == row[name]


def test_keys_are_unique(plain: Plain) -> None:
    for stream, key in KEYS.items():
        keys = [tuple(row[name] for name in key) for row in plain.run.records(stream)]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("stream", ["trial_balance", "subledger", "periods"])
def test_rows_come_in_period_order(plain: Plain, stream: str) -> None:
    for truth in plain.truths:
        ends = [row["period_end"] for row in plain.run.records(stream, truth.id)]
        assert len(set(ends)) == 3
        assert ends == sorted(ends)


def test_one_extraction_has_one_time(plain: Plain) -> None:
    times: dict[tuple[str, str], set[str]] = {}
    for stream in STREAMS:
        for row in plain.run.records(stream):
            times.setdefault((row["company_id"], row["period_end"]), set()).add(row["extracted_at"])
    assert len(times) == 3 * len(plain.truths)
    assert all(len(one) == 1 for one in times.values())
    for (value,) in times.values():
        assert datetime.fromisoformat(value.replace("Z", "+00:00")).utcoffset() == timedelta(0)


def test_a_header_follows_its_rows(plain: Plain) -> None:
    """So that a period half loaded is never the latest one of its tables."""
    seen: set[tuple[str, str]] = set()
    for message in plain.run.messages:
        if message["type"] == "RECORD":
            record = message["record"]
            period = record["company_id"], record["period_end"]
            assert period not in seen
            if message["stream"] == "periods":
                seen.add(period)
    assert len(seen) == 3 * len(plain.truths)


def test_the_state_is_the_last_word(plain: Plain) -> None:
    assert plain.run.messages[-1]["type"] == "STATE"
    for truth in plain.truths:
        for stream in STREAMS:
            assert plain.run.bookmark(stream, truth.id) == "2024-03-31"


def test_bookmarks_are_partitioned_by_company_alone(plain: Plain) -> None:
    for bookmark in plain.run.state["bookmarks"].values():
        contexts = [entry["context"] for entry in bookmark["partitions"]]
        assert contexts == [{"company_id": truth.id} for truth in plain.truths]


BIG = "1234567890123456.78"


@pytest.mark.parametrize("numbers", ["number", "string", "brazilian"])
def test_amounts_keep_every_digit(world: World, numbers: str) -> None:
    """Neither the 18th digit, nor a cent, nor a zero at the end is lost on the way."""
    amounts = [BIG, "-" + BIG, "0.01", "-0.01", "10.00", "10.10", "100000.00", "-0.10"]
    bank, supplier = "1.1.01.02.001", "2.1.01.01.001"
    entered = [world.enter(date(2024, 2, 9), (bank, a), (supplier, minus(a))) for a in amounts]
    world.options.numbers = numbers
    run = world.good()
    rows = as_written(run.stdout, "subledger")
    for entry, amount in zip(entered, amounts, strict=True):
        mine = [
            row
            for row in rows
            if row["account_code"] == bank
            and row["description"] == entry.description
            and row["document_number"] == entry.document_number
        ]
        side = "credit_amount" if amount.startswith("-") else "debit_amount"
        assert amount.lstrip("-") in {str(row[side]) for row in mine}
    for row in as_written(run.stdout, "trial_balance"):
        for name in AMOUNTS["trial_balance"].split():
            assert row[name] == row[name].quantize(Decimal("0.01"))
    expected = world.truth.trial_balance(QUARTER[1])
    assert [
        row for row in world_rows(run.records("trial_balance")) if row[1] == "2024-02-29"
    ] == world_rows(expected)


def minus(amount: str) -> str:
    """The amount with its sign turned round."""
    return amount[1:] if amount.startswith("-") else "-" + amount


def world_rows(rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a balance says of an account."""
    names = ("account_code", "period_end", *AMOUNTS["trial_balance"].split())
    return [tuple(row[name] for name in names) for row in rows]


def as_written(stdout: str, stream: str) -> list[dict[str, Any]]:
    """The rows of a stream with every number as its digits were written."""
    messages = [
        json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in stdout.splitlines()
    ]
    return [one["record"] for one in messages if one.get("stream") == stream and "record" in one]


def schema_of(plain: Plain, stream: str) -> dict[str, Any]:
    """The SCHEMA message of a stream."""
    (schema,) = (
        message
        for message in plain.run.messages
        if message["type"] == "SCHEMA" and message["stream"] == stream
    )
    return schema


def test_the_streams_of_a_period_come_together(plain: Plain) -> None:
    """One company and period after the other, never mixed."""
    order = [
        (message["record"]["company_id"], message["record"]["period_end"])
        for message in plain.run.messages
        if message["type"] == "RECORD"
    ]
    runs = [key for key, _ in groupby(order)]
    assert len(runs) == len(set(runs))
