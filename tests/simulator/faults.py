"""Faults on demand: what servers, proxies and networks do to an answer.

A fault is one of the functions below; `Faults.add` says which requests it befalls::

    sim.faults.add(status(503), erp="omie", endpoint="ListarMovimentos", nth=2, times=3)
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from threading import Event, Lock
from typing import Literal

from simulator.limits import Limit, Reason, Rejection
from simulator.oauth import Tokens, bearer_token
from simulator.requestlog import LoggedRequest, Where
from simulator.service import Service
from simulator.wire import Delivery, Pause, Request, Response

_HTML = b"<!DOCTYPE html><html><head><title>%b</title></head><body><h1>%b</h1></body></html>"


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


def answer(status: int, body: bytes = b"", content_type: str | None = "application/json") -> Fault:
    """Any answer at all."""
    return Fault(f"answer {status}", lambda _: Response(status, body, content_type))


def status(code: int) -> Fault:
    """An error status with a JSON body of no vendor's form."""
    body = b'{"message":"simulated fault","status":%d}' % code
    return Fault(f"status {code}", lambda _: Response(code, body))


def html(code: int = 502) -> Fault:
    """An error page of a proxy; with 200 a login or maintenance page."""
    title = b"502 Bad Gateway" if code == 502 else b"Sistema em manutencao"
    page = _HTML % (title, title)
    return Fault(f"html {code}", lambda _: Response(code, page, "text/html; charset=utf-8"))


def empty_body() -> Fault:
    """Status 200 without a body."""
    return Fault("empty body", lambda _: Response(200, b""))


def null_body() -> Fault:
    """Status 200 and the JSON value null."""
    return Fault("null body", lambda _: Response(200, b"null"))


def garbage() -> Fault:
    """Status 200 and bytes that are no text in any encoding."""
    return Fault("garbage", lambda _: Response(200, b"\x00\xff\xfe\x81\x8d" * 40))


def delivered(name: str, spoil: Callable[[bytes], Delivery]) -> Fault:
    """The honest answer, badly delivered."""

    def act(exchange: Exchange) -> Response:
        response = exchange.honest()
        assert isinstance(response.body, bytes)
        response.delivery = spoil(response.body)
        return response

    return Fault(name, act)


def reset() -> Fault:
    """The connection is reset before any byte of an answer; the request is not carried out."""
    delivery = Delivery(silent=True, reset=True)
    return Fault("reset", lambda _: Response(0, delivery=delivery))


def reset_in_body() -> Fault:
    """The connection is reset after half of the body."""
    return delivered(
        "reset in body",
        lambda body: Delivery(announced_length=len(body), keep_bytes=len(body) // 2, reset=True),
    )


def short_body() -> Fault:
    """An orderly close after half of the announced length."""
    return delivered(
        "short body", lambda body: Delivery(announced_length=len(body), keep_bytes=len(body) // 2)
    )


def long_body() -> Fault:
    """A Content-Length smaller than the body: a client that believes it sees half a document."""
    return delivered("long body", lambda body: Delivery(announced_length=len(body) // 2))


def truncated() -> Fault:
    """Half a document under a Content-Length that matches."""

    def act(exchange: Exchange) -> Response:
        response = exchange.honest()
        assert isinstance(response.body, bytes)
        response.body = response.body[: len(response.body) // 2]
        return response

    return Fault("truncated", act)


def slow_first_byte(until: float | Event) -> Fault:
    """Nothing comes for so many seconds, or until the event is set."""
    return delivered("slow first byte", lambda _: Delivery(before=Pause(until)))


def slow_body(until: float | Event) -> Fault:
    """The second half of the body keeps the client waiting."""
    return delivered("slow body", lambda _: Delivery(halfway=Pause(until)))


def gzip_body(*, labelled: bool = True) -> Fault:
    """A compressed body; without the label it is no JSON."""

    def act(exchange: Exchange) -> Response:
        response = exchange.honest()
        assert isinstance(response.body, bytes)
        response.body = gzip.compress(response.body, 1)
        if labelled:
            response.headers["Content-Encoding"] = "gzip"
        return response

    return Fault("gzip body", act)


def unauthorized() -> Fault:
    """The vendor's answer to a wrong key."""
    return Fault("unauthorized", lambda exchange: exchange.service.unauthorized())


def forbidden() -> Fault:
    """The vendor's answer to a missing permission."""
    return Fault("forbidden", lambda exchange: exchange.service.forbidden())


def expired_token() -> Fault:
    """The token of the request is revoked before it is looked at."""

    def act(exchange: Exchange) -> Response:
        token = bearer_token(exchange.request)
        if token is None:
            return exchange.service.unauthorized()
        exchange.tokens.revoke(token)
        return exchange.proceed()

    return Fault("expired token", act)


def rate_limited(
    retry_after: float | None = None,
    *,
    form: Literal["seconds", "date"] = "seconds",
    reason: Reason = "rate",
) -> Fault:
    """429 in the vendor's form, with `Retry-After` in seconds or as a date if given."""

    def act(exchange: Exchange) -> Response:
        limit = Limit(3, 1, 3, per_day=120_000)
        response = exchange.service.too_many(Rejection(reason, limit, retry_after or 1))
        if retry_after is not None:
            moment = datetime.now(timezone.utc) + timedelta(seconds=retry_after)
            response.headers["Retry-After"] = (
                f"{retry_after:g}" if form == "seconds" else format_datetime(moment, usegmt=True)
            )
        return response

    return Fault("rate limited", act)


def blocked(seconds: int = 1678) -> Fault:
    """425, Omie's punishment for misuse."""
    body = (
        '{"faultstring":"ERROR: API bloqueada por consumo indevido. '
        f'Tente novamente em {seconds} segundos.","faultcode":"MISUSE_API_PROCESS"}}'
    )
    return Fault("blocked", lambda _: Response(425, body.encode()))
