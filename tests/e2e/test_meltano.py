"""`meltano run` and the demo, with the real Meltano and the real PostgreSQL."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from demo.meltano import MeltanoError, run
from demo.members import ERPS
from demo.postgres import Postgres
from demo.show import Show
from demo.steps import Screen
from demo.tables import ACCOUNT_TYPES, amount, balance
from e2e.commands import PROJECT, meltano, target_postgres
from e2e.warehouse import Warehouse
from simulator import Books, Line, Simulator

# Runs of Meltano take turns, so one may wait for others.
pytestmark = [pytest.mark.pipelines, pytest.mark.xdist_group("meltano"), pytest.mark.timeout(900)]

START, END = date(2024, 1, 1), date(2024, 3, 31)


@pytest.fixture
def kept() -> Iterator[Path]:
    """A folder that PostgreSQL can enter whoever runs the tests, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="erp-taps-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture(autouse=True)
def _installed() -> None:
    meltano()
    target_postgres()


def show(books: Books, kept: Path) -> str:
    """Run the whole demo over `books` and give what it prints."""
    printed = io.StringIO()
    Show(Screen(Console(file=printed, width=200)), books, START, END, kept).run()
    return printed.getvalue()


def test_the_second_run_reads_what_may_have_changed_and_gets_every_change(kept: Path) -> None:
    project_file = (PROJECT / "meltano.yml").read_bytes()
    # Openings are entries of the day before, which every ERP can tell of.
    books = Books.generate(
        companies=len(ERPS), start=START, end=END, entries_per_month=8, opening="entry"
    )

    first = show(books, kept)
    assert "This run read 12 of 12 periods" in first
    assert "no difference" in first
    words = " ".join(first.split())
    march = books.company.trial_balance(date(2024, 3, 1), END)
    root = next(row for row in march if row.code == "1")
    assert f"{amount(root.debit)} {amount(root.credit)}" in words
    # For each company, how many periods are balanced, and how many reconciled.
    # The log's own "(3 of 3)" counts the periods of a run.
    assert words.replace("(3 of 3)", "").count("3 of 3") == 2 * len(ERPS)
    for written in consolidated(books):
        assert written in words

    change_february_and_march(books)
    second = show(books, kept)
    assert "12 of 12 periods are there" in second
    assert "This run read 8 of 12 periods" in second
    # What has been deleted in the ERP is gone from the views as well.
    assert "no difference" in second

    assert (PROJECT / "meltano.yml").read_bytes() == project_file


def test_the_demo_goes_on_to_a_signed_close_and_tells_what_changed_since(kept: Path) -> None:
    books = Books.generate(
        companies=len(ERPS),
        start=START,
        end=END,
        entries_per_month=8,
        opening="entry",
        closing="quarterly",
        own_charts=True,
        sales_between=True,
    )
    printed = io.StringIO()
    screen = Screen(Console(file=printed, width=200))
    Show(screen, books, START, END, kept, closes=True).run()
    assert "no difference" in printed.getvalue()
    page = (kept / "report" / "index.html").read_text(encoding="utf-8")
    for company in books.companies:
        assert company.name in page
    assert (kept / "report" / "close.xlsx").exists()
    server = Postgres(kept / "postgres")
    server.start()
    try:
        with Warehouse(server.uri()) as warehouse:
            changed = warehouse.rows(
                "select company_id, period_end, restated_accounts, changed_since_signed"
                " from close.close_status where changed_since_signed"
            )
            filed = warehouse.values("select distinct status from close.ecd_tie_out")
    finally:
        server.stop()
    company = books.companies[1]
    assert [tuple(row.values()) for row in changed] == [(company.id, END, 2, True)]
    assert filed == ["EQUAL"]


def consolidated(books: Books) -> Iterator[str]:
    """The lines of the holding's trial balance, a column for each company and one for their sum."""
    for account_type in ACCOUNT_TYPES:
        of_each = []
        for company in books.companies:
            leaves = {
                account.code
                for account in company.accounts
                if account.type == account_type and not account.is_summary
            }
            rows = company.trial_balance(date(2024, 3, 1), END)
            of_each.append(sum((row.closing for row in rows if row.code in leaves), Decimal(0)))
        yield " ".join([account_type, *map(balance, [*of_each, sum(of_each, Decimal(0))])])
    yield f"Total {' '.join(['0,00'] * (len(ERPS) + 1))}"


def change_february_and_march(books: Books) -> None:
    """Delete, change and add an entry in either month of every company."""
    for company in books.companies:
        for month, last in ((2, 29), (3, 31)):
            entries = list(company.entries_between(date(2024, month, 1), date(2024, month, last)))
            company.delete_entry(entries[0].id)
            line = entries[1].lines[0]
            company.delete_line(entries[1].id, 0)
            company.add_entry(
                date=date(2024, month, 15),
                lines=[line, Line("1.1.01.02.001", Decimal("0.10"), Decimal(0))],
                description="Lançamento tardio",
            )


def pipeline(erp: Simulator, warehouse: Warehouse, folder: Path) -> dict[str, str]:
    """The settings of a run that reads the first quarter of the first company."""
    credentials = erp.credentials("omie")
    return {
        "TAP_OMIE_BASE_URL": erp.base_url("omie"),
        "TAP_OMIE_CA_BUNDLE": str(erp.ca_bundle),
        "TAP_OMIE_APP_KEY": credentials["app_key"],
        "TAP_OMIE_APP_SECRET": credentials["app_secret"],
        "TAP_OMIE_COMPANIES": '[{"id": "101"}]',
        "TAP_OMIE_START_DATE": START.isoformat(),
        "TAP_OMIE_END_DATE": END.isoformat(),
        "TAP_OMIE_RATE_LIMIT_REQUESTS": "100000",
        "TAP_OMIE_RATE_LIMIT_BURST": "1000",
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
    }


