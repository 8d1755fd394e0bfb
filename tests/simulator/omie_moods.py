"""Omie's moods: how it words a fault, and the calls that it will not take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from threading import Lock
from time import monotonic
from typing import Literal

import msgspec

from simulator.http11 import Response
from simulator.service import Options, Refusal


@dataclass
class OmieOptions(Options):
    """Omie's moods.

    Attributes:
        page_cap: Omie serves at most 500 rows a page.
        natural: Balances of credit-natured accounts positive on the credit side.
        stated_type: Whether `cTipoConta` is given.
        fault_status: HTTP status of business faults; sometimes it is 200.
        fault_as_list: Faults as `[{"CODIGO", "MENSAGEM", "ORIGEM"}]`.
        empty: How an empty result is said: by a fault, or by an empty list.
        redundant_window: Seconds in which the same call again is refused; None for never.
        one_at_a_time: A method's second call is refused while the first is under way.
        no_duplicates: The same call again is refused while the first is under way.
        misuse_after: Failing calls of a method in a row that block it; None for never.
        misuse_counts_empty: Whether "no records" counts among them.
        misuse_seconds: How long a block lasts.
        broken_above: Pages of more rows than this break; None for never.
    """

    page_cap: int | None = 500
    natural: bool = False
    stated_type: bool = True
    fault_status: int = 500
    fault_as_list: bool = False
    empty: Literal["5113", "101", "5094", "list"] = "5113"
    redundant_window: float | None = None
    one_at_a_time: bool = False
    no_duplicates: bool = False
    misuse_after: int | None = 10
    misuse_counts_empty: bool = False
    misuse_seconds: int = 1800
    broken_above: int | None = None


class NoRecords(Refusal):
    """An answer without rows, which Omie too states as a fault."""


def fault(options: OmieOptions, text: str, code: str, status: int | None = None) -> Response:
    """Return a fault; business faults have the status that the options say."""
    number = code.rpartition("-")[2]
    body: object = {"faultstring": text, "faultcode": code}
    if options.fault_as_list:
        body = [{"CODIGO": number, "MENSAGEM": text, "ORIGEM": "API"}]
    return Response(
        status or options.fault_status,
        msgspec.json.encode(body),
        headers={"OmieAPI-Error": f"{number} - {text}"},
    )


class Guard:
    """Refuses calls that come too often, too early, twice at once or after too many failures."""

    def __init__(self, options: OmieOptions) -> None:
        """Refuse what the options say at the time of each call."""
        self._options = options
        self._lock = Lock()
        self._failing: Counter[str] = Counter()
        self._blocked: dict[str, float] = {}
        self._answered: dict[bytes, float] = {}
        self._under_way: Counter[object] = Counter()

    @contextmanager
    def call(self, method: str, body: bytes) -> Iterator[None]:
        """Admit a call for as long as the block lasts, or raise `Refusal`."""
        with self._lock:
            refused = self._refusal(method, body)
            if refused is None:
                self._under_way.update((method, body))
        if refused is not None:
            raise Refusal(refused)
        try:
            yield
        except Refusal as refusal:
            if self._options.misuse_counts_empty or not isinstance(refusal, NoRecords):
                self._failed(method)
            raise
        else:
            with self._lock:
                del self._failing[method]
                self._answered[body] = monotonic()
        finally:
            with self._lock:
                self._under_way.subtract((method, body))

    def _refusal(self, method: str, body: bytes) -> Response | None:
        options, now = self._options, monotonic()
        blocked = self._blocked.get(method, 0) - now
        if blocked > 0:
            text = (
                "ERROR: API bloqueada por consumo indevido. "
                f"Tente novamente em {int(blocked) + 1} segundos."
            )
            return fault(options, text, "MISUSE_API_PROCESS", status=425)
        if options.no_duplicates and self._under_way[body]:
            moment = datetime.now(timezone.utc) + timedelta(seconds=60)
            text = (
                "ERROR: Esta requisição já foi processada ou está sendo processada. "
                f"Você pode tentar novamente às {moment:%H:%M:%S}."
            )
            return fault(options, text, "SOAP-ENV:Client-8020")
        if options.one_at_a_time and self._under_way[method]:
            text = "ERROR: Já existe uma requisição desse método sendo executada"
            return fault(options, text, "SOAP-ENV:Client-1880")
        left = (options.redundant_window or 0) - (now - self._answered.get(body, float("-inf")))
        if left > 0:
            self._answered[body] = now  # an early retry starts the wait again
            text = (
                f"ERROR: Consumo redundante detectado. Aguarde {int(left) + 1} segundos "
                "para tentar novamente. (REDUNDANT)"
            )
            return fault(options, text, "SOAP-ENV:Client-6")
        return None

    def _failed(self, method: str) -> None:
        if self._options.misuse_after is None:
            return
        with self._lock:
            self._failing[method] += 1
            if self._failing[method] >= self._options.misuse_after:
                del self._failing[method]
                self._blocked[method] = monotonic() + self._options.misuse_seconds
