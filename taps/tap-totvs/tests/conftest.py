# ruff: noqa: INP001 -- packages named tests would hide one another
"""An ERP's answer, a run of the tap, and a run of the public API's books in the same process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from contract.commands import PreloadedRunner
from erp_common.extract.books import Books as RunBooks
from erp_common.extract.period import Header
from erp_common.extract.work import Work
from erp_common.http.answer import Answer
from erp_common.http.masking import Masker
from erp_common.ledger.models import AccountBalance, Finding, Posting
from erp_common.ledger.periods import Period, periods_touching
from erp_common.setup.connection import Build, extraction
from erp_common.setup.parse import parse
from erp_common.setup.settings import Settings
from harness.answers import answer
from harness.runs import by_stream
from simulator import Simulator
from tap_totvs.tap import TapTotvs

Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(name="answer")
def fixture_answer() -> Callable[..., Answer]:
    return answer


@pytest.fixture
def extract(tmp_path: Path) -> Callable[[Mapping[str, Any]], Rows]:
    """Run the tap to its end; its records by stream."""

    def run(config: Mapping[str, Any]) -> Rows:
        done = PreloadedRunner(tmp_path)("tap-totvs", config)
        assert done.returncode == 0, done.stderr
        return by_stream(done)

    return run


@pytest.fixture
def public() -> SimpleNamespace:
    """Reads the public API's books, and says what they must be."""
    return SimpleNamespace(
        QUARTER=QUARTER,
        settings=settings,
        read=read,
        nets=nets,
        lines=lines,
        lines_of_books=lines_of_books,
        assert_is_the_books=assert_is_the_books,
    )


QUARTER = {"start_date": "2024-01-01", "end_date": "2024-03-31"}


class Extract(NamedTuple):
    """What was read of a period."""

    period: Period
    balances: list[AccountBalance]
    postings: list[Posting]
    issues: list[Finding]
    header: Header


def settings(sim: Simulator, **more: Any) -> dict[str, Any]:
    """Settings for the first company of the books; `auth_type` chooses the keys."""
    company = sim.books.company
    auth_type = more.pop("auth_type", "basic_auth")
    return {
        "api": "public",
        "base_url": sim.base_url("totvs_public"),
        "ca_bundle": sim.ca_bundle,
        "tenant": f"{company.id},{company.filial}",
        "companies": [{"id": "ACME", "name": company.name}],
        "auth_type": auth_type,
        "rate_limit": {"requests": 100000, "burst": 10000},
        "retry": {"max_attempts": 3, "base_delay": 0},
        **sim.service("totvs_public").credentials(auth_type, None),
        **QUARTER,
        **more,
    }


def read(
    sim: Simulator, *, periods: Sequence[Period] | None = None, **more: Any
) -> dict[str, list[Extract]]:
    """Read all periods, or these, of all companies; by company."""
    config = parse(settings(sim, **more), TapTotvs.settings_class)
    masker = Masker()
    build = Build(TapTotvs.defaults.of("public"), masker)
    try:
        source = TapTotvs.source(config, build)
        work = [Work(company, list(periods or spans_of(config))) for company in config.company_list]
        how = extraction(config, source, subledger=True, masker=masker, day=date(2025, 1, 1))
        books = RunBooks(source, work, how)
        try:
            return {
                one.company.id: [
                    Extract(
                        extract.period,
                        extract.balances(),
                        [posting for postings in extract.postings() for posting in postings],
                        extract.findings(),
                        extract.header(),
                    )
                    for extract in books.periods(one.company)
                ]
                for one in work
            }
        finally:
            books.close()
    finally:
        build.close()


def spans_of(config: Settings) -> list[Period]:
    """The periods that the settings ask for."""
    assert config.end_date is not None
    return list(periods_touching(config.first_day, config.end_date, config.period))


def nets(extract: Extract) -> list[tuple[Any, ...]]:
    """The balances as the books say them."""
    return [
        (
            one.account_code,
            one.net_opening_balance,
            one.debit_amount,
            one.credit_amount,
            one.net_closing_balance,
        )
        for one in extract.balances
    ]


def lines(extract: Extract) -> list[tuple[Any, ...]]:
    """The postings as the books say them, in an order of their own."""
    return sorted(
        (
            one.account_code,
            one.account_name,
            one.transaction_date,
            one.debit_amount,
            one.credit_amount,
            one.description,
            one.cost_center or "",
        )
        for one in extract.postings
    )


def lines_of_books(sim: Simulator, period: Period) -> list[tuple[Any, ...]]:
    """What `lines` must be."""
    company = sim.books.company
    return sorted(
        (
            line.account,
            getattr(company.account(line.account), "name", None),
            entry.date,
            line.debit,
            line.credit,
            line.description or entry.description,
            line.cost_center or "",
        )
        for entry, line in company.lines(period.start, period.end)
    )


def assert_is_the_books(sim: Simulator, extracts: Sequence[Extract]) -> None:
    """Every balance and every posting is what the books say, and nothing was found."""
    assert extracts
    for extract in extracts:
        period = extract.period
        assert nets(extract) == sim.books.company.trial_balance(period.start, period.end)
        assert lines(extract) == lines_of_books(sim, period)
        assert extract.issues == []
        assert (extract.header.is_balanced, extract.header.is_reconciled) == (True, True)
