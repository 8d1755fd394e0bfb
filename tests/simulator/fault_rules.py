"""Which request a scripted fault befalls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from simulator.http11 import Request, Response
from simulator.oauth import Tokens
from simulator.requestlog import LoggedRequest, Where
from simulator.service import Service


@dataclass
class Exchange:
    """A request on its way, and the honest answer for the fault to spoil."""

    request: Request
    logged: LoggedRequest
    service: Service
    tokens: Tokens
    proceed: Callable[[], Response]

    def honest(self) -> Response:
        """Return the honest answer with its body in one piece."""
        response = self.proceed()
        if not isinstance(response.body, bytes):
            response.body = b"".join(response.body)
        return response


@dataclass(frozen=True)
class Fault:
    """A named way to answer."""

    name: str
    act: Callable[[Exchange], Response]


@dataclass
class Rule:
    """A fault and the requests it befalls; `hits` counts them."""

    fault: Fault
    erp: str | None
    endpoint: str | None
    where: Where | None
    nth: int
    times: int | None
    seen: int = 0
    hits: int = 0
    cancelled: bool = False

    def fires(self, logged: LoggedRequest) -> bool:
        """Count a request, and say whether the fault befalls it."""
        if self.cancelled or (self.times is not None and self.hits >= self.times):
            return False
        if self.erp not in (None, logged.erp):
            return False
        # A token request is only meant when it is named.
        if logged.endpoint != self.endpoint and (self.endpoint or logged.endpoint == "token"):
            return False
        if self.where is not None and not self.where(logged):
            return False
        self.seen += 1
        if self.seen < self.nth:
            return False
        self.hits += 1
        return True

    def cancel(self) -> None:
        """Befall no further request."""
        self.cancelled = True


@dataclass
class Faults:
    """The faults to come; the first rule that fires decides."""

    _rules: list[Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(
        self,
        fault: Fault,
        *,
        erp: str | None = None,
        endpoint: str | None = None,
        where: Where | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Rule:
        """Let a fault befall the nth matching request from now, and the `times - 1` after it.

        Args:
            fault: What happens.
            erp: Only requests to this ERP.
            endpoint: Only requests to this endpoint; token requests only when named `token`.
            where: Only requests that satisfy this predicate.
            nth: From 1.
            times: None for every one from the nth on.
        """
        rule = Rule(fault, erp, endpoint, where, nth, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()

    def next(self, logged: LoggedRequest) -> Fault | None:
        """Return the fault that befalls this request."""
        with self._lock:
            for rule in self._rules:
                if rule.fires(logged):
                    return rule.fault
        return None
