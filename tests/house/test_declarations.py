"""No default of a setting and no list of its values stands twice; what is declared is checked."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec
import pytest
from singer_sdk.exceptions import ConfigValidationError

from erp_common.setup.parse import parse
from erp_common.setup.schema import bare, choices
from erp_common.setup.settings import Settings
from house.imports import PROJECT, packages

SETTINGS: dict[str, type[Settings]] = {
    point.name: point.load().settings_class for point in entry_points(group="erp_common.taps")
}
# Named by each tap's `Defaults`, whose values are what they may be.
BY_DEFAULTS = {"api", "auth_type"}


class Setting(msgspec.Struct, frozen=True):
    """One setting, parts of objects included."""

    name: str
    path: str
    kind: Any
    has_default: bool


def declared(of: type[msgspec.Struct], above: str = "") -> Iterator[Setting]:
    """The settings that a struct declares."""
    for field in msgspec.structs.fields(of):
        kind = bare(field.type)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from declared(kind, f"{above}{field.name}.")
        else:
            yield Setting(
                field.name, above + field.name, kind, not field.required and bool(field.default)
            )


EVERY = {one.path: one for of in SETTINGS.values() for one in declared(of)}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """The source of the taps and of what they share; other programs have settings of their own."""
    for name, folder in packages().items():
        if not name.startswith(("erp_common", "tap_")):
            continue
        for file in sorted(folder.rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def defaults(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names of fields and parameters that have a literal default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            pairs: list[tuple[ast.arg | str, ast.expr | None]] = [(node.target.id, node.value)]
        elif isinstance(node, ast.arguments):
            usual = [*node.posonlyargs, *node.args]
            pairs = [
                *(
                    (one.arg, value)
                    for one, value in zip(usual[::-1], node.defaults[::-1], strict=False)
                ),
                *(
                    (one.arg, value)
                    for one, value in zip(node.kwonlyargs, node.kw_defaults, strict=True)
                ),
            ]
        else:
            continue
        for named, value in pairs:
            name = named.arg if isinstance(named, ast.arg) else named
            # What is off, empty or absent is the lack of a value.
            if isinstance(value, ast.Constant) and value.value:
                yield name, value.lineno


def listed(tree: ast.Module) -> Iterator[tuple[frozenset[str], int]]:
    """Sets of texts: the members of a `Literal`, an enumeration, a tuple, a list or a set.

    Not the keys of a table, which says what each of them means.
    """
    for node in ast.walk(tree):
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            values: list[ast.expr | None] = list(node.elts)
        elif isinstance(node, ast.ClassDef):
            values = [one.value for one in node.body if isinstance(one, ast.Assign)]
        else:
            continue
        texts = [one.value for one in values if isinstance(one, ast.Constant)]
        if len(texts) == len(values) > 1 and all(isinstance(text, str) for text in texts):
            yield frozenset(map(str, texts)), node.lineno


def test_no_default_stands_twice() -> None:
    # Each ERP states its own allowance; what a limiter allows on its own is another matter.
    names = {one.name for one in EVERY.values() if one.has_default}
    found = defaultdict(list)
    for file, tree in trees():
        package = next(name for name in packages() if name in file.parts)
        for name, line in defaults(tree):
            if name in names:
                found[name, package].append(f"{file.name}:{line}")
    assert {"max_attempts", "timeout", "lookback_periods"} <= {name for name, _ in found}
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_no_list_of_values_stands_twice() -> None:
    wanted = {
        frozenset(choices(one.kind)): path
        for path, one in EVERY.items()
        # Digits are other things as well, such as the sides of Protheus' postings.
        if choices(one.kind) and choices(one.kind)[0].isalpha() and path not in BY_DEFAULTS
    }
    assert len(wanted) > 5
    found = defaultdict(list)
    for file, tree in trees():
        for values, line in listed(tree):
            if values in wanted:
                found[wanted[values]].append(f"{file.name}:{line}")
    assert {path: places for path, places in found.items() if len(places) != 1} == {}
    assert set(found) == set(wanted.values())


@pytest.mark.parametrize(
    ("tap", "own", "wrong", "told"),
    [
        ("totvs_protheus", "summary_class", 3, "summary_class must be one of 1, 2"),
        ("totvs_protheus", "tenant", 1, "tenant must be text, not a whole number"),
        ("totvs_protheus", "environment", [], "environment must be text, not a list"),
        ("bling", "api_version", "v4", "api_version must be one of v3, v2"),
        ("omie", "page_size", 0, "page_size must be a whole number of at least 1"),
        ("contaazul", "opening_balances_from", "once", "opening_balances_from is 'once'"),
        ("contaazul", "year_end_close", "maybe", "year_end_close must be true or false"),
    ],
)
def test_a_tap_s_own_setting_is_checked(tap: str, own: str, wrong: Any, told: str) -> None:
    with pytest.raises(ConfigValidationError) as refused:
        parse({own: wrong}, SETTINGS[tap], books=False)
    assert told in str(refused.value.errors[0])


@pytest.mark.parametrize("tap", SETTINGS)
def test_every_setting_is_described(tap: str) -> None:
    for field in msgspec.structs.fields(SETTINGS[tap]):
        assert "{'group': " in str(field.type), f"{field.name} is declared without setting(…)"


def test_class_variables_of_structs_say_their_type() -> None:
    """Python 3.10 cannot evaluate a bare `ClassVar`, and msgspec evaluates them all."""
    bare = [
        f"{file.relative_to(PROJECT)}:{node.lineno}"
        for folder in ("shared", "taps", "analyze")
        for file in sorted((PROJECT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.AnnAssign)
        if isinstance(node.annotation, ast.Name) and node.annotation.id == "ClassVar"
    ]
    assert bare == []
