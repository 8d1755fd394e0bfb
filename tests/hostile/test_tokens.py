"""A rotated refresh token survives a disk that is full and a file that nothing can replace."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import TapRunner, environment
from erp_common.auth.oauth import OAuth2Handler
from erp_common.auth.token_store import TokenStore
from erp_common.http.answer import Answer
from erp_common.http.options import TransportOptions
from erp_common.http.request import Request
from erp_common.http.retry import RetryPolicy
from erp_common.http.transport import Transport
from hostile.raw import Asked, RawServer, answer, dripped, serving

SMALL = 8192
"""Bytes that a file may have: less than a token's room."""


class Rotating:
    """A token endpoint with a new refresh token each time, and an ERP that takes any token."""

    def __init__(self) -> None:
        self.spent: list[str] = []

    def __call__(self, asked: Asked) -> list[bytes]:
        if asked.method != "POST":
            return [answer(b'{"data":[]}')]
        (given,) = (part for part in asked.body.decode().split("&") if "refresh_token=" in part)
        self.spent.append(given.partition("=")[2])
        number = len(self.spent)
        granted = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}"}
        return [answer(json.dumps(granted).encode())]


def bling(server: RawServer, store: Path) -> dict[str, Any]:
    return {
        "base_url": server.url,
        "token_url": f"{server.url}/token",
        "ca_bundle": server.ca_bundle,
        "companies": [{"id": "c1"}],
        "start_date": "2024-01-01",
        "end_date": "2024-01-31",
        "auth_type": "oauth2",
        "grant_type": "refresh_token",
        "client_id": "id",
        "client_secret": "geheim-geheim",
        "refresh_token": "refresh-0",
        "token_store": str(store),
    }


def refreshed(server: RawServer, store: Path, **options: Any) -> None:
    """Ask once, with a token that must be fetched."""
    handler = OAuth2Handler(
        "id",
        "geheim-geheim",
        f"{server.url}/token",
        grant_type="refresh_token",
        refresh_token="refresh-0",  # noqa: S106 -- nobody's
        token_store=store,
    )
    transport = Transport(
        TransportOptions(base_url=server.url, ca_bundle=server.ca_bundle, **options), handler
    )
    try:
        transport.fetch(Request("GET", "/x"), Answer.read)
    finally:
        transport.close()


def kept(store: Path) -> str:
    ((_, entry),) = json.loads(store.read_bytes())["tokens"].items()
    return str(entry["refresh_token"])


def test_on_a_full_disk_no_token_is_spent(run_tap: TapRunner, tmp_path: Path) -> None:
    """The system lets no file grow beyond a few bytes, as a full disk would."""
    endpoint = Rotating()
    store = tmp_path / "tokens.json"
    with serving(endpoint) as server:
        done = subprocess.run(
            run_tap.command("tap-bling", bling(server, store), args=["--health-check"]),
            capture_output=True,
            check=False,
            timeout=180,
            env=environment(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL)),
        )
    assert done.returncode == 1
    assert "tokens.json cannot be written to" in json.loads(done.stdout)["error_message"]
    assert endpoint.spent == []
    assert [one.name for one in tmp_path.glob(".tokens.json.*")] == []


@pytest.mark.hostile
@pytest.mark.timeout(60)
def test_a_refresher_that_hangs_lets_go_of_the_store(tmp_path: Path) -> None:
    """Each of three gives up in its turn, and the next has the store to itself."""
    store = tmp_path / "tokens.json"
    hurried = {"timeout": 1.0, "retry": RetryPolicy(max_attempts=1)}
    with serving(lambda _: dripped(b"H")) as server, ThreadPoolExecutor(3) as threads:
        runs = [threads.submit(refreshed, server, store, **hurried) for _ in range(3)]
        said = [str(one.exception()) for one in runs]
        assert len(server.asked) == 3
    assert all("did not answer within 1 s" in words for words in said), said
    with serving(Rotating()) as server:
        refreshed(server, store)
    assert kept(store) == "refresh-1"


def test_where_nothing_can_take_the_files_place_it_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a file that is mounted into a container by itself."""
    endpoint = Rotating()
    store = tmp_path / "tokens.json"
    store.write_text(json.dumps({"version": 1, "tokens": {}}))
    store.chmod(0o600)
    number = store.stat().st_ino

    def busy(_: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(target))

    monkeypatch.setattr(Path, "replace", busy)
    with serving(endpoint) as server:
        refreshed(server, store)
        assert (kept(store), endpoint.spent) == ("refresh-1", ["refresh-0"])
        refreshed(server, store)
    assert (kept(store), store.stat().st_ino) == ("refresh-1", number)
    assert endpoint.spent == ["refresh-0"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tokens.json", "tokens.json.lock"]


def test_what_a_killed_process_has_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".tokens.json.abcd").write_text("x")
    with serving(Rotating()) as server:
        refreshed(server, tmp_path / "tokens.json")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tokens.json", "tokens.json.lock"]
    assert kept(tmp_path / "tokens.json") == "refresh-1"


def test_a_store_that_others_can_read_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "tokens.json"
    store.write_text(json.dumps({"version": 1, "tokens": {}}))
    store.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        TokenStore(store).load("x")
    assert "tokens.json can be read by other users (mode 644)" in caplog.text
