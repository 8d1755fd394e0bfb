"""Sums and line numbers of postings while they stream through."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger import line_numbers
from erp_common.ledger.hierarchy import build
from erp_common.ledger.line_numbers import LineNumbers
from erp_common.ledger.models import Posting
from erp_common.ledger.movements import MOST_STRAYS, Movements
from erp_common.ledger.rules import Rules

from .books import FEBRUARY, JANUARY, account, cents, codes, posting

CHART = build([account("1"), account("1.1"), account("2.1")], Rules())

lines = st.lists(
    st.tuples(
        st.sampled_from(["1.1", "2.1"]), st.sampled_from(["a", "b", "c"]), cents, st.booleans()
    )
)


def postings(drawn: list[tuple[str, str, Decimal, bool]]) -> list[Posting]:
    return [
        posting(code, entry, str(amount if is_debit else -amount))
        for code, entry, amount, is_debit in drawn
    ]


@given(lines, st.integers(1, 5))
def test_sums_and_numbers_do_not_depend_on_the_pages(
    drawn: list[tuple[str, str, Decimal, bool]], page: int
) -> None:
    movements = Movements(JANUARY)
    taken = []
    given_postings = postings(drawn)
    for start in range(0, len(given_postings), page):
        taken += movements.take(given_postings[start : start + page])
    assert taken == given_postings
    for code in ("1.1", "2.1"):
        expected = (
            sum((amount for c, _, amount, debit in drawn if c == code and debit), Decimal(0)),
            sum((amount for c, _, amount, debit in drawn if c == code and not debit), Decimal(0)),
        )
        assert movements.of(code) == expected
    assert movements.entry_count == len(drawn)
    assert movements.total_debit == sum(p.debit_amount for p in taken)
    assert movements.total_credit == sum(p.credit_amount for p in taken)
    numbers = defaultdict(list)
    for line in taken:
        numbers[line.account_code, line.entry_id].append(line.line_number)
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    assert movements.findings(CHART) == []


def test_sums_are_exact_beyond_28_digits() -> None:
    movements = Movements()
    movements.take([posting("1", str(n), "1") for n in range(3)])
    big = posting("1", "big", "1")
    big.debit_amount = Decimal("123456789012345678901.12345678901234567890")
    movements.take([big])
    assert str(movements.of("1")[0]) == "123456789012345678904.12345678901234567890"


def test_a_posting_outside_the_period_is_told_and_not_taken() -> None:
    movements = Movements(JANUARY)
    stray = posting("1.1", "e7", "5", FEBRUARY.start)
    kept = [posting("1.1", "e1", "5", day) for day in (JANUARY.start, JANUARY.end)]
    assert movements.take([kept[0], stray, kept[1]]) == kept
    assert movements.of("1.1") == (Decimal(10), Decimal(0))
    (found,) = movements.findings(CHART)
    assert (found.code, found.account_code, found.entry_id) == ("OUT_OF_PERIOD", "1.1", "e7")
    assert "2024-02-01, outside 2024-01-01..2024-01-31" in found.message
    assert found.raw["debit_amount"] == 5
    assert found.raw["transaction_date"] == "2024-02-01"


def test_strays_beyond_number_are_counted() -> None:
    movements = Movements(JANUARY)
    movements.take([posting("1.1", str(n), "1", FEBRUARY.start) for n in range(MOST_STRAYS + 5)])
    found = movements.findings(CHART)
    assert codes(found) == ["OUT_OF_PERIOD"] * (MOST_STRAYS + 1)
    assert found[-1].message.startswith("5 more postings")
    assert movements.entry_count == 0


def test_without_a_period_any_date_is_taken() -> None:
    movements = Movements(numbered=False)
    line = posting("1.1", "e", "1", date(1, 1, 1))
    line.line_number = 7
    assert movements.take([line, posting("1.1", "e", "1", date(9999, 12, 31))])
    assert movements.entry_count == 2
    assert line.line_number == 7


def test_postings_on_accounts_that_do_not_take_them_are_one_finding_each() -> None:
    movements = Movements(JANUARY)
    first = posting("9", "e1", "5")
    first.account_name = "Nova conta"
    movements.take([first, posting("9", "e2", "-2"), posting("1", "e3", "1")])
    missing, summary = movements.findings(CHART)
    assert (missing.code, missing.account_code) == ("ACCOUNT_NOT_IN_CHART", "9")
    assert missing.message.startswith(
        "Account 9 Nova conta has 2 postings (debit 5, credit 2), but is not in the chart"
    )
    assert (summary.code, summary.account_code, summary.entry_id) == (
        *("POSTING_ON_SUMMARY", "1", "e3"),
    )
    assert "has 1 posting (debit 1, credit 0) of its own" in summary.message
    assert movements.name_of("9") == "Nova conta"
    assert movements.name_of("8") is None


@given(st.lists(st.tuples(st.sampled_from(["1", "1a", ""]), st.text(max_size=3))))
def test_line_numbers_count_exactly(occurrences: list[tuple[str, str]]) -> None:
    numbers, counted = LineNumbers(), Counter[tuple[str, str]]()
    for account_code, entry in occurrences:
        counted[account_code, entry] += 1
        assert numbers.next(account_code, entry) == counted[account_code, entry]


def test_line_numbers_of_many_entries_are_right_and_lean() -> None:
    numbers, many = LineNumbers(), 150_000
    assert {numbers.next("1.1", f"entry-{n}") for n in range(many)} == {1}
    assert {numbers.next("1.1", f"entry-{n}") for n in range(0, many, 7)} == {2}
    assert {numbers.next("1.2", f"entry-{n}") for n in range(0, many, 7)} == {1}
    assert [numbers.next("1.3", "one") for _ in range(300)] == list(range(1, 301))
    assert {numbers.next("1.1", f"entry-{n}") for n in range(0, many, 7)} == {3}
    assert [numbers.next("1.1", "entry-0") for _ in range(300)] == list(range(4, 304))
    assert sum(map(len, numbers._numbers.values())) < 1 << 15
    kept = numbers._packed._buckets
    size = sys.getsizeof(kept) + sum(map(sys.getsizeof, filter(None, kept)))
    assert size < 65_536 * 60 + 14 * many


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=300),
    st.integers(1, 30),
)
def test_line_numbers_are_right_wherever_they_are_kept(
    occurrences: list[tuple[str, int]], most: int
) -> None:
    counted = Counter[tuple[str, int]]()
    with patch.object(line_numbers, "_MOST_IN_DICTIONARIES", most):
        numbers = LineNumbers()
        for account_code, entry in occurrences:
            if entry == 0:
                numbers.finish(account_code)
                counted = Counter({key: n for key, n in counted.items() if key[0] != account_code})
                continue
            counted[account_code, entry] += 1
            assert numbers.next(account_code, str(entry)) == counted[account_code, entry]


def test_a_finished_account_takes_no_memory() -> None:
    numbers = LineNumbers()
    for account_code in ("1.1", "1.2", "1.3"):
        assert {numbers.next(account_code, f"entry-{n}") for n in range(40_000)} == {1}
        numbers.finish(account_code)
    assert not numbers._packed._buckets
    assert not any(numbers._numbers.values())
