"""The sign of a reported ledger: found from its own arithmetic, whatever the ERP's habit."""

from __future__ import annotations

import random
from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from erp_common.ledger.convention import Convention
from erp_common.ledger.models import AccountType, Side, StatedAccount
from erp_common.ledger.rules import Rules
from erp_common.ledger.trial_balance import reported

from .books import NATURE, account, analytic_ledgers, codes, sound


def stated_natural(ledger: list[StatedAccount]) -> list[StatedAccount]:
    """The same ledger with balances on each account's normal side."""
    turned = deepcopy(ledger)
    for row in turned:
        if row.normal_balance is Side.CREDIT:
            row.opening, row.closing = -row.opening, -row.closing
    return turned


def decides(ledger: list[StatedAccount]) -> bool:
    """Whether a credit-natured account moved, which is what tells the conventions apart."""
    return any(
        row.normal_balance is Side.CREDIT and abs(row.debit - row.credit) > Decimal("0.01")
        for row in ledger
    )


def nets(ledger: list[StatedAccount], rules: Rules) -> list[tuple[Decimal, Decimal]]:
    return [
        (found.net_opening_balance, found.net_closing_balance)
        for found in reported(ledger, rules).accounts
    ]


@given(analytic_ledgers(), st.booleans())
def test_both_conventions_are_found_and_give_the_same_net_balances(
    ledger: list[StatedAccount],
    natural_if_undecided: bool,  # noqa: FBT001 - drawn
) -> None:
    assume(decides(ledger))
    rules = Rules(natural_if_undecided=natural_if_undecided)
    expected = [(row.opening, row.closing) for row in ledger]
    for rows, convention in (
        (ledger, Convention.DEBIT_POSITIVE),
        (stated_natural(ledger), Convention.NATURAL),
    ):
        balance = reported(rows, rules)
        assert balance.convention is convention
        assert [
            (a.net_opening_balance, a.net_closing_balance) for a in balance.accounts
        ] == expected
        assert balance.is_balanced
        assert codes(balance.findings) == []
        for found, row in zip(balance.accounts, rows, strict=True):
            assert (found.opening_balance, found.closing_balance) == (row.opening, row.closing)


@given(analytic_ledgers(with_contra=False))
def test_types_tell_the_nature_where_the_erp_states_no_side(ledger: list[StatedAccount]) -> None:
    assume(decides(ledger))
    natural = stated_natural(ledger)
    for row in (*ledger, *natural):
        row.normal_balance = None
    assert (
        reported(ledger, Rules(natural_if_undecided=True)).convention is Convention.DEBIT_POSITIVE
    )
    balance = reported(natural, Rules())
    assert balance.convention is Convention.NATURAL
    assert balance.findings == []
    assert nets(natural, Rules()) == [(row.opening, row.closing) for row in ledger]


@given(analytic_ledgers())
def test_undecided_falls_back_on_the_erps_habit(ledger: list[StatedAccount]) -> None:
    for row in ledger:
        row.debit = row.credit = Decimal(0)
        row.closing = row.opening
    assert reported(ledger, Rules()).convention is Convention.DEBIT_POSITIVE
    assert reported(ledger, Rules(natural_if_undecided=True)).convention is Convention.NATURAL
    expected = [(row.opening, row.closing) for row in ledger]
    assert nets(stated_natural(ledger), Rules(natural_if_undecided=True)) == expected


@given(analytic_ledgers())
def test_a_convention_that_is_set_is_not_questioned(ledger: list[StatedAccount]) -> None:
    expected = [(row.opening, row.closing) for row in ledger]
    assert nets(ledger, Rules(balance_convention="debit_positive")) == expected
    assert nets(stated_natural(ledger), Rules(balance_convention="natural")) == expected


@given(analytic_ledgers())
def test_without_a_stated_side_moved_accounts_find_their_own(ledger: list[StatedAccount]) -> None:
    """Contra accounts included: their own equation tells their side."""
    natural = stated_natural(ledger)
    for row in natural:
        row.normal_balance = None
    moved = [abs(row.debit - row.credit) > Decimal("0.01") for row in ledger]
    found = nets(natural, Rules(balance_convention="natural"))
    for row, has_moved, (opening, closing) in zip(ledger, moved, found, strict=True):
        if has_moved:
            assert (opening, closing) == (row.opening, row.closing)


