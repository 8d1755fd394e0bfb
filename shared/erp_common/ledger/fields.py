"""Fields of a row beyond single values: types in words, texts that may be empty, objects."""

from __future__ import annotations

from typing import Any

from erp_common.ledger.account_types import heading
from erp_common.ledger.models import StatedType
from erp_common.ledger.normalize import InvalidValue, account_type, shown, text


def stated_type(value: object, field: str) -> StatedType | None:
    """What a word such as Ativo, Liability or Compensação states; None if it states nothing.

    Raises:
        InvalidValue: If the value is no text.
    """
    words = text(value, field)
    if words is None:
        return None
    kind = account_type(words)
    if kind is not None:
        return StatedType(type=kind)
    said = heading(words)
    return said if said is not None and said.off_balance else None


def sent_text(value: object, field: str) -> str | None:
    """The text of a field that every row has, or None if the ERP sent it empty.

    Raises:
        InvalidValue: If the field is absent or null, or is no text.
    """
    if value is None:
        raise InvalidValue(field, "is missing; the ERP must send it with every row")
    return text(value, field)


def part(value: object, field: str) -> dict[str, Any]:
    """The fields of an object inside a row; none if it is absent or blank.

    Raises:
        InvalidValue: If the value is something else.
    """
    if isinstance(value, dict):
        return value
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}
    raise InvalidValue(field, f"is {shown(value)}, where an object with fields is expected")
