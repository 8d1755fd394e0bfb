"""One answer is exchanged, whoever else comes; a token goes when the new one is there."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import requests

from authorize.attempt import PATIENCE, World
from simulator import faults


def test_a_token_endpoint_that_stumbles_is_asked_again(world: World) -> None:
    world.sim.faults.add(faults.status(503), endpoint="token")
    with world.begin() as attempt:
        page = attempt.visit(attempt.decide("allow"))
        assert attempt.end().status == 0
    assert page.status_code == 200


def test_the_tokens_of_others_stay(world: World) -> None:
    other = {"another application": {"refresh_token": "rt", "seed": ""}}
    world.store.write_text(json.dumps({"version": 1, "tokens": other}), encoding="utf-8")
    with world.begin() as attempt:
        attempt.visit(attempt.decide("allow"))
        assert attempt.end().status == 0
    text = world.store.read_text(encoding="utf-8")
    assert "another application" in text
    assert text.count('"access_token"') == 1


def test_a_new_authorisation_replaces_the_token_at_its_end(
    world: World, browsers: ThreadPoolExecutor, released: Event
) -> None:
    with world.begin() as attempt:
        attempt.visit(attempt.decide("allow"))
        assert attempt.end().status == 0
    old = world.kept
    world.sim.requests.clear()
    world.sim.faults.add(faults.slow_first_byte(released), endpoint="token")
    with world.begin() as attempt:
        assert world.kept == old
        visit = browsers.submit(attempt.visit, attempt.decide("allow"))
        world.sim.requests.wait_for(1, endpoint="token")
        assert world.kept == old
        released.set()
        assert visit.result(PATIENCE).status_code == 200
        assert attempt.end().status == 0
    assert world.kept["refresh_token"] != old["refresh_token"]


def test_whoever_else_comes_changes_nothing(world: World, browsers: ThreadPoolExecutor) -> None:
    """Favicons, prefetches, strays and floods, then the answer twice at once."""
    with world.begin() as attempt:
        location = attempt.decide("allow")
        base = world.settings["redirect_uri"]
        others = {
            base.replace("/callback", "/favicon.ico"): 404,
            base: 400,
            f"{base}?code=stolen": 400,
            f"{base}?code=stolen&state=guessed": 400,
            f"{base}?error=access_denied": 400,
            f"{base}?error=access_denied&state=guessed": 400,
            f"{base}?{'a' * 70_000}": 414,
        }
        for address, status in others.items():
            assert attempt.visit(address).status_code == status
        for method in ("HEAD", "POST", "PUT"):
            assert attempt.visit(location, method).status_code == 405
        ahead = attempt.visit(location, headers={"Sec-Purpose": "prefetch"})
        assert ahead.status_code == 503
        assert world.sim.tokens.count == 0

        visits = [browsers.submit(attempt.visit, location) for _ in range(2)]
        assert [visit.result(PATIENCE).status_code for visit in visits] == [200, 200]
        assert attempt.end().status == 0
    assert world.sim.tokens.count == 1
    with pytest.raises(requests.ConnectionError):
        attempt.visit(location)
