"""The page: `index.html`, and beyond a size a file for each company beside it.

Nothing on it is fetched from anywhere: styles, script and figures lie in the file, and its content
security policy forbids every request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from typing_extensions import Self

from close_report import payload, sparkline
from close_report.amounts import total
from close_report.books import Books
from close_report.group import Group
from close_report.language import N_, Language
from close_report.matrix import Cell, Ecd, Matrix, State
from close_report.models import Restatement, Unmapped
from close_report.overview import Overview
from close_report.periods import Period
from close_report.status import changed_line, failed_line, state_names
from close_report.text import harmless, plain

GLYPHS: Final = {
    State.SIGNED: "✓",
    State.RESERVED: "✓",
    State.READY: "○",
    State.ATTENTION: "!",
    State.CHANGED: "↻",
    State.FAILED: "✕",
    State.OPEN: "…",
}
_COMPANIES: Final = "companies"
_GENERATOR: Final = '<meta name="generator" content="close-report">'
_MAX_TODO: Final = 12


@dataclass(frozen=True)
class Tile:
    """A figure at the top of the overview."""

    label: str
    value: str
    more: str = ""
    bad: bool = False


class Pages:
    """Takes the companies one by one and writes the files."""

    def __init__(
        self, out: Path, spoken: Language, matrix: Matrix, shown: Period | None, split_above: int
    ) -> None:
        """Begin.

        Args:
            out: The folder.
            spoken: The language.
            matrix: How every period stands.
            shown: The period that is seen first.
            split_above: Beyond so many bytes of figures each company has a file of its own.
        """
        self._out = out
        self._spoken = spoken
        self._matrix = matrix
        self._shown = shown
        self._split_above = split_above
        self._waiting: list[tuple[str, str]] = []
        self._size = 0
        self._split = False
        self._unmapped: list[Any] = []
        self._written: list[Path] = []
        self._files = {
            company: f"{_COMPANIES}/{_file_name(place, company)}"
            for place, company in enumerate(matrix.companies)
        }

    def __enter__(self) -> Self:
        """Nothing to open: files are written whole."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what waits."""
        self._waiting.clear()

    def add(self, books: Books) -> None:
        """Take a company's figures."""
        company = books.company_id
        cells = {end: cell for (owner, end), cell in self._matrix.cells.items() if owner == company}
        name = self._matrix.companies[company]
        currency = self._matrix.currencies.get(company, "")
        drawn = payload.company(books, name, currency, cells, self._spoken)
        text = payload.as_script(drawn)
        self._unmapped += [_unmapped(company, row) for row in books.unmapped]
        self._waiting.append((company, text))
        self._size += len(text)
        if self._size > self._split_above and len(self._matrix.companies) > 1:
            self._split = True
        if self._split:
            self._write_companies()

    def finish(
        self,
        overviews: Mapping[str, Overview],
        restatements: Sequence[Restatement],
        group: Group,
    ) -> list[Path]:
        """Write what is left; gives all files of the page, `index.html` first.

        Args:
            overviews: Result and cash of the companies.
            restatements: Of all companies.
            group: The consolidation.
        """
        self._remove_stale()
        self._unmapped.sort(key=lambda row: self._matrix.rank[row[0]])
        shared = self._shared(restatements, group)
        hrefs = {company: self._href(company) for company in self._matrix.companies}
        text = (
            _environment(self._spoken)
            .get_template("index.html.j2")
            .render(
                **self._frame(shared, hrefs, home=""),
                **_Overview(self._spoken, self._matrix, self._shown, self._href).context(overviews),
                payloads=[] if self._split else _marked(self._waiting),
            )
        )
        index = self._out / "index.html"
        _write(index, text)
        return [index, *self._written]

    def _write_companies(self) -> None:
        (self._out / _COMPANIES).mkdir(exist_ok=True)
        template = _environment(self._spoken).get_template("company.html.j2")
        hrefs = {
            company: f"{self._files[company].rpartition('/')[2]}#/c/{quote(company, safe='')}"
            for company in self._matrix.companies
        }
        for company, text in self._waiting:
            shared = self._common(only=company)
            frame = self._frame(shared, hrefs, home="../index.html")
            payloads = _marked([(company, text)])
            file = self._out / self._files[company]
            name = self._matrix.companies[company]
            _write(file, template.render(**frame, name=name, payloads=payloads))
            self._written.append(file)
        self._waiting.clear()

    def _remove_stale(self) -> None:
        """Remove companies' files of an earlier run that this run did not write."""
        for file in (self._out / _COMPANIES).glob("*.html"):
            if file in self._written:
                continue
            with file.open(encoding="utf-8", errors="replace") as opened:
                ours = _GENERATOR in opened.read(1000)
            if ours:
                file.unlink()

    def _href(self, company: str, end: date | None = None, tab: str = "") -> str:
        file = self._files[company] if self._split else ""
        parts = ["#", "c", quote(company, safe=""), *([end.isoformat()] if end else []), tab]
        return file + "/".join(part for part in parts if part)

    def _frame(
        self, shared: Mapping[str, Any], hrefs: Mapping[str, str], home: str
    ) -> dict[str, Any]:
        return {
            "style": Markup(_asset("style.css")),  # noqa: S704 - a file of this package
            "script": Markup(_asset("page.js")),  # noqa: S704
            "style_hash": _hash(_asset("style.css")),
            "script_hash": _hash(_asset("page.js")),
            "shared": Markup(payload.as_script(shared)),  # noqa: S704 - escaped for a script
            "companies": self._matrix.companies,
            "hrefs": hrefs,
            "home": home,
            "glyphs": {state.value: glyph for state, glyph in GLYPHS.items()},
        }

    def _common(self, only: str | None = None) -> dict[str, Any]:
        spoken = self._spoken
        periods = self._matrix.periods
        return {
            "language": spoken.code,
            "messages": spoken.messages,
            "decimal": spoken.decimal,
            "group": spoken.group,
            "title": heading(spoken, self._shown),
            "shown": self._shown.end.isoformat() if self._shown else None,
            "periods": {period.end.isoformat(): spoken.period(period) for period in periods},
            "shorts": {period.end.isoformat(): spoken.short(period) for period in periods},
            "states": {state.value: said for state, said in state_names(spoken).items()},
            "glyphs": {state.value: glyph for state, glyph in GLYPHS.items()},
            "result": payload.RESULT,
            "currency": self._matrix.currency or "",
            "names": self._matrix.companies if only is None else {},
            "files": {},
            "only": only,
        }

    def _shared(self, restatements: Sequence[Restatement], group: Group) -> dict[str, Any]:
        spoken = self._spoken
        return {
            **self._common(),
            "files": self._files if self._split else {},
            "restatements": [
                [row.company_id, *payload.restatement(row, spoken)] for row in restatements
            ],
            "consolidated": {
                end.isoformat(): payload.consolidated(rows, group)
                for end, rows in group.consolidated.items()
            },
            "eliminations": {
                end.isoformat(): payload.eliminations(rows, group)
                for end, rows in group.eliminations.items()
            },
            "unmapped": self._unmapped,
        }


