"""What Meltano logs, and what the end of a run means for whoever might try again."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass

# How a tap's last word begins; the others (connection, allowance) may be gone next time.
_NAMED = re.compile(r"(ERP\w+Error|ConfigValidationError): ")
_FINAL = ("ERPAuthenticationError", "ERPValidationError", "ConfigValidationError")
_LEVELS = {
    "debug": logging.DEBUG,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


@dataclass(frozen=True)
class LogLine:
    """A line of the log: Meltano's own, or passed on from a plugin."""

    level: int
    speaker: str
    text: str

    @classmethod
    def of(cls, raw: bytes) -> LogLine:
        """Read a line; one that is not JSON is taken as it is."""
        text = raw.decode(errors="replace").rstrip()
        try:
            entry = json.loads(text)
            speaker = str(entry.get("string_id") or entry.get("plugin_logger") or "meltano")
            said = str(entry["event"])
            if measured := entry.get("metric_info"):
                said += f" {json.dumps(measured)}"
            return cls(_LEVELS.get(entry["level"], logging.INFO), speaker, said)
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            return cls(logging.INFO, "meltano", text)

    @property
    def named_error(self) -> str | None:
        """The sentence in which a tap says why it gave up."""
        return self.text if _NAMED.match(self.text) else None

    def __str__(self) -> str:
        """As the engine's log shows it."""
        return f"{self.speaker}: {self.text}"


@dataclass(frozen=True)
class Ending:
    """How a command ended: its exit status, negative for a signal, and the tap's last word."""

    status: int
    error: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether all is done."""
        return self.status == 0

    @property
    def is_final(self) -> bool:
        """Whether another try would end alike: a wrong key or setting, books that are not sound."""
        return not self.is_good and self.error is not None and self.error.startswith(_FINAL)

    def __str__(self) -> str:
        """Why it failed."""
        if self.error:
            return self.error
        if self.status < 0:
            return f"killed by signal {-self.status}"
        return f"exit status {self.status}; the log above says why"
