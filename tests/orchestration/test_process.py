"""A process of Meltano is followed, judged by its end, and never outlives who waits for it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from erp_orchestration.log import Ending, LogLine
from erp_orchestration.process import Process
from orchestration.machines import alive
from orchestration.waiting import SECONDS, until

REFUSED = "ERPAuthenticationError: the key was refused; put in a new one"
SUPERVISOR = """
import os, sys
from pathlib import Path
from erp_orchestration.process import Process
if os.fork() == 0:
    command = ["sh", "-c", "sleep 600 & echo $$ $! > pids.new; mv pids.new pids; wait"]
    Process(command, folder=Path.cwd(), environment=os.environ).follow(print)
    os._exit(0)
os.wait()
"""
TERMINATED = """
import os, signal
from pathlib import Path
from erp_orchestration.process import Process
command = ["sh", "-c", "trap '' TERM; sleep 600 & echo $$ $! > pids.new; mv pids.new pids; wait"]
process = Process(command, folder=Path.cwd(), environment=os.environ)
signal.signal(signal.SIGTERM, lambda *_: process.stop())
print(process.follow(print))
"""


def run(script: str, folder: Path) -> tuple[Ending, list[LogLine]]:
    """Follow a shell script to its end."""
    told: list[LogLine] = []
    process = Process(["sh", "-c", script], folder=folder, environment=os.environ)
    return process.follow(told.append), told


def test_the_log_is_told_line_by_line_and_the_tap_has_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(
        '{"event": "Running", "level": "info"}\n'
        f'{{"event": "{REFUSED}", "level": "error", "string_id": "tap-omie--datahub"}}\n'
        '{"event": "METRIC", "level": "info", "plugin_logger": "singer_sdk.metrics",'
        ' "metric_info": {"metric": "record_count", "value": 3}}\n'
        "no JSON\n"
        '{"event": "Run failed", "level": "error"}\n',
        encoding="utf-8",
    )
    ending, told = run("cat log >&2; exit 1", tmp_path)
    assert [(line.level, str(line)) for line in told] == [
        (logging.INFO, "meltano: Running"),
        (logging.ERROR, f"tap-omie--datahub: {REFUSED}"),
        (
            logging.INFO,
            'singer_sdk.metrics: METRIC {"metric": "record_count", "value": 3}',
        ),
        (logging.INFO, "meltano: no JSON"),
        (logging.ERROR, "meltano: Run failed"),
    ]
    assert ending == Ending(1, REFUSED)


@pytest.mark.parametrize(
    ("script", "final", "said"),
    [
        (f"echo '{REFUSED}'; exit 1", True, "ERPAuthenticationError: "),
        ("echo 'ERPValidationError: books'; exit 1", True, "ERPValidationError: "),
        ("echo 'ConfigValidationError: companies'; exit 1", True, "ConfigValidationError: "),
        ("echo 'ERPConnectionError: no answer'; exit 1", False, "ERPConnectionError: "),
        ("echo 'ERPRateLimitError: the day is used up'; exit 1", False, "ERPRateLimitError: "),
        ("echo 'the warehouse is full'; exit 1", False, "exit status 1"),
        ("kill -KILL $$", False, "killed by signal 9"),
    ],
)
def test_who_would_fail_again_is_not_tried_again(
    script: str, *, final: bool, said: str, tmp_path: Path
) -> None:
    ending, _ = run(script, tmp_path)
    assert not ending.is_good
    assert ending.is_final is final
    assert str(ending).startswith(said)


def test_a_run_that_ended_well_is_good_whatever_was_said_on_the_way(tmp_path: Path) -> None:
    ending, _ = run(f"echo '{REFUSED}'", tmp_path)
    assert ending.is_good
    assert not ending.is_final


def test_what_is_printed_goes_elsewhere_if_that_is_wanted(tmp_path: Path) -> None:
    told: list[str] = []
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as given:
        given.write(b"SCHEMA\n")
        given.seek(0)
        process = Process(
            ["sh", "-c", "cat; echo log >&2"],
            folder=tmp_path,
            environment=os.environ,
            source=given,
            sink=printed,
        )
        assert process.follow(lambda line: told.append(line.text)).is_good
        printed.seek(0)
        assert printed.read() == b"SCHEMA\n"
    assert told == ["log"]


def test_the_environment_is_what_was_given_and_the_folder_too(tmp_path: Path) -> None:
    told: list[str] = []
    process = Process(["/usr/bin/env"], folder=tmp_path, environment={"TAP_X": "1"})
    process.follow(lambda line: told.append(line.text))
    assert told == ["TAP_X=1"]


def test_a_task_that_is_ended_leaves_no_process(tmp_path: Path) -> None:
    # The child does not obey; it is ended as Meltano's plugins are.
    script = "trap '' TERM; sleep 600 & echo $!; wait"
    process = Process(["sh", "-c", script], folder=tmp_path, environment=os.environ)
    children: list[int] = []

    def tell(line: LogLine) -> None:
        children.append(int(line.text))
        threading.Thread(target=process.stop).start()

    assert process.follow(tell).status < 0
    [child] = children
    until(lambda: not alive(child), "the child has ended")


def test_an_interrupted_task_leaves_no_process(tmp_path: Path) -> None:
    process = Process(
        ["sh", "-c", "sleep 600 & echo $!; wait"], folder=tmp_path, environment=os.environ
    )
    children: list[int] = []

    def tell(line: LogLine) -> None:
        children.append(int(line.text))
        raise TimeoutError

    with pytest.raises(TimeoutError):
        process.follow(tell)
    until(lambda: not alive(children[0]), "the child has ended")


def test_nothing_goes_on_when_the_supervisor_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR], cwd=tmp_path) as supervisor:
        try:
            until((tmp_path / "pids").exists, "the run has begun")
            pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
            assert all(map(alive, pids))
        finally:
            supervisor.send_signal(signal.SIGKILL)
    until(lambda: not any(map(alive, pids)), "the run has ended")


def test_a_signal_ends_the_run_while_its_log_is_waited_for(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TERMINATED]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as task:
        until((tmp_path / "pids").exists, "the run has begun")
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        task.send_signal(signal.SIGTERM)
        said, _ = task.communicate(timeout=SECONDS)
    assert said == "killed by signal 9\n"
    until(lambda: not any(map(alive, pids)), "the run has ended")