HEADINGS = {
    AccountType.ASSET: ("1", "ATIVO"),
    AccountType.LIABILITY: ("2", "PASSIVO"),
    AccountType.EQUITY: ("2.3", "PATRIMÔNIO LÍQUIDO"),
    AccountType.REVENUE: ("3", "RECEITAS"),
    AccountType.EXPENSE: ("4", "CUSTOS E DESPESAS"),
}


def in_a_tree(ledger: list[StatedAccount]) -> list[StatedAccount]:
    """The ledger below headings, one of them below another; types come from the headings."""
    rows = {
        kind: account(code, name=name, normal_balance=NATURE[kind], is_summary=True)
        for kind, (code, name) in HEADINGS.items()
    }
    leaves = deepcopy(ledger)
    for leaf in leaves:
        kind = leaf.stated_type.type if leaf.stated_type else None
        assert kind is not None
        leaf.code, leaf.stated_type = f"{HEADINGS[kind][0]}.9{leaf.code}", None
        for above in {kind, AccountType.LIABILITY if kind is AccountType.EQUITY else kind}:
            for field in ("opening", "debit", "credit", "closing"):
                setattr(rows[above], field, getattr(rows[above], field) + getattr(leaf, field))
    return [*rows.values(), *leaves]


@given(analytic_ledgers(), st.randoms(use_true_random=False))
def test_whole_trees_are_sound_in_both_conventions(
    ledger: list[StatedAccount], chance: random.Random
) -> None:
    assume(decides(ledger))
    tree = in_a_tree(ledger)
    chance.shuffle(tree)
    for rows in (tree, stated_natural(tree)):
        balance = reported(rows, Rules())
        assert balance.findings == []
        assert balance.totals.account_count == len(ledger)
        found = [(a.net_opening_balance, a.net_closing_balance) for a in balance.accounts]
        assert found == [(row.opening, row.closing) for row in tree]
        types = {kind for kind in AccountType if kind in {a.account_type for a in balance.accounts}}
        assert types == set(AccountType)


def test_one_broken_account_does_not_change_the_convention_of_the_ledger() -> None:
    rows = sound()
    rows.append(account("2.2", "0 0 50 50", name="Errada"))
    balance = reported(rows, Rules(natural_if_undecided=True))
    assert balance.convention is Convention.DEBIT_POSITIVE
    assert "BALANCE_EQUATION" in codes(balance.findings)


@pytest.mark.parametrize(
    ("kind", "amounts", "side", "expected"),
    [
        (AccountType.LIABILITY, "100 0 0", None, -100),
        (AccountType.ASSET, "100 0 0", None, 100),
        (AccountType.ASSET, "100 0 0", Side.CREDIT, -100),
        (AccountType.ASSET, "100 0 20 120", None, -100),
        (AccountType.LIABILITY, "100 20 0 120", None, 100),
        (AccountType.LIABILITY, "0 0 0", None, 0),
    ],
)
def test_the_natural_side_is_the_stated_one_else_the_equations_else_the_types(
    kind: AccountType, amounts: str, side: Side | None, expected: int
) -> None:
    row = account("9", amounts, type=kind, normal_balance=side)
    balance = reported([row], Rules(balance_convention="natural"))
    assert balance.accounts[0].net_opening_balance == expected
    assert str(balance.accounts[0].net_opening_balance) != "-0"


def test_turning_a_balance_round_loses_no_digit() -> None:
    row = account("2", "12345678901234567.8901234567890123 0 0", type=AccountType.LIABILITY)
    row.opening = row.closing = Decimal("12345678901234567.8901234567890123")
    balance = reported([row], Rules(balance_convention="natural"))
    assert str(balance.accounts[0].net_opening_balance) == "-12345678901234567.8901234567890123"
