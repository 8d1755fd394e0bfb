"""The shipped loader for PostgreSQL fills the same tables as MeltanoLabs' own, row for row."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import target_postgres
from e2e.warehouse import Warehouse
from erp_common.ledger import schemas

pytestmark = pytest.mark.loaders

Row = dict[str, Any]
Loads = Callable[..., subprocess.CompletedProcess[bytes]]

OURS, LIBRARY = "erp-target-postgres", "target-postgres"
STREAM = "subledger"
ODD_TEXTS = [
    "",
    " blanks at both ends ",
    "tab\tline\nreturn\rquote\"apostrophe'",
    "back\\slash \\n \\\\u0000 \\u0041 \\N",
    "Ação, «Café» ½ 漢字 😀",
    "\u202eright to left",
    "{not: json}",
    "x" * 20_000,
]


def posting(number: int, **changes: Any) -> Row:
    """A posting with a value in every column."""
    row: Row = {
        "source_system": "omie",
        "company_id": "acme",
        "company_name": "Acme Ltda",
        "period_start": "2024-01-01",
        "period_end": "2024-01-31",
        "currency": "BRL",
        "account_code": "1.01",
        "account_name": "Caixa",
        "entry_id": f"E{number}",
        "line_number": 1,
        "transaction_date": "2024-01-15",
        "posting_date": "2024-01-16",
        "debit_amount": "AMOUNT:0.10",
        "credit_amount": "AMOUNT:0",
        "description": ODD_TEXTS[number % len(ODD_TEXTS)],
        "document_number": None,
        "document_type": "NF",
        "cost_center": None,
        "entity_id": "7",
        "entity_name": "Fornecedor",
        "extracted_at": "2024-02-01T03:04:05.678901Z",
        "metadata": {"a": [1, None, {"b": "ç"}], "amount": "1.10"},
    }
    return row | changes


def lines(rows: Iterable[Row], *, wrap: bool = True) -> bytes:
    """Messages of these rows, amounts as the numbers that they are written as."""
    written: list[bytes] = []
    for row in rows:
        text = json.dumps(
            {"type": "RECORD", "stream": STREAM, "record": row} if wrap else row,
            ensure_ascii=len(written) % 2 == 0,
        )
        while '"AMOUNT:' in text:
            before, after = text.split('"AMOUNT:', 1)
            amount, rest = after.split('"', 1)
            text = before + amount + rest
        written.append(text.encode())
    return b"".join(one + b"\n" for one in written)


def described(more: dict[str, Any] | None = None) -> bytes:
    """The SCHEMA message of the stream."""
    schema = schemas.SCHEMAS[STREAM]
    if more:
        schema = schema | {"properties": schema["properties"] | more}
    message = {
        "type": "SCHEMA",
        "stream": STREAM,
        "schema": schema,
        "key_properties": list(schemas.KEYS[STREAM]),
    }
    return json.dumps(message).encode() + b"\n"


@pytest.fixture
def load(warehouse: Warehouse, tmp_path: Path) -> Loads:
    """Runs a loader over messages, into a schema named like it."""

    def loads(
        executable: str, messages: bytes, **settings: Any
    ) -> subprocess.CompletedProcess[bytes]:
        config = tmp_path / f"{executable}.json"
        given = {
            "sqlalchemy_url": warehouse.sqlalchemy_url,
            "default_target_schema": executable,
            "validate_records": False,
            "activate_version": False,
            "add_record_metadata": False,
            **settings,
        }
        config.write_text(json.dumps(given), encoding="utf-8")
        command = [str(target_postgres(executable)), "--config", str(config)]
        return subprocess.run(command, input=messages, capture_output=True, check=False)

    return loads


def table(warehouse: Warehouse, schema: str) -> list[Row]:
    """What lies in a loader's table."""
    statement = f'select * from "{schema}".{STREAM} order by entry_id, line_number'  # noqa: S608
    return warehouse.rows(statement)


def types(warehouse: Warehouse, schema: str) -> list[Row]:
    """Names and types of its columns."""
    return warehouse.rows(
        "select column_name, data_type, numeric_precision, is_nullable from "
        "information_schema.columns where table_schema = %s order by ordinal_position",
        schema,
    )


def both(load: Loads, warehouse: Warehouse, messages: bytes, **settings: Any) -> list[Row]:
    """The rows that both loaders have loaded alike."""
    said = {name: load(name, messages, **settings) for name in (OURS, LIBRARY)}
    for name, done in said.items():
        assert done.returncode == 0, (name, done.stderr.decode()[-2000:])
    assert said[OURS].stdout == said[LIBRARY].stdout
    assert b"row by row" not in said[OURS].stderr
    assert types(warehouse, OURS) == types(warehouse, LIBRARY)
    rows = table(warehouse, OURS)
    assert rows == table(warehouse, LIBRARY)
    return rows


