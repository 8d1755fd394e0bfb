"""What `--capture` costs, until the rows are out and until the file stands."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import quantiles

from bench.figures import Figure, Section
from bench.process import Commands, Cost, interleaved
from bench.served import serving
from bench.sizes import Sizes

MOST = 1.15
HOW = """\
One month of one company with about {rows:,} postings, one run with `--capture` and one without in
turn, {pairs} pairs. User and system time of the run with it: of its process when its last byte is
read (then all rows and the state are handed over, and the capture begins to be disguised), and of
all that it started at its end; each divided by that of the whole run without. Medians of the pairs,
quartiles in brackets."""

SERVICES = (
    ("tap-omie", "omie"),
    ("tap-totvs", "totvs"),
    ("tap-contaazul", "contaazul"),
    ("tap-bling", "bling"),
    ("tap-bling, v2", "bling_v2"),
)


def measure(folder: Path, sizes: Sizes) -> Section:
    """Measure each tap by its reference APIs."""
    with serving(rows=sizes.captured) as books:
        figures = []
        for what, service in SERVICES:
            write = Commands(folder)
            tap, settings = what.partition(",")[0], books.settings(service)
            file = folder / f"{service}.zip"
            costs = interleaved(
                {
                    "without": write.tap(tap, settings),
                    "with": write.tap(tap, settings, "--capture", str(file)),
                },
                sizes.pairs,
                partial(file.unlink, missing_ok=True),
            )
            figures.append(_figure(what, costs["without"], costs["with"]))
    how = HOW.format(rows=sizes.captured, pairs=sizes.pairs)
    return Section("Captures", how, figures)


def _figure(what: str, without: list[Cost], kept: list[Cost]) -> Figure:
    spoken = _spread([one.spoken / two.cpu for one, two in zip(kept, without, strict=True)])
    whole = _spread([one.cpu / two.cpu for one, two in zip(kept, without, strict=True)])
    return Figure(
        f"{what} --capture, {kept[0].lines:,} messages, until they are out, and until the file is",
        "{1:.2f} ({0:.2f} to {2:.2f}) and ".format(*spoken)
        + "{1:.1f} ({0:.1f} to {2:.1f}) x without".format(*whole),
        ratio=f"{spoken[1]:.2f} x without",
        goal=f"at most {MOST} x until they are out",
        # What the kernel does not tell is no goal reached.
        reached=spoken[1] <= MOST if spoken[1] else None,
    )


def _spread(ratios: list[float]) -> tuple[float, float, float]:
    """The quartiles."""
    low, middle, high = quantiles(ratios * 2 if len(ratios) == 1 else ratios, n=4)
    return low, middle, high
