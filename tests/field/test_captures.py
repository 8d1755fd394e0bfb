"""Every capture in `captures/` through the real command: the messages are those that it holds."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contract.commands import Preloaded, PreloadedRunner
from erp_common.replay import again, archive
from erp_common.replay.deck import Deck
from erp_common.replay.server import serving
from field.recorded import FOLDER

FILES = sorted(FOLDER.glob("*.zip"))
TIMES = {"extracted_at", "time_extracted", "checked_at", "latency_ms"}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_capture_replays_to_its_messages(
    file: Path, preloaded: Preloaded, tmp_path: Path
) -> None:
    assert_replays(file, preloaded, tmp_path)


def assert_replays(file: Path, preloaded: Preloaded, tmp_path: Path) -> None:
    """The command, over TLS, gives the messages that stand in the file."""
    capture = archive.read(file)
    manifest = capture.manifest
    assert manifest.expected is not None
    deck = Deck(capture)
    with serving(deck) as served:
        settings = again.settings_of(
            manifest, served.base_url, served.token_url, ca_bundle=served.ca_bundle
        )
        # As often as it was tried, without the waits between.
        retry = settings.get("retry", {}) | {"base_delay": 0.01, "max_delay": 0.02}
        command = again.command_line(manifest, settings | {"retry": retry}, tmp_path)
        run = PreloadedRunner(tmp_path, preloaded).run_at(manifest.moment, command)
    # A run that ends with a row leaves requests under way, of which nothing was kept.
    is_cut = "--test" in manifest.options or manifest.interrupted
    assert deck.unforeseen == [] or is_cut
    assert run.returncode == manifest.expected.status, run.stderr
    assert untimed(run.stdout) == untimed(capture.messages.decode())
    assert run.last_error.partition(":")[0] == manifest.expected.last_line.partition(":")[0] or (
        not manifest.expected.last_line
    )


def test_there_are_captures_of_every_tap_and_api() -> None:
    """Files of other runs may come and go; these kinds are always among them."""
    kinds = {
        (one.tap, one.settings.get("api", "reference"), one.settings.get("api_version"))
        for one in (archive.read(file).manifest for file in FILES)
    }
    assert {(tap, api) for tap, api, _ in kinds} >= {
        (f"tap-{erp}", api)
        for erp in ("omie", "totvs", "contaazul", "bling")
        for api in ("reference", "public")
    }
    assert ("tap-bling", "reference", "v2") in kinds


def untimed(messages: str) -> list[Any]:
    """The messages without what depends on the clock; of the states, how far the last one is."""
    found = [json.loads(line, parse_float=Decimal) for line in messages.splitlines()]
    rest = [one for one in found if one.get("type") != "STATE"]
    states = [one for one in found if one.get("type") == "STATE"]
    return [_untimed(one) for one in rest] + states[-1:]


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _untimed(one) for name, one in value.items() if name not in TIMES}
    return value