def test_every_digit_and_every_letter(load: Loads, warehouse: Warehouse) -> None:
    amounts = ["12345678901234567.89", "-0.01", "0", "1E+3", "0.000000001", "99999999999999999999"]
    rows = [
        posting(number, debit_amount=f"AMOUNT:{amounts[number % len(amounts)]}")
        for number in range(64)
    ]
    state = b'{"type": "STATE", "value": {"bookmarks": {"a": 1}}}\n'
    loaded = both(load, warehouse, described() + lines(rows) + state, batch_size_rows=10)
    by_entry = {row["entry_id"]: row for row in loaded}
    assert len(by_entry) == len(rows)
    for number, row in enumerate(rows):
        got = by_entry[f"E{number}"]
        assert got["debit_amount"] == Decimal(amounts[number % len(amounts)])
        assert got["description"] == row["description"]
        assert got["metadata"] == row["metadata"]


def test_the_last_row_of_a_key_stays(load: Loads, warehouse: Warehouse) -> None:
    rows = [posting(number % 7, debit_amount=f"AMOUNT:{number}.5") for number in range(50)]
    first = both(load, warehouse, described() + lines(rows))
    assert {row["debit_amount"] for row in first} == {Decimal(f"{n}.5") for n in range(43, 50)}
    again = [posting(3, description="mended", debit_amount="AMOUNT:1"), posting(9)]
    second = both(load, warehouse, described() + lines(again))
    assert [row["description"] for row in second if row["entry_id"] == "E3"] == ["mended"]
    assert len(second) == 8


def test_an_absent_column_is_null_and_a_new_one_is_added(load: Loads, warehouse: Warehouse) -> None:
    both(load, warehouse, described() + lines([posting(1), posting(2)]))
    bare = {key: value for key, value in posting(1).items() if key != "description"}
    more = {"note": {"type": ["string", "null"]}, "weight": {"type": ["number", "null"]}}
    rows = both(
        load, warehouse, described(more) + lines([bare | {"note": "n", "weight": "AMOUNT:1.5"}])
    )
    assert rows[0]["description"] is None
    assert (rows[0]["note"], rows[0]["weight"]) == ("n", Decimal("1.5"))
    assert (rows[1]["note"], rows[1]["description"]) == (None, posting(2)["description"])


def test_amounts_as_text(load: Loads, warehouse: Warehouse) -> None:
    decimal: Row = {"type": ["string", "null"], "format": "x-singer.decimal"}
    decimal |= {"precision": 38, "scale": 9}
    messages = described({"debit_amount": decimal}) + lines(
        [posting(1, debit_amount="12345678901234567.89")]
    )
    (row,) = both(load, warehouse, messages)
    assert str(row["debit_amount"]).rstrip("0") == "12345678901234567.89"


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_batch_files(load: Loads, warehouse: Warehouse, tmp_path: Path, compression: str) -> None:
    rows = lines([posting(number % 30) for number in range(40)], wrap=False)
    file = tmp_path / "rows.jsonl"
    file.write_bytes(gzip.compress(rows) if compression == "gzip" else rows)
    message = {
        "type": "BATCH",
        "stream": STREAM,
        "encoding": {"format": "jsonl", "compression": compression},
        "manifest": [file.as_uri()],
    }
    loaded = both(
        load, warehouse, described() + json.dumps(message).encode() + b"\n", batch_size_rows=16
    )
    assert len(loaded) == 30


@pytest.mark.parametrize(
    "settings",
    [
        {"stream_maps": {STREAM: {"account_name": "account_name.upper()"}}},
        {"flattening_enabled": True, "flattening_max_depth": 2},
        {"validate_records": True},
    ],
    ids=["stream_maps", "flattening", "validation"],
)
def test_records_that_are_changed_on_their_way(
    load: Loads, warehouse: Warehouse, settings: Row
) -> None:
    rows = both(load, warehouse, described() + lines([posting(1)]), **settings)
    assert len(rows) == 1


def test_nul_is_left_out_and_what_only_looks_like_it_stays(
    load: Loads, warehouse: Warehouse
) -> None:
    text = "a\x00b \\u0000 \\\x00\x00"
    done = load(OURS, described() + lines([posting(1, description=text)]))
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert table(warehouse, OURS)[0]["description"] == "ab \\u0000 \\"


def test_a_batch_that_cannot_be_loaded_leaves_nothing(load: Loads, warehouse: Warehouse) -> None:
    rows = [posting(1), posting(2, transaction_date="2024-02-30")]
    done = load(OURS, described() + lines(rows))
    assert done.returncode != 0
    assert b"2024-02-30" in done.stderr
    assert table(warehouse, OURS) == []
    assert done.stdout == b""


def test_a_broken_line_is_an_error(load: Loads) -> None:
    done = load(OURS, described() + b'{"type": "RECORD", "stream": "subledger", "rec\n')
    assert done.returncode != 0
