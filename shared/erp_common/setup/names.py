"""The names of settings: in the environment, and where one is misspelt."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from singer_sdk.configuration._dict_config import parse_environment_config

from erp_common.setup.parse import refusal


def from_environment(
    schema: Mapping[str, Any], prefix: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    """The settings in the environment, whole (`TAP_X_RETRY`) or by part (`TAP_X_RETRY_JITTER`).

    An empty variable counts as not set; a part wins over the whole.

    Raises:
        ConfigValidationError: A variable cannot be read.
    """
    # Variables in a file `.env` are put into the environment by this as well.
    parse_environment_config({"properties": {}}, prefix)
    given: dict[str, Any] = {}
    for name, described in schema["properties"].items():
        if variables.get(variable(prefix, name), "").strip():
            try:
                given |= parse_environment_config({"properties": {name: described}}, prefix)
            except ValueError:
                raise refusal(
                    f"{variable(prefix, name)} in the environment cannot be read as {name}; write "
                    "lists and objects as JSON and whole numbers in digits"
                ) from None
        for part, its in described.get("properties", {}).items():
            for joined in _variables(prefix, name, part):
                text = variables.get(joined, "").strip()
                if text:
                    whole = given.get(name)
                    given[name] = {**whole} if isinstance(whole, Mapping) else {}
                    given[name][part] = _part(joined, text, its)
    return given


def _part(name: str, text: str, described: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part
    if "array" not in described["type"]:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise refusal(f"{name} in the environment is no JSON; write a list as JSON") from None


def _variables(prefix: str, name: str, part: str) -> tuple[str, str]:
    """The variables of a part; Meltano knows both."""
    return variable(prefix, name, part), f"{variable(prefix, name)}__{part.upper()}"


def variable(prefix: str, *names: str) -> str:
    """The variable of a setting, or of a part of one."""
    return prefix + "_".join(names).upper().replace("-", "_")


def unread(
    schema: Mapping[str, Any],
    prefix: str,
    variables: Collection[str],
    *,
    read: bool,
    meltano: Collection[str] | None = None,
) -> Iterator[str]:
    """Sentences about variables with the tap's prefix that have no effect.

    Args:
        schema: The tap's settings.
        prefix: How its variables begin.
        variables: The names in the environment.
        read: Whether settings are read from there.
        meltano: The settings that Meltano gives, if it started the tap: it reads variables of those
            alone that meltano.yml lists. It hands on every entry of an object in a variable of its
            own, and what entries there are only our objects with parts say.
    """
    entries = tuple(
        f"{variable(prefix, name)}_"
        for name, described in schema["properties"].items()
        if meltano is not None
        and "object" in described["type"]
        and not ("group" in described and described.get("properties"))
    )
    known = {variable(prefix, name): name for name in schema["properties"]}
    for name, described in schema["properties"].items():
        for part in described.get("properties", {}):
            known |= dict.fromkeys(_variables(prefix, name, part), name)
    for name in sorted(variables):
        # Behind two underscores stand Meltano's own settings, and those of plugins that inherit.
        if not name.startswith(prefix) or name.startswith((f"{prefix}_", *entries)):
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"nothing reads {name} in the environment: it is ignored{hint}"
        elif meltano is not None:
            if known[name] not in meltano:
                yield (
                    f"{name} in the environment is not read: Meltano knows no setting "
                    f"{known[name]}; list it under the tap's settings in meltano.yml"
                )
        elif not read:
            yield f"{name} in the environment is not read: add --config=ENV for that"


def misspelt(given: Collection[str], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names that are no setting's, each with a hint at what may be meant (or none).

    Args:
        given: The names of what is set.
        schema: The tap's settings.
    """
    known = schema["properties"]
    for name in sorted(set(given) - set(known)):
        whole, _, part = name.partition(".")
        near = difflib.get_close_matches(name, known, n=1)
        if part and part in known.get(whole, {}).get("properties", {}):
            yield name, f'write it as an object: "{whole}": {{"{part}": …}}'
        else:
            yield name, f"did you mean {near[0]}?" if near else ""
