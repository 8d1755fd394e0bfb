"""How a setting is declared: once, in the struct that uses its value.

    class RetryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        max_attempts: Annotated[Positive, setting("Attempts", "The first included")] = 3

Its type, bounds, default and description are all there; the JSON schema of `--about`, the READMEs,
meltano.yml and the hub files follow from it (`erp_common.setup.schema`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

Group = Literal["required", "recommended", "optional"]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
Delay = Annotated[float, Meta(ge=0)]
"""Seconds, none of them too."""


def setting(
    title: str,
    description: str,
    *,
    secret: bool = False,
    group: Group = "optional",
    schema: dict[str, Any] | None = None,
) -> Meta:
    """Describe a setting to the person who sets it.

    Args:
        title: In a few words.
        description: In one line. `{system}`, `{account}` and `{derived}` stand for what the
            tap's `Defaults` say.
        secret: Whether it must never be shown.
        group: Whether a run is impossible without it, better with it, or usual without it.
        schema: What its JSON schema says otherwise than its type does.
    """
    hidden = {"secret": True, "writeOnly": True} if secret else {}
    more = {"group": group, **hidden, **(schema or {})}
    return Meta(title=title, description=description, extra_json_schema=more)
