"""A run by hand: a line on the terminal says how far it is, and the messages are left alone."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from e2e.commands import environment, installed
from simulator import Books, Simulator


def run(config: Path, messages: Path, **more: str) -> str:
    """Run tap-omie as in a terminal, its messages into a file; what the terminal shows."""
    ours, theirs = pty.openpty()
    with messages.open("wb") as file:
        process = subprocess.Popen(
            [str(installed("tap-omie")), "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=theirs,
            env={**environment(), "TERM": "xterm", "COLUMNS": "200", **more},
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        assert process.wait(60) == 0, shown.decode()
    return shown.decode()


@pytest.mark.slow
def test_a_line_on_the_terminal_says_how_far_a_run_is(tmp_path: Path) -> None:
    config, messages = tmp_path / "config.json", tmp_path / "messages"
    with Simulator(Books.generate(entries_per_month=3)) as simulator:
        given = simulator.settings("omie", start_date="2024-01-01", end_date="2024-03-31")
        config.write_text(json.dumps(given), encoding="utf-8")
        shown = run(config, messages)
        plain = run(config, tmp_path / "others", TERM="dumb")
    assert "3/3" in shown
    assert re.search(r"2024-03-01\.\.2024-03-31 \(3 of 3\)", shown)
    assert "3/3" not in plain
    assert "\x1b" not in plain
    # The log is there, too, and the messages are as without a terminal.
    for text in (shown, plain):
        assert "2024-01-01..2024-01-31 (1 of 3): " in text
    for file in (messages, tmp_path / "others"):
        kinds = [json.loads(line)["type"] for line in file.read_text().splitlines()]
        assert set(kinds) == {"SCHEMA", "RECORD", "STATE"}
