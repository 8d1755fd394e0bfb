"""Every way to authenticate: the right key opens, a wrong one is told, and none leaves a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contract.applies import each, where
from contract.conftest import Build
from contract.erps import Erp
from contract.test_failures import (
    AUTHENTICATION,
    CONNECTION,
    VALIDATION,
    assert_sentence,
    short_of_patience,
)
from contract.world import World, assert_no_secret
from simulator import faults


def wrong_keys(erp: Erp) -> Iterator[tuple[str, str]]:
    """Each way to authenticate, and the key that is wrong."""
    for auth_type, names in erp.logins.items():
        yield auth_type, names[-1]
    for grant in erp.grants:
        yield grant, grant  # the secret has the grant's name


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


@where(lambda erp: erp.tokens)
def test_a_token_that_expires_on_the_way(build: Build) -> None:
    world = build(entries_per_month=3)
    world.sim.faults.add(faults.expired_token(), erp=world.erp.name, nth=3)
    run = world.good(max_concurrency=1)
    assert len(run.records("periods")) == 3
    assert world.sim.tokens.count == 2
