"""The types of the columns of Parquet files in an S3, then their rows, a JSON object each.

Numbers that are floats stay floats.

Runs where the Parquet loader is installed: `python rows_of_parquet.py ENDPOINT BUCKET/FOLDER`.
"""

from __future__ import annotations

import json
import sys

from pyarrow import dataset, fs


def main() -> None:
    """Print them."""
    endpoint, folder = sys.argv[1:]
    s3 = fs.S3FileSystem(anonymous=True, region="us-east-1", endpoint_override=endpoint)
    table = dataset.dataset(folder, filesystem=s3).to_table()
    print(json.dumps({column.name: str(column.type) for column in table.schema}))
    for row in table.to_pylist():
        print(json.dumps(row, default=str))


if __name__ == "__main__":
    main()
