"""`make bench`, or `python -m bench cpu startup` for some of it.

Each takes its place in `docs/benchmarks.md`, beside what was measured before; with `--print` and
`--small` the figures are only printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from bench import (
    allowance,
    calls,
    captured,
    compared,
    cpu,
    filed,
    growth,
    memory,
    pipeline,
    report,
    startup,
)
from bench.figures import Section
from bench.sizes import PUBLISHED, SMALL, Sizes

DOCS = Path(__file__).parents[2] / "docs"
NOTES = Path(__file__).with_name("notes.md")
PUBLISHED_FIGURES = Path(__file__).with_name("published.json")
BENCHMARKS: dict[str, Callable[[Path, Sizes], Section]] = {
    "allowance": allowance.measure,
    "calls": calls.measure,
    "peers": compared.measure,
    "cpu": cpu.measure,
    "memory": memory.measure,
    "startup": startup.measure,
    "capture": captured.measure,
    "filed": filed.measure,
    "growth": growth.measure,
    "pipeline": pipeline.measure,
}
"""What there is, in the order of the document."""
TITLES = (
    "Allowance",
    "Calls",
    "Peers",
    "CPU",
    "Memory",
    "Start-up",
    "Captures",
    "Filed ledgers",
    "Growth",
    "Pipeline",
)
"""What they are called there."""


def main() -> int:
    """Run the benchmarks; gives the exit status, which is 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="which to run; all by default")
    parser.add_argument(
        "--small", action="store_true", help="sizes that only show that everything works"
    )
    parser.add_argument("--print", action="store_true", help="leave the document as it is")
    given = parser.parse_args()
    names = given.names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    sections = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for each in names:
            began = time.monotonic()
            sections.append(apart(each, folder, SMALL if given.small else PUBLISHED))
            print(report.table(sections[-1]))
            print(f"  ({each} took {time.monotonic() - began:.0f} s)\n", flush=True)
        if not given.small and not given.print:
            together = report.with_known(PUBLISHED_FIGURES, sections, TITLES)
            text = report.document(together, NOTES.read_text(encoding="utf-8"))
            (DOCS / "benchmarks.md").write_text(text, encoding="utf-8")
            if "allowance" in names:
                drawn = (folder / allowance.PICTURE).read_bytes()
                (DOCS / allowance.PICTURE).write_bytes(drawn)
            print(f"Written to {DOCS / 'benchmarks.md'}")
    missed = [one for section in sections for one in section.figures if one.reached is False]
    return 1 if missed and not given.small else 0


def apart(name: str, folder: Path, sizes: Sizes) -> Section:
    """Run a benchmark in a process of its own.

    What another has left in memory would be counted as the peak of every process started after it.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        found = process.submit(BENCHMARKS[name], folder, sizes).result()
    return replace(found, measured=report.machine())


if __name__ == "__main__":
    sys.exit(main())
