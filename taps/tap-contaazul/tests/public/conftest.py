# ruff: noqa: INP001 -- packages named tests would hide one another
"""A simulated Conta Azul under its public API, and runs of the tap against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.runs import Row, Runs, Tap
from simulator import Books, Simulator
from simulator.contaazul_public import identity
from tap_contaazul.tap import TapContaAzul


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A company of 15 movements a month, or of as many as a test asks for; tokens that rotate."""
    movements = getattr(request, "param", 15)
    with Simulator(Books.generate(entries_per_month=movements)) as simulator:
        simulator.tokens.rotate = True
        yield simulator


@pytest.fixture
def tap(sim: Simulator, tmp_path: Path) -> Tap:
    def configured(given: Row) -> Row:
        """The settings of a company that Conta Azul knows by its CNPJ."""
        known = identity(sim.books.company)["documento"]
        companies = [{"id": "ACME", "erp_id": known}]
        return {**sim.settings("contaazul_public"), "companies": companies, **given}

    return Tap(TapContaAzul, configured, tmp_path, {"opening_balances_from": "2023-12-31"})


@pytest.fixture
def run(tap: Tap) -> Runs:
    """Run the command over the first quarter of 2024, with more settings or others."""
    return tap.run


@pytest.fixture
def read(tap: Tap) -> Runs:
    """Read the first quarter of 2024 in this process, which raises what the tap would report."""
    return tap.read
