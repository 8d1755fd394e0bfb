"""The bytes of an answer: in the charset it declares, else in the fallback, else refused."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest

from erp_common.extract.listing import Listing
from erp_common.http.answer import Answer, Undecodable


class Row(msgspec.Struct):
    """A row of which only one field is of use."""

    name: Any = None


def answer(body: bytes, charset: str) -> Answer:
    """An answer that declares this charset."""
    headers = {"Content-Type": f"application/json; charset={charset}"}
    return Answer(200, headers, io.BytesIO(body), len(body))


PLAIN = Listing("rows", Row)
WITH_FALLBACK = Listing("rows", Row, fallback_charset="cp1252")


def names(listing: Listing[Row], body: bytes, charset: str) -> list[Any]:
    """The names in a body."""
    page = listing.read(answer(body, charset))
    return [row.name for batch in page.batches for row in batch.rows if row is not None]


@pytest.mark.parametrize("listing", [PLAIN, WITH_FALLBACK])
@pytest.mark.parametrize(
    ("written", "declared"),
    [("utf-8", "utf-8"), ("utf-8", "UTF8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp1252")],
)
def test_the_declared_charset_counts(listing: Listing[Row], written: str, declared: str) -> None:
    body = '{"rows": [{"name": "Ação"}]}'.encode(written)
    assert names(listing, body, declared) == ["Ação"]


def test_bytes_that_do_not_fit_are_read_in_the_fallback() -> None:
    body = '{"rows": [{"name": "Ação"}]}'.encode("cp1252")
    assert names(WITH_FALLBACK, body, "utf-8") == ["Ação"]


def test_bytes_that_fit_no_charset_are_refused() -> None:
    body = '{"rows": [{"name": "Ação"}]}'.encode("cp1252")
    with pytest.raises(Undecodable, match=r"at byte 21$"):
        names(PLAIN, body, "utf-8")
    with pytest.raises(Undecodable, match="ascii"):
        names(PLAIN, body, "ascii")


def test_junk_in_a_field_of_no_use_costs_no_row_and_shows_in_its_finding() -> None:
    page = PLAIN.read(answer(b'{"rows": [{"name": "A", "other": "\xff"}]}', "utf-8"))
    (batch,) = page.batches
    assert batch.rows == [Row("A")]
    assert batch.raw(0) == {"name": "A", "other": "\N{REPLACEMENT CHARACTER}"}


UNDEFINED = b"\x81\x8d\x8f\x90\x9d"


@pytest.mark.parametrize("declared", ["cp1252", "windows-1252", "utf-8"])
def test_bytes_that_windows_1252_leaves_undefined_are_control_characters(declared: str) -> None:
    body = b'{"rows": [{"name": "A\xe7\xe3o ' + UNDEFINED + b'"}]}'
    assert names(WITH_FALLBACK, body, declared) == ["Ação \x81\x8d\x8f\x90\x9d"]


@pytest.mark.parametrize("sign", [b"\t", b"\r\n", b"\x1a", b"\\ud83d"])
def test_texts_of_hand_written_programs_stop_nothing(sign: bytes) -> None:
    body = b'{"rows": [{"name": "A", "other": "x' + sign + b'y"}]}'
    for listing in (PLAIN, WITH_FALLBACK):
        assert names(listing, body, "utf-8") == ["A"]


def test_what_stays_unreadable_is_told_with_its_byte() -> None:
    with pytest.raises(Undecodable, match=r"at byte 29$"):
        names(PLAIN, b'{"rows": [{"name": "A\t", "x":?}]}', "utf-8")
