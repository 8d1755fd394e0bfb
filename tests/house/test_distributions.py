"""Every distribution builds, and works where nothing but it has been installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from house.distributions import DISTRIBUTIONS, LOADERS, PROJECT, TAPS, Distribution, build

pytestmark = pytest.mark.slow

UV = PROJECT / ".tools" / "uv" / "bin" / "uv"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The wheel and the source distribution of each, by name."""
    folder = tmp_path_factory.mktemp("dist")
    return {distribution.name: build(distribution, folder) for distribution in DISTRIBUTIONS}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_files_of_the_package_are_in_both(
    built: dict[str, list[Path]], distribution: Distribution
) -> None:
    source, wheel = sorted(built[distribution.name], key=lambda file: file.suffix)
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", distribution.package],
        cwd=distribution.folder, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    expected = {name for name in tracked if (distribution.folder / name).exists()}
    assert f"{distribution.package}/py.typed" in expected
    with zipfile.ZipFile(wheel) as archive:
        assert expected <= set(archive.namelist())
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        assert expected | {"pyproject.toml", "README.md"} <= names


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_the_package_index_would_take_them(
    built: dict[str, list[Path]], distribution: Distribution
) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict"]
    files = map(str, built[distribution.name])
    said = subprocess.run([*command, *files], check=False, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout
    assert said.stdout.count("PASSED") == 2


INSTALLED = [one for one in DISTRIBUTIONS if one.declared.commands]
STAND_BEFORE_ANOTHER = [one for one in INSTALLED if one.name == "erp-target-text"]
"""Loaders that are installed beside another, which they run."""


@pytest.mark.parametrize("suffix", [".whl", ".gz"])
@pytest.mark.parametrize("distribution", INSTALLED, ids=str)
def test_it_runs_where_only_it_is_installed(
    built: dict[str, list[Path]], distribution: Distribution, suffix: str, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    needed = ["erp-common"] if distribution in TAPS else []
    files = [
        str(file)
        for name in (*needed, distribution.name)
        for file in built[name]
        if file.suffix == suffix
    ]
    python = str(venv / "bin" / "python")
    uv = [str(UV), "pip", "install", "--python", python]
    installer = uv if UV.exists() else [sys.executable, "-m", "pip", "--python", python, "install"]
    lock = "taps" if distribution in TAPS else distribution.folder.name
    # Without hashes, which would be asked of the wheels that were just built as well.
    versions = re.sub(
        r" \\\n +--hash=\S+", "", (PROJECT / "requirements" / f"{lock}.txt").read_text("utf-8")
    )
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(versions, encoding="utf-8")
    subprocess.run([*installer, "--quiet", "--constraint", str(constraints), *files], check=True)

    if distribution in STAND_BEFORE_ANOTHER:
        for command in distribution.declared.commands:
            alone = subprocess.run(
                [str(venv / "bin" / command)], cwd=tmp_path, check=False, capture_output=True
            )
            missing = f"there is no {command.removeprefix('erp-')} beside it"
            assert (alone.returncode, missing in alone.stderr.decode()) == (1, True)
        return

    (command,) = distribution.declared.commands
    singer = distribution in TAPS or distribution in LOADERS
    about = subprocess.run(
        [str(venv / "bin" / command), *(["--about", "--format=json"] if singer else ["--help"])],
        cwd=tmp_path, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    if singer:
        told = json.loads(about)
        assert told["name"] in {distribution.name, distribution.folder.name}
    else:
        assert about.startswith(f"usage: {command} ")

    if distribution in TAPS:
        assert told["version"] == distribution.declared.version
        views = [python, "-m", "erp_common.sql"]
        printed = subprocess.run(
            views, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout
        assert 'create or replace view "erp".current_trial_balance' in printed
