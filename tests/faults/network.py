"""The network of a tap that runs in this process: records an honest run, then replays it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from erp_common.http.answer import Answer, receive
from erp_common.http.wire import HttpsClient

Call = tuple[str, bytes | None]


@dataclass
class Honest:
    """The answers of an undisturbed run, by what was asked."""

    answers: dict[Call, Answered] = field(default_factory=dict)

    @property
    def endpoints(self) -> list[str]:
        """What can be asked, by the last fixed part of its address."""
        return sorted({endpoint(url) for url, _ in self.answers})

    def fullest(self, name: str) -> tuple[Call, bytes]:
        """The call of an endpoint with the longest answer, which has most to spoil."""
        of_it = ((call, a.body) for call, a in self.answers.items() if endpoint(call[0]) == name)
        return max(of_it, key=lambda known: len(known[1]))


@dataclass(frozen=True)
class Answered:
    """An answer as it went over the network."""

    status: int
    headers: dict[str, str]
    body: bytes


class Network:
    """Stands where requests leave the process."""

    def __init__(self) -> None:
        """Let requests through and keep their answers."""
        self.honest = Honest()
        self.served: list[bytes] = []
        self._spoilt: tuple[Call, bytes] | None = None
        self._send = HttpsClient.send
        network = self

        def send(wire: HttpsClient, method: str, url: str, **more: Any) -> Answer:
            return network.answer(wire, method, url, **more)

        setattr(HttpsClient, "send", send)  # noqa: B010 - a method is put in its place

    def spoil(self, call: Call, body: bytes) -> None:
        """From now on, answer from memory; this call with this body."""
        self._spoilt = (call, body)
        self.served = []

    def answer(self, wire: HttpsClient, method: str, url: str, **more: Any) -> Answer:
        """Answer a request; an honest run's calls are known, there is nothing at others."""
        call = (url, more.get("body"))
        if self._spoilt is None:
            answer = self._send(wire, method, url, **more)
            self.honest.answers[call] = Answered(answer.status, dict(answer.headers), answer.read())
            return answer
        kept = self.honest.answers.get(call)
        if kept is None:
            kept = Answered(404, {"Content-Type": "text/plain"}, b"")
        elif call == self._spoilt[0]:
            kept = Answered(200, kept.headers, self._spoilt[1])
        self.served.append(kept.body)
        pieces = iter([kept.body])
        headers = {k: v for k, v in kept.headers.items() if k.lower() == "content-type"}
        return receive(lambda: next(pieces, b""), kept.status, Headers(headers))


class Headers(dict[str, str]):
    """Headers that are looked up in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header."""
        return next((v for k, v in self.items() if k.lower() == name.lower()), default)


def endpoint(url: str) -> str:
    """The last part of an address that is neither a number nor a page."""
    parts = urlsplit(url).path.strip("/").split("/")
    return next(p for p in reversed(parts) if not p.isdigit() and "=" not in p and p != "xml")
