"""The commands of the taps' READMEs that show what every Singer tap can do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs.blocks import blocks, shell
from e2e.commands import PROJECT
from e2e.holding import ERPS
from simulator import Books, Simulator

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("tap", ERPS)
def test_streams_are_chosen_and_a_run_goes_on(tap: str, tmp_path: Path) -> None:
    page = PROJECT / "taps" / tap / "README.md"
    (block,) = [one for one in blocks(page, "sh") if one.heading.startswith("Choosing streams")]
    with Simulator(Books.generate(companies=["A"], entries_per_month=2)) as erp:
        config = erp.settings(
            ERPS[tap], companies=["A"], start_date="2024-01-01", end_date="2024-02-29"
        )
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        shell(block, {}, folder=tmp_path)
    lines = (tmp_path / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line) for line in lines]
    months = [
        message["record"]["period_start"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "periods"
    ]
    # The second run reads the last period and the one before it again.
    assert months == ["2024-01-01", "2024-02-01"] * 2
