"""Loaders, how they are installed and set, and what is known of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

PROJECT = Path(__file__).parents[2]
INSTALLED = PROJECT / ".tools" / "loaders"
LOCKS = PROJECT / "requirements" / "loaders"


class Amounts(str, Enum):
    """What becomes of amounts."""

    EXACT = "exact"
    FLOAT = "binary floats"
    TEXT = "exact, as text"
    FAILS = "does not load"


class Repeated(str, Enum):
    """What a second load of the same rows does."""

    REPLACES = "replaced by key"
    ADDS = "added again"
    ANEW = "file written anew"
    MERGED = "replaced by key (read)"


class Deleted(str, Enum):
    """What becomes of rows that the ERP no longer has."""

    GONE = "gone from the views"
    STAY = "stay in the files"
    UNTRIED = "no views for it"


@dataclass(frozen=True)
class Loader:
    """A loader in an environment of its own, and what the suite holds it to."""

    title: str
    folder: str
    """Its environment under `INSTALLED`, and its versions under `LOCKS`."""
    executable: str
    amounts: dict[str, Amounts]
    """By the setting `amounts`."""
    repeated: Repeated
    dates: str
    objects: dict[str, str]
    """Where `metadata` lies, by the setting `objects`."""
    advice: str
    deleted: Deleted
    """Where the views of `erp_common.sql` are made over what it has loaded."""
    declared: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the setting `amounts`, the types of some columns, where no server stands in for the real
    one and only the columns that it makes are looked at."""

    @property
    def command(self) -> Path:
        """Its executable."""
        return INSTALLED / self.folder / "bin" / self.executable

    @property
    def python(self) -> Path:
        """The Python of its environment."""
        return INSTALLED / self.folder / "bin" / "python"


DUCKDB = Loader(
    title="target-duckdb 0.8.0 with duckdb 1.1.3",
    folder="target-duckdb",
    executable="target-duckdb",
    amounts={"number": Amounts.FLOAT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.REPLACES,
    dates="text",
    objects={"object": "json", "json": "text"},
    advice="`amounts: string` (in this project's `meltano.yml` nothing), `duckdb==1.1.3` beside it;"
    " cast in a view",
    deleted=Deleted.GONE,
)
JSONL = Loader(
    title="target-jsonl 0.1.4",
    folder="target-jsonl",
    executable="target-jsonl",
    amounts={"number": Amounts.EXACT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.ADDS,
    dates="text",
    objects={"object": "json", "json": "text"},
    advice="nothing; `amounts: string` for readers that make floats of numbers",
    deleted=Deleted.STAY,
)
CSV = Loader(
    title="meltanolabs-target-csv 0.5.0",
    folder="target-csv",
    executable="target-csv",
    amounts={"number": Amounts.EXACT, "decimal": Amounts.EXACT, "string": Amounts.EXACT},
    repeated=Repeated.ANEW,
    dates="text",
    objects={"object": "text", "json": "text"},
    advice="`objects: json`, so that `metadata` is JSON",
    deleted=Deleted.STAY,
)
PIPELINEWISE = Loader(
    title="pipelinewise-target-postgres 2.1.2",
    folder="pipelinewise-target-postgres",
    executable="target-postgres",
    amounts={"number": Amounts.FLOAT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.REPLACES,
    dates="timestamp",
    objects={"object": "json", "json": "text"},
    advice="`amounts: string`; better the shipped loader",
    deleted=Deleted.GONE,
)
PARQUET = Loader(
    title="plinxore-target-s3 0.1.7, Parquet",
    folder="target-parquet",
    executable="target-s3",
    amounts={"number": Amounts.FAILS, "decimal": Amounts.FAILS, "string": Amounts.TEXT},
    repeated=Repeated.ADDS,
    dates="date",
    objects={"json": "text"},
    advice="`amounts: string`, `objects: json` (in this project's `meltano.yml` nothing);"
    " `extracted_at` loses what is below a second",
    deleted=Deleted.STAY,
)
COLUMNS = {"transaction_date": "DATE", "line_number": "NUMBER(38,0)", "metadata": "VARIANT"}
JSON_TEXT = {"metadata": "VARCHAR(16777216)"}
SNOWFLAKE = Loader(
    title="meltanolabs-target-snowflake 0.20.4 (the tables that it makes, in fakesnow 0.12.1)",
    folder="target-snowflake",
    executable="target-snowflake",
    amounts={"number": Amounts.FLOAT, "decimal": Amounts.EXACT, "string": Amounts.TEXT},
    repeated=Repeated.MERGED,
    dates="date",
    objects={"object": "variant", "json": "text"},
    advice="`amounts: decimal`: NUMBER(38, 9)",
    deleted=Deleted.UNTRIED,
    declared={
        "number": COLUMNS | {"debit_amount": "FLOAT"},
        "decimal": COLUMNS | JSON_TEXT | {"debit_amount": "NUMBER(38,9)"},
        "string": COLUMNS | JSON_TEXT | {"debit_amount": "VARCHAR(16777216)"},
    },
)
FIELDS = {"transaction_date": "DATE", "line_number": "INTEGER", "metadata": "STRING"}
BIGQUERY = Loader(
    title="z3-target-bigquery 0.7.2 (the fields that it makes)",
    folder="target-bigquery",
    executable="target-bigquery",
    amounts={"number": Amounts.FLOAT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.MERGED,
    dates="date",
    objects={"object": "json", "json": "text"},
    advice="`amounts: string`; cast to BIGNUMERIC in a view",
    deleted=Deleted.UNTRIED,
    declared={
        "number": FIELDS | {"debit_amount": "FLOAT", "metadata": "JSON"},
        "decimal": FIELDS | {"debit_amount": "STRING"},
        "string": FIELDS | {"debit_amount": "STRING"},
    },
)
LOADERS = (DUCKDB, JSONL, CSV, PIPELINEWISE, PARQUET, SNOWFLAKE, BIGQUERY)
LOADING = tuple(one for one in LOADERS if not one.declared)
DECLARING = tuple(one for one in LOADERS if one.declared)
S3 = "moto"
"""The environment of the suite's S3, which the Parquet loader writes to and tap-ecd reads from."""
S3FS = "s3fs"
"""What `tap-ecd[s3]` brings beside tap-ecd itself; its versions fit those of the development."""


def install(folder: str) -> None:
    """Install what is locked for an environment, unless it is there."""
    lock, mark = LOCKS / f"{folder}.txt", INSTALLED / folder / ".installed"
    if mark.exists() and mark.read_bytes() == lock.read_bytes():
        return
    print(f"Installing {folder}", flush=True)
    shutil.rmtree(mark.parent, ignore_errors=True)
    script = str(PROJECT / "requirements" / "install.sh")
    subprocess.run(["sh", script, str(mark.parent), str(lock)], cwd=PROJECT, check=True)
    shutil.copyfile(lock, mark)


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(install, sys.argv[1:] or [S3, S3FS, *(one.folder for one in LOADERS)]))
