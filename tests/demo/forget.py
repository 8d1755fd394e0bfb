"""Part of `make clean`: remove what the demo keeps, also where it had to be kept elsewhere."""

from __future__ import annotations

import shutil

from demo import KEPT
from demo.postgres import Postgres, remove_copied_programs


def main() -> None:
    """Remove the demo's database, Meltano's state of it, and the logs."""
    Postgres(KEPT / "postgres").remove()
    remove_copied_programs()
    shutil.rmtree(KEPT, ignore_errors=True)


if __name__ == "__main__":
    main()
