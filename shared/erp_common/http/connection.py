"""Connections under bounds: the time and the size of an exchange, and nothing left over.

A request waits for its turn when its connection stands, and not before: a name to look up and a TLS
handshake delay one request more than the next. Taken before them, turns in the allowance would
reach the ERP closer together than it allows.

From then on each read from the socket may take what is left of the request's time, and counts
towards what an answer may weigh. That holds for whatever is read: the answer of a proxy to CONNECT,
status lines, `100 Continue`, headers, chunks and trailers.
"""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from erp_common.http.answer import BoundExceeded

MAX_RECEIVED = 1 << 30
"""Bytes of an answer on the wire, headers included."""


class Exchange:
    """One request and its answer; a `with` around both."""

    def __init__(self, timeout: float, turn: Callable[[], None]) -> None:
        """Allow `timeout` seconds to connect, and as many from `turn`'s return to the last byte.

        A single read may take a hundredth of them more (`slack`).
        """
        self._timeout = timeout
        self.slack = timeout / 100
        self._turn = turn
        self._waited = False
        self._deadline = time.monotonic() + timeout
        self._received = 0

    def wait_for_turn(self) -> None:
        """Wait for the turn, once; the time for the exchange begins with it."""
        if not self._waited:
            self._turn()
            self._waited = True
            self._deadline = time.monotonic() + self._timeout

    def left(self) -> float:
        """The seconds that are left.

        Raises:
            TimeoutError: There are none.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def count(self, received: int) -> None:
        """Count bytes from the wire.

        Raises:
            BoundExceeded: There are more than an answer may have.
        """
        self._received += received
        if self._received > MAX_RECEIVED:
            raise BoundExceeded(f"more than {MAX_RECEIVED >> 30} GiB")

    def __enter__(self) -> None:
        """Let this thread's connection keep to these bounds."""
        self._token = _EXCHANGE.set(self)

    def __exit__(self, *_: object) -> None:
        """End the exchange."""
        _EXCHANGE.reset(self._token)


_EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")
"""The one under way; connections are used within one alone."""


class _Bounded:
    """What a socket of either kind does under the bounds of the exchange under way."""

    surplus = False
    """Whether bytes have come that belong to no answer."""
    _held = False

    def recv_into(self, *args: Any) -> int:  # noqa: ANN401 -- as each kind of socket has it
        """Read into a buffer, as long as there is time."""
        if self._held:
            raise BlockingIOError(errno.EAGAIN, "nothing more is read")
        exchange = self._kept_to()
        received: int = super().recv_into(*args)  # type: ignore[misc]
        exchange.count(received)
        return received

    def recv(self, *args: Any) -> bytes:  # noqa: ANN401 -- as each kind of socket has it
        """Read bytes, as long as there is time."""
        exchange = self._kept_to()
        data: bytes = super().recv(*args)  # type: ignore[misc]
        exchange.count(len(data))
        return data

    def _kept_to(self) -> Exchange:
        """The exchange, of whose time the next read may take what is left, or a hundredth more.

        To set it at every read is a call to the system, after which the threads that decode and
        write have to hand the interpreter over.
        """
        exchange = _EXCHANGE.get()
        left, allowed = exchange.left(), self.gettimeout()  # type: ignore[attr-defined]
        if allowed is None or not left <= allowed <= left + exchange.slack:
            self.settimeout(left)  # type: ignore[attr-defined]
        return exchange

    def look_for_surplus(self, reader: Any) -> None:  # noqa: ANN401 -- the socket's buffered file
        """See whether a reader that has come to an answer's end holds more than that answer."""
        self._held = True
        try:
            self.surplus = self.surplus or bool(reader.peek(1))
        except (OSError, ValueError):  # it timed out, and reads no more
            self.surplus = True
        finally:
            self._held = False


_GOES_ON = (errno.ENOTCONN, errno.EINVAL)
"""What Python takes for a socket that is not connected, and goes on with."""


