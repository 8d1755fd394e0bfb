"""What a catalog asks for and a span that ends ahead, for every tap alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field import reference
from field.bling import Bling, CashRow
from field.contaazul import ContaAzul, transfer
from field.omie import Omie
from field.protheus import Protheus, chart, month

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader
    from field.server import Script

BEARER: dict[str, Any] = {"auth_type": "bearer_token", "access_token": "segredo-do-teste"}
BASIC: dict[str, Any] = {
    "auth_type": "basic_auth",
    "username": "leitura",
    "password": "segredo-do-teste",
}
OMIE: dict[str, Any] = {"app_key": "chave", "app_secret": "segredo-do-teste"}
CNPJ = {"companies": [{"id": "acme", "erp_id": "12345678000195"}]}
PUBLIC = {"api": "public"}


def protheus() -> Script:
    """Two accounts with an opening."""
    rows = [chart("11", "CAIXA"), chart("21", "FORNECEDORES", CT1_NORMAL="2", CT1_NATCTA="02")]
    sums = [month("11", "20231231", 100, 0), month("21", "20231231", 0, 100)]
    return Protheus({"CT1": rows, "CQ0": sums, "CT2": []}).script()


def balancete() -> Script:
    """Two accounts with an opening."""
    return reference.totvs(
        [
            reference.totvs_account("11", "D", "01", "100", "0"),
            reference.totvs_account("21", "C", "02", "100", "0"),
        ],
        {},
    )


DAYS = (date(2024, 1, 10), date.today().replace(day=1) - timedelta(days=1))  # noqa: DTZ011 - as below
"""In the first month of each span that is asked for: an empty ledger would not count as read."""


def transactions() -> Script:
    """A sale on each of the days."""
    sales = [reference.transaction(n, "10", f"{day}") for n, day in enumerate(DAYS)]
    return reference.ContaAzul(sales).script()


def chart_with_openings() -> Script:
    """Two accounts with an opening."""
    return reference.Bling({}, opening=Decimal(100)).script()


def transfers() -> Script:
    """A transfer on each of the days."""
    found = [transfer("10", f"{day}") | {"id": f"t{n}"} for n, day in enumerate(DAYS)]
    return ContaAzul(transfers=found).script()


def cash_book() -> Script:
    """A sale on each of the days."""
    return Bling([CashRow(n, day, Decimal(10)) for n, day in enumerate(DAYS, 1)]).script()


FIELD: dict[str, tuple[str, Callable[[], Script], dict[str, Any]]] = {
    "protheus": ("tap-totvs", protheus, BASIC | PUBLIC | {"tenant": "01,01"}),
    "protheus reference": ("tap-totvs", balancete, BASIC),
    "omie": ("tap-omie", lambda: Omie([]).script(), OMIE | PUBLIC),
    "omie reference": ("tap-omie", lambda: reference.Omie().script(), OMIE),
    "contaazul": ("tap-contaazul", transfers, BEARER | PUBLIC | CNPJ),
    "contaazul reference": ("tap-contaazul", transactions, BEARER),
    "bling": ("tap-bling", cash_book, BEARER | PUBLIC | CNPJ),
    "bling reference": ("tap-bling", chart_with_openings, BEARER),
}


@pytest.fixture(params=FIELD)
def run(request: pytest.FixtureRequest, stage: Open, read: Reader) -> Callable[..., Run]:
    """Read one of the ERPs with these settings."""
    tap, script, settings = FIELD[request.param]
    server = stage(script())

    def reading(**more: Any) -> Run:
        return read(tap, server, **settings | more)

    return reading


def bookmarks(run: Run) -> set[str]:
    """Every day that a bookmark of the last state names."""
    return bookmarks_of(run.state)


def last_day(day: date) -> date:
    """The end of the month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def test_a_span_that_ends_ahead(run: Callable[..., Run]) -> None:
    """Months that have not begun are not emitted, and no bookmark lies beyond the open one.

    A bookmark that does lie ahead is told, and the open month is read all the same.
    """
    today = date.today()  # noqa: DTZ011 - the month is the same here but for hours in a year
    first = today.replace(day=1)
    span = {
        "start_date": (first - timedelta(days=20)).isoformat(),
        "end_date": (today + timedelta(days=250)).isoformat(),
    }
    done = run(**span)
    assert done.returncode == 0, done.stderr
    periods = [row["period_end"] for row in done.records("periods")]
    assert periods[-1] == last_day(today).isoformat()
    assert max(bookmarks(done)) <= last_day(today).isoformat()
    ahead = done.state
    for stream in ahead["bookmarks"].values():
        for partition in stream.get("partitions", []):
            if "replication_key_value" in partition:
                partition["replication_key_value"] = last_day(
                    today + timedelta(days=200)
                ).isoformat()
    again = run(state=ahead, **span)
    assert again.returncode == 0, again.stderr
    assert "lies ahead" in again.stderr
    assert [row["period_end"] for row in again.records("periods")][-1] == periods[-1]
    assert max(bookmarks(again)) <= last_day(today).isoformat()


