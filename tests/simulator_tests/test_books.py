"""The books are the oracle: what they say must follow from their entries alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest

from simulator import Account, Books, Line

JAN, FEB, MAR = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
DAY = timedelta(days=1)


def test_the_same_arguments_give_the_same_books() -> None:
    first, again, other = Books.generate(), Books.generate(), Books.generate(seed=2)
    assert first.company.entries == again.company.entries
    assert first.company.opening == again.company.opening
    assert first.company.entries != other.company.entries


def test_a_longer_span_begins_like_a_shorter_one() -> None:
    short = Books.generate(end=FEB - DAY).company.entries
    assert Books.generate(end=MAR - DAY).company.entries[: len(short)] == short


@pytest.mark.parametrize("flat_codes", [False, True])
def test_every_entry_balances_and_posts_on_analytic_accounts(flat_codes: bool) -> None:  # noqa: FBT001
    company = Books.generate(preset="demo", companies=1, flat_codes=flat_codes).company
    analytic = {account.code for account in company.accounts if not account.is_summary}
    for entry in company.entries:
        assert 2 <= len(entry.lines) <= 6
        assert sum(line.debit - line.credit for line in entry.lines) == 0
        assert all((line.debit > 0) != (line.credit > 0) for line in entry.lines)
        assert analytic.issuperset(line.account for line in entry.lines)


def test_openings_sum_to_zero_and_leave_the_result_at_zero() -> None:
    company = Books.generate(preset="demo", companies=1).company
    assert sum(company.opening.values()) == 0
    assert {code[0] for code in company.opening} == {"1", "2"}


def test_the_chart_is_deep_wide_and_full_of_traps() -> None:
    accounts = Books.generate(preset="demo", companies=1, end=date(2023, 1, 31)).company.accounts
    by_name = {account.name: account for account in accounts}
    assert len(accounts) > 300
    assert len({account.code for account in accounts}) == len(accounts)
    assert {account.level for account in accounts} == {1, 2, 3, 4, 5}
    assert by_name["Despesas antecipadas"].type == "ASSET"
    assert by_name["Receita Federal a recolher"].type == "LIABILITY"
    assert by_name["Patrimônio Líquido"].code == "2.4"
    assert by_name["Lucros Acumulados"].type == "EQUITY"
    assert by_name["Compensação Ativa"].type is None
    assert by_name["(-) Depreciação Acumulada"].nature == "C"
    assert by_name["(-) Deduções da Receita Bruta"].nature == "D"
    parents = {account.parent for account in accounts}
    assert all(account.is_summary == (account.code in parents) for account in accounts)


def test_the_chart_grows_on_request() -> None:
    accounts = Books.generate(accounts=2500).company.accounts
    assert len(accounts) == 2500
    assert sum(account.name.startswith("Cliente ") for account in accounts) > 2000


def test_amounts_go_from_a_cent_to_hundreds_of_millions() -> None:
    entries = Books.generate(preset="large", entries_per_month=20_000).company.entries
    amounts = [line.debit + line.credit for entry in entries for line in entry.lines]
    assert min(amounts) == Decimal("0.01")
    assert max(amounts) > 100_000_000


@pytest.mark.parametrize("preset", ["tiny", "demo"])
@pytest.mark.parametrize("year_end_closing", [False, True])
def test_every_account_stands_on_its_own_side(preset: str, year_end_closing: bool) -> None:  # noqa: FBT001
    books = Books.generate(
        preset=preset,
        start=date(2023, 11, 1),
        end=MAR - DAY,
        companies=2,
        year_end_closing=year_end_closing,
    )
    for company in books.companies:
        natures = {account.code: account.nature for account in company.accounts}
        for day in (date(2023, 11, 30), date(2023, 12, 31), JAN, FEB, MAR - DAY):
            for row in company.trial_balance(day, day):
                # Losses may be larger than what was earned in better times.
                if not row.code.startswith("2.4.04"):
                    assert (row.closing >= 0) == (natures[row.code] == "D") or not row.closing


def test_a_year_is_what_a_company_of_that_size_has() -> None:
    company = Books.generate(preset="demo", companies=1, start=JAN).company
    rows = {row.code: row.closing for row in company.trial_balance(JAN, date(2024, 12, 31))}
    million = 1_000_000
    assert 30 * million < -rows["3.1.01"] < 70 * million
    assert 0.3 < rows["4"] / -rows["3"] < 0.9
    assert 0.05 < rows["1.2"] / rows["1"] < 0.6
    assert -0.2 < (rows["3"] + rows["4"] + rows["5"]) / rows["3"] < 0.4


def test_entries_show_what_makes_ledgers_hard() -> None:
    entries = Books.generate(preset="demo", companies=1).company.entries
    assert any(len({line.account for line in e.lines}) < len(e.lines) for e in entries)
    assert any(e.posting_date is None for e in entries)
    assert any(e.posting_date and e.posting_date.month != e.date.month for e in entries)
    assert any(e.entity is None for e in entries)
    assert all(e.id > 1 << 31 for e in entries)
    assert {JAN, FEB - DAY, FEB, MAR - DAY}.issubset({e.date for e in entries})


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (JAN, FEB - DAY),
        (FEB, MAR - DAY),
        (date(2024, 1, 10), date(2024, 3, 5)),
        (date(2024, 2, 7), date(2024, 2, 7)),
        (date(2023, 1, 1), date(2025, 12, 31)),
    ],
)
def test_the_trial_balance_follows_from_openings_and_entries(start: date, end: date) -> None:
    company = Books.generate().company
    opening: defaultdict[str, Decimal] = defaultdict(Decimal, company.opening)
    debit: defaultdict[str, Decimal] = defaultdict(Decimal)
    credit: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in company.entries:
        for line in entry.lines:
            if entry.date < start:
                opening[line.account] += line.debit - line.credit
            elif entry.date <= end:
                debit[line.account] += line.debit
                credit[line.account] += line.credit
    for row in company.trial_balance(start, end):
        below = [
            code for code in {*opening, *debit, *credit} if f"{code}.".startswith(f"{row.code}.")
        ]
        assert row.opening == sum(opening[code] for code in below)
        assert row.debit == sum(debit[code] for code in below)
        assert row.credit == sum(credit[code] for code in below)
        assert row.closing == row.opening + row.debit - row.credit


def test_lines_are_those_of_the_account_and_the_days() -> None:
    company = Books.generate().company
    start, end, code = date(2024, 1, 10), date(2024, 3, 5), "1.1.01.02.001"
    expected = [
        (entry, line)
        for entry in company.entries
        for line in entry.lines
        if start <= entry.date <= end
    ]
    assert company.lines(start, end) == expected
    assert company.lines(start, end, code) == [(e, i) for e, i in expected if i.account == code]
    assert company.lines(start, end, "9.9") == []


@pytest.mark.parametrize("flat_codes", [False, True])
def test_the_year_end_closes_the_result(flat_codes: bool) -> None:  # noqa: FBT001
    company = Books.generate(
        start=date(2023, 11, 1), end=FEB, year_end_closing=True, flat_codes=flat_codes
    ).company
    before, after = (
        {row.code: row.closing for row in company.trial_balance(day, day)}
        for day in (date(2023, 12, 30), date(2023, 12, 31))
    )
    assert any(before[code] for code in "345")
    assert not any(after[code] for code in "345")


@pytest.mark.parametrize(
    ("closing", "first_month", "dates"),
    [
        ("yearly", 1, [(12, 31)]),
        ("yearly", 7, [(6, 30)]),
        ("quarterly", 1, [(3, 31), (6, 30), (9, 30), (12, 31)]),
        ("quarterly", 2, [(1, 31), (4, 30), (7, 31), (10, 31)]),
    ],
)
@pytest.mark.parametrize("day", [None, 15])
@pytest.mark.parametrize("sales_between", [False, True])
def test_closings_take_the_result_out(
    closing: Any,
    first_month: int,
    dates: list[tuple[int, int]],
    day: int | None,
    sales_between: bool,  # noqa: FBT001
) -> None:
    books = Books.generate(
        companies=2,
        start=JAN,
        end=date(2025, 1, 31),
        closing=closing,
        closing_day=day,
        fiscal_year_start_month=first_month,
        sales_between=sales_between,
    )
    for company in books.companies:
        types = {account.code: account.type for account in company.accounts}
        entries = [entry for entry in company.entries if entry.closes]
        closed = [entry.closes for entry in entries]
        assert closed == [date(2024, month, last) for month, last in dates] + (
            [date(2025, 1, 31)] if day is None and first_month == 2 else []
        )
        for entry in entries:
            assert entry.closes is not None
            assert entry.date == (entry.closes if day is None else entry.closes + DAY * day)
            others = [
                other for other in company.entries if (other.closes or other.date) <= entry.closes
            ]
            left: defaultdict[str, Decimal] = defaultdict(Decimal)
            for other in others:
                for line in other.lines:
                    left[line.account] += line.debit - line.credit
            assert not any(left[code] for code in left if types[code] in ("REVENUE", "EXPENSE"))


def test_companies_sell_to_each_other_and_code_accounts_as_they_like() -> None:
    books = Books.generate(companies=3, sales_between=True, own_charts=True)
    shapes = [
        {sign for one in c.accounts for sign in one.code if not sign.isdigit()}
        for c in books.companies
    ]
    assert shapes == [{"."}, set(), {"-"}]
    for company, other in zip(books.companies, [*books.companies[1:], books.company], strict=True):
        sold, bought = (
            {
                (entry.date, line.debit + line.credit)
                for entry in one.entries
                for line in entry.lines
                if entry.entity and entry.entity.name == partner.name and line.account[0] == root
            }
            for one, partner, root in ((company, other, "3"), (other, company, "5"))
        )
        assert sold == bought
        assert len(sold) == 3


def test_the_opening_can_be_an_entry() -> None:
    balances, entry = Books.generate().company, Books.generate(opening="entry").company
    assert entry.opening == {}
    assert entry.entries[0].date == JAN - DAY
    assert balances.trial_balance(JAN, FEB) == entry.trial_balance(JAN, FEB)
    assert Books.generate(opening="none").company.opening == {}


def test_changes_show_at_once() -> None:
    company = Books.generate().company

    def closing(code: str) -> Decimal:
        return {row.code: row.closing for row in company.trial_balance(JAN, FEB - DAY)}[code]

    bank, sales = "1.1.01.02.001", "3.1.01.01.001"
    was = closing(bank)
    ten = Decimal("10.00")
    entry = company.add_entry(
        date=date(2024, 1, 15),
        lines=[Line(bank, ten, Decimal(0)), Line(sales, Decimal(0), ten)],
    )
    assert company.entry(entry.id) == entry
    assert closing(bank) == was + 10
    company.edit_line(entry.id, 0, debit=Decimal("12.50"))
    assert closing(bank) == was + Decimal("12.50")
    company.delete_line(entry.id, 0)
    assert closing(bank) == was
    company.edit_entry(entry.id, date=FEB)
    assert entry.id not in {e.id for e in company.entries_between(JAN, FEB - DAY)}
    company.delete_entry(entry.id)
    with pytest.raises(KeyError):
        company.entry(entry.id)
    company.set_opening(bank, company.opening.get(bank, Decimal(0)) + 1)
    assert closing(bank) == was + 1


def test_an_entry_is_added_once() -> None:
    company = Books.generate().company
    with pytest.raises(ValueError, match="exists"):
        company.add_entry(company.entries[0])


def test_many_entries_are_added_at_once() -> None:
    company, source = Books.generate(opening="none", end=JAN).company, Books.generate().company
    for entry in company.entries:
        company.delete_entry(entry.id)
    company.add_entries(source.entries)
    assert company.entries == source.entries
    with pytest.raises(ValueError, match="exists"):
        company.add_entries(source.entries[:1])


def test_the_chart_can_change() -> None:
    company = Books.generate().company
    company.put_account(Account("1.1.09", "Novo", "ASSET", "D", "1.1", 3, is_summary=False))
    assert company.trial_balance(JAN, FEB)[-1].code != "1.1.09"
    assert "1.1.09" in {row.code for row in company.trial_balance(JAN, FEB)}
    company.drop_account("1.1.09")
    assert company.account("1.1.09") is None


def test_readers_and_writers_do_not_disturb_each_other() -> None:
    company = Books.generate().company
    debit = Decimal("1.00")

    def write() -> None:
        for _ in range(60):
            entry = company.add_entry(
                date=FEB,
                lines=[
                    Line("1.1.01.02.001", debit, Decimal(0)),
                    Line("3.1.01.01.001", Decimal(0), debit),
                ],
            )
            company.delete_entry(entry.id)

    writers = [Thread(target=write) for _ in range(3)]
    before = company.trial_balance(JAN, MAR)
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        roots = [row for row in company.trial_balance(JAN, MAR) if len(row.code) == 1]
        assert sum(row.closing for row in roots) == 0
    for writer in writers:
        writer.join()
    assert company.trial_balance(JAN, MAR) == before


def test_companies_have_their_own_ids_names_and_books() -> None:
    books = Books.generate(companies=[("01", "Matriz"), "EFX"])
    assert (books.company.id, books.company.name) == ("01", "Matriz")
    assert books["EFX"].name
    first, second = ({entry.id for entry in company.entries} for company in books.companies)
    assert not first & second
    with pytest.raises(ValueError, match="same id"):
        Books.generate(companies=["1", "1"])
