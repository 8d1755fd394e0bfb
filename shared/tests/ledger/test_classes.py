"""Summary flags: the ERP's word, unless the whole chart is the wrong way round."""

from __future__ import annotations

from erp_common.ledger.models import AccountType
from erp_common.ledger.rules import Rules
from erp_common.ledger.trial_balance import reported

from .books import account, codes, sound


def test_without_a_flag_having_children_decides() -> None:
    balance = reported(sound(), Rules())
    summaries = [a.account_code for a in balance.accounts if a.is_summary]
    assert summaries == ["1", "1.1", "2", "2.3", "3", "4"]
    assert codes(balance.findings) == []


def test_flags_that_fit_are_taken() -> None:
    rows = sound()
    for row in rows:
        row.is_summary = row.code in {"1", "1.1", "2", "2.3", "3", "4"}
    assert codes(reported(rows, Rules()).findings) == []


def test_a_whole_chart_the_wrong_way_round_is_one_finding_and_totals_stay_right() -> None:
    rows = sound()
    for row in rows:
        row.is_summary = row.code not in {"1", "1.1", "2", "2.3", "3", "4"}
    balance = reported(rows, Rules(class_setting="summary_class"))
    assert codes(balance.findings) == ["ACCOUNT_CLASS_INVERTED"]
    assert "summary_class" in balance.findings[0].message
    assert balance.findings[0].account_code is None
    assert (balance.totals.account_count, balance.is_balanced) == (6, True)
    assert balance.totals.debit == balance.totals.credit == 400


def test_where_no_setting_says_what_a_class_means_the_chart_is_to_be_corrected() -> None:
    rows = sound()
    for row in rows:
        row.is_summary = row.code not in {"1", "1.1", "2", "2.3", "3", "4"}
    (told,) = reported(rows, Rules()).findings
    assert told.message.endswith("correct the accounts' classes in the ERP's chart of accounts.")


def test_most_flags_the_wrong_way_round_are_enough() -> None:
    rows = sound()
    for row in rows:
        row.is_summary = row.code not in {"1", "1.1", "2", "2.3", "3", "4"}
    rows[1].is_summary = rows[0].is_summary = True
    assert codes(reported(rows, Rules()).findings) == ["ACCOUNT_CLASS_INVERTED"]


def test_one_account_with_children_flagged_analytic() -> None:
    rows = [*sound(), account("1.2", name="A receber", is_summary=False), account("1.2.1")]
    balance = reported(rows, Rules())
    assert [(f.code, f.account_code) for f in balance.findings] == [
        ("ACCOUNT_CLASS_INVERTED", "1.2")
    ]
    assert not balance.by_code["1.2"].is_summary


def test_a_summary_account_with_amounts_but_no_children() -> None:
    rows = [
        *(account("8", "0 5 5", is_summary=True, name="Ativo"), account("9", is_summary=True)),
        *(account("1"), account("2")),
    ]
    balance = reported(rows, Rules(account_type_prefixes={"9": AccountType.ASSET}))
    assert [(f.code, f.account_code) for f in balance.findings] == [("ACCOUNT_CLASS_INVERTED", "8")]
    assert balance.by_code["8"].is_summary
