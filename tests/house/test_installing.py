"""What a newcomer meets whose machine is not as it should be."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from house.pythons import chosen, interpreters
from house.settings import PROJECT

OLD = """#!/bin/sh
case "$1" in --version) echo Python 3.7.16;; *) exit 1;; esac
"""


def asked(python: str) -> subprocess.CompletedProcess[str]:
    """Whether this Python is new enough, as every installation begins."""
    return subprocess.run(
        ["sh", "-euc", ". requirements/environment.sh; python_new_enough"],
        cwd=PROJECT, env={**os.environ, "PYTHON": python},
        check=False, capture_output=True, text=True,
    )  # fmt: skip


def test_an_old_python_is_named_with_a_way_out(tmp_path: Path) -> None:
    old = tmp_path / "python with blanks"
    old.write_text(OLD, encoding="utf-8")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    done = asked(str(old))
    assert done.returncode == 1
    assert f"Python 3.10 or newer is needed, '{old}' is: Python 3.7.16." in done.stderr
    assert "make PYTHON=python3.12 demo" in done.stderr


def test_a_python_that_is_not_there_is_named() -> None:
    done = asked("python-that-is-not-there")
    assert done.returncode == 1
    first, _ = done.stderr.splitlines()
    assert first.endswith("'python-that-is-not-there' is: not found.")


def test_the_oldest_and_the_newest_python_there_is_are_tried() -> None:
    here = Path(sys.executable)
    assert chosen(dict.fromkeys([(3, 10), (3, 11), (3, 14)], here)) == [(3, 10), (3, 14)]
    assert chosen(dict.fromkeys([(3, 11), (3, 13)], here)) == [(3, 13)]
    there = interpreters()
    assert sys.version_info[:2] in there
    for version, program in there.items():
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        assert said.stdout.startswith(f"Python {version[0]}.{version[1]}.")


@pytest.mark.slow
def test_without_an_index_it_is_said_and_no_half_is_taken_for_whole(tmp_path: Path) -> None:
    folder = tmp_path / "Área de trabalho"
    shutil.copytree(PROJECT / "requirements", folder / "requirements")
    nowhere = "https://127.0.0.1:9/simple"
    done = subprocess.run(
        ["sh", "requirements/install.sh", ".venv", "requirements/uv.txt"],
        cwd=folder,
        env={
            **os.environ,
            "PIP_INDEX_URL": nowhere,
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
            "HOME": "/proc",
        },
        check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 1
    assert "going on with pip" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("failed; is the package index reachable?")
