"""Scripted faults, seen from the other end of the wire."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from threading import Event, Thread
from typing import Any

import pytest
import requests

from simulator import Simulator, SimulatorError, faults

Call = Callable[..., requests.Response]


def honest(omie: Call) -> bytes:
    return omie("ListarBalancete").content


def test_without_rules_nothing_happens(omie: Call) -> None:
    assert omie("ListarBalancete").status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "body"),
    [
        (faults.status(503), 503, "application/json", b"simulated fault"),
        (faults.html(), 502, "text/html; charset=utf-8", b"Bad Gateway"),
        (faults.html(200), 200, "text/html; charset=utf-8", b"manutencao"),
        (faults.null_body(), 200, "application/json", b"null"),
        (faults.empty_body(), 200, "application/json", b""),
        (faults.garbage(), 200, "application/json", b"\xff\xfe"),
        (faults.unauthorized(), 403, "application/json", b"chave de acesso"),
        (faults.forbidden(), 403, "application/json", b""),
        (faults.blocked(99), 425, "application/json", b"99 segundos"),
        (
            faults.omie("SOAP-ENV:Client-6", "Aguarde 2 segundos"),
            500,
            "application/json",
            b"Client-6",
        ),
        (faults.answer(418, b"tea", "text/plain"), 418, "text/plain", b"tea"),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else "",
)
def test_answers_out_of_order(
    omie: Call, sim: Simulator, fault: faults.Fault, status: int, content_type: str, body: bytes
) -> None:
    sim.faults.add(fault)
    answer = omie("ListarBalancete")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == content_type
    assert body in answer.content
    assert sim.requests[-1].fault == fault.name
    assert omie("ListarBalancete").status_code == 200


@pytest.mark.parametrize("fault", [faults.reset(), faults.reset_in_body(), faults.short_body()])
def test_broken_connections(omie: Call, sim: Simulator, fault: faults.Fault) -> None:
    sim.faults.add(fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        omie("ListarBalancete")
    assert omie("ListarBalancete").status_code == 200


@pytest.mark.parametrize("fault", [faults.truncated(), faults.long_body()])
def test_half_a_document(omie: Call, sim: Simulator, fault: faults.Fault) -> None:
    whole = honest(omie)
    sim.faults.add(fault)
    answer = omie("ListarBalancete")
    assert answer.content == whole[: len(whole) // 2]
    assert answer.headers["Content-Length"] == str(len(whole) // 2)
    assert honest(omie) == whole


def test_compressed_bodies(omie: Call, sim: Simulator) -> None:
    whole = honest(omie)
    sim.faults.add(faults.gzip_body())
    assert honest(omie) == whole
    sim.faults.add(faults.gzip_body(labelled=False))
    assert gzip.decompress(honest(omie)) == whole


@pytest.mark.parametrize("kind", [faults.slow_first_byte, faults.slow_body])
def test_slow_answers_wait_for_the_event(
    omie: Call, sim: Simulator, kind: Callable[[Event], faults.Fault]
) -> None:
    whole = honest(omie)
    release = Event()
    sim.faults.add(kind(release))
    answers: list[bytes] = []
    client = Thread(target=lambda: answers.append(honest(omie)))
    client.start()
    sim.requests.wait_for(2)
    assert sim.requests[-1].finished is None
    assert not answers
    release.set()
    client.join()
    assert answers == [whole]


def test_a_slow_answer_does_not_hold_up_the_end(omie: Call, sim: Simulator) -> None:
    sim.faults.add(faults.slow_first_byte(Event()))

    def ask() -> None:
        with pytest.raises(requests.ConnectionError):
            omie("ListarBalancete")

    client = Thread(target=ask)
    client.start()
    sim.requests.wait_for(1)
    sim.stop()
    client.join()


def test_the_nth_and_the_next(omie: Call, sim: Simulator) -> None:
    rule = sim.faults.add(faults.status(500), endpoint="ListarBalancete", nth=3, times=2)
    said = [omie("ListarBalancete").status_code for _ in range(6)]
    assert said == [200, 200, 500, 500, 200, 200]
    assert (rule.seen, rule.hits) == (4, 2)


def test_only_what_matches(omie: Call, sim: Simulator) -> None:
    sim.faults.add(faults.status(500), erp="bling", times=None)
    sim.faults.add(faults.status(500), endpoint="ListarMovimentos", times=None)
    late = sim.faults.add(faults.status(503), where=lambda request: request.page == 2, times=None)
    assert omie("ListarBalancete").status_code == 200
    assert omie("ListarMovimentos", cCodConta="1").status_code == 500
    assert omie("ListarBalancete", nPagina=2).status_code == 503
    late.cancel()
    sim.faults.clear()
    assert omie("ListarBalancete", nRegPorPagina=9, nPagina=2).status_code == 200


def test_retry_after_as_a_date(omie: Call, sim: Simulator) -> None:
    sim.faults.add(faults.rate_limited(60, form="date"))
    moment = parsedate_to_datetime(omie("ListarBalancete").headers["Retry-After"])
    assert moment > datetime.now(timezone.utc)


def test_a_bug_of_the_simulator_fails_the_test() -> None:
    def crash(_body: Any, _request: Any) -> None:
        raise ZeroDivisionError

    def ask() -> None:
        with Simulator() as sim, sim.tamper("omie", "ListarBalancete", crash):
            param = {"dDataDe": "01/01/2024", "dDataAte": "31/01/2024", "nCodEmpresa": "101"}
            body = {"call": "ListarBalancete", **sim.credentials("omie"), "param": [param]}
            url = sim.base_url("omie") + "/geral/balancete/"
            answer = requests.post(url, json=body, verify=sim.ca_bundle, timeout=30)
            assert answer.status_code == 500

    with pytest.raises(SimulatorError) as caught:
        ask()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
