"""How Protheus is called: GET reports of its REST server, and errors with a code and a message."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from http import HTTPStatus

import msgspec

from erp_common.http.answer import Answer
from erp_common.http.dialect import Dialect, Fault, FaultKind
from erp_common.http.request import Request
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period

CHARSET = "cp1252"
"""What a Protheus environment is kept in; its REST server does not always manage to convert it."""

_LARGEST_ERROR = 1 << 14


def report(name: str, company: Company, period: Period, account: str | None = None) -> Request:
    """One of the reports of CTBR020 over a period."""
    of_account = () if account is None else (("conta", account),)
    params = (
        ("empresa", company.erp_id),
        *of_account,
        ("dataInicial", f"{period.start:%Y%m%d}"),
        ("dataFinal", f"{period.end:%Y%m%d}"),
    )
    about = str(period) if account is None else f"account {account}, {period}"
    return Request("GET", f"/rest/CTBR020/{name}", params, about=about)


def site_headers(tenant: str | None, environment: str | None) -> dict[str, str]:
    """The headers that choose company group, branch and environment; blanks in them count."""
    chosen = {"tenantId": tenant, "environment": environment}
    return {name: value for name, value in chosen.items() if value}


class TotvsDialect(Dialect):
    """Errors as TOTVS' standard has them, or as its older REST faults do, whatever the status."""

    system = "TOTVS Protheus"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What plain HTTP says, in Protheus' words; an error with status 200 is one too."""
        fault = super().fault(answer, request)
        said = _said(answer) or _said_as_page(answer)
        if said is None:
            return fault
        code, words = said
        if fault is None:
            return Fault(FaultKind.BUSINESS, words, code=code)
        return replace(fault, message=words, code=code)


def _said(answer: Answer) -> tuple[str | None, str] | None:
    """The code and the words of an error; None for any other body."""
    if answer.size > _LARGEST_ERROR:
        return None
    try:
        body = msgspec.json.decode(_text(answer.read()))
    except msgspec.DecodeError:
        return None
    if not isinstance(body, dict):
        return None
    for code, message in (("code", "message"), ("errorCode", "errorMessage")):
        if code in body and isinstance(body.get(message), str):
            texts = (body[message], body.get("detailedMessage"))
            words = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
            return str(body[code]).strip() or None, ": ".join(dict.fromkeys(words))
    return None


def _said_as_page(answer: Answer) -> tuple[str | None, str] | None:
    """The words of an error that comes as a web page, as `SetRestFault` sends it if told to."""
    if answer.content_type != "text/html" or answer.status < HTTPStatus.BAD_REQUEST:
        return None
    if answer.size > _LARGEST_ERROR:
        return None
    bare = re.sub(r"(?is)<(script|style|title)\b.*?</\1\s*>|<[^>]*>", " ", _text(answer.read()))
    words = " ".join(unescape(bare).split())
    return (None, words) if words else None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode(CHARSET, "replace")
