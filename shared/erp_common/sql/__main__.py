"""Print the views: `python -m erp_common.sql --schema erp | psql …`."""

from __future__ import annotations

import argparse
import sys

from erp_common.sql import create_views


def main() -> None:
    """Write the SQL for one schema to standard output."""
    parser = argparse.ArgumentParser(prog="python -m erp_common.sql", description=__doc__)
    parser.add_argument(
        "--schema", default="erp", help="where the loader put the tables (%(default)s)"
    )
    sys.stdout.write(create_views(parser.parse_args().schema))


if __name__ == "__main__":
    main()
