"""Every text is translated, and a translation has the same placeholders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    assert text.count("\nmsgid ") > 2


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


FINDINGS = {"finding": 1, "InvalidValue": 1, "LeftOut": 2}
"""What makes findings, and which of its arguments is the sentence."""


def untold(catalogued: Catalogued) -> Iterator[str]:
    """Sentences of findings that are plain texts, so that no catalogue can know them."""
    for file in sorted(catalogued.package.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            place = FINDINGS.get(call.func.id)
            if place is not None and len(call.args) > place:
                sentence = call.args[place]
                # Babel loses a sentence behind one that is told, or filled in, itself.
                is_known = call.func.id in catalogued.functions and not any(
                    isinstance(before, (ast.Call, ast.JoinedStr)) for before in call.args[:place]
                )
                if isinstance(sentence, ast.JoinedStr) or (
                    isinstance(sentence, ast.Constant) and not is_known
                ):
                    yield f"{file.relative_to(PROJECT)}:{sentence.lineno}"


@pytest.mark.parametrize(
    "catalogued", [one for one in CATALOGUED if "told" in one.functions], ids=str
)
def test_findings_are_told_in_sentences_that_catalogues_know(catalogued: Catalogued) -> None:
    assert list(untold(catalogued)) == []


def test_placeholders_are_found_by_name() -> None:
    assert placeholders("{b} of {a:>3} {a}") == ["a", "a", "b"]
