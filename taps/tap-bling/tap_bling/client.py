"""How Bling is called: the key, the two versions of its API, and their ways of saying error."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from erp_common.auth.handlers import APIKeyHandler, KeyLocation
from erp_common.http.answer import Answer, Undecodable
from erp_common.http.dialect import Dialect, Fault, FaultKind
from erp_common.http.request import Request
from erp_common.ledger.periods import Period
from tap_bling.retorno import errors_of, has_rows, parse

LARGEST_PAGE = 100
"""Rows on a page of v3, whatever more is asked for."""

_BAD_KEY = {"INVALID_APIKEY_ERROR", "UNAUTHORIZED", "UNAUTHENTICATED"}
_LARGEST_ERROR = 1 << 14
_ERROR = b'"error"'
_SECOND = 1.0
_TOMORROW = "the allowance of the day is used up; run again tomorrow, it will go on from here"


def api_key(key: str, version: str, location: KeyLocation) -> APIKeyHandler:
    """The key as each version wants it: v2 knows it as a parameter only."""
    if version == "v2":
        return APIKeyHandler(key, key_location="query", key_name="apikey")
    if location == "query":
        return APIKeyHandler(key, key_location="query", key_name="api_key")
    return APIKeyHandler(key, key_name="Authorization", key_format="Bearer {api_key}")


def accounts_v3(page: int, size: int) -> Request:
    """A page of the chart of accounts."""
    return Request("GET", "/contascontabeis", (("pagina", str(page)), ("limite", str(size))))


def movements_v3(account_id: str, period: Period, page: int, size: int) -> Request:
    """A page of an account's movements; without dates Bling would answer with this month's."""
    params = (
        ("dataInicial", period.start.isoformat()),
        ("dataFinal", period.end.isoformat()),
        ("pagina", str(page)),
        ("limite", str(size)),
    )
    path = f"/contascontabeis/{quote(account_id, safe='')}/movimentacoes"
    return Request("GET", path, params, about=f"account {account_id}, {period}, page {page}")


def accounts_v2(page: int) -> Request:
    """A page of the chart of accounts."""
    return Request("GET", f"/contascontabeis/page={page}/xml/")


def movements_v2(account_id: str, period: Period, page: int) -> Request:
    """A page of an account's movements."""
    path = f"/contascontabeis/{quote(account_id, safe='')}/movimentacoes/page={page}/xml/"
    span = f"data[{period.start:%d/%m/%Y} TO {period.end:%d/%m/%Y}]"
    about = f"account {account_id}, {period}, page {page}"
    return Request("GET", path, (("filters", span),), about=about)


class BlingDialect(Dialect):
    """v3: an object `error` with a type; code 429 is for a second or for a day."""

    system = "Bling"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What the error's type says, else what its status does."""
        fault = super().fault(answer, request)
        error = _error(answer)
        if error is None:
            return fault
        code, words = str(error.get("type") or "") or None, _words(error)
        if answer.status == 429 or code == "TOO_MANY_REQUESTS":  # noqa: PLR2004
            if error.get("period") == "day":
                return Fault(FaultKind.BLOCKED, words, code=code, advice=_TOMORROW)
            wait = max(self.retry_after(answer) or 0.0, _SECOND)
            return Fault(FaultKind.RATE_LIMIT, words, code=code, wait=wait)
        if code in _BAD_KEY:
            return Fault(FaultKind.AUTH, words, code=code, ends_run=True)
        if code == "FORBIDDEN":
            return Fault(FaultKind.AUTH, words, code=code, ends_run=False)
        return replace(fault or Fault(FaultKind.BUSINESS), message=words, code=code)


class CashDialect(BlingDialect):
    """A movement that is not there was deleted since it was listed."""

    system = "Bling"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What is wrong with an answer."""
        if answer.status == 404 and request.path.startswith("/caixas/"):  # noqa: PLR2004 - HTTP's own
            return Fault(FaultKind.NO_RECORDS, self.message(answer))
        return super().fault(answer, request)


class BlingV2Dialect(Dialect):
    """v2: `erros` in the body, mostly with status 200; one of them only ends the pages."""

    system = "Bling"

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What the errors' codes say, else what the status does."""
        fault = super().fault(answer, request)
        if b"<erros" not in answer.read():
            return fault
        try:
            root = parse(answer)
        except Undecodable:
            return fault
        errors = errors_of(root)
        if not errors:
            return fault
        code = ", ".join(dict.fromkeys(code for code, _ in errors if code)) or None
        words = "; ".join(dict.fromkeys(words for _, words in errors if words))
        known = _known({code for code, _ in errors}, words, alone=not has_rows(root))
        return replace(known or fault or Fault(FaultKind.BUSINESS), message=words, code=code)


def _known(codes: set[str], words: str, *, alone: bool) -> Fault | None:
    """The errors of v2 whose meaning is known.

    Args:
        codes: The codes of all errors in the answer.
        words: What they say.
        alone: Whether the answer holds no rows beside them.
    """
    if "3" in codes:
        return Fault(FaultKind.AUTH, ends_run=True)
    if "18" in codes:
        if re.search(r"\bpor dia\b|\bdi[aá]ri[oa]\b", words.lower()):
            return Fault(FaultKind.BLOCKED, advice=_TOMORROW)
        return Fault(FaultKind.RATE_LIMIT, wait=_SECOND)
    # Beside rows it would be the end of the pages and an error at once: then it is an error.
    return Fault(FaultKind.NO_RECORDS) if codes == {"14"} and alone else None


def _error(answer: Answer) -> dict[str, Any] | None:
    """The object `error` of a body; None if there is none."""
    # Rows are decoded once, as such, where no error stands beside them.
    if answer.size > _LARGEST_ERROR and (answer.status >= 400 or _ERROR not in answer.read()):  # noqa: PLR2004 - HTTP's own
        return None
    try:
        body = msgspec.json.decode(answer.read())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else None


def _words(error: dict[str, Any]) -> str:
    """What an error says, down to the fields it is about."""
    fields = error.get("fields")
    about = [
        f"{field.get('element') or ''} {field.get('msg') or ''}"
        for field in (fields if isinstance(fields, list) else ())
        if isinstance(field, dict)
    ]
    texts = (error.get("message"), error.get("description"), *about)
    said = [text.strip().rstrip(".") for text in texts if isinstance(text, str)]
    return ": ".join(dict.fromkeys(filter(None, said)))
