"""Whoever meets a finding finds it explained, with the severity it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from erp_common.ledger.findings import Code

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (DOCS / "ledger.md").read_text(encoding="utf-8")
PORTUGUESE = (DOCS / "ledger.pt-BR.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", Code)
def test_every_finding_is_explained(code: Code) -> None:
    assert f"\n### {code.value}\n" in GUIDE
    assert f"\n| [{code.value}](#{code.value.lower()}) | {code.severity.value} | " in GUIDE


def test_no_other_finding_is() -> None:
    assert GUIDE.count("\n### ") == len(Code)


@pytest.mark.parametrize("code", Code)
def test_every_finding_is_explained_in_portuguese(code: Code) -> None:
    linked = f"[{code.value}](ledger.md#{code.value.lower()})"
    assert f"\n| {linked} | {code.severity.value} | " in PORTUGUESE
