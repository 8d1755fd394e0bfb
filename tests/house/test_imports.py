"""An import only ever points down the storeys, and a tap knows nobody but `erp_common`."""

from __future__ import annotations

import sys
from collections.abc import Collection

import pytest
from packaging.requirements import Requirement

from house.distributions import DISTRIBUTIONS, Distribution
from house.imports import Import, circles, imports, modules, packages

# What a storey may import of the project; what is not in a storey stands on top of all of them.
FOUNDATION = {"errors", "languages", "printable", "setting"}
STOREYS: dict[str, Collection[str]] = {
    "singer": {"singer", "replay", "setup", "extract", "auth", "http", "ledger", *FOUNDATION},
    "setup": {"setup", "extract", "auth", "http", "ledger", *FOUNDATION},
    "extract": {"extract", "auth", "http", "ledger", *FOUNDATION},
    "replay": {"replay", "http", "ledger", *FOUNDATION},
    "auth": {"auth", "http", *FOUNDATION},
    "http": {"http", *FOUNDATION},
    "ledger": {"ledger", *FOUNDATION},
    "errors": {"errors"},
    "languages": {"languages"},
    "printable": {"printable"},
    "setting": {"setting"},
    "sql": {"sql"},
}
# Where a distribution is imported by another name than its own.
IMPORT_NAMES = {
    "meltanolabs-target-postgres": "target_postgres",
    "python-backoff": "backoff",
    "pyyaml": "yaml",
}


def storey(module: str) -> str:
    """The part of `erp_common` that a module belongs to."""
    return (module + ".").split(".")[1]


def points_up(found: Import) -> bool:
    """Whether an import within `erp_common` goes against the storeys."""
    allowed = STOREYS.get(storey(found.importer))
    return allowed is not None and storey(found.imported) not in allowed


@pytest.mark.parametrize("package", packages())
def test_imports_are_absolute(package: str) -> None:
    assert [str(found) for found in imports(package) if found.imported.startswith("<")] == []


def module_of(imported: str, known: Collection[str]) -> str:
    """The module that an imported name is, or stands in."""
    while imported not in known:
        imported = imported.rpartition(".")[0]
    return imported


@pytest.mark.parametrize("package", packages())
def test_no_imports_run_in_a_circle(package: str) -> None:
    known = modules(package)
    found = {
        (one.importer, module_of(one.imported, known))
        for one in imports(package)
        if one.imported.split(".")[0] == package
    }
    assert found
    within = {
        (importer, imported)
        for importer, imported in found
        # The package itself only names what is imported when it is first used.
        if importer not in {imported, package}
    }
    assert circles(within) == []


def test_a_circle_is_recognised() -> None:
    within = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("x", "y"), ("y", "z"), ("z", "x")]
    assert circles(within) == [["b", "c"], ["x", "y", "z"]]
    assert circles([("a", "b"), ("b", "c"), ("a", "c")]) == []


def test_imports_point_down_the_storeys() -> None:
    within = [found for found in imports("erp_common") if found.imported.startswith("erp_common")]
    assert within
    assert [str(found) for found in within if points_up(found)] == []


@pytest.mark.parametrize(
    ("importer", "imported", "up"),
    [
        ("erp_common.ledger.derive", "erp_common.http.retry", True),
        ("erp_common.http.retry", "erp_common.ledger", True),
        ("erp_common.http.transport", "erp_common.auth.handlers", True),
        ("erp_common.auth.oauth", "erp_common.http.transport", False),
        ("erp_common.extract.books", "erp_common.singer.tap", True),
        ("erp_common.errors", "erp_common.ledger.models.Company", True),
        ("erp_common.ledger", "erp_common.connector", True),
        ("erp_common.extract.books", "erp_common.ledger.models.Company", False),
        ("erp_common.singer.tap", "erp_common.errors.ERPError", False),
        ("erp_common", "erp_common.singer.tap", False),
    ],
)
def test_what_points_up_is_recognised(importer: str, imported: str, *, up: bool) -> None:
    assert points_up(Import(importer, imported, "")) is up


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_imports_are_declared(distribution: Distribution) -> None:
    said = distribution.declared
    declared = {Requirement(line).name for line in (*said.dependencies, *said.extras)}
    # What erp-common brings along is its taps' as well: they are released together.
    if "erp-common" in declared:
        declared |= {Requirement(line).name for line in DISTRIBUTIONS[0].declared.dependencies}
    known = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in declared}
    known |= {distribution.package, *sys.stdlib_module_names}
    undeclared = [
        str(found)
        for found in imports(distribution.package)
        if found.imported.split(".")[0] not in known
    ]
    assert undeclared == []
