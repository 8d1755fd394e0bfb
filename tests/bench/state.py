"""The state that a run leaves behind."""

from __future__ import annotations

import json
from pathlib import Path


def last_state(output: Path) -> int:
    """Bytes of the value of the last STATE message in a file of messages, without blanks."""
    last = b""
    with output.open("rb") as lines:
        for line in lines:
            if line.startswith((b'{"type":"STATE"', b'{"type": "STATE"')):
                last = line
    return len(json.dumps(json.loads(last)["value"], separators=(",", ":")))
