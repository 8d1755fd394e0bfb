"""What is wrong with a setting, said to the person who wrote it."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import msgspec

from erp_common.setup.schema import bare, choices, fields

_IN_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object with fields",
    "date": "a date (YYYY-MM-DD)",
    "decimal": "a number",
}
_BOUNDS = {">=": "of at least", ">": "above", "<=": "of at most", "<": "below"}


def sentence(problem: str, settings: type[msgspec.Struct]) -> str:
    """What msgspec says of a setting, in the words of a configuration file.

    Args:
        problem: The text of msgspec's ValidationError.
        settings: What was to be read.
    """
    said, _, path = problem.partition(" - at `")
    setting = path.rstrip("`").removeprefix("$.").removeprefix("$") or "the configuration"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", said)
    if unknown is not None:
        kind = _kind(settings, setting)
        is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        known = [one.encode_name for one in fields(kind)] if is_struct else []
        return f"{setting} has no {unknown[1]}; there are {', '.join(known)}"
    values = choices(_kind(settings, setting))
    if values and "invalid enum" in said.lower():
        return f"{setting} must be one of {', '.join(values)}"
    if setting.endswith(".currency") and "matching regex" in said:
        return f"{setting} must be the three capital letters of a currency, such as BRL"
    if said == "Invalid decimal string":
        return f"{setting} must be a number"
    kinds = re.fullmatch(r"Expected `(\w+)[^`]*`(?: ([<>]=?) (\S+))?(?:, got `(\w+)`)?", said)
    if kinds is None:
        return f"{setting} is wrong: {said[:1].lower()}{said[1:].replace('`', '')}"
    return f"{setting} must be {_needed(*kinds.groups())}"


def _needed(kind: str, side: str | None, bound: str | None, given: str | None) -> str:
    needed = _IN_WORDS.get(kind, kind)
    if side is not None and bound is not None:
        needed += f" {_BOUNDS[side]} {bound.removesuffix('.0')}"
    if given is not None:
        needed += f", not {_IN_WORDS.get(given, given)}"
    if (kind, given) == ("str", "int"):
        # Not taken as its digits: a company called 01 would lose its zero on the way.
        needed += '; write it in quotes, as in "01"'
    return needed


def _kind(settings: type[msgspec.Struct], setting: str) -> Any:  # noqa: ANN401 - a type, or a form of typing
    """The type of a setting, by its path (`retry.strategy`, `companies[0]`)."""
    kind: Any = settings
    # Within a mapping msgspec names no key; nothing of it has a few values to choose from.
    for name in setting.replace("[...]", "").split("."):
        known = get_type_hints(kind) if isinstance(kind, type) else {}
        kind = bare(known.get(name.partition("[")[0]))
        if name.endswith("]"):
            kind = get_args(kind)[0]
    return kind
