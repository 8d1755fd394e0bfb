"""The columns that target-snowflake makes of a SCHEMA message, as fakesnow describes them.

Runs where both are installed: `python columns_of_snowflake.py MESSAGES`. fakesnow has no stages of
users, which target-snowflake loads through; so this is about tables and not about rows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import fakesnow
import snowflake.connector
from target_snowflake.target import TargetSnowflake

CONFIG = {"account": "a", "user": "u", "password": "p", "database": "BOOKS"}


def main() -> None:
    """Print names and types."""
    with fakesnow.patch():
        target = TargetSnowflake(config=CONFIG | {"default_target_schema": "ERP"})
        with Path(sys.argv[1]).open(encoding="utf-8") as messages:
            target.listen(messages)
        with snowflake.connector.connect(**CONFIG, schema="ERP") as connection:
            rows = connection.cursor().execute("describe table SUBLEDGER").fetchall()
    print(json.dumps({str(row[0]).lower(): row[1] for row in rows}))


if __name__ == "__main__":
    main()
