"""What goes wrong at the other end is told in one clear last line, by its kind, with no secret."""

from __future__ import annotations

from typing import Any

import pytest

from contract.applies import where
from contract.conftest import Build
from contract.world import World, assert_no_secret
from simulator import Simulator, faults
from simulator.faults import Exchange, Fault
from simulator.http11 import Response

AUTHENTICATION, CONNECTION = "ERPAuthenticationError", "ERPConnectionError"
RATE_LIMIT, VALIDATION = "ERPRateLimitError", "ERPValidationError"
FAULTS: dict[str, tuple[Fault, str]] = {
    "the vendor's answer to a wrong key": (faults.unauthorized(), AUTHENTICATION),
    "a missing permission": (faults.forbidden(), AUTHENTICATION),
    "status 401": (faults.status(401), AUTHENTICATION),
    "status 403": (faults.status(403), AUTHENTICATION),
    "too many requests": (faults.rate_limited(), RATE_LIMIT),
    "the day's requests used up": (faults.rate_limited(reason="day"), RATE_LIMIT),
    "status 425": (faults.status(425), RATE_LIMIT),
    "status 429": (faults.status(429), RATE_LIMIT),
    "status 400": (faults.status(400), VALIDATION),
    "status 404": (faults.status(404), VALIDATION),
    "status 500": (faults.status(500), CONNECTION),
    "status 503": (faults.status(503), CONNECTION),
    "an error page": (faults.html(502), CONNECTION),
    "a page that says all is well": (faults.html(200), VALIDATION),
    "a redirect": (faults.answer(302, b""), VALIDATION),
    "null": (faults.null_body(), VALIDATION),
    "a text": (faults.answer(200, b'"balancete"'), VALIDATION),
    "an object without a list": (faults.answer(200, b'{"status":"ok"}'), VALIDATION),
    "two lists": (faults.answer(200, b'{"this":[],"that":[]}'), VALIDATION),
    "a list of texts": (faults.answer(200, b'{"rows":5,"more":{"rows":[]}}'), VALIDATION),
    "a reset": (faults.reset(), CONNECTION),
    "a reset within": (faults.reset_in_body(), CONNECTION),
    "a body shorter than announced": (faults.short_body(), CONNECTION),
}
UNCLEAR: dict[str, Fault] = {
    "nothing": faults.empty_body(),
    "garbage": faults.garbage(),
    "half a body": faults.truncated(),
}
"""Bodies that cannot be decoded: whether the line or the shape is to blame, nobody can tell."""


def broken(build: Build, fault: Fault) -> World:
    """An ERP whose every answer is spoilt."""
    world = build(entries_per_month=2)
    world.end_date = "2024-01-31"
    world.sim.faults.add(fault, erp=world.erp.name, times=None)
    return world


def short_of_patience() -> dict[str, Any]:
    """Settings that try again, but do not wait."""
    return {"retry": {"base_delay": 0.0, "max_delay": 0.0, "jitter": False, "max_attempts": 2}}


@pytest.mark.by_day("contaazul")
@pytest.mark.parametrize("name", FAULTS)
def test_every_failure_has_its_kind(build: Build, name: str) -> None:
    fault, kind = FAULTS[name]
    world = broken(build, fault)
    run = world.bad(**short_of_patience())
    assert run.last_error.startswith(f"{kind}: "), run.last_error
    assert_sentence(run.last_error)
    assert all(run.records(stream) == [] for stream in ("trial_balance", "subledger", "periods"))


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_body_that_cannot_be_decoded(build: Build, name: str) -> None:
    world = broken(build, UNCLEAR[name])
    run = world.bad(**short_of_patience())
    assert run.last_error.split(": ")[0] in {CONNECTION, VALIDATION}
    assert_sentence(run.last_error)
    retried = len(world.sim.requests.select(where=lambda one: one.endpoint != "token"))
    assert retried >= 2


def assert_sentence(line: str) -> None:
    """Check that a line says something, once, and what to do."""
    kind, _, sentence = line.partition(": ")
    assert kind
    assert 20 < len(sentence) < 700
    assert ";" in sentence or ", or " in sentence or sentence.count(".") > 1
    assert "Error(" not in sentence
    assert "object at 0x" not in sentence
    assert "None" not in sentence


@where(lambda erp: erp.pages != "empty")
def test_a_list_that_is_the_body_is_taken(build: Build) -> None:
    """Some gateways take the envelope off."""
    world = build(entries_per_month=3)
    listing = world.erp.accounts
    with world.tamper(listing, lambda body, _: listing.rows(body)):
        run = world.good(end_date="2024-01-31")
    assert len(run.records("trial_balance")) == len(world.company.accounts)


def test_an_unknown_certificate_authority(build: Build) -> None:
    world = build(entries_per_month=2)
    run = world.bad(ca_bundle=..., **short_of_patience())
    assert run.last_error.startswith(f"{CONNECTION}: ")
    assert "certificate" in run.last_error
    assert "ca_bundle" in run.last_error
    assert len(world.sim.requests) == 0


def test_a_certificate_authority_that_is_not_there(build: Build) -> None:
    world = build(entries_per_month=2)
    run = world.bad(ca_bundle="/nowhere/ca.pem", **short_of_patience())
    assert "/nowhere/ca.pem" in run.last_error
    assert len(world.sim.requests) == 0


@pytest.mark.parametrize("debug", [False, True])
def test_nobody_listens(build: Build, *, debug: bool) -> None:
    world = build(entries_per_month=2)
    settings = world.settings()
    world.sim.stop()
    run = world.bad(debug=debug, **short_of_patience())
    assert run.last_error.startswith(f"{CONNECTION}: ")
    assert_sentence(run.last_error)
    assert ("Traceback" in run.stderr) == debug
    assert_no_secret(run.stderr, settings)


def test_a_name_that_nobody_knows(build: Build) -> None:
    world = build(entries_per_month=2)
    settings: dict[str, Any] = {"base_url": "https://erp.invalid/api"}
    if world.erp.tokens:
        settings["token_url"] = "https://erp.invalid/token"  # noqa: S105 - an address
    run = world.bad(**settings, **short_of_patience())
    assert run.last_error.startswith(f"{CONNECTION}: ")
    assert "erp.invalid" in run.last_error


def test_a_redirect_is_not_followed(build: Build) -> None:
    """Not even to an ERP that would answer: keys go nowhere but to base_url."""
    world = build(entries_per_month=2)
    with Simulator(world.books) as other:
        away = other.base_url(world.erp.name) + "/elsewhere"

        def redirect(exchange: Exchange) -> Response:
            del exchange
            return Response(307, b"", headers={"Location": away})

        world.sim.faults.add(Fault("redirect", redirect), erp=world.erp.name, times=None)
        run = world.bad(**short_of_patience())
        assert run.last_error.startswith(f"{VALIDATION}: ")
        assert "redirect" in run.last_error
        assert len(other.requests) == 0


def test_what_is_tried_again(build: Build) -> None:
    """A fault that passes leaves no trace in the rows."""
    world = build(entries_per_month=3)
    plain = world.good(end_date="2024-01-31")
    for fault in (faults.status(503), faults.reset(), faults.truncated(), faults.html(502)):
        world.sim.faults.add(fault, erp=world.erp.name, nth=2)
    run = world.good(end_date="2024-01-31", retry={"base_delay": 0.0, "max_attempts": 6})
    for stream in ("trial_balance", "subledger", "periods"):
        assert [{**row, "extracted_at": None} for row in run.records(stream)] == [
            {**row, "extracted_at": None} for row in plain.records(stream)
        ]
