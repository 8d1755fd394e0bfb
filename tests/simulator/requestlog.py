"""What the simulator was asked: the record that tests count and inspect."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import Any


@dataclass
class LoggedRequest:
    """A request; status, finished and fault are set when it has been answered.

    Attributes:
        erp: `omie`, `totvs`, `contaazul`, `bling`, `bling_v2`; empty for an unknown address.
        endpoint: The call or the last fixed part of the path, e.g. `ListarMovimentos`,
            `balancete`, `transactions`, `movimentacoes`, `token`.
        params: The query's parameters; for Omie the object in `param`.
        account: The account's code where one is asked for.
        headers: As received, names in lower case.
        started: Monotonic seconds at arrival.
        finished: Monotonic seconds when the last of the answer left, None before.
        status: HTTP status, None before the answer and after a reset.
        fault: Name of the scripted fault that was served instead.
        rejected: The limit that turned the request down (`rate`, `concurrency`, `day`).
    """

    number: int
    erp: str
    endpoint: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    company: str | None = None
    account: str | None = None
    page: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)
    finished: float | None = None
    status: int | None = None
    fault: str | None = None
    rejected: str | None = None


Where = Callable[[LoggedRequest], bool]


class RequestLog:
    """The requests in order of arrival; safe to read while they come in."""

    def __init__(self, keep: int | None = None) -> None:
        """Keep the last `keep` requests, or all of them."""
        self._changed = Condition()
        self._requests: deque[LoggedRequest] = deque(maxlen=keep)
        self._arrived = 0

    def __iter__(self) -> Iterator[LoggedRequest]:
        """Iterate over a copy."""
        with self._changed:
            return iter(list(self._requests))

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._requests)

    def __getitem__(self, index: int) -> LoggedRequest:
        """Return one request; -1 is the latest."""
        with self._changed:
            return self._requests[index]

    def add(self, request: LoggedRequest) -> None:
        """Record an arrival."""
        with self._changed:
            self._arrived += 1
            request.number = self._arrived
            self._requests.append(request)
            self._changed.notify_all()

    def finish(self, request: LoggedRequest) -> None:
        """Record that the answer leaves."""
        with self._changed:
            request.finished = monotonic()
            self._changed.notify_all()

    def select(
        self, erp: str | None = None, endpoint: str | None = None, where: Where | None = None
    ) -> list[LoggedRequest]:
        """Return the requests to one ERP, to one endpoint, or that satisfy a predicate."""
        return [
            request
            for request in self
            if (erp is None or request.erp == erp)
            and (endpoint is None or request.endpoint == endpoint)
            and (where is None or where(request))
        ]

    def count(
        self, erp: str | None = None, endpoint: str | None = None, where: Where | None = None
    ) -> int:
        """Return how many `select` finds."""
        return len(self.select(erp, endpoint, where))

    def most_in_flight(self, erp: str | None = None, endpoint: str | None = None) -> int:
        """Return the largest number of requests that were unanswered at one moment."""
        moments = []
        for request in self.select(erp, endpoint):
            moments.append((request.started, 1))
            if request.finished is not None:
                moments.append((request.finished, -1))
        most = now = 0
        for _, change in sorted(moments):
            now += change
            most = max(most, now)
        return most

    def wait_for(
        self,
        count: int,
        *,
        erp: str | None = None,
        endpoint: str | None = None,
        where: Where | None = None,
        timeout: float = 30,
    ) -> None:
        """Wait until `count` matching requests have arrived; TimeoutError if they do not."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self.count(erp, endpoint, where) >= count, timeout
            ):
                raise TimeoutError(f"{self.count(erp, endpoint, where)} of {count} requests came")

    def clear(self) -> None:
        """Forget every request."""
        with self._changed:
            self._requests.clear()
