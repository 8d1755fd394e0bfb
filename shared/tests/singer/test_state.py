"""Bookmarks move forward, by company, over all selected streams."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from singer_sdk.singerlib.encoding.simple import Message

from erp_common.errors import ERPValidationError
from erp_common.extract.work import CarriedOpenings
from erp_common.ledger.openings import Openings
from erp_common.singer.state import WRITE_EVERY, Bookmarks, PacedStateWriter

JANUARY, FEBRUARY = date(2024, 1, 31), date(2024, 2, 29)


def test_a_bookmark_is_one_entry_a_company_however_many_periods() -> None:
    state: dict[str, Any] = {}
    bookmarks = Bookmarks(state, ["periods", "subledger"])
    for end in (JANUARY, FEBRUARY):
        bookmarks.mark("A", end)
        bookmarks.mark("B", end)
    entry = {"replication_key": "period_end", "replication_key_value": "2024-02-29"}
    partitions = [{"context": {"company_id": one}, **entry} for one in ("A", "B")]
    assert state == {
        "bookmarks": {
            "periods": {"partitions": partitions},
            "subledger": {"partitions": partitions},
        }
    }


def test_a_bookmark_never_goes_back_and_clears_what_the_sdk_left() -> None:
    left = {"replication_key": "period_end", "replication_key_value": "2024-12-31"}
    entry = {"context": {"company_id": "A"}, **left, "progress_markers": {"Note": "…"}}
    state = {"bookmarks": {"periods": {"partitions": [entry]}}}
    Bookmarks(state, ["periods"]).mark("A", JANUARY)
    assert state["bookmarks"]["periods"]["partitions"] == [{"context": {"company_id": "A"}, **left}]


def test_the_stream_that_is_least_ahead_decides() -> None:
    state: dict[str, Any] = {}
    Bookmarks(state, ["periods", "subledger"]).mark("A", JANUARY)
    Bookmarks(state, ["periods"]).mark("A", FEBRUARY)
    assert Bookmarks(state, ["periods", "subledger"]).reached("A") == JANUARY
    assert Bookmarks(state, ["periods"]).reached("A") == FEBRUARY
    assert Bookmarks(state, ["periods", "trial_balance"]).reached("A") is None
    assert Bookmarks(state, ["periods"]).reached("B") is None


def test_what_lies_ahead_is_held_back_however_it_is_written() -> None:
    """A bookmark that somebody has written without its hyphens lies where its day does."""
    state: dict[str, Any] = {}
    marks = Bookmarks(state, ["periods", "subledger", "trial_balance", "validation_issues"])
    marks.mark("A", JANUARY)
    written = {"periods": "20230131", "subledger": "20250131", "trial_balance": "soon"}
    for stream, value in written.items():
        marks._partition(stream, "A")["replication_key_value"] = value
    marks.hold_back("A", FEBRUARY)
    found = {
        stream: marks._partition(stream, "A")["replication_key_value"] for stream in marks.streams
    }
    left = {"validation_issues": str(JANUARY)}
    assert found == written | left | {"subledger": str(FEBRUARY)}


def test_openings_come_back_to_the_cent() -> None:
    state: dict[str, Any] = {}
    balances = {"1.1": Decimal("12345678901234567.89"), "2.1": Decimal("-0.10")}
    carried = CarriedOpenings(Openings(as_of=date(2024, 1, 1), balances=balances), "month")
    Bookmarks(state, ["periods"]).mark("A", JANUARY, carried)
    assert Bookmarks(state, ["trial_balance"]).openings("A") == carried


@pytest.mark.parametrize("value", ["soon", "2024-13-01", 5])
def test_a_state_that_is_none_is_told(value: object) -> None:
    entry = {"context": {"company_id": "A"}, "replication_key_value": value}
    bookmarks = Bookmarks({"bookmarks": {"periods": {"partitions": [entry]}}}, ["periods"])
    with pytest.raises(ERPValidationError, match="full refresh"):
        bookmarks.reached("A")


class _Written:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def write_message(self, message: Message) -> None:
        self.messages.append(deepcopy(message.to_dict()["value"]))


def test_state_is_written_between_periods_and_not_too_often() -> None:
    time = [0.0]
    written = _Written()
    writer = PacedStateWriter(written, lambda: time[0])  # type: ignore[arg-type]
    state: dict[str, Any] = {"bookmarks": {"periods": 1}}
    writer.write_state(state)
    writer.write_if_due(state)
    assert written.messages == []
    time[0] += WRITE_EVERY
    writer.write_if_due(state)
    state["bookmarks"]["periods"] = 2
    writer.write_if_due(state)
    assert [one["bookmarks"]["periods"] for one in written.messages] == [1]
    writer.write_now(state)
    writer.write_now(state)
    assert [one["bookmarks"]["periods"] for one in written.messages] == [1, 2]


def test_a_bookmark_without_hyphens_is_read_and_advances() -> None:
    entry = {"context": {"company_id": "c1"}, "replication_key_value": "20240229"}
    state: dict[str, Any] = {"bookmarks": {"periods": {"partitions": [entry]}}}
    bookmarks = Bookmarks(state, ["periods"])
    assert bookmarks.reached("c1") == date(2024, 2, 29)
    bookmarks.mark("c1", date(2024, 3, 31))
    assert entry["replication_key_value"] == "2024-03-31"


@pytest.mark.parametrize("balance", ["Infinity", "-inf", "NaN"])
def test_opening_balances_that_are_no_amounts_are_told(balance: str) -> None:
    held = {"as_of": "2024-01-01", "basis": "x", "balances": {"1": balance}}
    entry = {"context": {"company_id": "c1"}, "opening_balances": held}
    bookmarks = Bookmarks({"bookmarks": {"periods": {"partitions": [entry]}}}, ["periods"])
    with pytest.raises(ERPValidationError, match="opening balances for c1 cannot be read"):
        bookmarks.openings("c1")
