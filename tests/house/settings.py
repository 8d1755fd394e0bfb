"""Settings in the READMEs and extractors in meltano.yml, written from what each tap says of itself.

`tap-x --about` is where a setting is described. `python -m house.settings --write` copies that to
the table in the tap's README and to the extractors of meltano.yml, each between two marker lines;
without `--write` it only says whether they still agree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import yaml

PROJECT = Path(__file__).parents[2]
EXTRACTORS = "extractors from --about"
# Every tap of the SDK has these; what they mean is described where they come from.
BUILT_IN = {"batch_config", "faker_config", "stream_map_config", "stream_maps"} | {
    f"flattening_{name}" for name in ("enabled", "max_depth", "max_key_length", "separator")
}
# It needs a package that comes with no tap here.
UNUSED = {"faker_config"}
# Meltano's `decimal` fails on values from the environment, its `date_iso8601` turns impossible
# dates into possible ones: both go through as text, which the taps read strictly.
KINDS = {"string": "string", "number": "string", "integer": "integer", "boolean": "boolean"}
KINDS |= {"array": "array", "object": "object"}


class Setting(msgspec.Struct, frozen=True):
    """One setting; the parts of an object are settings of their own, with dots in their names."""

    name: str
    type: str
    label: str
    description: str
    default: Any = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    required: bool = False
    group: str = ""


def taps() -> list[str]:
    """The names of the taps in this workspace."""
    return sorted(folder.parent.name for folder in PROJECT.glob("taps/*/pyproject.toml"))


def about(tap: str) -> dict[str, Any]:
    """What the installed tap says of itself.

    Raises:
        RuntimeError: The tap does not run.
    """
    command = [str(Path(sys.executable).parent / tap), "--about", "--format=json"]
    answer = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    if answer.returncode:
        said = answer.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"`{tap} --about` failed: {said}")
    described: dict[str, Any] = json.loads(answer.stdout)
    return described


def settings(schema: dict[str, Any], prefix: str = "", group: str = "") -> Iterator[Setting]:
    """The settings that a JSON schema describes, in its order."""
    for key, described in schema["properties"].items():
        if not prefix and key in BUILT_IN:
            continue
        types = [kind for kind in _listed(described["type"]) if kind != "null"]
        if described.get("properties"):
            yield from settings(described, f"{prefix}{key}.", described.get("group", ""))
            continue
        yield Setting(
            name=prefix + key,
            type=_shown_type(types[0], described),
            label=described["title"],
            description=described["description"],
            default=described.get("default"),
            choices=tuple(described.get("enum", ())),
            secret=bool(described.get("secret")),
            required=key in schema.get("required", ()),
            group=group or described.get("group", ""),
        )


def built_in(schema: dict[str, Any]) -> Iterator[Setting]:
    """What the SDK adds to a tap's settings, objects as wholes: Meltano hands on what it knows."""
    for key, described in schema["properties"].items():
        if key in BUILT_IN - UNUSED:
            yield Setting(
                name=key,
                type=next(kind for kind in _listed(described["type"]) if kind != "null"),
                label=described["title"],
                description=described["description"],
            )


def markdown(listed: list[Setting]) -> str:
    """The tables of a README, one for each group of settings."""
    groups = {group: list(its) for group, its in groupby(listed, attrgetter("group"))}
    if len(groups) == 1:
        return _table(listed)
    return "\n".join(f"### {group.capitalize()}\n\n{_table(its)}" for group, its in groups.items())


