"""Numbers and objects reach a loader as the text that the taps themselves would write."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.schemas import SCHEMAS
from erp_common.singer.notation import PLAIN, Notation, encode

PROJECT = Path(__file__).parents[2]
# Installed where the loaders are, so it is taken from its folder here.
ROOM = runpy.run_path(str(PROJECT / "loaders" / "target-text" / "erp_target_text" / "messages.py"))
UnusableMessageError: type[ValueError] = ROOM["UnusableMessageError"]
messages: Callable[[Iterable[bytes]], Iterator[bytes]] = ROOM["messages"]
STREAM = "subledger"
AMOUNTS = st.decimals(-(10**20), 10**20, allow_nan=False) | st.sampled_from(
    [Decimal("1E+3"), Decimal("-2.5E-11"), Decimal("12345678901234567.89"), Decimal("-0.00")]
)
OBJECTS = st.dictionaries(st.text(), st.one_of(st.text(), st.booleans(), AMOUNTS), max_size=3)


def line(kind: str, **more: Any) -> bytes:
    """A message as a tap writes it."""
    return encode({"type": kind, "stream": STREAM, **more}) + b"\n"


def written(form: Notation, record: dict[str, Any]) -> list[bytes]:
    """What a tap says of a record in this form."""
    writer = form.writer(SCHEMAS[STREAM])
    if writer is not None:
        whole = {**dict.fromkeys(SCHEMAS[STREAM]["properties"]), **record}
        (row,) = writer([SimpleNamespace(**whole)])
        record = {name: getattr(row, name) for name in record}
    return [
        line("SCHEMA", schema=form.schema(SCHEMAS[STREAM]), key_properties=["entry_id"]),
        line("RECORD", record=record),
        encode({"type": "STATE", "value": {"bookmarks": {"x": 1.5}}}) + b"\n",
    ]


@given(debit=AMOUNTS, credit=st.none() | AMOUNTS, metadata=OBJECTS, text=st.text())
def test_it_is_what_the_tap_writes_as_text(
    debit: Decimal, credit: Decimal | None, metadata: dict[str, Any], text: str
) -> None:
    record = {
        "entry_id": "1",
        "line_number": 1,
        "debit_amount": debit,
        "credit_amount": credit,
        "description": text,
        "metadata": metadata,
    }
    expected = [json.loads(one) for one in written(Notation("string", "json"), record)]
    for form in (PLAIN, Notation("string", "json"), Notation("string", "object")):
        found = [json.loads(one) for one in messages(written(form, record))]
        assert found[1:] == expected[1:]
        ours, taps = (one[0]["schema"]["properties"] for one in (found, expected))
        assert {name: its["type"] for name, its in ours.items()} == {
            name: its["type"] for name, its in taps.items()
        }


def test_decimals_are_declared_as_the_text_that_they_are() -> None:
    form = Notation("decimal", "object")
    told, record, _ = messages(written(form, {"debit_amount": Decimal("0.10"), "metadata": {}}))
    declared = json.loads(told)["schema"]["properties"]["debit_amount"]
    assert declared.keys() == {"type", "description"}
    assert json.loads(record)["record"] == {"debit_amount": "0.10", "metadata": "{}"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b"Traceback (most recent call last):\n"], "line 1 of the tap's output is no message"),
        ([line("RECORD", record={"debit_amount": 1})], "line 1 .*subledger"),
        ([line("SCHEMA", schema={})], "line 1 .*properties"),
        ([line("BATCH", manifest=[])], "take batch_config out of the tap's settings"),
    ],
)
def test_what_it_cannot_make_text_of_ends_the_run(lines: list[bytes], told: str) -> None:
    with pytest.raises(UnusableMessageError, match=told):
        list(messages(lines))
