"""One search for secrets, over everything that the runs of this suite print."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

SECRET_SETTINGS = frozenset(
    {
        "access_token",
        "api_key",
        "app_key",
        "app_secret",
        "client_secret",
        "password",
        "refresh_token",
    }
)
GRANTED = re.compile(r"\b[ar]t-[0-9a-f]{40}\b")
"""Tokens as the simulator grants them."""
_EXCERPT = 60
_TELLING = 8
"""Characters of base64 that are no coincidence."""


class LeakError(AssertionError):
    """A secret was printed."""


class Secrets:
    """The secrets that no output may hold, in every form in which a text may hold them."""

    def __init__(self) -> None:
        """Know none but the tokens that the simulator grants."""
        self._forms: dict[str, str] = {}
        self._pattern = GRANTED
        self.searched = 0
        """Bytes that have been searched."""

    def learn(self, *secrets: str) -> None:
        """Search for these from now on."""
        for secret in secrets:
            for form in forms(secret):
                self._forms[form] = secret
        either = [*map(re.escape, sorted(self._forms, key=len, reverse=True)), GRANTED.pattern]
        self._pattern = re.compile("|".join(either))

    def learn_settings(self, settings: Mapping[str, Any]) -> None:
        """Search for every secret among these settings."""
        known = [str(settings[name]) for name in SECRET_SETTINGS & settings.keys()]
        user, password = settings.get("username"), settings.get("password")
        if user and password:
            known.append(base64.b64encode(f"{user}:{password}".encode()).decode())
        self.learn(*known)

    def must_not_be_in(self, *texts: str | bytes) -> None:
        """Search.

        Raises:
            LeakError: With what was found, and what stands around it.
        """
        for text in texts:
            read = text if isinstance(text, str) else text.decode(errors="replace")
            self.searched += len(read)
            found = self._pattern.search(read)
            if found is not None:
                start = max(0, found.start() - _EXCERPT)
                raise LeakError(f"{found.group()} in …{read[start : found.end() + _EXCERPT]}…")


def forms(secret: str) -> Iterator[str]:
    """The secret as it is, and as addresses, headers, JSON and Python write it."""
    yield from _distinct(
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        *_base64(secret),
    )


def _base64(secret: str) -> Iterator[str]:
    """The secret within base64, wherever it begins in what was encoded.

    A character holds six bits; those that it shares with what stands beside the secret are left
    out.
    """
    data = secret.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        within = encoded[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
        if len(within) >= _TELLING:
            yield within


def _distinct(*texts: str) -> Iterable[str]:
    return dict.fromkeys(text for text in texts if text)