def test_settings_of_every_kind_arrive_as_they_were_meant(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with Simulator() as erp:
        settings = pipeline(erp, warehouse, tmp_path) | {
            "TAP_OMIE_PERIOD": "quarter",
            "TAP_OMIE_TOLERANCE": "0.02",
            "TAP_OMIE_TIMEOUT": "12.5",
            "TAP_OMIE_RATE_LIMIT_INTERVAL": "30.5",
            "TAP_OMIE_RETRY_BASE_DELAY": "0.25",
            "TAP_OMIE_RETRY_JITTER": "false",
            "TAP_OMIE_FILTERS_LEVEL": "3",
            "TAP_OMIE_FILTERS_ACCOUNT_TYPES": '["EQUITY"]',
            "TAP_OMIE_FILTERS_INCLUDE_ZERO_BALANCES": "false",
            "TAP_OMIE_ACCOUNT_TYPE_PREFIXES": '{"1": "EQUITY"}',
        }
        run(settings, log=tmp_path / "meltano.log", tell=print)
    loaded = warehouse.rows(
        "select period_start, period_end, level, account_type, left(account_code, 1) as root"
        " from trial_balance group by 1, 2, 3, 4, 5 order by root"
    )
    assert [tuple(row.values()) for row in loaded] == [
        (START, END, 3, "EQUITY", "1"),
        (START, END, 3, "EQUITY", "2"),
    ]


@pytest.mark.pipelines
def test_objects_arrive_whole_and_what_nothing_reads_is_told(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    told: list[str] = []
    log = tmp_path / "meltano.log"
    with Simulator() as erp:
        settings = pipeline(erp, warehouse, tmp_path)
        del settings["TAP_OMIE_RATE_LIMIT_REQUESTS"], settings["TAP_OMIE_RATE_LIMIT_BURST"]
        settings |= {
            "TAP_OMIE_RATE_LIMIT": '{"requests": 100000, "burst": 1000}',
            "TAP_OMIE_FILTERS": '{"account_types": ["EQUITY"], "level": 3}',
            "TAP_OMIE_ACCOUNT_TYPE_PREFIXES": '{"1": "EQUITY"}',
            "TAP_OMIE_STREAM_MAPS": '{"validation_issues": "__NULL__"}',
            "TAP_OMIE_FLATTENING_ENABLED": "false",
            "TAP_OMIE_FAKER_CONFIG": '{"locale": "pt_BR"}',
            "TAP_OMIE_FILTERS_LEVL": "2",
            "TAP_OMIE_STRAT_DATE": "2024-01-01",
        }
        run(settings, log=log, tell=told.append)
    loaded = warehouse.rows("select distinct level, account_type from trial_balance")
    assert [tuple(row.values()) for row in loaded] == [(3, "EQUITY")]
    tables = warehouse.values("select tablename from pg_tables where schemaname = 'erp'")
    assert "periods" in tables
    assert "validation_issues" not in tables
    (unlisted,) = [line for line in told if "is not read" in line]
    assert "FAKER_CONFIG in the environment is not read: Meltano knows no setting" in unlisted
    warned = [line for line in told if "nothing reads" in line]
    assert len(warned) == 2
    assert "FILTERS_LEVL in the environment: it is ignored; did you mean TAP_OMIE_" in warned[0]
    assert "did you mean TAP_OMIE_START_DATE?" in warned[1]


def test_a_failed_run_says_why_and_no_secret(warehouse: Warehouse, tmp_path: Path) -> None:
    log = tmp_path / "meltano.log"
    told: list[str] = []
    with Simulator() as erp:
        settings = pipeline(erp, warehouse, tmp_path) | {
            "TAP_OMIE_APP_KEY": "not-the-key-4711",
            "TAP_OMIE_APP_SECRET": "not-the-secret-0815",
        }
        with pytest.raises(MeltanoError, match="ERPAuthenticationError: ") as failure:
            run(settings, log=log, tell=told.append)
    said = f"{failure.value}\n{told}\n{log.read_text()}"
    assert "not-the-key-4711" not in said
    assert "not-the-secret-0815" not in said
    for table in warehouse.values("select tablename from pg_tables where schemaname = 'erp'"):
        assert warehouse.rows(f"table {table}") == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ConnectionError])
def test_a_run_that_is_broken_off_leaves_no_process(
    interruption: type[BaseException], warehouse: Warehouse, tmp_path: Path
) -> None:
    def tell(text: str) -> None:
        if text.startswith("tap-omie: "):
            assert len(running(tmp_path)) >= 3, "Meltano, the tap and the loader"
            raise interruption

    with Simulator() as erp, pytest.raises(interruption):
        run(pipeline(erp, warehouse, tmp_path), log=tmp_path / "meltano.log", tell=tell)
    assert running(tmp_path) == []


def running(folder: Path) -> list[str]:
    """The processes that were told to keep their state in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue  # another user's, or gone since
        if f"sqlite:///{folder}/".encode() in environment:
            found.append((process / "cmdline").read_text().replace("\0", " "))
    return found
