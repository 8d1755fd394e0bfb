"""How much of the ERPs' allowances is used while every answer takes a second."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.drawing import Curve, Panel, draw
from bench.figures import Figure, Section
from bench.process import CommandError, Commands, environment
from bench.served import Called, Served, serving
from bench.sizes import Sizes

PICTURE = "benchmarks.svg"
LATENCY = 1.0
LEAST = 0.95
WINDOW = 10.0
"""Seconds in which the allowance must be used too, once the first burst is over."""

HOW = f"""\
Every answer takes {LATENCY:g} s, and the simulator enforces the ERPs' limits; what it turns down
is counted. Permitted is what a token bucket of the ERP's rate and burst lets through from the first
call to the last. Two companies (one where the credentials belong to one), three months, small
pages, so that the run crosses pages, accounts, periods and companies. Omie takes four calls of a
method at once (and `max_concurrency` is four): at this latency that permits four calls a second,
fewer than its bucket; so it is measured against that, and, with eight in flight, against the bucket
alone. The least of {WINDOW:g} s is the worst stretch of that length after the first burst. All runs
go on at the same time, each against a simulator of its own."""


@dataclass(frozen=True)
class Case:
    """A run.

    Attributes:
        title: Its name.
        erp: The ERP.
        rate: Permitted calls a second.
        burst: Permitted at once.
        settings: The tap's, beside the usual ones.
        limits: Which are enforced.
    """

    title: str
    erp: str
    rate: float
    burst: int
    settings: dict[str, Any]
    limits: str = "real"


CASES = (
    Case("TOTVS", "totvs", 100 / 60, 10, {}),
    Case("ContaAzul", "contaazul", 1, 5, {"page_size": 30}),
    Case("Bling", "bling", 100 / 60, 10, {}),
    Case("Omie, 4 in flight (default)", "omie", 4 / LATENCY, 4, {"page_size": 40}),
    Case("Omie, 8 in flight", "omie", 5, 20, {"page_size": 40, "max_concurrency": 8}, "bucket"),
)
PLAIN = Case("Omie, plain SDK tap", "omie", 5, 20, {"page_size": 40})
SPEC: dict[str, Any] = {
    "rows": 2_500,
    "companies": 2,
    "end": "2024-03-31",
}


@dataclass(frozen=True)
class Use:
    """What was called, in seconds from the first call."""

    case: Case
    times: list[float]
    rejected: int

    def permitted(self, at: float) -> float:
        """Calls that the bucket lets through until then."""
        return self.case.burst + self.case.rate * at

    @property
    def share(self) -> float:
        """The part of the permitted calls that was made."""
        return len(self.times) / self.permitted(self.times[-1])

    @property
    def worst(self) -> float:
        """The smallest part of the permitted calls that was made in a stretch of `WINDOW`."""
        start, last = self.case.burst / self.case.rate, self.times[-1] - WINDOW
        counts = [
            sum(begin <= time < begin + WINDOW for time in self.times)
            for begin in (start + step for step in range(max(1, int(last - start))))
        ]
        return min(counts) / (WINDOW * self.case.rate)


def measure(folder: Path, sizes: Sizes) -> Section:
    """Run every tap against its limits, all at the same time, and draw the picture."""
    *uses, plain = _run(Commands(folder), waits=sizes.waits)
    (folder / PICTURE).write_text(_picture(uses, plain), encoding="utf-8")
    return Section("Allowance", HOW, [_figure(use, plain) for use in uses])


def _run(write: Commands, *, waits: bool) -> list[Use]:
    """Run all cases side by side, each against a simulator of its own; the plain tap is cut off."""
    with ExitStack() as simulators:
        served = [
            simulators.enter_context(serving(**SPEC, **(_slow(case) if waits else {})))
            for case in (*CASES, PLAIN)
        ]
        *ours, plain = [
            _start(_command(write, case, books, {"rate_limit": {}} if waits else {}))
            for case, books in zip((*CASES, PLAIN), served, strict=True)
        ]
        for process in ours:
            if process.wait():
                raise CommandError(f"{process.args!r} failed with status {process.returncode}")
        plain.terminate()
        plain.wait()
        return [
            _use(case, books.calls()) for case, books in zip((*CASES, PLAIN), served, strict=True)
        ]


def _slow(case: Case) -> dict[str, Any]:
    return {"latency": LATENCY, "limits": case.limits}


def _command(write: Commands, case: Case, books: Served, limit: dict[str, Any]) -> list[str]:
    more = {"end_date": SPEC["end"], **limit, **case.settings}
    settings = books.settings(case.erp, **more)
    return write.plain(settings) if case is PLAIN else write.tap(f"tap-{case.erp}", settings)


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )


def _use(case: Case, calls: list[Called]) -> Use:
    own = [call for call in calls if call.endpoint != "token"]
    first = own[0].started
    rejected = sum(call.rejected is not None for call in own)
    return Use(case, sorted(call.started - first for call in own), rejected)


def _figure(use: Use, plain: Use) -> Figure:
    compared = use.case.erp == "omie"
    return Figure(
        f"{use.case.title}: calls made in {use.times[-1]:.0f} s",
        f"{len(use.times)} of {use.permitted(use.times[-1]):.0f}",
        f"{len(plain.times)} in {plain.times[-1]:.0f} s" if compared else "",
        ratio=f"{use.share:.1%}, at least {use.worst:.1%} of {WINDOW:g} s, "
        f"{use.rejected} turned down",
        goal=f"{LEAST:.0%} to 100%, none turned down",
        reached=use.rejected == 0 and LEAST <= use.share <= 1,
    )


def _picture(uses: Sequence[Use], plain: Use) -> str:
    panels = []
    for use in uses:
        end = use.times[-1]
        curves = [
            Curve("permitted", [(0, use.case.burst), (end, use.permitted(end))], dashed=True),
            Curve(f"tap-{use.case.erp}", _steps(use.times)),
        ]
        if use.case.erp == "omie":
            curves.append(Curve("plain SDK tap", _steps([t for t in plain.times if t <= end])))
        panels.append(Panel(use.case.title, curves))
    return draw("Calls made while every answer takes a second", panels)


def _steps(times: Sequence[float]) -> list[tuple[float, float]]:
    return [(at, count) for count, at in enumerate(times, start=1)]
