"""A cash-basis ledger: every movement is a balanced entry, and apportioning loses no cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import AccountType, Side, StatedAccount
from erp_common.ledger.periods import Periodicity
from erp_common.ledger.rules import Rules

amounts = st.decimals(-10_000_000, 10_000_000, places=2)
shares = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C", "D"]), st.decimals(0, 10_000, places=2)),
    min_size=1,
    max_size=6,
)


@given(amounts, shares)
def test_parts_add_up_to_the_amount_and_are_near_their_share(
    amount: Decimal, weights: list[tuple[str, Decimal]]
) -> None:
    parts = dict(cash.apportioned(amount, weights))
    assert sum(parts.values()) == amount
    assert set(parts) <= {code for code, _ in weights}
    whole = sum(weight for _, weight in weights)
    for code, part in parts.items():
        assert part == part.quantize(Decimal("0.01"))
        if whole:
            own = sum(weight for name, weight in weights if name == code)
            assert abs(part - amount * own / whole) <= Decimal("0.01")


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (
            "100.00",
            [("A", "1"), ("B", "1"), ("C", "1")],
            {"A": "33.33", "B": "33.34", "C": "33.33"},
        ),
        ("-0.01", [("A", "1"), ("B", "1")], {"B": "-0.01"}),
        ("105.00", [("A", "300"), ("B", "100"), ("A", "0")], {"A": "78.75", "B": "26.25"}),
        ("7.00", [("A", "0"), ("B", "0")], {"A": "7.00"}),
        ("7.123", [("A", "1"), ("B", "1")], {"A": "3.562", "B": "3.561"}),
    ],
)
def test_apportioning(amount: str, weights: list[tuple[str, str]], parts: dict[str, str]) -> None:
    given_weights = [(code, Decimal(weight)) for code, weight in weights]
    said = dict(cash.apportioned(Decimal(amount), given_weights))
    assert said == {code: Decimal(part) for code, part in parts.items()}


@given(amounts, shares)
def test_entries_balance(amount: Decimal, weights: list[tuple[str, Decimal]]) -> None:
    movement = Settled(
        entry_id="1", day=date(2024, 1, 2), money_account="CC.1", amount=amount, shares=weights
    )
    lines = cash.entry(movement)
    assert sum(line.debit_amount - line.credit_amount for line in lines) == 0
    assert all(line.debit_amount >= 0 and line.credit_amount >= 0 for line in lines)
    assert lines[0].account_code == "CC.1"
    assert lines[0].debit_amount - lines[0].credit_amount == amount
    assert {line.metadata["accounting_basis"] for line in lines} == {"cash"}


def test_openings_stand_against_their_own_account() -> None:
    accounts = [
        cash.money_account("CC.1", "Banco", Decimal("10.50")),
        cash.money_account("CC.2", "Cartão", Decimal("-30.00")),
    ]
    transfers, opening = cash.counterparts(account.opening for account in accounts)
    assert (transfers.code, transfers.opening, transfers.opening_stated) == (
        "CLEARING.TRANSFER",
        Decimal(0),
        False,
    )
    assert (opening.code, opening.opening, opening.opening_stated) == (
        "OPENING",
        Decimal("19.50"),
        True,
    )
    assert opening.stated_type is not None
    assert opening.stated_type.type is AccountType.EQUITY


def test_an_opening_that_is_not_known_is_not_stated() -> None:
    assert not cash.money_account("CC.1", "Banco", None).opening_stated
    assert not cash.counterparts([None])[1].opening_stated


def test_a_category_without_a_kind_is_left_to_its_name() -> None:
    stated = cash.category("CAT.1", "Diversos", None)
    assert stated.stated_type is not None
    assert (stated.stated_type.both, stated.normal_balance) == (True, None)
    assert cash.category("1", "Vendas", AccountType.REVENUE).normal_balance is Side.CREDIT


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Diversos", None),
        ("Ativo imobilizado", None),
        ("Receitas financeiras", AccountType.REVENUE),
        ("Despesas bancárias", AccountType.EXPENSE),
    ],
)
def test_a_category_without_a_kind_has_a_type_only_if_its_name_says_so(
    name: str, kind: AccountType | None
) -> None:
    stated = [cash.category("3.01", name, None), *cash.counterparts([])]
    chart = build(stated, Rules())
    assert chart.by_code["3.01"].account_type is kind
    assert [one.code for one in chart.findings] == ["UNKNOWN_ACCOUNT_TYPE"] * (kind is None)
    # Nor does a first digit say anything of one that is not listed.
    assert chart.place(StatedAccount(code="1.01.01", name="1.01.01")).account_type is None


@pytest.mark.parametrize(
    ("start", "openings", "periodicity", "first"),
    [
        (date(2024, 2, 15), None, Periodicity.MONTH, date(2024, 2, 1)),
        (date(2024, 2, 15), None, Periodicity.YEAR, date(2024, 1, 1)),
        (date(2024, 2, 15), None, Periodicity.RANGE, date(2024, 2, 15)),
        (date(2024, 2, 15), date(2023, 5, 2), Periodicity.MONTH, date(2023, 5, 2)),
        (date(2024, 2, 15), date(2024, 2, 10), Periodicity.MONTH, date(2024, 2, 1)),
        (None, date(2023, 5, 2), Periodicity.MONTH, date(2023, 5, 2)),
        (None, None, Periodicity.MONTH, None),
    ],
)
def test_the_ledger_begins(
    start: date | None, openings: date | None, periodicity: Periodicity, first: date | None
) -> None:
    assert cash.first_day(start, openings, periodicity) == first


@pytest.mark.parametrize(
    ("end", "periodicity", "last"),
    [
        (date(2024, 2, 15), Periodicity.MONTH, date(2024, 2, 29)),
        (date(2024, 2, 15), Periodicity.RANGE, date(2024, 2, 15)),
        (date(2024, 3, 9), Periodicity.MONTH, None),
        (date(2024, 3, 9), Periodicity.RANGE, date(2024, 3, 9)),
        (None, Periodicity.RANGE, None),
    ],
)
def test_the_last_period_is_over(
    end: date | None, periodicity: Periodicity, last: date | None
) -> None:
    assert cash.last_day(end, periodicity, date(2024, 3, 10)) == last


def test_parts_that_are_known_are_taken_as_they_are() -> None:
    movement = Settled(
        entry_id="1", day=date(2024, 1, 2), money_account="CC.1", amount=Decimal(0), shares=[]
    )
    parts = [("CAT.1", Decimal(100)), ("CAT.2", Decimal(-100))]
    money, first, second = cash.entry(movement, parts)
    assert money.debit_amount == money.credit_amount == 0
    assert [first.account_code, second.account_code] == ["CAT.1", "CAT.2"]
    assert first.credit_amount == second.debit_amount == 100
