"""Connections that wait for a request's turn when they stand, and not before.

A name to look up and a TLS handshake delay one request more than the next. Taken before them,
turns in the allowance would reach the ERP closer together than it allows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection


class TurnWait:
    """The moment at which a request leaves; a `with` around the sending of it."""

    def __init__(self, turn: Callable[[], None]) -> None:
        """Leave when `turn` returns."""
        self.at: float | None = None
        """When it left, on the clock that does not jump."""
        self._turn = turn
        self._token: Token[TurnWait | None] | None = None

    def wait(self) -> float:
        """Wait for the turn, once, and tell when it came."""
        if self.at is None:
            self._turn()
            self.at = time.monotonic()
        return self.at

    def __enter__(self) -> None:
        """Let this thread's next request wait."""
        self._token = _TURN_WAIT.set(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let no other request wait for this turn."""
        if self._token is not None:
            _TURN_WAIT.reset(self._token)


_TURN_WAIT: ContextVar[TurnWait | None] = ContextVar("turn_wait", default=None)


_IDLE = 5.0
"""Seconds of waiting, after a penalty, beyond which a connection may have been closed."""


class _Connection(HTTPSConnection):
    """By the time `request` is called, urllib3 has connected and checked the certificate."""

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as urllib3 calls it
        turn_wait = _TURN_WAIT.get()
        if turn_wait is not None:
            began = time.monotonic()
            # Servers close what lies idle. Shorter waits are not looked at: just after a TLS
            # handshake, unread session tickets look like the end of a connection.
            if turn_wait.wait() - began > _IDLE and self.proxy is None and not self.is_connected:
                self.close()
                self.connect()
        super().request(*args, **options)


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class WaitingAdapter(HTTPAdapter):
    """Sends through connections that wait for their turn."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as requests does
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        _use(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 -- as requests does
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        _use(manager)
        return manager


def _use(manager: PoolManager) -> None:
    classes: MutableMapping[str, Any] = dict(manager.pool_classes_by_scheme)
    manager.pool_classes_by_scheme = {**classes, "https": _Pool}
