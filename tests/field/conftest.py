"""Servers of the field, and taps that read from them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from contract.commands import Preloaded, PreloadedRunner, Run, shared
from field.server import Script, Stage, Theatre

Open = Callable[[Script], Stage]


@pytest.fixture(scope="session")
def preloaded() -> Preloaded:
    """The commands, imported once."""
    return shared()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    """A certificate authority of the tests' own and its file."""
    ca, file = trustme.CA(), tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, str(file)


@pytest.fixture
def stage(authority: tuple[trustme.CA, str]) -> Iterator[Open]:
    """Open a server for a script; at the end, nothing may have been asked that no document has."""
    with ExitStack() as opened:
        theatres: list[Theatre] = []

        def start(script: Script) -> Stage:
            theatre = opened.enter_context(Theatre(*authority, script))
            thread = threading.Thread(target=theatre.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            opened.callback(thread.join)
            opened.callback(theatre.shutdown)
            theatres.append(theatre)
            return theatre.stage

        yield start
        assert [theatre.stage.unforeseen for theatre in theatres if theatre.stage.unforeseen] == []


class Reader:
    """Runs a tap against a stage with settings that do not wait."""

    def __init__(self, runner: PreloadedRunner) -> None:
        """Run with `runner`."""
        self._runner = runner

    def __call__(
        self,
        tap: str,
        stage: Stage,
        *,
        state: dict[str, Any] | None = None,
        catalog: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Run:
        """Run `tap` with the settings given."""
        config = {
            "base_url": stage.url,
            "ca_bundle": stage.ca_bundle,
            "companies": [{"id": "acme", "erp_id": "1"}],
            "rate_limit": {"requests": 100000, "interval": 1, "burst": 100000},
            "retry": {"max_attempts": 3, "base_delay": 0.01, "max_delay": 0.02},
            **settings,
        }
        return Run(self._runner(tap, config, state=state, catalog=catalog))


@pytest.fixture
def read(preloaded: Preloaded, tmp_path: Path) -> Reader:
    """Run a tap: `read("tap-omie", stage, start_date=…)`."""
    return Reader(PreloadedRunner(tmp_path, preloaded))
