"""Threads that come late to their work: no row may depend on which of them is first."""

from __future__ import annotations

from faults.erps import Erp
from faults.loaded import Loaded, differences
from faults.runs import Runs
from faults.small_books import small_books
from simulator import Simulator

MONTHS = 12


def test_late_threads_lose_nothing(erp: Erp, runs: Runs) -> None:
    books = small_books(months=MONTHS)
    with Simulator(books) as simulator:
        settings = erp.configured(simulator, months=MONTHS, max_concurrency=4)
        runs.secrets.learn_settings(settings)
        prompt = runs(erp.command, settings)
        late = runs(erp.command, settings, preludes=[("dawdling_threads",)])
        assert (prompt.status, late.status) == (0, 0), late.stderr[-3000:]
        assert len(prompt.records("subledger")) == sum(
            len(entry.lines) for entry in books.company.entries
        )
        assert differences(Loaded(late).current(), Loaded(prompt).current()) == []
