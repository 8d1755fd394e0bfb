"""Run the installed commands as a user or Meltano runs them, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
TIMEOUT = 600
JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a tap left behind: exit status, the Singer messages of its output, its error output."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def messages(self) -> list[JsonObject]:
        """Every line of standard output; amounts are `Decimal`, anything but JSON is an error."""
        return [json.loads(line, parse_float=Decimal) for line in self.stdout.splitlines()]

    def records(self, stream: str) -> list[JsonObject]:
        """The records of one stream, in the order they came."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    @property
    def state(self) -> JsonObject | None:
        """The last state, which the next run starts from."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else None

    @property
    def last_error(self) -> str:
        """The last line on standard error."""
        return self.stderr.rstrip().rpartition("\n")[2]


class TapRunner:
    """Runs installed taps, each run with files of its own in one folder."""

    def __init__(self, folder: Path) -> None:
        """Keep configuration, state and catalog files in `folder`."""
        self._folder = folder
        self._runs = 0

    def __call__(
        self,
        name: str,
        config: Mapping[str, Any] | None,
        *,
        state: Mapping[str, Any] | None = None,
        catalog: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run `name` to its end, whatever that is; without `config` it gets no `--config`."""
        done = subprocess.run(
            self.command(name, config, state=state, catalog=catalog, args=args),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=environment(env),
            timeout=TIMEOUT,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(
        self,
        name: str,
        config: Mapping[str, Any] | None,
        *,
        state: Mapping[str, Any] | None = None,
        catalog: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
    ) -> list[str]:
        """The command line of such a run, for tests that start or stop it themselves."""
        self._runs += 1
        command = [str(installed(name))]
        for option, content in (("config", config), ("state", state), ("catalog", catalog)):
            if content is not None:
                file = self._folder / f"{option}-{self._runs}.json"
                file.write_text(json.dumps(content), encoding="utf-8")
                command += [f"--{option}", str(file)]
        return [*command, *args]


def installed(name: str) -> Path:
    """The console script of a package in this environment."""
    return Path(sys.executable).parent / name


def meltano() -> Path:
    """Meltano's command, which `make` puts beside this environment."""
    return _made(PROJECT / ".tools" / "meltano" / "bin" / "meltano")


def target_postgres(executable: str = "erp-target-postgres") -> Path:
    """The loader that Meltano installed; `target-postgres` is the library's own."""
    venv = PROJECT / ".meltano" / "loaders" / "target-postgres" / "venv"
    return _made(venv / "bin" / executable)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings of taps, targets and Meltano, and `more`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAP_", "TARGET_", "MELTANO_", "SINGER_SDK_"))
    }
    return kept | dict(more or {})


def pipe(tap: Sequence[str], target: Sequence[str]) -> tuple[int, int]:
    """Run `tap | target` and give both exit statuses; what they log goes to the test's output."""
    with subprocess.Popen(
        tap, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment()
    ) as reading:
        writing = subprocess.run(
            target, stdin=reading.stdout, check=False, env=environment(), timeout=TIMEOUT
        )
    return reading.returncode, writing.returncode


def _made(program: Path) -> Path:
    if not program.exists():
        raise FileNotFoundError(f"{program.relative_to(PROJECT)} is missing: run `make install`.")
    return program
