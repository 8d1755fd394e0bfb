"""What Meltano Hub wants to know of each tap, written from the extractors in meltano.yml.

`python -m house.hub --write` writes `hub/extractors/<tap>/erp-taps.yml`, laid out as in the Hub's
own collection of definitions; without `--write` it only says whether they still agree.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import entry_points, metadata
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from house.settings import PROJECT, taps

VARIANT = "erp-taps"
FOLDER = PROJECT / "hub" / "extractors"

Capability = Literal[
    "about", "activate-version", "batch", "catalog", "discover", "log-based", "properties",
    "schema-flattening", "state", "stream-maps", "structured-logging", "test",
]  # fmt: skip


class Option(msgspec.Struct, forbid_unknown_fields=True):
    """One value that a setting may have."""

    label: str
    value: str


class Setting(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A setting, as far as this project's taps have what the Hub knows of."""

    name: str
    label: str
    kind: Literal["array", "boolean", "integer", "object", "options", "string"]
    description: str
    options: list[Option] | msgspec.UnsetType = msgspec.UNSET
    sensitive: bool | msgspec.UnsetType = msgspec.UNSET


class Definition(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An extractor's definition; the Hub refuses other keys, and sorts these."""

    capabilities: list[Capability]
    description: str
    domain_url: str
    executable: str
    keywords: list[str]
    label: str
    maintenance_status: Literal["active", "beta", "development", "inactive", "unknown"]
    name: str
    namespace: str
    pip_url: str
    quality: Literal["gold", "silver", "bronze", "unknown"]
    settings: list[Setting]
    settings_group_validation: list[list[str]]
    variant: str


def definition(entry: dict[str, Any]) -> Definition:
    """The definition of the tap that has this entry in meltano.yml.

    Raises:
        ValidationError: The entry has something that the Hub would refuse.
    """
    name = entry["name"]
    [point] = [
        point
        for point in entry_points(group="erp_common.taps")
        if point.dist is not None and point.dist.name == name
    ]
    keywords = metadata(name)["Keywords"].split(",")
    told = {
        **entry,
        "domain_url": vendor(name),
        "keywords": sorted({"meltano_sdk", *keywords} - {"singer", "tap", "meltano", "elt"}),
        "label": point.load().defaults.system,
        "maintenance_status": "beta",
        # From the package index; erp-common comes with it.
        "pip_url": name,
        # The Hub's maintainers rate it.
        "quality": "unknown",
        "variant": VARIANT,
    }
    return msgspec.convert(told, Definition)


def vendor(name: str) -> str:
    """Where the vendor describes the API that is read: `Vendor` among the project's URLs.

    Raises:
        ValueError: The tap's pyproject.toml does not say it.
    """
    for line in metadata(name).get_all("Project-URL") or []:
        label, _, address = line.partition(", ")
        if label == "Vendor":
            return str(address)
    raise ValueError(f"{name} names no Vendor under [project.urls] in its pyproject.toml.")


def files() -> dict[Path, str]:
    """Each definition's file, and what it must hold."""
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    entries = {entry["name"]: entry for entry in project["plugins"]["extractors"]}
    return {
        FOLDER / tap / f"{VARIANT}.yml": yaml.safe_dump(
            msgspec.to_builtins(definition(entries[tap])), allow_unicode=True, width=100
        )
        for tap in taps()
    }


def main() -> None:
    """Write the definitions, or name those that are out of date and fail."""
    parser = argparse.ArgumentParser(prog="python -m house.hub", description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    stale = [
        (file, text)
        for file, text in files().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    for file, text in stale:
        print("written:" if write else "out of date, run `make readme`:", file.relative_to(PROJECT))
        if write:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if stale and not write:
        sys.exit(1)


if __name__ == "__main__":
    main()
