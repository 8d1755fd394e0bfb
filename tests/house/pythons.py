"""Unit and contract tests of the wheels on other Pythons: `python -m house.pythons [TEST…]`.

Each interpreter of `WANTED` that the machine has, and the newest one, gets an environment of its
own with the built wheels and the locked versions; the tests run from this checkout, and what they
import is what the wheels hold. Interpreters that are missing are named. TESTs are what to give
pytest in place of `TESTS`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from house.distributions import DISTRIBUTIONS, LOADERS, PROJECT, build

WANTED = ((3, 10), (3, 13))
OLDEST, BEYOND = WANTED[0], (3, 15)
TESTS = ["shared/tests", "taps", "tests/contract"]
FOLDER = PROJECT / ".tools" / "pythons"
Version = tuple[int, int]


def interpreters() -> dict[Version, Path]:
    """The supported Pythons of this machine: on the PATH, where pyenv keeps them, and this one."""
    places = [*os.get_exec_path(), *map(str, _pyenv())]
    here: Version = (sys.version_info.major, sys.version_info.minor)
    own = Path(sys.base_prefix, "bin", f"python{here[0]}.{here[1]}")
    found: dict[Version, Path] = {here: own}
    for minor in range(OLDEST[1], BEYOND[1]):
        name = f"python3.{minor}"
        for place in places:
            program = shutil.which(name, path=place)
            # A shim of pyenv is there for versions that are not switched on as well.
            if program and _says(program) == (3, minor):
                found.setdefault((3, minor), Path(program))
    return found


def _pyenv() -> list[Path]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob("versions/*/bin"))


def _says(program: str) -> Version | None:
    done = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    said = re.match(r"Python (\d+)\.(\d+)", done.stdout)
    return (int(said[1]), int(said[2])) if said and not done.returncode else None


def chosen(there: dict[Version, Path]) -> list[Version]:
    """The versions to run on: the wanted ones that are there, and the newest of all."""
    return sorted({version for version in WANTED if version in there} | {max(there)})


def install(version: Version, python: Path, wheels: list[Path]) -> Path:
    """An environment with the wheels and what the tests need; gives its interpreter.

    Raises:
        CalledProcessError: It cannot be made.
    """
    venv = FOLDER / f"{version[0]}.{version[1]}"
    subprocess.run(
        ["sh", "requirements/install.sh", str(venv.relative_to(PROJECT)), "requirements/dev.txt"],
        cwd=PROJECT,
        check=True,
        env={**os.environ, "PYTHON": str(python)},
    )
    found = venv / "bin" / "python"
    uv = PROJECT / ".tools" / "uv" / "bin" / "uv"
    pip = [str(uv), "pip", "install", "--python", str(found)]
    if not uv.exists():
        pip = [str(found), "-m", "pip", "install"]
    # A wheel of the same version as the one before may hold something else.
    again = ["--reinstall"] if uv.exists() else ["--force-reinstall"]
    subprocess.run(
        [*pip, "--quiet", "--no-deps", *again, *map(str, wheels)], cwd=PROJECT, check=True
    )
    return found


def main() -> None:
    """Run the tests on each, and name what was skipped; fails where a test or an install does."""
    tests = sys.argv[1:] or TESTS
    there = interpreters()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        wheels = [
            file
            for one in DISTRIBUTIONS
            if one not in LOADERS
            for file in build(one, Path(folder))
            if file.suffix == ".whl"
        ]
        for version in chosen(there):
            name = ".".join(map(str, version))
            print(f"Python {name}: {there[version]}", flush=True)
            python = install(version, there[version], wheels)
            command = [str(python), "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
            # What stands in tests/ is imported from here; the packages come from the wheels.
            path = os.pathsep.join(map(str, (PROJECT / "tests", PROJECT / "orchestrate/airflow")))
            done = subprocess.run(
                [*command, "-p", "no:cacheprovider", *tests],
                cwd=PROJECT,
                check=False,
                env={**os.environ, "PYTHONPATH": path},
            )
            if done.returncode:
                failed.append(name)
    for version in WANTED:
        if version not in there:
            print(f"skipped: Python {version[0]}.{version[1]}, which this machine does not have")
    if max(there) in WANTED:
        print(f"skipped: one newer than {max(there)[0]}.{max(there)[1]}; there is none here")
    if failed:
        sys.exit(f"failed on Python {', '.join(failed)}")


if __name__ == "__main__":
    main()
