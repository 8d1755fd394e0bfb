"""Loaders, how they are installed and set, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

INSTALLED = Path(__file__).parents[2] / ".tools" / "loaders"


class Amounts(str, Enum):
    """What becomes of amounts."""

    EXACT = "exact"
    FLOAT = "binary floats"
    TEXT = "exact, as text"


class Repeated(str, Enum):
    """What a second load of the same rows does."""

    REPLACES = "replaced by key"
    ADDS = "added again"
    ANEW = "file written anew"


@dataclass(frozen=True)
class Loader:
    """A loader in an environment of its own, and what the suite holds it to."""

    title: str
    folder: str
    """Its environment under `INSTALLED`."""
    requirements: tuple[str, ...]
    executable: str
    amounts: dict[str, Amounts]
    """By the setting `amounts`."""
    repeated: Repeated
    dates: str
    objects: dict[str, str]
    """Where `metadata` lies, by the setting `objects`."""
    advice: str
    tap_settings: dict[str, Any] = field(default_factory=dict)
    """What the tap needs to be told beside, as in the recipe."""

    @property
    def command(self) -> Path:
        """Its executable."""
        return INSTALLED / self.folder / "bin" / self.executable

    @property
    def python(self) -> Path:
        """The Python of its environment."""
        return INSTALLED / self.folder / "bin" / "python"


DUCKDB = Loader(
    title="target-duckdb 0.8.0 with duckdb 1.1.3",
    folder="target-duckdb",
    requirements=("target-duckdb==0.8.0", "duckdb==1.1.3"),
    executable="target-duckdb",
    amounts={"number": Amounts.FLOAT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.REPLACES,
    dates="text",
    objects={"object": "json", "json": "text"},
    advice="`amounts: string`, `duckdb==1.1.3` beside it; cast in a view",
)
JSONL = Loader(
    title="target-jsonl 0.1.4",
    folder="target-jsonl",
    requirements=("target-jsonl==0.1.4",),
    executable="target-jsonl",
    amounts={"number": Amounts.EXACT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.ADDS,
    dates="text",
    objects={"object": "json", "json": "text"},
    advice="nothing; `amounts: string` for readers that make floats of numbers",
)
CSV = Loader(
    title="meltanolabs-target-csv 0.5.0",
    folder="target-csv",
    requirements=("meltanolabs-target-csv==0.5.0",),
    executable="target-csv",
    amounts={"number": Amounts.EXACT, "decimal": Amounts.EXACT, "string": Amounts.EXACT},
    repeated=Repeated.ANEW,
    dates="text",
    objects={"object": "text", "json": "text"},
    advice="`objects: json`, so that `metadata` is JSON",
)
PIPELINEWISE = Loader(
    title="pipelinewise-target-postgres 2.1.2",
    folder="pipelinewise-target-postgres",
    requirements=("pipelinewise-target-postgres==2.1.2", "setuptools<81"),
    executable="target-postgres",
    amounts={"number": Amounts.FLOAT, "decimal": Amounts.TEXT, "string": Amounts.TEXT},
    repeated=Repeated.REPLACES,
    dates="timestamp",
    objects={"object": "json", "json": "text"},
    advice="`amounts: string`; better the shipped loader",
)
LOADERS = (DUCKDB, JSONL, CSV, PIPELINEWISE)


def install() -> None:
    """Install every loader, each into its own environment, unless it is there."""
    import subprocess  # noqa: PLC0415 - the suite itself installs nothing

    uv = INSTALLED.parent / "uv" / "bin" / "uv"
    for loader in LOADERS:
        mark = INSTALLED / loader.folder / ".installed"
        if mark.exists() and mark.read_text() == repr(loader.requirements):
            continue
        print(f"Installing {loader.title}", flush=True)
        folder = str(INSTALLED / loader.folder)
        subprocess.run([uv, "venv", "--quiet", "--clear", folder], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", loader.python, *loader.requirements],
            check=True,
        )
        mark.write_text(repr(loader.requirements))


if __name__ == "__main__":
    install()
