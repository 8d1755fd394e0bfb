"""A fictional holding: the portfolio's companies, each with books in its own ERP."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from e2e.warehouse import Warehouse
from house.portfolio import Member, own
from simulator import Books, Simulator

START, END = date(2024, 1, 1), date(2024, 3, 31)
MONTHS = [
    (date(2024, 1, 1), date(2024, 1, 31)),
    (date(2024, 2, 1), date(2024, 2, 29)),
    (date(2024, 3, 1), END),
]
ERPS = {
    "tap-totvs": "totvs",
    "tap-contaazul": "contaazul",
    "tap-omie": "omie",
    "tap-bling": "bling",
}
"""The simulator's name of the ERP that each tap reads."""
MEMBERS = own().members


def books(entries_per_month: int = 40) -> Books:
    """The first quarter of every company.

    Opening balances are entries of the day before, which every ERP can tell of.
    """
    return Books.generate(
        companies=[member.code for member in MEMBERS],
        start=START,
        end=END,
        entries_per_month=entries_per_month,
        opening="entry",
    )


def settings(erp: Simulator) -> dict[str, str]:
    """The environment variables that every pipeline of the holding needs, keys aside."""
    shared: dict[str, str] = {}
    for tap, system in ERPS.items():
        prefix = tap.upper().replace("-", "_")
        shared |= {
            f"{prefix}_BASE_URL": erp.base_url(system),
            f"{prefix}_CA_BUNDLE": str(erp.ca_bundle),
            f"{prefix}_END_DATE": END.isoformat(),
            f"{prefix}_RATE_LIMIT_REQUESTS": "100000",
            f"{prefix}_RATE_LIMIT_BURST": "1000",
        }
    for prefix in ("TAP_CONTAAZUL", "TAP_BLING"):
        shared[f"{prefix}_OPENING_BALANCES_FROM"] = (START - timedelta(days=1)).isoformat()
    return shared


def keys(erp: Simulator, member: Member) -> dict[str, str]:
    """A company's keys, in variables of its own."""
    credentials = erp.credentials(ERPS[member.tap], company=member.code)
    return {f"{member.prefix}{name.upper()}": value for name, value in credentials.items()}


def everything(erp: Simulator, warehouse: Warehouse, folder: Path) -> dict[str, str]:
    """The environment in which any job of the portfolio runs."""
    found = settings(erp) | storage(warehouse, folder)
    for member in MEMBERS:
        own = keys(erp, member)
        if member.tap == "tap-totvs":
            # Whoever has TOTVS shares an application; the variables of the tap reach them all.
            own = {name.replace(member.prefix, "TAP_TOTVS_"): value for name, value in own.items()}
        found |= own
    # A company's own variable wins over that of its tap, which would be refused.
    return found | {"TAP_OMIE_APP_KEY": "nobody's key"}


def storage(warehouse: Warehouse, folder: Path) -> dict[str, str]:
    """Where rows and state go."""
    return {
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
    }


def agree(warehouse: Warehouse, of: Books) -> None:
    """Compare what is loaded with the books: every balance and every posting, to the cent.

    Entries are compared by day, account and amounts: each ERP has ids of its own for them.
    """
    warehouse.create_views()
    for company in of.companies:
        for start, end in MONTHS:
            balances = warehouse.rows(
                "select account_code, net_opening_balance, debit_amount, credit_amount,"
                " net_closing_balance from current_trial_balance"
                " where company_id = %s and period_start = %s and period_end = %s",
                company.id, start, end,
            )  # fmt: skip
            assert {tuple(row.values()) for row in balances} == {
                (row.code, row.opening, row.debit, row.credit, row.closing)
                for row in company.trial_balance(start, end)
            }, f"trial balance of {company.id}, {start}"
            postings = warehouse.rows(
                "select transaction_date, account_code, debit_amount, credit_amount"
                " from current_subledger"
                " where company_id = %s and transaction_date between %s and %s",
                company.id, start, end,
            )  # fmt: skip
            assert Counter(tuple(row.values()) for row in postings) == Counter(
                (line.entry.date, line.line.account, line.line.debit, line.line.credit)
                for line in company.lines(start, end)
            ), f"subledger of {company.id}, {start}"
