"""Build what is published: a wheel and a source distribution of every package, into `dist/`."""

from __future__ import annotations

import subprocess
import sys
from functools import cached_property
from itertools import chain
from pathlib import Path

import msgspec
from hatchling.metadata.core import ProjectMetadata

PROJECT = Path(__file__).parents[2]


class Declared(msgspec.Struct, frozen=True):
    """What a distribution's pyproject.toml says of it."""

    version: str
    dependencies: list[str]
    extras: list[str]
    commands: list[str]
    keywords: list[str]
    urls: dict[str, str]


class Distribution(msgspec.Struct, frozen=True, dict=True):
    """One distribution of the workspace: its folder, and the package in it."""

    name: str
    folder: Path

    @property
    def package(self) -> str:
        """The name it is imported by."""
        return self.name.replace("-", "_")

    @cached_property
    def declared(self) -> Declared:
        """What its pyproject.toml says, installed or not."""
        core = ProjectMetadata(str(self.folder), None).core
        return Declared(
            core.version or "",
            core.dependencies,
            [*chain.from_iterable(core.optional_dependencies.values())],
            [*core.scripts],
            core.keywords,
            core.urls,
        )

    def __str__(self) -> str:
        """Its name."""
        return self.name


DISTRIBUTIONS = [
    Distribution("erp-common", PROJECT / "shared"),
    *(
        Distribution(file.parent.name, file.parent)
        for file in sorted(
            (*PROJECT.glob("taps/*/pyproject.toml"), *PROJECT.glob("analyze/*/pyproject.toml"))
        )
    ),
    Distribution("erp-target-postgres", PROJECT / "loaders" / "target-postgres"),
    Distribution("erp-target-text", PROJECT / "loaders" / "target-text"),
]
TAPS = [one for one in DISTRIBUTIONS if one.folder.parent.name == "taps"]
LOADERS = [one for one in DISTRIBUTIONS if one.folder.parent.name == "loaders"]


def build(distribution: Distribution, folder: Path) -> list[Path]:
    """Build into `folder`; gives the wheel and the source distribution.

    Raises:
        CalledProcessError: The build failed; its output says why.
    """
    before = set(folder.glob("*"))
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder.absolute())]
    subprocess.run(
        command, cwd=distribution.folder, check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    return sorted(set(folder.glob("*")) - before)


def main() -> None:
    """Build everything into the folder named on the command line, emptied first."""
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for stale in [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]:
        stale.unlink()
    for distribution in DISTRIBUTIONS:
        for file in build(distribution, folder):
            print(file)


if __name__ == "__main__":
    main()
