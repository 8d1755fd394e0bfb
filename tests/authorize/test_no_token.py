"""Every way in which there is no token in the end; what was in the store stays there."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from authorize.attempt import PATIENCE, World
from e2e.commands import TapRunner, environment, installed
from simulator import Simulator, faults

pytestmark = pytest.mark.slow

BEFORE = '{"version": 1, "tokens": {"another application": {"refresh_token": "rt", "seed": ""}}}'


@pytest.fixture(autouse=True)
def something_is_kept_already(world: World) -> Iterator[None]:
    """No failure may change what is in the store."""
    world.store.write_text(BEFORE, encoding="utf-8")
    yield
    assert world.store.read_text(encoding="utf-8") == BEFORE


def test_access_is_denied(world: World) -> None:
    with world.begin() as attempt:
        page = attempt.visit(attempt.decide("deny"))
        ended = attempt.end()
    assert ended.status == 1
    assert ended.last.startswith("ERPAuthenticationError: Access was denied on the page of Bling")
    assert page.status_code == 400
    assert "The tap is not authorised" in page.text
    assert world.sim.tokens.count == 0


def test_the_code_has_expired(world: World) -> None:
    world.sim.tokens.code_expires_in = 0
    with world.begin() as attempt:
        page = attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert ended.status == 1
    assert ended.last.startswith("ERPAuthenticationError: The token endpoint of Bling")
    assert "authorise" in ended.last
    assert page.status_code == 400


def test_the_code_has_been_used_already(world: World) -> None:
    with world.begin() as attempt:
        location = attempt.decide("allow")
        answer = {name: one[0] for name, one in parse_qs(urlsplit(location).query).items()}
        stolen = requests.post(
            world.sim.token_url("bling"),
            data={
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": world.settings["redirect_uri"],
            },
            auth=(world.settings["client_id"], world.settings["client_secret"]),
            verify=world.sim.ca_bundle,
            timeout=PATIENCE,
        )
        assert stolen.status_code == 200
        attempt.visit(location)
        assert attempt.end().last.startswith("ERPAuthenticationError: ")


def test_the_applications_secret_is_wrong(world: World) -> None:
    world.settings["client_secret"] = "wrong-" + world.settings["client_secret"]
    with world.begin() as attempt:
        page = attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert ended.last.startswith("ERPAuthenticationError: ")
    assert page.status_code == 400


def test_a_vendor_that_repeats_what_it_was_told(world: World) -> None:
    """Its words are shown, the secrets among them are not; `end` looks for them."""
    with world.begin() as attempt:
        state = attempt.query["state"]
        words = {"error": "server_error", "error_description": f"no {state} here", "state": state}
        page = attempt.visit(world.settings["redirect_uri"], params=words)
        ended = attempt.end()
    assert ended.last.startswith("ERPAuthenticationError: Bling does not authorise")
    assert "server_error: no *** here" in ended.last
    assert state not in page.text


def test_a_token_endpoint_that_repeats_the_code(world: World) -> None:
    with world.begin() as attempt:
        location = attempt.decide("allow")
        code = parse_qs(urlsplit(location).query)["code"][0]
        body = json.dumps({"error": "invalid_grant", "error_description": f"no {code} here"})
        world.sim.faults.add(faults.answer(400, body.encode()), endpoint="token")
        page = attempt.visit(location)
        ended = attempt.end()
    assert "no *** here" in ended.last
    assert code not in page.text


def test_there_is_no_refresh_token(world: World) -> None:
    body = b'{"access_token": "at-1", "expires_in": 3600}'
    world.sim.faults.add(faults.answer(200, body), endpoint="token")
    with world.begin() as attempt:
        attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert ended.last.startswith("ERPValidationError: The token endpoint gave no refresh token")


def test_the_token_endpoint_is_down(world: World) -> None:
    world.sim.faults.add(faults.status(503), endpoint="token", times=None)
    with world.begin() as attempt:
        page = attempt.visit(attempt.decide("allow"))
        ended = attempt.end()
    assert ended.last.startswith("ERPConnectionError: ")
    assert page.status_code == 400


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_it_is_broken_off(world: World, sent: signal.Signals, status: int) -> None:
    with world.begin() as attempt:
        attempt.process.send_signal(sent)
        ended = attempt.end()
    assert ended.status == status
    assert ended.last == "It was broken off; run with --authorize again."
    assert "Traceback" not in ended.said
    with socket.create_server(("127.0.0.1", urlsplit(world.settings["redirect_uri"]).port or 0)):
        pass  # nobody listens there any more


def test_it_is_broken_off_while_the_browser_waits(
    world: World, browsers: ThreadPoolExecutor, released: Event
) -> None:
    world.sim.faults.add(faults.slow_first_byte(released), endpoint="token")
    with world.begin() as attempt:
        visit = browsers.submit(attempt.visit, attempt.decide("allow"))
        world.sim.requests.wait_for(1, endpoint="token")
        attempt.process.send_signal(signal.SIGINT)
        page = visit.result(PATIENCE)
        ended = attempt.end()
    assert ended.status == 130
    assert page.status_code == 400
    assert "It is over" in page.text


# Nothing is opened, asked or printed


def test_the_port_is_taken(world: World) -> None:
    port = urlsplit(world.settings["redirect_uri"]).port or 0
    with socket.create_server(("127.0.0.1", port)):
        ended = world.refused()
    assert ended.status == 1
    assert ended.last.startswith(f"ERPValidationError: Nothing can listen on port {port}")
    assert "redirect_uri" in ended.last


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"token_store": ...}, "token_store is missing"),
        ({"token_store": " "}, "token_store is missing"),
        ({"auth_type": ...}, "set auth_type to oauth2"),
        ({"auth_type": "bearer_token"}, "set auth_type to oauth2"),
        ({"client_id": ...}, "client_id must be set"),
        ({"client_secret": ...}, "client_secret must be set"),
        ({"authorize_url": "http://127.0.0.1:1/authorize"}, "authorize_url must start with https"),
        ({"redirect_uri": "http://erp.example/back"}, "redirect_uri must be"),
        ({"api_version": "v2"}, "api_key"),
    ],
    ids=str,
)
def test_settings_that_do_not_do(world: World, changes: dict[str, object], word: str) -> None:
    ended = world.refused(**changes)
    assert ended.status == 1
    assert ended.last.startswith("ConfigValidationError: ")
    assert word in ended.last


def test_a_store_that_is_none(world: World) -> None:
    notes = world.folder / "notes.txt"
    notes.write_text("my notes", encoding="utf-8")
    ended = world.refused(token_store=str(notes))
    assert ended.last.startswith("ERPValidationError: token_store ")
    assert notes.read_text(encoding="utf-8") == "my notes"


@pytest.mark.parametrize("nowhere", ["/sys/tokens.json", "/proc/tokens.json"])
def test_a_store_that_cannot_be_written_costs_no_code(world: World, nowhere: str) -> None:
    # In /proc a file that nobody may make is missing to the system, as one that is about to come.
    ended = world.refused(token_store=nowhere)
    assert ended.last.startswith(f"ERPValidationError: token_store {nowhere} cannot be")
    assert list(world.sim.requests) == []


def test_nobody_can_bring_the_answer(world: World) -> None:
    with world.begin(redirect_uri="https://erp.example/back", debug=False) as attempt:
        ended = attempt.end()
    assert ended.status == 1
    assert ended.last.startswith("ERPAuthenticationError: No answer can come")


def test_standard_input_is_closed(world: World) -> None:
    """Its number must not be taken for what is opened later."""
    config = world.config(redirect_uri="https://erp.example/back")
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" --config "$1" --authorize <&-', installed("tap-bling"), config],
        capture_output=True,
        check=False,
        env=environment(),
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "No answer can come" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("erp", ["omie", "totvs"])
def test_not_every_erp_has_such_a_page(erp: str, sim: Simulator, tmp_path: Path) -> None:
    settings = {**sim.settings(erp), "token_store": str(tmp_path / "tokens")}
    done = TapRunner(tmp_path)(f"tap-{erp}", settings, args=["--authorize"])
    assert done.returncode == 1
    assert done.last_error.startswith("ConfigValidationError: ")
    assert "has no page on which a user lets an application in" in done.last_error
    assert done.stdout == ""
    assert len(sim.requests) == 0


@pytest.mark.parametrize(("name", "shown"), [("bling", True), ("omie", False)])
def test_help_names_it_where_it_is_of_use(name: str, shown: bool, tmp_path: Path) -> None:  # noqa: FBT001
    done = TapRunner(tmp_path)(f"tap-{name}", None, args=["--help"])
    assert ("--authorize" in done.stdout) is shown
