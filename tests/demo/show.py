"""The demo from end to end: ERPs, the pipeline, a database, and what an accountant sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg

from demo import SCHEMA, Connection, close, meltano, tables, truth
from demo.members import members
from demo.postgres import Postgres
from demo.steps import Screen
from erp_common.sql import create_views
from simulator import Books, Simulator

LOADER = "target-postgres"


class Show:
    """One run over some books; `kept` is the folder that the next run goes on from."""

    def __init__(
        self,
        screen: Screen,
        books: Books,
        start: date,
        end: date,
        kept: Path,
        *,
        closes: bool = False,
    ) -> None:
        """Remember what to show, and where; nothing is started yet.

        Args:
            screen: Where to print.
            books: One company for each ERP, its openings an entry of the day before `start`.
            start: First day of the first month.
            end: Last day of the last month.
            kept: Where database and state are kept.
            closes: Whether to go on to a close: models, a filed ledger, the report.
        """
        self._screen = screen
        self._books = books
        self._members = members(books)
        self._months = list(_months(start, end))
        self._periods = len(books.companies) * len(self._months)
        self._kept = kept
        self._closes = closes

    def run(self) -> None:
        """Load the books and show what came out; whatever is started is stopped in the end.

        Raises:
            PostgresError: The database could not be started.
            MeltanoError: The pipeline failed.
            Difference: What was loaded is not what the books say.
        """
        screen = self._screen
        self._kept.mkdir(exist_ok=True)
        screen.step("Starting PostgreSQL …")
        with _started(Postgres(self._kept / "postgres")) as server, Simulator(self._books) as erp:
            screen.step("Starting fictional ERPs, each with the books of another company")
            for company, system in self._members:
                screen.note(f"{system.name}: {company.name}, {erp.base_url(system.system)}")
            with psycopg.connect(
                server.uri(), autocommit=True, options=f"-c search_path={SCHEMA}"
            ) as database:
                if self._closes:
                    self._load_what_is_filed(server)
                    self._load_and_change(server, erp, database)
                self._load(server, erp, database)
                self._compare(database)
                if self._closes:
                    self._close(server, database)
                self._print(database)

    def _load_what_is_filed(self, server: Postgres) -> None:
        company = self._books.company
        start, end = self._months[0][0], self._months[-1][1]
        filed = close.file_books(company, start, end, self._kept / "filed")
        self._screen.step(f"The ECD that {company.name} has filed: [bold]{filed.name}[/bold]")
        companies = [{"id": company.id, "cnpj": close.CNPJ, "name": company.name}]
        meltano.run(
            {
                **self._target(server, close.FILED),
                "TAP_ECD_PATHS": json.dumps([str(filed)]),
                "TAP_ECD_COMPANIES": json.dumps(companies),
            },
            log=self._kept / "meltano-ecd.log",
            tell=lambda _: None,
            what=("tap-ecd", LOADER),
        )

    def _load_and_change(self, server: Postgres, erp: Simulator, database: Connection) -> None:
        """Load and close the books as they were; then somebody changes a month long closed."""
        changed = self._books.companies[1]
        if not _loaded_periods(database)[0]:
            self._load(server, erp, database)
            self._build(server, database)
            for company in self._books.companies:
                close.sign(server, company)
            self._screen.step(
                f"{close.SIGNS} signs {close.CHANGED:%B %Y}; then {changed.name} changes it"
            )
        close.correct(changed)

    def _build(self, server: Postgres, database: Connection) -> None:
        self._screen.step("[bold]dbt build[/bold]: results, balance sheets, group, restatements")
        close.fill_inputs(database, self._books)
        close.build(server, self._kept)

    def _close(self, server: Postgres, database: Connection) -> None:
        self._build(server, database)
        page = close.report(server, self._kept / "report")
        self._screen.step(f"The close as a page and a workbook: [bold]{page}[/bold]")

    def _load(self, server: Postgres, erp: Simulator, database: Connection) -> None:
        screen = self._screen
        loaded, latest = _loaded_periods(database)
        state = self._kept / "meltano.db"
        if loaded:
            screen.step(f"{loaded} of {self._periods} periods are there: going on from the state")
        else:
            # State without its data would leave periods out.
            state.unlink(missing_ok=True)
        what = [plugin for _, system in self._members for plugin in (system.tap, LOADER)]
        screen.step(f"[bold]meltano run {' '.join(what)}[/bold]")
        meltano.run(
            self._settings(server, erp),
            log=self._kept / "meltano.log",
            tell=screen.note,
            what=what,
        )
        read, _ = _loaded_periods(database, since=latest)
        screen.step(
            f"This run read {read} of {self._periods} periods, with {len(erp.requests)} requests"
        )
        screen.step(f"Creating the views in the schema [bold]{SCHEMA}[/bold]")
        database.execute(create_views(SCHEMA).encode())

    def _settings(self, server: Postgres, erp: Simulator) -> dict[str, str]:
        start, end = self._months[0][0], self._months[-1][1]
        taps = {
            name: value for one in self._members for name, value in one.settings(erp, start, end)
        }
        return taps | self._target(server, SCHEMA)

    def _target(self, server: Postgres, schema: str) -> dict[str, str]:
        return {
            "TARGET_POSTGRES_SQLALCHEMY_URL": server.uri(driver="psycopg"),
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
            # This state belongs to this data, away from that of real runs.
            "MELTANO_DATABASE_URI": f"sqlite:///{self._kept / 'meltano.db'}",
            "MELTANO_ENVIRONMENT": "dev",
        }

    def _compare(self, database: Connection) -> None:
        balances, postings = truth.compare(database, self._books, self._months)
        self._screen.step(
            f"[green]Compared {balances} account balances and {postings} postings"
            " with the books they came from: no difference[/green]"
        )

    def _print(self, database: Connection) -> None:
        screen, company, end = self._screen, self._books.company, self._months[-1][1]
        screen.print(
            f"\n[bold]Trial balance of {company.name}, {end:%B %Y}[/bold]"
            f" (BRL; D debit, C credit; down to level {tables.DEEPEST_LEVEL})"
        )
        screen.print(tables.trial_balance(database, company.id, end))
        screen.print(
            "\n[bold]Tie-out[/bold]: each period's trial balance in itself,"
            " and against its own postings"
        )
        screen.print(tables.tie_out(database))
        before = " before the year's closing entries" if self._closes else ""
        screen.print(
            f"\n[bold]Consolidated trial balance of the holding, {end:%B %Y}[/bold]"
            f" (BRL; closing balances of all analytic accounts{before}; D debit, C credit)"
        )
        screen.print(tables.consolidated(database, end, before_closing=self._closes))


@contextmanager
def _started(server: Postgres) -> Iterator[Postgres]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _loaded_periods(
    database: Connection, since: datetime | None = None
) -> tuple[int, datetime | None]:
    """How many periods are there that were read after `since`, and when the last one was read."""
    [(exists,)] = database.execute("select to_regclass('periods') is not null").fetchall()
    if not exists:
        return 0, None
    [(count, latest)] = database.execute(
        "select count(*), max(extracted_at) from periods"
        " where extracted_at > coalesce(%s, '-infinity'::timestamp)",
        (since,),
    ).fetchall()
    return count, latest


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    first = start
    while first <= end:
        following = (first + timedelta(days=31)).replace(day=1)
        yield first, following - timedelta(days=1)
        first = following
