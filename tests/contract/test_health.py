"""`--health-check`: one line that says whether the ERP serves the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from threading import Event
from typing import Any

import pytest

from contract.conftest import Build
from contract.test_failures import short_of_patience
from contract.world import World
from simulator import faults
from simulator.faults import Fault

FIELDS = ["source_system", "status", "latency_ms", "error_message", "checked_at"]
FAULTS: dict[str, tuple[Fault, str]] = {
    "the vendor's answer to a wrong key": (faults.unauthorized(), "authentication_failed"),
    "a missing permission": (faults.forbidden(), "authentication_failed"),
    "status 401": (faults.status(401), "authentication_failed"),
    "too many requests": (faults.rate_limited(), "rate_limited"),
    "the day's requests used up": (faults.rate_limited(reason="day"), "rate_limited"),
    "status 503": (faults.status(503), "unreachable"),
    "an error page": (faults.html(502), "unreachable"),
    "a reset": (faults.reset(), "unreachable"),
    "a page that says all is well": (faults.html(200), "error"),
    "a redirect": (faults.answer(302, b""), "error"),
    "an object without a list": (faults.answer(200, b'{"status":"ok"}'), "error"),
    "a refusal in its own words": (faults.status(400), "connected"),
}


@pytest.fixture
def world(build: Build) -> World:
    """Any books."""
    return build(entries_per_month=2)


def ask(world: World, **settings: Any) -> dict[str, Any]:
    """The result of a health check, which stands alone on standard output."""
    done = world.command(["--health-check"], **short_of_patience() | settings)
    (line,) = done.stdout.splitlines()
    result: dict[str, Any] = json.loads(line)
    assert list(result) == FIELDS
    assert result["source_system"] == world.erp.source_system
    assert isinstance(result["latency_ms"], (int, float))
    assert result["latency_ms"] >= 0
    assert datetime.fromisoformat(result["checked_at"].replace("Z", "+00:00")).tzinfo
    assert (done.returncode == 0) == (result["status"] == "connected")
    assert (result["error_message"] is None) == (result["status"] == "connected")
    return result


def test_connected(world: World) -> None:
    assert ask(world)["status"] == "connected"
    assert len([one for one in world.sim.requests if one.endpoint != "token"]) == 1


def test_companies_and_dates_are_not_needed(world: World) -> None:
    assert ask(world, companies=..., start_date=..., end_date=...)["status"] == "connected"


@pytest.mark.by_day("bling")
@pytest.mark.parametrize("name", FAULTS)
def test_every_failure_has_its_status(world: World, name: str) -> None:
    fault, status = FAULTS[name]
    world.sim.faults.add(fault, erp=world.erp.name, times=None)
    assert ask(world)["status"] == status


def test_a_company_that_the_erp_does_not_know(world: World) -> None:
    """It answers, and that is what is asked here."""
    settings = {"companies": [{"id": "ghost", "erp_id": "999"}]}
    assert ask(world, **settings)["status"] == "connected"


def test_a_wrong_key(world: World) -> None:
    name = next(name for name in ("app_secret", "client_secret", "api_key") if name in keys(world))
    wrong = keys(world)[name][:-4] + "zzzz"
    assert ask(world, **{name: wrong})["status"] == "authentication_failed"


def keys(world: World) -> dict[str, str]:
    """The usual credentials."""
    return world.sim.credentials(world.erp.name)


def test_nobody_listens(world: World) -> None:
    settings = world.settings()
    world.sim.stop()
    result = ask(world, **settings)
    assert result["status"] == "unreachable"
    assert result["error_message"]


@pytest.fixture
def never() -> Iterator[Event]:
    """What an answer waits for; set when the test is over."""
    event = Event()
    yield event
    event.set()


def test_an_answer_that_does_not_come(world: World, never: Event) -> None:
    world.sim.faults.add(faults.slow_first_byte(never), erp=world.erp.name, times=None)
    result = ask(world, health_check_timeout=0.5)
    assert result["status"] == "unreachable"


def test_wrong_settings(world: World) -> None:
    done = world.command(["--health-check"], base_url="http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.last_error.startswith("ConfigValidationError: ")
