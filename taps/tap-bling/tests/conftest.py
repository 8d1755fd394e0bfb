# ruff: noqa: INP001 -- packages named tests would hide one another
"""An ERP's answer as the transport hands it over, and a run of the tap."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from erp_common.http.answer import Answer

Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture
def answer() -> Callable[..., Answer]:
    def make(body: bytes | str | dict[str, Any], status: int = 200, **headers: str) -> Answer:
        if isinstance(body, dict):
            body = json.dumps(body)
        data = body if isinstance(body, bytes) else body.encode()
        sent = {"Content-Type": "application/json; charset=utf-8"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(status, CaseInsensitiveDict(sent), io.BytesIO(data), len(data))

    return make


@pytest.fixture
def extract(tmp_path: Path) -> Callable[[Mapping[str, Any]], Rows]:
    """Run the tap to its end; its records by stream."""

    def run(config: Mapping[str, Any]) -> Rows:
        file = tmp_path / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tap_bling", "--config", str(file)],
            capture_output=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name[:4] != "TAP_"},
        )
        assert done.returncode == 0, done.stderr.decode()
        rows = defaultdict(list)
        for line in done.stdout.splitlines():
            message = json.loads(line, parse_float=Decimal)
            if message["type"] == "RECORD":
                rows[message["stream"]].append(message["record"])
        return rows

    return run
