"""Faults on demand: what servers, proxies and networks do to an answer.

A fault is one of the functions below; `Faults.add` says which requests it befalls::

    sim.faults.add(status(503), erp="omie", endpoint="ListarMovimentos", nth=2, times=3)
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from threading import Event
from typing import Literal

import msgspec

from simulator.fault_rules import Exchange, Fault
from simulator.http11 import Delivery, Pause, Response
from simulator.limits import Limit, Reason, Rejection
from simulator.oauth import bearer_token

__all__ = [
    "Exchange",
    "Fault",
    "answer",
    "blocked",
    "delivered",
    "empty_body",
    "expired_token",
    "forbidden",
    "garbage",
    "gzip_body",
    "html",
    "long_body",
    "null_body",
    "omie",
    "rate_limited",
    "reset",
    "reset_in_body",
    "short_body",
    "slow_body",
    "slow_first_byte",
    "status",
    "truncated",
    "unauthorized",
]

_HTML = b"<!DOCTYPE html><html><head><title>%b</title></head><body><h1>%b</h1></body></html>"


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


def omie(code: str, text: str, status: int = 500) -> Fault:
    """A business fault in Omie's form, e.g. `omie("SOAP-ENV:Client-6", "… Aguarde 2 segundos")`."""
    body = msgspec.json.encode({"faultstring": text, "faultcode": code})
    return Fault(f"omie {code}", lambda _: Response(status, body))


def blocked(seconds: int = 1678) -> Fault:
    """425, Omie's punishment for misuse."""
    text = f"ERROR: API bloqueada por consumo indevido. Tente novamente em {seconds} segundos."
    return omie("MISUSE_API_PROCESS", text, 425)
