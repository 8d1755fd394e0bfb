"""The embedded server keeps its data, serves one process at a time, and leaves nothing running."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from demo.postgres import Postgres, PostgresError

STARTED_AND_LEFT = """
import os, sys
from pathlib import Path
from demo.postgres import Postgres
server = Postgres(Path(sys.argv[1]))
server.start()
print((server.data / "postmaster.pid").read_text().split()[0], flush=True)
os._exit(0)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Where the server's account may go, which pytest's own folders are not if that is not ours."""
    with tempfile.TemporaryDirectory(prefix="erp-taps-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder / "postgres"


def test_data_outlives_the_server(home: Path) -> None:
    server = Postgres(home)
    server.start()
    with psycopg.connect(server.uri()) as connection:
        connection.execute("create table kept as select 1 as one")
    server.stop()
    server.start()
    with psycopg.connect(server.uri()) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)
    server.remove()
    assert not home.exists()


def test_a_stopped_server_has_no_address(home: Path) -> None:
    server = Postgres(home)
    server.start()
    server.remove()
    with pytest.raises(PostgresError, match=r"start\(\) comes first"):
        server.uri()
    server.stop()


def test_only_one_may_use_the_data(home: Path) -> None:
    first = Postgres(home)
    first.start()
    with pytest.raises(PostgresError, match="Another process uses the database"):
        Postgres(home).start()
    with psycopg.connect(first.uri()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    first.remove()


def test_a_server_left_behind_is_replaced(home: Path) -> None:
    command = [sys.executable, "-c", STARTED_AND_LEFT, str(home)]
    left = int(subprocess.run(command, check=True, capture_output=True).stdout)
    os.kill(left, 0)  # it runs, without the process that started it
    server = Postgres(home)
    server.start()
    with psycopg.connect(server.uri()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert int((server.data / "postmaster.pid").read_text().split()[0]) != left
    server.remove()


def test_what_stops_it_from_starting_is_said(home: Path) -> None:
    server = Postgres(home)
    server.start()
    server.stop()
    (home / "data" / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(PostgresError, match="PostgreSQL did not start; see"):
        server.start()
    assert "no_such_setting" in server.log.read_text()
    server.remove()
