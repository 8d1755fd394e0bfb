"""What each module of the project imports, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROJECT = Path(__file__).parents[2]


class Import(msgspec.Struct, frozen=True):
    """One module imported by another; both by their full dotted names."""

    importer: str
    imported: str
    where: str

    def __str__(self) -> str:
        """As a message names it."""
        return f"{self.where}: {self.importer} imports {self.imported}"


def packages() -> dict[str, Path]:
    """The folder of each package that is distributed, by the package's name."""
    folders = [PROJECT / "shared" / "erp_common", *sorted(PROJECT.glob("taps/*/tap_*"))]
    return {folder.name: folder for folder in folders}


def imports(package: str) -> Iterator[Import]:
    """All imports of a package's modules, those inside functions and for type checking included."""
    folder = packages()[package]
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        importer = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            where = f"{file.relative_to(PROJECT)}:{getattr(node, 'lineno', 0)}"
            for imported in _imported(node):
                yield Import(importer, imported, where)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return [f"<relative>.{node.module or ''}"]
        # `from a.b import c` may name the module a.b.c: the longer name covers both readings.
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
