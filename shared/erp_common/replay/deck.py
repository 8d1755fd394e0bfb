"""The answers of a capture, found again by what is asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from erp_common.http.tape import CREDENTIALS, Kept
from erp_common.replay.archive import Capture

TOKEN_PATH = "/replay/token"  # noqa: S105 -- an address
TOKEN = b'{"access_token":"replayed","token_type":"bearer","expires_in":86400}'
"""What a token endpoint answers in place of the ERP's, whose tokens no capture has."""

Key = tuple[Any, ...]


_STALL = 5.0
"""Seconds after which an answer comes out of turn: the tap asks otherwise than it did."""
_STALLS = 5
"""Then answers come as they are asked for."""


class _Turns:
    """Lets answers out in the order in which they came, each once what was under way then is again.

    With several requests in flight, what a tap asks next may depend on what came first: a request
    that breaks off makes those after it narrower.
    """

    def __init__(self, exchanges: Sequence[Kept]) -> None:
        self._number = {id(one): at for at, one in enumerate(exchanges)}
        self._began = [one.began for one in exchanges]
        self._ended = [one.began + one.took for one in exchanges]
        self._begun = sorted(range(len(exchanges)), key=self._began.__getitem__)
        self._asked = [False] * len(exchanges)
        self._out = [False] * len(exchanges)
        self._first_begun = self._first_out = 0
        self._changed = threading.Condition()
        self._stalls = 0

    def wait(self, kept: Kept) -> None:
        """Wait for the turn of an answer that has just been asked for."""
        number = self._number[id(kept)]
        with self._changed:
            self._asked[number] = True
            self._changed.notify_all()
            while self._stalls < _STALLS and not self._out[number] and not self._is_due(number):
                if not self._changed.wait(_STALL):
                    self._stalls += 1
                    self._give_up(number)
            self._out[number] = True
            self._changed.notify_all()

    def _is_due(self, number: int) -> bool:
        while self._out[self._first_out]:
            self._first_out += 1
        while self._first_begun < len(self._begun) and self._asked[self._begun[self._first_begun]]:
            self._first_begun += 1
        missing = self._begun[self._first_begun : self._first_begun + 1]
        return self._first_out == number and not any(
            self._began[one] < self._ended[number] for one in missing
        )

    def _give_up(self, number: int) -> None:
        """Go on without what should have been asked for by now."""
        for one, asked in enumerate(self._asked):
            if not asked and (one < number or self._began[one] < self._ended[number]):
                self._asked[one] = self._out[one] = True


class Deck:
    """Each call gets the answers that it got when they were recorded, in their order.

    What was answered last is answered again, so that a run that asks more often gets on. Safe to
    use from many threads.
    """

    def __init__(self, capture: Capture) -> None:
        """Lay out the answers of a capture."""
        self._bodies = capture.bodies
        self._lock = threading.Lock()
        self._answers: dict[Key, deque[Kept]] = {}
        self.unforeseen: list[str] = []
        """What was asked that no exchange of the capture has."""
        self._turns = _Turns([one for one in capture.exchanges if not one.token])
        for one in capture.exchanges:
            if not one.token:
                key = _key(one.method, one.path, one.query, one.body, one.sent.get("tenantId"))
                self._answers.setdefault(key, deque()).append(one)

    def find(
        self, method: str, path: str, query: str, body: bytes | None, tenant: str | None
    ) -> tuple[Kept, bytes] | None:
        """The answer to a call, and its body as it came; None if the capture has none."""
        asked = parse_qsl(query, keep_blank_values=True)
        text = None if not body else body.decode(errors="replace")
        key = _key(method, path, asked, text, tenant)
        with self._lock:
            answers = self._answers.get(key)
            if answers is None:
                names = ", ".join(f"{name}={value}" for name, value in _without_keys(asked))
                self.unforeseen.append(f"{method} {path} {names} {text or ''}".rstrip())
                return None
            kept = answers[0] if len(answers) == 1 else answers.popleft()
        self._turns.wait(kept)
        return kept, self._bodies.get(kept.answer, b"")


def _key(
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    body: str | None,
    tenant: str | None,
) -> Key:
    return method, "/" + path.strip("/"), tuple(sorted(_without_keys(query))), _bare(body), tenant


def _without_keys(query: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query if name.casefold() not in CREDENTIALS]


def _bare(body: str | None) -> str | None:
    """A body without credentials, however it is spaced."""
    if not body:
        return None
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if isinstance(content, dict):
        content = {k: v for k, v in content.items() if k.casefold() not in CREDENTIALS}
    return json.dumps(content, sort_keys=True)
