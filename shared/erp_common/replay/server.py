"""Serves a capture over TLS on the loopback, as the ERP answered."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from erp_common.errors import ERPValidationError
from erp_common.replay.deck import TOKEN, TOKEN_PATH, Deck
from erp_common.replay.player import MISSING

_JSON = [("Content-Type", "application/json")]
_FRAMING = frozenset({"content-length", "transfer-encoding", "date"})
_SILENT = 600.0


class Served(NamedTuple):
    """Where a capture is served: the settings that a tap needs, and what it asked in vain."""

    base_url: str
    token_url: str
    ca_bundle: str
    deck: Deck


@contextmanager
def serving(deck: Deck, port: int = 0) -> Iterator[Served]:
    """Serve answers on this port, a free one by default.

    Raises:
        ERPValidationError: The package that makes certificates is not installed.
    """
    try:
        import trustme  # noqa: PLC0415 -- nothing else needs it
    except ImportError:
        raise ERPValidationError(
            "Serving a capture over TLS needs a certificate; install the extra that brings it: "
            'pip install "erp-common[replay]". --show and --run need none.'
        ) from None
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with TemporaryDirectory() as folder, _Server(deck, port) as server:
        bundle = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        base = f"https://localhost:{server.server_port}"
        try:
            yield Served(base, base + TOKEN_PATH, str(bundle), deck)
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, deck: Deck, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.deck = deck
        self.ended = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a tap that goes away is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        """Answer as the ERP did."""
        address = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if address.path == TOKEN_PATH:
            self._send(200, _JSON, TOKEN)
            return
        found = self.server.deck.find(
            self.command, address.path, address.query, sent, self.headers.get("tenantId")
        )
        if found is None:
            self._send(404, _JSON, MISSING)
            return
        kept, body = found
        if kept.ended == "timeout":
            self.server.ended.wait(_SILENT)
        if kept.ended in {"timeout", "no answer"} or kept.status is None:
            self.close_connection = True
        else:
            self._send(kept.status, kept.headers, body, cut_off=kept.ended == "cut off")

    do_POST = do_GET  # noqa: N815 -- as http.server has it

    def _send(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut_off: bool = False
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _FRAMING:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + cut_off))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)
            self.wfile.flush()
        self.close_connection = self.close_connection or cut_off

    def log_message(self, *_: object) -> None:
        """Be quiet."""
