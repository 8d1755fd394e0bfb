# ruff: noqa: INP001 -- packages named tests would hide one another
"""A simulated Bling under its public API, and runs of the tap against it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from erp_common.extract.books import Books as Ledger
from erp_common.extract.work import Work
from erp_common.http.masking import Masker
from erp_common.ledger.periods import cut_span
from erp_common.singer.config import parse
from erp_common.singer.connection import Build, extraction
from erp_common.singer.start import spans_before
from simulator import Books, Simulator
from simulator.bling_public import identity
from tap_bling.tap import TapBling

Row = dict[str, Any]


@dataclass
class Run:
    """What a run of the tap left behind."""

    status: int = 0
    said: str = ""
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    state: Row = field(default_factory=dict)

    @property
    def error(self) -> str:
        return self.said.strip().splitlines()[-1]

    def balances(self, start: object) -> dict[str, tuple[Any, ...]]:
        """A period's trial balance in the form of the simulator's."""
        return {
            row["account_code"]: (
                row["account_code"],
                row["net_opening_balance"],
                row["debit_amount"],
                row["credit_amount"],
                row["net_closing_balance"],
            )
            for row in self.rows["trial_balance"]
            if row["period_start"] == str(start)
        }

    def codes(self) -> list[str]:
        return [row["code"] for row in self.rows["validation_issues"]]


def configuration(sim: Simulator, given: Row) -> Row:
    """The settings of a company that Bling knows by its CNPJ."""
    known = identity(sim.books.company)["cnpj"]
    companies = [{"id": "ACME", "erp_id": known}]
    return {**sim.settings("bling_public"), "companies": companies, **given}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A company of 40 movements a month; an access token and a refresh token that rotates."""
    with Simulator(Books.generate()) as simulator:
        simulator.tokens.rotate = True
        yield simulator


@pytest.fixture
def run(sim: Simulator, tmp_path: Path) -> Callable[..., Run]:
    """Run the tap over the first quarter of 2024, with more settings or others."""

    def _run(state: Row | None = None, **more: Any) -> Run:
        settings: Row = {
            "start_date": "2024-01-01",
            "end_date": "2024-03-31",
            "opening_balances_from": "2023-12-31",
            "rate_limit": {"requests": 100000, "burst": 10000},
            "retry": {"base_delay": 0.01},
        } | more
        given = {name: value for name, value in settings.items() if value is not None}
        config = tmp_path / "config.json"
        config.write_text(json.dumps(configuration(sim, given)), encoding="utf-8")
        command = [sys.executable, "-m", "tap_bling", "--config", str(config)]
        if state:
            kept = tmp_path / "state.json"
            kept.write_text(json.dumps(state, default=str), encoding="utf-8")
            command += ["--state", str(kept)]
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name[:4] != "TAP_"},
        )
        result = Run(done.returncode, done.stderr.decode())
        for line in done.stdout.splitlines():
            message = json.loads(line, parse_float=Decimal)
            if message["type"] == "RECORD":
                result.rows[message["stream"]].append(message["record"])
            elif message["type"] == "STATE":
                result.state = message["value"]
        return result

    return _run


@pytest.fixture
def read(sim: Simulator) -> Callable[..., Run]:
    """Read the first quarter of 2024 in this process, which raises what the tap would report."""

    def _read(**more: Any) -> Run:
        settings: Row = {
            "start_date": "2024-01-01",
            "end_date": "2024-03-31",
            "opening_balances_from": "2023-12-31",
            "rate_limit": {"requests": 100000, "burst": 10000},
            "retry": {"base_delay": 0.01, "max_delay": 0.01},
        } | more
        config = parse(configuration(sim, settings), TapBling.defaults)
        build = Build(TapBling.defaults.of("public"), Masker(), logging.getLogger(__name__))
        source = TapBling.source(config, build)
        (company,) = config.company_list
        assert config.last_day is not None
        periods = list(cut_span(config.first_day, config.last_day, config.period))
        how = extraction(config, source, subledger=True, masker=Masker())
        before = spans_before(config, periods[0].start)
        ledger = Ledger(source, [Work(company, periods, before=before)], how)
        result = Run()
        try:
            for extract in ledger.periods(company):
                found: dict[str, list[Any]] = {
                    "subledger": [row for rows in extract.postings() for row in rows],
                    "trial_balance": extract.balances(),
                    "validation_issues": extract.issues(),
                    "periods": [extract.header()],
                }
                for stream, rows in found.items():
                    result.rows[stream] += [
                        extract.constants(stream) | msgspec.structs.asdict(row) for row in rows
                    ]
        finally:
            ledger.close()
            build.close()
        return result

    return _read
