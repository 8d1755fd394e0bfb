"""Junk in place of answers, from the same seed each time: rows, findings or one of four errors.

Each tap is fuzzed in a process of its own, since its network and its clock are replaced there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from e2e.commands import environment
from faults.erps import ACTIVE, Erp
from faults.runs import Runs
from faults.small_books import small_books
from simulator import LoggedRequest, Simulator

EXAMPLES = 15
"""For each endpoint."""
NIGHTLY_EXAMPLES = 100
PUBLIC = {
    "ERPAuthenticationError",
    "ERPConnectionError",
    "ERPRateLimitError",
    "ERPValidationError",
}


@pytest.mark.parametrize("erp", ACTIVE, ids=str)
def test_junk_never_becomes_a_row(erp: Erp) -> None:
    fuzzed(erp, EXAMPLES)


@pytest.mark.nightly
@pytest.mark.parametrize("erp", ACTIVE, ids=str)
def test_much_junk_never_becomes_a_row(erp: Erp) -> None:
    fuzzed(erp, NIGHTLY_EXAMPLES)


def fuzzed(erp: Erp, examples: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "faults.fuzz", erp.name, "--examples", str(examples)],
        check=False,
        capture_output=True,
        env=environment(),
        text=True,
    )
    assert done.returncode == 0, done.stderr[-10_000:]
    outcomes = json.loads(done.stdout.splitlines()[-1])
    assert outcomes.keys() <= PUBLIC | {"rows"}
    # Of both there must be many, or the bodies were all too wild or all too tame.
    assert outcomes["rows"] >= examples / 4
    assert outcomes["ERPValidationError"] >= examples / 4


@pytest.mark.parametrize("name", ["omie", "contaazul"])
def test_a_total_that_cannot_be_costs_neither_time_nor_memory(name: str, runs: Runs) -> None:
    erp = next(erp for erp in ACTIVE if erp.name == name)

    def exaggerate(body: dict[str, Any], _: LoggedRequest) -> None:
        for total in {"nTotPaginas", "total_pages"} & body.keys():
            body[total] = 999_999

    with Simulator(small_books(months=1)) as simulator:
        settings = erp.configured(simulator, months=1)
        runs.secrets.learn_settings(settings)
        with simulator.tamper(erp.name, erp.postings, exaggerate):
            output = runs(erp.command, settings, preludes=[("little_memory",)])
        assert len(simulator.requests) < 100
    assert output.status == 1
    assert output.last_words.startswith("ERPValidationError: the ERP announce"), output.stderr
