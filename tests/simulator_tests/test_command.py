"""The command: what it prints, what it serves, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests

from simulator import Books


def command(*arguments: str) -> subprocess.Popen[str]:
    folder = Path(__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_stopped(tmp_path: Path, stop: signal.Signals) -> None:
    bundle = tmp_path / "ca.pem"
    options: Sequence[str] = ("--preset", "tiny", "--json", "--limits", "real", "--seed", "5")
    with command(*options, "--page-cap", "9", "--ca-file", str(bundle)) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["ca_bundle"] == str(bundle)
        omie = said["erps"]["omie"]
        param = {"dDataDe": "01/01/2024", "dDataAte": "31/01/2024", "nCodEmpresa": "101"}
        answer = requests.post(
            omie["base_url"] + "/geral/balancete/",
            json={
                "call": "ListarBalancete",
                **omie["credentials"]["101"],
                "param": [param | {"nRegPorPagina": 500}],
            },
            verify=said["ca_bundle"],
            timeout=30,
        )
        assert len(answer.json()["balancete"]) == 9
        process.send_signal(stop)
        assert process.wait(20) == 0
    company = Books.generate(seed=5).company
    assert said["companies"] == [{"id": company.id, "name": company.name}]


def test_it_speaks_to_people_too() -> None:
    with command("--preset", "tiny", "--companies", "2") as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("bling_v2: https://127.0.0.1:"):
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        process.terminate()
        lines += process.stdout.readlines()
        assert process.wait(20) == 0
    text = "".join(lines)
    assert "Aurora Comércio de Alimentos Ltda" in text
    assert "app_secret: " in text
    assert text.count("api_key: ") == 4
