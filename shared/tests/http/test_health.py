# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""What a health check makes of each answer, and that it ends in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from erp_common.errors import ERPValidationError
from erp_common.http.dialect import NoRecords
from erp_common.http.health import ConnectionStatus, check
from erp_common.http.request import Request


def as_list(answer: Any) -> Any:
    return msgspec.json.decode(answer.read(), type=list[int])


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"body": b"[1]"}, "connected"),
        ({"status": 404, "body": b'{"message": "sem saldo"}'}, "connected"),
        ({"status": 400, "body": b'{"error": {"description": "data"}}'}, "connected"),
        ({"status": 404, "body": b"<html>"}, "error"),
        ({"status": 404, "body": b"404 not found", "type": "text/plain"}, "error"),
        ({"status": 302}, "error"),
        ({"body": b"<html>", "type": "text/html"}, "error"),
        ({"body": b'{"a": 1}'}, "error"),
        ({"status": 401}, "authentication_failed"),
        ({"status": 403}, "authentication_failed"),
        ({"status": 425}, "rate_limited"),
        ({"status": 429, "headers": {"Retry-After": "3600"}}, "rate_limited"),
        ({"status": 500}, "unreachable"),
        ({"body": b"[1", "cut": 1}, "unreachable"),
    ],
)
def test_each_answer_has_its_status(server: Any, connect: Any, reply: Any, status: str) -> None:
    options = dict(reply)
    headers = {
        "Content-Type": options.pop("type", "application/json"),
        **options.pop("headers", {}),
    }
    server.add(options.pop("body", b"{}"), headers=headers, **options)
    transport = connect()

    def probe(timeout: float) -> None:
        transport.fetch(Request("GET", "/x"), as_list, timeout=timeout, attempts=1)

    before = datetime.now(timezone.utc)
    result = check(probe, 10)
    assert result.status is ConnectionStatus(status)
    assert (result.error_message is None) is (status == "connected")
    assert result.latency_ms >= 0
    assert before <= result.checked_at <= datetime.now(timezone.utc)
    assert len(server.seen) == 1


def test_a_probe_that_hangs_is_given_up() -> None:
    hold = threading.Event()
    result = check(lambda _: hold.wait(30), 0.05)
    hold.set()
    assert result.status is ConnectionStatus.UNREACHABLE
    assert result.error_message is not None
    assert "no answer within 0.05 s" in result.error_message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoRecords(), "connected"),
        (ERPValidationError("settings"), "error"),
        (KeyError("secret-of-somebody"), "error"),
    ],
)
def test_errors_of_other_kinds(error: Exception, status: str) -> None:
    def probe(_: float) -> None:
        raise error

    result = check(probe, 10)
    assert result.status is ConnectionStatus(status)
    assert "secret" not in (result.error_message or "")


def test_nobody_there(connect: Any) -> None:
    transport = connect(base_url="https://localhost:1")
    probe: Callable[[float], object] = lambda timeout: transport.fetch(  # noqa: E731
        Request("GET", "/x"), as_list, timeout=timeout, attempts=1
    )
    result = check(probe, 10)
    assert result.status is ConnectionStatus.UNREACHABLE
    assert "refused" in (result.error_message or "")
