"""Plays a capture to a tap without a network, and without waiting."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import IncompleteRead

from erp_common.http.answer import Answer, receive
from erp_common.http.clock import SystemClock
from erp_common.http.tape import Kept
from erp_common.http.wire import HttpsClient, Wire
from erp_common.replay.deck import TOKEN, Deck

_PIECE = 1 << 16
MISSING = b'{"message":"the capture has no answer to this call"}'


class Hurried(SystemClock):
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        """Begin with the machine's clock."""
        self._ahead = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds, with those that were not waited for."""
        return time.monotonic() + self._ahead

    def time(self) -> float:
        """Seconds since the epoch, with those that were not waited for."""
        return time.time() + self._ahead

    def wait(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Let the time pass at once."""
        super().wait(0.0, stop)
        with self._lock:
            self._ahead += max(0.0, seconds)


class Played(Wire):
    """What reaches a capture in place of an ERP."""

    def __init__(self, deck: Deck) -> None:
        """Play these answers."""
        self.clock = Hurried()
        self._deck = deck

    def client(self, base_url: str, system: str, **options: Any) -> HttpsClient:  # noqa: ANN401 -- those of `HttpsClient`
        """What answers by the capture."""
        return _Player(self._deck, base_url, system, **options)


class _Player(HttpsClient):
    """Answers as the ERP did; everything above the network is the tap's own."""

    def __init__(self, deck: Deck, base_url: str, system: str, **options: Any) -> None:  # noqa: ANN401
        super().__init__(system, **options)
        self._deck = deck
        self._base_url = base_url

    def send(self, method: str, url: str, *, for_token: bool = False, **more: Any) -> Answer:  # noqa: ANN401 -- as there
        """Find the answer in the capture."""
        more.get("turn", lambda: None)()
        request = PreparedRequest()
        headers = {**self._headers, **(more.get("headers") or {})}
        request.prepare(method, url, headers=headers, data=more.get("body"), auth=more.get("auth"))
        if for_token:
            return _answer(request, 200, {"Content-Type": "application/json"}, TOKEN)
        address = urlsplit(url)
        base = self._base_url.rstrip("/")
        path = url[len(base) :].partition("?")[0] if url.startswith(base) else address.path
        found = self._deck.find(
            method, path, address.query, more.get("body"), headers.get("tenantId")
        )
        if found is None:
            return _answer(request, 404, {"Content-Type": "application/json"}, MISSING)
        kept, body = found
        timeout = float(more.get("timeout") or 0)
        if kept.ended == "timeout":
            raise self._failure(TimeoutError(), url, timeout)
        if kept.ended == "no answer" or kept.status is None:
            raise self._failure(ConnectionResetError(), url, timeout)
        try:
            return _answer(request, kept.status, dict(kept.headers), body, kept)
        except IncompleteRead as error:
            raise self._failure(error, url, timeout) from None


def _answer(
    request: PreparedRequest,
    status: int,
    headers: dict[str, str],
    body: bytes,
    kept: Kept | None = None,
) -> Answer:
    pieces = [body[at : at + _PIECE] for at in range(0, len(body), _PIECE)]

    def read() -> bytes:
        if pieces:
            return pieces.pop(0)
        if kept is not None and kept.ended == "cut off":
            raise IncompleteRead(len(body), 1)
        return b""

    answer = receive(read, status, CaseInsensitiveDict(headers))
    answer.sent = request
    return answer
