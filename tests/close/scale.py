"""What a build costs over large books: `python -m close.scale [--postings 1000000 --months 60]`.

The books are made in PostgreSQL: ten companies whose entries have two lines each, balanced, with a
chart of 91 accounts, a cost centre on four of five postings, and a group that all belong to. Built
are the first time, again with nothing new, and again after one month of one company was extracted
anew. Prints seconds on the clock, CPU seconds of dbt and of PostgreSQL, and the dearest nodes.
"""

# The names of tables are this module's own.

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

from close.warehouses import PostgresClose
from demo.postgres import temporary_postgres

COMPANIES = 10
ACCOUNTS = """
    create table accounts as
    select code, type, exists (
        select 1 from (values {codes}) as below(code, type) where below.code like one.code || '.%'
    ) as is_summary, length(code) - length(replace(code, '.', '')) + 1 as level,
    nullif(regexp_replace(code, '\\.?[^.]+$', ''), '') as parent
    from (values {codes}) as one(code, type)
"""
SUBLEDGER = """
    insert into erp.subledger (
        source_system, company_id, company_name, period_start, period_end, currency, account_code,
        account_name, entry_id, line_number, journal_id, posting_kind, transaction_date,
        posting_date, debit_amount, credit_amount, description, document_number, document_type,
        cost_center, entity_id, entity_name, extracted_at, metadata)
    select 'omie', 'C' || company, 'Companhia ' || company, month,
        month + interval '1 month - 1 day', 'BRL', account, 'Conta ' || account, entry, 1, entry,
        'NORMAL', day, day, debit, credit, 'Lançamento ' || entry, entry, 'NF',
        case when number % 5 > 0 then 'CC' || number % 5 end, (number % 50)::text,
        'Parceiro ' || number % 50, timestamp '2025-01-02 03:00:00', '{{}}'
    from (
        select *, 'E' || company || '-' || to_char(month, 'YYYYMM') || '-' || number as entry,
            (month + number % 28 * interval '1 day')::date as day,
            (((number * 7919 + company) % 100000 + 1) / 100.0)::numeric(18, 2) as amount
        from generate_series(0, {companies} - 1) as company,
            generate_series(date '2020-01-01',
                date '2020-01-01' + interval '{months} months - 1 day', interval '1 month'
            ) as month,
            generate_series(1, {entries}) as number
    ) as entries
    cross join lateral (values
        ((array['1.1', '5.1', '5.2'])[1 + number % 3]
            || '.' || lpad((1 + number % 19)::text, 2, '0'), amount, 0::numeric),
        ((array['3.1', '2.1'])[1 + number % 2]
            || '.' || lpad((1 + number % 9)::text, 2, '0'), 0::numeric, amount)
    ) as lines(account, debit, credit)
"""
TRIAL_BALANCE = """
    insert into erp.trial_balance (
        source_system, company_id, company_name, period_start, period_end, currency, account_code,
        account_name, account_type, parent_account_code, level, normal_balance, opening_balance,
        debit_amount, credit_amount, closing_balance, net_opening_balance, net_closing_balance,
        is_summary, basis, extracted_at, metadata)
    select 'omie', company_id, company_id, period_start, period_end, 'BRL', code, 'Conta ' || code,
        type, parent, level, 'DEBIT', closing - debit + credit, debit, credit, closing,
        closing - debit + credit, closing, is_summary, 'reported',
        timestamp '2025-01-02 03:00:00', '{}'
    from (
        select *, sum(debit - credit) over (
            partition by company_id, code order by period_start) as closing
        from (
            select periods.company_id, periods.period_start, periods.period_end, accounts.code,
                accounts.type, accounts.parent, accounts.level, accounts.is_summary,
                coalesce(sum(moved.debit), 0) as debit, coalesce(sum(moved.credit), 0) as credit
            from (select distinct company_id, period_start, period_end from erp.subledger)
                as periods
            cross join accounts
            left join (
                select company_id, period_start, account_code, sum(debit_amount) as debit,
                    sum(credit_amount) as credit
                from erp.subledger group by 1, 2, 3
            ) as moved
                on moved.company_id = periods.company_id
                and moved.period_start = periods.period_start
                and moved.account_code || '.' like accounts.code || '.%'
            group by 1, 2, 3, 4, 5, 6, 7, 8
        ) as months
    ) as balances
"""
PERIODS = """
    insert into erp.periods (
        source_system, company_id, company_name, period_start, period_end, fiscal_year,
        period_status, currency, basis, account_count, entry_count, total_debit, total_credit,
        is_balanced, subledger_debit, subledger_credit, is_reconciled, issue_count, extracted_at,
        metadata)
    select 'omie', company_id, company_id, period_start, period_end,
        extract(year from period_end), 'closed', 'BRL', 'reported', 81, count(*),
        sum(debit_amount), sum(credit_amount), true, sum(debit_amount), sum(credit_amount), true, 0,
        timestamp '2025-01-02 03:00:00', '{}'
    from erp.subledger group by company_id, period_start, period_end
"""
AGAIN = """
    update erp.{table} set extracted_at = timestamp '2025-01-03 03:00:00'
    where company_id = 'C0' and period_start = date '2020-01-01'
"""