class _Overview:
    """What the overview shows."""

    def __init__(
        self,
        spoken: Language,
        matrix: Matrix,
        shown: Period | None,
        href: Any,  # noqa: ANN401
    ) -> None:
        self._spoken = spoken
        self._matrix = matrix
        self._shown = shown
        self._href = href

    def context(self, overviews: Mapping[str, Overview]) -> dict[str, Any]:
        """The values of the template."""
        spoken, matrix = self._spoken, self._matrix
        todo = list(self._todo())
        results = [
            self._result(overviews[company], name)
            for company, name in matrix.companies.items()
            if company in overviews
        ]
        read = [cell.status.extracted_at for cell in matrix.cells.values()]
        found = {cell.state for cell in matrix.cells.values()}
        named = state_names(spoken)
        return {
            "heading": heading(spoken, self._shown),
            "shown": self._shown,
            "shown_label": spoken.period(self._shown) if self._shown else "",
            "last_read": spoken.moment(max((when for when in read if when), default=None)),
            "currencies": sorted(set(matrix.currencies.values())),
            "tiles": list(self._tiles()),
            "todo": todo[:_MAX_TODO],
            "todo_more": max(0, len(todo) - _MAX_TODO),
            "facts": {
                "overall": spoken("Overall"),
                "balanced": spoken("Balanced"),
                "reconciled": spoken("Reconciled"),
                "ecd": spoken("Tied to the ECD"),
                "signed": spoken("Signed"),
                "restated": spoken("Restated since"),
            },
            "years": [
                {"year": year, "span": len(list(group))}
                for year, group in groupby(matrix.periods, key=lambda period: period.end.year)
            ],
            "columns": [
                {"short": spoken.short(period), "label": spoken.period(period)}
                for period in matrix.periods
            ],
            "rows": [
                {
                    "name": name,
                    "href": self._href(company, self._shown.end if self._shown else None),
                    "cells": list(self._cells(company)),
                }
                for company, name in matrix.companies.items()
            ],
            "states": {state.value: named[state] for state in GLYPHS if state in found},
            "results": results,
            "sums": {
                key: _sum(line[key] for line in results)
                for key in ("month", "ytd", "prior", "cash")
            },
        }

    def _tiles(self) -> Iterator[Tile]:
        if self._shown is None:
            return
        spoken = self._spoken
        cells = [
            cell
            for (_, end), cell in self._matrix.cells.items()
            if end == self._shown.end and not cell.is_open
        ]
        number = len(self._matrix.companies)
        of = spoken.counted(N_("of {number} company"), N_("of {number} companies"), number)
        balanced = sum(bool(cell.status.is_balanced) for cell in cells)
        reconciled = sum(bool(cell.status.is_reconciled) for cell in cells)
        signed = sum(cell.signoff is not None and not cell.changed for cell in cells)
        changed = len(self._matrix.changed)
        errors = sum(cell.errors for cell in cells)
        yield Tile(spoken("Balanced"), spoken.number(balanced), of, bad=balanced < len(cells))
        yield Tile(spoken("Reconciled"), spoken.number(reconciled), of, bad=reconciled < len(cells))
        yield Tile(spoken("Signed"), spoken.number(signed), of)
        yield Tile(
            spoken("Changed since signed"),
            spoken.number(changed),
            spoken("periods, of all that are signed"),
            bad=changed > 0,
        )
        yield Tile(
            spoken("Errors"),
            spoken.number(errors),
            spoken("findings of this period"),
            bad=errors > 0,
        )

    def _todo(self) -> Iterator[dict[str, Any]]:
        spoken, matrix = self._spoken, self._matrix
        for cell in sorted(matrix.changed, key=lambda cell: cell.period.end, reverse=True):
            more = (
                spoken("Accounts restated: {number}", number=cell.restated) if cell.restated else ""
            )
            href = self._href(cell.company_id, cell.period.end, "changes")
            yield {
                "cell": cell,
                "text": changed_line(cell, matrix, spoken),
                "href": href,
                "more": more,
            }
        rest = sorted(matrix.cells.values(), key=lambda cell: cell.period.end, reverse=True)
        for state in (State.FAILED, State.ATTENTION):
            for cell in rest:
                if cell.state is not state:
                    continue
                href = self._href(cell.company_id, cell.period.end, "findings")
                text = (
                    failed_line(cell, matrix, spoken)
                    if state is State.FAILED
                    else self._attention_line(cell)
                )
                more = (
                    spoken("Findings: {number}", number=spoken.number(cell.issues))
                    if cell.issues
                    else ""
                )
                yield {"cell": cell, "text": text, "href": href, "more": more}

    def _attention_line(self, cell: Cell) -> str:
        if cell.status.is_reconciled is None:
            message = N_(
                "{company}, {period}: the postings were not read, so nothing is reconciled."
            )
        elif cell.ecd is Ecd.DIFFERS:
            message = N_("{company}, {period}: the ledger is unlike the filed ECD.")
        else:
            message = N_("{company}, {period}: it ties out, but there are errors.")
        return self._spoken(
            message,
            company=self._matrix.companies[cell.company_id],
            period=self._spoken.period(cell.period),
        )

    def _cells(self, company: str) -> Iterator[dict[str, Any]]:
        spoken = self._spoken
        named = state_names(spoken)
        year = None
        for period, cell in zip(self._matrix.periods, self._matrix.row(company), strict=True):
            first, year = period.end.year != year, period.end.year
            if cell is None:
                yield {"first": first, "state": None}
                continue
            label = f"{spoken.period(period)}: {named[cell.state]}"
            title = label
            if cell.signoff is not None:
                who, when = harmless(cell.signoff.signed_by), spoken.moment(cell.signoff.signed_at)
                title += f" ({who}, {when})"
            yield {
                "first": first,
                "state": cell.state.value,
                "href": self._href(company, period.end),
                "label": label,
                "title": title,
                "facts": _facts(cell),
            }

    def _result(self, overview: Overview, name: str) -> dict[str, Any]:
        spoken, end = self._spoken, self._shown.end if self._shown else date.min
        last = [period.end for period in self._matrix.periods if period.end <= end][-13:]
        result = overview.results.get(end)
        results = [overview.results[day].month if day in overview.results else None for day in last]
        return {
            "name": name,
            "currency": self._matrix.currencies.get(overview.company_id, ""),
            "href": self._href(overview.company_id, end, "income"),
            "month": result.month if result else None,
            "ytd": result.ytd if result else None,
            "prior": result.prior_ytd if result else None,
            "cash": overview.cash.get(end),
            "bars": sparkline.bars(results, spoken("Result by period, {company}", company=name)),
            "line": sparkline.line(
                [overview.cash.get(day) for day in last],
                spoken("Cash and banks over time, {company}", company=name),
            ),
        }


