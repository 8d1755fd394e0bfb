"""The languages that findings are told in; English is the source, the others are catalogues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal, get_args

Language = Literal["en", "pt-BR"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
"""What the setting `language` takes; the first is the default."""


def translations(language: Language, packages: Iterable[str]) -> Mapping[str, str]:
    """What sentences are in another language, by the English ones; nothing for English.

    Args:
        language: One of `LANGUAGES`.
        packages: Those whose sentences may be told; one without a catalogue adds none.
    """
    if language == LANGUAGES[0]:
        return {}
    return {
        text: said for package in packages for text, said in _catalogue(package, language).items()
    }


@cache
def _catalogue(package: str, language: Language) -> Mapping[str, str]:
    # A run in English, as most are, need not wait for Babel.
    from babel.messages.pofile import read_po  # noqa: PLC0415

    folder = resources.files(package) / "locale" / language.replace("-", "_") / "LC_MESSAGES"
    file = folder / f"{package}.po"
    if not file.is_file():
        return {}
    with file.open("rb") as opened:
        messages = read_po(opened)
    return {
        message.id: message.string
        for message in messages
        # The one without an English text is the catalogue's head.
        if message.id and isinstance(message.id, str) and isinstance(message.string, str)
        if message.string
    }
