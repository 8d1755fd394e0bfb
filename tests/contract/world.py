"""A small world for one test: an ERP with its books, and the tap that reads them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

from contract import filed
from contract.commands import Run
from contract.erps import Erp
from contract.ledger import Truth
from contract.wire import Listing, Tamper
from e2e.commands import Result
from simulator import Books, Company, Entry, Line, Simulator

SECRETS = (
    "client_secret",
    "refresh_token",
    "password",
    "access_token",
    "app_key",
    "app_secret",
    "api_key",
)
ERRORS = re.compile(
    r"(ERPAuthenticationError|ERPConnectionError|ERPRateLimitError|ERPValidationError"
    r"|ConfigValidationError): \S.*\S"
)
BANK, OTHER_BANK = "1.1.01.02.001", "1.1.01.02.002"
"""Two analytic accounts side by side."""
SUPPLIER = "2.1.01.01.001"
_TOKEN = re.compile(r"\b[ar]t-[0-9a-f]{12}")


class World:
    """One ERP with its books, behind the simulator, and its tap."""

    def __init__(
        self,
        erp: Erp,
        sim: Simulator,
        run: Callable[..., Result],
        *,
        end_date: str = "2024-03-31",
        files: filed.Files | None = None,
        periods: int | None = None,
    ) -> None:
        """Let `run` run the tap of `erp` against `sim`, as a rule from January to `end_date`.

        Args:
            erp: The ERP.
            sim: What stands for it.
            run: Runs a tap.
            end_date: The setting.
            files: Those of another world with the same books, for an ERP whose books are filed.
            periods: The setting `periods_per_request`; None leaves it out.
        """
        self.erp = erp
        self.sim = sim
        self.end_date = end_date
        self.periods = periods
        self._run = run
        self.files = files or filed.Files()

    @property
    def books(self) -> Books:
        """What the ERP serves."""
        return self.sim.books

    @property
    def company(self) -> Company:
        """The first company's books."""
        return self.books.company

    @property
    def truth(self) -> Truth:
        """What the streams must say of the first company."""
        return self.truths[0]

    @property
    def truths(self) -> list[Truth]:
        """What the streams must say of each company."""
        return [Truth(self.erp, one, f"c{one.id}", one.name) for one in self.books.companies]

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The tap's settings: from January 2024, every company, changed as told.

        A setting changed to `...` is left out.
        """
        if self.erp.filed:
            settings = {**self._filed(), **changes}
            return {name: value for name, value in settings.items() if value is not ...}
        erp, sim = self.erp, self.sim
        openings = {"opening_balances_from": erp.openings_from} if erp.openings_from else {}
        settings = {
            "base_url": sim.base_url(erp.name),
            "ca_bundle": sim.ca_bundle,
            "rate_limit": {"requests": 100000, "burst": 10000},
            "retry": {"base_delay": 0.0, "jitter": False},
            "start_date": "2024-01-01",
            "end_date": self.end_date,
            "companies": [
                {"id": truth.id, "erp_id": truth.company.id, "name": truth.name}
                for truth in self.truths
            ],
            **sim.credentials(erp.name),
            **openings,
            **({} if self.periods is None else {"periods_per_request": self.periods}),
            **erp.settings,
            **changes,
        }
        return {name: value for name, value in settings.items() if value is not ...}

    def _filed(self) -> dict[str, Any]:
        """The settings for the books as they are filed at this moment."""
        return {
            "paths": [self.files.put(self.books.companies)],
            "start_date": "2024-01-01",
            "end_date": self.end_date,
            "companies": [
                {"id": truth.id, "cnpj": filed.cnpj(truth.company), "name": truth.name}
                for truth in self.truths
            ],
        }

    def run(
        self,
        *,
        state: Mapping[str, Any] | None = None,
        catalog: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> Run:
        """Run the tap with these settings, and check what holds for every run."""
        config = self.settings(**settings)
        done = self._run(self.erp.command, config, state=state, catalog=catalog, args=args, env=env)
        run = Run(done)
        check(run, config)
        return run

    def good(self, **arguments: Any) -> Run:
        """Run the tap as `run` does, to a good end."""
        run = self.run(**arguments)
        assert run.returncode == 0, run.stderr
        return run

    def bad(self, **arguments: Any) -> Run:
        """Run the tap as `run` does, to a failure that is told as it should be."""
        run = self.run(**arguments)
        assert run.returncode == 1, run.stderr
        assert ERRORS.fullmatch(run.last_error), run.stderr
        return run

    def command(
        self,
        args: Sequence[str],
        *,
        bare: bool = False,
        env: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> Run:
        """Run the tap for something else than messages; `bare` without any settings."""
        config = None if bare else self.settings(**settings)
        done = self._run(self.erp.command, config, args=args, env=env)
        assert "Traceback" not in done.stderr
        for output in (done.stdout, done.stderr):
            assert_no_secret(output, self.settings(**settings))
        return Run(done)

    def discover(self) -> dict[str, Any]:
        """The catalog that the tap writes."""
        done = self.command(["--discover"])
        assert done.returncode == 0, done.stderr
        catalog: dict[str, Any] = json.loads(done.stdout)
        return catalog

    def tamper(self, listing: Listing, change: Tamper) -> AbstractContextManager[None]:
        """Change the answers of one listing."""
        return self.sim.tamper(self.erp.name, listing.endpoint, change)

    @property
    def options(self) -> Any:
        """The ERP's switches."""
        return self.sim.service(self.erp.name).options

    def mood(self, switch: str) -> None:
        """Set one of the ERP's switches, `name=value`."""
        name, _, text = switch.partition("=")
        assert hasattr(self.options, name)
        value: Any = {"True": True, "False": False}.get(text, text)
        setattr(self.options, name, int(text) if text.isdecimal() and name != "empty" else value)

    def break_balance(self, day: date = date(2024, 1, 10)) -> None:
        """Let debits and credits differ by three cents, each entry by no more than is tolerated.

        That gives two findings for the month of `day` and for each one after it.
        """
        for _ in range(3):
            self.enter(day, (BANK, "10.01"), (SUPPLIER, "-10.00"))

    def enter(self, day: date, *lines: tuple[str, str]) -> Entry:
        """Book an entry: account codes, and amounts that are debits if positive."""
        zero = Decimal(0)
        return self.company.add_entry(
            date=day,
            description="Lançamento de teste",
            lines=[
                Line(code, max(Decimal(amount), zero), max(-Decimal(amount), zero))
                for code, amount in lines
            ],
        )


def check(run: Run, config: Mapping[str, Any]) -> None:
    """Check what holds for every run, however it ended."""
    described: set[str] = set()
    if not run.stdout.startswith("{\n"):  # a catalog, set over many lines
        for message in run.messages:
            kind = message["type"]
            assert kind in {"SCHEMA", "RECORD", "STATE", "BATCH"}
            if kind == "SCHEMA":
                described.add(message["stream"])
            elif kind != "STATE":
                assert message["stream"] in described
    if not config.get("debug"):
        assert "Traceback" not in run.stderr, run.stderr
    assert run.returncode in {0, 1}, run.stderr
    for output in (run.stdout, run.stderr):
        assert_no_secret(output, config)


def assert_no_secret(output: str, config: Mapping[str, Any]) -> None:
    """Check that neither a secret of the settings nor a token stands in what the tap wrote."""
    for name in SECRETS:
        if config.get(name):
            assert str(config[name]) not in output, name
    pairs = (("username", "password"), ("client_id", "client_secret"))
    for user, password in pairs:
        if config.get(user) and config.get(password):
            basic = f"{config[user]}:{config[password]}".encode()
            assert base64.b64encode(basic).decode() not in output
    assert not _TOKEN.search(output)
