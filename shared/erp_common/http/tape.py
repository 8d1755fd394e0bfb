"""Keeps what goes over the wire, for a capture; without one, nothing of this runs.

What is kept lies in a temporary file without a name, which ends with the process, until the capture
is written. Keeping must never cost a run: whatever goes wrong here ends the keeping alone.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from requests import Response

from erp_common.http.answer import Answer, Undecodable
from erp_common.http.connection import Exchange
from erp_common.http.masking import MASK, Masker
from erp_common.http.wire import HttpsClient, Unreachable, Wire

logger = logging.getLogger(__name__)

MAX_KEPT = 64 << 20
"""Bytes of answers that a capture holds."""
MAX_EXCHANGES = 20_000

SECRETS = frozenset(
    {"app_key", "app_secret", "apikey", "api_key", "access_token", "client_secret"}
    | {"refresh_token", "password", "senha"}
)
"""Parameters and fields that hold a secret and nothing else."""
CREDENTIALS = SECRETS | {"client_id", "token", "username", "secret", "authorization"}
"""Parameters and fields that hold credentials, whatever stands in them."""
_SENT = ("Content-Type", "tenantId", "environment")
_ANSWERED = (
    "Content-Type",
    "Content-Encoding",
    "Content-Length",
    "Transfer-Encoding",
    "Retry-After",
    "Date",
    "Location",
    "OmieAPI-Error",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)


class Kept(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An exchange: what was asked and what came of it.

    Attributes:
        method: HTTP method.
        path: Below the base address.
        query: Names and values, credentials masked.
        sent: The headers that matter.
        body: What was sent, credentials masked.
        token: Whether it asked for a token: then neither bodies nor addresses are kept.
        status: Of the answer; None if there was none.
        headers: Those of the answer that matter.
        ended: `whole`, `cut off` (the body is what came until then), `timeout`, or `no answer`.
        size: Bytes of the body as it came.
        left_out: Whether the body is left out, as the capture would be too large.
        began: Seconds since the run began.
        took: Seconds from then to the last byte, the wait for the request's turn included.
        answer: The name of the body's file; empty if it has none.
    """

    method: str
    path: str = ""
    query: list[tuple[str, str]] = []
    sent: dict[str, str] = {}
    body: str | None = None
    token: bool = False
    status: int | None = None
    headers: list[tuple[str, str]] = []
    ended: str = "whole"
    size: int = 0
    left_out: bool = False
    began: float = 0.0
    took: float = 0.0
    answer: str = ""


