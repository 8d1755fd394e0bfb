"""The chart of accounts: the same tree whatever the order, and no circle hangs it."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import AccountType, StatedAccount
from erp_common.ledger.rules import Rules

from .books import account, codes, sound

QUIET = Rules(checks=False)


def parents(*chart: str) -> dict[str, str | None]:
    return {a.code: a.parent_code for a in build(map(account, chart), QUIET).accounts}


def test_parents_by_code_at_separators() -> None:
    assert parents("1", "1.1", "1.10", "1.1.01", "1.10.01", "2") == {
        "1": None,
        "1.1": "1",
        "1.10": "1",
        "1.1.01": "1.1",
        "1.10.01": "1.10",
        "2": None,
    }


def test_parents_by_code_without_separators() -> None:
    assert parents("1", "11", "111", "11101", "12", "2", "21001") == {
        "1": None,
        "11": "1",
        "111": "11",
        "11101": "111",
        "12": "1",
        "2": None,
        "21001": "2",
    }


def test_roots_of_two_digits_beside_a_root_of_one() -> None:
    assert parents("1", "1.1", "10", "10.1") == {"1": None, "1.1": "1", "10": None, "10.1": "10"}


def test_parents_by_code_where_only_the_last_group_is_set_off() -> None:
    assert parents("1", "11", "111", "111.01") == {
        "1": None,
        "11": "1",
        "111": "11",
        "111.01": "111",
    }


@pytest.mark.parametrize("separator", ".-/_")
def test_every_separator(separator: str) -> None:
    chart = [code.replace(".", separator) for code in ("1", "1.2", "1.2.3", "1.23")]
    assert list(parents(*chart).values()) == [None, chart[0], chart[1], chart[0]]


def test_codes_that_end_with_a_separator() -> None:
    assert parents("1.", "1.1.", "1.1.01") == {"1.": None, "1.1.": "1.", "1.1.01": "1.1."}


def test_a_missing_level_is_skipped() -> None:
    assert parents("1", "1.1.01.001") == {"1": None, "1.1.01.001": "1"}


def test_the_parent_the_erp_names_wins() -> None:
    chart = build([account("1"), account("2"), account("1.1", parent_code="2")], QUIET)
    assert chart.by_code["1.1"].parent_code == "2"
    assert chart.children == {"2": ["1.1"]}


def test_an_account_named_as_its_own_parent_is_a_root() -> None:
    chart = build([account("1", parent_code="1"), account("1.1", parent_code="1")], Rules())
    assert chart.by_code["1"].parent_code is None
    assert [a.level for a in chart.accounts] == [1, 2]
    assert codes(chart.findings) == []


def test_an_orphan_keeps_the_parent_it_names_and_stands_where_it_would() -> None:
    chart = build(
        [account("1"), account("1.1.01", parent_code="1.1"), account("9.1", parent_code="9")],
        Rules(account_type_prefixes={"": AccountType.ASSET}),
    )
    near, far = chart.by_code["1.1.01"], chart.by_code["9.1"]
    assert (near.parent_code, near.above, near.level) == ("1.1", "1", 3)
    assert (far.parent_code, far.above, far.level) == ("9", None, 2)
    assert chart.is_summary("1")
    assert [(f.code, f.account_code) for f in chart.findings] == [
        ("ORPHAN_ACCOUNT", "1.1.01"),
        ("ORPHAN_ACCOUNT", "9.1"),
    ]
    assert "1.1.01 Conta 1.1.01 names 1.1 as its parent" in chart.findings[0].message


def test_a_circle_of_parents_is_cut_once_and_told() -> None:
    circle = [
        account("1.3", parent_code="1.2"),
        account("1.2", parent_code="1.1"),
        account("1.1", parent_code="1.3"),
        account("1.3.1", parent_code="1.3"),
    ]
    chart = build(circle, Rules())
    assert {a.code: (a.parent_code, a.level) for a in chart.accounts} == {
        "1.1": (None, 1),
        "1.2": ("1.1", 2),
        "1.3": ("1.2", 3),
        "1.3.1": ("1.3", 4),
    }
    assert [(f.code, f.account_code) for f in chart.findings] == [("ORPHAN_ACCOUNT", "1.1")]
    assert "1.1 → 1.3 → 1.2 → 1.1" in chart.findings[0].message


def test_an_absent_parent_below_its_own_child_is_no_circle() -> None:
    chart = build([account("1", parent_code="1.1"), account("1.2")], Rules())
    assert (chart.by_code["1"].above, chart.by_code["1"].level) == (None, 2)
    assert codes(chart.findings) == ["ORPHAN_ACCOUNT"]


def test_of_a_repeated_code_the_first_is_kept_and_each_other_told() -> None:
    rows = [account("1", "5 0 0", name="A"), account("1", "7 0 0", name="B"), account("1", "5 0 0")]
    chart = build(rows, Rules())
    assert [a.name for a in chart.accounts] == ["A"]
    assert codes(chart.findings) == ["DUPLICATE_ACCOUNT"] * 2
    assert chart.findings[0].raw["account_name"] == "B"
    assert chart.findings[0].raw["opening_balance"] == 7


def test_without_checks_there_are_no_findings() -> None:
    rows = [account("1"), account("1"), account("9.1", parent_code="9")]
    assert build(rows, Rules(checks=False)).findings == ()


def test_a_chart_of_thousands_in_one_long_line() -> None:
    chain = [account("0000")]
    chain += [account(f"{n:04}", parent_code=f"{n - 1:04}") for n in range(1, 5000)]
    chart = build(reversed(chain), QUIET)
    assert chart.by_code["4999"].level == 5000
    assert chart.bottom_up()[0].code == "4999"


segments = st.lists(st.sampled_from(["1", "2", "10", "01"]), min_size=1, max_size=4)
joined = st.tuples(segments, st.sampled_from([".", "", "-"])).map(lambda s: s[1].join(s[0]))


@st.composite
def wild_charts(draw: st.DrawFn) -> list[StatedAccount]:
    """Charts with any parents: right, wrong, absent and in circles."""
    found = draw(st.lists(joined, unique=True, min_size=1, max_size=15))
    named = st.sampled_from([None, *found, "7", "1.7"])
    flags = st.sampled_from([None, True, False])
    names = st.sampled_from(["ATIVO", "Receitas", "Patrimônio Líquido", "Resultado", "Conta"])
    return [
        account(
            code,
            "1 2 3",
            parent_code=draw(named),
            is_summary=draw(flags),
            name=draw(names),
        )
        for code in found
    ]


def shape(chart: Chart) -> dict[str, tuple[object, ...]]:
    return {
        a.code: (a.parent_code, a.above, a.level, a.is_summary, a.account_type)
        for a in chart.accounts
    }


@given(wild_charts(), st.randoms(use_true_random=False))
def test_any_order_of_the_rows_gives_the_same_tree(
    rows: list[StatedAccount], chance: random.Random
) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, other = build(rows, Rules()), build(shuffled, Rules())
    assert shape(one) == shape(other)
    assert [a.code for a in other.accounts] == [row.code for row in shuffled]
    assert Counter((f.code, f.account_code) for f in one.findings) == Counter(
        (f.code, f.account_code) for f in other.findings
    )


@given(wild_charts())
def test_every_account_hangs_on_a_root(rows: list[StatedAccount]) -> None:
    chart = build(rows, Rules())
    for found in chart.accounts:
        steps, at = 0, found
        while at.above is not None:
            upper = chart.by_code[at.above]
            assert upper.level < at.level
            at, steps = upper, steps + 1
            assert steps < len(rows)
        if found.above == found.parent_code:
            assert found.level == (1 if found.above is None else upper_level(chart, found.above))
    order = [a.code for a in chart.bottom_up()]
    for upper_code, lower in chart.children.items():
        assert all(order.index(code) < order.index(upper_code) for code in lower)


def upper_level(chart: Chart, above: str) -> int:
    return chart.by_code[above].level + 1


def test_an_account_that_is_not_in_the_chart_goes_below_a_summary_account() -> None:
    chart = build(sound(), QUIET)
    placed = chart.place(account("1.1.01.7"))
    assert (placed.parent_code, placed.level, placed.is_summary) == ("1.1", 3, False)
    assert placed.account_type is AccountType.ASSET
    assert chart.place(account("X9")).parent_code is None
    assert not chart.is_summary("1.1.01")
