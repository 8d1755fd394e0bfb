"""Numbers of entries come once, whatever order they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecd.reading import Read, filing
from ecd.tapped import read
from ecd.writer import as_bytes, changed, records, write
from erp_common.errors import ERPValidationError
from tap_ecd import numbers, survey
from tap_ecd.numbers import Numbers

WRITTEN = st.builds(
    lambda mark, number, width: f"{mark}{number:0{width}d}".encode(),
    st.sampled_from(["", "LC-", "2024/", "0" * 20]),
    st.integers(0, 60),
    st.integers(1, 4),
) | st.binary(max_size=4)


@given(st.lists(WRITTEN, max_size=200))
def test_a_number_comes_again_only_if_it_was_there(written: list[bytes]) -> None:
    seen: set[bytes] = set()
    known = Numbers()
    for one in written:
        assert known.comes_again(one) is (one in seen), one
        seen.add(one)
    assert not known.is_full


def test_millions_in_a_row_are_one_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MOST_STRETCHES", 4)
    known = Numbers()
    assert not any(known.comes_again(b"%d" % number) for number in range(1_000, 9_000))
    assert known.comes_again(b"5000")
    assert not known.is_full
    assert not any(known.comes_again(b"%d" % (number * 7)) for number in range(2_000, 2_010))
    assert known.is_full


def test_what_is_in_no_order_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MOST_STRETCHES", 3)
    wanted = changed(filing(), start=filing().start.replace(month=12))
    lines = records(wanted)
    for place, one in enumerate(one for one in lines if one[0] == "I200"):
        one[1] = str(place * 37 % 1_000)
    assert Read(as_bytes(wanted, lines)).codes == ["NUMBERS_NOT_COMPARED"]


def test_two_entries_of_one_number_are_both_there_and_told() -> None:
    """In months apart too, where the second would overwrite the first in a warehouse."""
    wanted = changed(filing(), start=filing().start.replace(month=11))
    lines = records(wanted)
    heads = [one for one in lines if one[0] == "I200"]
    first, last = heads[0], heads[-1]
    assert (first[2][2:4], last[2][2:4]) == ("11", "12")
    last[1] = heads[1][1] = first[1]
    sound = read({"ecd.txt": write(wanted)})
    run = read({"ecd.txt": as_bytes(wanted, lines)})
    assert run.codes() == ["DUPLICATE_ENTRY", "DUPLICATE_ENTRY"]
    name = f"20241101-{first[1]}"
    told = {row["entry_id"]: row["period_start"] for row in run.rows["validation_issues"]}
    assert told == {f"{name}#2": "2024-11-01", f"{name}#3": "2024-12-01"}
    lines_of = [
        (row["account_code"], row["entry_id"], row["line_number"]) for row in run.rows["subledger"]
    ]
    assert len(lines_of) == len(set(lines_of)) == len(sound.rows["subledger"])
    assert {row["journal_id"] for row in run.rows["subledger"] if row["entry_id"] in told} == {
        first[1]
    }


def test_a_file_of_one_number_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_REPEATED", 10)
    wanted = changed(filing(), start=filing().start.replace(month=12))
    lines = records(wanted)
    for one in lines:
        if one[0] == "I200":
            one[1] = "1"
    with pytest.raises(ERPValidationError, match="NUM_LCTO"):
        Read(as_bytes(wanted, lines))