def heading(spoken: Language, shown: Period | None) -> str:
    """What the overview is called."""
    if shown is None:
        return spoken("Monthly close")
    return spoken("Close of {period}", period=spoken.period(shown))


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of those that are known; none if none is."""
    known = [amount for amount in amounts if amount is not None]
    return total(known) if known else None


def _facts(cell: Cell) -> str:
    """One letter for each column of the switch: yes, no, some, or - for nothing to say."""
    reconciled = cell.status.is_reconciled
    signed = "n" if cell.changed else "-" if cell.signoff is None else "y"
    return "".join(
        (
            "y" if cell.status.is_balanced else "n",
            "s" if reconciled is None else "y" if reconciled else "n",
            {Ecd.NONE: "-", Ecd.EQUAL: "y", Ecd.DIFFERS: "n"}[cell.ecd],
            "s" if signed == "y" and cell.signoff and cell.signoff.anyway else signed,
            "s" if cell.restated else "-",
        )
    )


def _unmapped(company: str, row: Unmapped) -> list[Any]:
    amount = None if row.net_closing is None else plain(row.net_closing)
    return [company, row.account_code, harmless(row.account_name or ""), amount]


def _marked(payloads: Sequence[tuple[str, str]]) -> list[tuple[str, Markup]]:
    return [(company, Markup(text)) for company, text in payloads]  # noqa: S704 - by as_script


def _file_name(place: int, company: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", company).strip("-").lower()[:40]
    return f"{place + 1:03d}{'-' if readable else ''}{readable}.html"


def _write(file: Path, text: str) -> None:
    # Whole or not at all: somebody may be looking at the file of the last run.
    half = file.with_name(file.name + ".part")
    half.write_text(text, encoding="utf-8", errors="replace")
    half.replace(file)


@cache
def _asset(name: str) -> str:
    return (resources.files("close_report") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _environment(spoken: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("close_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = spoken
    return environment
