# ruff: noqa: INP001 -- packages named tests would hide one another
"""What the settings make of the tap."""

from __future__ import annotations

from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from erp_common.http.masking import Masker
from erp_common.setup.connection import Build
from erp_common.setup.parse import parse
from erp_common.setup.settings import Settings
from tap_bling.streams import BlingV2Books, BlingV3Books
from tap_bling.tap import BlingSettings, TapBling


class Recorded(Build):
    """Remembers the settings that the transport was built with."""

    config: Settings

    def transport(self, config: Settings, *args: Any, **more: Any) -> Any:
        self.config = config
        return super().transport(config, *args, **more)


@pytest.fixture
def build() -> Recorded:
    return Recorded(TapBling.defaults, Masker())


def settings(**changes: Any) -> BlingSettings:
    return parse({"api_key": "key", **changes}, TapBling.settings_class, books=False)


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "https://bling.com.br/Api/v3"),
        ({"api_version": "v2"}, "https://bling.com.br/Api/v2"),
        ({"api_version": "v2", "base_url": "https://proxy.example/b"}, "https://proxy.example/b"),
        ({"base_url": "https://proxy.example/b"}, "https://proxy.example/b"),
    ],
)
def test_address(build: Recorded, changes: dict[str, Any], address: str) -> None:
    books = TapBling.source(settings(**changes), build)
    version = changes.get("api_version", "v3")
    assert isinstance(books, BlingV2Books if version == "v2" else BlingV3Books)
    assert build.config.base_url == address


@pytest.mark.parametrize("auth_type", ["oauth2", "bearer_token"])
def test_v2_takes_a_key_only(build: Build, auth_type: str) -> None:
    credentials = dict.fromkeys(("client_id", "client_secret", "access_token"), "x")
    config = settings(api_version="v2", auth_type=auth_type, **credentials)
    with pytest.raises(ConfigValidationError, match="API key only"):
        TapBling.source(config, build)


def test_one_company_a_key() -> None:
    two = [{"id": "A"}, {"id": "B"}]
    with pytest.raises(ConfigValidationError, match="one company"):
        TapBling(config={"api_key": "key", "start_date": "2024-01-01", "companies": two})
