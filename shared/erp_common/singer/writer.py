"""Singer messages on standard output: encoded once by msgspec, flushed where it matters."""

from __future__ import annotations

import sys
from typing import Any, ClassVar
from weakref import WeakSet

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, StateMessage

FLUSH_AT = 1 << 16
"""Bytes of messages gathered before they are written."""

_COMMA = ord(",")


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages in order; a STATE is on its way before the next message begins.

    Amounts are `Decimal` and become JSON numbers with the same digits.
    """

    open_writers: ClassVar[WeakSet[MessageWriter]] = WeakSet()

    def __init__(self) -> None:
        """Start with nothing gathered."""
        self.open_writers.add(self)
        self._encoder = msgspec.json.Encoder(decimal_format="number")
        self._gathered = bytearray()

    def serialize_message(self, message: Message) -> bytes:
        """One message as JSON, without its line end."""
        return self._encoder.encode(message.to_dict())

    def write_message(self, message: Message) -> None:
        """Write a message of any kind."""
        self._gathered += self.serialize_message(message)
        self._gathered += b"\n"
        if isinstance(message, StateMessage) or len(self._gathered) >= FLUSH_AT:
            self.flush()

    def opening(self, stream: str, constants: dict[str, Any], version: int | None) -> bytes:
        """The beginning of all RECORD messages whose rows share these fields."""
        record = self._encoder.encode(constants)[:-1]
        marked = b"" if version is None else b'"version":%d,' % version
        return b'{"type":"RECORD","stream":%b,%b"record":%b' % (
            self._encoder.encode(stream),
            marked,
            record,
        )

    def closing(self, time_extracted: str) -> bytes:
        """The end of all RECORD messages that were extracted at this time."""
        return b',"time_extracted":%b}\n' % self._encoder.encode(time_extracted)

    def write_rows(self, opening: bytes, rows: list[Any], closing: bytes) -> None:
        """Write a RECORD for each row, a struct with the fields that are not in the opening.

        A row is encoded right behind the opening; its brace then becomes the comma that joins both.
        """
        gathered = self._gathered
        encode_into = self._encoder.encode_into
        for row in rows:
            gathered += opening
            brace = len(gathered)
            encode_into(row, gathered, brace)
            gathered[brace] = _COMMA
            gathered += closing
            if len(gathered) >= FLUSH_AT:
                self.flush()

    def flush(self) -> None:
        """Hand everything gathered to standard output."""
        if self._gathered:
            sys.stdout.buffer.write(self._gathered)
            self._gathered.clear()
        sys.stdout.flush()
