"""Amounts and objects in another form are the same amounts and objects."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from contract.commands import Run
from contract.conftest import Plain
from contract.ledger import without
from contract.test_catalog import rows
from contract.test_messages import AMOUNTS, STREAMS
from contract.world import BANK, SUPPLIER, World
from erp_common.errors import ERPValidationError
from erp_common.singer.notation import amount_text, decimal_text

pytestmark = pytest.mark.by_day("totvs", "contaazul")

OBJECTS = {
    "trial_balance": ("metadata",),
    "subledger": ("metadata",),
    "periods": ("metadata",),
    "validation_issues": ("raw",),
}
DECIMAL = b'"precision":38,"scale":9'


def as_numbers(stream: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose amounts are strings, with the numbers that they stand for."""
    amounts = AMOUNTS.get(stream, "").split()
    for name in amounts:
        assert row[name] is None or isinstance(row[name], str), (name, row[name])
        assert row[name] is None or "E" not in row[name]
    read = {name: Decimal(row[name]) for name in amounts if row[name] is not None}
    return {**row, **read}


def as_objects(stream: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose objects are text, with the objects that they stand for."""
    read = {name: json.loads(row[name], parse_float=Decimal) for name in OBJECTS[stream]}
    return {**row, **read}


def undone(run: Run, *readers: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows of a run, their values as everywhere else."""
    found: dict[str, list[dict[str, Any]]] = {}
    for stream in STREAMS:
        found[stream] = []
        for one in run.records(stream):
            row: dict[str, Any] = one
            for read in readers:
                row = read(stream, row)
            found[stream].append(row)
        found[stream] = without(found[stream])
    return found


def schema_lines(run: Run) -> dict[str, bytes]:
    """The SCHEMA messages of the streams that every tap has, byte for byte."""
    lines = [line.encode() for line in run.stdout.splitlines() if '"type":"SCHEMA"' in line]
    named = {json.loads(line)["stream"]: line for line in lines}
    return {stream: named[stream] for stream in STREAMS}


@pytest.mark.parametrize("amounts", ["decimal", "string"])
def test_amounts_as_text(same: World, brief: Plain, amounts: str) -> None:
    run = same.good(amounts=amounts)
    assert undone(run, as_numbers) == rows(brief.run)
    for stream, line in schema_lines(run).items():
        properties = json.loads(line)["schema"]["properties"]
        names = AMOUNTS.get(stream, "").split()
        assert all(properties[name]["type"][0] == "string" for name in names)
        assert line.count(DECIMAL) == (len(names) if amounts == "decimal" else 0)
        assert b'"number"' not in line


def test_objects_as_text(world: World) -> None:
    world.break_balance()
    run = world.good(objects="json")
    assert undone(run, as_objects) == rows(world.good())
    assert run.records("validation_issues")
    for stream, line in schema_lines(run).items():
        properties = json.loads(line)["schema"]["properties"]
        assert all(properties[name]["type"] == ["string"] for name in OBJECTS[stream])
        assert b'"object"' not in json.dumps(properties).encode()


def test_both_with_maps_and_flattening(same: World, brief: Plain) -> None:
    run = same.good(
        amounts="decimal",
        objects="json",
        stream_maps={"subledger": {"account_name": "account_name.upper()"}},
        flattening_enabled=True,
        flattening_max_depth=3,
    )
    expected = rows(brief.run)
    for row in expected["subledger"]:
        row["account_name"] = row["account_name"].upper()
    assert undone(run, as_numbers, as_objects) == expected
    lines = schema_lines(run)
    for stream, names in AMOUNTS.items():
        assert lines[stream].count(DECIMAL) == len(names.split())


def test_both_in_batches(same: World, brief: Plain, tmp_path: Path) -> None:
    folder = tmp_path / "batches"
    folder.mkdir()
    batch = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": folder.as_uri()},
    }
    run = same.good(amounts="string", objects="json", batch_config=batch)
    found: dict[str, list[dict[str, Any]]] = {stream: [] for stream in STREAMS}
    for message in run.messages:
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
        for address in message.get("manifest", []):
            text = gzip.decompress(Path(unquote(urlsplit(address).path)).read_bytes())
            found.setdefault(message["stream"], []).extend(map(json.loads, text.splitlines()))
    for stream, expected in rows(brief.run).items():
        read = [as_objects(stream, as_numbers(stream, row)) for row in found[stream]]
        assert without(read) == expected


def test_a_catalog_of_other_settings_changes_no_type(same: World, brief: Plain) -> None:
    run = same.good(amounts="decimal", catalog=same.discover())
    assert undone(run, as_numbers) == rows(brief.run)
    assert schema_lines(run)["subledger"].count(DECIMAL) == 2


def test_a_digit_beyond_the_scale_is_an_error(world: World) -> None:
    world.enter(date(2024, 1, 10), (BANK, "10.0000000001"), (SUPPLIER, "-10.0000000001"))
    run = world.bad(amounts="decimal")
    assert run.last_error.startswith("ERPValidationError: ")
    assert "decimal places" in run.last_error
    assert "amounts: string" in run.last_error
    whole = world.good(amounts="string")
    assert "10.0000000001" in {row["debit_amount"] for row in whole.records("subledger")}


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1E+3", "1000"),
        ("0E-12", "0.000000000000"),
        ("1E-7", "0.0000001"),
        ("-12.50", "-12.50"),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
    ],
)
def test_digits_without_exponent(amount: str, written: str) -> None:
    assert amount_text(Decimal(amount)) == written
    assert Decimal(decimal_text(Decimal(amount))) == Decimal(amount)


def test_a_scale_is_never_rounded_to() -> None:
    assert decimal_text(Decimal("1.1234567890000")) == "1.123456789"
    with pytest.raises(ERPValidationError, match=r"1\.1234567891"):
        decimal_text(Decimal("1.1234567891"))
