"""The accounting settings: types by prefix, tolerance, the fiscal year; and what a site has."""

from __future__ import annotations

from typing import Any

import pytest

from contract.applies import where
from contract.conftest import Build, Plain
from contract.ledger import without
from contract.ways_to_break import FEBRUARY, TEN
from contract.wire import Body
from contract.world import World
from simulator import LoggedRequest

pytestmark = pytest.mark.by_day("totvs", "contaazul")

FEES, INTEREST = "5.1.05.01.001", "5.1.05.01.002"
"""Two expense accounts side by side."""


@pytest.mark.parametrize(
    "prefixes",
    [
        {"2.4": "ASSET", "2.4.04": "Despesa", "24.01.01": "receita", "3": "EXPENSE"},
        {"2": {"4": "ASSET"}, "24": {"04": "Despesa", "01": {"01": "receita"}}, "3": "EXPENSE"},
    ],
    ids=["flat", "nested"],
)
def test_types_by_prefix_overrule_all_others(
    same: World, brief: Plain, prefixes: dict[str, Any]
) -> None:
    """The longest prefix wins, and separators do not count."""
    run = same.good(account_type_prefixes=prefixes)
    wanted = {"2.4.04": "EXPENSE", "2.4.01.01": "REVENUE", "2.4": "ASSET", "3": "EXPENSE"}
    expected = [
        {
            **row,
            "account_type": next(
                (
                    kind
                    for prefix, kind in wanted.items()
                    if f"{row['account_code']}.".startswith(f"{prefix}.")
                ),
                row["account_type"],
            ),
        }
        for row in brief.run.records("trial_balance")
    ]
    assert without(run.records("trial_balance")) == without(expected)
    assert {row["account_type"] for row in expected} == {
        "ASSET", "LIABILITY", "REVENUE", "EXPENSE",
    }  # fmt: skip


@pytest.mark.parametrize(("tolerance", "found"), [(0.03, False), ("0.03", False), (0.029, True)])
def test_what_counts_as_equal(build: Build, tolerance: object, *, found: bool) -> None:
    """The books are off by three cents."""
    world = build(entries_per_month=3)
    world.break_balance()
    run = world.good(tolerance=tolerance, end_date="2024-01-31")
    assert (run.codes != []) == found
    (header,) = run.records("periods")
    assert header["is_balanced"] != found


def test_nothing_is_equal_but_the_same(build: Build) -> None:
    world = build(entries_per_month=3)
    world.enter(FEBRUARY, ("1.1.01.02.001", "10.01"), ("2.1.01.01.001", "-10.00"))
    assert world.good(end_date="2024-02-29").codes == []
    assert world.good(end_date="2024-02-29", tolerance=0).codes != []


@where(lambda erp: erp.reported)
@pytest.mark.parametrize(("month", "breaks"), [(1, True), (2, False), (3, True)])
def test_results_begin_anew_with_the_fiscal_year(build: Build, month: int, *, breaks: bool) -> None:
    """Two expense accounts open in February with another balance than they closed with."""
    world = build(entries_per_month=3)
    listing = world.erp.accounts

    def tamper(body: Body, request: LoggedRequest) -> None:
        if listing.asks_from(request, FEBRUARY):
            rows = {listing.code(row): row for row in listing.rows(body)}
            for code, by in ((FEES, TEN), (INTEREST, -TEN)):
                for name in ("opening", "closing"):
                    listing.change(rows[code], name, by)

    with world.tamper(listing, tamper):
        run = world.good(fiscal_year_start_month=month, end_date="2024-02-29")
    assert run.codes == (["CONTINUITY_BREAK"] * 2 if breaks else [])


@where(lambda erp: erp.name == "totvs")
def test_the_headers_of_a_site(build: Build) -> None:
    world = build(entries_per_month=3)
    world.options.tenant, world.options.environment = "T1,M SP 01", "PRODUCAO"
    refused = world.bad(end_date="2024-01-31")
    assert refused.last_error.startswith("ERPAuthenticationError: ")
    run = world.good(end_date="2024-01-31", tenant="T1,M SP 01", environment="PRODUCAO")
    assert len(run.records("trial_balance")) == len(world.company.accounts)


@pytest.mark.parametrize(
    "mark", [{"document_types": ["ENC"]}, {"description_prefixes": ["encerr"]}]
)
def test_closing_entries_by_their_marks(build: Build, mark: dict[str, list[str]]) -> None:
    """Where the ERP does not say which entries take the result out, a mark does."""
    world = build(entries_per_month=3, closing="quarterly")
    kinds = world.good(closing_entries=mark).records("subledger")
    closing = {entry.date.isoformat() for entry in world.truth.company.entries if entry.closes}
    marked = [row for row in kinds if (row["description"] or "").startswith("Encerramento")]
    assert closing == {row["transaction_date"] for row in marked} == {"2024-03-31"}
    assert {row["posting_kind"] for row in marked} == {"CLOSING"}
    assert {row["posting_kind"] for row in kinds if row not in marked} == {"NORMAL"}


def test_closing_entries_as_the_erp_says_them(build: Build) -> None:
    world = build(entries_per_month=3, closing="quarterly")
    found = {row["posting_kind"] for row in world.good().records("subledger")}
    assert found == ({"NORMAL", "CLOSING"} if world.erp.says_kind else {None})


@pytest.mark.parametrize(("first_month", "years"), [(1, [2024] * 3), (3, [2024, 2024, 2025])])
def test_the_fiscal_year_is_that_in_which_it_ends(
    same: World, first_month: int, years: list[int]
) -> None:
    run = same.good(fiscal_year_start_month=first_month, end_date="2024-03-31")
    company, *_ = same.truths
    found = [row for row in run.records("periods") if row["company_id"] == company.id]
    assert [row["fiscal_year"] for row in found] == years
