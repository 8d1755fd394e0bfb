"""The Hub's definitions say what meltano.yml says, and nothing that the Hub would refuse."""

from __future__ import annotations

import msgspec
import pytest
import yaml

from house.hub import definition, files
from house.settings import PROJECT, taps


def test_definitions_are_up_to_date() -> None:
    stale = [
        file
        for file, text in files().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make readme`"
    assert len(files()) == len(taps())


def test_what_the_hub_would_refuse_is_refused_here() -> None:
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    entry = next(one for one in project["plugins"]["extractors"] if one["name"] == "tap-omie")
    assert definition(entry).label == "Omie"
    secrets = {one.name for one in definition(entry).settings if one.sensitive is True}
    assert {"app_key", "app_secret"} <= secrets
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        definition(entry | {"python_version": "3.11"})
    with pytest.raises(msgspec.ValidationError, match="Invalid enum"):
        definition(entry | {"capabilities": ["telepathy"]})
