"""How Omie is called: POST with the keys in the body, and faults in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec

from erp_common.extract.listing import Listing
from erp_common.extract.paged import HttpQuery, Paging
from erp_common.http.answer import Answer
from erp_common.http.dialect import Dialect, Fault, FaultKind
from erp_common.http.request import Request
from erp_common.http.transport import Transport

Row = TypeVar("Row")

_encoder = msgspec.json.Encoder()

LARGEST_FAULT = 1 << 16
"""Bytes; an answer beyond that holds rows and no fault."""


def day(value: date) -> str:
    """A date as Omie writes it."""
    return value.strftime("%d/%m/%Y")


SAME_CALL_AFTER: Final = 61.0
"""Seconds after which Omie takes the same call again; sooner it is refused as redundant."""


class Keys(msgspec.Struct, frozen=True):
    """The application's keys, sent in the body of every call."""

    app_key: str
    app_secret: str
    one_by_one: bool = False
    """Whether Omie takes one call of a method at a time, as its public API does."""

    def call(self, path: str, method: str, param: dict[str, Any]) -> Request:
        """A call of one of Omie's methods."""
        body = {
            "call": method,
            "app_key": self.app_key.strip(),
            "app_secret": self.app_secret.strip(),
            "param": [param],
        }
        return Request(
            "POST",
            path,
            body=_encoder.encode(body),
            about=_about(method, param),
            lane=f"{self.app_key.strip()} {method}" if self.one_by_one else None,
            headers=(("Content-Type", "application/json"),),
        )


def is_error(row: dict[str, Any]) -> bool:
    """Whether an element of a list is one of Omie's errors, which come as a list now and then."""
    return "CODIGO" in row and "MENSAGEM" in row


def query(
    transport: Transport,
    name: str,
    listing: Listing[Row],
    ask: Callable[[int, int], Request],
    size: int,
    identity: str = "",
) -> HttpQuery[Row]:
    """A listing in pages.

    Args:
        transport: Asks.
        name: What is asked for, for sentences.
        listing: Its shape.
        ask: The request for a page, counted from 1, of a size.
        size: Rows a page.
        identity: What tells its rows apart.
    """
    half = size // 2
    return HttpQuery(
        transport,
        name,
        lambda page: ask(page, size),
        listing.read,
        Paging.TOTALS,
        page_size=size,
        identity=identity,
        repeat_after=SAME_CALL_AFTER,
        # Omie breaks on large pages now and then; two halves are the same rows.
        halves=None if size % 2 else lambda page: (ask(2 * page - 1, half), ask(2 * page, half)),
    )


_NAMED = ("cCodConta", "nCodCC", "cNatureza")
_DAYS = (
    ("dDataDe", "dDataAte"),
    ("dPeriodoInicial", "dPeriodoFinal"),
    ("dDtPagtoDe", "dDtPagtoAte"),
)


def _about(method: str, param: dict[str, Any]) -> str:
    """What a call is about: its method, the account, and the days."""
    parts = [method, *(f"{name} {param[name]}" for name in _NAMED if name in param)]
    parts += [f"{param[since]} to {param.get(until)}" for since, until in _DAYS if since in param]
    return ", ".join(parts)


class Said(msgspec.Struct, frozen=True):
    """A fault in Omie's own terms."""

    status: int
    code: str
    words: str

    def has(self, pattern: str) -> bool:
        """Whether the words match."""
        return re.search(pattern, self.words, re.IGNORECASE) is not None

    @property
    def seconds(self) -> float | None:
        """The seconds that the words say to wait."""
        found = re.search(r"(\d+)\s*segundo", self.words)
        return float(found.group(1)) if found else None


