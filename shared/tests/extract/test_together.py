"""Which periods are asked for together."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from erp_common.extract.together import Together
from erp_common.ledger.periods import Periodicity, periods_touching

START, END, TODAY = date(2023, 1, 1), date(2025, 12, 31), date(2026, 2, 1)


@given(st.integers(1, 12), st.data())
def test_whichever_period_is_asked_for_first_its_window_is_the_same(
    most: int, data: st.DataObject
) -> None:
    months = list(periods_touching(START, END, Periodicity.MONTH))
    together = Together.of(Periodicity.MONTH, most, START, END, TODAY)
    for month in months:
        together.plan(month)
    asked = data.draw(st.permutations(months))
    found = {month: together.windows[month] for month in asked}
    # One after the other, none twice and none left out, each beginning with its first.
    firsts = [month for month in months if found[month][0] == month]
    assert [one for first in firsts for one in found[first]] == months
    assert all(month in window for month, window in found.items())
    assert {len(window) for window in found.values()} <= {most, len(months) % most}
