"""Run the installed commands quickly enough for hundreds of runs."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from e2e.commands import JsonObject, Result, TapRunner, environment, installed

PRELOADED = Path(__file__).with_name("preloaded.py")


class Preloaded:
    """The process that holds the commands' imports and forks for each run."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, str(PRELOADED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )

    def run(
        self, command: Sequence[str], env: Mapping[str, str], folder: Path, moment: str = ""
    ) -> Result:
        """Run the command line in a process of its own; today is another day, if one is given."""
        stdout, stderr = folder / "stdout", folder / "stderr"
        for file in (stdout, stderr):
            file.unlink(missing_ok=True)
        job = {
            "command": [str(part) for part in command],
            "environment": environment(env),
            "stdout": str(stdout),
            "stderr": str(stderr),
            "moment": moment,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        status = self._process.stdout.readline()
        assert status, "the process that runs the commands is gone"
        return Result(int(status), stdout.read_bytes().decode(), stderr.read_bytes().decode())

    def close(self) -> None:
        """End it."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


@cache
def shared() -> Preloaded:
    """The one process of a worker, which ends with it."""
    process = Preloaded()
    atexit.register(process.close)
    return process


class PreloadedRunner(TapRunner):
    """Runs taps as `TapRunner` does, without waiting for their imports each time."""

    def __init__(self, folder: Path, preloaded: Preloaded | None = None) -> None:
        """Keep files in `folder`."""
        super().__init__(folder)
        self._files = folder
        self._preloaded = preloaded or shared()

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
        """Run `name` to its end."""
        command = self.command(name, config, state=state, catalog=catalog, args=args)
        return self._preloaded.run(command, env or {}, self._files)

    def run_at(self, moment: str, command: Sequence[str]) -> Result:
        """Run a command line as if it were that moment."""
        tap, *rest = command
        return self._preloaded.run([str(installed(tap)), *rest], {}, self._files, moment)


class Run:
    """What a run left behind, its messages read once."""

    def __init__(self, result: Result) -> None:
        """Look at the result of a run."""
        self.returncode = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr
        self.last_error = result.last_error
        self._result = result

    @cached_property
    def messages(self) -> list[JsonObject]:
        """Every line of standard output; amounts are `Decimal`, anything but JSON is an error."""
        return self._result.messages

    @cached_property
    def _records(self) -> dict[str, list[JsonObject]]:
        found: dict[str, list[JsonObject]] = {}
        for message in self.messages:
            if message["type"] == "RECORD":
                found.setdefault(message["stream"], []).append(message["record"])
        return found

    def records(self, stream: str, company: str | None = None) -> list[JsonObject]:
        """The records of one stream, of one company or of all, in the order they came."""
        return [
            record
            for record in self._records.get(stream, [])
            if company is None or record["company_id"] == company
        ]

    @property
    def states(self) -> list[JsonObject]:
        """Every state, in the order they came."""
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    @property
    def state(self) -> JsonObject:
        """The last state, which the next run starts from."""
        return self.states[-1]

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, in order."""
        return [issue["code"] for issue in self.records("validation_issues")]

    def bookmark(self, stream: str, company: str) -> str | None:
        """How far a stream of a company has come, by the last state."""
        partitions = self.state["bookmarks"].get(stream, {}).get("partitions", [])
        found = [
            entry.get("replication_key_value")
            for entry in partitions
            if entry["context"] == {"company_id": company}
        ]
        assert len(found) <= 1
        return found[0] if found else None
