"""Runs of the installed commands against a hostile server, bounded in time and memory."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.commands import Result, environment, installed
from hostile.raw import RawServer

MAX_WALL = 60.0
"""Seconds after which a run hangs; the timeouts of its requests are far shorter."""
MAX_PEAK = 400 << 20
"""Bytes of memory; a run that reads nothing takes a quarter of that."""


@dataclass(frozen=True)
class Erp:
    """A tap as it is run here: by keys that need no token, so that the first answer is a ledger's.

    Attributes:
        name: In the tests' names.
        command: The installed command.
        settings: Those of its own.
        system: The ERP's name in sentences.
    """

    name: str
    command: str
    system: str
    settings: Mapping[str, Any]

    def configured(self, server: RawServer, **more: Any) -> dict[str, Any]:
        """Working settings, with short timeouts."""
        return {
            "base_url": server.url,
            "ca_bundle": server.ca_bundle,
            "companies": [{"id": "c1"}],
            "start_date": "2024-01-01",
            "end_date": "2024-01-31",
            "timeout": 3,
            "extract_timeout": 3,
            "health_check_timeout": 5,
            "rate_limit": {"requests": 100000, "interval": 1, "burst": 10000},
            "retry": {"max_attempts": 2, "base_delay": 0.01, "max_delay": 0.01},
            **self.settings,
            **more,
        }


OMIE = Erp("omie", "tap-omie", "Omie", {"app_key": "1560731700", "app_secret": "226dcf372489bb45"})
TOTVS = Erp(
    "totvs",
    "tap-totvs",
    "TOTVS Protheus",
    {"auth_type": "basic_auth", "username": "ana", "password": "226dcf372489bb45"},
)
CONTAAZUL = Erp(
    "contaazul",
    "tap-contaazul",
    "ContaAzul",
    {"auth_type": "bearer_token", "access_token": "226dcf372489bb45"},
)
BLING = Erp("bling", "tap-bling", "Bling", {"api_key": "226dcf372489bb45"})
BLING_V2 = Erp(
    "bling-v2", "tap-bling", "Bling", {"api_key": "226dcf372489bb45", "api_version": "v2"}
)
ERPS = (OMIE, TOTVS, CONTAAZUL, BLING, BLING_V2)


@dataclass(frozen=True)
class Ended(Result):
    """What a run left behind, and the most memory it took, in bytes."""

    peak: int


def run(
    command: str,
    settings: Mapping[str, Any] | None,
    folder: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    max_wall: float = MAX_WALL,
) -> Ended:
    """Run to the end.

    Raises:
        subprocess.TimeoutExpired: It hangs; it is killed.
    """
    line = [str(installed(command))]
    if settings is not None:
        config = folder / "config.json"
        config.write_text(json.dumps(settings))
        line += ["--config", str(config)]
    return run_line([*line, *args], folder, env=env, max_wall=max_wall)


def run_line(
    line: Sequence[str],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    max_wall: float = MAX_WALL,
) -> Ended:
    """Run a command line to its end."""
    report = folder / "report.json"
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("measured.py")), str(report), *line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(env),
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=max_wall)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    done = json.loads(report.read_text())
    return Ended(done["status"], stdout.decode(), stderr.decode(), done["peak"])


def assert_failed(ended: Ended, kind: str, *words: str) -> None:
    """It failed as a run should: one clear last line, in bounded memory."""
    assert ended.returncode == 1, ended.stderr
    assert re.match(rf"{kind}\w*: ", ended.last_error), ended.stderr
    for word in words:
        assert word in ended.last_error, ended.last_error
    assert "unforeseen" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.last_error) <= 2000
    assert ended.peak <= MAX_PEAK, f"{ended.peak >> 20} MiB"
