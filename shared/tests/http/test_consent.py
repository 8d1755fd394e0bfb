# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""Waiting for a user's consent: what comes from the browser, from the keyboard, and not at all."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from queue import Queue
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from erp_common.auth import pasted
from erp_common.auth.authorization import AuthorizationRequest
from erp_common.auth.consent import CONSENT_TIMEOUT, Consent
from erp_common.errors import ERPAuthenticationError, ERPConnectionError, ERPValidationError
from erp_common.http.addresses import Loopback

ELSEWHERE = "https://elsewhere.example/back"
REQUEST = AuthorizationRequest("Acme ERP", "https://erp.example/authorize", "app", ELSEWHERE)


class Keyboard:
    """A standard input that a test types into."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        source, self._sink = os.pipe()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: source))
        self._source = source

    def type(self, *lines: str, end: bool = False) -> None:
        os.write(self._sink, "".join(f"{line}\n" for line in lines).encode())
        if end:
            self.end()

    def end(self) -> None:
        if self._sink >= 0:
            os.close(self._sink)
            self._sink = -1


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    made = Keyboard(monkeypatch)
    yield made
    made.end()
    # The thread that reads ends now that nothing more can come.
    for thread in threading.enumerate():
        if thread.name == pasted.THREAD:
            thread.join(30)
    os.close(made._source)


class Attempt:
    """One attempt, and what it has said, shown and exchanged."""

    def __init__(self, where: Loopback | None = None, timeout: float = CONSENT_TIMEOUT) -> None:
        self.said: list[str] = []
        self.shown: list[str] = []
        self.codes: list[str] = []
        self._consent = Consent(REQUEST, where, self.said.append, timeout=timeout)

    def make(self, redeem: Callable[[str], str] | None = None) -> None:
        def take(code: str) -> str:
            self.codes.append(code)
            return "Kept."

        self._consent.obtain(self.shown.append, redeem or take)


def answer(**fields: str) -> str:
    return f"{ELSEWHERE}?{urlencode({'state': REQUEST.state, **fields})}"


def test_a_pasted_code(keyboard: Keyboard) -> None:
    attempt = Attempt()
    keyboard.type("the-code")
    attempt.make()
    assert attempt.codes == ["the-code"]
    assert attempt.shown == [REQUEST.address]
    assert "then paste" in attempt.said[0]
    assert attempt.said[-1] == "Kept."


def test_what_is_pasted_wrongly_may_be_pasted_again(keyboard: Keyboard) -> None:
    attempt = Attempt()
    wrong = f"{ELSEWHERE}?code=stolen&state=another"
    keyboard.type("", "   ", "two words", wrong, ELSEWHERE, answer(code="the-code"), "late")
    attempt.make()
    assert attempt.codes == ["the-code"]
    complaints = attempt.said[1:-1]
    assert [("neither" in one, "no answer to" in one) for one in complaints] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_a_last_line_without_its_end(keyboard: Keyboard) -> None:
    attempt = Attempt()
    os.write(keyboard._sink, b"the-code")
    keyboard.end()
    attempt.make()
    assert attempt.codes == ["the-code"]


def test_nothing_is_pasted(keyboard: Keyboard) -> None:
    keyboard.end()
    attempt = Attempt()
    with pytest.raises(ERPAuthenticationError, match="No answer can come"):
        attempt.make()
    assert attempt.codes == []


@pytest.mark.parametrize("source", [None, SimpleNamespace(fileno=lambda: int("none"))])
def test_no_standard_input(monkeypatch: pytest.MonkeyPatch, source: Any) -> None:
    monkeypatch.setattr(sys, "stdin", source)
    attempt = Attempt()
    with pytest.raises(ERPAuthenticationError, match="No answer can come"):
        attempt.make()
    assert attempt.shown == []


def test_a_pasted_denial(keyboard: Keyboard) -> None:
    keyboard.type(answer(error="access_denied"))
    with pytest.raises(ERPAuthenticationError, match="denied"):
        Attempt().make()


def test_a_flood_is_not_kept(keyboard: Keyboard) -> None:
    """Tens of thousands of letters without a line's end are no code."""
    lines: Queue[str | None] = Queue()
    pasted.watch(lines.put, lambda: lines.put(None))
    for _ in range(17):
        os.write(keyboard._sink, b"a" * 4096)
    assert lines.get(timeout=30) is None


@pytest.fixture
def where() -> Loopback:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return Loopback("127.0.0.1", probe.getsockname()[1], "/callback")


def test_nobody_answers(keyboard: Keyboard, where: Loopback) -> None:
    _ = keyboard
    attempt = Attempt(where, timeout=0)
    with pytest.raises(ERPAuthenticationError, match="Nobody has allowed access within"):
        attempt.make()
    assert attempt.shown == [REQUEST.address]
    assert attempt.codes == []


def test_how_long_it_waits_is_said(keyboard: Keyboard, where: Loopback) -> None:
    keyboard.type("the-code")
    attempt = Attempt(where)
    attempt.make()
    assert "for 10 minutes" in attempt.said[0]
    assert f"port {where.port} of 127.0.0.1" in attempt.said[0]


def test_an_input_that_ends_does_not_end_the_waiting(
    monkeypatch: pytest.MonkeyPatch, where: Loopback
) -> None:
    """As with `</dev/null`: the browser may still come."""
    monkeypatch.setattr(sys, "stdin", None)
    attempt = Attempt(where, timeout=0)
    with pytest.raises(ERPAuthenticationError, match="Nobody"):
        attempt.make()
    assert "paste" not in attempt.said[0]


@pytest.mark.parametrize("kind", [ERPAuthenticationError, ERPConnectionError, ERPValidationError])
def test_a_code_that_cannot_be_exchanged(keyboard: Keyboard, kind: type[Exception]) -> None:
    keyboard.type("the-code")

    def refuse(code: str) -> str:
        raise kind(f"not {code}")

    attempt = Attempt()
    with pytest.raises(kind, match="not the-code"):
        attempt.make(refuse)
    assert len(attempt.said) == 1
