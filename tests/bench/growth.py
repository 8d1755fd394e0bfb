"""Whether a row costs the same however many there are: rows, companies, months."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.figures import Figure, Section
from bench.process import Commands, interleaved, middle, run
from bench.served import serving
from bench.sizes import Sizes
from bench.state import last_state

MOST = 0.15
A_COMPANY = 2_000
WATCHED, A_WATCHED_COMPANY = 60, 3_000
HOW = """\
tap-omie, and the plain SDK tap, which is run once. Costs of the further rows from one size to the
next, so that start-up is not in them: microseconds of user and system time a row, medians of
{times} interleaved runs. Companies and months have about {a_month:,} postings each a month. The
state is the last STATE message's value. The last two lines are derived ledgers over all the months,
with an account's balance in the state for each account that moved."""


@dataclass(frozen=True)
class Size:
    """One size of the books, and what it took: messages, bytes of state, seconds of CPU."""

    label: str
    lines: int
    state: int
    cpu: float
    plain: tuple[int, int, float]


def measure(folder: Path, sizes: Sizes) -> Section:
    """Let rows, companies and months grow."""
    times, a_month = sizes.times, sizes.a_month
    rows = _grown(folder, times, {f"{count:,}": {"rows": count} for count in sizes.rows})
    companies = _grown(
        folder,
        times,
        {str(count): {"rows": a_month, "companies": count} for count in sizes.companies},
    )
    months = _grown(
        folder,
        times,
        {
            str((end.year - 2024) * 12 + end.month): {"rows": a_month, "end": end.isoformat()}
            for end in sizes.ends
        },
    )
    figures = [
        _flat("postings", rows),
        _flat("companies", companies),
        _flat("months", months),
        _state_of_companies(companies),
        _state_of_months(months),
        *(_derived(folder, erp, sizes) for erp in ("contaazul", "bling")),
    ]
    return Section("Growth", HOW.format(times=times, a_month=a_month), figures)


def _grown(folder: Path, times: int, specs: dict[str, dict[str, Any]]) -> list[Size]:
    """Measure books of several sizes in turn."""
    write = Commands(folder)
    output = folder / "growth.jsonl"
    with ExitStack() as simulators:
        commands: dict[str, list[str]] = {}
        ours: dict[str, tuple[int, int]] = {}
        plain: dict[str, tuple[int, int, float]] = {}
        for label, spec in specs.items():
            books = simulators.enter_context(serving(**spec))
            settings = books.settings("omie", end_date=spec.get("end", "2024-01-31"))
            commands[label] = write.tap("tap-omie", settings)
            ours[label] = (run(commands[label], output).lines, last_state(output))
            cost = run(write.plain(settings), output)
            plain[label] = cost.lines, last_state(output), cost.cpu
        costs = interleaved(commands, times)
    return [Size(label, *ours[label], middle(costs[label]), plain[label]) for label in specs]


def _flat(what: str, sizes: list[Size]) -> Figure:
    pairs = list(pairwise(sizes))
    early, late = ((more.cpu - less.cpu) / (more.lines - less.lines) * 1e6 for less, more in pairs)
    plain = (
        (more.plain[2] - less.plain[2]) / (more.plain[0] - less.plain[0]) * 1e6
        for less, more in pairs
    )
    return Figure(
        f"microseconds a row, {' to '.join(size.label for size in sizes)} {what}",
        f"{early:.2f}, then {late:.2f}",
        "{:.2f}, then {:.2f}".format(*plain),
        ratio=f"{late / early - 1:+.0%}",
        goal=f"at most +{MOST:.0%}",
        reached=late <= early * (1 + MOST),
    )


def _state_of_companies(sizes: list[Size]) -> Figure:
    a_company = sizes[-1].state / int(sizes[-1].label)
    return Figure(
        f"bytes of state, {' to '.join(size.label for size in sizes)} companies",
        ", ".join(f"{size.state:,}" for size in sizes),
        ", ".join(f"{size.plain[1]:,}" for size in sizes),
        ratio=f"{a_company:,.0f} a company",
        goal=f"below {A_COMPANY:,} a company",
        reached=a_company < A_COMPANY,
    )


def _state_of_months(sizes: list[Size]) -> Figure:
    states = [size.state for size in sizes]
    months = [int(size.label) for size in sizes]
    # Each closed month that is watched has its digest there.
    a_month = -(-(states[-1] - states[0]) // (months[-1] - months[0]))
    at_most = states[-1] + a_month * (WATCHED - months[-1])
    return Figure(
        f"bytes of state, {' to '.join(size.label for size in sizes)} months",
        ", ".join(f"{state:,}" for state in states),
        ", ".join(f"{size.plain[1]:,}" for size in sizes),
        ratio=f"{at_most:,} at {WATCHED} months",
        goal=f"below {A_WATCHED_COMPANY:,}",
        reached=at_most < A_WATCHED_COMPANY,
    )


def _derived(folder: Path, erp: str, sizes: Sizes) -> Figure:
    """The state of a derived ledger at the fewest and the most months."""
    write, output = Commands(folder), folder / "derived.jsonl"
    states = []
    for end in sizes.ends[::2]:
        spec = {"rows": sizes.a_month, "accounts": sizes.accounts, "end": end.isoformat()}
        with serving(**spec, remember=False) as books:
            run(write.tap(f"tap-{erp}", books.settings(erp, end_date=spec["end"])), output)
        states.append(last_state(output))
    first, last = ((end.year - 2024) * 12 + end.month for end in sizes.ends[::2])
    return Figure(
        f"bytes of state, tap-{erp} with {sizes.accounts:,} accounts, {first} to {last} months",
        ", ".join(f"{state:,}" for state in states),
        ratio=f"{states[-1] / sizes.accounts:.1f} an account",
    )
