"""Every text is translated, and a translation has the same placeholders."""

from __future__ import annotations

from pathlib import Path

import pytest

from house.catalogues import (
    CATALOGUED,
    PROJECT,
    Catalogued,
    placeholders,
    read,
    untranslated,
    updated,
)

FILES = [(catalogued, file) for catalogued in CATALOGUED for file in catalogued.files]
IDS = [str(file.relative_to(PROJECT)) for _, file in FILES]


@pytest.mark.parametrize(("catalogued", "file"), FILES, ids=IDS)
def test_catalogues_hold_the_texts_of_the_sources(catalogued: Catalogued, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert updated(catalogued, file) == text, "run `make readme`"
    assert text.count("\nmsgid ") > 20


@pytest.mark.parametrize("file", [file for _, file in FILES], ids=IDS)
def test_no_text_lacks_its_translation(file: Path) -> None:
    assert untranslated(file) == []


@pytest.mark.parametrize("file", [file for _, file in FILES], ids=IDS)
def test_translations_have_the_same_placeholders(file: Path) -> None:
    differing = [
        message.id
        for message in read(file)
        if message.id and placeholders(str(message.id)) != placeholders(str(message.string))
    ]
    assert differing == []


def test_placeholders_are_found_by_name() -> None:
    assert placeholders("{b} of {a:>3} {a}") == ["a", "a", "b"]
