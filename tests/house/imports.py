"""What each module of the project imports, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
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
    for beside in ("analyze", "loaders"):
        folders += sorted(file.parent for file in PROJECT.glob(f"{beside}/*/*/py.typed"))
    return {folder.name: folder for folder in folders}


def imports(package: str) -> Iterator[Import]:
    """All imports of a package's modules, those inside functions and for type checking included."""
    folder = packages()[package]
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        importer = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            where = f"{file.relative_to(PROJECT)}:{getattr(node, 'lineno', 0)}"
            for imported in _imported(node):
                yield Import(importer, imported, where)


def modules(package: str) -> set[str]:
    """The full dotted names of a package's modules."""
    folder = packages()[package]
    files = [file.relative_to(folder.parent).with_suffix("") for file in folder.rglob("*.py")]
    return {".".join(file.parts).removesuffix(".__init__") for file in files}


def circles(within: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The groups of modules of which each imports every other, directly or not.

    Args:
        within: Pairs of a module and one that it imports.
    """
    imported: dict[str, set[str]] = {}
    for importer, one in within:
        imported.setdefault(importer, set()).add(one)

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        pending = [start]
        while pending:
            new = imported.get(pending.pop(), set()) - found
            found |= new
            pending += new
        return found

    reach = {name: reached(name) for name in imported}
    found = {
        tuple(sorted(other for other in names if name in reach.get(other, ())))
        for name, names in reach.items()
        if name in names
    }
    return sorted(map(list, found))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return [f"<relative>.{node.module or ''}"]
        # `from a.b import c` may name the module a.b.c: the longer name covers both readings.
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
