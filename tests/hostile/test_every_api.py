"""Pages, counts and ids that make no sense, from every API that the taps read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field import reference
from field.bling import Bling, CashRow
from field.contaazul import BANK, ContaAzul, Title
from field.omie import Movement, Omie
from field.server import Answer, Call, Script, wire
from field.test_span import BEARER, CNPJ, FIELD, OMIE, PUBLIC

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(60)]

JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
PAGES = {"pagina", "page", "nPagina"}
Api = tuple[str, Callable[[], Script], dict[str, Any]]


def omie() -> Script:
    """Money that comes in, by Omie's public API."""
    titles = [{"cabecTitulo": {"cNatureza": nature, "nCodTitulo": 7}} for nature in "PR"]
    return Omie([Movement(1, date(2024, 1, 10), Decimal(10))], titles=titles).script()


def bling() -> Script:
    """Money that comes in, by Bling's public API."""
    return Bling([CashRow(1, date(2024, 1, 10), Decimal(10))]).script()


def contaazul() -> Script:
    """Money that comes in, by Conta Azul's public API."""
    return ContaAzul([Title("t1", Decimal(10), date(2024, 1, 10))]).script()


def movements() -> Script:
    """Postings of two accounts, by Bling's reference API."""
    row = {"data": "2024-01-10", "valor": Decimal(10), "historico": "venda"}
    rows = {n: [row | {"id": n, "tipo": "D" if n == 1 else "C"}] for n in (1, 2)}
    return reference.Bling(rows).script()


APIS: dict[str, Api] = FIELD | {
    "omie": ("tap-omie", omie, OMIE | PUBLIC),
    "bling": ("tap-bling", bling, BEARER | PUBLIC | CNPJ),
    "contaazul": ("tap-contaazul", contaazul, BEARER | PUBLIC | CNPJ),
    "bling reference": ("tap-bling", movements, BEARER),
}


class Twisted(Script):
    """A script whose calls and answers are changed on their way."""

    def __init__(self, true: Script) -> None:
        """Say what `true` says."""
        super().__init__()
        self._true = true
        self.asks: Callable[[Call], Call] = lambda call: call
        self.body: Callable[[Call, dict[str, Any]], dict[str, Any]] = lambda _, body: body
        self.text: Callable[[str], str] = lambda text: text

    def play(self, call: Call) -> Answer | None:
        """Find the answer and twist it."""
        found = self._true.play(self.asks(call))
        if found is None or found.status != 200 or not isinstance(found.body, dict):
            return found
        return Answer(self.text(wire(self.body(call, found.body))).encode(), found.status)


@pytest.fixture
def twisted(stage: Open, read: Reader) -> Callable[..., Run]:
    """Read an API whose answers are twisted."""

    def reading(name: str, twist: Callable[[Twisted], object], **more: Any) -> Run:
        tap, script, settings = APIS[name]
        told = Twisted(script())
        twist(told)
        return read(tap, stage(told), **JANUARY | settings | more)

    return reading


def failed(run: Run, *words: str) -> None:
    """It ended with one clear sentence."""
    assert run.returncode == 1, run.stderr
    assert re.match(r"ERP\w+Error: ", run.last_error), run.stderr
    for word in words:
        assert word in run.last_error, run.last_error
    assert "unforeseen" not in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("name", [name for name in APIS if name != "protheus reference"])
@pytest.mark.parametrize("turned", [False, True], ids=["the same", "turned round"])
def test_pages_that_are_always_the_first(
    name: str,
    turned: bool,  # noqa: FBT001
    twisted: Callable[..., Run],
) -> None:
    def first(call: Call) -> Call:
        if isinstance(call.body, dict):
            return call  # the server knows one page alone
        return call._replace(query={k: "1" if k in PAGES else v for k, v in call.query.items()})

    def page(call: Call) -> int:
        asked = call.body["param"][0] if isinstance(call.body, dict) else call.query
        return next((int(asked[name]) for name in PAGES if name in asked), 1)

    def body(call: Call, true: dict[str, Any]) -> dict[str, Any]:
        again = turned and page(call) % 2 == 0
        return {k: v[::-1] if again and isinstance(v, list) else v for k, v in true.items()}

    def text(true: str) -> str:
        counts = r'("(?:nTot|total|itens_totais)\w*"):\d+'
        return re.sub(counts, r"\1:5000", true.replace('"hasNext":false', '"hasNext":true'))

    def twist(told: Twisted) -> None:
        told.asks, told.body, told.text = first, body, text

    run = twisted(name, twist, page_size=2 if "bling" in name else 100)
    failed(run, "ERPValidationError", "the ERP ignores the page asked for")


