"""Derived ledgers: months chain to years, sums stay zero, summaries roll up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger import checks
from erp_common.ledger.derive import roll
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import AccountType, Basis, Posting, Side, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.openings import (
    RETAINED,
    Openings,
    close_year,
    first_opening_findings,
    first_openings,
)
from erp_common.ledger.periods import Period, Periodicity, periods_touching
from erp_common.ledger.rules import Rules

from .books import FEBRUARY, JANUARY, account, cents, codes, posting, sound

RULES = Rules()
YEAR = Period(date(2024, 1, 1), date(2024, 12, 31))
LEAVES = ["1.1.01", "1.1.02", "2.1", "2.3.01", "3.01", "4.01"]


def chart_of(*more: StatedAccount) -> Chart:
    rows = sound()
    for row in rows:
        row.opening = row.debit = row.credit = row.closing = Decimal(0)
    return build([*rows, *more], RULES)


CHART = chart_of()
START = Openings(as_of=YEAR.start, balances={"1.1.01": Decimal(800), "2.3.01": Decimal(-800)})

entries = st.lists(
    st.tuples(
        st.dates(YEAR.start, YEAR.end), st.sampled_from(LEAVES), st.sampled_from(LEAVES), cents
    ),
    max_size=20,
)
Entries = list[tuple[date, str, str, Decimal]]


def postings(drawn: Entries, period: Period) -> list[Posting]:
    return [
        line
        for number, (day, debited, credited, amount) in enumerate(drawn)
        if day in period
        for line in (
            posting(debited, str(number), str(amount), day),
            posting(credited, str(number), str(-amount), day),
        )
    ]


def taken(period: Period, lines: list[Posting]) -> Movements:
    movements = Movements(period)
    assert movements.take(lines) == lines
    return movements


@given(entries, st.sampled_from([Periodicity.MONTH, Periodicity.QUARTER]))
def test_chained_periods_are_one_long_period(drawn: Entries, periodicity: Periodicity) -> None:
    whole = roll(CHART, START, taken(YEAR, postings(drawn, YEAR)), RULES)
    openings, balances = START, []
    for period in periods_touching(YEAR.start, YEAR.end, periodicity):
        movements = taken(period, postings(drawn, period))
        balances.append(roll(CHART, openings, movements, RULES))
        openings = openings.after(movements, period.end + timedelta(days=1))
    assert openings.as_of == date(2025, 1, 1)
    for code in whole.by_code:
        parts = [balance.by_code[code] for balance in balances]
        total = whole.by_code[code]
        assert parts[0].net_opening_balance == total.net_opening_balance
        assert parts[-1].net_closing_balance == total.net_closing_balance
        assert sum(part.debit_amount for part in parts) == total.debit_amount
        assert sum(part.credit_amount for part in parts) == total.credit_amount
    for before, after in pairwise(balances):
        assert checks.continuity(before, after, RULES) == []


@given(entries)
def test_sums_stay_zero_and_every_check_holds(drawn: Entries) -> None:
    movements = taken(YEAR, postings(drawn, YEAR))
    balance = roll(CHART, START, movements, RULES)
    assert balance.basis is Basis.DERIVED
    assert balance.findings == []
    assert balance.is_balanced
    assert balance.totals.net_closing == 0
    assert balance.totals.debit == movements.total_debit
    assert [a.account_code for a in balance.accounts] == [a.code for a in CHART.accounts]
    assert checks.balance_equation(balance.accounts, RULES) == []
    assert checks.summary_mismatch(balance.accounts, CHART.children, RULES) == []
    assert checks.is_reconciled(balance, movements, RULES)
    for found in balance.accounts:
        assert found.opening_balance == found.net_opening_balance
        assert found.closing_balance == found.net_closing_balance


def test_an_account_without_balance_or_postings_has_a_row() -> None:
    balance = roll(CHART, Openings(as_of=YEAR.start), Movements(YEAR), RULES)
    assert len(balance.accounts) == len(sound())
    assert not any(a.closing_balance or a.debit_amount for a in balance.accounts)


def test_summary_accounts_roll_up_all_levels() -> None:
    lines = [posting("1.1.01", "a", "10"), posting("1.1.02", "a", "-4"), posting("2.1", "a", "-6")]
    balance = roll(CHART, START, taken(JANUARY, lines), RULES)
    assets = balance.by_code["1"]
    assert assets.opening_balance == 800
    assert (int(assets.debit_amount), int(assets.credit_amount)) == (10, 4)
    assert assets.closing_balance == balance.by_code["1.1"].closing_balance == 806


def test_what_is_posted_on_a_summary_account_stays_its_own() -> None:
    lines = [posting("1.1", "a", "10"), posting("1.1", "a", "-10"), posting("1.1.01", "b", "7")]
    lines.append(posting("2.1", "b", "-7"))
    movements = taken(JANUARY, lines)
    balance = roll(CHART, START, movements, RULES)
    summary = balance.by_code["1.1"]
    assert (int(summary.debit_amount), int(summary.credit_amount)) == (17, 10)
    assert summary.closing_balance == 807
    assert balance.by_code["1"].debit_amount == 17
    assert balance.totals.debit == 17
    assert balance.totals.account_count == 6
    assert balance.findings == []
    assert codes(movements.findings(CHART)) == ["POSTING_ON_SUMMARY"]


def test_the_own_amount_of_a_summary_account_is_carried_once() -> None:
    movements = taken(JANUARY, [posting("1.1", "a", "10"), posting("2.1", "a", "-10")])
    balance = roll(CHART, START, movements, RULES)
    assert codes(balance.findings) == []
    assert balance.is_balanced
    openings = START.after(movements, FEBRUARY.start)
    assert openings.balances == {"1.1.01": 800, "2.3.01": -800, "1.1": 10, "2.1": -10}
    following = roll(CHART, openings, Movements(FEBRUARY), RULES)
    assert following.by_code["1.1"].opening_balance == 810
    assert following.by_code["1"].opening_balance == 810
    assert following.is_balanced
    (found,) = following.findings
    assert (found.code, found.account_code, found.actual) == ("BALANCE_ON_SUMMARY", "1.1", "10")


def test_a_summary_account_without_a_balance_of_its_own_is_not_told_of() -> None:
    openings = Openings(as_of=YEAR.start, balances={"1.1.01": Decimal(5), "2.1": Decimal(-5)})
    assert roll(CHART, openings, Movements(JANUARY), RULES).findings == []


def test_accounts_used_but_not_in_the_chart_are_emitted_all_the_same() -> None:
    lines = [posting("1.1.09", "a", "10"), posting("X", "a", "-10")]
    lines[0].account_name = "Aplicações"
    movements = taken(JANUARY, lines)
    openings = Openings(as_of=JANUARY.start, balances={"7": Decimal(3), "2.1": Decimal(-3)})
    balance = roll(CHART, openings, movements, RULES)
    added = balance.accounts[len(CHART.accounts) :]
    assert [(a.account_code, a.account_name) for a in added] == [
        *(("1.1.09", "Aplicações"), ("7", "7"), ("X", "X")),
    ]
    assert (added[0].parent_account_code, added[0].level) == ("1.1", 3)
    assert added[0].account_type is AccountType.ASSET
    assert balance.by_code["1"].debit_amount == 10
    assert balance.is_balanced
    assert [(f.code, f.account_code) for f in balance.findings] == [("ACCOUNT_NOT_IN_CHART", "7")]
    assert [f.account_code for f in movements.findings(CHART)] == ["1.1.09", "X"]


def test_an_account_flagged_analytic_keeps_to_its_own_amounts() -> None:
    chart = build(
        [account("1", name="Ativo"), account("1.1", is_summary=False), account("1.1.1")], RULES
    )
    balance = roll(
        chart,
        Openings(as_of=JANUARY.start),
        taken(JANUARY, [posting("1.1.1", "a", "9")]),
        Rules(checks=False),
    )
    assert [a.debit_amount for a in balance.accounts] == [9, 0, 9]
    assert balance.totals.debit == 9


def test_without_checks_there_are_no_findings() -> None:
    openings = Openings(as_of=JANUARY.start, balances={"7": Decimal(3)})
    quiet = Rules(checks=False)
    balance = roll(build([account("9")], quiet), openings, Movements(JANUARY), quiet)
    assert balance.findings == []
    assert first_opening_findings(CHART, quiet) == []


# Opening balances


def test_first_openings_are_those_the_chart_states() -> None:
    chart = chart_of()
    rows = [a.stated for a in chart.accounts]
    for row in rows:
        row.opening = Decimal({"1": 50, "1.1": 50, "1.1.01": 50, "2.3.01": -50}.get(row.code, 0))
    for row in rows:
        if row.code in {"2", "2.3"}:
            row.opening = Decimal(-50)
    openings = first_openings(chart, JANUARY.start)
    assert openings == Openings(
        as_of=JANUARY.start, balances={"1.1.01": Decimal(50), "2.3.01": Decimal(-50)}
    )
    assert first_opening_findings(chart, RULES) == []
    rows[1].opening = Decimal(51)
    (found,) = first_opening_findings(chart, RULES)
    assert (found.code, found.account_code) == ("SUMMARY_MISMATCH", "1.1")
    assert (found.expected, found.actual) == ("50", "51")


def test_a_ledger_that_starts_from_nothing_says_so_once() -> None:
    assert first_openings(CHART, JANUARY.start).balances == {}
    assert codes(first_opening_findings(CHART, RULES)) == ["OPENING_ASSUMED_ZERO"]
    assert first_opening_findings(chart_of(account("8", opening_stated=True)), RULES) == []


@given(entries, st.dates(YEAR.start + timedelta(days=1), YEAR.end))
def test_openings_summed_from_earlier_postings(drawn: Entries, first: date) -> None:
    before = Period(YEAR.start, first - timedelta(days=1))
    rest = Period(first, YEAR.end)
    unnumbered = Movements(before, numbered=False)
    unnumbered.take(postings(drawn, before))
    openings = START.after(unnumbered, first)
    balance = roll(CHART, openings, taken(rest, postings(drawn, rest)), RULES)
    whole = roll(CHART, START, taken(YEAR, postings(drawn, YEAR)), RULES)
    assert {a.account_code: a.closing_balance for a in balance.accounts} == {
        a.account_code: a.closing_balance for a in whole.accounts
    }


@given(entries)
def test_closing_a_year_moves_results_to_retained_and_keeps_the_sum(drawn: Entries) -> None:
    openings = START.after(taken(YEAR, postings(drawn, YEAR)), date(2025, 1, 1))
    closed = close_year(openings, CHART)
    assert closed.as_of == openings.as_of
    assert sum(closed.balances.values()) == sum(openings.balances.values()) == 0
    assert closed.of(RETAINED) == openings.of("3.01") + openings.of("4.01")
    assert not closed.of("3.01")
    assert not closed.of("4.01")
    assert all(closed.of(code) == openings.of(code) for code in LEAVES[:4])
    assert close_year(closed, CHART) == closed
    balance = roll(CHART, closed, Movements(JANUARY), RULES)
    assert balance.findings == []
    assert balance.is_balanced


def test_the_retained_account() -> None:
    openings = Openings(
        as_of=YEAR.start,
        balances={"3.01": Decimal(-5), "1.1.01": Decimal(5), "39": Decimal(-1), "2.1": Decimal(1)},
    )
    closed = close_year(openings, CHART)
    assert closed.balances == {"1.1.01": 5, "2.1": 1, RETAINED: -6}
    row = roll(CHART, closed, Movements(JANUARY), RULES).by_code[RETAINED]
    assert (row.account_name, row.account_type) == ("Resultados acumulados", AccountType.EQUITY)
    assert (row.parent_account_code, row.level, row.is_summary) == (None, 1, False)
    assert row.normal_balance is Side.CREDIT
    assert row.metadata == {"synthetic": True, "account_type_from": "erp"}
    assert row.opening_balance == row.closing_balance == -6


def test_nothing_to_close_makes_no_account() -> None:
    assert close_year(START, CHART) == START


@pytest.mark.parametrize("name", ["Compensação", "Xis"])
def test_accounts_without_a_type_are_not_closed(name: str) -> None:
    chart = build([account("7", name=name)], RULES)
    openings = Openings(as_of=YEAR.start, balances={"7": Decimal(5)})
    assert close_year(openings, chart) == openings
