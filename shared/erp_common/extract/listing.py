"""How an endpoint's answer holds its rows: decoded once, typed, in bounded memory.

Rows decode into structs whose fields are untyped on purpose: an ERP may pad a text, send a number
as text or leave a field out, and one odd row must not cost the page. What a field means is decided
by the tap's mapping, with `erp_common.ledger.normalize`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.chunks import CHUNK, Piece, find_pieces
from erp_common.http.answer import Answer, Undecodable, WrongShapeError, decoded
from erp_common.http.json_text import read_json
from erp_common.ledger.normalize import shown
from erp_common.ledger.vocabulary import flag_of

Row = TypeVar("Row")

LARGE = CHUNK
"""Answers above this many bytes are read as a stream; many of them may wait their turn at once."""

_MAX_COUNT = 2**63 - 1

_MARK = b"\xef\xbb\xbf"
_UTF8 = frozenset({"utf-8", "utf8"})
_untyped = msgspec.json.Decoder(float_hook=Decimal)


class Batch(msgspec.Struct, Generic[Row]):
    """Some rows of a page, in order; a row that is no object is None."""

    rows: Sequence[Row | None]
    source: Callable[[], list[Any]]
    """The same rows as the ERP sent them, decoded again: for findings only."""
    sent: list[Any] | None = None
    """What `source` has given, once something was asked for."""

    def raw(self, index: int) -> dict[str, Any]:
        """The row as the ERP sent it, for a finding."""
        if self.sent is None:
            self.sent = self.source()
        row = self.sent[index]
        return row if isinstance(row, dict) else {"value": row}

    def only(self, kept: list[int]) -> Batch[Row]:
        """The batch with these rows alone, each with what the ERP sent."""
        return Batch([self.rows[at] for at in kept], lambda: [self.source()[at] for at in kept])

    def raws(self) -> list[dict[str, Any]]:
        """All rows as the ERP sent them."""
        return [self.raw(index) for index in range(len(self.rows))]


class Gap(msgspec.Struct):
    """What a listing has shown of having moved while it was read."""

    listing: str
    announced: int | None
    """The most rows that the ERP said there are."""
    received: int
    repeated: list[tuple[str, dict[str, Any]]]
    """Rows that came again and count once: what they are called, and the row as it was sent."""


class Page(msgspec.Struct, Generic[Row]):
    """One answer of a listing, with what the ERP says about the whole of it."""

    batches: Iterable[Batch[Row]]
    total_pages: int | None = None
    total_rows: int | None = None
    row_count: int | None = None
    """Rows on this page; None while a stream has not been read."""
    more: bool | None = None
    """Whether another page follows, where the ERP says that."""
    learned: Any = None
    """What else the answers say that is needed to ask for other listings."""
    named_by: str = ""
    """The field that names a row, though several may bear one name; empty where there is none."""
    gaps: list[Gap] = []
    """Of the listings that the page is made of, where it is made of several."""
    halves: list[Page[Row]] = []
    """The pages of half the size that it was read in, each of a moment of its own."""

    @property
    def answers(self) -> list[Page[Row]]:
        """The page as the ERP has answered it, be it in halves."""
        return self.halves or [self]


class Listing(Generic[Row]):
    """The rows of one kind that an endpoint serves as JSON."""

    def __init__(  # noqa: PLR0913 -- what an endpoint says of itself, each by its name
        self,
        key: str,
        row: type[Row],
        *,
        total_pages: str | None = None,
        total_rows: str | None = None,
        more: str | None = None,
        fallback_charset: str | None = None,
        is_error: Callable[[dict[str, Any]], bool] | None = None,
        null_is_empty: bool = False,
        named_by: str = "",
        single: bool = False,
    ) -> None:
        """Describe the listing.

        Args:
            key: The envelope's field that holds the rows.
            row: The struct of one row; all its fields optional and untyped.
            total_pages: The envelope's field with the number of pages, if the ERP says it.
            total_rows: The envelope's field with the number of rows, if the ERP says it.
            more: The envelope's field that says whether another page follows, if the ERP says it.
            fallback_charset: Tried where the declared charset does not fit the bytes.
            is_error: Whether an element of a list is the ERP's error and not a row.
            null_is_empty: Whether null stands for a list without rows.
            named_by: The row's field that names it; the lines of one entry may share a name.
            single: Whether one answer holds all rows: a large one is read as a stream then. Of
                pages, each must be read to know how many rows it has, and so whether another
                follows.
        """
        self.key = key
        self._row = row
        self._said = {"pages": total_pages, "count": total_rows, "more": more}
        """The envelope's fields by what they say of the whole."""
        self._fallback = fallback_charset
        self._is_error = is_error
        self._null_is_empty = null_is_empty
        self._named_by = named_by
        self._single = single
        fields: list[tuple[str, Any, Any]] = [("rows", list[row], msgspec.field(name=key))]  # type: ignore[valid-type]
        fields += [
            (field, Any, msgspec.field(name=name, default=None))
            for field, name in self._said.items()
            if name
        ]
        envelope = msgspec.defstruct("Envelope", fields)
        self._envelope = msgspec.json.Decoder(envelope, float_hook=Decimal)
        self._list = msgspec.json.Decoder(list[row], float_hook=Decimal)  # type: ignore[valid-type]

    def read(self, answer: Answer) -> Page[Row]:
        """Read one answer.

        Raises:
            WrongShapeError: If the body has another shape.
            Undecodable: If the body is no text, or not JSON.
        """
        if self._single and answer.size > LARGE:
            page = self._stream(answer)
            if page is not None:
                return page
        body = answer.read().removeprefix(_MARK)
        # What the decoder takes of UTF-8 it checks itself; a second look would take time and room.
        if self._fallback is not None or answer.charset.lower() not in _UTF8:
            body = self._utf8(body, answer.charset)
        try:
            envelope = read_json(self._envelope.decode, body)
        except msgspec.ValidationError:
            return self._read_untyped(body)
        rows: list[Row] = getattr(envelope, "rows")  # noqa: B009 - the struct is made at run time
        said = {name: getattr(envelope, name, None) for name in self._said}
        return self._page(rows, lambda: self._find(_as_sent(body)), said)

    def _page(
        self,
        rows: Sequence[Row | None],
        source: Callable[[], list[Any]],
        said: Mapping[str, object],
    ) -> Page[Row]:
        must_be_known(rows, self.key)
        return Page(
            [Batch(rows, source)] if rows else [],
            _whole(said["pages"], self._said["pages"]),
            _whole(said["count"], self._said["count"]),
            len(rows),
            _answered(said["more"], self._said["more"]),
            named_by=self._named_by,
        )

    def _utf8(self, body: bytes, charset: str, offset: int = 0) -> bytes:
        """The body in UTF-8, without a byte order mark; it begins at this byte of the answer.

        Raises:
            Undecodable: If the bytes fit no charset.
        """
        body = body.removeprefix(_MARK)
        where = ""
        for name in (charset, self._fallback):
            if name is None:
                continue
            try:
                text = decoded(body, name)
            except (UnicodeDecodeError, LookupError) as error:
                if isinstance(error, UnicodeDecodeError):
                    where = f"{error.reason} at byte {offset + error.start}"
                continue
            return body if name.lower() in _UTF8 else text.encode()
        # The declaration may be wrong for good, but junk in place of an answer comes and goes.
        raise Undecodable(
            f"text in {charset}, the charset it declares (its administrator can correct that)",
            where,
        )

    def _find(self, body: object) -> list[Any]:
        """The list that holds the rows, wherever it is."""
        found: object = None
        if isinstance(body, list):
            found = body
        elif isinstance(body, dict) and self.key in body:
            found = body[self.key]
            if found is None and self._null_is_empty:
                found = []
        elif isinstance(body, dict):
            lists = [value for value in body.values() if isinstance(value, list)]
            found = lists[0] if len(lists) == 1 else None
        if not isinstance(found, list):
            raise WrongShapeError(f"there is no list {self.key!r} (it is {_shape(body)})")
        strays = sum(not isinstance(row, dict) for row in found)
        if found and strays == len(found):
            raise WrongShapeError(
                f"the list {self.key!r} holds {_shape(found[0])} where rows are expected"
            )
        if self._is_error and any(isinstance(row, dict) and self._is_error(row) for row in found):
            raise ERPValidationError(f"the ERP answers with an error in place of rows: {found[0]}")
        return found

    def _read_untyped(self, body: bytes) -> Page[Row]:
        """Read a body whose shape is not the expected one: what it holds decides."""
        content = read_json(_untyped.decode, body)
        found = self._find(content)
        envelope = content if isinstance(content, dict) else {}
        said = {name: envelope.get(field or "") for name, field in self._said.items()}
        return self._page(self._structs(found), lambda: found, said)

    def _structs(self, found: list[Any]) -> list[Row | None]:
        return [msgspec.convert(one, self._row) if isinstance(one, dict) else None for one in found]

    def _stream(self, answer: Answer) -> Page[Row] | None:
        """Read a large body batch by batch; None if its beginning is not the expected one."""
        pieces = find_pieces(answer.open(), self.key)
        if pieces is None:
            return None
        return Page(self._batches(answer.take(), answer.charset, pieces))

    def _batches(self, file: BinaryIO, charset: str, pieces: list[Piece]) -> Iterator[Batch[Row]]:
        with file:
            for offset, length in pieces:
                file.seek(offset)
                try:
                    text = self._utf8(file.read(length), charset, offset)
                except Undecodable as error:
                    raise ERPValidationError(f"a part of the answer is {error}") from None
                batch = self._batch(b"[" + text + b"]")
                must_be_known(batch.rows, self.key)
                yield batch

    def _batch(self, text: bytes) -> Batch[Row]:
        source: Callable[[], list[Any]] = lambda: read_json(_untyped.decode, text)  # noqa: E731
        try:
            return Batch(read_json(self._list.decode, text), source)
        except msgspec.ValidationError:
            found = self._find(read_json(_untyped.decode, text))
            return Batch(self._structs(found), source)


