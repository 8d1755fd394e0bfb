"""Which postings close the result, where the ERP does not say it."""

from __future__ import annotations

from typing import Any

import pytest

from erp_common.errors import ERPValidationError
from erp_common.ledger.models import Posting, PostingKind
from erp_common.ledger.posting_kinds import ClosingEntries

from .books import posting

MARKS = {"document_types": ["ENC"], "description_prefixes": ["Encerramento "]}


def marked(settings: dict[str, Any], **fields: Any) -> Posting:
    found = posting("3.1", "e-1", "10.00")
    for name, value in fields.items():
        setattr(found, name, value)
    ClosingEntries.parse(settings).mark([found])
    return found


def test_without_marks_nothing_is_said() -> None:
    assert not ClosingEntries.parse(None)
    assert marked({}, document_type="ENC").posting_kind is None
    empty = {"document_types": [], "description_prefixes": [" "]}
    assert marked(empty, description="Encerramento").posting_kind is None


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"document_type": "ENC"}, PostingKind.CLOSING),
        ({"document_type": "NF"}, PostingKind.NORMAL),
        ({"document_type": None, "description": None}, PostingKind.NORMAL),
        ({"description": "ENCERRAMENTO DO EXERCÍCIO"}, PostingKind.CLOSING),
        ({"description": "Nota de encerramento do exercício"}, PostingKind.NORMAL),
        ({"document_type": "NF", "description": "encerramento 2024"}, PostingKind.CLOSING),
    ],
)
def test_either_mark_closes_and_anything_else_is_normal(
    fields: dict[str, Any], kind: PostingKind
) -> None:
    assert marked(MARKS, **fields).posting_kind is kind


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (PostingKind.NORMAL, PostingKind.CLOSING),
        (PostingKind.CLOSING, PostingKind.CLOSING),
        (PostingKind.LATE, PostingKind.LATE),
    ],
)
def test_the_erp_or_a_mark_closes(said: PostingKind, kind: PostingKind) -> None:
    assert marked(MARKS, document_type="ENC", posting_kind=said).posting_kind is kind
    assert marked(MARKS, document_type="NF", posting_kind=said).posting_kind is said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"types": ["ENC"]}, "closing_entries has no types; there are document_types, "),
        ({"document_types": "ENC"}, "closing_entries.document_types must be a list"),
        ({"description_prefixes": [{"a": 1}]}, "closing_entries.description_prefixes "),
    ],
)
def test_marks_that_make_no_sense(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ERPValidationError) as failed:
        ClosingEntries.parse(settings)
    assert sentence in str(failed.value)
