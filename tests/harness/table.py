"""What an ERP may answer, row by row, and what its tap makes of it: no server, no waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import unquote_plus

import pytest
import requests_mock

from erp_common import ERPError, create_connector
from erp_common.http.clock import SystemClock
from erp_common.http.wire import HttpsClient

BASE = "https://erp.example"
FIRST, LAST = date(2024, 1, 1), date(2024, 1, 31)

Said = str | bytes | tuple[int, str] | dict[str, Any]
"""A body, a status with a body, or what `requests_mock` takes."""


class Erp:
    """An ERP that answers what it is told to, and one of its connectors."""

    def __init__(self, erp_type: str, auth_type: str, login: dict[str, str], **config: Any) -> None:
        """Answer nothing yet."""
        self.adapter = requests_mock.Adapter(case_sensitive=True)
        self.waited: list[float] = []
        """Seconds that the connector would have waited."""
        self._asked_for = (erp_type, auth_type, login)
        self._config = {
            "base_url": BASE,
            "retry": {"max_attempts": 2, "base_delay": 0.5, "jitter": False},
            "rate_limit": {"requests": 10_000, "interval": 1, "burst": 10_000},
            **config,
        }

    def on(self, method: str, path: str, *said: Said, when: str = "") -> Erp:
        """Answer these one after the other, the last of them for good.

        Args:
            method: HTTP method.
            path: The path, without parameters.
            said: The answers.
            when: What the query or the body must hold.
        """
        found = [_answer(one) for one in said]

        def asked(request: Any) -> bool:
            return when in f"{unquote_plus(request.query)} {request.text or ''}"

        self.adapter.register_uri(method, BASE + path, found, additional_matcher=asked)
        return self

    @property
    def asked(self) -> list[str]:
        """What was asked for: method, path and parameters."""
        return [
            f"{one.method} {one.path}" + (f"?{unquote_plus(one.query)}" if one.query else "")
            for one in self.adapter.request_history
        ]

    def balances(self) -> str:
        """Each account's closing in January 2024, debit-positive, and what was found."""

        def read(connector: Any) -> str:
            found = connector.get_trial_balance("1", FIRST, LAST)
            sums = [f"{one.account_code} {one.net_closing_balance}" for one in found.accounts]
            codes = [one["code"] for one in found.metadata["findings"]]
            return ", ".join(sums) + "".join(f"; {code}" for code in codes)

        return self._said(read)

    def postings(self, account: str) -> str:
        """Day, debit less credit and text of each posting of an account in January 2024."""

        def read(connector: Any) -> str:
            found = connector.get_subledger_details("1", account, FIRST, LAST)
            return ", ".join(
                f"{one.transaction_date} {one.debit_amount - one.credit_amount} {one.description}"
                for one in found
            )

        return self._said(read)

    def _said(self, read: Callable[[Any], str]) -> str:
        erp_type, auth_type, login = self._asked_for
        with self._no_network(), create_connector(erp_type, auth_type, login, self._config) as it:
            try:
                return read(it)
            except ERPError as error:
                kinds = [one for one in type(error).__mro__ if one.__name__.startswith("ERP")]
                return f"{kinds[0].__name__}: {error}"

    @contextmanager
    def _no_network(self) -> Iterator[None]:
        """Send to the table, on a clock that jumps where it should wait."""

        def wait(_: SystemClock, seconds: float, stop: object = None) -> None:
            del stop  # nobody ends what does not wait
            self.waited.append(round(seconds, 1))

        begun = time.monotonic()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HttpsClient, "_adapter", lambda _: self.adapter)
            patch.setattr(SystemClock, "wait", wait)
            patch.setattr(SystemClock, "monotonic", lambda _: begun + sum(self.waited))
            yield


def _answer(said: Said) -> dict[str, Any]:
    if isinstance(said, dict):
        return said
    status, body = said if isinstance(said, tuple) else (200, said)
    content = body if isinstance(body, bytes) else body.encode()
    kind = "text/html" if content.startswith(b"<html") else "application/json"
    if content.startswith((b"<?xml", b"<retorno")):
        kind = "text/xml"
    return {"status_code": status, "content": content, "headers": {"Content-Type": kind}}
