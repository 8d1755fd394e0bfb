"""A full refresh, and any chain of incremental runs, leave the same rows behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from contract.applies import each
from contract.commands import Run
from contract.conftest import Build
from contract.erps import CONTAAZUL, OMIE
from contract.ledger import Span, months, without
from contract.test_catalog import STREAMS, deselect
from contract.test_messages import KEYS
from contract.world import World
from simulator import Company, Line
from simulator.model import ZERO

FIVE = months(2024, 1, 5)
Row = dict[str, Any]


class Warehouse:
    """Tables as a loader keeps them: rows replaced by key, none ever deleted."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.tables: dict[str, dict[tuple[Any, ...], Row]] = {stream: {} for stream in STREAMS}

    def load(self, run: Run) -> None:
        """Take the rows of a run."""
        for stream, table in self.tables.items():
            for row in run.records(stream):
                table[tuple(row[name] for name in KEYS[stream])] = row

    def current(self, stream: str) -> list[str]:
        """The latest state of each period: rows not older than their period's header."""
        headers = {_period(row): row for row in self.tables["periods"].values()}
        kept = [
            row
            for row in self.tables[stream].values()
            if (header := headers.get(_period(row))) is not None
            and (
                row["extracted_at"] >= header["extracted_at"]
                or (stream == "subledger" and header["entry_count"] is None)
            )
        ]
        return sorted(json.dumps(row, sort_keys=True, default=str) for row in without(kept))


def _period(row: Row) -> tuple[str, str, str]:
    return row["company_id"], row["period_start"], row["period_end"]


class Bookkeeper:
    """Changes the books as people do, within the days that the next run reads again."""

    def __init__(self, company: Company, chance: Random) -> None:
        """Work on one company's books."""
        self._company = company
        self._chance = chance
        self._accounts = [account.code for account in company.accounts if not account.is_summary]

    def change(self, span: Span) -> None:
        """Make a few changes within these days."""
        changes: list[Callable[[Span], None]] = [
            self._add, self._delete, self._move, self._correct, self._repost,
        ]  # fmt: skip
        for change in self._chance.choices(changes, k=self._chance.randint(0, 5)):
            change(span)

    def _day(self, span: Span) -> date:
        return span.start + timedelta(days=self._chance.randint(0, (span.end - span.start).days))

    def _some_entry(self, span: Span) -> int | None:
        entries = self._company.entries_between(*span)
        return self._chance.choice(entries).id if entries else None

    def _add(self, span: Span) -> None:
        amount = Decimal(self._chance.randint(1, 10**9)).scaleb(-2)
        debit, credit = self._chance.sample(self._accounts, 2)
        self._company.add_entry(
            date=self._day(span),
            description="Lançamento novo",
            document_number=str(self._chance.randint(1, 9)),
            lines=[Line(debit, amount, ZERO), Line(credit, ZERO, amount)],
        )

    def _delete(self, span: Span) -> None:
        if (entry := self._some_entry(span)) is not None:
            self._company.delete_entry(entry)

    def _move(self, span: Span) -> None:
        if (entry := self._some_entry(span)) is not None:
            self._company.edit_entry(entry, date=self._day(span))

    def _correct(self, span: Span) -> None:
        """Another amount on both sides."""
        if (entry := self._some_entry(span)) is not None:
            factor = self._chance.randint(2, 5)
            lines = tuple(
                Line(line.account, line.debit * factor, line.credit * factor, line.cost_center)
                for line in self._company.entry(entry).lines
            )
            self._company.edit_entry(entry, lines=lines)

    def _repost(self, span: Span) -> None:
        """A line on another account."""
        if (entry := self._some_entry(span)) is not None:
            account = self._chance.choice(self._accounts)
            self._company.edit_line(entry, 0, account=account)


def refresh(world: World, end: date, **settings: Any) -> Warehouse:
    """Everything from the start, into empty tables."""
    warehouse = Warehouse()
    warehouse.load(world.good(end_date=str(end), **settings))
    return warehouse


def assert_same(chain: Warehouse, full: Warehouse) -> None:
    """Check that the current rows are the same."""
    for stream in STREAMS:
        assert chain.current(stream) == full.current(stream), stream
    assert full.current("trial_balance")
    assert full.current("subledger")


@each("seed", lambda erp: range(3) if erp in (OMIE, CONTAAZUL) else range(1, 3))
def test_any_chain_of_runs_is_a_full_refresh(build: Build, seed: int) -> None:
    chance = Random(f"{build.erp}/{seed}")  # noqa: S311 - the same chain again is the point
    lookback = seed  # none, one and two periods
    world = build.several(entries_per_month=3, end=FIVE[-1].end, seed=seed)
    keepers = [Bookkeeper(company, chance) for company in world.books.companies]
    chain, state, at = Warehouse(), None, 0
    while True:
        if state is not None:
            window = Span(FIVE[max(at - 1 - lookback, 0)].start, FIVE[-1].end)
            for keeper in keepers:
                keeper.change(window)
        at = min(at + chance.choice((0, 1, 1, 2)), len(FIVE)) if at else 2
        run = world.good(state=state, end_date=str(FIVE[at - 1].end), lookback_periods=lookback)
        chain.load(run)
        state = run.state
        if at == len(FIVE):
            break
    assert_same(chain, refresh(world, FIVE[-1].end, lookback_periods=lookback))


def test_postings_stay_while_the_subledger_is_not_read(
    build: Build, catalog: dict[str, Any]
) -> None:
    world = build(entries_per_month=5)
    chain = Warehouse()
    first = world.good()
    chain.load(first)
    postings = chain.current("subledger")
    chain.load(world.good(state=first.state, catalog=deselect(catalog, "subledger")))
    assert chain.current("subledger") == postings
    assert postings
    chain.load(world.good(state=first.state))
    assert_same(chain, refresh(world, date(2024, 3, 31)))


def test_what_the_erp_has_deleted_is_gone(build: Build) -> None:
    world = build(entries_per_month=5)
    chain = Warehouse()
    first = world.good()
    chain.load(first)
    gone = world.company.entries_between(date(2024, 3, 1), date(2024, 3, 31))[0]
    world.company.delete_entry(gone.id)
    before = len(chain.current("subledger"))
    chain.load(world.good(state=first.state))
    assert len(chain.current("subledger")) == before - len(gone.lines)
    assert_same(chain, refresh(world, date(2024, 3, 31)))
