# ruff: noqa: INP001, S106 -- `http` must not become a package; no secret here is one
"""The token store under crashes, damage and several processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from erp_common.auth.oauth import OAuth2Handler
from erp_common.auth.refresh_chain import RefreshChain
from erp_common.auth.token_store import StoredToken, TokenStore, application, fingerprint
from erp_common.errors import ERPValidationError
from erp_common.http.answer import Answer
from erp_common.http.clock import SYSTEM_CLOCK
from erp_common.http.masking import Masker
from erp_common.http.request import Request

TOKEN = StoredToken("refresh", fingerprint("seed"), "access", 1000.0, 3600.0)


def test_what_is_saved_is_loaded_and_others_are_left_alone(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    assert store.load("a") is None
    with store.locked():
        store.save("a", TOKEN)
        store.save("b", StoredToken("other", ""))
    again = TokenStore(str(tmp_path / "tokens.json"))
    assert again.load("a") == TOKEN
    assert again.load("b") == StoredToken("other", "")
    assert application("https://x/token", "a") != application("https://x/token", "b")


def test_what_holds_tokens_does_not_show_them() -> None:
    chain = RefreshChain("rt-set", None, "a", SYSTEM_CLOCK, 3600.0, Masker(), current="rt-now")
    shown = f"{chain!r} {StoredToken('rt-kept', 'seed', 'at-kept')!r}"
    assert not any(token in shown for token in ("rt-set", "rt-now", "rt-kept", "at-kept"))


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"version": 1, "tokens": {}}')
    path.chmod(0o644)
    store = TokenStore(path)
    with store.locked():
        store.save("a", TOKEN)
    for each in tmp_path.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "tokens.json"
    link.symlink_to(tmp_path / "real" / "tokens.json")
    TokenStore(link).save("a", TOKEN)
    assert link.is_symlink()
    assert TokenStore(tmp_path / "real" / "tokens.json").load("a") == TOKEN


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"{}",
        b'{"version": 2, "tokens": {}}',
        b'{"version": 1, "tokens": []}',
        b'{"version": 1, "tokens": {"a": {"seed": ""}}}',
        b'{"version": 1, "tokens": {"a": {"seed": "", "refresh_token": 5}}}',
        b'{"version": 1, "tokens": {"a": 1}}',
        b'{"version": 1, "tokens": {"a": {"seed": "", "refr',
    ],
)
def test_a_damaged_file_is_said_so_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    store = TokenStore(path)
    with pytest.raises(ERPValidationError, match=r"tokens\.json is no token store; restore it"):
        store.load("a")
    assert path.read_bytes() == content
    if b'"a"' not in content or content.endswith(b"refr"):
        with pytest.raises(ERPValidationError):
            store.save("a", TOKEN)
        assert path.read_bytes() == content


def test_places_that_cannot_hold_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(ERPValidationError, match="correct the path"),
        TokenStore(tmp_path / "file" / "tokens.json").locked(),
    ):
        pytest.fail("must not be locked")
    with pytest.raises(ERPValidationError, match="cannot be read"):
        TokenStore(tmp_path).load("a")


def test_a_failed_write_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.save("a", TOKEN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ERPValidationError, match="No space left on device"):
        store.save("a", StoredToken("new", ""))
    assert store.load("a") == TOKEN
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]


SAVE_FOREVER = """
import sys
from erp_common.http.answer import Answer
from erp_common.http.clock import SYSTEM_CLOCK
from erp_common.http.masking import Masker
from erp_common.auth.oauth import OAuth2Handler
from erp_common.auth.refresh_chain import RefreshChain
from erp_common.http.request import Request
from erp_common.auth.token_store import StoredToken, TokenStore

store = TokenStore(sys.argv[1])
number = 0
while True:
    with store.locked():
        number += 1
        store.save("a", StoredToken(f"token-{number}-" + "x" * 20000, "seed"))
        print(number, flush=True)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    for kill_after in (1, 7):
        command = [sys.executable, "-c", SAVE_FOREVER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            saved = [int(process.stdout.readline()) for _ in range(kill_after)][-1]
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        store = TokenStore(path)
        with store.locked():  # the lock of the dead does not last
            token = store.load("a")
        assert token is not None
        name, number, filling = token.refresh_token.split("-")
        assert (name, len(filling)) == ("token", 20000)
        assert int(number) >= saved


REFRESH = """
import sys
from erp_common.http.answer import Answer
from erp_common.http.clock import SYSTEM_CLOCK
from erp_common.http.masking import Masker
from erp_common.auth.oauth import OAuth2Handler
from erp_common.auth.refresh_chain import RefreshChain
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.http.options import RateLimit, TransportOptions

url, ca_bundle, store = sys.argv[1:]
auth = OAuth2Handler(
    "id", "s", f"{url}/token", None, "refresh_token", refresh_token="r0", token_store=store
)
limit = RateLimit(requests=60, interval=60, burst=50)
transport = Transport(TransportOptions(base_url=url, ca_bundle=ca_bundle, rate_limit=limit), auth)
print("ready", flush=True)
sys.stdin.readline()
transport.fetch(Request("GET", "/rows"), Answer.read)
print(auth._current.value)
"""


def test_two_processes_do_not_refresh_twice(
    server: Any, ca_bundle: str, reply_type: Any, tmp_path: Path
) -> None:
    current = ["r0"]

    def answer(seen: Any) -> Any:
        if seen.path != "/token":
            return reply_type()
        if seen.form["refresh_token"] != current[-1]:
            return reply_type(400, b'{"error": "invalid_grant"}')
        current.append(f"r{len(current)}")
        granted = {"access_token": "access", "refresh_token": current[-1], "expires_in": 3600}
        return reply_type(200, json.dumps(granted).encode())

    server.otherwise = answer
    path = tmp_path / "tokens.json"
    command = [sys.executable, "-c", REFRESH, server.url, ca_bundle, str(path)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=180)[0] for process in processes]
    assert outputs == ["access\n", "access\n"]
    assert current == ["r0", "r1"]
    assert len([seen for seen in server.seen if seen.path == "/rows"]) == 2


def test_a_new_token_is_on_disk_before_it_is_used(
    server: Any, connect: Any, reply_type: Any, tmp_path: Path, clock: Any
) -> None:
    path = tmp_path / "tokens.json"
    on_disk: list[str] = []

    def answer(seen: Any) -> Any:
        if seen.path == "/token":
            granted = {"access_token": "access", "refresh_token": "r1"}
            return reply_type(200, json.dumps(granted).encode())
        on_disk.append(path.read_text())
        return reply_type()

    server.otherwise = answer
    auth = OAuth2Handler(
        "id",
        "s",
        f"{server.url}/token",
        None,
        "refresh_token",
        refresh_token="r0",
        token_store=path,
        clock=clock,
    )
    connect(auth=auth).fetch(Request("GET", "/rows"), Answer.read)
    assert "r1" in on_disk[0]


def test_what_cannot_be_used_is_known_before(tmp_path: Path) -> None:
    fresh = TokenStore(tmp_path / "folder" / "tokens.json")
    fresh.check()
    # A folder that was misspelt, perhaps, does not stay where there is no token to keep.
    assert not (tmp_path / "folder").exists()
    damaged = tmp_path / "damaged.json"
    damaged.write_text("[]")
    with pytest.raises(ERPValidationError, match="no token store"):
        TokenStore(damaged).check()
    with pytest.raises(ERPValidationError, match="cannot be read"):
        TokenStore(tmp_path).check()
    with pytest.raises(ERPValidationError, match="cannot be written to"):
        TokenStore(damaged / "tokens.json").check()
