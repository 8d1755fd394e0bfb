"""What says nothing of an ERP is named as it is called, so that none is left out by a slip."""

from __future__ import annotations

from importlib import import_module

import pytest

from contract.erps import ACTIVE, Erp


@pytest.mark.parametrize("spared", ACTIVE, ids=str)
def test_what_is_left_out_is_there_and_says_why(spared: Erp) -> None:
    for name, why in spared.left_out.items():
        module, _, test = name.partition(".")
        there = import_module(f"contract.{module}")
        assert not test or hasattr(there, test.partition("[")[0]), name
        assert len(why.split()) > 2, name
