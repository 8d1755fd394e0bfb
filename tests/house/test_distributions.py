"""Every distribution builds, and works where nothing but it has been installed."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from house.distributions import DISTRIBUTIONS, PROJECT, TAPS, Distribution, build

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


@pytest.mark.parametrize("suffix", [".whl", ".gz"])
@pytest.mark.parametrize("tap", TAPS, ids=str)
def test_a_tap_runs_where_only_it_is_installed(
    built: dict[str, list[Path]], tap: Distribution, suffix: str, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    files = [
        str(file)
        for name in ("erp-common", tap.name)
        for file in built[name]
        if file.suffix == suffix
    ]
    python = str(venv / "bin" / "python")
    uv = [str(UV), "pip", "install", "--python", python]
    installer = uv if UV.exists() else [sys.executable, "-m", "pip", "--python", python, "install"]
    constraint = ["--constraint", str(PROJECT / "requirements" / "taps.txt")]
    subprocess.run([*installer, "--quiet", *constraint, *files], check=True)

    about = subprocess.run(
        [str(venv / "bin" / tap.name), "--about", "--format=json"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    assert json.loads(about.stdout)["name"] == tap.name

    views = [python, "-m", "erp_common.sql"]
    printed = subprocess.run(views, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert 'create or replace view "erp".current_trial_balance' in printed
