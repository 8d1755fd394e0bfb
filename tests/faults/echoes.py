"""An ERP that says back what it was told: keys and tokens, in every place of an answer."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from faults.erps import Erp
from simulator.faults import Exchange, Fault
from simulator.http11 import Delivery, Response

Say = Callable[[Erp, str], Response]


@dataclass(frozen=True)
class Echo:
    """A place of an answer in which secrets come back.

    Attributes:
        name: For the test's name.
        say: Makes the answer out of the text that holds them.
    """

    name: str
    say: Say

    def fault(self, erp: Erp, secrets: Sequence[str]) -> Fault:
        """The answer as a fault: the request as it came, and each secret in each of its forms."""

        def act(exchange: Exchange) -> Response:
            request = exchange.request
            sent = [
                request.target,
                *request.headers.values(),
                request.body.decode(errors="replace"),
            ]
            spelt = [spelling for secret in secrets for spelling in spellings(secret)]
            return self.say(erp, " ".join([*spelt, *sent]))

        return Fault(self.name, act)

    def __str__(self) -> str:
        """Its name."""
        return self.name


def spellings(secret: str) -> list[str]:
    """A secret as servers write it: into pages, addresses, JSON, and encoded as a whole."""
    return [
        secret,
        html.escape(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret),
        base64.b64encode(secret.encode()).decode(),
    ]


def _refusal(status: int) -> Say:
    return lambda erp, text: Response(status, _refused(erp, text), _content_type(erp))


def _refused(erp: Erp, text: str) -> bytes:
    """An error in the vendor's own form."""
    if erp.xml:
        told = escape(text).encode(errors="xmlcharrefreplace")
        return b"<retorno><erros><erro><cod>9</cod><msg>%b</msg></erro></erros></retorno>" % told
    bodies: dict[str, object] = {
        "omie": {"faultstring": text, "faultcode": text.split(maxsplit=1)[0]},
        "totvs": {"code": text.split(maxsplit=1)[0], "message": text, "detailedMessage": text},
        "contaazul": {"code": 400, "message": text},
        "bling": {
            "error": {
                "type": text.split(maxsplit=1)[0],
                "message": text,
                "description": text,
                "fields": [{"element": text, "msg": text}],
            }
        },
    }
    return json.dumps(bodies[erp.name.removesuffix("_public")]).encode()


def _content_type(erp: Erp) -> str:
    return "text/xml" if erp.xml else "application/json"


def _another_shape(erp: Erp, text: str) -> Response:
    if erp.xml:
        return Response(200, b"<outro><x>%b</x></outro>" % escape(text).encode(), "text/xml")
    return Response(200, json.dumps(dict.fromkeys(text.split(), 1)).encode())


def _plain(_: Erp, text: str) -> Response:
    return Response(500, text.encode(), "text/plain")


def _page(_: Erp, text: str) -> Response:
    return Response(200, f"<html><h1>{text}</h1></html>".encode(), "text/html")


def _elsewhere(_: Erp, text: str) -> Response:
    where = text.split(maxsplit=1)[0]
    return Response(302, b"", headers={"Location": f"https://{where}@elsewhere.invalid/{where}"})


def _strange_type(_: Erp, text: str) -> Response:
    word = text.split(maxsplit=1)[0]
    return Response(200, b"?", f"application/{word}; charset={word}")


def _cut_off(_: Erp, text: str) -> Response:
    body = text.encode()
    return Response(200, body, delivery=Delivery(announced_length=len(body) + 1, reset=True))


ECHOES = (
    Echo("status-400", _refusal(400)),
    Echo("status-401", _refusal(401)),
    Echo("status-403", _refusal(403)),
    Echo("status-429", _refusal(429)),
    Echo("status-500", _refusal(500)),
    Echo("status-200", _refusal(200)),
    Echo("another-shape", _another_shape),
    Echo("plain-text", _plain),
    Echo("html", _page),
    Echo("redirect", _elsewhere),
    Echo("content-type", _strange_type),
    Echo("cut-off", _cut_off),
)
