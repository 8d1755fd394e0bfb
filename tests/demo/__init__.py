"""A fictional company group's ledgers, from the ERP's API to a trial balance in PostgreSQL."""

from pathlib import Path
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]
PROJECT = Path(__file__).parents[2]
KEPT = PROJECT / ".demo"
"""What the demo keeps between runs: the database, Meltano's state, logs."""
SCHEMA = "erp"