def must_be_known(rows: Sequence[Any], name: str) -> None:
    """Make sure that rows which came together have fields that mean something here.

    Else they are another shape, and no rows that cannot be read or that mean nothing.

    Raises:
        WrongShapeError: Not one of them has.
    """
    if rows and not any(map(_has_known_field, rows)):
        raise WrongShapeError(
            f"not one of the {len(rows)} row(s) of {name!r} has a field that is known"
        )


def _has_known_field(row: Any) -> bool:  # noqa: ANN401 - any of the row structs
    return row is not None and any(getattr(row, name) is not None for name in row.__struct_fields__)


def _as_sent(body: bytes) -> object:
    """Everything in a body whose rows have been read, what is of no use included."""
    try:
        return read_json(_untyped.decode, body)
    except Undecodable:
        return read_json(_untyped.decode, body.decode(errors="replace").encode())


def _whole(value: object, field: str | None) -> int | None:
    """A count that an envelope states, or None if it states none."""
    if value is None or field is None:
        return None
    try:
        number = Decimal(str(value).strip())
        # Looked at in this order: what is too large is not even brought into digits.
        if 0 <= number <= _MAX_COUNT and number == int(number) and not isinstance(value, bool):
            return int(number)
    except (ArithmeticError, ValueError):  # the latter: an integer of thousands of digits
        pass
    raise WrongShapeError(f"{field} is {shown(value)}, which is no count")


def _answered(value: object, field: str | None) -> bool | None:
    """The yes or no that an envelope states as boolean, number or text; None if it states none."""
    if value is None or field is None or (isinstance(value, str) and not value.strip()):
        return None
    answer = flag_of(str(value)) if isinstance(value, (bool, int, str)) else None
    if answer is None:
        raise WrongShapeError(f"{field} is {shown(value)}, which is no yes or no")
    return answer


def _shape(value: object) -> str:
    """What a value is, for a sentence."""
    if isinstance(value, dict):
        return f"an object with {', '.join(sorted(map(str, value))[:8]) or 'no fields'}"
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