def catalog(run: Run, method: str, key: str = "period_end") -> dict[str, Any]:
    """A catalog of all streams that asks for this way to read."""
    return {
        "streams": [
            {
                "tap_stream_id": message["stream"],
                "stream": message["stream"],
                "schema": message["schema"],
                "key_properties": message["key_properties"],
                "replication_key": key,
                "replication_method": method,
                "metadata": [
                    {
                        "breadcrumb": [],
                        "metadata": {
                            "selected": True,
                            "replication-method": method,
                            "replication-key": key,
                        },
                    }
                ],
            }
            for message in run.messages
            if message["type"] == "SCHEMA"
        ]
    }


def test_how_a_catalog_wants_it_read(run: Callable[..., Run]) -> None:
    """`FULL_TABLE` reads from the start; `LOG_BASED` and another key are refused by name."""
    span = {"start_date": "2024-01-01", "end_date": "2024-04-30", "recheck_periods": 0}
    done = run(**span)
    assert done.returncode == 0, done.stderr
    whole = [row["period_start"] for row in done.records("periods")]
    assert len(whole) == 4
    usual = run(state=done.state, catalog=catalog(done, "INCREMENTAL"), **span)
    assert len(usual.records("periods")) < 4
    full = run(state=done.state, catalog=catalog(done, "FULL_TABLE"), **span)
    assert [row["period_start"] for row in full.records("periods")] == whole
    log = run(catalog=catalog(done, "LOG_BASED"), **span)
    assert log.returncode == 1
    assert "LOG_BASED" in log.last_error
    other = run(catalog=catalog(done, "INCREMENTAL", "extracted_at"), **span)
    assert other.returncode == 1
    assert "extracted_at" in other.last_error


def test_flattening_keeps_what_stands_in_objects(stage: Open, read: Reader) -> None:
    """Rows stay as they are, but for `metadata` and `raw`, which are text then."""
    tap, script, settings = FIELD["protheus"]
    settings = settings | {"start_date": "2024-01-01", "end_date": "2024-01-31"}
    server = stage(script())
    plain = read(tap, server, **settings)
    flat = read(tap, server, **settings, flattening_enabled=True, flattening_max_depth=1)
    for stream in ("periods", "trial_balance"):
        said = [row["metadata"] for row in plain.records(stream)]
        assert any(said)
        assert [json.loads(row["metadata"]) for row in flat.records(stream)] == said
        assert [row.keys() for row in flat.records(stream)] == [
            row.keys() for row in plain.records(stream)
        ]


EMPTY: dict[str, tuple[str, Callable[[], Script], dict[str, Any]]] = {
    "omie": ("tap-omie", lambda: Omie([], banks={}, categories={}).script(), OMIE | PUBLIC),
    "contaazul": (
        "tap-contaazul",
        lambda: ContaAzul(no_accounts=True).script(),
        BEARER | PUBLIC | CNPJ,
    ),
    "bling": ("tap-bling", lambda: Bling([], no_accounts=True).script(), BEARER | PUBLIC | CNPJ),
    "bling reference": (
        "tap-bling",
        lambda: reference.Bling({}, no_accounts=True).script(),
        BEARER,
    ),
}


@pytest.mark.parametrize("erp", EMPTY)
def test_no_account_at_all(stage: Open, read: Reader, erp: str) -> None:
    """A wrong key or branch: the company fails by name, and its state stays."""
    tap, script, settings = EMPTY[erp]
    done = read(tap, stage(script()), **settings, start_date="2024-01-01", end_date="2024-01-31")
    assert done.returncode == 1
    assert done.last_error.startswith("ERPValidationError: ")
    assert "acme" in done.last_error
    assert not any(bookmarks_of(state) for state in done.states)


def bookmarks_of(state: dict[str, Any]) -> set[str]:
    """Every day that a bookmark of this state names."""
    return {
        partition["replication_key_value"]
        for stream in state["bookmarks"].values()
        for partition in stream.get("partitions", [])
        if "replication_key_value" in partition
    }
