"""Runs of one tap over the first quarter of 2024: in a process of its own, or in this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings

from contract.commands import PreloadedRunner
from e2e.commands import Result
from erp_common.extract.books import Books
from erp_common.http.masking import Masker
from erp_common.setup.connection import Build, extraction
from erp_common.setup.parse import parse
from erp_common.singer import start
from erp_common.singer.state import Bookmarks
from erp_common.singer.tap import LedgerTap

Row = dict[str, Any]
Runs = Callable[..., "Run"]

QUARTER: Row = {
    "start_date": "2024-01-01",
    "end_date": "2024-03-31",
    "rate_limit": {"requests": 100000, "burst": 10000},
    "retry": {"base_delay": 0.01, "max_delay": 0.01},
}

FEW_EXAMPLES = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For properties of which each example takes several runs."""


def by_stream(done: Result) -> dict[str, list[Row]]:
    """The records that a command printed."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for message in done.messages:
        if message["type"] == "RECORD":
            rows[message["stream"]].append(message["record"])
    return rows


def balances(rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """Rows of `trial_balance` in the form of the simulator's."""
    return [
        (
            row["account_code"],
            row["net_opening_balance"],
            row["debit_amount"],
            row["credit_amount"],
            row["net_closing_balance"],
        )
        for row in rows
    ]


@dataclass
class Run:
    """What a run of a tap left behind."""

    status: int = 0
    said: str = ""
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    state: Row = field(default_factory=dict)

    @property
    def error(self) -> str:
        """The last line on standard error."""
        return self.said.strip().splitlines()[-1]

    def balances(self, start: object) -> dict[str, tuple[Any, ...]]:
        """A period's trial balance in the form of the simulator's."""
        rows = [row for row in self.rows["trial_balance"] if row["period_start"] == str(start)]
        return {balance[0]: balance for balance in balances(rows)}

    def codes(self) -> list[str]:
        """The codes of the findings, in order."""
        return [row["code"] for row in self.rows["validation_issues"]]


def but_when(done: Run) -> dict[str, list[Row]]:
    """Everything that a run has read, but when."""
    return {
        stream: [{name: row[name] for name in row if name != "extracted_at"} for row in found]
        for stream, found in done.rows.items()
    }


class Tap:
    """One tap, to be run again and again."""

    def __init__(
        self,
        tap: type[LedgerTap[Any]],
        configured: Callable[[Row], Row],
        folder: Path,
        usual: Row | None = None,
    ) -> None:
        """Make ready to run it.

        Args:
            tap: The tap.
            configured: Makes these settings into a whole configuration.
            folder: Keeps the files of the runs.
            usual: Settings of every run, beside those of `QUARTER`.
        """
        self._tap = tap
        self._usual = QUARTER | (usual or {})
        self._configured = configured
        self._command = PreloadedRunner(folder)

    def run(self, state: Row | None = None, **more: Any) -> Run:
        """Run the installed command, with more settings, or others, or without (None)."""
        done = self._command(self._tap.name, self._settings(more), state=state)
        return Run(done.returncode, done.stderr, by_stream(done), done.state or {})

    def read(self, **more: Any) -> Run:
        """Read the books in this process, which raises what the command would report."""
        config = parse(self._settings(more), self._tap.settings_class)
        masker = Masker()
        build = Build(self._tap.defaults.of(config.api), masker)
        source = self._tap.source(config, build)
        (company,) = config.company_list
        work = start.work(company, config, Bookmarks({}, ["periods"]), source.basis)
        books = Books(source, [work], extraction(config, source, subledger=True, masker=masker))
        result = Run()
        try:
            for extract in books.periods(company):
                found: dict[str, list[Any]] = {
                    "subledger": [row for rows in extract.postings() for row in rows],
                    "trial_balance": extract.balances(),
                    "validation_issues": extract.findings(),
                    "periods": [extract.header()],
                }
                for stream, rows in found.items():
                    constants = extract.constants(stream)
                    result.rows[stream] += [constants | msgspec.structs.asdict(row) for row in rows]
        finally:
            books.close()
            build.close()
        return result

    def _settings(self, more: Row) -> Row:
        settings = self._configured(self._usual | more)
        return {name: value for name, value in settings.items() if value is not None}
