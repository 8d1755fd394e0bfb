"""Filed ledgers: records a CPU second, and memory over files of any size."""

from __future__ import annotations

from pathlib import Path

from bench.figures import Figure, Section
from bench.process import Commands, Cost, middle, run
from bench.sizes import Sizes
from ecd.large import write_large
from ecd.writer import CNPJ

LEAST = 100_000
MOST = 25
HOW = """\
One ECD of a year, with {few:,} and with {many:,} records of entries (I200 and I250), {size:.0f} MB;
every stream selected, all checks on. Records a CPU second are of the whole process, less the run
over the smaller file: medians of {times} runs. Ten bytes a line of the month stay in memory, so
that two lines of one number never overwrite each other."""


def measure(folder: Path, sizes: Sizes) -> Section:
    """Measure tap-ecd over a small and a large file."""
    write = Commands(folder)
    costs: list[list[Cost]] = []
    records = []
    for times in sizes.filed:
        path = folder / f"ecd-{times}.txt"
        records.append(write_large(path, times))
        settings = {"paths": [str(path)], "companies": [{"id": "ACME", "cnpj": CNPJ}]}
        costs.append([run(write.tap("tap-ecd", settings)) for _ in range(sizes.times)])
        size = path.stat().st_size / 1e6
        path.unlink()
    few, many = costs
    rate = (records[1] - records[0]) / max(middle(many) - middle(few), 1e-9)
    grown = max(cost.peak for cost in many) - max(cost.peak for cost in few)
    figures = [
        Figure(
            "tap-ecd, records a CPU second",
            f"{rate:,.0f}",
            goal=f"at least {LEAST:,}",
            reached=rate >= LEAST,
        ),
        Figure(
            f"tap-ecd, peak MB over {records[0]:,} and {records[1]:,} records",
            f"{max(cost.peak for cost in few):.1f} and {max(cost.peak for cost in many):.1f}",
            ratio=f"{grown:+.1f} MB",
            goal=f"at most +{MOST} MB",
            reached=grown <= MOST,
        ),
    ]
    how = HOW.format(few=records[0], many=records[1], size=size, times=sizes.times)
    return Section("Filed ledgers", how, figures)
