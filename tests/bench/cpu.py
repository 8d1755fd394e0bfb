"""Rows a CPU second, against the plain SDK tap and the bare program; and the slower ways."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

from bench.figures import Figure, Section
from bench.process import Commands, Cost, interleaved, middle, run
from bench.served import Served, serving
from bench.sizes import Sizes

HOW = """\
One month of one company with about {rows:,} postings on 25 accounts, 500 rows a page, all checks
on. User and system time of the whole process, less that of the same run over {few} postings
(imports, settings, discovery, connections): medians of {times} interleaved runs. The tuned SDK
tap is [`tuned_tap.py`](../tests/bench/tuned_tap.py): the plain one with three lines of the SDK's
own for speed. Neither checks anything nor knows periods."""


class Speed:
    """Costs of one program over many rows and over next to none."""

    def __init__(self, many: Sequence[Cost], few: Sequence[Cost]) -> None:
        """Compare the medians."""
        self.seconds = middle(many) - middle(few)
        self.rows = many[0].lines - few[0].lines

    @property
    def rate(self) -> float:
        """Rows a CPU second."""
        return self.rows / self.seconds


def measure(folder: Path, sizes: Sizes) -> Section:
    """Measure the four ERPs' taps, the yardsticks and the slower ways."""
    with serving(rows=sizes.cpu) as many, serving(rows=sizes.few) as few:
        speeds = compare(folder, sizes.times, many, few)
        figures = [_yardsticks(speeds), _tuned(speeds), *_others(speeds), *_slower(speeds)]
        same = _same_rows(folder, many)
    how = HOW.format(rows=sizes.cpu, few=sizes.few, times=sizes.times)
    return Section("CPU", how, [*figures, *same])


def compare(folder: Path, times: int, many: Served, few: Served) -> dict[str, Speed]:
    """Measure all programs and ways."""
    write = Commands(folder)
    batches = folder / BATCHES

    def tidy() -> None:
        for file in batches.glob("*"):
            file.unlink()

    costs: list[dict[str, list[Cost]]] = []
    for books in (many, few):
        omie = books.settings("omie")
        commands = {
            "tap-omie": write.tap("tap-omie", omie),
            "plain": write.plain(omie),
            "tuned": write.tuned("tuned", omie),
            "floor": write.floor(omie),
            **{name: _variant(write, omie, folder, name) for name in VARIANTS},
        }
        # By themselves: other answers in the processor's cache would favour one over the other.
        others = {
            f"tap-{erp}": write.tap(f"tap-{erp}", books.settings(erp))
            for erp in ("totvs", "contaazul", "bling")
        }
        costs.append(interleaved(commands, times, tidy) | interleaved(others, times))
    return {name: Speed(costs[0][name], costs[1][name]) for name in costs[0]}


BATCHES = "batches"
VARIANTS = ("BATCH", "BATCH and gzip", "a stream map", "a deselected property")


def _variant(write: Commands, settings: dict[str, Any], folder: Path, name: str) -> list[str]:
    if name.startswith("BATCH"):
        root = folder / BATCHES
        root.mkdir(exist_ok=True)
        compression = "gzip" if name.endswith("gzip") else "none"
        batch = {
            "encoding": {"format": "jsonl", "compression": compression},
            "storage": {"root": f"file://{root}"},
        }
        return write.tap("tap-omie", {**settings, "batch_config": batch})
    if name == "a stream map":
        maps = {"subledger": {"description": "description"}}
        return write.tap("tap-omie", {**settings, "stream_maps": maps})
    return write.tap("tap-omie", settings, "--catalog", _catalog(write, settings))


def _catalog(write: Commands, settings: dict[str, Any]) -> str:
    """The tap's own catalog, without the cost centre of the subledger."""
    target = Path(write.file({}))
    run(write.tap("tap-omie", settings, "--discover"), target)
    catalog = json.loads(target.read_bytes())
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if stream["stream"] == "subledger" and entry["breadcrumb"][-1:] == ["cost_center"]:
                entry["metadata"]["selected"] = False
    return write.file(catalog)


def _yardsticks(speeds: dict[str, Speed]) -> Figure:
    ours, plain, floor = (speeds[name].rate for name in ("tap-omie", "plain", "floor"))
    return Figure(
        "tap-omie, rows a CPU second",
        f"{ours:,.0f}",
        f"{plain:,.0f}",
        f"{floor:,.0f}",
        f"{ours / plain:.1f} x plain, {ours / floor:.0%} of the floor",
        "10 x plain, 50% of the floor",
        ours >= 10 * plain and ours >= 0.5 * floor,
    )


def _tuned(speeds: dict[str, Speed]) -> Figure:
    ours, tuned = speeds["tap-omie"].rate, speeds["tuned"].rate
    return Figure(
        "the same beside a tuned SDK tap (msgspec's writer, types not made to conform)",
        f"{ours:,.0f}",
        f"{tuned:,.0f}",
        ratio=f"{ours / tuned:.1f} x tuned",
    )


def _others(speeds: dict[str, Speed]) -> list[Figure]:
    return [
        Figure(f"{name}, rows a CPU second", f"{speeds[name].rate:,.0f}")
        for name in ("tap-totvs", "tap-contaazul", "tap-bling")
    ]


def _slower(speeds: dict[str, Speed]) -> list[Figure]:
    messages = speeds["tap-omie"]
    figures = []
    for name in VARIANTS:
        # With BATCH the rows are in files and not on standard output.
        seconds = speeds[name].seconds
        figures.append(
            Figure(
                f"tap-omie with {name}, rows a CPU second",
                f"{messages.rows / seconds:,.0f}",
                ratio=f"{messages.seconds / seconds:.2f} x messages",
                goal="as fast, within 5%" if name == "BATCH" else "",
                reached=messages.seconds >= 0.95 * seconds if name == "BATCH" else None,
            )
        )
    return figures


def _same_rows(folder: Path, books: Served) -> list[Figure]:
    """Compare what the slower ways emit with the messages, row by row."""
    write, settings = Commands(folder), books.settings("omie")
    usual = _rows(write.tap("tap-omie", settings), folder)
    figures = []
    for name in VARIANTS:
        rows = _rows(_variant(write, settings, folder, name), folder)
        expected = usual
        if name == "a deselected property":
            expected = [{**row, "cost_center": None} for row in usual]
            rows = [{"cost_center": None, **row} for row in rows]
        same = sorted(map(_key, rows)) == sorted(map(_key, expected))
        figures.append(
            Figure(
                f"the same subledger rows with {name}",
                f"{len(rows):,}",
                ratio="equal" if same else "different",
                goal="equal",
                reached=same,
            )
        )
    return figures


def _rows(command: list[str], folder: Path) -> list[dict[str, Any]]:
    output = folder / "rows.jsonl"
    run(command, output)
    rows = []
    with output.open("rb") as lines:
        for line in lines:
            message = json.loads(line)
            if message.get("stream") != "subledger":
                continue
            if message["type"] == "RECORD":
                rows.append(message["record"])
            elif message["type"] == "BATCH":
                for address in message["manifest"]:
                    path = Path(url2pathname(address.removeprefix("file://")))
                    data = path.read_bytes()
                    data = gzip.decompress(data) if path.suffix == ".gz" else data
                    rows += map(json.loads, data.splitlines())
    return rows


def _key(row: dict[str, Any]) -> str:
    return json.dumps({**row, "extracted_at": ""}, sort_keys=True)
