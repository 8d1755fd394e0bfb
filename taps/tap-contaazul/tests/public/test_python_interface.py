# ruff: noqa: INP001 -- packages named tests would hide one another
"""Conta Azul's public API from Python: each question is asked anew, of any days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from erp_common import create_connector
from erp_common.connector.connector import Connector
from simulator import Simulator
from simulator.contaazul_public import money_code, money_in

ERP = "contaazul_public"
JANUARY = date(2024, 1, 1), date(2024, 1, 31)
COMPANY = "98765001000142"


@pytest.fixture
def erp(sim: Simulator) -> Iterator[Connector]:
    with connected(sim, opening_balances_from="2023-12-31") as found:
        yield found


def connected(sim: Simulator, **more: str) -> Connector:
    config = {
        "api": "public",
        "base_url": sim.base_url(ERP),
        "ca_bundle": sim.ca_bundle,
        "rate_limit": {"requests": 100000, "burst": 10000},
        **more,
    }
    keys = sim.credentials(ERP)
    return create_connector("contaazul", "oauth2", credentials=keys, config=config)


def test_a_question_asked_again_has_the_answer_of_now(sim: Simulator, erp: Connector) -> None:
    cash = sim.cash(ERP)
    for _ in range(2):
        ledger = erp.get_trial_balance(COMPANY, *JANUARY)
        said = {one.account_code: one.net_closing_balance for one in ledger.accounts}
        truth = money_in(cash, JANUARY[0], *JANUARY)
        assert said == {name: row.closing for name, row in truth.items()}
        assert ledger.metadata["accounting_basis"] == "cash"
        gone = next(
            one
            for one in cash.between(*JANUARY)
            if one.kind == "direct" and one.id not in sim.plans.extras
        )
        cash.delete(gone.id)


def test_the_postings_of_an_account(sim: Simulator, erp: Connector) -> None:
    cash = sim.cash(ERP)
    account = cash.accounts[0]
    days = date(2024, 2, 5), date(2024, 2, 9)
    found = erp.get_subledger_details(COMPANY, money_code(account), *days)
    assert found
    assert {days[0] <= one.transaction_date <= days[1] for one in found} == {True}
    moved = sum((one.amount for one in cash.between(*days, account.id)), Decimal(0))
    assert sum(one.debit_amount - one.credit_amount for one in found) == moved


def test_without_a_beginning_nothing_is_compared_with_now(sim: Simulator) -> None:
    with connected(sim) as erp:
        ledger = erp.get_trial_balance(COMPANY, JANUARY[0], date(2099, 12, 31))
    codes = {one["code"] for one in ledger.metadata["findings"]}
    assert codes == {"OPENING_ASSUMED_ZERO"}
