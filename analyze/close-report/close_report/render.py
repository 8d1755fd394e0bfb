"""`close-report render`: one pass over the companies into a page, and into a workbook."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from close_report.books import read_books
from close_report.directory import read_directory
from close_report.group import read_group
from close_report.language import Language
from close_report.matrix import Matrix, read_matrix
from close_report.models import Restatement
from close_report.overview import Overview, overview
from close_report.page import Pages
from close_report.periods import Period
from close_report.warehouse import Warehouse
from close_report.workbook import Workbook

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Options:
    """How much is shown, and where."""

    today: date
    """The day that decides what is open."""
    max_postings: int = 20_000
    """Postings of a company at most, whole periods, the newest first."""
    split_above: float = 8.0
    """Beyond so many megabytes each company has a file of its own."""


def render(warehouse: Warehouse, out: Path, spoken: Language, options: Options) -> list[Path]:
    """Write `index.html` and `close.xlsx`; gives the files written, the page first.

    Raises:
        CloseReportError: A model is missing or another than expected.
        OSError: The folder cannot be written to.
    """
    matrix = read_matrix(warehouse, read_directory(warehouse), options.today)
    group = read_group(warehouse)
    shown = latest_closed(matrix)
    out.mkdir(parents=True, exist_ok=True)
    overviews: dict[str, Overview] = {}
    restatements: list[Restatement] = []
    with (
        _without_collector(),
        Pages(out, spoken, matrix, shown, round(options.split_above * MEGABYTE)) as pages,
        Workbook(out / "close.xlsx", spoken, matrix, shown) as workbook,
    ):
        for books in read_books(warehouse, matrix.read_in, matrix.gone, options.max_postings):
            overviews[books.company_id] = overview(books)
            restatements += books.restatements
            pages.add(books)
            workbook.add(books)
        restatements.sort(key=lambda row: matrix.rank[row.company_id])
        workbook.finish(group)
        return [*pages.finish(overviews, restatements, group), workbook.path]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of rows and no circle among them: to look for one takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def latest_closed(matrix: Matrix) -> Period | None:
    """The newest period that is over for some company, else the newest, else none."""
    closed = [cell.period for cell in matrix.cells.values() if not cell.is_open]
    every = [cell.period for cell in matrix.cells.values()]
    return max(closed or every, key=lambda period: period.end, default=None)
