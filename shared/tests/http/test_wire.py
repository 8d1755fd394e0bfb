# ruff: noqa: INP001 -- a package of this name would hide the standard library's http
"""One request over the network: when it leaves, and through what."""

from __future__ import annotations

import gc
import select
import socket
import struct
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.wire import HttpsClient, Unreachable


@pytest.fixture
def wire(ca_bundle: str) -> Iterator[HttpsClient]:
    wire = HttpsClient("Omie", ca_bundle=ca_bundle)
    yield wire
    wire.close()


def test_its_turn_comes_when_the_connection_stands(server: Any, wire: HttpsClient) -> None:
    turns = []

    def turn() -> None:
        # Accepted and encrypted, but not a byte of the request is out.
        turns.append((len(server.seen), len(server.accepted)))

    for _ in range(2):
        wire.send("GET", f"{server.url}/x", timeout=10, turn=turn).close()
    assert turns == [(0, 1), (1, 1)]


def test_what_was_closed_while_it_waited_is_opened_again(server: Any, wire: HttpsClient) -> None:
    wire.send("GET", f"{server.url}/x", timeout=10).close()
    answer = wire.send("GET", f"{server.url}/x", timeout=10, turn=server.hang_up)
    assert answer.status == 200
    answer.close()
    assert len(server.accepted) == 2


def test_a_turn_that_fails_sends_nothing(server: Any, wire: HttpsClient) -> None:
    def turn() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        wire.send("GET", f"{server.url}/x", timeout=10, turn=turn)
    assert server.seen == []
    wire.send("GET", f"{server.url}/x", timeout=10).close()


def test_a_connection_reset_before_the_handshake_is_closed(
    wire: HttpsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
            connected = socket.create_connection(address)
            accepted, _peer = listening.accept()
            no_linger = struct.pack("ii", 1, 0)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            accepted.close()
            select.select([connected], [], [], 10)
            return connected

        monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with pytest.raises(Unreachable, match="was reset"):
                wire.send("GET", f"https://localhost:{listening.getsockname()[1]}/", timeout=10)
            gc.collect()
    assert [str(each.message) for each in told] == []


class Proxy:
    """Passes one connection after another on to where it is asked to."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked: list[str] = []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            client, _ = self.socket.accept()
            with client:
                head = client.recv(65536).decode()
                if not head:
                    return
                self.asked.append(head)
                host, port = head.split()[1].split(":")
                with socket.create_connection((host, int(port))) as target:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    self.pipe(client, target)

    @staticmethod
    def pipe(client: socket.socket, target: socket.socket) -> None:
        while True:
            for source in select.select([client, target], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (target if source is client else client).sendall(data)

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join(10)
        self.socket.close()


def test_through_a_proxy(server: Any, connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy()
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:geheim@127.0.0.1:{proxy.port}")
    transport = connect()
    assert transport.fetch(Request("GET", "/x"), Answer.read) == b"{}"
    transport.close()
    proxy.close()
    assert proxy.asked[0].startswith(f"CONNECT localhost:{server.port}")
    assert "Proxy-Authorization: Basic" in proxy.asked[0]
