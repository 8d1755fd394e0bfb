"""docs/captures.md: a run is captured, read, run again, served, and kept as a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from docs.blocks import blocks
from erp_common.replay import archive
from field.recorded import CASES
from house.settings import PROJECT


@pytest.mark.slow
def test_every_command_of_the_page(tmp_path: Path) -> None:
    """As a reader types them, in one folder; what serves is ended once it says where."""
    made, shown, used, expected = [one.text for one in blocks(PROJECT / "docs/captures.md", "sh")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(text: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", text],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout

    _, opened, _ = CASES["omie-odd-rows"]
    with opened() as settings:
        (tmp_path / "config.json").write_bytes(msgspec.json.encode(settings))
        rows = run(made).count('"type":"RECORD"')
    assert rows
    assert "POST /geral/balancete/" in run(shown)
    again, *served = used.strip().splitlines()
    assert run(again).count('"type":"RECORD"') == rows
    for line in served:
        command = line.partition("#")[0].split()
        with subprocess.Popen(
            [sys.executable, *command[1:]], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            server.terminate()
        assert told["base_url"].startswith("https://localhost:")
        assert ("companies" in told) is ("--config" in command)
    run(expected)
    assert archive.read(tmp_path / "books.zip").messages.count(b'"type":"RECORD"') == rows
