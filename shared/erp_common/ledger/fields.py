"""Fields beyond single values, of rows and of settings: types in words, texts, objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.models import StatedType
from erp_common.ledger.normalize import InvalidValue, account_type, required_text, shown, text
from erp_common.ledger.vocabulary import heading


def stated_type(value: object, field: str) -> StatedType | None:
    """What words such as Ativo, Receita Bruta or Compensação state; None if there are none.

    They are read like the heading of a part of the chart. Words that are not understood are kept,
    so that they can be told of.

    Raises:
        InvalidValue: If the value is no text.
    """
    words = text(value, field)
    if words is None:
        return None
    kind = account_type(words)
    if kind is not None:
        return StatedType(type=kind)
    return heading(words) or StatedType(unread=words)


def sent_text(value: object, field: str) -> str | None:
    """The text of a field that every row has, or None if the ERP sent it empty.

    Raises:
        InvalidValue: If the field is absent or null, or is no text.
    """
    if type(value) is str and (stripped := value.strip()).isprintable():
        return stripped or None  # as `text` would, for nearly every row
    if value is None:
        raise InvalidValue(field, "is missing; the ERP must send it with every row")
    return text(value, field)


_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""A sign written as HTML, with its semicolon: without one `&` is what it is ("P&D")."""


def words(value: object, field: str) -> str | None:
    """A text in which the ERP may write signs as HTML (`&amp;`), twice over too.

    Raises:
        InvalidValue: If the value is no text.
    """
    if type(value) is str:
        if "&" in value:
            for _ in range(3):
                value = _ENTITY.sub(lambda found: unescape(found[0]), value)
        elif (stripped := value.strip()).isprintable():
            return stripped or None  # as `text` would, for nearly every row
    return text(value, field)


def required_words(value: object, field: str) -> str:
    """The text, as `words`.

    Raises:
        InvalidValue: If nothing is left, or the value is no text.
    """
    return required_text(words(value, field), field)


def optional_id(value: object, field: str) -> str | None:
    """An id; 0 stands for none.

    Raises:
        InvalidValue: If the value is no text and no number.
    """
    found = text(value, field)
    return None if found == "0" else found


def part(value: object, field: str) -> dict[str, Any]:
    """The fields of an object inside a row; none if it is absent, blank or `[]`.

    PHP writes an empty object as an empty list.

    Raises:
        InvalidValue: If the value is something else.
    """
    if isinstance(value, dict):
        return value
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return {}
    raise InvalidValue(
        field, "is {value}, where an object with fields is expected", value=shown(value)
    )


def known_parts(
    given: Mapping[str, Any] | None, of: type[msgspec.Struct], setting: str
) -> dict[str, Any]:
    """The parts of a setting that is an object.

    Raises:
        ERPValidationError: If it has no such part.
    """
    found = dict(given or {})
    unknown = found.keys() - set(of.__struct_fields__)
    if unknown:
        raise ERPValidationError(
            f"{setting} has no {', '.join(sorted(unknown))}; there are "
            f"{', '.join(of.__struct_fields__)}"
        )
    return found


def texts(value: object, setting: str) -> list[str]:
    """The texts of a setting that is a list, without those that are blank.

    Raises:
        ERPValidationError: If it is no list.
        InvalidValue: If something in it is no text.
    """
    if value is None:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ERPValidationError(f"{setting} must be a list")
    return [found for item in value if (found := text(item, setting)) is not None]
