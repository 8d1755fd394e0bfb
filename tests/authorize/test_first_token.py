"""From nothing but an application's keys to a run: consent, the first token, those that follow."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from authorize.attempt import COMMANDS, PATIENCE, World
from e2e.commands import environment, installed
from simulator import Simulator

BY_ITSELF = "refreshes it by itself from now on"


@pytest.mark.by_day("bling")
@pytest.mark.parametrize("erp", COMMANDS)
def test_the_first_token_and_those_that_follow(erp: str, sim: Simulator, tmp_path: Path) -> None:
    world = World.of(erp, sim, tmp_path)
    with world.begin() as attempt:
        assert re.fullmatch(r"https://\S+", attempt.address)
        assert not world.store.exists()
        page = attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert (page.status_code, ended.status) == (200, 0)
    assert "The tap is authorised" in page.text
    assert ended.last.endswith(f"{BY_ITSELF}.")
    assert stat.S_IMODE(world.store.stat().st_mode) == 0o600

    first = world.kept
    assert sim.tokens.is_refresh_token(first["refresh_token"])
    run = world.read()
    assert run.returncode == 0, run.stderr
    assert run.records("periods")
    assert sim.tokens.count == 1, "the first access token is still good"

    sim.tokens.revoke_all(erp)
    again = world.read()
    assert again.returncode == 0, again.stderr
    assert [form["grant_type"] for form in sim.tokens.requests[1:]] == ["refresh_token"]
    assert world.kept["refresh_token"] != first["refresh_token"]
    assert not sim.tokens.is_refresh_token(first["refresh_token"])
    assert sim.tokens.is_refresh_token(world.kept["refresh_token"])
    assert run.records("trial_balance")
    assert len(again.records("trial_balance")) == len(run.records("trial_balance"))


@pytest.mark.parametrize("erp", ["bling_public", "contaazul_public"])
def test_under_the_public_api_the_grant_type_need_not_be_set(
    erp: str, sim: Simulator, tmp_path: Path
) -> None:
    world = World.of(erp, sim, tmp_path)
    with world.begin(grant_type=..., companies=..., start_date=...) as attempt:
        attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert ended.status == 0
    assert ended.last.endswith(f"; the tap {BY_ITSELF}.")
    [asked] = sim.requests.select(erp, "token")
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.headers.get("enable-jwt") == ("1" if erp == "bling_public" else None)


def test_what_is_still_to_be_set_is_said(world: World) -> None:
    with world.begin(grant_type=...) as attempt:
        attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert ended.status == 0
    assert ended.last.endswith(f"with grant_type set to refresh_token, the tap {BY_ITSELF}.")


def test_what_the_page_is_asked(sim: Simulator, tmp_path: Path) -> None:
    world = World.of("contaazul", sim, tmp_path)
    with world.begin() as attempt:
        assert "#/oauth/authorize?response_type=code&" in attempt.address
        assert attempt.query["redirect_uri"] == world.settings["redirect_uri"]
        assert attempt.query["scope"] == "openid profile aws.cognito.signin.user.admin"
    with world.begin(scope="sales") as attempt:
        assert attempt.query["scope"] == "sales"


def test_the_vendors_own_pages(world: World) -> None:
    with world.begin(authorize_url=..., redirect_uri=...) as attempt:
        assert attempt.address.startswith("https://www.bling.com.br/Api/v3/oauth/authorize?")
        assert attempt.query["redirect_uri"] == "http://127.0.0.1:8765/callback"
        assert "scope" not in attempt.query


def test_a_code_is_pasted(world: World) -> None:
    with world.begin(stdin=subprocess.PIPE) as attempt:
        location = attempt.decide("allow")
        code = re.findall(r"code=([^&]+)", location)[0]
        assert attempt.process.stdin is not None
        attempt.process.stdin.write(f"{code}\n")
        attempt.process.stdin.flush()
        # Nothing more is typed, and the input stays open: it ends all the same.
        assert attempt.process.wait(PATIENCE) == 0
        assert attempt.end().last.endswith(f"{BY_ITSELF}.")
    assert world.sim.tokens.is_refresh_token(world.kept["refresh_token"])


def test_an_address_is_pasted_where_the_browser_cannot_bring_it(world: World) -> None:
    """As with an application that may name the vendor's own address only."""
    with world.begin(stdin=subprocess.PIPE, redirect_uri="https://erp.example/back") as attempt:
        location = attempt.decide("allow")
        assert location.startswith("https://erp.example/back?")
        assert attempt.process.stdin is not None
        attempt.process.stdin.write(f"{location.replace('state=', 'state=x')}\n{location}\n")
        attempt.process.stdin.flush()
        ended = attempt.end()
    assert ended.status == 0
    assert "then paste" in ended.said
    assert "This is no answer" in ended.said
    assert world.sim.tokens.is_refresh_token(world.kept["refresh_token"])


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind")
def test_a_code_is_pasted_into_a_terminal(world: World) -> None:
    ours, theirs = os.openpty()
    try:
        with world.begin(stdin=theirs) as attempt:
            os.write(ours, f"{attempt.decide('allow')}\n".encode())
            assert attempt.end().status == 0
    finally:
        os.close(ours)
        os.close(theirs)


def test_settings_from_the_environment(world: World) -> None:
    given = {
        f"TAP_BLING_{name.upper()}": str(world.settings[name])
        for name in ("auth_type", "client_id", "client_secret", "token_url", "grant_type",
                     "token_store", "authorize_url", "redirect_uri", "ca_bundle", "base_url")
    }  # fmt: skip
    with subprocess.Popen(
        [installed("tap-bling"), "--authorize", "--config=ENV"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(given),
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(world.settings["authorize_url"])
        process.terminate()
        process.communicate(timeout=PATIENCE)
