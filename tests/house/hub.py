"""What Meltano Hub wants to know of each plugin, written from its entry in meltano.yml.

`python -m house.hub --write` writes `hub/extractors/<tap>/erp-taps.yml` and those of the loader and
the report, laid out as in the Hub's own collection of definitions; without `--write` it only says
whether they still agree.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from house.distributions import DISTRIBUTIONS, Distribution
from house.settings import PROJECT

VARIANT = "erp-taps"
FOLDER = PROJECT / "hub"
KINDS = {"taps": "extractors", "loaders": "loaders", "analyze": "utilities"}
"""What the distributions of a folder are to Meltano; `erp-common` is no plugin."""
VENDORS = {"loaders": "https://www.postgresql.org", "analyze": "https://www.getdbt.com"}
"""What the plugins of a folder work with, where they name no `Vendor` of their own."""

Capability = Literal[
    "about", "activate-version", "batch", "catalog", "discover", "hard-delete", "log-based",
    "properties", "schema-flattening", "state", "stream-maps", "structured-logging",
    "target-schema", "test", "validate-records",
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
    value: bool | int | str | msgspec.UnsetType = msgspec.UNSET


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """One command of a utility."""

    args: str
    description: str


class Definition(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A plugin's definition; the Hub refuses other keys, and sorts these."""

    capabilities: list[Capability] | msgspec.UnsetType = msgspec.UNSET
    commands: dict[str, Command] | msgspec.UnsetType = msgspec.UNSET
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
    settings_group_validation: list[list[str]] | msgspec.UnsetType = msgspec.UNSET
    variant: str


def definition(entry: dict[str, Any], distribution: Distribution) -> Definition:
    """The definition of the plugin that has this entry in meltano.yml.

    Raises:
        ValidationError: The entry has something that the Hub would refuse.
    """
    told = {
        "label": label(distribution),
        **entry,
        "domain_url": vendor(distribution),
        "keywords": sorted(
            {*distribution.declared.keywords, *(["meltano_sdk"] if "capabilities" in entry else [])}
            - {"singer", "tap", "target", "meltano", "elt"}
        ),
        "maintenance_status": "beta",
        # From the package index; erp-common comes with it.
        "pip_url": distribution.name,
        # The Hub's maintainers rate it.
        "quality": "unknown",
        "settings": [
            {"label": setting["name"].replace("_", " ").capitalize(), **setting}
            for setting in entry["settings"]
        ],
        "variant": VARIANT,
    }
    if distribution.folder.parent.name == "loaders":
        # A script of this project.
        told.pop("commands", None)
    return msgspec.convert(told, Definition)


def label(distribution: Distribution) -> str:
    """What a tap's ERP is called; other plugins have it in their entries."""
    found = [
        point.load().defaults.system
        for point in entry_points(group="erp_common.taps")
        if point.dist is not None and point.dist.name == distribution.name
    ]
    return found[0] if found else distribution.name


def vendor(distribution: Distribution) -> str:
    """Where what the plugin works with is described: `Vendor` among the project's URLs.

    Raises:
        ValueError: The tap's pyproject.toml does not say it.
    """
    urls = distribution.declared.urls
    address = urls.get("Vendor") or VENDORS.get(distribution.folder.parent.name)
    if address is None:
        raise ValueError(
            f"{distribution} names no Vendor under [project.urls] in its pyproject.toml."
        )
    return address


def plugins() -> dict[Path, tuple[dict[str, Any], Distribution]]:
    """The file of each definition, with the entry in meltano.yml and the distribution."""
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    found = {}
    for distribution in DISTRIBUTIONS:
        kind = KINDS.get(distribution.folder.parent.name)
        if kind is not None:
            name = distribution.folder.name
            listed = {one["name"]: one for one in project["plugins"][kind]}
            if name not in listed and kind == "loaders":
                continue  # it stands before loaders of others, which have definitions of their own
            found[FOLDER / kind / name / f"{VARIANT}.yml"] = listed[name], distribution
    return found


def files() -> dict[Path, str]:
    """Each definition's file, and what it must hold."""
    return {
        file: yaml.safe_dump(msgspec.to_builtins(definition(*of)), allow_unicode=True, width=100)
        for file, of in plugins().items()
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
