"""Several processes of one tap, one allowance between them: `python -m faults.load --processes 8`.

Prints how many calls were rejected, and how much of the allowance was used while all were busy.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

from faults.erps import ACTIVE, Erp
from faults.leaks import Secrets
from faults.positions import position
from faults.redis_server import redis_server
from faults.runs import Output, Runs
from faults.small_books import small_books
from simulator import Limit, LoggedRequest, Simulator


@dataclass(frozen=True)
class Load:
    """What came of it.

    Attributes:
        processes: How many ran at once.
        calls: Requests that arrived.
        rejected: Of those, turned down.
        seconds: How long all of them were busy together.
        used: Share of the allowance that was used in that time.
        outputs: What each process printed.
    """

    processes: int
    calls: int
    rejected: int
    seconds: float
    used: float
    outputs: list[Output]


def load(
    erp: Erp, runs: Runs, limit: Limit, *, processes: int, months: int, latency: float = 0.0
) -> Load:
    """Let several processes read the same books under one allowance.

    Args:
        erp: Whose tap.
        runs: Starts the processes.
        limit: What the ERP allows, and what the tap is told.
        processes: How many.
        months: How much each of them reads.
        latency: Seconds that each answer takes.
    """
    with (
        redis_server() as storage,
        Simulator(small_books(months=months), latency=latency) as simulator,
    ):
        simulator.limits[erp.name] = limit
        allowance = {
            "requests": limit.requests,
            "interval": limit.interval,
            "burst": limit.burst,
            "storage_url": storage,
        }
        settings = erp.configured(simulator, months, rate_limit=allowance, max_concurrency=4)
        runs.secrets.learn_settings(settings)
        started = [runs.start(erp.command, settings) for _ in range(processes)]
        outputs = [one.wait() for one in started]
        calls = simulator.requests.select(erp.name, where=lambda one: one.endpoint != "token")
        seconds, used = _use(calls, limit)
        return Load(
            processes, len(calls), simulator.limits.rejected(erp.name), seconds, used, outputs
        )


def _use(calls: list[LoggedRequest], limit: Limit) -> tuple[float, float]:
    """Seconds in which all were busy, and the share of the allowance used in them.

    Each process makes the same calls, so all are busy from when the last has made its first call
    until the first makes its last.
    """
    alike: dict[object, list[float]] = {}
    for call in calls:
        alike.setdefault(position(call), []).append(call.started)
    first, *_, last = alike.values()
    begun, ended = max(first), min(last)
    between = sum(begun < call.started <= ended for call in calls)
    seconds = ended - begun
    allowed = seconds * limit.requests / limit.interval
    return seconds, between / allowed if allowed > 0 else 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m faults.load", description=__doc__)
    parser.add_argument("--erp", choices=[erp.name for erp in ACTIVE], default="omie")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--rate", type=int, default=25, help="requests a second")
    parser.add_argument("--burst", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    given = parser.parse_args()
    erp = next(erp for erp in ACTIVE if erp.name == given.erp)
    with Runs(Secrets()) as runs:
        result = load(
            erp,
            runs,
            Limit(given.rate, 1, given.burst),
            processes=given.processes,
            months=given.months,
            latency=given.latency,
        )
    told = {name: value for name, value in asdict(result).items() if name != "outputs"}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
