"""One allowance between many processes: all are served, and none is turned down."""

from __future__ import annotations

import pytest

from faults.erps import Erp
from faults.load import load
from faults.loaded import Loaded, differences
from faults.runs import Runs
from simulator import Limit

PROCESSES = 8
MONTHS = 3
LIMIT = Limit(40, 1, 20)


@pytest.mark.by_day("bling")
def test_processes_that_share_an_allowance_are_never_turned_down(erp: Erp, runs: Runs) -> None:
    result = load(erp, runs, LIMIT, processes=PROCESSES, months=MONTHS)
    assert [output.status for output in result.outputs] == [0] * PROCESSES
    assert result.rejected == 0
    first, *others = [Loaded(output).current() for output in result.outputs]
    assert first["subledger"]
    for other in others:
        assert differences(other, first) == []
