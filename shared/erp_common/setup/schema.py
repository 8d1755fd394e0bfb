"""From the declared settings to the JSON schema that the SDK, Meltano and the documents read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from erp_common.http.options import TransportSettings
from erp_common.setting import Group
from erp_common.setup.settings import Settings

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
}
fields = cache(msgspec.structs.fields)
"""A struct's fields; to work their types out takes milliseconds."""
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def schema(of: type[Settings]) -> dict[str, Any]:
    """The JSON schema of a tap's settings, in which every setting knows its group."""
    defaults = of.defaults
    said = {
        "{system}": defaults.system,
        "{account}": defaults.rate_scope,
        "{derived}": defaults.derived_under,
    }
    described = _struct(of, defaults.values(), said)
    properties = described["properties"]
    required = [name for name, one in properties.items() if one["group"] == "required"]
    for name in defaults.credentials(defaults.auth_types[0]):
        if "default" not in properties[name]:
            properties[name]["group"] = "required"  # under another auth_type others are
    properties = _in_order(properties)
    properties["api"]["enum"] = list(defaults.apis)
    properties["auth_type"]["enum"] = list(defaults.auth_types)
    for name in of.hidden():
        del properties[name]
    for name in required:
        properties[name]["type"] = [kind for kind in properties[name]["type"] if kind != "null"]
    return {**described, "properties": properties, "required": required}


def _in_order(properties: dict[str, Any]) -> dict[str, Any]:
    """By group; within one, how the ERP is called comes last."""
    groups, calling = get_args(Group), TransportSettings.__struct_fields__

    def place(name: str) -> tuple[int, bool]:
        return groups.index(properties[name]["group"]), name in calling

    return {name: properties[name] for name in sorted(properties, key=place)}


def bare(kind: Any) -> Any:  # noqa: ANN401 - a type, or a form of typing
    """A field's type without what is said about it, and without None."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in {Union, UnionType}:
            (kind,) = (one for one in get_args(kind) if one is not type(None))
        else:
            return kind


def choices(kind: Any) -> list[str]:  # noqa: ANN401 - a type, or a form of typing
    """The values that a setting of few values may have, in the order of its declaration."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(one.value) for one in kind]
    return [str(value) for value in get_args(kind)] if get_origin(kind) is Literal else []


def _struct(
    of: type[msgspec.Struct], usual: Mapping[str, Any], said: Mapping[str, str]
) -> dict[str, Any]:
    """An object with a property for each field."""
    properties: dict[str, Any] = {}
    required = []
    for field in fields(of):
        node = _node(field.type, usual.get(field.name, field.default), said)
        if field.required and field.name not in usual:
            required.append(field.name)
            node["type"] = node["type"][:1]
        properties[field.name] = node
    described = {"type": "object", "properties": properties, "additionalProperties": True}
    return {**described, "required": required} if required else described


def _node(kind: Any, default: Any, said: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401
    """One setting: what it is, what is said of it, and its default."""
    plain = bare(kind)
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        node = _struct(plain, default if isinstance(default, Mapping) else {}, said)
        default = None
    elif choices(plain):
        node = {"type": "string", "enum": choices(plain)}
    elif get_origin(plain) in {tuple, list, frozenset}:
        node = {"type": "array", "items": _item(get_args(plain)[0], said)}
    elif get_origin(plain) is dict:
        node = {"type": "object", "additionalProperties": True}
    else:
        node = dict(_PLAIN[plain])
    node["type"] = [node["type"], "null"]
    for meta in _metas(kind):
        bounds = {word: getattr(meta, name) for name, word in _BOUNDS.items()}
        node |= {word: bound for word, bound in bounds.items() if bound is not None}
        if meta.title:
            node |= {"title": meta.title, "description": _filled(meta.description or "", said)}
        node |= meta.extra_json_schema or {}
    if isinstance(default, (str, int, float, Decimal)) and default != "":
        if isinstance(default, Enum):
            default = default.value
        node["default"] = float(default) if isinstance(default, Decimal) else default
    return node


def _item(kind: Any, said: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, {}, said)
    return {"type": [_PLAIN.get(kind, {"type": "string"})["type"]]}


def _metas(kind: Any) -> list[msgspec.Meta]:  # noqa: ANN401
    """All that is said about a type, the innermost first."""
    if get_origin(kind) is Annotated:
        inner, *said = get_args(kind)
        return [*_metas(inner), *(one for one in said if isinstance(one, msgspec.Meta))]
    if get_origin(kind) in {Union, UnionType}:
        return [meta for one in get_args(kind) for meta in _metas(one)]
    return []


def _filled(text: str, said: Mapping[str, str]) -> str:
    for name, value in said.items():
        text = text.replace(name, value)
    return text
