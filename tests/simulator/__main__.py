"""The simulator as a server of its own: `python -m simulator --preset demo`."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

from simulator.books import PRESETS, Books
from simulator.server import Simulator, kinds

_KEPT_REQUESTS = 10_000


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="demo", help="size of books")
    parser.add_argument("--companies", type=int, help="number of companies")
    parser.add_argument("--start", type=date.fromisoformat, help="first day of the books")
    parser.add_argument("--end", type=date.fromisoformat, help="last day of the books")
    parser.add_argument("--entries", type=int, help="entries per company and month")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other books")
    parser.add_argument(
        "--opening",
        choices=("balances", "entry", "none"),
        default="balances",
        help="opening balances, or an entry of the day before the first, or nothing",
    )
    parser.add_argument("--limits", choices=("real", "off"), default="off")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--page-cap", type=int, help="largest page served")
    parser.add_argument("--ca-file", type=Path, help="where to put the certificate authority too")
    parser.add_argument("--json", action="store_true", help="one JSON line instead of a table")
    return parser.parse_args(argv)


def describe(sim: Simulator) -> dict[str, Any]:
    """Return addresses and working keys of a running simulator."""
    erps: dict[str, Any] = {}
    for erp in [kind.erp for kind in kinds() if kind.chosen_by.get("api") != "public"]:
        erps[erp] = {
            "base_url": sim.base_url(erp),
            "credentials": {
                company.id: sim.credentials(erp, company=company.id)
                for company in sim.books.companies
            },
        }
    return {
        "port": sim.port,
        "ca_bundle": sim.ca_bundle,
        "companies": [{"id": c.id, "name": c.name} for c in sim.books.companies],
        "erps": erps,
    }


def _table(description: dict[str, Any]) -> str:
    lines = [f"Certificate authority: {description['ca_bundle']}", "Companies:"]
    lines += [f"  {company['id']}  {company['name']}" for company in description["companies"]]
    for erp, facts in description["erps"].items():
        lines.append(f"{erp}: {facts['base_url']}")
        keys_of = facts["credentials"]
        shared = len({json.dumps(keys) for keys in keys_of.values()}) == 1
        for company, keys in keys_of.items():
            lines.append("  keys:" if shared else f"  keys of {company}:")
            lines += [f"    {name}: {value}" for name, value in keys.items()]
            if shared:
                break
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    arguments = _arguments(argv)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    books = Books.generate(
        preset=arguments.preset,
        companies=arguments.companies,
        start=arguments.start,
        end=arguments.end,
        entries_per_month=arguments.entries,
        seed=arguments.seed,
        opening=arguments.opening,
    )
    sim = Simulator(
        books, latency=arguments.latency, port=arguments.port, keep_requests=_KEPT_REQUESTS
    )
    if arguments.limits == "real":
        sim.limits.real()
    if arguments.page_cap is not None:
        sim.page_cap = arguments.page_cap
    with sim:
        description = describe(sim)
        if arguments.ca_file is not None:
            shutil.copyfile(sim.ca_bundle, arguments.ca_file)
            description["ca_bundle"] = str(arguments.ca_file.resolve())
        print(json.dumps(description) if arguments.json else _table(description), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
