"""What every test of a bad day starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.erps import ACTIVE, Erp
from faults.leaks import Secrets
from faults.runs import Runs


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
