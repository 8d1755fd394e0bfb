# ruff: noqa: INP001 -- packages named tests would hide one another
"""Which listings are asked for, and how they end."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from erp_common.extract.paged import HttpQuery, Paging
from erp_common.http.options import TransportOptions
from erp_common.http.transport import Transport
from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import Company, StatedAccount
from erp_common.ledger.periods import Period
from erp_common.ledger.rules import Rules
from tap_bling.streams import BlingBooks, BlingV2Books, BlingV3Books, spans

COMPANY = Company("ACME", "ACME", "Acme")
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture
def transport() -> Transport:
    return Transport(TransportOptions(base_url="https://bling.example"))


@pytest.fixture
def chart() -> Chart:
    stated = [
        StatedAccount(code="1", name="Ativo", is_summary=True, erp_id="901"),
        StatedAccount(code="1.1", name="Caixa", is_summary=False, erp_id="902"),
        StatedAccount(code="1.2", name="Bancos", erp_id="903"),
    ]
    return build(stated, Rules())


def queries_of(books: BlingBooks, chart: Chart) -> list[HttpQuery[Any]]:
    asked = [
        books.chart(COMPANY),
        *(one for one, _ in books.postings(COMPANY, JANUARY, chart, None)),
    ]
    return [query for query in asked if isinstance(query, HttpQuery)]


def test_movements_are_asked_for_of_what_only_looks_like_a_summary_account(
    transport: Transport,
) -> None:
    """101 stands below 10 by its code alone: Bling does not say that 10 holds no movements."""
    stated = [
        StatedAccount(code="10", name="Caixa", erp_id="1"),
        StatedAccount(code="101", name="Bancos", erp_id="2"),
    ]
    chart = build(stated, Rules())
    assert chart.is_summary("10")
    asked = BlingV3Books(transport, 100).postings(COMPANY, JANUARY, chart, None)
    assert [query.name for query, _ in asked] == [
        "movements of account 10",
        "movements of account 101",
    ]


def test_movements_are_asked_for_every_analytic_account(transport: Transport, chart: Chart) -> None:
    books = BlingV3Books(transport, 100)
    asked = [
        query.request(2).url("https://bling.example")
        for query, _ in books.postings(COMPANY, JANUARY, chart, None)
    ]
    assert [urlsplit(url).path for url in asked] == [
        "/contascontabeis/902/movimentacoes",
        "/contascontabeis/903/movimentacoes",
    ]
    assert dict(parse_qsl(urlsplit(asked[0]).query)) == {
        "dataInicial": "2024-01-01",
        "dataFinal": "2024-01-31",
        "pagina": "2",
        "limite": "100",
    }


@pytest.mark.parametrize(
    ("size", "paging"),
    [(1, Paging.SHORT_PAGE), (100, Paging.SHORT_PAGE), (101, Paging.EMPTY_PAGE)],
)
def test_pages_of_v3_end(transport: Transport, chart: Chart, size: int, paging: Paging) -> None:
    books = BlingV3Books(transport, size)
    queries = queries_of(books, chart)
    assert {(query.paging, query.page_size) for query in queries} == {(paging, size)}


def test_pages_of_v2_end(transport: Transport, chart: Chart) -> None:
    books = BlingV2Books(transport)
    queries = queries_of(books, chart)
    assert {query.paging for query in queries} == {Paging.EMPTY_PAGE}
    assert [query.request(4).path for query in queries] == [
        "/contascontabeis/page=4/xml/",
        "/contascontabeis/902/movimentacoes/page=4/xml/",
        "/contascontabeis/903/movimentacoes/page=4/xml/",
    ]


@pytest.mark.parametrize("books", [BlingV2Books, lambda transport: BlingV3Books(transport, 100)])
def test_a_probe_reads_the_chart(transport: Transport, books: type[BlingBooks]) -> None:
    request, _ = books(transport).probe(COMPANY, JANUARY)
    assert request.path.startswith("/contascontabeis")
    assert set(request.params) in ({("pagina", "1"), ("limite", "1")}, set())


@pytest.mark.parametrize(
    ("start", "end", "parts"),
    [
        ((2024, 1, 1), (2024, 1, 31), 1),
        ((2024, 1, 1), (2024, 12, 31), 1),
        ((2023, 7, 1), (2024, 6, 29), 1),
        ((2023, 7, 1), (2024, 7, 1), 2),
        ((2020, 2, 29), (2024, 3, 1), 5),
    ],
)
def test_no_filter_is_longer_than_a_year(
    start: tuple[int, int, int], end: tuple[int, int, int], parts: int
) -> None:
    period = Period(date(*start), date(*end))
    found = spans(period)
    assert len(found) == parts
    assert (found[0].start, found[-1].end) == (period.start, period.end)
    assert all(
        after.start.toordinal() == before.end.toordinal() + 1 for before, after in pairwise(found)
    )
    assert all((part.end - part.start).days <= 365 for part in found)
