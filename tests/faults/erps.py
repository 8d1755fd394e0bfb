"""The taps under test: one table, which every test of this folder goes through.

A tap is active as soon as its command is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from e2e.commands import installed
from faults.small_books import last_day
from simulator import Company, Simulator
from simulator.contaazul_public import identity

JsonObject = dict[str, Any]


def _by_id(company: Company) -> str:
    return company.id


def _by_document(company: Company) -> str:
    return str(identity(company)["documento"])


@dataclass(frozen=True)
class Erp:
    """What the tests need to know of a tap and of how its ERP fails.

    Attributes:
        name: As the simulator knows it.
        command: The tap's command.
        settings: Settings of its own.
        balances: The endpoint that a run asks first.
        postings: The endpoint of the postings.
        tokens: Whether access tokens are granted, and expire.
        many_companies: Whether one run reads several companies.
        derived: Whether the trial balance is the sum of the postings.
        forbids_keys: Whether a 403, too, is a refusal of the key, which all requests share.
        windows: Whether postings of several periods are asked for at once.
        xml: Whether bodies are XML.
        daily_limit: Whether the ERP tells a daily limit from others.
        known_as: What the ERP calls a company.
        apart: Whether each period is asked for alone although windows are known.
    """

    name: str
    command: str
    balances: str
    postings: str
    settings: JsonObject = field(default_factory=dict)
    tokens: bool = False
    many_companies: bool = False
    derived: bool = False
    forbids_keys: bool = False
    windows: bool = False
    xml: bool = False
    daily_limit: bool = False
    known_as: Callable[[Company], str] = _by_id
    apart: bool = False

    def __str__(self) -> str:
        """The name, for tests; another where each period is asked for alone."""
        return f"{self.name}-apart" if self.apart else self.name

    def period_by_period(self) -> Erp:
        """The same tap, told to ask for each period alone."""
        settings = {**self.settings, "periods_per_request": 1}
        return replace(self, windows=False, apart=True, settings=settings)

    def companies(self, wanted: int) -> int:
        """As many companies as one run can read."""
        return wanted if self.many_companies else 1

    def configured(self, simulator: Simulator, months: int = 2, **more: Any) -> JsonObject:
        """Working settings: no waits worth mentioning, pages of three rows, all companies.

        Args:
            simulator: Where the ERP is.
            months: How many are read, from January 2024.
            more: Other settings, which win.
        """
        companies = simulator.books.companies if self.many_companies else [simulator.books.company]
        return {
            "base_url": simulator.base_url(self.name),
            "ca_bundle": simulator.ca_bundle,
            "companies": [
                {"id": f"c{one.id}", "erp_id": self.known_as(one), "name": one.name}
                for one in companies
            ],
            "start_date": "2024-01-01",
            "end_date": last_day(months),
            "rate_limit": {"requests": 1_000_000, "interval": 1, "burst": 100_000},
            "retry": {"max_attempts": 3, "base_delay": 0.001, "max_delay": 0.01},
            "max_concurrency": 2,
            **simulator.credentials(self.name),
            **self.settings,
            **more,
        }

    def authenticated(self, simulator: Simulator, auth: str, **more: Any) -> JsonObject:
        """The same with keys for this way to authenticate, one of `WAYS`."""
        given = self.configured(simulator, **more)
        for name in simulator.credentials(self.name):
            del given[name]
        if auth == "query":
            return given | simulator.credentials(self.name) | {"api_key_location": "query"}
        kind = "oauth2" if auth in {"password", "refresh_token"} else auth
        return given | simulator.credentials(self.name, auth) | {"auth_type": kind}


KNOWN = (
    Erp(
        "omie",
        "tap-omie",
        balances="ListarBalancete",
        postings="ListarMovimentos",
        forbids_keys=True,
        windows=True,
        settings={"page_size": 3},
        many_companies=True,
    ),
    Erp(
        "totvs",
        "tap-totvs",
        balances="balancete",
        postings="movimentacao",
        windows=True,
        tokens=True,
        many_companies=True,
    ),
    Erp(
        "contaazul",
        "tap-contaazul",
        balances="chart-of-accounts",
        postings="transactions",
        settings={"page_size": 2},
        tokens=True,
        derived=True,
    ),
    Erp(
        "bling",
        "tap-bling",
        balances="contascontabeis",
        postings="movimentacoes",
        windows=True,
        settings={"page_size": 4},
        derived=True,
        daily_limit=True,
    ),
    Erp(
        "bling_v2",
        "tap-bling",
        balances="contascontabeis",
        postings="movimentacoes",
        forbids_keys=True,
        windows=True,
        settings={"api_version": "v2"},
        derived=True,
        xml=True,
        daily_limit=True,
    ),
)
PUBLIC = (
    Erp(
        "contaazul_public",
        "tap-contaazul",
        balances="conta-financeira",
        postings="contas-a-receber",
        settings={"api": "public"},
        tokens=True,
        derived=True,
        known_as=_by_document,
    ),
)
"""Vendors' own APIs that take so many requests that not every fault is tried at each of them."""
WAYS = {
    "omie": ("api_key",),
    "totvs": ("oauth2", "password", "refresh_token", "basic_auth", "bearer_token"),
    "contaazul": ("oauth2", "refresh_token", "bearer_token"),
    "bling": ("api_key", "query", "oauth2", "refresh_token", "bearer_token"),
    "bling_v2": ("api_key",),
    "contaazul_public": ("oauth2", "bearer_token"),
}
"""How each tap can authenticate; an OAuth2 grant other than the first stands for itself."""
ACTIVE = tuple(erp for erp in KNOWN if installed(erp.command).exists())
APART = tuple(erp.period_by_period() for erp in ACTIVE if erp.windows)
"""Those that know windows, with each period asked for alone."""
BOTH_WAYS = [*ACTIVE, *(pytest.param(erp, marks=pytest.mark.nightly) for erp in APART)]
"""Parameters of a test: every tap as it is by default, and at night once more without windows."""
