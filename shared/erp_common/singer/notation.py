"""How amounts and objects stand in the messages, for loaders that cannot take them as they are.

Most loaders turn JSON numbers into binary floats, and some cannot hold an object without known
fields. The settings `amounts` and `objects` choose another form for all streams, in RECORD and
BATCH messages alike; the values stay the same to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.exact import plain
from erp_common.setup.settings import Amounts, Objects

Property = dict[str, Any]

FORMAT = "x-singer.decimal"
PRECISION, SCALE = 38, 9
"""What `amounts: decimal` promises to loaders: what Snowflake and BigQuery have room for."""

encode = msgspec.json.Encoder(decimal_format="number").encode


class Notation(msgspec.Struct, frozen=True):
    """The form of the values of all streams."""

    amounts: Amounts
    objects: Objects

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A stream's JSON schema, as its values are written."""
        properties = {name: self._property(one) for name, one in schema["properties"].items()}
        return {**schema, "properties": properties}

    def writer(self, schema: Mapping[str, Any]) -> Callable[[list[Any]], list[Any]] | None:
        """What brings rows of a stream into this form; None if they are written as they are.

        Args:
            schema: The stream's schema, before it was brought into this form.
        """
        changes: dict[str, Callable[[Any], object]] = {}
        for name, described in schema["properties"].items():
            if "number" in described["type"] and self.amounts != "number":
                changes[name] = decimal_text if self.amounts == "decimal" else amount_text
            if "object" in described["type"] and self.objects == "json":
                changes[name] = object_text
        return partial(_written, changes) if changes else None

    def _property(self, described: Property) -> Property:
        if "number" in described["type"] and self.amounts != "number":
            kind = ["string", *described["type"][1:]]
            decimal = {"format": FORMAT, "precision": PRECISION, "scale": SCALE}
            return {**described, "type": kind, **(decimal if self.amounts == "decimal" else {})}
        if "object" in described["type"] and self.objects == "json":
            return {"type": ["string"], "description": f"{described['description']} As JSON text."}
        return described


def _written(changes: Mapping[str, Callable[[Any], object]], rows: list[Any]) -> list[Any]:
    """Copies of the rows, which others may still hold, with these fields changed.

    Raises:
        ERPValidationError: If an amount has a digit beyond the scale.
    """
    written: list[Any] = []
    for one in rows:
        row = copy(one)
        for name, change in changes.items():
            value = getattr(row, name)
            if value is not None:
                setattr(row, name, change(value))
        written.append(row)
    return written


def restored(properties: Mapping[str, Property]) -> dict[str, Property]:
    """Properties with the precision and scale that the SDK drops on its way to the SCHEMA message.

    Without them Snowflake's loader makes NUMBER(38, 0) of a decimal column.
    """
    return {
        name: {**described, "precision": PRECISION, "scale": SCALE}
        if described.get("format") == FORMAT
        else described
        for name, described in properties.items()
    }


def amount_text(amount: Decimal) -> str:
    """The amount's digits, never with an exponent."""
    text = str(amount)
    return plain(amount) if "E" in text else text


def decimal_text(amount: Decimal) -> str:
    """The same, where no digit lies beyond the scale.

    Raises:
        ERPValidationError: If one does; it is never rounded away.
    """
    text = amount_text(amount)
    whole, point, decimals = text.partition(".")
    if decimals[SCALE:].strip("0"):
        raise ERPValidationError(
            f"the amount {text} has more than {SCALE} decimal places, which amounts: decimal has "
            "no room for; set amounts: string"
        )
    return f"{whole}{point}{decimals[:SCALE]}"


def object_text(fields: dict[str, Any]) -> str:
    """An object as JSON text."""
    return encode(fields).decode() if fields else "{}"


PLAIN = Notation("number", "object")
"""Every value as JSON has it."""
