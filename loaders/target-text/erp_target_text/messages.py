"""Singer messages with numbers and objects as text: as a tap writes them if asked.

A number is never read: its digits are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

NULL = b"null"
DECIMAL = "x-singer.decimal"
"""The format of amounts that are text already, which some loaders cannot take."""
Fields = dict[str, msgspec.Raw]

read = msgspec.json.Decoder(Fields).decode
write = msgspec.json.Encoder().encode


class UnusableMessageError(ValueError):
    """A message that cannot be handed on; the text says what to do."""


def messages(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same messages, with numbers and objects as text.

    Raises:
        UnusableMessageError: A line is no Singer message, or its rows lie in files.
    """
    changes: dict[str, list[tuple[str, Callable[[bytes], bytes]]]] = {}
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            message = read(line)
            kind = bytes(message.get("type", msgspec.Raw(NULL)))
            if kind == b'"RECORD"':
                record = read(message["record"])
                for name, change in changes[msgspec.json.decode(message["stream"])]:
                    value = bytes(record.get(name, NULL))
                    if value != NULL:
                        record[name] = msgspec.Raw(change(value))
                message["record"] = msgspec.Raw(write(record))
            elif kind == b'"SCHEMA"':
                schema = msgspec.json.decode(message["schema"])
                stream = msgspec.json.decode(message["stream"])
                changes[stream] = list(_described(schema["properties"]))
                message["schema"] = msgspec.Raw(write(schema))
        except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as error:
            raise UnusableMessageError(
                f"line {number} of the tap's output is no message that a loader takes ({error}); "
                "see what the tap says"
            ) from error
        if kind == b'"BATCH"':
            raise UnusableMessageError(
                "the tap writes its rows to files (BATCH), whose numbers would become binary "
                "floats here; take batch_config out of the tap's settings"
            )
        yield write(message) + b"\n"


def _described(properties: dict[str, Any]) -> Iterator[tuple[str, Callable[[bytes], bytes]]]:
    """Declare numbers and objects as text; gives these fields, and what makes text of each."""
    for name, described in properties.items():
        kinds = described.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        kind = next((one for one in CHANGES if one in kinds), None)
        if kind is None and described.get("format") != DECIMAL:
            continue
        kept = {key: described[key] for key in ("description",) if key in described}
        properties[name] = {"type": ["string" if one == kind else one for one in kinds], **kept}
        if kind:
            yield name, CHANGES[kind]


def digits(number: bytes) -> bytes:
    """A JSON number as a JSON string, without exponent; what is a string already stays."""
    if number.startswith(b'"'):
        return number
    if b"e" in number or b"E" in number:
        number = f"{Decimal(number.decode()):f}".encode()
    return b'"' + number + b'"'


def text(value: bytes) -> bytes:
    """A JSON value as a JSON string that holds it; what is a string already stays."""
    return value if value.startswith(b'"') else write(value.decode())


CHANGES = {"number": digits, "object": text}
"""What is made text, by its type."""
