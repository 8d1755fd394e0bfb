"""docs/authorization.md, block by block, by a user who allows access."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import fields

from authorize.attempt import PATIENCE, Attempt, World
from docs.blocks import Block, blocks, shell, substituted
from e2e.commands import PROJECT
from erp_common.auth import consent
from erp_common.setup.settings import Settings
from simulator import Books, Simulator

pytestmark = pytest.mark.slow

PAGE = PROJECT / "docs" / "authorization.md"
TEXT = PAGE.read_text(encoding="utf-8")
ERPS = {"Bling": "bling_public", "Conta Azul": "contaazul_public"}


def typed(world: World, block: Block) -> Block:
    """The block as a reader types it, whose vendor is the simulator."""
    known = world.settings
    [company] = known["companies"]
    reach = ("base_url", "token_url", "authorize_url", "redirect_uri", "ca_bundle")
    more = ", ".join(f'"{name}": "{known[name]}"' for name in reach)
    [erp_id] = re.findall(r'"erp_id": "([^"]+)"', block.text)
    return substituted(
        block,
        {
            '"CLIENT_ID"': f'"{known["client_id"]}", {more}',
            "CLIENT_SECRET": known["client_secret"],
            erp_id: company["erp_id"],
        },
    )


@pytest.mark.parametrize("heading", ERPS)
def test_a_reader_gets_a_token(heading: str, sim: Simulator, tmp_path: Path) -> None:
    first, *others = [one for one in blocks(PAGE, "sh") if one.heading == heading]
    world = World.of(ERPS[heading], sim, tmp_path)
    block = typed(world, first)
    found = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["env", f"PATH={found}", "bash", "-euo", "pipefail", "-c", block.text]
    with Attempt(world, command, subprocess.DEVNULL) as attempt:
        assert attempt.visit(attempt.decide("allow")).status_code == 200
        said, errors = attempt.process.communicate(timeout=PATIENCE)
        assert attempt.process.returncode == 0, errors
    attempt.secrets.must_not_be_in(said, errors)
    said += "".join(shell(one, {}, folder=tmp_path) for one in others)
    assert json.loads(said)["status"] == "connected"
    assert len(list(tmp_path.glob("*.token.json"))) == 1


def test_every_block_is_run() -> None:
    assert {one.heading for one in blocks(PAGE, "sh")} == set(ERPS)


def test_what_is_said_is_so() -> None:
    (uri,) = (one.default for one in fields(Settings) if one.name == "redirect_uri")
    assert f"`{uri}`" in TEXT
    assert f"within {consent.CONSENT_TIMEOUT / 60:.0f} minutes" in TEXT


@pytest.mark.parametrize("tap", ["tap-bling", "tap-contaazul"])
def test_the_readmes_lead_there(tap: str) -> None:
    page = PROJECT / "taps" / tap / "README.md"
    assert f"{tap} --config config.json --authorize\n" in [one.text for one in blocks(page, "sh")]
    assert "docs/authorization.md" in page.read_text(encoding="utf-8")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(Books.generate(entries_per_month=4)) as simulator:
        yield simulator
