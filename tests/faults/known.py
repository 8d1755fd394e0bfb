"""Whether what a tap emits stands in the answers that it was given."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

_TOKEN = re.compile(r"[0-9.,]*[0-9][0-9.,]*(?:[eE][-+]?[0-9]{1,4})?")
_AMOUNTS = {
    "subledger": ("debit_amount", "credit_amount"),
    "trial_balance": ("opening_balance", "debit_amount", "credit_amount", "closing_balance"),
}


class Known:
    """What the answers of a run hold."""

    def __init__(self, bodies: list[bytes]) -> None:
        """Read the answers."""
        texts = [text for body in set(bodies) for text in _texts(body)]
        self._text = _visible(" ".join(texts) + html.unescape(" ".join(texts)))
        self._amounts = {amount for text in texts for amount in _amounts(text)}

    def must_hold(self, stream: str, row: dict[str, Any], *, summed: bool) -> None:
        """Every amount and every code of a row stands in some answer."""
        if stream not in _AMOUNTS or (summed and stream == "trial_balance"):
            return
        for name in _AMOUNTS[stream]:
            amount = abs(Decimal(row[name]))
            assert amount == 0 or amount in self._amounts, f"{name} {amount} was invented"
        for part in (row["account_code"], *str(row.get("entry_id", "")).split("-")):
            assert _visible(part) in self._text, f"{part!r} was invented"


def _visible(text: str) -> str:
    """The text without blanks and signs that nobody sees; the taps leave them out as well."""
    return "".join(sign for sign in text if sign.isprintable() and not sign.isspace())


def _texts(body: bytes) -> Iterator[str]:
    """A body as text, and every text and number inside it."""
    for charset in ("cp1252", "utf-16"):
        with contextlib.suppress(UnicodeDecodeError):
            yield body.decode(charset)
    # What stands in no field that is read may be no text at all, and the rows beside it are sound.
    yield body.decode(errors="replace")
    try:
        yield from _scalars(json.loads(body, parse_float=str, parse_int=str))
    except (ValueError, RecursionError):
        return


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    elif value is not None:
        yield str(value)


def _amounts(text: str) -> Iterator[Decimal]:
    """Every amount that a text may be read as."""
    for token in _TOKEN.findall(text):
        for spelt in (token, token.replace(",", ""), token.replace(".", "").replace(",", ".")):
            with contextlib.suppress(InvalidOperation):
                yield abs(Decimal(spelt))
