"""READMEs and meltano.yml say about settings what each tap says of itself."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from house.settings import PROJECT, blocks, extractor, markdown, replaced, settings, taps

SCHEMA: dict[str, Any] = {
    "properties": {
        "key": {"type": "string", "title": "Key", "description": "A | B", "secret": True},
        "since": {"type": "string", "format": "date", "title": "Since", "description": "When"},
        "limit": {
            "type": ["object", "null"],
            "title": "Limit",
            "description": "How much",
            "properties": {
                "interval": {
                    "type": ["number", "null"],
                    "title": "Interval",
                    "description": "Seconds",
                    "default": 1.5,
                },
            },
        },
        "mode": {
            "type": ["string", "null"],
            "title": "Mode",
            "description": "How",
            "enum": ["on", "off"],
            "default": "off",
        },
        "stream_maps": {"type": ["object", "null"], "title": "Maps", "description": "Which"},
        "faker_config": {"type": ["object", "null"]},
    },
    "required": ["key"],
}


def test_blocks_are_up_to_date() -> None:
    stale = [
        f"{file.relative_to(PROJECT)} ({name})"
        for file, name, block in blocks()
        if replaced(text := file.read_text(encoding="utf-8"), name, block) != text
    ]
    assert stale == [], "run `make readme`"


def test_every_tap_is_an_extractor() -> None:
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    extractors = [plugin["name"] for plugin in project["plugins"]["extractors"]]
    assert set(taps()) <= set(extractors)


def test_a_table_row_for_each_setting() -> None:
    rows = markdown(list(settings(SCHEMA))).splitlines()[2:]
    assert rows == [
        "| `key` | string, secret | **required** | A &#124; B |",
        "| `since` | date |  | When |",
        "| `limit.interval` | number | `1.5` | Seconds |",
        "| `mode` | string | `off` | How (`on` · `off`) |",
    ]


def test_meltano_gets_kinds_that_keep_values_as_they_are() -> None:
    described = {"description": "A tap", "capabilities": ["state", "about"], "settings": SCHEMA}
    [entry] = yaml.safe_load(extractor("tap-x", described))
    assert entry["capabilities"] == ["about", "state"]
    assert entry["settings_group_validation"] == [["key"]]
    listed = entry["settings"]
    assert [(setting["name"], setting["kind"]) for setting in listed] == [
        ("key", "string"),
        ("since", "string"),
        ("limit", "object"),
        ("limit.interval", "string"),
        ("mode", "options"),
        ("stream_maps", "object"),
    ]
    secret = [setting["name"] for setting in listed if setting.get("sensitive")]
    assert secret == ["key"]
    assert [option["value"] for option in listed[4]["options"]] == ["on", "off"]
    assert not any("value" in setting for setting in listed)


def test_a_block_replaces_what_is_between_its_marker_lines() -> None:
    text = "a\n# x: begin\nold\n# x: end\nb\n"
    assert replaced(text, "x", "new\n") == text.replace("old", "new")
    with pytest.raises(ValueError, match="missing"):
        replaced(text, "y", "new\n")
