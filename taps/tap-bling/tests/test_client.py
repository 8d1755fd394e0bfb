# ruff: noqa: INP001 -- packages named tests would hide one another
"""What is sent to Bling, and what its errors mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

import pytest
import requests

from erp_common.errors import ERPValidationError
from erp_common.http.answer import Answer
from erp_common.http.dialect import Fault, FaultKind
from erp_common.ledger.periods import Period
from tap_bling import client

V3, V2 = "https://bling.example/Api/v3", "https://bling.example/Api/v2"
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))


def fault(answer: Answer) -> Fault:
    found = client.BlingDialect().fault(answer, client.accounts_v3(1, 100))
    assert found is not None
    return found


def fault_v2(answer: Answer) -> Fault | None:
    return client.BlingV2Dialect().fault(answer, client.accounts_v2(1))


def error(kind: str, **more: Any) -> dict[str, Any]:
    return {"error": {"type": kind, "message": "Recusado.", "description": "Porque sim", **more}}


def erros(*errors: tuple[int, str]) -> str:
    listed = "".join(f"<erro><cod>{code}</cod><msg>{words}</msg></erro>" for code, words in errors)
    return f"<?xml version='1.0'?><retorno><erros>{listed}</erros></retorno>"


def test_v3_requests() -> None:
    accounts = client.accounts_v3(2, 100)
    assert (accounts.method, accounts.url(V3)) == (
        "GET",
        f"{V3}/contascontabeis?pagina=2&limite=100",
    )
    movements = client.movements_v3("148", JANUARY, 3, 50)
    query = "dataInicial=2024-01-01&dataFinal=2024-01-31&pagina=3&limite=50"
    assert (movements.method, movements.url(V3)) == (
        "GET",
        f"{V3}/contascontabeis/148/movimentacoes?{query}",
    )


def test_v2_requests() -> None:
    accounts = client.accounts_v2(2)
    assert (accounts.method, accounts.url(V2)) == ("GET", f"{V2}/contascontabeis/page=2/xml/")
    movements = client.movements_v2("148", JANUARY, 3)
    query = "filters=data%5B01%2F01%2F2024%20TO%2031%2F01%2F2024%5D"
    assert (movements.method, movements.url(V2)) == (
        "GET",
        f"{V2}/contascontabeis/148/movimentacoes/page=3/xml/?{query}",
    )


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    assert client.movements_v3("../x?y", JANUARY, 1, 1).path == (
        "/contascontabeis/..%2Fx%3Fy/movimentacoes"
    )


@pytest.mark.parametrize(
    ("version", "location", "url", "header"),
    [
        ("v3", "header", "https://bling.example/x", "Bearer k+/ey"),
        ("v3", "query", "https://bling.example/x?api_key=k%2B%2Fey", None),
        ("v2", "header", "https://bling.example/x?apikey=k%2B%2Fey", None),
        ("v2", "query", "https://bling.example/x?apikey=k%2B%2Fey", None),
    ],
)
def test_api_key(
    version: str, location: Literal["header", "query"], url: str, header: str | None
) -> None:
    request = requests.Request("GET", "https://bling.example/x").prepare()
    signed = client.api_key("k+/ey", version, location)(request)
    assert (signed.url, signed.headers.get("Authorization")) == (url, header)


class TestV3Errors:
    """`{"error": {…}}`."""

    @pytest.mark.parametrize(
        ("kind", "status", "meant"),
        [
            ("VALIDATION_ERROR", 400, FaultKind.BUSINESS),
            ("UNKNOWN_ERROR", 400, FaultKind.BUSINESS),
            ("RESOURCE_NOT_FOUND", 404, FaultKind.BUSINESS),
            ("SERVER_ERROR", 500, FaultKind.RETRY),
            ("BAD_REQUEST", 200, FaultKind.BUSINESS),
        ],
    )
    def test_by_status(
        self, answer: Callable[..., Answer], kind: str, status: int, meant: FaultKind
    ) -> None:
        found = fault(answer(error(kind), status))
        assert (found.kind, found.code, found.message) == (meant, kind, "Recusado: Porque sim")

    def test_fields_are_named(self, answer: Callable[..., Answer]) -> None:
        fields = [{"code": 49, "msg": "inválida", "element": "dataFinal", "namespace": ""}]
        found = fault(answer(error("VALIDATION_ERROR", fields=fields), 400))
        assert found.message == "Recusado: Porque sim: dataFinal inválida"

    @pytest.mark.parametrize("status", [400, 401])
    @pytest.mark.parametrize("kind", ["INVALID_APIKEY_ERROR", "UNAUTHORIZED", "UNAUTHENTICATED"])
    def test_a_bad_key_ends_the_run(
        self, answer: Callable[..., Answer], kind: str, status: int
    ) -> None:
        found = fault(answer(error(kind), status))
        assert (found.kind, found.ends_run) == (FaultKind.AUTH, True)

    def test_a_missing_scope_does_not(self, answer: Callable[..., Answer]) -> None:
        found = fault(answer(error("FORBIDDEN"), 403))
        assert (found.kind, found.ends_run) == (FaultKind.AUTH, False)

    def test_is_one_however_long_its_words_and_whatever_stands_beside_it(
        self, answer: Callable[..., Answer]
    ) -> None:
        body = {"data": [], "error": {"type": "SERVER_ERROR", "message": "falhou " * 5000}}
        found = fault(answer(body))
        assert (found.kind, found.code) == (FaultKind.BUSINESS, "SERVER_ERROR")

    def test_too_many_a_second(self, answer: Callable[..., Answer]) -> None:
        body = error("TOO_MANY_REQUESTS", limit=3, period="second")
        found = fault(answer(body, 429))
        assert (found.kind, found.wait) == (FaultKind.RATE_LIMIT, 1.0)
        assert fault(answer(body, 429, Retry_After="7")).wait == 7.0

    def test_too_many_a_day(self, answer: Callable[..., Answer]) -> None:
        found = fault(answer(error("TOO_MANY_REQUESTS", limit=120000, period="day"), 429))
        assert found.kind is FaultKind.BLOCKED
        assert found.advice is not None
        assert "tomorrow" in found.advice

    def test_too_many_without_a_word(self, answer: Callable[..., Answer]) -> None:
        assert fault(answer("", 429)).kind is FaultKind.RATE_LIMIT

    @pytest.mark.parametrize(
        "body", [{"data": []}, {"data": [{"id": 1}]}, {"error": None, "data": []}]
    )
    def test_rows_are_no_error(self, answer: Callable[..., Answer], body: dict[str, Any]) -> None:
        assert client.BlingDialect().fault(answer(body), client.accounts_v3(1, 100)) is None


class TestV2Errors:
    """`<erros>`, mostly with status 200."""

    @pytest.mark.parametrize("status", [200, 400, 500])
    def test_no_more_records(self, answer: Callable[..., Answer], status: int) -> None:
        found = fault_v2(answer(erros((14, "Não encontrada")), status, Content_Type="text/xml"))
        assert found is not None
        assert (found.kind, found.code, found.message) == (
            FaultKind.NO_RECORDS,
            "14",
            "Não encontrada",
        )

    def test_no_more_records_beside_records(self, answer: Callable[..., Answer]) -> None:
        body = (
            "<retorno><movimentacoes><movimentacao><id>1</id></movimentacao></movimentacoes>"
            "<erros><erro><cod>14</cod><msg>?</msg></erro></erros></retorno>"
        )
        found = fault_v2(answer(body))
        assert found is not None
        assert found.kind is FaultKind.BUSINESS

    def test_bad_key(self, answer: Callable[..., Answer]) -> None:
        found = fault_v2(answer(erros((3, "API Key inválida"))))
        assert found is not None
        assert (found.kind, found.ends_run) == (FaultKind.AUTH, True)

    def test_too_many_a_second(self, answer: Callable[..., Answer]) -> None:
        found = fault_v2(answer(erros((18, "O limite de requisições por segundo foi atingido"))))
        assert found is not None
        assert (found.kind, found.wait) == (FaultKind.RATE_LIMIT, 1.0)

    @pytest.mark.parametrize(
        "words", ["O limite de requisições por dia foi atingido", "Limite diário atingido"]
    )
    def test_too_many_a_day(self, answer: Callable[..., Answer], words: str) -> None:
        found = fault_v2(answer(erros((18, words))))
        assert found is not None
        assert found.kind is FaultKind.BLOCKED

    @pytest.mark.parametrize("also", [(14, "Nada"), (40, "Filtro inválido")])
    def test_any_other_code_is_a_refusal(
        self, answer: Callable[..., Answer], also: tuple[int, str]
    ) -> None:
        found = fault_v2(answer(erros((1, "Recurso não encontrado"), also)))
        assert found is not None
        assert (found.kind, found.code) == (FaultKind.BUSINESS, f"1, {also[0]}")
        assert found.message == f"Recurso não encontrado; {also[1]}"

    def test_a_server_that_fails_is_asked_again(self, answer: Callable[..., Answer]) -> None:
        found = fault_v2(answer(erros((99, "Falha interna")), 500))
        assert found is not None
        assert (found.kind, found.message) == (FaultKind.RETRY, "Falha interna")

    @pytest.mark.parametrize(
        "inside",
        [
            "<cod>14</cod><msg>Nada</msg>",
            "<erro><cod> 14 </cod><msg>Nada</msg></erro>",
            "<erros><erro><cod>14</cod><msg>Nada</msg></erro></erros>",
        ],
    )
    def test_however_they_are_nested(self, answer: Callable[..., Answer], inside: str) -> None:
        found = fault_v2(answer(f"<retorno><erros>{inside}</erros></retorno>"))
        assert found is not None
        assert found.kind is FaultKind.NO_RECORDS

    def test_without_a_code(self, answer: Callable[..., Answer]) -> None:
        found = fault_v2(answer("<retorno><erros>Indisponível</erros></retorno>"))
        assert found is not None
        assert (found.kind, found.message, found.code) == (
            FaultKind.BUSINESS,
            "Indisponível",
            None,
        )

    @pytest.mark.parametrize(
        "inside",
        [
            "<contascontabeis/>",
            "<contascontabeis><contacontabil>&lt;erros&gt;</contacontabil></contascontabeis>",
            "<contascontabeis><contacontabil><![CDATA[<erros>]]></contacontabil></contascontabeis>",
            "<erros",
        ],
    )
    def test_no_error(self, answer: Callable[..., Answer], inside: str) -> None:
        assert fault_v2(answer(f"<retorno>{inside}</retorno>")) is None

    def test_errors_behind_a_document_type_are_refused(self, answer: Callable[..., Answer]) -> None:
        body = "<!DOCTYPE retorno [<!ENTITY x '14'>]>" + erros((14, "&x;"))[21:]
        with pytest.raises(ERPValidationError, match="document type"):
            fault_v2(answer(body))
