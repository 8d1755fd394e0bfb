"""Every finding: one ledger that triggers it and nothing else; sound ones trigger none."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.findings import Code
from erp_common.ledger.models import AccountType, Finding, Severity, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period
from erp_common.ledger.rules import Rules
from erp_common.ledger.trial_balance import reported

from .books import FEBRUARY, JANUARY, account, analytic_ledgers, cents, codes, posting, sound

RULES = Rules()


def read(rows: list[StatedAccount], period: Period = JANUARY) -> TrialBalance:
    return reported(rows, RULES, period)


def change(code: str, **amounts: int) -> list[StatedAccount]:
    rows = sound()
    row = next(row for row in rows if row.code == code)
    for name, amount in amounts.items():
        setattr(row, name, getattr(row, name) + amount)
    return rows


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, [f.message for f in findings]
    return findings[0]


def test_a_sound_ledger_has_no_findings() -> None:
    balance = read(sound())
    assert balance.findings == []
    assert balance.is_balanced
    assert balance.totals.debit == balance.totals.credit == 400
    assert balance.totals.account_count == 6
    assert [a.account_code for a in balance.moved()] == ["1.1.01", "3.01", "4.01"]
    assert len(balance.analytic()) == 6


@given(analytic_ledgers())
def test_no_sound_ledger_has_findings(ledger: list[StatedAccount]) -> None:
    assert read(ledger).findings == []


def test_debits_unlike_credits() -> None:
    rows = [account("1", "0 10 0 10"), account("2", "0 0 9 -10")]
    balance = reported(rows, Rules(balance_convention="debit_positive", tolerance=Decimal(1)))
    assert balance.findings == []
    found = only(checks.unbalanced(balance.totals, RULES, JANUARY))
    assert (found.code, found.severity) == ("UNBALANCED_TRIAL_BALANCE", Severity.ERROR)
    assert (found.expected, found.actual) == ("9", "10")
    assert "2024-01-01..2024-01-31" in found.message
    assert "differ by 1 (10 against 9)" in found.message


def test_net_openings_and_closings_unlike_zero_are_two_findings() -> None:
    rows = sound()
    for row in rows:
        if row.code in {"1", "1.1", "1.1.02"}:
            row.opening += 7
            row.closing += 7
    balance = read(rows)
    assert codes(balance.findings) == ["UNBALANCED_TRIAL_BALANCE"] * 2
    assert [f.raw["sum"] for f in balance.findings] == ["net_opening", "net_closing"]
    assert {(f.expected, f.actual) for f in balance.findings} == {("0", "7")}
    assert not balance.is_balanced


def test_balances_that_do_not_add_up() -> None:
    rows = [*sound(), account("1.3", "0 0 0 1"), account("1.4", "0 0 0 -1")]
    rows[0].closing += 0
    balance = read(rows)
    assert codes(balance.findings) == ["BALANCE_EQUATION"] * 2
    first = balance.findings[0]
    assert (first.account_code, first.expected, first.actual) == ("1.3", "0", "1")
    assert "Account 1.3 Conta 1.3 in 2024-01-01..2024-01-31: opening 0 + debit 0" in first.message


@pytest.mark.parametrize(
    ("amounts", "what"),
    [
        ({"opening": 5, "closing": 5}, "opening balance"),
        ({"debit": 5, "closing": 5}, "movement"),
    ],
)
def test_a_summary_account_unlike_its_children(amounts: dict[str, int], what: str) -> None:
    found = only(read(change("1", **amounts)).findings)
    assert (found.code, found.account_code) == ("SUMMARY_MISMATCH", "1")
    assert f"net {what} of " in found.message


def test_a_summary_account_may_state_net_movements() -> None:
    rows = change("1", debit=-100, credit=-100)
    assert read(rows).findings == []


def test_a_summary_account_with_an_absent_level_between() -> None:
    rows = sound()
    for row in rows:
        if row.code == "1.1.02":
            row.parent_code = "1.2"
    rows[1].opening -= 300
    rows[1].closing -= 300
    assert codes(read(rows).findings) == ["ORPHAN_ACCOUNT"]


def test_differences_within_the_tolerance_are_none() -> None:
    rows = sound()
    rows[2].closing += Decimal("0.01")
    assert read(rows).findings == []
    rows[2].closing += Decimal("0.001")
    # The net closings are off by as much as the account, and so is the account above.
    assert codes(read(rows).findings) == [
        "BALANCE_EQUATION",
        "SUMMARY_MISMATCH",
        "UNBALANCED_TRIAL_BALANCE",
    ]


@given(analytic_ledgers(), cents.filter(lambda amount: amount > Decimal("0.01")), st.data())
def test_any_change_of_one_amount_is_found(
    ledger: list[StatedAccount], amount: Decimal, data: st.DataObject
) -> None:
    broken = deepcopy(ledger)
    row = data.draw(st.sampled_from(broken))
    field = data.draw(st.sampled_from(["opening", "debit", "credit", "closing"]))
    setattr(row, field, getattr(row, field) + amount)
    found = reported(broken, Rules(balance_convention="debit_positive")).findings
    assert codes(found) == ["BALANCE_EQUATION", "UNBALANCED_TRIAL_BALANCE"]


def test_without_checks_nothing_is_found_and_everything_is_read() -> None:
    rows = [*change("1", opening=5), account("1.1.01"), account("9.9", parent_code="9")]
    balance = reported(rows, Rules(checks=False))
    assert balance.findings == []
    assert balance.by_code["1.1.01"].account_type is AccountType.ASSET
    assert balance.by_code["2.3.01"].net_closing_balance == -500


# From one period to the next


def follow(rows: list[StatedAccount]) -> list[StatedAccount]:
    """The next period: it opens as the last one closed, and nothing moves."""
    return [account(row.code, f"{row.closing} 0 0", name=row.name) for row in rows]


def test_a_period_that_opens_as_the_last_one_closed() -> None:
    january, february = read(sound()), read(follow(sound()), FEBRUARY)
    assert checks.continuity(january, february, RULES) == []


def test_an_opening_unlike_the_closing_before() -> None:
    february = follow(sound())
    february[2].opening += 5
    found = only(checks.continuity(read(sound()), read(february, FEBRUARY), RULES))
    assert (found.code, found.severity) == ("CONTINUITY_BREAK", Severity.WARNING)
    assert (found.account_code, found.expected, found.actual) == ("1.1.01", "700", "705")


def test_an_account_missing_on_one_side_counts_as_zero() -> None:
    february = [row for row in follow(sound()) if row.code != "1.1.02"]
    february.append(account("1.1.03", "300 0 0"))
    found = checks.continuity(read(sound()), read(february, FEBRUARY), RULES)
    assert [(f.account_code, f.expected, f.actual) for f in found] == [
        ("1.1.03", "0", "300"),
        ("1.1.02", "300", "0"),
    ]


@pytest.mark.parametrize(
    ("first_month", "start", "is_told"),
    [(1, date(2024, 1, 1), False), (1, date(2024, 2, 1), True), (4, date(2024, 4, 1), False)],
)
def test_a_fiscal_year_may_open_with_closed_results(
    first_month: int,
    start: date,
    is_told: bool,  # noqa: FBT001 - a table's column
) -> None:
    opened = follow(sound())
    for row in opened:
        if row.code.startswith(("3", "4")):
            row.opening = row.closing = Decimal(0)
        if row.code in {"2.3.01", "2.3", "2"}:
            row.opening = row.closing = row.opening - 200
    now = reported(opened, RULES, Period(start, date(2024, 12, 31)))
    found = checks.continuity(read(sound()), now, Rules(fiscal_year_start_month=first_month))
    assert codes(found) == (["CONTINUITY_BREAK"] * 3 if is_told else [])


def test_at_a_fiscal_years_start_balance_sheet_accounts_still_go_on() -> None:
    opened = follow(sound())
    opened[2].opening += 5
    now = reported(opened, RULES, JANUARY)
    assert codes(checks.continuity(read(sound()), now, RULES)) == ["CONTINUITY_BREAK"]


def test_an_account_that_became_a_summary_account_closed_down() -> None:
    opened = [*follow(sound()), account("1.1.02.1", "300 0 0")]
    found = checks.continuity(read(sound()), read(opened, FEBRUARY), RULES)
    assert [(f.account_code, f.actual) for f in found] == [("1.1.02.1", "300"), ("1.1.02", "0")]


# The subledger against the trial balance

POSTINGS = [
    *(posting("1.1.01", "e1", "300"), posting("3.01", "e1", "-300")),
    *(posting("4.01", "e2", "100"), posting("1.1.01", "e2", "-100")),
]


def moved(*more: tuple[str, str]) -> Movements:
    movements = Movements(JANUARY)
    movements.take(POSTINGS)
    movements.take([posting(code, "more", amount) for code, amount in more])
    return movements


def test_a_subledger_that_ties_out() -> None:
    balance, movements = read(sound()), moved()
    assert checks.tie_out(balance, movements, RULES) == []
    assert movements.findings(balance.chart) == []
    assert checks.is_reconciled(balance, movements, RULES)


def test_a_subledger_unlike_the_movement_is_told_by_account_and_side() -> None:
    balance, movements = read(sound()), moved(("1.1.01", "5"), ("2.1", "-5"))
    debit, credit = checks.tie_out(balance, movements, RULES)
    assert (debit.code, debit.account_code) == ("SUBLEDGER_MISMATCH", "1.1.01")
    assert (debit.expected, debit.actual) == ("300", "305")
    assert "debits of 305 where the trial balance has 300" in debit.message
    assert (credit.account_code, credit.expected, credit.actual) == ("2.1", "0", "5")
    assert debit.stream_name == "subledger"
    assert not checks.is_reconciled(balance, movements, RULES)


def test_equal_errors_on_both_sides_are_told_too() -> None:
    found = only(checks.tie_out(read(sound()), moved(("2.1", "5"), ("2.1", "-5")), RULES))
    assert "debits of 5" in found.message
    assert "credits of 5" in found.message


def test_no_postings_at_all_are_a_mismatch_of_every_moved_account() -> None:
    found = checks.tie_out(read(sound()), Movements(JANUARY), RULES)
    assert [f.account_code for f in found] == ["1.1.01", "3.01", "4.01"]


@pytest.mark.parametrize(
    ("code", "expected"), [("1.1", "POSTING_ON_SUMMARY"), ("7.7", "ACCOUNT_NOT_IN_CHART")]
)
def test_postings_that_no_analytic_account_has(code: str, expected: str) -> None:
    balance, movements = read(sound()), moved((code, "5"), (code, "-5"))
    assert checks.tie_out(balance, movements, RULES) == []
    found = only(movements.findings(balance.chart))
    assert (found.code, found.account_code, found.entry_id) == (expected, code, "more")
    assert "2 postings (debit 5, credit 5)" in found.message
    assert not checks.is_reconciled(balance, movements, RULES)


# Whole entries


def test_entries() -> None:
    lines = [posting("1", "e9", "10.00"), posting("2", "e9", "-4"), posting("3", "e9", "-6")]
    assert checks.entry_balance(lines, RULES) == []
    found = only(checks.entry_balance(lines[:2], RULES))
    assert (found.code, found.entry_id) == ("UNBALANCED_ENTRY", "e9")
    assert (found.expected, found.actual) == ("10.00", "4")
    assert "Entry e9 of 2024-01-01" in found.message


def test_some_codes_are_warnings_and_the_rest_errors() -> None:
    warnings = {code for code in Code if code.severity is Severity.WARNING}
    assert warnings == {
        Code.OPENING_ASSUMED_ZERO,
        Code.UNKNOWN_ACCOUNT_TYPE,
        Code.ASSUMED_ACCOUNT_TYPE,
        Code.CONTINUITY_BREAK,
        Code.MISSING_CATEGORY,
        Code.SPLIT_NOT_MATCHED,
        Code.NO_HIERARCHY,
        Code.CLOSED_PERIOD_CHANGED,
        Code.EMPTY_LEDGER,
    }


def test_too_many_postings_are_not_called_missing() -> None:
    extra = moved(("2.1", "5"))
    assert "more postings than" in only(checks.tie_out(read(sound()), extra, RULES)).message
    lacking = checks.tie_out(read(sound()), Movements(JANUARY), RULES)
    assert all("Postings are missing" in found.message for found in lacking)
