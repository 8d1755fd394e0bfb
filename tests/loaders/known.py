"""Loaders, how they are installed, and what to set."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PROJECT = Path(__file__).parents[2]
INSTALLED = PROJECT / ".tools" / "loaders"
LOCKS = PROJECT / "requirements" / "loaders"


class Kind(str, Enum):
    """What a loader loads into, as far as it can be tried here."""

    DATABASE = "database"
    FILES = "files"
    COLUMNS = "columns"
    """No server stands in for the real one: only the columns that it makes are looked at."""


@dataclass(frozen=True)
class Loader:
    """A loader in an environment of its own. What it does is in `measured.json`."""

    folder: str
    """Its environment under `INSTALLED`, and its versions under `LOCKS`."""
    executable: str
    kind: Kind
    packages: tuple[str, ...]
    """Whose versions its row names, its own first."""
    called: str
    """Its name in the table, with `{0}`, `{1}` for the versions of its packages."""
    advice: str

    @property
    def command(self) -> Path:
        """Its executable."""
        return INSTALLED / self.folder / "bin" / self.executable

    @property
    def python(self) -> Path:
        """The Python of its environment."""
        return INSTALLED / self.folder / "bin" / "python"


DUCKDB = Loader(
    folder="target-duckdb",
    executable="target-duckdb",
    kind=Kind.DATABASE,
    packages=("target-duckdb", "duckdb"),
    called="target-duckdb {0} with duckdb {1}",
    advice="`amounts: string` (in this project's `meltano.yml` nothing), `duckdb==1.1.3` beside it;"
    " cast in a view",
)
JSONL = Loader(
    folder="target-jsonl",
    executable="target-jsonl",
    kind=Kind.FILES,
    packages=("target-jsonl",),
    called="target-jsonl {0}",
    advice="nothing; `amounts: string` for readers that make floats of numbers",
)
CSV = Loader(
    folder="target-csv",
    executable="target-csv",
    kind=Kind.FILES,
    packages=("meltanolabs-target-csv",),
    called="meltanolabs-target-csv {0}",
    advice="`objects: json`, so that `metadata` is JSON",
)
PIPELINEWISE = Loader(
    folder="pipelinewise-target-postgres",
    executable="target-postgres",
    kind=Kind.DATABASE,
    packages=("pipelinewise-target-postgres",),
    called="pipelinewise-target-postgres {0}",
    advice="`amounts: string`; better the shipped loader",
)
PARQUET = Loader(
    folder="target-parquet",
    executable="target-s3",
    kind=Kind.FILES,
    packages=("plinxore-target-s3",),
    called="plinxore-target-s3 {0}, Parquet",
    advice="`amounts: string`, `objects: json` (in this project's `meltano.yml` nothing);"
    " `extracted_at` loses what is below a second",
)
SNOWFLAKE = Loader(
    folder="target-snowflake",
    executable="target-snowflake",
    kind=Kind.COLUMNS,
    packages=("meltanolabs-target-snowflake", "fakesnow"),
    called="meltanolabs-target-snowflake {0} (the tables that it makes, in fakesnow {1})",
    advice="`amounts: decimal`: NUMBER(38, 9)",
)
BIGQUERY = Loader(
    folder="target-bigquery",
    executable="target-bigquery",
    kind=Kind.COLUMNS,
    packages=("z3-target-bigquery",),
    called="z3-target-bigquery {0} (the fields that it makes)",
    advice="`amounts: string`; cast to BIGNUMERIC in a view",
)
LOADERS = (DUCKDB, JSONL, CSV, PIPELINEWISE, PARQUET, SNOWFLAKE, BIGQUERY)
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
