"""What every test of a bad day starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.erps import BOTH_WAYS, Erp
from faults.leaks import Secrets
from faults.runs import Runs


@pytest.fixture(scope="session")
def runs() -> Iterator[Runs]:
    """Runs taps; whatever they print is searched for secrets."""
    with Runs(Secrets()) as started:
        yield started


@pytest.fixture(params=BOTH_WAYS, ids=str)
def erp(request: pytest.FixtureRequest) -> Erp:
    """Each active ERP in turn, over windows and period by period."""
    given: Erp = request.param
    return given
