# ruff: noqa: INP001 -- packages named tests would hide one another
"""What Omie's faults mean, and how its methods are called."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from requests.structures import CaseInsensitiveDict

from erp_common.http.answer import Answer
from erp_common.http.dialect import Fault, FaultKind
from erp_common.http.request import Request
from tap_omie.client import Keys, OmieDialect, day

REQUEST = Request("POST", "/geral/balancete/")


def _fault(status: int, body: object, **headers: str) -> Fault | None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = CaseInsensitiveDict({"Content-Type": "application/json", **headers})
    return OmieDialect().fault(Answer(status, told, io.BytesIO(content), len(content)), REQUEST)


def _said(code: str, words: str, status: int = 500) -> Fault:
    fault = _fault(status, {"faultstring": words, "faultcode": code})
    assert fault is not None
    assert fault.code == code
    return fault


@pytest.mark.parametrize("status", [500, 200])
@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("SOAP-ENV:Client-5113", "ERROR: Não existem registros para a página [1]!", "no_records"),
        ("SOAP-ENV:Client-101", "Nenhuma conta corrente foi encontrada!", "no_records"),
        ("SOAP-ENV:Client-5094", "Nenhum registro encontrado", "no_records"),
        ("SOAP-ENV:Client-101", "Empresa [9] não cadastrada para este aplicativo!", "business"),
        ("SOAP-ENV:Client-5001", "Tag [X] não faz parte da estrutura", "business"),
        ("SOAP-ENV:Server", "A chave de acesso está inválida ou suspensa.", "auth"),
        (
            "SOAP-ENV:Server",
            "SOAP-ERROR: Broken response from Application Server (BG)",
            "too_large",
        ),
        ("SOAP-ENV:Client-500", "Limite de requisições por segundo excedido", "rate_limit"),
        ("SOAP-ENV:Server", "Erro temporário no servidor. Tente novamente.", "retry"),
        ("SOAP-ENV:Server", "Timeout na consulta", "retry"),
        ("SOAP-ENV:Client-5020", "ERROR: Falha ao consultar.", "retry"),
        ("MISUSE_API_PROCESS", "API bloqueada por consumo indevido.", "blocked"),
    ],
)
def test_a_fault_means(status: int, code: str, words: str, kind: str) -> None:
    assert _said(code, words, status).kind == FaultKind(kind)


def test_a_bad_key_ends_the_run() -> None:
    assert _said("SOAP-ENV:Server", "A chave de acesso está inválida", 403).ends_run is True


def test_a_block_names_its_end_and_is_never_tried_again() -> None:
    words = "API bloqueada por consumo indevido. Tente novamente em 1678 segundos"
    fault = _said("MISUSE_API_PROCESS", words, 425)
    assert (fault.kind, fault.wait) == (FaultKind.BLOCKED, 1678.0)
    assert "1678 seconds" in str(fault.advice)


@pytest.mark.parametrize(
    ("code", "words", "schedule"),
    [
        (
            "SOAP-ENV:Client-6",
            "Consumo redundante detectado. Aguarde 7 segundos (REDUNDANT)",
            (8.0,),
        ),
        ("SOAP-ENV:Client-6", "Consumo redundante detectado.", (61.0,)),
        (
            "SOAP-ENV:Client-1880",
            "Já existe uma requisição desse método sendo executada",
            (10.0, 61.0),
        ),
        (
            "SOAP-ENV:Client-8020",
            "Esta requisição já foi processada ou está sendo processada",
            (60.0,),
        ),
        ("SOAP-ENV:Client-1100", "Esta requisição já foi processada", (60.0,)),
    ],
)
def test_waits_are_omies_own(code: str, words: str, schedule: tuple[float, ...]) -> None:
    fault = _said(code, words)
    assert (fault.kind, fault.schedule) == (FaultKind.SCHEDULED, schedule)


def test_a_method_in_use_elsewhere_names_what_to_set() -> None:
    fault = _said("SOAP-ENV:Client-1880", "Já existe uma requisição desse método sendo executada")
    assert "set max_concurrency to 1" in str(fault.advice)


def test_calls_of_a_method_have_a_lane_under_the_public_api_alone() -> None:
    calls = [
        Keys(" key ", "secret", one_by_one).call("/x/", "ListarExtrato", {})
        for one_by_one in (False, True)
    ]
    assert [call.lane for call in calls] == [None, "key ListarExtrato"]


def test_errors_come_as_a_list_and_in_a_header_too() -> None:
    listed = _fault(200, [{"CODIGO": "5001", "MENSAGEM": "Tag [X] …", "ORIGEM": "a"}])
    assert listed is not None
    assert (listed.kind, listed.message) == (FaultKind.BUSINESS, "Tag [X] …")
    told = _fault(500, b"<html>", **{"OmieAPI-Error": "5113 - Não existem registros"})
    assert told is not None
    assert told.kind is FaultKind.NO_RECORDS


def test_plain_http_is_understood() -> None:
    for status, kind in ((502, "retry"), (503, "retry"), (429, "rate_limit"), (404, "business")):
        fault = _fault(status, b"<html>Bad Gateway</html>")
        assert fault is not None
        assert fault.kind == FaultKind(kind)


def test_rows_are_no_fault_whatever_they_say() -> None:
    row = {"cHistorico": "faultstring MENSAGEM", "nCodMov": 1}
    assert _fault(200, {"movimentos": [row], "nTotPaginas": 1}) is None


def test_a_call_carries_the_keys_in_its_body_alone() -> None:
    keys = Keys(" key ", "secret\n")
    request = keys.call("/geral/balancete/", "ListarBalancete", {"dDataDe": day(date(2024, 1, 5))})
    assert json.loads(request.body or b"") == {
        "call": "ListarBalancete",
        "app_key": "key",
        "app_secret": "secret",
        "param": [{"dDataDe": "05/01/2024"}],
    }
    assert (request.method, request.path, request.params) == ("POST", "/geral/balancete/", ())
    assert "secret" not in repr(request)
