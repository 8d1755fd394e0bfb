"""Sentences that can be said in another language: English, with the template and what fills it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from typing_extensions import Self

from erp_common.ledger.exact import plain


class Sentence(str):
    """A text in English that still knows what it was made of; `told` makes one.

    >>> told("Account {code} is missing.", code="1.1").template
    'Account {code} is missing.'
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Fill the template in: what the catalogues translate, so it must stand there in full.

        Args:
            template: English, with a named placeholder for each value.
            values: What stands in the placeholders; sentences among them are translated too, and
                amounts are written with all their digits.
        """
        values = {
            name: plain(value) if isinstance(value, Decimal) else value
            for name, value in values.items()
        }
        made = super().__new__(cls, template.format_map(values) if values else template)
        made.template = template
        made.values = values
        return made


told = Sentence


def said(text: str, catalogue: Mapping[str, str]) -> str:
    """The text as another language says it; what no catalogue has stays English.

    Args:
        text: A sentence, or any other text, which stays as it is.
        catalogue: Translated templates by the English ones.
    """
    if not isinstance(text, Sentence):
        return text
    if not catalogue:
        return str(text)
    values = {
        name: said(value, catalogue) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    template = catalogue.get(text.template, text.template)
    return template.format_map(values) if values else template


NOTHING: Final = Sentence("")
"""What stands where a part of a sentence is left out."""
