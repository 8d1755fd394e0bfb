"""The SDK's standard tests of a tap, for each tap against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from singer_sdk import Tap
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from ecd.reading import filing
from ecd.writer import CNPJ, write
from simulator import Books, Simulator
from simulator.contaazul_public import identity
from tap_contaazul.tap import TapContaAzul
from tap_ecd.tap import TapEcd
from tap_omie.tap import TapOmie

# The SDK builds its tests while the module is imported, and needs an address that answers.
_serving = ExitStack()
_simulator = _serving.enter_context(Simulator(Books.generate()))


@pytest.fixture(scope="module", autouse=True)
def _served() -> Iterator[None]:
    yield
    _serving.close()


def _standard(tap: type[Tap], erp: str, **more: Any) -> Any:
    config = {
        "base_url": _simulator.base_url(erp),
        "ca_bundle": str(_simulator.ca_bundle),
        "start_date": "2024-01-01",
        "end_date": "2024-02-29",
        "companies": [{"id": "ACME", "erp_id": "101"}],
        "rate_limit": {"requests": 100_000, "burst": 10_000},
        **_simulator.credentials(erp),
        **more,
    }
    # Sound books have no findings, so that stream has no rows.
    suite = SuiteConfig(ignore_no_records_for_streams=["validation_issues"])
    return get_tap_test_class(tap, config=config, suite_config=suite)


def _filed() -> Any:
    folder = Path(_serving.enter_context(TemporaryDirectory()))
    (folder / "ecd.txt").write_bytes(write(filing()))
    config = {"paths": [str(folder)], "companies": [{"id": "ACME", "cnpj": CNPJ}]}
    suite = SuiteConfig(ignore_no_records_for_streams=["validation_issues"])
    return get_tap_test_class(TapEcd, config=config, suite_config=suite)


class TestEcd(_filed()):  # type: ignore[misc]
    """tap-ecd."""


class TestOmie(_standard(TapOmie, "omie")):  # type: ignore[misc]
    """tap-omie."""


class TestContaAzulPublic(
    _standard(  # type: ignore[misc]
        TapContaAzul,
        "contaazul_public",
        api="public",
        companies=[{"id": "ACME", "erp_id": identity(_simulator.books.company)["documento"]}],
        opening_balances_from="2023-12-31",
    )
):
    """tap-contaazul under the vendor's own API."""
