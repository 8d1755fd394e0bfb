"""How an ERP says that something is wrong, and what that means to the transport."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from urllib.parse import urlsplit

from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPError,
    ERPRateLimitError,
    ERPValidationError,
)
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.retry import parse_retry_after
from erp_common.printable import cut_off, printable

_MAX_MESSAGE = 300
_MAX_CODE = 100
_MAX_ERROR_BODY = 1 << 18
_MESSAGE_FIELDS = (
    "message",
    "error_message",
    "errorMessage",
    "faultstring",
    "error_description",
    "description",
    "detailedMessage",
    "mensagem",
    "msg",
)


class FaultKind(str, Enum):
    """What the transport does about a fault."""

    RETRY = "retry"
    """Tried again as an attempt; a connection error at the end."""
    SCHEDULED = "scheduled"
    """Tried again after waits of its own, which are no attempts; then `final_kind`."""
    AUTH = "auth"
    """The credentials are refused: an authentication error."""
    RATE_LIMIT = "rate_limit"
    """Everyone slows down and it is tried again as an attempt; a rate limit error at the end."""
    BLOCKED = "blocked"
    """No waiting within the run helps: a rate limit error at once."""
    BUSINESS = "business"
    """The ERP understood and refuses: a validation error."""
    NO_RECORDS = "no_records"
    """Nothing to return: `NoRecords`, which is no failure."""
    TOO_LARGE = "too_large"
    """The ERP broke on a page this large: tried again, then `AnswerTooLarge`."""


@dataclass(frozen=True)
class Fault:
    """What an ERP says is wrong.

    Attributes:
        kind: What to do about it.
        message: The ERP's own words.
        wait: Seconds the ERP asks for.
        code: The ERP's own code.
        schedule: Seconds to wait before each further try, for `SCHEDULED`.
        final_kind: What a `SCHEDULED` fault becomes when its schedule is used up.
        ends_run: Overrules whether the error ends the run.
        advice: What the user should do; None for what is usual for the kind.
        well_formed: Whether it comes from the ERP itself, and not from whatever answers in its
            place: a health check tells the two apart.
    """

    kind: FaultKind
    message: str = ""
    wait: float | None = None
    code: str | None = None
    schedule: tuple[float, ...] = ()
    final_kind: FaultKind = FaultKind.BUSINESS
    ends_run: bool | None = None
    advice: str | None = None
    well_formed: bool = True


_KINDS: dict[int, FaultKind] = {
    HTTPStatus.UNAUTHORIZED: FaultKind.AUTH,
    HTTPStatus.FORBIDDEN: FaultKind.AUTH,
    HTTPStatus.TOO_EARLY: FaultKind.BLOCKED,
    HTTPStatus.TOO_MANY_REQUESTS: FaultKind.RATE_LIMIT,
}


class NoRecords(Exception):  # noqa: N818 -- an answer, not an error
    """The ERP says that there is nothing to return."""


class AnswerTooLarge(ERPConnectionError):  # noqa: N818 -- tells what happened
    """The ERP breaks on an answer of this size; a smaller page may get through."""


class TooMuchAtOnce(ERPConnectionError):  # noqa: N818 -- tells what happened
    """A call for something that can be split took too long or broke off: ask for less."""


class Refusal(Exception):  # noqa: N818 -- the cause of an error that an ERP's answer led to
    """The answer behind an error: status, code and fault."""

    def __init__(self, status: int, fault: Fault) -> None:
        """Create the cause."""
        code = f", code {fault.code}" if fault.code else ""
        super().__init__(f"status {status}{code}: {fault.kind.value}")
        self.status = status
        self.fault = fault

    @property
    def final(self) -> bool:
        """Whether making the same call again cannot help."""
        return self.fault.kind in {FaultKind.AUTH, FaultKind.BLOCKED, FaultKind.BUSINESS}


class Dialect:
    """How plain HTTP says what is wrong; each ERP adds its own ways."""

    system = "The ERP"
    """The ERP's name in messages."""
    address = "base_url"
    """The setting that says where it is."""

    def __init__(self, system: str | None = None) -> None:
        """Use plain HTTP, under another name if one is given."""
        if system is not None:
            self.system = system

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What is wrong with an answer.

        Args:
            answer: The whole answer.
            request: What was asked.

        Returns:
            The fault; None for an answer to decode.
        """
        _ = request
        status = answer.status
        if status == HTTPStatus.PARTIAL_CONTENT:
            return Fault(FaultKind.RETRY, "it sent a part of the answer", well_formed=False)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return Fault(
                FaultKind.BUSINESS,
                f"it redirects to {_target(answer)}",
                well_formed=False,
                advice=f"set {self.address} to the address that answers itself, redirects are not "
                "followed",
            )
        kind = _KINDS.get(status, FaultKind.BUSINESS)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            kind = FaultKind.RETRY
        message = self.message(answer)
        return Fault(
            kind,
            message,
            wait=None if kind is FaultKind.AUTH else self.retry_after(answer),
            # 403 may concern one company or one permission alone.
            ends_run=status == HTTPStatus.UNAUTHORIZED if kind is FaultKind.AUTH else None,
            well_formed=bool(message) and answer.content_type != "text/plain",
        )

    def message(self, answer: Answer) -> str:
        """The ERP's own words in an error's body; empty where there are none."""
        if answer.size > _MAX_ERROR_BODY:
            return ""
        body = answer.read()
        try:
            text = body.decode(answer.charset, "replace")
        except LookupError:  # nobody knows it; for a message utf-8 is good enough
            text = body.decode(errors="replace")
        try:
            found = list(dict.fromkeys(_messages(json.loads(text))))
        except (ValueError, RecursionError):
            return text if answer.content_type == "text/plain" else ""
        return ": ".join(found)

    def retry_after(self, answer: Answer) -> float | None:
        """Seconds that the answer asks to wait; None where it does not say.

        A date is measured against the server's own clock, where it tells it.
        """
        now = parse_retry_after(answer.headers.get("Date"), 0.0) or time.time()
        return parse_retry_after(answer.headers.get("Retry-After"), now)


def explain(
    system: str, fault: Fault, status: int, request: Request, mask: Callable[[str], str]
) -> ERPError:
    """The error that a fault becomes once nothing more is tried.

    Args:
        system: The ERP's name.
        fault: The fault.
        status: The answer's HTTP status.
        request: What was asked.
        mask: Removes secrets from the ERP's own words.
    """
    said = " ".join(printable(mask(fault.message)).split())
    said = cut_off(said, _MAX_MESSAGE).rstrip(".;: ")
    named = cut_off(printable(mask(fault.code or "")), _MAX_CODE)
    code = f" ({named})" if named and named not in said else ""
    what = f"{request.method} {urlsplit(request.path).path or '/'}"
    kind = fault.final_kind if fault.kind is FaultKind.SCHEDULED else fault.kind
    event, advice, error = _OUTCOMES[kind]
    after = ""
    if kind is FaultKind.BLOCKED and fault.wait:
        after, advice = f" for {fault.wait:.0f} s", "run again after that"
    sentence = (
        f"{system} {event}{after} at {what} with status {status}"
        f"{code}{': ' + said if said else ''}; {fault.advice or advice}."
    )
    made = error(sentence, ends_run=fault.ends_run)
    masked = replace(fault, message=mask(fault.message), code=fault.code and mask(fault.code))
    made.__cause__ = Refusal(status, masked)
    return made


_OUTCOMES: dict[FaultKind, tuple[str, str, type[ERPError]]] = {
    FaultKind.RETRY: ("failed", "try again later", ERPConnectionError),
    FaultKind.TOO_LARGE: ("failed", "try again later or lower page_size", AnswerTooLarge),
    FaultKind.AUTH: (
        "refused the credentials",
        "check the credentials and permissions in the settings",
        ERPAuthenticationError,
    ),
    FaultKind.RATE_LIMIT: (
        "allows no more requests for now",
        "run again later or lower rate_limit",
        ERPRateLimitError,
    ),
    FaultKind.BLOCKED: ("blocks all requests", "run again later", ERPRateLimitError),
    FaultKind.BUSINESS: ("refused the call", "check the settings", ERPValidationError),
    FaultKind.NO_RECORDS: ("has no records", "check the settings", ERPValidationError),
    FaultKind.SCHEDULED: ("refused the call", "try again later", ERPConnectionError),
}


def _messages(value: object) -> Iterator[str]:
    """The texts that common error shapes hold, outermost first."""
    if isinstance(value, list) and value:
        yield from _messages(value[0])
    if not isinstance(value, dict):
        return
    for name in _MESSAGE_FIELDS:
        text = value.get(name)
        if isinstance(text, str) and text.strip():
            yield text.strip()
    inner = value.get("error")
    if isinstance(inner, str) and inner.strip():
        yield inner.strip()
    else:
        yield from _messages(inner)


def _target(answer: Answer) -> str:
    """The host a redirect points to; its path may hold secrets."""
    try:
        return urlsplit(answer.headers.get("Location") or "").hostname or "the same host"
    except ValueError:
        return "another address"
