"""A plain HTTP client for each test, and the books served to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from json import loads
from typing import Any

import pytest
import requests

from simulator import Books, Simulator

Send = Callable[..., requests.Response]
OmieCall = Callable[..., requests.Response]

OMIE_PATHS = {
    "ListarBalancete": "/geral/balancete/",
    "ListarMovimentos": "/geral/contacorrente/",
}


@pytest.fixture
def books() -> Books:
    return Books.generate(companies=2)


@pytest.fixture
def sim(books: Books) -> Iterator[Simulator]:
    with Simulator(books) as simulator:
        yield simulator


@pytest.fixture
def send(sim: Simulator) -> Iterator[Send]:
    with requests.Session() as client:

        def _send(method: str, url: str, **kwargs: Any) -> requests.Response:
            return client.request(
                method,
                url,
                verify=sim.ca_bundle,
                allow_redirects=False,
                timeout=30,
                **kwargs,
            )

        yield _send


@pytest.fixture
def omie(sim: Simulator, send: Send) -> OmieCall:
    def _call(call: str, *, keys: dict[str, str] | None = None, **param: Any) -> requests.Response:
        param = {
            "dDataDe": "01/01/2024",
            "dDataAte": "31/01/2024",
            "nCodEmpresa": "101",
            "nPagina": 1,
            "nRegPorPagina": 500,
        } | param
        body = {"call": call, **(keys or sim.credentials("omie")), "param": [param]}
        return send("POST", sim.base_url("omie") + OMIE_PATHS[call], json=body)

    return _call


@pytest.fixture
def parse() -> Callable[[requests.Response], Any]:
    """Decode JSON with the digits as they came."""
    return lambda response: loads(response.text, parse_float=Decimal, parse_int=Decimal)
