"""Runs a tap against a capture: its own command, at the capture's time, without a network."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger import periods
from erp_common.replay.archive import Capture, Manifest
from erp_common.replay.deck import Deck
from erp_common.replay.player import Played

_NOWHERE = "https://replay.invalid"
LOCAL = frozenset(
    {"base_url", "token_url", "authorize_url", "redirect_uri", "ca_bundle", "token_store"}
)
"""Settings that name addresses and files of one machine."""
SHAPING = frozenset({"stream_maps", "stream_map_config", "faker_config", "batch_config"})
"""They change the messages and ask for nothing, and may say anything: a capture is without them."""
_ASKED_FOR = re.compile(r"--(?:health-check|test(?:=\w+)?)").fullmatch
_AT_ONCE = {"requests": 1_000_000, "interval": 1, "burst": 1_000_000}


def settings_of(manifest: Manifest, base_url: str, token_url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- settings
    """The settings of a run against a capture that is served here.

    A capture may come from anybody: none says which files a run writes, or what it computes.
    """
    without = LOCAL | SHAPING | set(more)
    settings = {name: value for name, value in manifest.settings.items() if name not in without}
    credentials = [name for name, value in settings.items() if value == "***"]
    settings |= {name: f"replayed-{name}" for name in credentials}
    if "client_id" in settings or "refresh_token" in settings:
        settings["token_url"] = token_url
    return {**settings, "base_url": base_url, "rate_limit": _AT_ONCE, **more}


def command_line(manifest: Manifest, settings: dict[str, Any], folder: Path) -> list[str]:
    """The command of such a run, its files put into this folder."""
    command = [manifest.tap]
    files = (("config", settings), ("state", manifest.state), ("catalog", manifest.catalog))
    for option, content in files:
        if content is not None:
            file = folder / f"{option}.json"
            file.write_bytes(msgspec.json.encode(content))
            command += [f"--{option}", str(file)]
    return [*command, *filter(_ASKED_FOR, manifest.options)]


def run(capture: Capture, tap: Any = None) -> None:  # noqa: ANN401 -- a tap's class, which stands above this storey
    """Run the tap, which is found by its name unless it is given; ends the process as it ends.

    Raises:
        ERPValidationError: The tap is not installed.
    """
    manifest = capture.manifest
    tap = tap or _tap(manifest.tap)
    tap.wire = Played(Deck(capture))
    settings = settings_of(manifest, _NOWHERE, f"{_NOWHERE}/token")
    with TemporaryDirectory() as folder, at(manifest.moment):
        sys.argv[:] = command_line(manifest, settings, Path(folder))
        tap.cli()


@contextmanager
def at(moment: str) -> Iterator[None]:
    """Let today be the day of a moment: it decides which period is open."""
    then = datetime.fromisoformat(moment)

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return then.astimezone(tz)

    real = vars(periods)["datetime"]
    setattr(periods, "datetime", Then)  # noqa: B010 -- its clock, for this run
    try:
        yield
    finally:
        setattr(periods, "datetime", real)  # noqa: B010


def _tap(name: str) -> Any:  # noqa: ANN401 -- a tap's class, which stands above this storey
    scripts = entry_points(group="console_scripts", name=name) if re.match(r"tap-", name) else ()
    for script in scripts:
        module, _, attribute = script.value.partition(":")
        found = getattr(import_module(module), attribute.partition(".")[0], None)
        if hasattr(found, "wire"):
            return found
    raise ERPValidationError(
        f"This is a capture of {json.dumps(name)}, which is not installed; install that tap."
    )
