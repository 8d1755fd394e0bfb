"""The same first load by other tools, each in an environment of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.figures import Figure, Section
from bench.process import CommandError, Commands, Cost, run
from bench.served import Served, serving
from bench.sizes import Sizes

LATENCY = 0.3
MONTHS, ACCOUNTS, ROWS = 12, 30, 20
TOOLS = Path(__file__).parents[2] / ".tools"
OURS = ("tap-omie, periods_per_request 12 (its default)", "tap-omie, periods_per_request 1")
PEERS = Path(__file__).with_name("peers")
HOW = f"""\
A first load of one company of Omie's: {MONTHS} months, {ACCOUNTS} accounts that all move each
month, {ROWS} rows each; every answer takes {LATENCY:g} s and Omie's allowance is enforced (300
calls a minute, 20 at once, 4 of a method in flight), on a real clock, whole processes, each once
after a run to warm up.
Each asks for twelve trial balances and for each account once over the year (the plain SDK tap as
its documentation has it: month by month). What each does less than tap-omie stands beside it; all
lack checks, control totals, current rows after deletions, and the allowance itself, so that refused
calls are their users' to deal with. dlt also writes files, where the taps write messages."""
LACKING = {
    "dlt": "no checks, no periods, no ISO dates or account types, entries not numbered",
    "Airbyte CDK": "the same, and amounts as binary floats",
    "plain SDK tap": "no checks, no periods",
    "plain SDK tap, a year a request": "no checks, no periods; a month's bookmark is a year's",
    "tuned SDK tap, a year a request": "the same, and types not made to conform",
}


class Peer(NamedTuple):
    """A way to read the books."""

    name: str
    command: Callable[[dict[str, Any], Commands, Path], Sequence[str]]


def _python(environment: str) -> str:
    return str(TOOLS / f"bench-{environment}" / "bin" / "python")


def _dlt(settings: dict[str, Any], write: Commands, folder: Path) -> list[str]:
    out = folder / "dlt"
    out.mkdir(exist_ok=True)
    return [_python("dlt"), str(PEERS / "dlt_books.py"), write.file(settings), str(out)]


def _airbyte(settings: dict[str, Any], write: Commands, folder: Path) -> list[str]:
    del folder
    streams = [
        {
            "stream": {
                "name": name,
                "json_schema": {"type": "object", "properties": {}},
                "supported_sync_modes": ["full_refresh"],
            },
            "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        }
        for name in ("trial_balance", "subledger")
    ]
    catalog = write.file({"streams": streams})
    program = [_python("airbyte"), str(PEERS / "airbyte_books.py"), "read"]
    return [*program, "--config", write.file(settings), "--catalog", catalog]


def _tuned(kind: str) -> Callable[[dict[str, Any], Commands, Path], list[str]]:
    def command(settings: dict[str, Any], write: Commands, folder: Path) -> list[str]:
        del folder
        return write.tuned(kind, {k: v for k, v in settings.items() if k != "months"})

    return command


PEERS_COMPARED = (
    Peer("dlt", _dlt),
    Peer("Airbyte CDK", _airbyte),
    Peer("plain SDK tap", lambda settings, write, _: write.plain(settings)),
    Peer("plain SDK tap, a year a request", _tuned("wide")),
    Peer("tuned SDK tap, a year a request", _tuned("tuned")),
)


def measure(folder: Path, sizes: Sizes) -> Section:
    """Run them one after the other."""
    if sizes.waits:
        _all(folder, rows=1)  # what is loaded for the first time is slow, in any tool
        costs = _all(folder, rows=ROWS, latency=LATENCY, limits="real")
    else:
        costs = _all(folder, rows=1)
    ours, _ = costs[OURS[0]]
    figures = []
    for name, (cost, calls) in costs.items():
        found = f"{cost.wall:.1f} s, {cost.cpu:.1f} s CPU, {calls}"
        if name in OURS:
            figures.append(Figure(name, found))
            continue
        figures.append(
            Figure(
                f"{name} ({LACKING[name]})",
                f"{ours.wall:.1f} s",
                ratio=f"{found}: {cost.wall / ours.wall:.1f} x as long",
                goal="no quicker than tap-omie",
                reached=cost.wall >= ours.wall,
            )
        )
    return Section("Peers", HOW, figures)


def _all(folder: Path, **books: Any) -> dict[str, tuple[Cost, str]]:
    """What each took, and its calls, by name; each has a server of its own."""
    write = Commands(folder)
    costs = {}
    spec = {"end": "2024-12-31", "accounts": ACCOUNTS, "even": True, **books}
    limit: dict[str, Any] = {"rate_limit": {}} if "limits" in books else {}
    for name, together in zip(OURS, (12, 1), strict=True):
        with serving(**spec) as served:
            settings = served.settings(
                "omie", end_date="2024-12-31", periods_per_request=together, **limit
            )
            costs[name] = run(write.tap("tap-omie", settings)), _calls(served)
    for peer in PEERS_COMPARED:
        with serving(**spec) as served, tempfile.TemporaryDirectory(dir=folder) as own:
            settings = served.settings("omie", end_date="2024-12-31", page_size=500)
            del settings["rate_limit"]
            command = peer.command({**settings, "months": MONTHS}, write, Path(own))
            costs[peer.name] = _run(command), _calls(served)
    return costs


def _run(command: Sequence[str]) -> Cost:
    """Run a peer, whose own words to its makers are switched off."""
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    os.environ.update(quiet)
    if not Path(command[0]).exists():
        raise CommandError(f"{command[0]} is not installed; `make bench` does it")
    return run(command)


def _calls(books: Served) -> str:
    calls = [call for call in books.calls() if call.endpoint != "token"]
    refused = sum(call.rejected is not None for call in calls)
    return f"{len(calls):,} calls" + (f", {refused:,} refused" if refused else "")