def _table(listed: list[Setting]) -> str:
    lines = ["| Setting | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for setting in listed:
        kind = setting.type + (", secret" if setting.secret else "")
        if setting.required:
            default = "**required**"
        else:
            default = "" if setting.default is None else f"`{_plain(setting.default)}`"
        choices = " · ".join(f"`{choice}`" for choice in setting.choices)
        meaning = setting.description + (f" ({choices})" if choices else "")
        lines.append(
            f"| `{setting.name}` | {kind} | {default} | {meaning.replace('|', '&#124;')} |"
        )
    return "\n".join(lines) + "\n"


def extractor(tap: str, described: dict[str, Any]) -> str:
    """The tap's entry in meltano.yml, in the order in which Meltano rewrites it.

    Defaults stay with the tap (some depend on other settings) and are told in descriptions only.
    """
    listed = list(settings(described["settings"]))
    root = "$MELTANO_PROJECT_ROOT"
    entry = {
        "name": tap,
        "namespace": tap.replace("-", "_"),
        # With Redis, so that pipelines can share an ERP's allowance. The constraints are the
        # versions this project is tested with.
        "pip_url": f'-e "{root}/shared[redis]" -e "{root}/taps/{tap}"'
        f' --constraint "{root}/requirements/taps.txt"',
        "executable": tap,
        "description": described["description"],
        "capabilities": sorted(described["capabilities"]),
        "settings_group_validation": [[setting.name for setting in listed if setting.required]],
        "settings": [
            _meltano_setting(setting)
            for setting in (*_with_wholes(described, listed), *built_in(described["settings"]))
        ],
    }
    block = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=1000)
    return textwrap.indent(block, "  ")


def blocks() -> Iterator[tuple[Path, str, str]]:
    """Each block that is written: its file, the name in its marker lines, and what it must hold."""
    described = {tap: about(tap) for tap in taps()}
    for tap, its in described.items():
        table = markdown(list(settings(its["settings"])))
        yield PROJECT / "taps" / tap / "README.md", f"{tap} settings from --about", table
    extractors = "".join(extractor(tap, its) for tap, its in described.items())
    yield PROJECT / "meltano.yml", EXTRACTORS, extractors


def replaced(text: str, name: str, block: str) -> str:
    """`text` with `block` between the marker lines of `name`, which stay as they are.

    Raises:
        ValueError: The marker lines are missing.
    """
    lines = text.splitlines(keepends=True)
    begin, end = (
        next((number for number, line in enumerate(lines) if f"{name}: {marker}" in line), None)
        for marker in ("begin", "end")
    )
    if begin is None or end is None:
        raise ValueError(f"The lines with '{name}: begin' and '{name}: end' are missing.")
    return "".join([*lines[: begin + 1], block, *lines[end:]])


def main() -> None:
    """Write the blocks, or name the files whose blocks are out of date and fail."""
    parser = argparse.ArgumentParser(prog="python -m house.settings", description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    stale = []
    for file, name, block in blocks():
        text = file.read_text(encoding="utf-8")
        try:
            wanted = replaced(text, name, block)
        except ValueError as error:
            sys.exit(f"{file.relative_to(PROJECT)}: {error}")
        if wanted != text:
            stale.append(str(file.relative_to(PROJECT)))
            if write:
                file.write_text(wanted, encoding="utf-8")
    if stale:
        print("written:" if write else "out of date, run `make readme`:", *stale)
        sys.exit(not write)


def _with_wholes(described: dict[str, Any], parts: list[Setting]) -> Iterator[Setting]:
    """The settings as Meltano wants them: objects by part, and before its parts each as a whole.

    So both `TAP_X_RETRY` and `TAP_X_RETRY_JITTER` are known.
    """
    begun = set()
    for setting in parts:
        name, _, part = setting.name.partition(".")
        if part and name not in begun:
            begun.add(name)
            its = described["settings"]["properties"][name]
            whole = f"{its['description']}; as a whole, or by the settings below"
            yield Setting(name=name, type="object", label=its["title"], description=whole)
        yield setting


def _meltano_setting(setting: Setting) -> dict[str, Any]:
    described = setting.description
    if setting.default is not None:
        described += f" (default: {_plain(setting.default)})"
    definition: dict[str, Any] = {
        "name": setting.name,
        "kind": "options" if setting.choices else KINDS.get(setting.type, "string"),
        "label": setting.label,
        "description": described,
    }
    if setting.choices:
        definition["options"] = [{"label": choice, "value": choice} for choice in setting.choices]
    if setting.secret:
        definition["sensitive"] = True
    return definition


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def _shown_type(kind: str, described: dict[str, Any]) -> str:
    return "date" if described.get("format") == "date" else kind


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    main()
