"""What belongs to the server and to no ERP: addresses, limits, the log, tampering."""

from __future__ import annotations

import gc
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

import simulator
from simulator import Books, Limit, Simulator, server
from simulator.tls import server_context

JAN = (date(2024, 1, 1), date(2024, 1, 31))
Call = Callable[..., requests.Response]
Send = Callable[..., requests.Response]


ACME = """
from simulator.bling_v2 import BlingV2Service


class AcmeService(BlingV2Service):
    erp = "acme"
    prefix = "/acme"
"""


def test_another_erp_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme.py").write_text(ACME)
    monkeypatch.setattr(simulator, "__path__", [*simulator.__path__, str(tmp_path)])
    monkeypatch.setattr(server, "kinds", server.kinds.__wrapped__)
    try:
        with Simulator() as sim:
            assert sim.base_url("acme").endswith("/acme")
            assert sim.settings("acme")["api_version"] == "v2"
    finally:
        sys.modules.pop("simulator.acme", None)


def test_localhost_is_certified_too(sim: Simulator, send: Send) -> None:
    url = sim.base_url("omie", host="localhost")
    assert send("POST", url + "/geral/balancete").status_code == 301


def test_nobody_trusts_the_certificate_unasked(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(sim.base_url("omie"), timeout=30)


def test_unknown_addresses_are_not_found(sim: Simulator, send: Send) -> None:
    assert send("GET", f"https://127.0.0.1:{sim.port}/nowhere").status_code == 404
    with pytest.raises(KeyError):
        sim.base_url("sap")
    with pytest.raises(KeyError):
        sim.token_url("omie")


def test_simulators_live_side_by_side_and_leave_no_thread() -> None:
    before = threading.active_count()
    with Simulator() as first, Simulator() as second:
        assert first.port != second.port
        assert first.ca_bundle == second.ca_bundle
        for sim in (first, second):
            url = sim.base_url("omie") + "/geral/balancete"
            assert requests.post(url, verify=sim.ca_bundle, timeout=30, allow_redirects=False)
    assert threading.active_count() == before


def test_the_log_says_what_was_asked(omie: Call, sim: Simulator) -> None:
    omie("ListarBalancete", nPagina=1)
    omie("ListarMovimentos", cCodConta="1.1.01.02.001", nCodEmpresa="102")
    first, second = sim.requests
    assert (first.erp, first.endpoint, first.company, first.page) == (
        "omie",
        "ListarBalancete",
        "101",
        1,
    )
    assert (second.account, second.company, second.status) == ("1.1.01.02.001", "102", 200)
    assert second.params["dDataDe"] == "01/01/2024"
    assert first.started <= second.started
    assert sim.requests.count("omie") == 2
    assert sim.requests.count(endpoint="ListarBalancete") == 1
    assert sim.requests.count(where=lambda request: request.company == "102") == 1
    sim.requests.clear()
    assert not len(sim.requests)
    with pytest.raises(TimeoutError, match="0 of 1"):
        sim.requests.wait_for(1, timeout=0.01)


def test_the_log_can_be_short(books: Books) -> None:
    with Simulator(books, keep_requests=2) as sim:
        for _ in range(3):
            requests.get(sim.base_url("omie") + "/x/", verify=sim.ca_bundle, timeout=30)
        assert [request.number for request in sim.requests] == [2, 3]


def test_a_rate_limit_turns_down_what_exceeds_the_burst(omie: Call, sim: Simulator) -> None:
    sim.limits["omie"] = Limit(1, interval=3600, burst=3, leeway=0)
    assert [omie("ListarBalancete").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert sim.limits.rejected("omie") == sim.limits.rejected() == 2
    assert [request.rejected for request in sim.requests][2:] == [None, "rate", "rate"]
    sim.limits.off()
    assert omie("ListarBalancete").status_code == 200


def test_a_daily_limit(omie: Call, sim: Simulator) -> None:
    sim.limits["omie"] = Limit(1000, burst=1000, per_day=2)
    sim.limits.retry_after = True
    answers = [omie("ListarBalancete") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 60


def test_a_concurrency_limit(sim: Simulator, omie: Call) -> None:
    sim.limits["omie"] = Limit(1000, burst=1000, concurrency=2)
    inside = threading.Barrier(3)
    go_on = threading.Event()

    def hold(_body: Any, _request: Any) -> None:
        inside.wait(20)
        go_on.wait(20)

    with sim.tamper("omie", "ListarBalancete", hold), ThreadPoolExecutor(2) as pool:
        held = [pool.submit(omie, "ListarBalancete") for _ in range(2)]
        inside.wait(20)
        turned_down = omie("ListarBalancete")
        other_method = omie("ListarMovimentos", cCodConta="1.1.01.02.001")
        go_on.set()
        assert [answer.result().status_code for answer in held] == [200, 200]
    assert turned_down.status_code == 429
    assert other_method.status_code == 200
    assert sim.requests.most_in_flight("omie", "ListarBalancete") == 3


def test_the_real_limits_are_those_of_the_vendors(sim: Simulator) -> None:
    sim.limits.real()
    limit = sim.limits["omie"]
    assert limit is not None
    assert (limit.requests, limit.interval, limit.burst, limit.concurrency) == (300, 60, 20, 4)


def test_rows_can_be_tampered_with(omie: Call, sim: Simulator, books: Books) -> None:
    def drop_first(body: dict[str, Any], _request: Any) -> None:
        del body["balancete"][0]

    with sim.tamper("omie", "ListarBalancete", drop_first):
        rows = omie("ListarBalancete").json()["balancete"]
        assert len(rows) == len(books.company.accounts) - 1
    assert len(omie("ListarBalancete").json()["balancete"]) == len(books.company.accounts)
    remove = sim.add_tamper("omie", "ListarBalancete", lambda _body, _request: [1])
    assert omie("ListarBalancete").json() == [1]
    remove()
    assert omie("ListarBalancete").json() != [1]


def test_changes_in_the_books_are_served_at_once(omie: Call, books: Books) -> None:
    code = "1.1.01.02.001"
    entry, _ = books.company.lines(*JAN, code)[0]
    books.company.delete_entry(entry.id)
    rows = omie("ListarMovimentos", cCodConta=code).json()["movimentos"]
    assert entry.id not in {row["nCodMov"] for row in rows}


def test_latency_can_change_at_run_time(omie: Call, sim: Simulator) -> None:
    sim.latency = 0.05
    omie("ListarBalancete")
    request = sim.requests[-1]
    assert request.finished is not None
    assert request.finished - request.started >= 0.05


def test_settings_are_a_whole_configuration(sim: Simulator) -> None:
    omie = sim.settings("omie", start_date="2024-01-01")
    assert [company["id"] for company in omie["companies"]] == ["101", "102"]
    assert omie["base_url"].startswith("https://")
    assert omie["app_key"]
    assert omie["start_date"] == "2024-01-01"
    bling = sim.settings("bling_v2", companies=["102"])
    assert bling["api_key"] == sim.credentials("bling", company="102")["api_key"]
    assert (bling["api_version"], len(bling["companies"])) == ("v2", 1)
    totvs = sim.settings("totvs", "password")
    assert (totvs["auth_type"], totvs["grant_type"]) == ("oauth2", "password")
    assert totvs["token_url"] == sim.token_url("totvs")


def test_the_simulator_shares_no_code_with_the_taps() -> None:
    script = "import sys, simulator.__main__; print(*sys.modules, sep='\\n')"
    modules = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    ).stdout.splitlines()
    assert "simulator.server" in modules
    strangers = ("erp_common", "singer_sdk", "tap_")
    assert not [name for name in modules if name.startswith(strangers)]


def test_a_client_that_is_gone_before_the_handshake_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        select.select([accepted], [], [], 10)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with pytest.raises(OSError, match="reset"):
                server_context().wrap_socket(accepted, server_side=True)
            gc.collect()
    assert [str(one.message) for one in told] == []