class _BoundedSocket(_Bounded, socket.socket):
    """A socket to a server or a proxy."""


class _BoundedTLSSocket(_Bounded, ssl.SSLSocket):
    """The same, encrypted."""

    _sslobj: object

    def recv(self, *args: Any) -> bytes:  # noqa: ANN401 -- as each kind of socket has it
        """Read bytes; where that fails before the handshake, the socket is closed.

        Python itself reads then, from a connection that the other side has reset already, and
        leaves the socket to the garbage collector.
        """
        try:
            return super().recv(*args)
        except OSError as error:
            if self._sslobj is None and error.errno not in _GOES_ON:
                self.close()
            raise

    def is_idle(self) -> bool:
        """Whether the other side neither has closed the connection nor sent what nobody asked for.

        Unread session tickets of TLS, which make the socket readable, are neither.
        """
        self.settimeout(0)
        try:
            super(_Bounded, self).recv(1)
        except (ssl.SSLWantReadError, BlockingIOError):
            return not self.surplus
        except OSError:
            return False
        return False


class _Answer(HTTPResponse):
    """Tells the socket whether more came than the answer."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as http.client calls it
        self._socket = sock
        super().__init__(sock, *args, **options)

    def _close_conn(self) -> None:
        reader = self.fp
        if isinstance(self._socket, _Bounded) and not reader.closed:
            self._socket.look_for_surplus(reader)
        super()._close_conn()  # type: ignore[misc]


class _Connection(HTTPSConnection):
    """By the time `request` is called, urllib3 has connected and checked the certificate."""

    response_class = _Answer
    _used = False
    _tunnel_again: Callable[[], None] | None = None

    def connect(self) -> None:
        """Connect, by sockets that keep to the bounds."""
        if self.ssl_context is None:
            self.ssl_context = _bounded_context()
        self._used = False
        super().connect()

    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        timeout = plain.gettimeout()
        bounded = _BoundedSocket(plain.family, plain.type, plain.proto, plain.detach())
        bounded.settimeout(timeout)
        return bounded

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as urllib3 calls it
        _EXCHANGE.get().wait_for_turn()
        if self._used and not self._is_idle():
            self._connect_anew()
        self._used = True
        super().request(*args, **options)

    def _is_idle(self) -> bool:
        if isinstance(self.sock, _BoundedTLSSocket):
            return self.sock.is_idle()
        return self.is_connected  # TLS within the TLS of a proxy

    def _connect_anew(self) -> None:
        """Leave a connection whose next bytes would not be the answer to the next request."""
        self.close()
        if self._tunnel_again is not None:
            self._tunnel_again()
        self.connect()

    def set_tunnel(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as urllib3 calls it
        """Go through a proxy; closing forgets that, so it is remembered here."""
        self._tunnel_again = partial(super().set_tunnel, *args, **options)
        self._tunnel_again()


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class BoundedAdapter(HTTPAdapter):
    """Sends through connections that wait for their turn and keep to bounds."""

    def __init__(self, authorities: str | bool) -> None:  # noqa: FBT001 -- as requests has it
        """Prepare to send; certificates are checked against these authorities."""
        self._authorities = authorities
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as requests does
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        _use(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 -- as requests does
        """Make the pools of connections through a proxy."""
        if proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = _proxy_context(self._authorities)
        manager = super().proxy_manager_for(proxy, **options)
        _use(manager)
        return manager


def _proxy_context(authorities: str | bool) -> ssl.SSLContext:  # noqa: FBT001 -- as requests has it
    """For the TLS of a proxy itself; certificates are checked against the same authorities."""
    context = _bounded_context()
    where = authorities if isinstance(authorities, str) else DEFAULT_CA_BUNDLE_PATH
    if Path(where).is_dir():
        context.load_verify_locations(capath=where)
    else:
        context.load_verify_locations(cafile=where)
    return context


def _bounded_context() -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.sslsocket_class = _BoundedTLSSocket
    return context


def _use(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": _Pool}
