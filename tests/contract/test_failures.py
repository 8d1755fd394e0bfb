"""What goes wrong at the other end is told in one clear last line, by its kind, with no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contract.applies import each, where
from contract.conftest import Build
from contract.erps import Erp
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


def wrong_keys(erp: Erp) -> Iterator[tuple[str, str]]:
    """Each way to authenticate, and the key that is wrong."""
    for auth_type in erp.auth_types:
        match auth_type:
            case "oauth2":
                yield auth_type, "client_secret"
                yield "refresh_token", "refresh_token"
                if erp.name == "totvs":
                    yield "password", "password"
            case "basic_auth":
                yield auth_type, "password"
            case "bearer_token":
                yield auth_type, "access_token"
            case _:
                yield auth_type, "app_secret" if erp.name == "omie" else "api_key"


def login(world: World, auth_type: str) -> dict[str, Any]:
    """The settings for one way to authenticate, the usual keys left out."""
    usual = dict.fromkeys(world.sim.credentials(world.erp.name), ...)
    grant = auth_type in {"password", "refresh_token"}
    named = None if auth_type == "api_key" else auth_type
    keys = world.sim.credentials(world.erp.name, named)
    return {**usual, **keys, "auth_type": "oauth2" if grant else auth_type}


@each("keys", wrong_keys, "-".join)
def test_a_wrong_key(build: Build, keys: tuple[str, str]) -> None:
    world = build(entries_per_month=2)
    auth_type, name = keys
    settings = login(world, auth_type)
    wrong = settings[name][:-4] + "zzzz"
    run = world.bad(**settings | {name: wrong})
    assert run.last_error.startswith(f"{AUTHENTICATION}: ")
    assert_sentence(run.last_error)
    assert run.stdout == "" or run.records("trial_balance") == []


@each("keys", wrong_keys, "-".join)
def test_the_right_key(build: Build, keys: tuple[str, str]) -> None:
    """Every way to authenticate works, and leaves no trace, with the debug log on too."""
    world = build(entries_per_month=2)
    auth_type, _ = keys
    settings = login(world, auth_type)
    run = world.good(end_date="2024-01-31", debug=True, **settings)
    assert len(run.records("trial_balance")) == len(world.company.accounts)
    assert_no_secret(run.stderr, settings)


@where(lambda erp: erp.name == "bling")
def test_a_key_in_the_address(build: Build) -> None:
    world = build(entries_per_month=2)
    settings = {"api_key_location": "query", "debug": True}
    run = world.good(end_date="2024-01-31", **settings)
    assert len(run.records("trial_balance")) == len(world.company.accounts)
    assert world.sim.requests[-1].params["api_key"]
    world.sim.stop()
    failed = world.bad(**settings, **short_of_patience())
    assert failed.last_error.startswith(f"{CONNECTION}: ")


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


def test_an_answer_that_repeats_the_keys(build: Build) -> None:
    """An ERP that quotes what it was sent must not make the log tell it."""
    world = build(entries_per_month=2)
    keys = {**world.sim.credentials(world.erp.name)}
    text = "; ".join(f"{name}={value}" for name, value in keys.items())
    body = json.dumps({"message": text, "faultstring": text, "faultcode": "X-1"}).encode()
    world.sim.faults.add(faults.answer(400, body), erp=world.erp.name, times=None)
    for debug in (False, True):
        run = world.bad(debug=debug, **short_of_patience())
        assert run.last_error.startswith(f"{VALIDATION}: ")


def test_a_row_that_repeats_the_keys(build: Build) -> None:
    """Nor may a row that cannot be read carry them into the warehouse."""
    world = build(entries_per_month=3)
    keys = [
        value for name, value in world.sim.credentials(world.erp.name).items() if "url" not in name
    ]
    listing = world.erp.accounts
    with world.tamper(
        listing,
        lambda body, _: listing.append(
            body, listing.copy(listing.rows(body)[0], code="???", name=" ".join(keys))
        ),
    ):
        run = world.good(end_date="2024-01-31")
    assert set(run.codes) == {"INVALID_RECORD"}


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


@where(lambda erp: erp.tokens)
def test_a_token_that_expires_on_the_way(build: Build) -> None:
    world = build(entries_per_month=3)
    world.sim.faults.add(faults.expired_token(), erp=world.erp.name, nth=3)
    run = world.good(max_concurrency=1)
    assert len(run.records("periods")) == 3
    assert world.sim.tokens.count == 2
