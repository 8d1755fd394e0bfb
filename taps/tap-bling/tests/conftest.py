# ruff: noqa: INP001 -- packages named tests would hide one another
"""An ERP's answer as the transport hands it over, and a run of the tap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.commands import PreloadedRunner
from erp_common.http.answer import Answer
from harness.answers import answer
from harness.runs import by_stream

Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(name="answer")
def fixture_answer() -> Callable[..., Answer]:
    return answer


@pytest.fixture
def extract(tmp_path: Path) -> Callable[[Mapping[str, Any]], Rows]:
    """Run the tap to its end; its records by stream."""

    def run(config: Mapping[str, Any]) -> Rows:
        done = PreloadedRunner(tmp_path)("tap-bling", config)
        assert done.returncode == 0, done.stderr
        return by_stream(done)

    return run
