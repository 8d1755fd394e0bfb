"""How Omie is called: POST with the keys in the body, and faults in words."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec

from erp_common.http.answer import Answer
from erp_common.http.dialect import Dialect, Fault, FaultKind
from erp_common.http.request import Request

_encoder = msgspec.json.Encoder()


def day(value: date) -> str:
    """A date as Omie writes it."""
    return value.strftime("%d/%m/%Y")


class Keys(msgspec.Struct, frozen=True):
    """The application's keys, sent in the body of every call."""

    app_key: str
    app_secret: str

    def call(
        self, path: str, method: str, param: dict[str, Any], *, extract: bool = True
    ) -> Request:
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
            headers=(("Content-Type", "application/json"),),
            extract=extract,
        )


class OmieDialect(Dialect):
    """Omie's faults: mostly HTTP 500, sometimes 200, with `faultstring` and `faultcode`."""

    system = "Omie"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What Omie says is wrong, by its code and its words; plain HTTP otherwise."""
        said = _said(answer)
        if said is None:
            return super().fault(answer, request)
        code, words = said
        return _known(code, words, answer.status) or (
            Fault(FaultKind.BUSINESS, words, code=code)
            if answer.status in {200, 500}
            else super().fault(answer, request)
        )


def _known(code: str, words: str, status: int) -> Fault | None:
    """The faults whose meaning is known; codes are reused, so the words count too."""
    lower = words.lower()
    seconds = _seconds(words)
    if status == 425 or "MISUSE_API_PROCESS" in code or "consumo indevido" in lower:  # noqa: PLR2004
        wait = seconds or 1800.0
        return Fault(
            FaultKind.BLOCKED,
            words,
            wait=wait,
            code=code,
            advice=f"Omie has blocked this key; run again in {wait:.0f} seconds",
        )
    if code.endswith("Client-6") or "redundan" in lower:
        return Fault(
            FaultKind.SCHEDULED,
            words,
            code=code,
            schedule=((seconds or 60.0) + 1,),
            final_kind=FaultKind.RATE_LIMIT,
        )
    if code.endswith("-1880") or "existe uma requisição desse método" in lower:
        return Fault(
            FaultKind.SCHEDULED,
            words,
            code=code,
            schedule=(10.0, 61.0),
            final_kind=FaultKind.RATE_LIMIT,
        )
    if code.endswith(("-8020", "-1100")) and "requisição" in lower:
        return Fault(
            FaultKind.SCHEDULED,
            words,
            code=code,
            schedule=(max(seconds or 0.0, 60.0),),
            final_kind=FaultKind.RATE_LIMIT,
        )
    if code.endswith("-5113") or (
        code.endswith(("-101", "-5094")) and re.search(r"\bnenhum", lower) and "encontrad" in lower
    ):
        return Fault(FaultKind.NO_RECORDS, words, code=code)
    if status in {401, 403} or "chave de acesso" in lower or "app_key" in lower:
        return Fault(FaultKind.AUTH, words, code=code, ends_run=True)
    if "broken response" in lower:
        return Fault(FaultKind.TOO_LARGE, words, code=code)
    if status in {429, 502, 503, 504}:
        return Fault(FaultKind.RATE_LIMIT if status == 429 else FaultKind.RETRY, words, code=code)  # noqa: PLR2004
    return None


def _said(answer: Answer) -> tuple[str, str] | None:
    """Omie's code and words, if the answer is a fault; from the body, else from its own header."""
    header = answer.headers.get("OmieAPI-Error", "")
    if answer.size <= 1 << 16:
        try:
            body = msgspec.json.decode(answer.read())
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
        if isinstance(body, list) and body and isinstance(body[0], dict) and "MENSAGEM" in body[0]:
            return str(body[0].get("CODIGO", "")), str(body[0]["MENSAGEM"])
        if isinstance(body, dict) and ("faultstring" in body or "faultcode" in body):
            return str(body.get("faultcode") or ""), str(body.get("faultstring") or "")
        if isinstance(body, dict) and "error_message" in body:
            return str(body.get("error_code") or ""), str(body["error_message"])
    if header and answer.status >= 500:  # noqa: PLR2004
        code, _, words = header.partition(" - ")
        return f"Client-{code.strip()}", words
    return None


def _seconds(words: str) -> float | None:
    """The seconds that a fault says to wait."""
    found = re.search(r"(\d+)\s*segundo", words)
    return float(found.group(1)) if found else None
