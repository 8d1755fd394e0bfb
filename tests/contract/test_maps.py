"""Stream maps, flattening and batches change the form of rows, never which rows there are."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from contract.commands import Run
from contract.conftest import Plain
from contract.ledger import by_key, without
from contract.test_catalog import deselect, rows
from contract.world import World

pytestmark = pytest.mark.by_day("bling", "ecd")

CHILDREN = ("subledger", "trial_balance", "validation_issues")


@pytest.mark.parametrize(
    "maps",
    [
        {"periods": None},
        {"periods": "__NULL__"},
        {"periods": {"__filter__": "False"}},
    ],
    ids=["null", "__NULL__", "filter"],
)
def test_children_sync_without_headers(same: World, brief: Plain, maps: dict[str, Any]) -> None:
    run = same.good(stream_maps=maps)
    assert rows(run) == rows(brief.run) | {"periods": []}
    assert run.state == brief.run.state


def test_only_what_is_mapped_remains(same: World, brief: Plain) -> None:
    run = same.good(stream_maps={"trial_balance": {}, "__else__": "__NULL__"})
    assert without(run.records("trial_balance")) == without(brief.run.records("trial_balance"))
    assert {one["stream"] for one in run.messages if one["type"] == "RECORD"} == {"trial_balance"}


def test_a_map_filters(same: World, brief: Plain) -> None:
    run = same.good(
        stream_maps={
            "trial_balance": {"__filter__": "is_summary == False and debit_amount > 100"},
            "subledger": {"__filter__": "document_type == 'NF'"},
        }
    )
    kept = [
        row
        for row in brief.run.records("trial_balance")
        if not row["is_summary"] and row["debit_amount"] > 100
    ]
    invoices = [row for row in brief.run.records("subledger") if row["document_type"] == "NF"]
    assert kept
    assert invoices
    assert without(run.records("trial_balance")) == without(kept)
    assert without(run.records("subledger")) == without(invoices)
    assert without(run.records("periods")) == without(brief.run.records("periods"))


def test_a_map_renames(same: World, brief: Plain) -> None:
    run = same.good(
        stream_maps={
            "trial_balance": {
                "__alias__": "balancete",
                "account": "account_code",
                "account_code": None,
                "__key_properties__": ["company_id", "period_start", "period_end", "account"],
            },
            "subledger": {"__alias__": "razao"},
        }
    )
    expected = [
        {**row, "account": row["account_code"]} for row in brief.run.records("trial_balance")
    ]
    assert without(run.records("balancete")) == without(expected, "account_code")
    assert without(run.records("razao")) == without(brief.run.records("subledger"))
    assert run.state == brief.run.state


def test_a_map_hashes(same: World, brief: Plain) -> None:
    run = same.good(stream_maps={"subledger": {"entity_name": "md5(str(entity_name))"}})
    expected = [
        {**row, "entity_name": _md5(str(row["entity_name"]))}
        for row in brief.run.records("subledger")
    ]
    assert without(run.records("subledger")) == without(expected)
    assert without(run.records("trial_balance")) == without(brief.run.records("trial_balance"))


def test_a_map_keeps_amounts_exact(same: World, brief: Plain) -> None:
    run = same.good(stream_maps={"trial_balance": {"same": "net_closing_balance"}})
    expected = [
        {**row, "same": row["net_closing_balance"]} for row in brief.run.records("trial_balance")
    ]
    assert without(run.records("trial_balance")) == without(expected)


def test_flattening_keeps_the_rows(same: World, brief: Plain) -> None:
    run = same.good(flattening_enabled=True, flattening_max_depth=1)
    for stream in ("periods", *CHILDREN):
        expected = brief.run.records(stream)
        flat = [{**row} for row in run.records(stream)]
        for row in flat:
            # No loader takes objects where a flat schema says text.
            row |= {name: json.loads(row[name]) for name in ("metadata", "raw") if name in row}
        assert without(flat) == without(expected)
        assert [row.get("metadata") for row in flat] == [row.get("metadata") for row in expected]
        schema = next(
            one["schema"]
            for one in run.messages
            if (one["type"], one.get("stream")) == ("SCHEMA", stream)
        )
        objects = {"metadata", "raw"} & set(schema["properties"])
        assert objects
        assert {schema["properties"][name]["type"] for name in objects} == {"string"}
    assert run.state == brief.run.state


def test_batches_hold_the_same_rows(same: World, brief: Plain, tmp_path: Path) -> None:
    run = same.good(batch_config=batches(tmp_path))
    for stream in ("trial_balance", "subledger"):
        assert not run.records(stream)
        assert without(batched(run, stream)) == without(brief.run.records(stream))
    assert without(run.records("periods")) == without(brief.run.records("periods"))
    assert run.state == brief.run.state


def test_batches_respect_what_is_deselected(
    same: World, brief: Plain, catalog: dict[str, Any], tmp_path: Path
) -> None:
    run = same.good(
        catalog=deselect(catalog, "trial_balance", "subledger.description"),
        batch_config=batches(tmp_path),
    )
    assert not run.records("trial_balance")
    assert not batched(run, "trial_balance")
    expected = without(brief.run.records("subledger"), "description")
    assert without(batched(run, "subledger")) == expected


def test_batches_respect_stream_maps(same: World, brief: Plain, tmp_path: Path) -> None:
    run = same.good(
        stream_maps={"subledger": {"__filter__": "document_type == 'NF'", "entity_name": None}},
        batch_config=batches(tmp_path),
    )
    expected = [row for row in brief.run.records("subledger") if row["document_type"] == "NF"]
    got = batched(run, "subledger") or run.records("subledger")
    assert by_key(without(got)) == by_key(without(expected, "entity_name"))


def batches(folder: Path) -> dict[str, Any]:
    """The setting for compressed files in a folder."""
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": folder.as_uri(), "prefix": "batch-"},
    }


def batched(run: Run, stream: str) -> list[dict[str, Any]]:
    """The rows in the files that the BATCH messages of a stream name."""
    files = [
        Path(unquote(urlsplit(uri).path))
        for message in run.messages
        if message["type"] == "BATCH" and message["stream"] == stream
        for uri in message["manifest"]
    ]
    assert len(files) == len(set(files))
    return [
        json.loads(line, parse_float=Decimal)
        for file in files
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
