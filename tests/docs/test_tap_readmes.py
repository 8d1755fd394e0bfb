"""The commands of the taps' READMEs, on the settings that are shown beside them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from docs.blocks import blocks, shell, substituted
from e2e.commands import PROJECT
from e2e.holding import ERPS
from ecd.writer import Filing, write
from house.settings import taps
from simulator import Books, Simulator

pytestmark = pytest.mark.slow


def first_commands(tap: str, settings: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Run a README's first commands with these settings; gives the rows of `periods`."""
    (block,) = [
        one
        for one in blocks(PROJECT / "taps" / tap / "README.md", "sh")
        if one.text.startswith(f"{tap} --config config.json --health-check")
    ]
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    typed = substituted(block, {"target-…": "tee messages.jsonl > target.log"})
    health, *_ = shell(typed, {}, folder=folder).splitlines()
    assert json.loads(health)["status"] == "connected"
    lines = (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line) for line in lines]
    return [
        message["record"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "periods"
    ]


def shown(tap: str, number: int = 0) -> dict[str, Any]:
    """The settings that a README shows, the first or another."""
    page = PROJECT / "taps" / tap / "README.md"
    found: dict[str, Any] = json.loads(blocks(page, "json")[number].text)
    return found


@pytest.mark.parametrize("tap", ERPS)
def test_the_first_settings_are_enough(tap: str, tmp_path: Path) -> None:
    told = shown(tap)
    (company,) = told["companies"]
    asked = company.get("erp_id", company["id"])
    with Simulator(Books.generate(companies=[asked], entries_per_month=2)) as erp:
        known = erp.settings(ERPS[tap], companies=[asked])
        reach = {
            name: known[name] for name in ("base_url", "token_url", "ca_bundle") if name in known
        }
        secrets = {name: known[name] for name, value in told.items() if value == "…"}
        end = {"end_date": "2024-02-29"}
        rows = first_commands(tap, told | reach | secrets | end, tmp_path)
    assert [(row["company_name"], row["is_balanced"], row["is_reconciled"]) for row in rows] == [
        ("Acme Ltda", True, True)
    ] * 2


def test_a_filed_ledger(tmp_path: Path) -> None:
    told = shown("tap-ecd")
    books = Books.generate(companies=["A"], end=date(2024, 2, 29), entries_per_month=2)
    filing = Filing(books.company, date(2024, 1, 1), date(2024, 2, 29))
    (tmp_path / "2024.txt").write_bytes(write(filing))
    told["paths"] = [path.replace("/filed", str(tmp_path)) for path in told["paths"]]
    rows = first_commands("tap-ecd", told, tmp_path)
    assert [(row["company_name"], row["is_balanced"]) for row in rows] == [("Acme Ltda", True)] * 2


@pytest.mark.parametrize(
    ("tap", "number"),
    [
        (tap, number)
        for tap in taps()
        for number, _ in enumerate(blocks(PROJECT / "taps" / tap / "README.md", "json"))
    ],
)
def test_every_setting_shown_is_one(tap: str, number: int) -> None:
    described = (PROJECT / "taps" / tap / "README.md").read_text(encoding="utf-8")
    names = [name for name in shown(tap, number) if f"| `{name}` |" not in described]
    assert [name for name in names if f"| `{name}." not in described] == []


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
