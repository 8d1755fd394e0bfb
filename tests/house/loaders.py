"""The table of docs/loaders.md, from what the loader suite holds loaders to.

python -m house.loaders --write
"""

from __future__ import annotations

import sys
from pathlib import Path

from loaders.known import LOADERS, Loader

PAPER = Path(__file__).parents[2] / "docs" / "loaders.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def table() -> str:
    """A row for each loader of the suite."""
    head = (
        "| Loader | `amounts: number` | `decimal` | `string` | The same rows again "
        "| Deleted in the ERP | Dates | What to set |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    return head + "".join(map(_row, LOADERS))


def _row(loader: Loader) -> str:
    amounts = " | ".join(loader.amounts[form].value for form in ("number", "decimal", "string"))
    return (
        f"| {loader.title} | {amounts} | {loader.repeated.value} "
        f"| {loader.deleted.value} | {loader.dates} | {loader.advice} |\n"
    )


def written(paper: str) -> str:
    """The paper with the table of now."""
    before, rest = paper.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


def main() -> None:
    """Check the paper, or write it."""
    paper = PAPER.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        PAPER.write_text(written(paper), encoding="utf-8")
    elif paper != written(paper):
        sys.exit(f"{PAPER.name} is not what the suite says; run `make readme`")


if __name__ == "__main__":
    main()
