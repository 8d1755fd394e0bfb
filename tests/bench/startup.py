"""What a run costs before there is anything to do."""

from __future__ import annotations

from pathlib import Path

from bench.figures import Figure, Section
from bench.process import Commands, interleaved, middle
from bench.served import serving
from bench.sizes import Sizes

MOST = 1.3
HOW = """\
User and system time of the whole process, compiled modules at hand: medians of {times} interleaved
runs. The run with nothing new reads a month of 10 postings again, from a state that has it."""


def measure(folder: Path, sizes: Sizes) -> Section:
    """Measure `--about` and a run with nothing new."""
    write = Commands(folder)
    with serving(rows=sizes.few) as books:
        settings = books.settings("omie")
        company = settings["companies"][0]["id"]
        bookmark = {
            "context": {"company_id": company},
            "replication_key": "period_end",
            "replication_key_value": "2024-01-31",
        }
        streams = ("periods", "trial_balance", "subledger", "validation_issues")
        state = {"bookmarks": {name: {"partitions": [bookmark]} for name in streams}}
        at = write.file(state)
        costs = interleaved(
            {
                "about": write.tap("tap-omie", settings, "--about"),
                "plain about": write.plain(settings, "--about"),
                "run": write.tap("tap-omie", settings, "--state", at),
                "plain run": write.plain(settings, "--state", at),
            },
            sizes.times,
        )
    figures = []
    for what, name in (("tap-omie --about", "about"), ("tap-omie with nothing new", "run")):
        ours, plain = middle(costs[name]), middle(costs[f"plain {name}"])
        figures.append(
            Figure(
                f"{what}, CPU seconds",
                f"{ours:.2f}",
                f"{plain:.2f}",
                ratio=f"{ours / plain:.2f} x plain",
                goal=f"at most {MOST} x plain",
                reached=ours <= MOST * plain,
            )
        )
    return Section("Start-up", HOW.format(times=sizes.times), figures)
