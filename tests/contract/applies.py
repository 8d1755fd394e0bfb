"""Which tests make sense for which ERPs; the others are not collected at all.

Each runs with windows as they are by default and, at night, once more with each period asked for
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import pytest

from contract.erps import ACTIVE, Erp

Case = TypeVar("Case")


class Asked(NamedTuple):
    """An ERP, and how it is asked.

    Attributes:
        erp: The ERP.
        periods: The setting `periods_per_request`; None for its default.
    """

    erp: Erp
    periods: int | None = None


def ways(erp: Erp, *case: object, title: str = "", apart: bool = True) -> Iterator[Any]:
    """How an ERP is asked: over windows and, if it knows any, period by period.

    Args:
        erp: The ERP.
        case: Further arguments of the test.
        title: Their name.
        apart: Whether period by period makes sense too.
    """
    yield pytest.param(Asked(erp), *case, id=f"{erp}{title}")
    if apart and erp.by_account:
        alone = f"{erp}-apart{title}"
        yield pytest.param(Asked(erp, 1), *case, id=alone, marks=pytest.mark.nightly)


def where(holds: Callable[[Erp], bool], *, apart: bool = True) -> pytest.MarkDecorator:
    """Only the ERPs for which that holds; not period by period if `apart` is False."""
    asked = [way for erp in ACTIVE if holds(erp) for way in ways(erp, apart=apart)]
    return pytest.mark.parametrize("erp", asked, indirect=True)


def each(
    name: str, cases: Callable[[Erp], Iterable[Case]], title: Callable[[Case], str] = str
) -> pytest.MarkDecorator:
    """Every case that an ERP has, as an argument of that name."""
    pairs = [
        way
        for erp in ACTIVE
        for case in cases(erp)
        for way in ways(erp, case, title=f"-{title(case)}")
    ]
    return pytest.mark.parametrize(("erp", name), pairs, indirect=["erp"])
