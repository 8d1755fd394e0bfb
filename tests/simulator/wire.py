"""HTTP/1.1 over TLS on plain sockets, a thread for each connection.

A ready-made HTTP server keeps its promises about lengths and orderly closes; the faults that taps
must survive are broken promises, so this one can be told to break each of them (`Delivery`).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread
from typing import Final

from simulator.http11 import (
    BadRequestError,
    Delivery,
    Pause,
    Reader,
    Request,
    Response,
    head_of,
    keeps_alive,
)

_HANDSHAKE_SECONDS: Final = 20
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class WireServer:
    """Accepts connections on 127.0.0.1 and passes each request to a handler."""

    def __init__(self, handler: Callable[[Request], Response], context: ssl.SSLContext) -> None:
        """Serve `handler`, which must not raise."""
        self._handler = handler
        self._context = context
        self._lock = Lock()
        self._connections: dict[socket.socket, Thread] = {}
        self._acceptor: Thread | None = None
        self._listener: socket.socket | None = None
        self.stopping = Event()
        self.port = 0

    def start(self, port: int = 0) -> None:
        """Listen on `port`, or on a free one."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(256)
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._acceptor = Thread(target=self._accept, args=(listener,), daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Close every connection and wait for the threads to end."""
        self.stopping.set()
        if self._listener is not None:
            _shut(self._listener)
        if self._acceptor is not None:
            self._acceptor.join()
        if self._listener is not None:
            self._listener.close()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            _shut(connection)
        for thread in connections.values():
            thread.join(timeout=10)

    def _accept(self, listener: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            plain.settimeout(_HANDSHAKE_SECONDS)
            connection = self._context.wrap_socket(plain, server_side=True)
            with self._lock:
                self._connections.pop(plain, None)
                self._connections[connection] = current_thread()
            connection.settimeout(None)
            reader = Reader(connection)
            while not self.stopping.is_set():
                request = reader.request()
                if request is None or not self._answer(connection, request):
                    break
        except (OSError, ssl.SSLError, BadRequestError):
            pass  # a client that goes away, or speaks no HTTP, ends its own connection alone
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(connection, None)
                self._connections.pop(plain, None)

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        response = self._handler(request)
        try:
            return self._send(connection, request, response)
        finally:
            _let_go(response)

    def _send(self, connection: socket.socket, request: Request, response: Response) -> bool:
        """Send the answer; false if the connection cannot serve another request."""
        delivery = response.delivery
        self.wait(delivery.before)
        if delivery.silent:
            if delivery.reset:
                _reset(connection)
            return False
        if not isinstance(response.body, bytes):
            if delivery == Delivery(before=delivery.before):
                return self._send_blocks(connection, request, response)
            response.body = b"".join(response.body)
        body = response.body
        length = len(body) if delivery.announced_length is None else delivery.announced_length
        closing = delivery.announced_length is not None or delivery.keep_bytes is not None
        keep = len(body) if delivery.keep_bytes is None else delivery.keep_bytes
        head = head_of(response, f"Content-Length: {length}", closing=closing)
        if request.method == "HEAD":
            _let_go(response)
            connection.sendall(head)
        elif delivery.halfway is None:
            _let_go(response)
            connection.sendall(head + body[:keep])
        else:
            connection.sendall(head + body[: keep // 2])
            self.wait(delivery.halfway)
            _let_go(response)
            connection.sendall(body[keep // 2 : keep])
        if delivery.reset:
            _reset(connection)
        return not closing and not delivery.reset and keeps_alive(request)

    def _send_blocks(self, connection: socket.socket, request: Request, response: Response) -> bool:
        connection.sendall(head_of(response, "Transfer-Encoding: chunked", closing=False))
        for block in response.body:
            if self.stopping.is_set():
                return False
            if block and isinstance(block, bytes):
                connection.sendall(b"%x\r\n%b\r\n" % (len(block), block))
        _let_go(response)
        connection.sendall(b"0\r\n\r\n")
        return keeps_alive(request)

    def wait(self, pause: Pause | None) -> None:
        """Wait as told; a server that stops waits no longer."""
        if pause is None:
            return
        if isinstance(pause.until, Event):
            while not pause.until.wait(0.02) and not self.stopping.is_set():
                pass
        else:
            self.stopping.wait(pause.until)


def _let_go(response: Response) -> None:
    """Note that it leaves, before the last bytes do: whoever has it asks the next at once."""
    on_sent, response.on_sent = response.on_sent, None
    if on_sent is not None:
        on_sent()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed already
        # The plain method: the TLS one would take the connection from under its own thread.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """Close without a word: the kernel sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    connection.close()