class Tape(Wire):
    """Records all exchanges of a run, in the order in which they ended."""

    def __init__(self, masker: Masker) -> None:
        """Keep nothing yet; the masker knows the secrets."""
        self._masker = masker
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._bodies = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the tape
        self._kept: list[Take] = []
        self._size = 0
        self._written = 0
        self._closed = False
        self.left_out = 0
        """Exchanges whose bodies, or all of which, are missing."""
        self.failure = ""
        """What ended the keeping before the run's end."""

    def client(self, base_url: str, system: str, **options: Any) -> HttpsClient:  # noqa: ANN401 -- those of `HttpsClient`
        """What sends the requests, and records them."""
        return _RecordingClient(self, base_url, system, **options)

    def exchanges(self) -> list[Kept]:
        """What has been kept; nothing more is from now on."""
        with self._lock:
            self._closed = True
        return [take.kept for take in self._kept]

    def body(self, number: int) -> bytes:
        """The body of an exchange, as it came."""
        take = self._kept[number]
        return b"" if take.kept.left_out else b"".join(map(self._piece, take.pieces))

    def _piece(self, piece: tuple[int, int]) -> bytes:
        start, size = piece
        self._bodies.seek(start)
        return self._bodies.read(size)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._closed = True
            with suppress(OSError):  # what a full disk did not take
                self._bodies.close()

    # By the recording client

    def begin(
        self,
        base_url: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Take:
        """Begin an exchange, with what is asked before it is signed."""
        base = base_url.rstrip("/")
        address, mask = urlsplit(url), self._masker.mask
        path = url[len(base) :].partition("?")[0] if url.startswith(base) else address.path
        return Take(
            Kept(
                method=method,
                path=mask(path),
                query=[
                    (name, MASK if name.casefold() in CREDENTIALS else mask(value))
                    for name, value in parse_qsl(address.query, keep_blank_values=True)
                ],
                sent={name: headers[name] for name in _SENT if name in headers},
                body=None if body is None else mask(body.decode(errors="replace")),
                began=self.now(),
            )
        )

    def now(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self._began, 6)

    def keep(self, take: Take) -> None:
        """Keep an exchange that has ended."""
        kept = take.kept
        kept.took = round(self.now() - kept.began, 6)
        with self._lock:
            if self._closed or self.failure:
                return
            if len(self._kept) >= MAX_EXCHANGES:
                self.left_out += 1
                return
            kept.left_out = take.too_large or self._size + kept.size > MAX_KEPT
            if kept.left_out:
                self.left_out += 1
            else:
                self._size += kept.size
            self._kept.append(take)

    def received(self, take: Take, piece: bytes) -> None:
        """Put bytes into the file as they come, among those of other answers under way."""
        size = len(piece)
        take.kept.size += size
        with self._lock:
            # What is beyond, and what no answer was made of, takes room too.
            if (
                take.too_large
                or self.failure
                or self._closed
                or self._written + size > 2 * MAX_KEPT
            ):
                take.too_large = True
                return
            self._bodies.write(piece)
            take.add(self._written, size)
            self._written += size
            take.too_large = take.kept.size > MAX_KEPT

    def failed(self, error: Exception) -> None:
        """End the keeping, and not the run."""
        with self._lock:
            first, self.failure = not self.failure, self.failure or type(error).__name__
        if first:
            reason = getattr(error, "strerror", None) or type(error).__name__
            logger.warning("The capture ends here: it cannot be kept (%s).", reason)


class Take(msgspec.Struct, eq=False):
    """An exchange under way, begun with what is asked."""

    kept: Kept
    too_large: bool = False
    pieces: list[tuple[int, int]] = []
    """Where its body lies in the tape's file: beginnings and sizes."""

    def add(self, start: int, size: int) -> None:
        """Note where the next bytes lie."""
        if self.pieces:
            before, length = self.pieces[-1]
            if before + length == start:
                self.pieces[-1] = (before, length + size)
                return
        self.pieces.append((start, size))


class _RecordingClient(HttpsClient):
    """Sends as `HttpsClient` does, and lets the tape listen."""

    def __init__(self, tape: Tape, base_url: str, system: str, **options: Any) -> None:  # noqa: ANN401
        super().__init__(system, **options)
        self._tape = tape
        self._base_url = base_url
        self._under_way = threading.local()

    def send(self, method: str, url: str, *, for_token: bool = False, **more: Any) -> Answer:  # noqa: ANN401 -- as there
        """Send one request; what comes of it is kept, an answer or none."""
        if for_token:
            take = Take(Kept(method=method, token=True, began=self._tape.now()))
        else:
            sent = {**self._headers, **(more.get("headers") or {})}
            take = self._heard(
                self._tape.begin, self._base_url, method, url, sent, more.get("body")
            )
        self._under_way.take = take
        try:
            answer = super().send(method, url, for_token=for_token, **more)
        except BaseException as error:
            if take is not None:
                self._heard(self._end, take, error)
            raise
        if take is not None:
            self._heard(self._end, take, None)
        return answer

    def _reader(self, response: Response, exchange: Exchange) -> Callable[[], bytes]:
        """Gives the next bytes, and lets the tape have them."""
        read = super()._reader(response, exchange)
        take: Take | None = self._under_way.take
        if take is None:
            return read
        self._heard(self._answered, take, response)
        if take.kept.token:
            return read

        def listened() -> bytes:
            piece = read()
            self._heard(self._tape.received, take, piece)
            return piece

        return listened

    @staticmethod
    def _answered(take: Take, response: Response) -> None:
        kept = take.kept
        kept.status = response.status_code
        headers: Mapping[str, str] = response.headers if not kept.token else {}
        kept.headers = [(name, headers[name]) for name in _ANSWERED if name in headers]

    def _end(self, take: Take, error: BaseException | None) -> None:
        kept = take.kept
        if isinstance(error, Unreachable):
            if error.timeout:
                kept.ended = "timeout"
            else:
                kept.ended = "no answer" if kept.status is None else "cut off"
        elif error is not None and not isinstance(error, Undecodable):
            return  # the run ends, or the request never left
        self._tape.keep(take)

    def _heard(self, do: Callable[..., Any], *what: Any) -> Any:  # noqa: ANN401
        try:
            return do(*what)
        except Exception as error:  # noqa: BLE001 -- keeping never costs the run
            self._tape.failed(error)
            return None
