"""Peak memory, with few rows in a period and with very many."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from bench.figures import Figure, Section
from bench.process import Commands, Cost, run
from bench.served import serving
from bench.sizes import Sizes

MOST = 25
HOW = """\
One month of one company; peak resident memory of the tap's process over {few:,} postings and over
{many:,}. The simulator runs in another process. TOTVS serves an account in one answer, however
large: the second line is a single account with all {many:,} lines, in an answer of about 300 MB."""

CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("tap-omie", "omie", {}),
    ("tap-totvs", "totvs", {}),
    ("tap-totvs, one account", "totvs", {"one_account": True}),
    ("tap-contaazul", "contaazul", {}),
    ("tap-bling", "bling", {}),
)


class Peak(NamedTuple):
    """What the tap took, and the plain tap where it reads the same rows."""

    ours: Cost
    plain: Cost | None


def measure(folder: Path, sizes: Sizes) -> Section:
    """Measure each tap."""
    few, _, many = sizes.rows
    figures = [_compare(folder, few, many, *case) for case in CASES]
    return Section("Memory", HOW.format(few=few, many=many), figures)


def _compare(
    folder: Path, few: int, many: int, what: str, erp: str, spec: dict[str, Any]
) -> Figure:
    small, large = (_peak(folder, erp, rows, spec) for rows in (few, many))
    grown = large.ours.peak - small.ours.peak
    return Figure(
        f"{what}, peak MB over {small.ours.lines:,} and {large.ours.lines:,} messages",
        f"{small.ours.peak:.1f} and {large.ours.peak:.1f}",
        f"{small.plain.peak:.1f} and {large.plain.peak:.1f}" if small.plain and large.plain else "",
        ratio=f"{grown:+.1f} MB",
        goal=f"at most +{MOST} MB",
        reached=grown <= MOST,
    )


def _peak(folder: Path, erp: str, rows: int, spec: dict[str, Any]) -> Peak:
    write = Commands(folder)
    # Nothing is remembered: a simulator with a million rows in it has better uses for its memory.
    with serving(rows=rows, remember=False, **spec) as books:
        settings = books.settings(erp)
        command = write.tap(f"tap-{erp}", settings)
        run([*command, "--about"])  # compiles the modules, which takes memory of its own
        ours = run(command)
        return Peak(ours, run(write.plain(settings)) if erp == "omie" else None)
