# ruff: noqa: INP001 -- packages named tests would hide one another
"""What is sent to the generic query, what its errors mean, and which settings it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from erp_common import ConnectionStatus, create_connector
from erp_common.errors import ERPAuthenticationError, ERPConnectionError, ERPValidationError
from erp_common.http.answer import Answer
from erp_common.http.dialect import Fault, FaultKind
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
from erp_common.setup.parse import parse
from simulator import Books, Simulator, faults
from tap_totvs.public.client import (
    GenericQueryDialect,
    dated,
    is_whole_months,
    rows_of,
    tenant_of,
)
from tap_totvs.public.settings import public_problems
from tap_totvs.tap import TapTotvs

BASE = "https://protheus.example:8080/rest01"
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
PASSWORD = {"auth_type": "oauth2", "grant_type": "password", "username": "u", "password": "p"}
BASIC = {"auth_type": "basic_auth", "username": "u", "password": "p"}


def request(tenant: str | None = "01,0101") -> Any:
    return rows_of(
        "CT2",
        ("CT2_DATA", "CT2_VALOR"),
        dated("CT2_DATA", JANUARY.start, JANUARY.end),
        ("CT2_DATA",),
        page=3,
        page_size=500,
        tenant=tenant,
    )


def test_request() -> None:
    assert (request().method, request().url(BASE)) == (
        "GET",
        (
            f"{BASE}/api/framework/v1/genericQuery?tables=CT2"
            "&fields=CT2_DATA%2CCT2_VALOR%2CR_E_C_N_O_"
            "&where=CT2_DATA%20%3E%3D%20%2720240101%27%20AND%20CT2_DATA%20%3C%3D%20%2720240131%27"
            "&order=CT2_DATA%2CR_E_C_N_O_&page=3&pageSize=500&FilialFilter=true&DeletedFilter=true"
        ),
    )
    assert request().headers == (("tenantId", "01,0101"),)


@pytest.mark.parametrize(
    ("tenant", "said"),
    [("01,0101", "true"), ("T1,D MG 01 ", "true"), ("01,", "false"), ("01, ", "false")],
)
def test_a_tenant_without_branch_asks_for_all_branches(tenant: str, said: str) -> None:
    assert dict(request(tenant).params)["FilialFilter"] == ("false" if said == "false" else "true")
    assert request(tenant).headers == (("tenantId", tenant),)


def test_without_a_tenant_the_site_decides() -> None:
    assert request(None).headers == ()
    assert dict(request(None).params)["FilialFilter"] == "true"


@pytest.mark.parametrize(
    ("erp_id", "tenant", "expected"),
    [("01", "01,0101", "01,0101"), ("02,0201", "01,0101", "02,0201"), ("01", None, None)],
)
def test_the_tenant_of_a_company(erp_id: str, tenant: str | None, expected: str | None) -> None:
    assert tenant_of(Company("A", erp_id, "A"), tenant) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2024, 1, 1), date(2024, 1, 31), True),
        (date(2024, 1, 1), date(2024, 2, 29), True),
        (date(2024, 1, 1), date(2024, 2, 28), False),
        (date(2024, 1, 2), date(2024, 1, 31), False),
    ],
)
def test_whole_months(first: date, last: date, expected: bool) -> None:  # noqa: FBT001
    assert is_whole_months(Period(first, last)) is expected


def fault(answer: Answer) -> Fault | None:
    return GenericQueryDialect().fault(answer, request())


@pytest.mark.parametrize("said", ["API não permitida", "API NÃO PERMITIDA", "API nao permitida"])
def test_a_site_that_does_not_allow_the_query(answer: Callable[..., Answer], said: str) -> None:
    found = fault(answer({"code": "503", "message": said}, 503))
    assert found is not None
    assert (found.kind, found.message) == (FaultKind.BUSINESS, said)
    assert "Security=1" in (found.advice or "")


def test_a_site_that_is_down(answer: Callable[..., Answer]) -> None:
    found = fault(answer("<html>down</html>", 503, Content_Type="text/html"))
    assert found is not None
    assert found.kind is FaultKind.RETRY


@pytest.mark.parametrize(
    "body",
    [
        {"code": "500", "message": "Coluna inexistente", "detailedMessage": "CT1_X"},
        {"errorCode": 500, "errorMessage": "Coluna inexistente"},
        {"faultstring": "Coluna inexistente"},
        {"error_description": "Coluna inexistente"},
    ],
)
def test_every_shape_of_error(answer: Callable[..., Answer], body: dict[str, Any]) -> None:
    found = fault(answer(body, 400))
    assert found is not None
    assert (found.kind, found.message.partition(":")[0]) == (
        FaultKind.BUSINESS,
        "Coluna inexistente",
    )


# Settings


def config(**more: Any) -> Any:
    given = {
        "api": "public",
        "base_url": BASE,
        "companies": [{"id": "ACME"}],
        "start_date": "2024-01-01",
        **BASIC,
        **more,
    }
    return parse(given, TapTotvs.settings_class)


def test_defaults() -> None:
    found = config(**PASSWORD)
    assert found.token_url == f"{BASE}/api/oauth2/v1/token"
    assert (found.max_concurrency, found.page_size) == (2, 2000)
    assert list(public_problems(found)) == []


def test_a_user_s_name_and_password_are_the_default() -> None:
    found = parse(
        {"api": "public", "base_url": BASE, "username": "u", "password": "p"},
        TapTotvs.settings_class,
        books=False,
    )
    assert (found.auth_type, TapTotvs.defaults.auth_types[0]) == ("basic_auth", "oauth2")


def test_a_path_may_end_in_a_slash_and_a_token_address_may_be_set() -> None:
    assert config(base_url=f"{BASE}/", **PASSWORD).token_url == f"{BASE}/api/oauth2/v1/token"
    address = "https://x.example/t"
    assert config(**PASSWORD, token_url=address).token_url == address


def test_the_reference_api_keeps_its_own_defaults() -> None:
    given = {"companies": [{"id": "A"}], "start_date": "2024-01-01", **BASIC}
    found = parse(given, TapTotvs.settings_class)
    assert (found.base_url, found.token_url, found.max_concurrency) == (
        "https://api.totvs.com.br/protheus",
        "https://api.totvs.com.br/oauth/token",
        4,
    )


def test_the_address_must_be_set() -> None:
    with pytest.raises(ConfigValidationError, match="base_url must start with https://"):
        parse(
            {"api": "public", "companies": [{"id": "A"}], "start_date": "2024-01-01", **BASIC},
            TapTotvs.settings_class,
        )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"auth_type": "oauth2", "client_id": "c", "client_secret": "s"},
            "no grant_type client_credentials; set grant_type to password",
        ),
        (
            {"period": "range", "end_date": "2024-01-30"},
            "2024-01-01..2024-01-30 does not begin and end with a month",
        ),
        (
            {"period": "range", "start_date": "2024-01-02", "end_date": "2024-01-31"},
            "does not begin and end with a month",
        ),
        (
            {"companies": [{"id": "A"}, {"id": "B"}], "tenant": "01,0101"},
            "A and B would all be read from tenant '01,0101'",
        ),
        (
            {"companies": [{"id": "A", "erp_id": "01"}, {"id": "B", "erp_id": "02"}]},
            "A and B would all be read from the site's default tenant",
        ),
        (
            {
                "companies": [
                    {"id": "A", "erp_id": "01,01"},
                    {"id": "B", "erp_id": "01,02"},
                    {"id": "C", "erp_id": "01,01"},
                ]
            },
            "A and C would all be read from tenant '01,01'",
        ),
    ],
)
def test_settings_that_cannot_be_followed(more: dict[str, Any], said: str) -> None:
    (problem,) = public_problems(config(**more))
    assert said in problem


def test_wrong_settings_ask_for_nothing(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        with pytest.raises(ConfigValidationError, match="begin and end with a month"):
            public.read(sim, period="range", end_date="2024-03-30")
        assert len(sim.requests) == 0


# The site


def test_a_token_is_asked_for_with_a_body_and_without_a_client(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        public.read(sim, auth_type="oauth2")
        assert [dict(form) for form in sim.tokens.requests] == [
            {
                "grant_type": "password",
                **sim.service("totvs_public").credentials("basic_auth", None),
            }
        ]


def test_a_token_that_expires_is_replaced_once(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.faults.add(faults.expired_token(), erp="totvs_public", endpoint="CQ0", nth=2)
        public.assert_is_the_books(sim, public.read(sim, auth_type="oauth2")["ACME"])
        assert sim.tokens.count == 2


def test_a_wrong_password(public: Any) -> None:
    with Simulator(Books.generate()) as sim, pytest.raises(ERPAuthenticationError):
        public.read(sim, password="no")  # noqa: S106


def test_a_site_without_security_is_asked_once(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.security = False
        with pytest.raises(ERPValidationError, match=r"API não permitida.*Security=1"):
            public.read(sim, retry={"max_attempts": 3, "base_delay": 0})
        # Other months may be under way by then, but none is tried again.
        asked = Counter((one.path, repr(one.params)) for one in sim.requests)
        assert set(asked.values()) == {1}


def test_a_page_that_fails_is_asked_for_again(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.page_cap = 20
        for number, one in enumerate((faults.status(502), faults.reset(), faults.truncated())):
            sim.faults.add(one, erp="totvs_public", endpoint="CT2", nth=2 + 3 * number)
        extracts = public.read(sim, retry={"max_attempts": 3, "base_delay": 0})["ACME"]
        public.assert_is_the_books(sim, extracts)


def test_a_site_that_stays_down(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.faults.add(faults.html(503), erp="totvs_public", endpoint="CT1", times=None)
        with pytest.raises(ERPConnectionError):
            public.read(sim)


# The Python interface


@pytest.fixture
def connect(public: Any) -> Callable[[Simulator], Any]:
    def make(sim: Simulator) -> Any:
        given = public.settings(sim)
        keys = {name: given.pop(name) for name in ("username", "password")}
        return create_connector(
            erp_type="totvs_protheus", auth_type="basic_auth", credentials=keys, config=given
        )

    return make


def test_health_is_one_row(connect: Callable[[Simulator], Any]) -> None:
    with Simulator(Books.generate()) as sim, connect(sim) as erp:
        assert erp.health_check().status is ConnectionStatus.CONNECTED
        (asked,) = sim.requests
        assert (asked.endpoint, asked.params["pageSize"]) == ("CT1", "1")


def test_a_trial_balance_and_one_account(connect: Callable[[Simulator], Any]) -> None:
    first, last = date(2024, 1, 10), date(2024, 1, 20)
    with Simulator(Books.generate()) as sim, connect(sim) as erp:
        company = sim.books.company
        found = erp.get_trial_balance("ACME", JANUARY.start, JANUARY.end)
        assert [one.net_closing_balance for one in found.accounts] == [
            row.closing for row in company.trial_balance(JANUARY.start, JANUARY.end)
        ]
        assert (found.metadata["basis"], found.metadata["balances"]) == ("reported", "CQ0")
        code = company.lines(first, last)[0].line.account
        entries = erp.get_subledger_details("ACME", code, first, last)
        expected = [
            (entry.date, line.debit, line.credit, line.description or entry.description)
            for entry, line in company.lines(first, last, code)
        ]
    read = [(e.transaction_date, e.debit_amount, e.credit_amount, e.description) for e in entries]
    assert sorted(read) == sorted(expected)
    names = {one.account_name for one in found.accounts if one.account_code == code}
    assert {one.account_name for one in entries} == names


def test_part_of_a_month_is_refused(connect: Callable[[Simulator], Any]) -> None:
    with Simulator(Books.generate()) as sim, connect(sim) as erp:
        with pytest.raises(ERPValidationError, match="does not begin and end with a month"):
            erp.get_trial_balance("ACME", date(2024, 1, 1), date(2024, 1, 15))
        dates = [r.params.get("where", "") for r in sim.requests]
        assert not any("20240115" in where for where in dates)


@pytest.mark.parametrize("code", ["1' OR '1'='1", "1;DROP", "1--%"])
def test_an_account_code_is_never_sql(connect: Callable[[Simulator], Any], code: str) -> None:
    with Simulator(Books.generate()) as sim, connect(sim) as erp:
        with pytest.raises(ERPValidationError):
            erp.get_subledger_details("ACME", code, JANUARY.start, JANUARY.end)
        assert len(sim.requests) == 0
