"""The rows are the books, field by field."""

from __future__ import annotations

from decimal import Decimal

from contract.conftest import Plain
from contract.ledger import QUARTER, by_key, without


def test_every_balance_is_the_books(plain: Plain) -> None:
    expected = [
        row for truth in plain.truths for span in QUARTER for row in truth.trial_balance(span)
    ]
    assert without(plain.run.records("trial_balance")) == expected


def test_every_posting_is_the_books(plain: Plain) -> None:
    expected = [row for truth in plain.truths for span in QUARTER for row in truth.subledger(span)]
    assert by_key(without(plain.run.records("subledger"))) == by_key(expected)


def test_the_headers_hold_the_control_totals(plain: Plain) -> None:
    expected = [truth.header(span) for truth in plain.truths for span in QUARTER]
    assert without(plain.run.records("periods")) == expected


def test_sound_books_give_no_finding(plain: Plain) -> None:
    assert plain.run.records("validation_issues") == []


def test_net_balances_sum_to_zero(plain: Plain) -> None:
    for truth in plain.truths:
        for span in QUARTER:
            rows = [
                row
                for row in plain.run.records("trial_balance", truth.id)
                if row["period_start"] == str(span.start) and not row["is_summary"]
            ]
            assert len(rows) == len(truth.analytic())
            assert sum(row["net_opening_balance"] for row in rows) == Decimal(0)
            assert sum(row["net_closing_balance"] for row in rows) == Decimal(0)
            assert any(row["net_closing_balance"] for row in rows)
