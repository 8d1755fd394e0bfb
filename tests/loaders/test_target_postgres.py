"""The shipped loader for PostgreSQL fills the same tables as MeltanoLabs' own, row for row."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import environment, target_postgres
from e2e.warehouse import Warehouse
from erp_common.ledger import schemas

pytestmark = pytest.mark.loaders

Row = dict[str, Any]
Loads = Callable[..., subprocess.CompletedProcess[bytes]]
Starts = Callable[..., "subprocess.Popen[bytes]"]

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


def described(more: dict[str, Any] | None = None, *, keys: bool = True) -> bytes:
    """The SCHEMA message of the stream."""
    schema = schemas.SCHEMAS[STREAM]
    if more:
        schema = schema | {"properties": schema["properties"] | more}
    message = {
        "type": "SCHEMA",
        "stream": STREAM,
        "schema": schema,
        "key_properties": list(schemas.KEYS[STREAM]) if keys else [],
    }
    return json.dumps(message).encode() + b"\n"


@pytest.fixture
def command(warehouse: Warehouse, tmp_path: Path) -> Callable[..., list[str]]:
    """The command line of a loader, into a schema named like it."""

    def made(executable: str, **settings: Any) -> list[str]:
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
        return [str(target_postgres(executable)), "--config", str(config)]

    return made


@pytest.fixture
def load(command: Callable[..., list[str]]) -> Loads:
    """Runs a loader over messages, into a schema named like it."""

    def loads(
        executable: str, messages: bytes, **settings: Any
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command(executable, **settings), input=messages, capture_output=True, check=False
        )

    return loads


@pytest.fixture
def started(command: Callable[..., list[str]], tmp_path: Path) -> Iterator[Starts]:
    """Starts our loader over messages, and goes on."""
    running: list[subprocess.Popen[bytes]] = []

    def starts(messages: bytes, **settings: Any) -> subprocess.Popen[bytes]:
        source = tmp_path / f"messages-{len(running)}.jsonl"
        source.write_bytes(messages)
        with source.open("rb") as given:
            process = subprocess.Popen(
                command(OURS, **settings),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        running.append(process)
        return process

    yield starts
    for process in running:
        with process:
            process.kill()


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
    amounts += ["123456789012345.0123456789", "-999999999999999.9999999999"]
    days = ["0001-01-01", "1582-10-10", "2024-02-29", "9999-12-31"]
    rows = [
        posting(
            number,
            debit_amount=f"AMOUNT:{amounts[number % len(amounts)]}",
            posting_date=days[number // len(amounts) % len(days)],
        )
        for number in range(64)
    ]
    state = b'{"type": "STATE", "value": {"bookmarks": {"a": 1}}}\n'
    loaded = both(load, warehouse, described() + lines(rows) + state, batch_size_rows=10)
    by_entry = {row["entry_id"]: row for row in loaded}
    assert len(by_entry) == len(rows)
    for number, row in enumerate(rows):
        got = by_entry[f"E{number}"]
        assert got["debit_amount"] == Decimal(amounts[number % len(amounts)])
        assert str(got["posting_date"]) == row["posting_date"]
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
        {"stream_maps": {STREAM: {"title": "account_name", "account_name": None}}},
        {
            "stream_maps": {
                STREAM: {"__filter__": "line_number == 1", "year": "int(period_end[:4])"}
            }
        },
        {"flattening_enabled": True, "flattening_max_depth": 2},
        {"validate_records": True},
    ],
    ids=["changed", "renamed", "added", "flattening", "validation"],
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


def test_a_log_layout_that_another_run_is_writing_is_waited_for(
    command: Callable[..., list[str]], tmp_path: Path
) -> None:
    """Meltano keeps one such file for all runs with this loader, and empties it to write it."""
    layout, whole = tmp_path / "layout.json", tmp_path / "whole.json"
    written = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["console"], "level": "INFO"},
    }
    whole.write_text(json.dumps(written), encoding="utf-8")
    os.mkfifo(layout)
    with subprocess.Popen(
        command(OURS),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({"SINGER_SDK_LOG_CONFIG": str(layout)}),
    ) as process:
        # The loader finds nothing in the file that it has open, and the whole one in its place.
        with layout.open("wb"):
            whole.replace(layout)
        _, said = process.communicate(described() + lines([posting(1)]), timeout=60)
    assert process.returncode == 0, said.decode()[-2000:]
    assert {json.loads(line)["level"] for line in said.splitlines()} == {"info"}


def test_a_broken_line_is_an_error(load: Loads) -> None:
    done = load(OURS, described() + b'{"type": "RECORD", "stream": "subledger", "rec\n')
    assert done.returncode != 0


def test_what_a_message_says_beside_its_record_gets_into_the_metadata_columns(
    load: Loads, warehouse: Warehouse
) -> None:
    said = {"time_extracted": "2024-02-01T03:04:05+00:00", "version": 7}
    messages = described() + b"".join(
        json.dumps(json.loads(line) | said).encode() + b"\n"
        for line in lines([posting(1), posting(2)]).splitlines()
    )
    columns = ("entry_id", "_sdc_extracted_at", "_sdc_table_version")
    found = []
    for name in (OURS, LIBRARY):
        done = load(name, messages, add_record_metadata=True)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        found.append([[row[column] for column in columns] for row in table(warehouse, name)])
    assert found[0] == found[1]
    assert [row[2] for row in found[0]] == [7, 7]
    assert str(found[0][0][1]).startswith("2024-02-01 03:04:05")


@pytest.mark.parametrize("hard_delete", [True, False], ids=["hard", "soft"])
def test_versions_are_activated_alike(
    load: Loads, warehouse: Warehouse, *, hard_delete: bool
) -> None:
    for version, numbers in ((1, (1, 2, 3)), (2, (2, 3))):
        records = lines(posting(number) for number in numbers).splitlines()
        messages = described() + b"".join(
            json.dumps(json.loads(line) | {"version": version}).encode() + b"\n" for line in records
        )
        activate = {"type": "ACTIVATE_VERSION", "stream": STREAM, "version": version}
        messages += json.dumps(activate).encode() + b"\n"
        for name in (OURS, LIBRARY):
            done = load(
                name,
                messages,
                activate_version=True,
                add_record_metadata=True,
                hard_delete=hard_delete,
            )
            assert done.returncode == 0, done.stderr.decode()[-2000:]
    ours, librarys = (
        [(row["entry_id"], row["_sdc_deleted_at"] is None) for row in table(warehouse, name)]
        for name in (OURS, LIBRARY)
    )
    assert ours == librarys
    assert [entry for entry, there in ours if there] == ["E2", "E3"]


def test_rows_without_a_key_are_added(load: Loads, warehouse: Warehouse) -> None:
    messages = described(keys=False) + lines([posting(1), posting(1)])
    assert len(both(load, warehouse, messages)) == 2
    assert len(both(load, warehouse, messages)) == 4


def test_columns_may_be_called_as_the_loader_calls_its_own(
    load: Loads, warehouse: Warehouse
) -> None:
    more: Row = {name: {"type": ["string", "null"]} for name in ("number", "document", "made")}
    rows = [posting(1) | {"number": str(n), "document": "d", "made": "m"} for n in (1, 2)]
    (row,) = both(load, warehouse, described(more) + lines(rows))
    assert (row["number"], row["document"], row["made"]) == ("2", "d", "m")


def test_a_table_without_a_unique_key_is_filled_the_librarys_way(
    load: Loads, warehouse: Warehouse
) -> None:
    both(load, warehouse, described() + lines([posting(1), posting(2)]))
    for name in (OURS, LIBRARY):
        warehouse.execute(f'alter table "{name}".{STREAM} drop constraint {STREAM}_pkey')
    messages = described() + lines([posting(2, description="mended"), posting(3)])
    for name in (OURS, LIBRARY):
        done = load(name, messages)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert table(warehouse, OURS) == table(warehouse, LIBRARY)
    assert [row["description"] for row in table(warehouse, OURS)][1] == "mended"


def test_loaders_that_start_at_once_all_load(started: Starts, warehouse: Warehouse) -> None:
    companies = [f"C{number}" for number in range(3)]
    loading = [
        started(described() + lines(posting(n, company_id=company) for n in range(50)))
        for company in companies
    ]
    for process in loading:
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()[-2000:]
    loaded = table(warehouse, OURS)
    assert sorted({row["company_id"] for row in loaded}) == companies
    assert len(loaded) == 150


@pytest.mark.loaders
def test_loaders_of_the_same_rows_do_not_stop_each_other(
    started: Starts, warehouse: Warehouse
) -> None:
    numbers = range(3000)
    loading = [
        started(described() + lines(posting(n, entity_id=who) for n in order) * 5)
        for who, order in (("a", numbers), ("b", reversed(numbers)))
    ]
    for process in loading:
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()[-2000:]
    loaded = table(warehouse, OURS)
    assert len(loaded) == len(numbers)
    assert {row["entity_id"] for row in loaded} <= {"a", "b"}


@pytest.mark.loaders
@pytest.mark.parametrize("killed_at", range(0, 8, 2))
def test_killed_anywhere_and_started_again_nothing_is_lost(
    started: Starts, load: Loads, warehouse: Warehouse, killed_at: int
) -> None:
    entries = {f"E{number}" for number in range(4000)}
    state = b'{"type": "STATE", "value": {"bookmarks": {}}}\n'
    messages = described() + lines(posting(number) for number in range(4000)) + state
    process = started(messages, batch_size_rows=500)
    while process.poll() is None and len(loaded(warehouse)) < killed_at * 500:
        time.sleep(0.01)
    process.kill()
    told = process.communicate()[0]
    there = loaded(warehouse)
    assert len(there) % 500 == 0  # batches are whole
    assert not told or there == entries  # a state is told once its rows are there
    done = load(OURS, messages, batch_size_rows=500)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert done.stdout
    assert loaded(warehouse) == entries
    assert len(table(warehouse, OURS)) == len(entries)


def loaded(warehouse: Warehouse) -> set[str]:
    """The entries that our loader has brought so far."""
    if not warehouse.values("select to_regclass(%s) is not null", f'"{OURS}".{STREAM}')[0]:
        return set()
    return set(warehouse.values(f'select entry_id from "{OURS}".{STREAM}'))  # noqa: S608
