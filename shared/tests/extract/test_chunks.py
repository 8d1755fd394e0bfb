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
    with pytest.raises(msgspec.DecodeError):
        _pieces(body[:end])


@pytest.mark.parametrize("body", [b'{"total":1,"rows":[]}', b"[]", b'{"lines":[{}]}', b"null"])
def test_another_beginning_is_left_to_the_whole_reader(body: bytes) -> None:
    assert _pieces(body) is None


class _Row(msgspec.Struct):
    a: Any = None


def test_the_listing_streams_what_it_reads_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"rows": [{"a": n, "b": "x},{"} for n in range(500)]}).encode()
    listing = Listing("rows", _Row)
    whole = [row for batch in listing.read(_Body(body)).batches for row in batch.rows]
    monkeypatch.setattr("erp_common.extract.listing.LARGE", 100)
    page = listing.read(_Body(body))
    batches = list(page.batches)
    assert len(batches) > 10
    assert [row for batch in batches for row in batch.rows] == whole
    row = batches[3].rows[0]
    assert row is not None
    assert batches[3].raw(0) == {"a": row.a, "b": "x},{"}


class _Body:
    charset = "utf-8"

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.size = len(body)

    def read(self) -> bytes:
        return self._body

    def open(self) -> io.BytesIO:
        return io.BytesIO(self._body)

    def take(self) -> io.BytesIO:
        return self.open()