def chart() -> str:
    """The chart, as values."""
    counts = {"1.1": 20, "2.1": 10, "2.3": 1, "3.1": 10, "5.1": 20, "5.2": 20}
    types = {"1": "ASSET", "2": "LIABILITY", "2.3": "EQUITY", "3": "REVENUE", "5": "EXPENSE"}
    codes = [*"1235", *counts]
    codes += [
        f"{above}.{number:02}" for above, count in counts.items() for number in range(1, count + 1)
    ]
    told = ((code, types.get(code[:3], types[code[0]])) for code in codes)
    return ", ".join(f"('{code}', '{kind}')" for code, kind in told)


def fill(close: PostgresClose, postings: int, months: int) -> None:
    """Make the books."""
    close.load({})
    entries = postings // (2 * COMPANIES * months)
    close.execute(
        ACCOUNTS.format(codes=chart()),
        SUBLEDGER.format(companies=COMPANIES, months=months, entries=entries),
        "analyze erp.subledger",
        TRIAL_BALANCE,
        PERIODS,
        *(f"analyze erp.{table}" for table in ("trial_balance", "periods")),
    )
    close.seed(
        "group_accounts",
        *(
            {"group_account": root, "name": root, "statement": "BS" if root in "12" else "PL"}
            for root in "1235"
        ),
    )
    close.seed(
        "account_map",
        *(
            {"company_id": f"C{n}", "account_code_pattern": f"{root}*", "group_account": root}
            for n in range(COMPANIES)
            for root in "1235"
        ),
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="close.scale", description=__doc__)
    parser.add_argument("--postings", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=60)
    given = parser.parse_args()
    with temporary_postgres() as server, tempfile.TemporaryDirectory(prefix="scale-") as name:
        close = PostgresClose(Path(name), server.uri())
        fill(close, given.postings, given.months)
        [row] = close.query("select count(*) as postings from erp.subledger")
        print(f"{row['postings']:,} postings, {COMPANIES} companies, {given.months} months")
        postmaster = int((server.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        for title in ("first build", "nothing new", "one month again"):
            if title == "one month again":
                close.execute(
                    *(AGAIN.format(table=one) for one in ("subledger", "trial_balance", "periods"))
                )
            measured(title, close, Path(name), postmaster)


def measured(title: str, close: PostgresClose, folder: Path, postmaster: int) -> None:
    """Build, and print what it took."""
    before, own, began = ended(postmaster), children(), time.monotonic()
    close.build()
    wall = time.monotonic() - began
    print(
        f"{title}: {wall:.0f} s, CPU seconds: dbt {children() - own:.0f},"
        f" PostgreSQL {ended(postmaster) - before:.0f}, load {os.getloadavg()[0]:.1f}"
    )
    results = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))
    dearest = sorted(results["results"], key=lambda one: -one["execution_time"])[:12]
    for one in dearest:
        print(f"    {one['execution_time']:6.1f} s  {one['unique_id'].split('.')[2]}", flush=True)


def children() -> float:
    """CPU seconds of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ended(postmaster: int) -> float:
    """CPU seconds of the server's processes that have ended."""
    stat = Path(f"/proc/{postmaster}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
