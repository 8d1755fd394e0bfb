# ruff: noqa: INP001 -- packages named tests would hide one another
"""What is sent to Protheus, and what its errors mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from erp_common.http.answer import Answer
from erp_common.http.dialect import Fault, FaultKind
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
from tap_totvs.client import TotvsDialect, report, site_headers
from tap_totvs.streams import BALANCES, MOVEMENTS

BASE = "https://protheus.example/rest"
COMPANY = Company("ACME", "01", "Acme")
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))


def fault(answer: Answer) -> Fault | None:
    return TotvsDialect().fault(answer, report("balancete", COMPANY, JANUARY))


def test_trial_balance_request() -> None:
    request = report("balancete", COMPANY, JANUARY)
    assert (request.method, request.url(BASE)) == (
        "GET",
        f"{BASE}/rest/CTBR020/balancete?empresa=01&dataInicial=20240101&dataFinal=20240131",
    )


def test_movements_request() -> None:
    assert report("movimentacao", COMPANY, JANUARY, "1.1/01").url(BASE) == (
        f"{BASE}/rest/CTBR020/movimentacao"
        "?empresa=01&conta=1.1%2F01&dataInicial=20240101&dataFinal=20240131"
    )


def test_headers_choose_the_site_and_their_blanks_count() -> None:
    assert site_headers("T1,D MG 01 ", None) == {"tenantId": "T1,D MG 01 "}
    assert site_headers(None, "PRODUCAO") == {"environment": "PRODUCAO"}
    assert site_headers(None, None) == {}


def test_rows_are_no_error(answer: Callable[..., Answer]) -> None:
    assert fault(answer({"balancete": [{"CT1_CONTA": "1"}]})) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FaultKind.BUSINESS),
        (401, FaultKind.AUTH),
        (403, FaultKind.AUTH),
        (404, FaultKind.BUSINESS),
        (429, FaultKind.RATE_LIMIT),
        (500, FaultKind.RETRY),
        (503, FaultKind.RETRY),
    ],
)
def test_an_error_in_totvs_standard(
    answer: Callable[..., Answer], status: int, kind: FaultKind
) -> None:
    body = {"code": str(status), "message": "Empresa inválida", "detailedMessage": "Não há 77"}
    found = fault(answer(body, status))
    assert found is not None
    assert (found.kind, found.code) == (kind, str(status))
    assert found.message == "Empresa inválida: Não há 77"


def test_an_older_fault(answer: Callable[..., Answer]) -> None:
    found = fault(answer({"errorCode": 7, "errorMessage": "Parâmetro inválido"}, 400))
    assert found is not None
    assert (found.kind, found.code, found.message) == (
        FaultKind.BUSINESS,
        "7",
        "Parâmetro inválido",
    )


def test_an_error_with_status_200(answer: Callable[..., Answer]) -> None:
    found = fault(answer({"code": "12", "message": "Relatório indisponível"}))
    assert found is not None
    assert (found.kind, found.message) == (FaultKind.BUSINESS, "Relatório indisponível")


def test_an_error_in_cp1252_that_says_it_is_utf8(answer: Callable[..., Answer]) -> None:
    body = '{"code": "1", "message": "Período não aberto"}'.encode("cp1252")
    found = fault(answer(body, 400))
    assert found is not None
    assert found.message == "Período não aberto"


def test_a_page_with_words_of_its_own(answer: Callable[..., Answer]) -> None:
    page = "<html><head><title>400</title></head><body><h1>Per&iacute;odo</h1> bloqueado</body>"
    found = fault(answer(page, 400, Content_Type="text/html"))
    assert found is not None
    assert (found.kind, found.message) == (FaultKind.BUSINESS, "Período bloqueado")


def test_a_page_of_a_gateway(answer: Callable[..., Answer]) -> None:
    found = fault(answer("<html>Bad gateway</html>", 502, Content_Type="text/html"))
    assert found is not None
    assert (found.kind, found.well_formed) == (FaultKind.RETRY, False)


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "application/json"),
        ("utf-8", "application/json; charset=utf-8"),
        ("cp1252", "application/json; charset=cp1252"),
        ("cp1252", "application/json; charset=windows-1252"),
        ("cp1252", "application/json; charset=utf-8"),
        ("cp1252", "application/json"),
    ],
)
def test_charset(answer: Callable[..., Answer], encoding: str, content_type: str) -> None:
    body = '{"balancete": [{"CT1_DESC01": "Câmbio € férias"}]}'.encode(encoding)
    (batch,) = BALANCES.read(answer(body, Content_Type=content_type)).batches
    assert [row and row.CT1_DESC01 for row in batch.rows] == ["Câmbio € férias"]


def test_movements_are_listed_under_their_own_name(answer: Callable[..., Answer]) -> None:
    (batch,) = MOVEMENTS.read(answer({"movimentacao": [{"CT2_DOC": "000001"}]})).batches
    assert [row and row.CT2_DOC for row in batch.rows] == ["000001"]
