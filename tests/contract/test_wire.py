"""The rows stay the same, however the ERP writes what it sends."""

from __future__ import annotations

import pytest

from contract.applies import each, where
from contract.conftest import Build, Plain
from contract.ledger import QUARTER, by_key, without
from contract.test_catalog import rows
from contract.world import World


@pytest.mark.by_day("omie", "totvs")
@each("mood", lambda erp: erp.moods)
def test_another_way_to_say_the_same(same: World, brief: Plain, mood: str) -> None:
    same.mood(mood)
    assert rows(same.good()) == rows(brief.run)


@where(lambda erp: erp.name == "totvs")
def test_sites_with_the_opposite_class(same: World, brief: Plain) -> None:
    same.mood("inverted_class=True")
    assert rows(same.good(summary_class="1")) == rows(brief.run)


@where(lambda erp: erp.reported)
def test_balances_in_the_other_sign(build: Build) -> None:
    """Contra accounts move every month: where the ERP states no side, only that tells theirs."""
    world = build(entries_per_month=12)
    for span in QUARTER:
        world.enter(span.start, ("5.1.02.04.001", "12.30"), ("1.2.03.03.002", "-12.30"))
        world.enter(span.end, ("3.1.02.01.001", "4.56"), ("2.1.04.01.002", "-4.56"))
    expected = [row for span in QUARTER for row in world.truth.trial_balance(span)]
    world.mood(f"natural={not world.options.natural}")
    for convention in ("auto", "debit_positive" if world.erp.natural else "natural"):
        run = world.good(balance_convention=convention)
        stated = ("opening_balance", "closing_balance")
        assert without(run.records("trial_balance"), *stated) == without(expected, *stated)
        assert run.codes == []


def test_what_codes_and_names_tell_may_be_absent(same: World, brief: Plain) -> None:
    same.options.omit = set(same.erp.derivable)
    assert rows(same.good()) == rows(brief.run)


def test_absent_fields_of_postings_are_null(same: World, brief: Plain) -> None:
    same.options.omit = set(same.erp.optional)
    run = same.good()
    absent = {name for names in same.erp.optional.values() for name in names.split()}
    expected = [
        {
            **row,
            **dict.fromkeys(absent),
            "posting_date": row["transaction_date"],
        }
        for row in brief.run.records("subledger")
    ]
    assert by_key(without(run.records("subledger"))) == by_key(without(expected))
    assert without(run.records("trial_balance")) == without(brief.run.records("trial_balance"))


def test_codes_without_separators(build: Build) -> None:
    world = build(flat_codes=True, entries_per_month=12)
    world.options.omit = set(world.erp.derivable)
    run = world.good()
    expected = [row for span in QUARTER for row in world.truth.trial_balance(span)]
    assert without(run.records("trial_balance")) == expected
    lines = [row for span in QUARTER for row in world.truth.subledger(span)]
    assert by_key(without(run.records("subledger"))) == by_key(lines)


def test_a_large_chart(build: Build) -> None:
    world = build(small=False, entries_per_month=30, end=QUARTER[0].end)
    # Memorandum accounts have no type, which is no finding.
    assert any(account.type is None for account in world.company.accounts)
    run = world.good(end_date="2024-01-31")
    expected = world.truth.trial_balance(QUARTER[0])
    assert without(run.records("trial_balance")) == expected
    assert by_key(without(run.records("subledger"))) == world.truth.subledger(QUARTER[0])
    assert run.codes == []
