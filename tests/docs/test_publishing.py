"""Installing as docs/publishing.md and the READMEs tell it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docs.blocks import Block, blocks, shell, substituted
from e2e.commands import PROJECT

pytestmark = pytest.mark.slow

PAGE = PROJECT / "docs" / "publishing.md"
UV = PROJECT / ".tools" / "uv" / "bin"


def block(beginning: str) -> Block:
    """The page's block that begins so."""
    [found] = [one for one in blocks(PAGE, "sh") if one.text.startswith(beginning)]
    return found


def committed() -> dict[str, str]:
    """What is committed stands for what has been tagged."""
    asked = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(asked, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    return {"@v0.2.0": f"@{head.strip()}"}


def environment(folder: Path, *, pip: bool) -> Path:
    """An empty environment's folder of commands."""
    options = [] if pip else ["--without-pip"]
    subprocess.run([sys.executable, "-m", "venv", *options, str(folder)], check=True)
    return folder / "bin"


def works(commands: Path) -> bool:
    """Whether the installed tap runs."""
    about = [str(commands / "tap-omie"), "--about", "--format=json"]
    said = subprocess.run(about, check=True, capture_output=True, cwd=commands).stdout
    return bool(json.loads(said)["name"] == "tap-omie")


def settings() -> dict[str, str]:
    """Git takes this folder for the repository; installers take the versions that are tested."""
    constraints = str(PROJECT / "requirements" / "taps.txt")
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{PROJECT}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://example.com/erp-taps.git",
        "PIP_CONSTRAINT": constraints,
        "UV_CONSTRAINT": constraints,
    }


def test_pip_with_both_addresses(tmp_path: Path) -> None:
    commands = environment(tmp_path / "venv", pip=True)
    typed = substituted(
        block("pip install"), {**committed(), "pip install": "python -m pip install"}
    )
    shell(typed, settings(), folder=tmp_path, path=[commands])
    assert works(commands)


def test_uv_with_one_address(tmp_path: Path) -> None:
    commands = environment(tmp_path / "venv", pip=False)
    typed = substituted(block("uv pip install"), committed())
    shell(typed, {**settings(), "VIRTUAL_ENV": str(commands.parent)}, folder=tmp_path, path=[UV])
    assert works(commands)


@pytest.mark.parametrize("page", ["README.md", "README.pt-BR.md"])
def test_from_a_copy(page: str, tmp_path: Path) -> None:
    (typed,) = [one for one in blocks(PROJECT / page, "sh") if one.text.startswith("pip install")]
    typed = Block(typed.heading, "sh", f"uv {typed.text}")
    commands = environment(tmp_path / "venv", pip=False)
    shell(typed, {**settings(), "VIRTUAL_ENV": str(commands.parent)}, path=[UV])
    assert works(commands)


def test_the_report_from_a_copy(tmp_path: Path) -> None:
    page = PROJECT / "analyze" / "close-report" / "README.md"
    line = blocks(page, "sh")[0].text.splitlines()[0]
    assert line == "pip install ./analyze/close-report"
    commands = environment(tmp_path / "venv", pip=False)
    known = {
        **settings(),
        "UV_CONSTRAINT": str(PROJECT / "requirements" / "close-report.txt"),
        "VIRTUAL_ENV": str(commands.parent),
    }
    shell(Block("", "sh", f"uv {line}"), known, path=[UV])
    subprocess.run([str(commands / "close-report"), "--help"], check=True, capture_output=True)


def test_other_blocks_are_for_who_releases() -> None:
    beginnings = [one.text.split()[:2] for one in blocks(PAGE, "sh")]
    assert beginnings == [["pip", "install"], ["uv", "pip"], ["twine", "check"]]
