"""The table of docs/loaders.md, from what the loader suite has seen.

python -m house.loaders --write
"""

from __future__ import annotations

import sys
from pathlib import Path

from loaders.known import LOADERS, Kind, Loader
from loaders.measured import Again, Amounts, Deleted, Measured, Seen, read

PAPER = Path(__file__).parents[2] / "docs" / "loaders.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def table() -> str:
    """A row for each loader of the suite."""
    head = (
        "| Loader | `amounts: number` | `decimal` | `string` | The same rows again "
        "| Deleted in the ERP | Dates | What to set |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    seen = read()
    return head + "".join(_row(loader, seen[loader.folder]) for loader in LOADERS)


def _row(loader: Loader, seen: Measured) -> str:
    named = loader.called.format(*(seen.versions[one] for one in loader.packages))
    forms = [seen.forms[form] for form in ("number", "decimal", "string")]
    cells = [
        named,
        *(form.amounts.value for form in forms),
        _again(loader, forms),
        _deleted(loader, seen),
        *{_dates(form) for form in forms if form.amounts is not Amounts.FAILS},
        loader.advice,
    ]
    return f"| {' | '.join(cells)} |\n"


def _again(loader: Loader, forms: list[Seen]) -> str:
    if loader.kind is Kind.COLUMNS:
        # By their sources: both load into a temporary table and merge that by the key.
        return f"{Again.REPLACES.value} (read)"
    (again,) = {form.again for form in forms if form.again is not None}
    return again.value


def _deleted(loader: Loader, seen: Measured) -> str:
    if seen.deleted is not None:
        return seen.deleted.value
    return Deleted.STAY.value if loader.kind is Kind.FILES else "no views for it"


def _dates(form: Seen) -> str:
    return form.dates or form.columns["transaction_date"].lower()


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
