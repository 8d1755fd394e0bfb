"""The views give the latest state of each period, out of tables from which nothing is deleted."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime

import pytest

from demo.postgres import Postgres
from e2e.warehouse import Warehouse
from erp_common.sql import create_views

FIRST, SECOND, THIRD = (datetime(2024, 6, day, 3) for day in (1, 2, 3))  # noqa: DTZ001 - the loader's columns have no zone
JANUARY = (date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = (date(2024, 2, 1), date(2024, 2, 29))
QUARTER = (date(2024, 1, 1), date(2024, 3, 31))
Period = tuple[date, date]


class Books:
    """The loaded tables of one company, written to as target-postgres writes: upserts alone."""

    def __init__(self, warehouse: Warehouse, company: str = "acme") -> None:
        self._warehouse = warehouse
        self._company = company

    def period(self, period: Period, at: datetime, *, entries: int | None) -> None:
        self._warehouse.execute(
            "insert into periods values (%s, %s, %s, %s, %s)"
            " on conflict (company_id, period_start, period_end) do update"
            " set entry_count = excluded.entry_count, extracted_at = excluded.extracted_at",
            self._company, *period, entries, at,
        )  # fmt: skip

    def account(self, code: str, period: Period, at: datetime) -> None:
        self._warehouse.execute(
            "insert into trial_balance values (%s, %s, %s, %s, %s)"
            " on conflict (company_id, period_start, period_end, account_code) do update"
            " set extracted_at = excluded.extracted_at",
            self._company, *period, code, at,
        )  # fmt: skip

    def posting(self, entry: str, day: date, period: Period, at: datetime) -> None:
        self._warehouse.execute(
            "insert into subledger values (%s, '1.1', %s, 1, %s, %s, %s, %s)"
            " on conflict (company_id, account_code, entry_id, line_number) do update"
            " set period_start = excluded.period_start, period_end = excluded.period_end,"
            " transaction_date = excluded.transaction_date, extracted_at = excluded.extracted_at",
            self._company, entry, *period, day, at,
        )  # fmt: skip

    def issue(self, name: str, period: Period, at: datetime, stream: str = "trial_balance") -> None:
        self._warehouse.execute(
            "insert into validation_issues values (%s, %s, %s, %s, %s, %s)"
            " on conflict (issue_id) do update set extracted_at = excluded.extracted_at",
            name, self._company, *period, stream, at,
        )  # fmt: skip

    @property
    def accounts(self) -> list[str]:
        return self._warehouse.values(
            "select account_code from current_trial_balance where company_id = %s order by 1",
            self._company,
        )

    @property
    def postings(self) -> list[str]:
        return self._warehouse.values(
            "select entry_id from current_subledger where company_id = %s order by 1", self._company
        )

    @property
    def issues(self) -> list[str]:
        return self._warehouse.values(
            "select issue_id from current_validation_issues where company_id = %s order by 1",
            self._company,
        )


@pytest.fixture
def tables(warehouse: Warehouse) -> Warehouse:
    """The columns that the views look at, with the types and keys that the loader gives them."""
    warehouse.execute("""
        create schema erp;
        create table periods (
            company_id text, period_start date, period_end date, entry_count bigint,
            extracted_at timestamp, primary key (company_id, period_start, period_end));
        create table trial_balance (
            company_id text, period_start date, period_end date, account_code text,
            extracted_at timestamp,
            primary key (company_id, period_start, period_end, account_code));
        create table subledger (
            company_id text, account_code text, entry_id text, line_number bigint,
            period_start date, period_end date, transaction_date date, extracted_at timestamp,
            primary key (company_id, account_code, entry_id, line_number));
        create table validation_issues (
            issue_id text primary key, company_id text, period_start date, period_end date,
            stream_name text, extracted_at timestamp);
    """)
    warehouse.create_views()
    return warehouse


@pytest.fixture
def books(tables: Warehouse) -> Books:
    """Two months as a first complete run leaves them."""
    books = Books(tables)
    for period, entries in ((JANUARY, ("e1", "e2")), (FEBRUARY, ("e3",))):
        for code in ("1", "1.1"):
            books.account(code, period, FIRST)
        for entry in entries:
            books.posting(entry, period[0], period, FIRST)
        books.period(period, FIRST, entries=len(entries))
    books.issue("i1", JANUARY, FIRST)
    return books


def test_a_complete_run_is_current_as_a_whole(books: Books) -> None:
    assert books.accounts == ["1", "1", "1.1", "1.1"]
    assert books.postings == ["e1", "e2", "e3"]
    assert books.issues == ["i1"]


def test_what_the_erp_has_deleted_is_gone(books: Books) -> None:
    books.account("1", JANUARY, SECOND)
    books.posting("e1", JANUARY[0], JANUARY, SECOND)
    books.period(JANUARY, SECOND, entries=1)
    assert books.accounts == ["1", "1", "1.1"]
    assert books.postings == ["e1", "e3"]
    assert books.issues == []


def test_an_extraction_that_broke_off_hides_nothing(books: Books) -> None:
    books.account("1", JANUARY, SECOND)
    books.posting("e2", JANUARY[1], JANUARY, SECOND)
    assert books.accounts == ["1", "1", "1.1", "1.1"]
    assert books.postings == ["e1", "e2", "e3"]


def test_the_first_extraction_of_a_period_is_seen_before_it_is_complete(books: Books) -> None:
    march = (date(2024, 3, 1), date(2024, 3, 31))
    books.account("9", march, SECOND)
    books.posting("e9", march[0], march, SECOND)
    books.issue("i9", march, SECOND)
    assert books.accounts[-1] == "9"
    assert books.postings[-1] == "e9"
    assert books.issues[-1] == "i9"


def test_postings_stay_when_a_later_run_is_without_the_subledger(books: Books) -> None:
    books.issue("i2", JANUARY, FIRST, stream="subledger")
    books.account("1.1", JANUARY, SECOND)
    books.period(JANUARY, SECOND, entries=None)
    assert books.accounts == ["1", "1.1", "1.1"]
    assert books.postings == ["e1", "e2", "e3"]
    assert books.issues == ["i2"]


def test_a_posting_moved_to_the_next_period_is_there_once(books: Books) -> None:
    books.posting("e1", JANUARY[0], JANUARY, SECOND)
    books.period(JANUARY, SECOND, entries=1)
    books.posting("e2", FEBRUARY[0], FEBRUARY, SECOND)
    books.posting("e3", FEBRUARY[0], FEBRUARY, SECOND)
    books.period(FEBRUARY, SECOND, entries=2)
    assert books.postings == ["e1", "e2", "e3"]


def test_a_posting_moved_out_of_the_only_period_read_again_is_gone(books: Books) -> None:
    books.period(FEBRUARY, SECOND, entries=0)
    assert books.postings == ["e1", "e2"]


def test_after_a_change_to_quarters_the_quarter_decides_on_postings(books: Books) -> None:
    books.posting("e1", JANUARY[0], QUARTER, SECOND)
    books.posting("e3", FEBRUARY[0], QUARTER, SECOND)
    books.account("1", QUARTER, SECOND)
    assert books.postings == ["e1", "e2", "e3"]
    books.period(QUARTER, SECOND, entries=2)
    assert books.postings == ["e1", "e3"]
    # Each period keeps its own trial balance: a month's is no worse for the quarter's beside it.
    assert len(books.accounts) == 5


def test_after_a_change_back_to_months_the_months_read_since_decide(books: Books) -> None:
    for entry, day in (("e1", JANUARY[0]), ("e2", JANUARY[0]), ("e3", FEBRUARY[0])):
        books.posting(entry, day, QUARTER, SECOND)
    books.period(QUARTER, SECOND, entries=3)
    books.period(FEBRUARY, THIRD, entries=0)
    assert books.postings == ["e1", "e2"]


def test_companies_do_not_decide_on_each_other(tables: Warehouse, books: Books) -> None:
    other = Books(tables, "other")
    other.period(JANUARY, THIRD, entries=0)
    assert books.postings == ["e1", "e2", "e3"]
    assert len(books.accounts) == 4
    assert books.issues == ["i1"]


def test_the_views_can_be_made_again_after_a_column_was_added(tables: Warehouse) -> None:
    tables.execute("alter table subledger add column project text")
    tables.create_views()
    assert tables.rows("select project from current_subledger") == []


def test_the_schema_may_have_any_name(tables: Warehouse) -> None:
    tables.execute('alter schema erp rename to "ERP ""A"""')
    tables.execute(create_views('ERP "A"'))
    views = tables.values(
        "select viewname from pg_views where schemaname = %s order by 1", 'ERP "A"'
    )
    assert views == [
        "current_subledger",
        "current_trial_balance",
        "current_validation_issues",
    ]


def psql(postgres: Postgres, warehouse: Warehouse) -> subprocess.CompletedProcess[bytes]:
    """What the README says, as a shell runs it."""
    printed = f"{sys.executable} -m erp_common.sql --schema erp"
    command = f"{printed} | {postgres.psql()} --quiet '{warehouse.uri}'"
    return subprocess.run(command, shell=True, capture_output=True, check=False)  # noqa: S602 - its words are the test's


def test_the_command_prints_what_psql_can_run(postgres: Postgres, tables: Warehouse) -> None:
    tables.execute("drop view current_subledger")
    done = psql(postgres, tables)
    assert (done.returncode, done.stderr) == (0, b"")
    assert tables.rows("select * from current_subledger") == []


def test_where_nothing_is_made_the_command_fails(postgres: Postgres, tables: Warehouse) -> None:
    tables.execute("drop table periods cascade")
    done = psql(postgres, tables)
    assert done.returncode != 0
    assert b"missing: periods" in done.stderr
