"""Conta Azul's public API: what it refuses, what it ignores, and that its money adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from json import loads
from typing import Any

import pytest
import requests

from simulator import Simulator
from simulator.contaazul_public import SIZES
from simulator.installments import uuid

ERP = "contaazul_public"
EVENTS = "/v1/financeiro/eventos-financeiros"
RECEIVABLE = f"{EVENTS}/contas-a-receber/buscar"
PAYABLE = f"{EVENTS}/contas-a-pagar/buscar"
Get = Callable[..., requests.Response]


@pytest.fixture
def get(sim: Simulator, send: Callable[..., requests.Response]) -> Get:
    token = sim.credentials(ERP, "bearer_token")["access_token"]

    def _get(path: str, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return send("GET", sim.base_url(ERP) + path, params=params, headers=headers)

    return _get


def body(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return loads(answer.text, parse_float=Decimal)


def window(**more: Any) -> dict[str, Any]:
    asked = {"data_vencimento_de": "2024-01-01", "data_vencimento_ate": "2024-03-30"}
    return {"pagina": 1, "tamanho_pagina": 1000, **asked, **more}


def every_installment(sim: Simulator, get: Get) -> list[Any]:
    sim.contaazul_public.longest_window = 10_000
    asked = window(data_vencimento_de="2015-01-01", data_vencimento_ate="2032-01-01")
    listed = [row for path in (RECEIVABLE, PAYABLE) for row in body(get(path, **asked))["itens"]]
    return [body(get(f"{EVENTS}/parcelas/{row['id']}")) for row in listed]


def test_what_settled_and_moved_is_what_the_accounts_hold(sim: Simulator, get: Get) -> None:
    sim.contaazul_public.transfers_listed = False
    cash = sim.cash(ERP)
    held = {uuid("account", one.id): one.initial for one in cash.accounts}
    for one in every_installment(sim, get):
        sign = 1 if one["evento"]["tipo"] == "RECEITA" else -1
        for settled in one["baixas"]:
            composition = settled["valor_composicao"]
            amount = sign * composition["valor_liquido"]
            held[settled["conta_financeira"]["id"]] += amount
    for one in body(get("/v1/financeiro/transferencias", tamanho_pagina=1000))["itens"]:
        held[one["origem"]["conta_financeira"]["id"]] -= one["valor"]
        held[one["destino"]["conta_financeira"]["id"]] += one["valor"]
    assert held == {
        account: body(get(f"/v1/conta-financeira/{account}/saldo-atual"))["saldo_atual"]
        for account in held
    }
    assert held == {uuid("account", a.id): cash.balance(a.id, date.max) for a in cash.accounts}


def test_siblings_state_the_apportionment_of_the_whole_event(sim: Simulator, get: Get) -> None:
    of: dict[str, list[Any]] = {}
    for one in every_installment(sim, get):
        of.setdefault(one["evento"]["id"], []).append(one)
    plans = [siblings for siblings in of.values() if len(siblings) > 2]
    assert plans
    for siblings in plans:
        shares = [one["evento"]["rateio"] for one in siblings]
        amounts = [[share["valor"] for share in one] for one in shares]
        assert all(one == amounts[0] for one in amounts)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (RECEIVABLE, {"pagina": 1, "tamanho_pagina": 10}),
        (RECEIVABLE, window(tamanho_pagina=99)),
        (PAYABLE, window(data_vencimento_ate="2024-04-01")),
        (PAYABLE, window(data_alteracao_de="2024-01-01T00:00:00Z")),
        ("/v1/categorias", {"pagina": 1, "tamanho_pagina": 10}),
        ("/v1/conta-financeira", {"tamanho_pagina": 2000}),
        (f"{EVENTS}/saldo-inicial", {}),
        (
            f"{EVENTS}/alteracoes",
            {"data_inicio": "2024-01-01T00:00:00-03:00", "data_fim": "2024-02-01T00:00:00-03:00"},
        ),
        (
            f"{EVENTS}/alteracoes",
            {"data_inicio": "2023-01-01T00:00:00", "data_fim": "2024-02-01T00:00:00"},
        ),
    ],
)
def test_what_is_refused(get: Get, path: str, params: dict[str, Any]) -> None:
    answer = get(path, **params)
    assert answer.status_code == 400
    assert answer.json()["code"] == 400


def test_what_is_not_known_is_ignored(get: Get) -> None:
    assert body(get(PAYABLE, **window(dataPagamentoDe="2024-01-01"))) == body(
        get(PAYABLE, **window())
    )


def test_changes_are_events(get: Get) -> None:
    asked = {"data_inicio": "2024-01-01T00:00:00", "data_fim": "2024-02-01T00:00:00"}
    changed = body(get(f"{EVENTS}/alteracoes", **asked, tamanho_pagina=1000))
    assert changed["itens_totais"] == len(changed["itens"]) > 10


def test_sizes_are_those_of_the_list(get: Get) -> None:
    for size in SIZES:
        assert len(body(get(PAYABLE, **window(tamanho_pagina=size)))["itens"]) <= size


def test_a_used_up_refresh_token(sim: Simulator, send: Callable[..., requests.Response]) -> None:
    sim.tokens.rotate = True
    keys = sim.credentials(ERP)
    form = {"grant_type": "refresh_token", "refresh_token": keys["refresh_token"]}
    client = (keys["client_id"], keys["client_secret"])
    first = send("POST", keys["token_url"], data=form, auth=client)
    assert first.json()["expires_in"] == 3600
    again = send("POST", keys["token_url"], data=form, auth=client)
    assert (again.status_code, again.json()) == (
        400,
        {"error": "invalid_grant", "error_subtype": "invalid_refresh_token"},
    )
    in_body = dict(zip(("client_id", "client_secret"), client, strict=True))
    form["refresh_token"] = first.json()["refresh_token"]
    assert send("POST", keys["token_url"], data=form | in_body).status_code == 401