class OmieDialect(Dialect):
    """Omie's faults: mostly HTTP 500, sometimes 200, with `faultstring` and `faultcode`."""

    system = "Omie"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What Omie says is wrong, by its code and its words; plain HTTP otherwise."""
        said = _said(answer)
        if said is None:
            return super().fault(answer, request)
        for applies, fault in SIGNALS:
            if applies(said):
                return fault(said)
        if said.status in {HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR}:
            # Trying other faults again would feed the counter that blocks the key.
            return Fault(FaultKind.BUSINESS, said.words, code=said.code)
        return super().fault(answer, request)


def _blocked(said: Said) -> Fault:
    wait = said.seconds or 1800.0
    return Fault(
        FaultKind.BLOCKED,
        said.words,
        wait=wait,
        code=said.code,
        advice=f"Omie has blocked this key; run again in {wait:.0f} seconds",
    )


def _waits(*schedule: float, advice: str | None = None) -> Callable[[Said], Fault]:
    """Tried again after these waits; the first is at least what Omie names."""

    def fault(said: Said) -> Fault:
        first, *rest = schedule
        return Fault(
            FaultKind.SCHEDULED,
            said.words,
            code=said.code,
            schedule=(max((said.seconds or 0.0) + 1, first), *rest),
            final_kind=FaultKind.RATE_LIMIT,
            advice=advice,
        )

    return fault


def _redundant(said: Said) -> Fault:
    return _waits(0.0 if said.seconds is not None else 61.0)(said)


def _is(kind: FaultKind, *, ends_run: bool | None = None) -> Callable[[Said], Fault]:
    return lambda said: Fault(kind, said.words, code=said.code, ends_run=ends_run)


# The first that applies counts. Codes are reused for other faults, so words are asked for too.
SIGNALS: tuple[tuple[Callable[[Said], bool], Callable[[Said], Fault]], ...] = (
    (
        lambda said: (
            said.status == HTTPStatus.TOO_EARLY
            or "MISUSE_API_PROCESS" in said.code
            or said.has("consumo indevido")
        ),
        _blocked,
    ),
    (lambda said: said.code.endswith("Client-6") or said.has("redundan"), _redundant),
    (
        lambda said: said.code.endswith("-1880") or said.has("requisição desse método sendo"),
        _waits(
            10.0,
            61.0,
            advice="set max_concurrency to 1, and let no other program call this method with the "
            "same key meanwhile",
        ),
    ),
    (
        lambda said: said.code.endswith(("-8020", "-1100")) and said.has("já foi processada"),
        _waits(60.0),
    ),
    (lambda said: said.code.endswith("-5113"), _is(FaultKind.NO_RECORDS)),
    (
        lambda said: (
            said.code.endswith(("-101", "-5094"))
            and said.has(r"\bnenhum")
            and said.has("encontrad")
        ),
        _is(FaultKind.NO_RECORDS),
    ),
    (
        lambda said: (
            said.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            or said.has("chave de acesso")
        ),
        _is(FaultKind.AUTH, ends_run=True),
    ),
    (lambda said: said.has("broken response"), _is(FaultKind.TOO_LARGE)),
    (
        lambda said: said.has("limite de requisi.*excedid"),
        _is(FaultKind.RATE_LIMIT),
    ),
    (
        lambda said: (
            said.code.endswith("-5020")
            or said.has(r"erro tempor[áa]rio")
            or said.has(r"time-?out na consulta")
        ),
        _is(FaultKind.RETRY),
    ),
)


def _said(answer: Answer) -> Said | None:
    """Omie's code and words if the answer is a fault, from its body, else from its own header."""
    body: object = None
    text = answer.read() if answer.size <= LARGEST_FAULT else b""
    # Most answers are rows and are decoded once, as such.
    if answer.status != HTTPStatus.OK or b"fault" in text or b"MENSAGEM" in text:
        try:
            body = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
    if isinstance(body, list) and body and isinstance(body[0], dict) and "MENSAGEM" in body[0]:
        code = str(body[0].get("CODIGO") or "").strip()
        # A number alone stands for the code that a `faultcode` spells out.
        code = f"Client-{code}" if code.isdecimal() else code
        return Said(answer.status, code, str(body[0]["MENSAGEM"]))
    if isinstance(body, dict) and ("faultstring" in body or "faultcode" in body):
        words = str(body.get("faultstring") or "")
        return Said(answer.status, str(body.get("faultcode") or ""), words)
    header = answer.headers.get("OmieAPI-Error", "")
    if header and answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        code, _, words = header.partition(" - ")
        return Said(answer.status, f"Client-{code.strip()}", words)
    return None
