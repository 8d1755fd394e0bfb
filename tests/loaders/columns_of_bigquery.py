"""The fields that z3-target-bigquery makes of a SCHEMA message.

Runs where it is installed: `python columns_of_bigquery.py MESSAGES`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from target_bigquery.core import SchemaTranslator


def main() -> None:
    """Print names and types."""
    with Path(sys.argv[1]).open(encoding="utf-8") as messages:
        schema = json.loads(next(messages))["schema"]
    fields = SchemaTranslator(schema, {}).translated_schema
    print(json.dumps({field.name: field.field_type for field in fields}))


if __name__ == "__main__":
    main()
