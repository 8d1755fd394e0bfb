"""The simulator's books as the taps' streams give them, read in this process."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.runs import Row, Tap
from simulator import Simulator

TAPS = {
    "omie": ("tap_omie.tap", "TapOmie"),
    "totvs": ("tap_totvs.tap", "TapTotvs"),
    "contaazul": ("tap_contaazul.tap", "TapContaAzul"),
    "bling": ("tap_bling.tap", "TapBling"),
}
Streams = dict[str, list[Row]]


class Reader:
    """Reads a company of the books through the tap of an ERP."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        """Read what this simulator serves."""
        self._sim = sim
        self._folder = folder

    def read(self, erp: str, company: str, start: date, end: date, **settings: Any) -> Streams:
        """All rows of the periods from start to end, as one run gives them."""
        module, name = TAPS[erp.removesuffix("_public")]
        tap = Tap(
            getattr(import_module(module), name),
            lambda given: self._sim.settings(erp, companies=[company], **given),
            self._folder,
        )
        # Books that begin with an entry of the day before; reported ledgers know what stood there.
        before = str(start - timedelta(days=1))
        openings = {} if erp in ("omie", "totvs") else {"opening_balances_from": before}
        given = {"start_date": str(start), "end_date": str(end), **openings, **settings}
        return tap.read(**given).rows


def merged(*streams: Streams) -> Streams:
    """The rows of several runs as one."""
    together: Streams = defaultdict(list)
    for one in streams:
        for stream, rows in one.items():
            together[stream] += rows
    return together
