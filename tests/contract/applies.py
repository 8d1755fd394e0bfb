"""Which tests make sense for which ERPs; the others are not collected at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

from contract.erps import ACTIVE, Erp

Case = TypeVar("Case")


def where(holds: Callable[[Erp], bool]) -> pytest.MarkDecorator:
    """Only the ERPs for which that holds."""
    erps = [erp for erp in ACTIVE if holds(erp)]
    return pytest.mark.parametrize("erp", erps, indirect=True, ids=str)


def each(
    name: str, cases: Callable[[Erp], Iterable[Case]], title: Callable[[Case], str] = str
) -> pytest.MarkDecorator:
    """Every case that an ERP has, as an argument of that name."""
    pairs = [
        pytest.param(erp, case, id=f"{erp}-{title(case)}") for erp in ACTIVE for case in cases(erp)
    ]
    return pytest.mark.parametrize(("erp", name), pairs, indirect=["erp"])
