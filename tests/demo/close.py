"""From ledgers to a close: a filed ledger beside them, dbt's models, and the report to look at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from demo import PROJECT, Connection
from demo.postgres import Postgres
from ecd.writer import CNPJ as CNPJ  # noqa: PLC0414 - the demo's company has this one
from ecd.writer import Filing, write
from simulator import Books, Company, Line
from simulator.model import Account
from simulator.sales_between import CLIENT, EXPENSE, SALES, SUPPLIER, partner

DBT = PROJECT / ".tools" / "dbt" / "bin" / "dbt"
INPUTS, FILED = "inputs", "ecd"
CLOSING = "Encerramento"
"""How the texts of the entries begin that zero the result accounts."""
CHANGED = date(2024, 3, 15)
"""The day in a closed month on which somebody corrects an entry."""
CORRECTION = Decimal("100.00")
SIGNS = "Ana Controladora"


class CloseError(RuntimeError):
    """dbt or the report failed."""


def file_books(company: Company, start: date, end: date, folder: Path) -> Path:
    """Write the company's ECD, as it was filed before anybody changed anything."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{CNPJ}-{start:%Y}.txt"
    path.write_bytes(write(Filing(company, start, end)))
    return path


def correct(company: Company) -> None:
    """Change a month that has long been closed: an entry more, of two accounts of another one."""
    month = CHANGED.replace(day=1), CHANGED
    entry = next(one for one in company.entries_between(*month) if len(one.lines) == 2)
    debit = next(line.account for line in entry.lines if line.debit)
    credit = next(line.account for line in entry.lines if line.credit)
    zero = Decimal(0)
    company.add_entry(
        date=CHANGED,
        lines=[Line(debit, CORRECTION, zero), Line(credit, zero, CORRECTION)],
        description="Correção",
    )


def fill_inputs(database: Connection, books: Books) -> None:
    """Fill what a team keeps by hand: companies, the group's chart, who trades with whom."""
    tables: dict[str, tuple[str, list[Sequence[object]]]] = {
        "companies": (
            "company_id, name, cnpj, fiscal_year_start_month, ownership_pct, valid_from, valid_to",
            [
                (one.id, one.name, CNPJ if one is books.company else None, 1, 100, None, None)
                for one in books.companies
            ],
        ),
        "group_accounts": (
            "group_account, parent, name, statement, line_order",
            [
                (account.code, None, account.name, "BS" if account.code < "3" else "PL", order)
                for order, account in enumerate(_headings(books.company), start=1)
            ],
        ),
        "account_map": (
            "company_id, account_code_pattern, cost_center, group_account, valid_from, valid_to",
            [
                (company.id, f"{own.code}*", None, group.code, None, None)
                for company in books.companies
                for own, group in zip(_headings(company), _headings(books.company), strict=True)
            ],
        ),
        "intercompany": (
            "company_id, account_code, entity_id, counterparty_company_id",
            list(_partners(books)),
        ),
        "closing_rules": (
            "company_id, document_type, description_prefix, equity_account",
            [(one.id, None, CLOSING, None) for one in books.companies],
        ),
    }
    database.execute(f"create schema if not exists {INPUTS}".encode())
    for name, (columns, rows) in tables.items():
        described = ", ".join(f"{column} text" for column in columns.split(", "))
        database.execute(f"drop table if exists {INPUTS}.{name}".encode())
        database.execute(f"create table {INPUTS}.{name} ({described})".encode())
        marks = ", ".join(["%s"] * len(columns.split(", ")))
        with database.cursor() as cursor:
            cursor.executemany(f"insert into {INPUTS}.{name} values ({marks})".encode(), rows)  # noqa: S608


def build(server: Postgres, kept: Path) -> None:
    """Let dbt make the models of the loaded tables.

    Raises:
        CloseError: With what dbt said.
    """
    parts = urlsplit(server.uri())
    _run(
        [
            *(str(DBT), "--no-use-colors", "build"),
            *("--project-dir", str(PROJECT / "transform")),
            *("--profiles-dir", str(PROJECT / "transform" / "profiles" / "postgres")),
            *("--vars", f"{{close_inputs_schema: {INPUTS}, ecd_schema: {FILED}}}"),
        ],
        {
            "DBT_HOST": parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0],
            "DBT_PORT": str(parts.port or 5432),
            "DBT_USER": parts.username or "postgres",
            "DBT_PASSWORD": parts.password or "",
            "DBT_DBNAME": parts.path.strip("/"),
            "DBT_TARGET_PATH": str(kept / "dbt"),
            "DBT_LOG_PATH": str(kept / "dbt"),
        },
    )


def sign(server: Postgres, company: Company) -> None:
    """Sign the month that somebody is going to change.

    Raises:
        CloseError: With what the command said.
    """
    _report(server, "sign", "--company", company.id, "--period", f"{CHANGED:%Y-%m}", "--by", SIGNS)


def report(server: Postgres, folder: Path) -> Path:
    """Render the close as a page; gives its first one.

    Raises:
        CloseError: With what the command said.
    """
    _report(server, "render", "--out", str(folder))
    return folder / "index.html"


def _headings(company: Company) -> list[Account]:
    """The accounts below the roots, in the order that all companies' charts share."""
    return [one for one in company.accounts if one.level == 2 and one.type is not None]


def _partners(books: Books) -> Iterator[Sequence[object]]:
    """What each company sells to and buys of each other: accounts, and the partner's number."""
    for company in books.companies:
        own = dict(zip(_codes(books.company), _codes(company), strict=True))
        for index, other in enumerate(books.companies):
            if other is not company:
                number = str(partner(index, other.name).id)
                for code in (CLIENT, SUPPLIER, SALES, EXPENSE):
                    yield company.id, own[code], number, other.id


def _codes(company: Company) -> list[str]:
    return [account.code for account in company.accounts]


def _report(server: Postgres, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "close-report"), *arguments]
    _run(command, {"CLOSE_REPORT_DATABASE": server.uri(driver="psycopg")})


def _run(command: Sequence[str], more: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **more}, check=False
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise CloseError(f"`{Path(command[0]).name} {command[1]} …` failed. It ended with:\n{said}")
