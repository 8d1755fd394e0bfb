"""Singer messages on standard output: encoded once by msgspec, flushed where it matters."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakSet

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, StateMessage

from erp_common.errors import ERPValidationError

FLUSH_AT = 1 << 16
"""Bytes of messages gathered before they are written."""

READER_TIMEOUT = 5
"""Seconds that a reader has to take what is being written once the run is to end."""

ROWS_AT_ONCE = 128
"""Rows encoded before the gathered bytes are looked at."""

encoder = msgspec.json.Encoder(decimal_format="number")

_COMMA = ord(",")


def encode_rows(into: bytearray, opening: bytes, rows: list[Any], closing: bytes) -> None:
    """Append each row, a struct, behind an opening that is an object not yet closed.

    A row is encoded right behind the opening; its brace then becomes the comma that joins both.
    """
    encode_into = encoder.encode_into
    for row in rows:
        into += opening
        brace = len(into)
        encode_into(row, into, brace)
        into[brace] = _COMMA
        into += closing


class Terminated(SystemExit):
    """The process was asked to end; raised so that no message is cut in two."""

    def __init__(
        self,
        signum: int,
        sentence: str = "The run was ended from outside; run again to go on from the last state.",
    ) -> None:
        """End with the status that a shell reports for this signal, and this sentence."""
        self.status = 128 + signum
        self.sentence = sentence
        super().__init__(self.status)


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages in order; a STATE is on its way before the next message begins.

    Amounts are `Decimal` and become JSON numbers with the same digits.
    """

    open_writers: ClassVar[WeakSet[MessageWriter]] = WeakSet()
    listeners: ClassVar[list[Callable[[bytes], None]]] = []
    """Are told every block that has been handed over."""

    def __init__(self) -> None:
        """Start with nothing gathered."""
        self.open_writers.add(self)
        self._gathered = bytearray()
        self._handed_over = 0
        self._writing = False
        self._reason: BaseException | None = None
        self.cut_off = False
        """Whether a message could not be written to its end."""

    @classmethod
    def flush_all(cls) -> None:
        """Hand over the messages that any writer has gathered."""
        for writer in cls.open_writers:
            writer.flush()

    @classmethod
    def any_cut_off(cls) -> bool:
        """Whether a message could not be written to its end: nothing more may follow it."""
        return any(writer.cut_off for writer in cls.open_writers)

    def serialize_message(self, message: Message) -> bytes:
        """One message as JSON, without its line end."""
        return encoder.encode(message.to_dict())

    def write_message(self, message: Message) -> None:
        """Write a message of any kind."""
        self._gathered += self.serialize_message(message)
        self._gathered += b"\n"
        if isinstance(message, StateMessage) or len(self._gathered) >= FLUSH_AT:
            self.flush()

    def opening(self, stream: str, constants: dict[str, Any], version: int | None) -> bytes:
        """The beginning of all RECORD messages whose rows share these fields."""
        record = encoder.encode(constants)[:-1]
        marked = b"" if version is None else b'"version":%d,' % version
        return b'{"type":"RECORD","stream":%b,%b"record":%b' % (
            encoder.encode(stream),
            marked,
            record,
        )

    def closing(self, time_extracted: str) -> bytes:
        """The end of all RECORD messages that were extracted at this time."""
        return b',"time_extracted":%b}\n' % encoder.encode(time_extracted)

    def write_rows(self, opening: bytes, rows: list[Any], closing: bytes) -> None:
        """Write a RECORD for each row, a struct with the fields that are not in the opening."""
        for start in range(0, len(rows), ROWS_AT_ONCE):
            encode_rows(self._gathered, opening, rows[start : start + ROWS_AT_ONCE], closing)
            if len(self._gathered) >= FLUSH_AT:
                self.flush()

    @property
    def size(self) -> int:
        """Bytes of all messages so far."""
        return self._handed_over + len(self._gathered)

    def flush(self) -> None:
        """Hand everything gathered to standard output."""
        self._writing = True
        try:
            # Where Python's output is unbuffered, a signal leaves the rest of a block to us.
            with memoryview(self._gathered) as block:
                written = 0
                try:
                    while written < len(block):
                        written += sys.stdout.buffer.write(block[written:])
                    sys.stdout.flush()
                except BrokenPipeError:
                    raise
                except OSError as error:
                    self.cut_off = True
                    raise ERPValidationError(
                        "Standard output cannot be written to "
                        f"({error.strerror or type(error).__name__}); make room where it goes, and "
                        "run again.",
                        ends_run=True,
                    ) from None
            self._handed_over += len(self._gathered)
            for listen in self.listeners:
                listen(bytes(self._gathered))
            self._gathered.clear()
        finally:
            self._writing = False
        if self._reason is not None:
            if hasattr(signal, "SIGALRM"):  # unlike on Windows
                signal.alarm(0)
            raise self._reason

    def end(self, reason: BaseException) -> None:
        """Raise `reason`, for a signal: once what is being written is out, so that no line is cut.

        After a while it is raised all the same, and a second one at once: nobody may be reading any
        more.
        """
        if self._reason is None and self._writing:
            self._reason = reason
            if hasattr(signal, "SIGALRM"):  # unlike on Windows
                signal.signal(signal.SIGALRM, lambda *_: self.end(reason))
                signal.alarm(READER_TIMEOUT)
        else:
            self.cut_off = self.cut_off or self._writing
            raise reason
