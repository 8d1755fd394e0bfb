# ruff: noqa: INP001 -- packages named tests would hide one another
"""What is sent to ContaAzul, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from erp_common.http.answer import Answer
from erp_common.http.dialect import FaultKind
from erp_common.ledger.periods import Period
from tap_contaazul.client import ContaAzulDialect, chart_of_accounts, transactions
from tap_contaazul.streams import ACCOUNTS, TRANSACTIONS

BASE = "https://contaazul.example/v1"
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))


def test_chart_request() -> None:
    request = chart_of_accounts()
    assert (request.method, request.url(BASE)) == ("GET", f"{BASE}/chart-of-accounts")


def test_transactions_request() -> None:
    request = transactions(JANUARY, 3, 100)
    assert (request.method, request.url(BASE)) == (
        "GET",
        f"{BASE}/transactions?start_date=2024-01-01&end_date=2024-01-31&page=3&per_page=100",
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FaultKind.BUSINESS),
        (401, FaultKind.AUTH),
        (403, FaultKind.AUTH),
        (429, FaultKind.RATE_LIMIT),
        (502, FaultKind.RETRY),
    ],
)
def test_errors(answer: Callable[..., Answer], status: int, kind: FaultKind) -> None:
    body = {"code": status, "message": "Parâmetros inválidos"}
    found = ContaAzulDialect().fault(answer(body, status), chart_of_accounts())
    assert found is not None
    assert (found.kind, found.message) == (kind, "Parâmetros inválidos")


def test_an_answer_says_how_many_there_are(answer: Callable[..., Answer]) -> None:
    body = {"transactions": [{"id": "t"}], "page": 1, "per_page": 1, "total": 7, "total_pages": 7}
    page = TRANSACTIONS.read(answer(body))
    assert (page.total_rows, page.total_pages, page.row_count) == (7, 7, 1)


def test_an_answer_without_totals(answer: Callable[..., Answer]) -> None:
    page = TRANSACTIONS.read(answer({"transactions": []}))
    assert (page.total_rows, page.total_pages, page.row_count) == (None, None, 0)


def test_the_chart_s_rows(answer: Callable[..., Answer]) -> None:
    (batch,) = ACCOUNTS.read(answer({"accounts": [{"code": "1", "level": 1}]})).batches
    assert [row and row.code for row in batch.rows] == ["1"]
