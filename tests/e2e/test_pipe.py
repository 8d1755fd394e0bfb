"""A tap and a loader joined by a pipe, without Meltano: every digit arrives."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from e2e.commands import TapRunner, pipe
from e2e.warehouse import Warehouse
from simulator import Books, Line, Simulator

LARGE = Decimal("12345678901234567.89")


def test_amounts_arrive_with_every_digit(
    run_tap: TapRunner, loader: list[str], warehouse: Warehouse
) -> None:
    books = Books.generate()
    entry = books.company.add_entry(
        date=date(2024, 2, 10),
        lines=[
            Line("1.1.01.02.001", LARGE, Decimal(0)),
            Line("3.1.01.01.001", Decimal(0), LARGE - Decimal("0.01")),
            Line("1.1.01.02.002", Decimal(0), Decimal("0.01")),
        ],
    )
    with Simulator(books) as erp:
        config = erp.settings(
            "omie",
            start_date="2024-01-01",
            end_date="2024-03-31",
            rate_limit={"requests": 100_000, "burst": 1_000},
        )
        assert pipe(run_tap.command("tap-omie", config), loader) == (0, 0)

    warehouse.create_views()
    posted = warehouse.rows(
        "select account_code, debit_amount, credit_amount from current_subledger"
        " where entry_id = %s order by account_code",
        str(entry.id),
    )
    assert [tuple(row.values()) for row in posted] == [
        ("1.1.01.02.001", LARGE, Decimal(0)),
        ("1.1.01.02.002", Decimal(0), Decimal("0.01")),
        ("3.1.01.01.001", Decimal(0), LARGE - Decimal("0.01")),
    ]
    for row in books.company.trial_balance(date(2024, 2, 1), date(2024, 2, 29)):
        loaded = warehouse.rows(
            "select net_opening_balance, debit_amount, credit_amount, net_closing_balance"
            " from current_trial_balance where period_end = '2024-02-29' and account_code = %s",
            row.code,
        )
        assert [tuple(found.values()) for found in loaded] == [
            (row.opening, row.debit, row.credit, row.closing)
        ]


@pytest.mark.pipelines
def test_tables_of_the_release_before_get_the_new_columns(
    run_tap: TapRunner, loader: list[str], warehouse: Warehouse
) -> None:
    with Simulator(Books.generate()) as erp:
        config = erp.settings(
            "omie",
            start_date="2024-01-01",
            end_date="2024-03-31",
            rate_limit={"requests": 100_000, "burst": 1_000},
        )
        first = run_tap("tap-omie", config)
        assert pipe(run_tap.command("tap-omie", config), loader) == (0, 0)
        warehouse.create_views()
        # As 0.1.0 made the tables, and with its state.
        for column in ("subledger.journal_id", "subledger.posting_kind", "periods.fiscal_year"):
            table, _, name = column.partition(".")
            warehouse.execute(f"alter table {table} drop column {name} cascade")
        assert first.state is not None
        for entry in first.state["bookmarks"].values():
            for partition in entry.get("partitions", []):
                partition.pop("closed_periods", None)
        command = run_tap.command("tap-omie", config, state=first.state)
        assert pipe(command, loader) == (0, 0)
        warehouse.create_views()
        # What an incremental run reads again is filled, the rest after a full refresh.
        assert warehouse.rows(
            "select period_end, fiscal_year from periods order by period_end"
        ) == [
            {"period_end": date(2024, 1, 31), "fiscal_year": None},
            {"period_end": date(2024, 2, 29), "fiscal_year": 2024},
            {"period_end": date(2024, 3, 31), "fiscal_year": 2024},
        ]
        assert pipe(run_tap.command("tap-omie", config), loader) == (0, 0)
    assert warehouse.values("select count(*) from periods where fiscal_year is null") == [0]
    assert warehouse.values("select count(*) from current_subledger where journal_id is null") == [
        0
    ]
