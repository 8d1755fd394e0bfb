# ruff: noqa: INP001 -- packages named tests would hide one another
"""JSON as programs write it by hand, and the place of what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.http.answer import Undecodable
from erp_common.http.json_text import Mended, read_json

decode = msgspec.json.Decoder().decode

_texts = st.text(
    st.one_of(st.sampled_from('\t\n\r\x1a\x00"\\/é€\U0001f600'), st.characters()), max_size=12
)
_values = st.recursive(
    st.one_of(_texts.filter(lambda one: one.isprintable()), st.integers(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'["a\tb"]', "a\tb"),
        (b'["a\r\nb"]', "a\r\nb"),
        (b'["a\x1ab"]', "a\x1ab"),
        (b'["x\\ud83d y"]', "x y"),
        (b'["\\udc00x"]', "x"),
        (b'["x\\ud83d\\u0041"]', "xA"),
        (b'["\\ud83d\\ude00\\ud83d\t"]', "\U0001f600\t"),
        (b'["\\\\ud83d\t"]', "\\ud83d\t"),
        (b'["a\\"\tb"]', 'a"\tb'),
    ],
)
def test_what_hand_written_programs_send(body: bytes, read: str) -> None:
    assert read_json(decode, body) == [read]


@pytest.mark.parametrize(
    "body",
    [b'[{"a":1?}]', b'[{"a":"\t\t\t\\ud83d","b":1?}]', b'["\x1a\x1a", 1?]'],
)
def test_the_place_is_that_of_the_body_as_it_came(body: bytes) -> None:
    at = body.index(b"?")
    with pytest.raises(Undecodable, match=rf"at byte {at}$") as refused:
        read_json(decode, body)
    assert refused.value.expected == "JSON"
    with pytest.raises(Undecodable, match=rf"at byte {at + 1000}$"):
        read_json(decode, body, 1000)


def test_a_body_that_ends_too_early_or_is_no_utf8() -> None:
    with pytest.raises(Undecodable, match="ends too early, at byte 6"):
        read_json(decode, b'["abc\t')
    with pytest.raises(Undecodable, match=r"at byte 7$"):
        read_json(decode, b'["abcde\xe3"]')


def test_another_shape_stays_another_shape() -> None:
    with pytest.raises(msgspec.ValidationError):
        read_json(msgspec.json.Decoder(list[int]).decode, b'["a"]')
    with pytest.raises(msgspec.ValidationError):
        read_json(msgspec.json.Decoder(list[int]).decode, b'["a\t"]')


@given(value=_values, ascii_only=st.booleans())
def test_raw_control_characters_read_like_their_escapes(value: Any, *, ascii_only: bool) -> None:
    body = json.dumps([value], ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    raw = body
    for escape, sign in ((b"\\t", b"\t"), (b"\\n", b"\n"), (b"\\u001a", b"\x1a")):
        # An escaped backslash before the letter is no escape of it.
        raw = raw if b"\\\\" in body else raw.replace(escape, sign)
    try:
        expected = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # half a sign, which is dropped
    assert read_json(decode, raw) == expected


@given(st.binary(max_size=60))
def test_mending_never_fails_and_keeps_what_is_json(body: bytes) -> None:
    mended = Mended(body)
    assert 0 <= mended.origin(len(mended.body)) <= len(body)
    try:
        decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert mended.body == body
