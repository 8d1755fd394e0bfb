"""What every test of a bad day starts from, and the count of its fault positions at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.erps import ACTIVE, Erp
from faults.leaks import Secrets
from faults.runs import Runs
from faults.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

NIGHTLY = "nightly"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{NIGHTLY}: many more points; only with -m {NIGHTLY}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the nightly tests out, unless they are asked for."""
    if NIGHTLY in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker(NIGHTLY)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def runs() -> Iterator[Runs]:
    """Runs taps; whatever they print is searched for secrets."""
    with Runs(Secrets()) as started:
        yield started


@pytest.fixture(params=ACTIVE, ids=lambda erp: erp.name)
def erp(request: pytest.FixtureRequest) -> Erp:
    """Each active ERP in turn."""
    given: Erp = request.param
    return given