@pytest.mark.parametrize("count", ["1e99999999", '"1e99999999"', '"' + "9" * 5000 + '"'])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("omie", "total_de_paginas"),
        ("omie", "total_de_registros"),
        ("omie", "nTotPaginas"),
        ("omie", "nTotRegistros"),
        ("contaazul", "itens_totais"),
        ("contaazul", "paginas_totais"),
        ("protheus", "hasNext"),
    ],
)
def test_counts_beyond_measure(
    name: str, field: str, count: str, twisted: Callable[..., Run]
) -> None:
    def twist(told: Twisted) -> None:
        told.body = lambda _, true: true | {field: "@"}
        told.text = lambda true: true.replace('"@"', count)

    failed(twisted(name, twist), "ERPValidationError", field, "which is no ")


IDS = r'"(id|nCodCC|nCodMov|nCodLancamento|cCodConta|CT1_CONTA|CTI_CONTA|code)":"?([^",}]+)"?'


@pytest.mark.parametrize("name", APIS)
def test_half_a_surrogate_pair_in_each_id(name: str, twisted: Callable[..., Run]) -> None:
    """It stands for no sign: the books are as they are without it."""

    def twist(told: Twisted) -> None:
        told.text = lambda true: re.sub(IDS, r'"\1":"\\ud83d\2"', true, flags=re.IGNORECASE)

    plain, odd = twisted(name, lambda _: None), twisted(name, twist)
    assert plain.returncode == 0, plain.stderr
    assert odd.returncode == 0, odd.stderr
    for stream in ("trial_balance", "subledger", "validation_issues"):
        a, b = ([bare(row) for row in run.records(stream)] for run in (plain, odd))
        assert a == b


def bare(row: dict[str, Any]) -> dict[str, Any]:
    """A record without what differs from run to run, or is as the ERP sent it."""
    return {k: v for k, v in row.items() if k not in {"extracted_at", "metadata", "raw"}}


LARGE = "x" * 300_000


@pytest.mark.parametrize("name", APIS)
def test_pages_of_few_rows_that_weigh_much(name: str, twisted: Callable[..., Run]) -> None:
    """A text that nobody reads may be long in every row: no page is the last for that."""

    def heavy(value: Any) -> Any:
        if isinstance(value, dict):
            return {field: heavy(one) for field, one in value.items()}
        if isinstance(value, list):
            return [
                heavy(one) | {"observacoes": LARGE} if isinstance(one, dict) else one
                for one in value
            ]
        return value

    def twist(told: Twisted) -> None:
        told.body = lambda _, true: heavy(true)

    # Protheus' reports have no pages, and of Conta Azul's none is smaller.
    more = {"protheus reference": {}, "contaazul": {"page_size": 10}}.get(name, {"page_size": 1})
    plain, large = twisted(name, lambda _: None, **more), twisted(name, twist, **more)
    assert plain.returncode == 0, plain.stderr
    assert large.returncode == 0, large.stderr
    for stream in ("trial_balance", "subledger", "validation_issues"):
        a, b = ([bare(row) for row in run.records(stream)] for run in (plain, large))
        assert a == b


@pytest.mark.parametrize("odd", [".", ".."])
@pytest.mark.parametrize(
    ("name", "true", "more"),
    [
        ("bling reference", "1", {}),
        ("bling", "1", {}),
        ("contaazul", "t1", {}),
        ("contaazul", BANK, {"end_date": date.today().isoformat()}),  # noqa: DTZ011
    ],
    ids=["accounts", "movements", "instalments", "money accounts"],
)
def test_an_id_that_would_walk_up_the_path(
    name: str, true: str, more: dict[str, Any], odd: str, twisted: Callable[..., Run]
) -> None:
    """No address is asked for that the server does not know: the stage looks after that."""

    def twist(told: Twisted) -> None:
        told.text = lambda text: re.sub(rf'"id":"?{true}"?([,}}])', rf'"id":"{odd}"\1', text)

    failed(twisted(name, twist, **more), "ERPValidationError", "leads elsewhere")
