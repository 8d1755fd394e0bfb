"""What the companies are called, and the currency that each keeps its books in."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from close_report.text import harmless
from close_report.warehouse import Warehouse

PERIODS = "stg_erp__periods"


@dataclass(frozen=True)
class Directory:
    """By company_id, as far as it is known."""

    names: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    """ISO 4217, of the company's newest period."""


def read_directory(warehouse: Warehouse) -> Directory:
    """The names as the table `companies` says, else as the ERP did last; the currencies."""
    named = _newest(warehouse, PERIODS, "company_name", "period_end")
    named |= _newest(warehouse, "companies", "name", "valid_from")
    return Directory(named, _newest(warehouse, PERIODS, "currency", "period_end"))


def _newest(warehouse: Warehouse, source: str, column: str, since: str) -> dict[str, str]:
    """A text of each company from its newest row in which it is not empty."""
    if not warehouse.has(source):
        return {}
    table = warehouse.table(source, ("company_id", column, since))
    query = sa.select(table.c.company_id, table.c[column]).order_by(
        table.c[since].asc().nulls_first()
    )
    with warehouse.told(
        f"{warehouse.schema}.{source} cannot be read; has `dbt build` run since the last release?"
    ):
        rows = warehouse.connection.execute(query).all()
    return {company: harmless(text) for company, text in rows if text}
