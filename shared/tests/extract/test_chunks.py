"""A large list cut into pieces holds the same rows, whatever the texts in it look like."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.extract import chunks
from erp_common.extract.listing import Listing
from erp_common.http.answer import Answer, Undecodable

_hostile = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["},{", '"},{"', "}]", "]}", '\\"},', "}, {", "[{", "\\", "é", "\u2028"]),
)
_value = st.recursive(
    st.one_of(_hostile, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_hostile, inner, max_size=3),
    ),
    max_leaves=6,
)
_rows = st.lists(st.dictionaries(_hostile, _value, max_size=4), max_size=40)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 32)


def _pieces(body: bytes, key: str = "rows") -> list[Any] | None:
    cuts = chunks.find_pieces(io.BytesIO(body), key)
    if cuts is None:
        return None
    return [row for at, size in cuts for row in json.loads(b"[" + body[at : at + size] + b"]")]


@given(
    rows=_rows,
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]),
    after=st.sampled_from(["", ', "total": 3', ',"other":[{"a":"]"}]']),
    ascii_only=st.booleans(),
)
def test_pieces_hold_the_rows(
    rows: list[Any],
    separators: tuple[str, str],
    after: str,
    *,
    ascii_only: bool,
) -> None:
    text = json.dumps(rows, separators=separators, ensure_ascii=ascii_only)
    assert _pieces(('{ "rows" : %s%s}' % (text, after)).encode()) == rows  # noqa: UP031


@given(
    rows=st.lists(st.dictionaries(_hostile, _hostile, max_size=4), min_size=1, max_size=20),
    data=st.data(),
)
def test_a_body_that_is_cut_off_is_refused(rows: list[Any], data: st.DataObject) -> None:
    body = json.dumps({"rows": rows}).encode()
    end = data.draw(st.integers(min_value=len(b'{"rows": ['), max_value=len(body) - 1))
    with pytest.raises(Undecodable):
        _pieces(body[:end])


@pytest.mark.parametrize("body", [b'{"total":1,"rows":[]}', b"[]", b'{"lines":[{}]}', b"null"])
def test_another_beginning_is_left_to_the_whole_reader(body: bytes) -> None:
    assert _pieces(body) is None


class _Row(msgspec.Struct):
    a: Any = None


def test_the_listing_streams_what_it_reads_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"rows": [{"a": n, "b": "x},{"} for n in range(500)]}).encode()
    listing = Listing("rows", _Row, single=True)
    whole = [row for batch in listing.read(_answer(body)).batches for row in batch.rows]
    monkeypatch.setattr("erp_common.extract.listing.LARGE", 100)
    page = listing.read(_answer(body))
    batches = list(page.batches)
    assert len(batches) > 10
    assert [row for batch in batches for row in batch.rows] == whole
    row = batches[3].rows[0]
    assert row is not None
    assert batches[3].raw(0) == {"a": row.a, "b": "x},{"}


def _answer(body: bytes) -> Answer:
    return Answer(200, {}, io.BytesIO(body), len(body))


def _large(odd: bytes) -> bytes:
    """Rows of 40 pieces of the size that is read at a time, with something odd in the middle."""
    rows = [json.dumps({"a": n, "b": "},{" * 4}).encode() for n in range(400)]
    rows[200] = rows[200].replace(b'"b": "', b'"b": "' + odd)
    return b'{"rows": [' + b",".join(rows) + b'], "total": 400}'


@pytest.mark.parametrize("odd", [b"\t", b"\x1a", b"\\ud83d", b"\r\n"])
def test_texts_of_hand_written_programs_stop_no_large_answer(
    monkeypatch: pytest.MonkeyPatch, odd: bytes
) -> None:
    monkeypatch.setattr("erp_common.extract.listing.LARGE", 100)
    page = Listing("rows", _Row, single=True).read(_answer(_large(odd)))
    assert [row and row.a for batch in page.batches for row in batch.rows] == [*range(400)]


def test_the_work_does_not_grow_with_the_square_of_a_body_that_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = 0
    is_list = chunks._is_list

    def counted(inside: bytes) -> bool:
        nonlocal looked_at
        looked_at += len(inside)
        return is_list(inside)

    monkeypatch.setattr(chunks, "_is_list", counted)
    monkeypatch.setattr(chunks, "CHUNK", 1 << 10)
    body = _large(b'",?"')
    with pytest.raises(Undecodable, match=f"at byte {body.index(b'?')}$"):
        chunks.find_pieces(io.BytesIO(body), "rows")
    assert looked_at < 4 * len(body)
    looked_at = 0
    # One row whose text looks like the end of a row all along.
    body = b'{"rows": [{"a": "' + b"},{" * 5000 + b'"}]}'
    assert chunks.find_pieces(io.BytesIO(body), "rows") == [(10, len(body) - 12)]
    assert looked_at < 8 * len(body)


def test_a_key_that_comes_again_is_left_to_the_whole_reader() -> None:
    rows = b",".join(b'{"id":%d}' % number for number in range(100000))
    body = b'{"rows":[' + rows + b'],"rows":[{"id":7}]}'
    assert len(body) > chunks.CHUNK
    assert chunks.find_pieces(io.BytesIO(body), "rows") is None
