"""The locked versions cover what the packages declare, and name no place to get them from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house.distributions import DISTRIBUTIONS, LOADERS, PROJECT, TAPS, Distribution

REQUIREMENTS = PROJECT / "requirements"
OWN = {distribution.name for distribution in DISTRIBUTIONS}


def locked(name: str) -> dict[str, list[Requirement]]:
    """The versions in a locked file by name; several where they differ between Pythons."""
    found: dict[str, list[Requirement]] = {}
    for line in (REQUIREMENTS / name).read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.rstrip("\\ "))
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


LOCKS = [
    *(("dev.txt", distribution) for distribution in DISTRIBUTIONS if distribution not in LOADERS),
    *(("taps.txt", distribution) for distribution in DISTRIBUTIONS[:1] + TAPS),
    *((f"{one.name}.txt", one) for one in DISTRIBUTIONS if one.folder.parent.name == "analyze"),
    *((f"{one.folder.name}.txt", one) for one in LOADERS),
]


@pytest.mark.parametrize(("lock", "distribution"), LOCKS, ids=str)
def test_locks_cover_what_is_declared(lock: str, distribution: Distribution) -> None:
    versions = locked(lock)
    for declared in map(Requirement, distribution.declared.dependencies):
        if declared.name in OWN or (
            declared.marker and not declared.marker.evaluate({"extra": ""})
        ):
            continue
        pinned = versions.get(canonicalize_name(declared.name), [])
        assert pinned, f"{declared} is not in requirements/{lock}: run `make lock`"
        for requirement in pinned:
            [specifier] = requirement.specifier
            assert declared.specifier.contains(specifier.version), "run `make lock`"


@pytest.mark.parametrize(
    "lock",
    [
        "airflow.txt",
        "browser.txt",
        "dbt.txt",
        "dev.txt",
        "meltano.txt",
        "target-postgres.txt",
        "target-text.txt",
        "uv.txt",
        *sorted(f"loaders/{file.name}" for file in (REQUIREMENTS / "loaders").glob("*.txt")),
    ],
)
def test_what_is_installed_has_hashes(lock: str) -> None:
    text = (REQUIREMENTS / lock).read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") >= len(locked(lock)) > 0


@pytest.mark.parametrize("lock", sorted(REQUIREMENTS.rglob("*.txt")), ids=lambda one: one.stem)
def test_no_index_is_named(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")


def test_all_share_one_version() -> None:
    (version,) = {one.declared.version for one in DISTRIBUTIONS}
    minor = ".".join([*version.split(".")[:2], "0"])
    wanted = {
        line
        for one in TAPS
        for line in one.declared.dependencies
        if Requirement(line).name == "erp-common"
    }
    assert wanted == {f"erp-common~={minor}"}
    package = yaml.safe_load((PROJECT / "transform" / "dbt_project.yml").read_text("utf-8"))
    assert package["version"] == version
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {version}" in changelog
    for page in ("publishing.md", "meltano.md"):
        tags = re.findall(r"@v([\d.]+)#", (PROJECT / "docs" / page).read_text(encoding="utf-8"))
        assert set(tags) == {version}
