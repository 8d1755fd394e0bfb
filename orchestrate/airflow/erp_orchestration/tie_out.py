"""Print how far each company is and whether its books tie out.

`meltano invoke target-postgres:tie-out` runs this with the loader's Python and settings; nothing
but psycopg is imported, and nothing of this project.
"""

from __future__ import annotations

import os
import sys

import psycopg
from psycopg import sql

PERIODS = """
select company_id,
       max(period_end) as read_until,
       to_char(max(extracted_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as last_read_utc,
       count(*) as periods,
       count(*) filter (where not is_balanced) as unbalanced,
       count(*) filter (where not is_reconciled) as unreconciled
from {schema}.periods
group by company_id
order by company_id
"""
# Findings of an extraction that is complete, or that is newer: a company that failed has those.
FINDINGS = """
select f.company_id, f.severity, f.code, count(*) as findings,
       min(f.period_start) as first_period, max(f.period_start) as last_period
from {schema}.validation_issues as f
where not exists (
    select
    from {schema}.periods as p
    where p.company_id = f.company_id
      and p.period_start = f.period_start
      and p.period_end = f.period_end
      and (p.entry_count is not null or f.stream_name <> 'subledger')
      and p.extracted_at > f.extracted_at
)
group by f.company_id, f.severity, f.code
order by f.company_id, f.severity, f.code
"""
_PREFIX = "TARGET_POSTGRES_"


def connect() -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the loader would, by its settings in the environment."""

    def setting(name: str) -> str | None:
        return os.environ.get(f"{_PREFIX}{name}") or None

    address = setting("SQLALCHEMY_URL")
    if address:
        scheme, _, rest = address.partition("://")
        return psycopg.connect(f"{scheme.partition('+')[0]}://{rest}")
    return psycopg.connect(
        host=setting("HOST"),
        port=setting("PORT"),
        user=setting("USER"),
        password=setting("PASSWORD"),
        dbname=setting("DATABASE"),
    )


def table(connection: psycopg.Connection[tuple[object, ...]], query: str) -> list[str]:
    """The lines that show a query's rows, the titles first."""
    schema = os.environ.get(f"{_PREFIX}DEFAULT_TARGET_SCHEMA") or "public"
    found = connection.execute(sql.SQL(query).format(schema=sql.Identifier(schema)))
    titles = [column.name for column in found.description or ()]
    rows = [titles, *([str(value) for value in row] for row in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


if __name__ == "__main__":
    with connect() as open_connection:
        for asked in (PERIODS, FINDINGS):
            sys.stdout.write("\n".join(table(open_connection, asked)) + "\n")
