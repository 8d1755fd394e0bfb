"""The figures as a table on the terminal and as `docs/benchmarks.md`."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.figures import Figure, Section

WIDTH = 100
COLUMNS = ("", "ours", "plain SDK tap", "floor", "ratio", "goal", "reached")
HEAD = """\
# Benchmarks

What the taps cost, measured by `make bench` (or `python -m bench cpu startup` for some of it)
against the simulator of the four ERPs that the tests use. *Plain SDK tap* is
[`plain_tap.py`](../tests/bench/plain_tap.py), an ordinary Meltano SDK tap that reads the same rows
of Omie with the SDK's defaults. *Floor* is [`floor.py`](../tests/bench/floor.py), a bare program
without SDK, checks and threads: fetch, decode, map, encode. Whole processes are measured: user and
system time as the kernel counts it. This page is written by the runs; below the figures stands of
each part how, when and on what machine it was measured. CPU seconds of different days or machines
are not to be compared, ratios are.
"""
PICTURE = "![Calls made over time, against the permitted ones](benchmarks.svg)\n"


def table(section: Section) -> str:
    """A section for the terminal."""
    cells = [COLUMNS, *(_cells(figure) for figure in section.figures)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([section.title, *(f"  {line}" for line in lines)])


def document(sections: Sequence[Section], notes: str) -> str:
    """All figures in one table, how they were measured, and what was found on the way."""
    parts = [HEAD, "## Figures\n"]
    parts.append(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for section in sections:
        parts.append(f"| **{section.title}** |{' |' * (len(COLUMNS) - 1)}")
        parts += [f"| {' | '.join(_cells(figure))} |" for figure in section.figures]
    parts += ["", PICTURE, "## How they were measured\n"]
    parts += [_filled(f"**{one.title}.** {one.how} {one.measured}") for one in sections]
    return "\n".join([*parts, notes])


def with_known(file: Path, found: Sequence[Section], order: Sequence[str]) -> list[Section]:
    """These sections and those that were measured before, which the file keeps.

    Args:
        file: Of all sections as they were last measured; written anew.
        found: What was measured now.
        order: The titles of all sections there are.
    """
    known = msgspec.json.decode(file.read_bytes(), type=list[Section]) if file.exists() else []
    latest = {one.title: one for one in (*known, *found)}
    sections = [latest[title] for title in order if title in latest]
    file.write_bytes(msgspec.json.format(msgspec.json.encode(sections)) + b"\n")
    return sections


def machine() -> str:
    """What was measured on, and when."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    today = date.today()  # noqa: DTZ011 - for a reader, not for a computation
    load = os.getloadavg()[2]
    return (
        f"Measured on {today:%Y-%m-%d} on {os.cpu_count()} cores ({processor}), "
        f"{platform.system()}, Python {platform.python_version()}, singer-sdk "
        f"{version('singer-sdk')}, msgspec {version('msgspec')}; the load over the last quarter of "
        f"an hour was {load:.1f}, the bench's own included."
    )


def _filled(text: str) -> str:
    joined = " ".join(text.split())
    return textwrap.fill(joined, WIDTH, break_on_hyphens=False, break_long_words=False) + "\n"


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.what,
        figure.ours,
        figure.plain,
        figure.floor,
        figure.ratio,
        figure.goal,
        {True: "yes", False: "**no**", None: ""}[figure.reached],
    )
