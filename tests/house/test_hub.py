"""The Hub's definitions say what meltano.yml says, and nothing that the Hub would refuse."""

from __future__ import annotations

import msgspec
import pytest

from house.distributions import DISTRIBUTIONS
from house.hub import definition, files, plugins


def test_definitions_are_up_to_date() -> None:
    stale = [
        file
        for file, text in files().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make readme`"
    # What no plugin is by itself: what plugins share, and what stands before loaders of others.
    defined = {distribution.name for _, distribution in plugins().values()}
    assert {one.name for one in DISTRIBUTIONS} - defined == {"erp-common", "erp-target-text"}


def test_what_the_hub_would_refuse_is_refused_here() -> None:
    entry, tap = next(of for file, of in plugins().items() if file.parent.name == "tap-omie")
    assert definition(entry, tap).label == "Omie"
    secrets = {one.name for one in definition(entry, tap).settings if one.sensitive is True}
    assert {"app_key", "app_secret"} <= secrets
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        definition(entry | {"python_version": "3.11"}, tap)
    with pytest.raises(msgspec.ValidationError, match="Invalid enum"):
        definition(entry | {"capabilities": ["telepathy"]}, tap)
