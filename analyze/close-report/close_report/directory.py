"""What the companies are called."""

from __future__ import annotations

import sqlalchemy as sa

from close_report.text import harmless
from close_report.warehouse import Warehouse

# Each with the column that says which row is the newest.
_SOURCES = (
    ("stg_erp__periods", "company_name", "period_end"),
    ("companies", "name", "valid_from"),
)


def company_names(warehouse: Warehouse) -> dict[str, str]:
    """The names by id: as the table `companies` says, else as the ERP did last."""
    names: dict[str, str] = {}
    for source, column, newest in _SOURCES:
        if not warehouse.has(source):
            continue
        table = warehouse.table(source, ("company_id", column, newest))
        query = sa.select(table.c.company_id, table.c[column]).order_by(
            table.c[newest].asc().nulls_first()
        )
        with warehouse.told(f"{warehouse.schema}.{source} cannot be read"):
            rows = warehouse.connection.execute(query).all()
        names |= {company: harmless(name) for company, name in rows if name}
    return names
