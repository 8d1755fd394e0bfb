"""Serves one page to the browsers of this machine; what they ask for is a secret."""

from __future__ import annotations

import html
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from erp_common.http.addresses import Loopback

logger = logging.getLogger(__name__)

SOCKET_TIMEOUT = 10.0
"""Seconds for a browser to say what it wants, and to take its page."""
_MAX_BODY = 1 << 16
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_LOOKING_AHEAD = ("Sec-Purpose", "Purpose", "X-Moz")


@dataclass(frozen=True)
class Page:
    """What a browser shows."""

    status: HTTPStatus
    title: str
    text: str

    def html(self) -> bytes:
        """The page, which needs nothing from anywhere else."""
        words = {"title": html.escape(self.title), "text": html.escape(self.text)}
        return _PAGE.format(**words).encode()


class VisitServer(ThreadingTCPServer):
    """Has a thread for each connection: browsers open some that they do not use."""

    # Elsewhere it would let another program share the port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, where: Loopback, answer: Callable[[str], Page]) -> None:
        """Listen.

        Args:
            where: The address; every other path is nothing.
            answer: Makes the page for a query; may take its time.

        Raises:
            OSError: The address is taken, or not this machine's.
        """
        self.where = where
        self.answer = answer
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._visitors = 0
        if ":" in where.host:
            self.address_family = socket.AF_INET6
        super().__init__((where.host, where.port), _Visit)

    @contextmanager
    def visit(self) -> Iterator[None]:
        """While a browser waits for its page."""
        with self._changed:
            self._visitors += 1
        try:
            yield
        finally:
            with self._changed:
                self._visitors -= 1
                self._changed.notify_all()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Begin a thread for a connection."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Forget a connection."""
        with self._changed:
            self._open.discard(request)
        super().close_request(request)

    def server_close(self) -> None:
        """Let the browsers take their pages, hang up on those that are silent, end all threads."""
        with self._changed:
            self._changed.wait_for(lambda: not self._visitors, SOCKET_TIMEOUT)
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    logger.debug("a browser has hung up by itself")
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Say what kind of failure it was, and no more."""
        _ = request, client_address
        logger.debug("a browser has gone away (%s)", getattr(sys.exc_info()[0], "__name__", ""))


class _Visit(BaseHTTPRequestHandler):
    """GET of the one path is answered; everything else is turned away and changes nothing."""

    server: VisitServer
    server_version = "erp-taps"
    sys_version = ""
    timeout = SOCKET_TIMEOUT

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path != self.server.where.path:
            self._show(Page(HTTPStatus.NOT_FOUND, "Nothing here", "There is no such page."))
        elif any("prefetch" in (self.headers[name] or "").lower() for name in _LOOKING_AHEAD):
            # Nobody has asked for it yet, and nobody would see how it ends.
            self._show(Page(HTTPStatus.SERVICE_UNAVAILABLE, "Not yet", "Open the address itself."))
        else:
            with self.server.visit():
                self._show(self.server.answer(query))

    def _not_allowed(self) -> None:
        length = self.headers["Content-Length"] or "0"
        if length.isdecimal():
            self.rfile.read(min(int(length), _MAX_BODY))
        page = Page(HTTPStatus.METHOD_NOT_ALLOWED, "Not like this", "Only GET is answered here.")
        self._show(page, {"Allow": "GET"})

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _not_allowed  # noqa: N815 - as http.server has them

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Turn away what cannot be read, without repeating what it said."""
        _ = message, explain
        status = HTTPStatus(code)
        self._show(Page(status, status.phrase, "This is no request of a browser."))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as http.server has it
        """Log nothing: the first line of a request holds the code."""

    def _show(self, page: Page, more: dict[str, str] | None = None) -> None:
        body = page.html()
        self.close_connection = True
        self.send_response(page.status)
        for name, value in {**_HEADERS, **(more or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
