"""The demo from end to end: an ERP, the pipeline, a database, and what an accountant sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg

from demo import SCHEMA, Connection, meltano, tables, truth
from demo.postgres import Postgres
from demo.steps import Screen
from erp_common.sql import create_views
from simulator import Books, Simulator

# The real API allows 300 requests a minute; the fictional one has no limit.
REQUESTS_PER_MINUTE = 600_000


class Show:
    """One run over some books; `kept` is the folder that the next run goes on from."""

    def __init__(self, screen: Screen, books: Books, start: date, end: date, kept: Path) -> None:
        """Remember what to show, and where; nothing is started yet."""
        self._screen = screen
        self._books = books
        self._months = list(_months(start, end))
        self._periods = len(books.companies) * len(self._months)
        self._kept = kept

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
            screen.step(
                f"Starting a fictional Omie with {len(self._books.companies)} companies"
                f" at {erp.base_url('omie')}"
            )
            with psycopg.connect(
                server.uri(), autocommit=True, options=f"-c search_path={SCHEMA}"
            ) as database:
                self._load(server, erp, database)
                self._compare(database)
                self._print(database)

    def _load(self, server: Postgres, erp: Simulator, database: Connection) -> None:
        screen = self._screen
        loaded = _loaded_periods(database)
        state = self._kept / "meltano.db"
        if loaded:
            screen.step(f"{loaded} of {self._periods} periods are there: going on from the state")
        else:
            # State without its data would leave periods out.
            state.unlink(missing_ok=True)
        screen.step("[bold]meltano run tap-omie target-postgres[/bold]")
        log = self._kept / "meltano.log"
        meltano.run(self._settings(server, erp, state), log=log, tell=screen.note)
        asked = erp.requests.select("omie", "ListarBalancete")
        read = len({(request.company, request.params["dDataDe"]) for request in asked})
        screen.step(
            f"This run read {read} of {self._periods} periods, with {len(erp.requests)} requests"
        )
        screen.step(f"Creating the views in the schema [bold]{SCHEMA}[/bold]")
        database.execute(create_views(SCHEMA).encode())

    def _settings(self, server: Postgres, erp: Simulator, state: Path) -> dict[str, str]:
        companies = [{"id": company.id, "name": company.name} for company in self._books.companies]
        credentials = erp.credentials("omie")
        return {
            "TAP_OMIE_BASE_URL": erp.base_url("omie"),
            "TAP_OMIE_CA_BUNDLE": str(erp.ca_bundle),
            "TAP_OMIE_APP_KEY": credentials["app_key"],
            "TAP_OMIE_APP_SECRET": credentials["app_secret"],
            "TAP_OMIE_COMPANIES": json.dumps(companies),
            "TAP_OMIE_START_DATE": self._months[0][0].isoformat(),
            "TAP_OMIE_END_DATE": self._months[-1][1].isoformat(),
            "TAP_OMIE_RATE_LIMIT_REQUESTS": str(REQUESTS_PER_MINUTE),
            "TAP_OMIE_RATE_LIMIT_BURST": "1000",
            "TARGET_POSTGRES_SQLALCHEMY_URL": server.uri(driver="psycopg"),
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": SCHEMA,
            # This state belongs to this data, away from that of real runs.
            "MELTANO_DATABASE_URI": f"sqlite:///{state}",
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
        for table in tables.tie_outs(database):
            screen.print(table)


@contextmanager
def _started(server: Postgres) -> Iterator[Postgres]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _loaded_periods(database: Connection) -> int:
    [(exists,)] = database.execute("select to_regclass('periods') is not null").fetchall()
    if not exists:
        return 0
    [(count,)] = database.execute("select count(*) from periods").fetchall()
    return int(count)


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    first = start
    while first <= end:
        following = (first + timedelta(days=31)).replace(day=1)
        yield first, following - timedelta(days=1)
        first = following
