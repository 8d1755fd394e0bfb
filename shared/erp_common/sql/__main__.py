"""Print the views: `python -m erp_common.sql --schema erp | psql …`."""

from __future__ import annotations

import argparse
import sys

from erp_common.sql import Dialect, script


def main() -> None:
    """Write the SQL for one schema to standard output."""
    parser = argparse.ArgumentParser(prog="python -m erp_common.sql", description=__doc__)
    parser.add_argument(
        "--dialect",
        default=Dialect.POSTGRES.value,
        choices=[one.value for one in Dialect],
        help="the database, mysql for MariaDB too (%(default)s)",
    )
    parser.add_argument(
        "--schema", help="where the loader put the tables (erp; in SQLite the file itself: main)"
    )
    given = parser.parse_args()
    dialect = Dialect(given.dialect)
    usual = "main" if dialect is Dialect.SQLITE else "erp"
    sys.stdout.write(script(given.schema or usual, dialect))


if __name__ == "__main__":
    main()
