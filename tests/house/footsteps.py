"""Runs a tap under a profiler and notes the rooms that hand one marked posting on.

`python footsteps.py MARK FILE MODULE:CLASS ARGUMENTS…` runs the tap with these arguments; FILE gets
the modules, one a line, in the order in which the posting comes to them.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from erp_common.http.answer import Answer

OURS = ("erp_common.", "tap_")


def holds(value: object, mark: str) -> bool:
    """Whether a posting with this mark is in what a function gives: rows, not a field of them."""
    if isinstance(value, Answer):
        return mark.encode() in value.read()
    if isinstance(value, str):
        return False
    if isinstance(value, (bytes, bytearray)):
        return mark.encode() in value
    return mark in repr(value)


def main() -> None:
    """Run, and write what was noted."""
    mark, file, target, *arguments = sys.argv[1:]
    module, _, name = target.partition(":")
    noted: dict[str, None] = {}

    def look(frame: FrameType, event: str, value: Any) -> None:
        room = frame.f_globals.get("__name__", "")
        if not room.startswith(OURS) or room in noted:
            return
        if event == "return" and holds(value, mark):
            noted[room] = None
        elif event == "call" and room.endswith(".writer") and holds(frame.f_locals, mark):
            noted[room] = None  # the last room: it gives nothing, but to standard output

    tap = getattr(import_module(module), name)
    threading.setprofile(look)
    sys.setprofile(look)
    try:
        tap.cli(arguments, standalone_mode=False)
    finally:
        sys.setprofile(None)
        Path(file).write_text("".join(f"{room}\n" for room in noted))


if __name__ == "__main__":
    main()
