"""The commands of docs/orchestration.md."""

from __future__ import annotations

from docs.blocks import Block, blocks
from e2e.commands import PROJECT

PAGE = PROJECT / "docs" / "orchestration.md"


def block(beginning: str) -> Block:
    """The page's block that begins so."""
    [found] = [one for one in blocks(PAGE, "sh") if one.text.startswith(beginning)]
    return found
