"""Every kind of fault, and how a run ends that it befalls once, or for good."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal

from faults.erps import Erp
from faults.runs import Prelude
from simulator import faults
from simulator.faults import Fault

Error = Literal[
    "ERPAuthenticationError", "ERPConnectionError", "ERPRateLimitError", "ERPValidationError"
]
AUTHENTICATION: Error = "ERPAuthenticationError"
CONNECTION: Error = "ERPConnectionError"
RATE_LIMIT: Error = "ERPRateLimitError"
VALIDATION: Error = "ERPValidationError"

TURNED: tuple[Prelude, ...] = (("turned_clock", os.devnull),)
"""No waiting for what the ERP asks to wait."""
HURRIED = {"timeout": 0.1, "extract_timeout": 0.1}
"""Seconds. On a machine that is busy some other request may be late as well."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        name: For the test's name.
        make: The fault; a slow one lasts until the event.
        lasting: The error that it ends in where it lasts.
        passing: The error that it ends in even where it passes; None if the call is made again.
        applies: Whether this ERP has it.
        settings: Settings for the run that it befalls.
        preludes: What that run begins with.
    """

    name: str
    make: Callable[[Event], Fault]
    lasting: Error
    passing: Error | None = None
    applies: Callable[[Erp], bool] = lambda _: True
    settings: dict[str, Any] = field(default_factory=dict)
    preludes: tuple[Prelude, ...] = ()

    def passing_at(self, endpoint: str, erp: Erp) -> Error | None:
        """The error where it passes; a token that is refused is not asked for again.

        What is asked for over several periods at once is, where it fails, asked for again period by
        period, so that a fault that passes leaves no trace; unless it ends the run, as limits do
        and the refusal of a key that is the same in each request.
        """
        of_key = erp.forbids_keys or self.name == "refused-key"
        ends_run = self.passing == RATE_LIMIT or (self.passing == AUTHENTICATION and of_key)
        if erp.windows and endpoint == erp.postings and not ends_run:
            return None
        refused = self.lasting == AUTHENTICATION and endpoint == "token"
        return AUTHENTICATION if refused else self.passing

    def __str__(self) -> str:
        """Its name."""
        return self.name


def _has_tokens(erp: Erp) -> bool:
    return erp.tokens


def _has_keys(erp: Erp) -> bool:
    return not erp.tokens


def _speaks_xml(erp: Erp) -> bool:
    return erp.xml


def _speaks_json(erp: Erp) -> bool:
    return not erp.xml


def _tells_days(erp: Erp) -> bool:
    return erp.daily_limit


def _rate_limited_until(_: Event) -> Fault:
    return faults.rate_limited(30, form="date")


def _rate_limited_today(_: Event) -> Fault:
    return faults.rate_limited(reason="day")


KINDS = (
    Kind("status-500", lambda _: faults.status(500), CONNECTION),
    Kind("status-503", lambda _: faults.status(503), CONNECTION),
    Kind("html-502", lambda _: faults.html(502), CONNECTION),
    Kind("html-200", lambda _: faults.html(200), VALIDATION),
    Kind("reset", lambda _: faults.reset(), CONNECTION),
    Kind("reset-in-body", lambda _: faults.reset_in_body(), CONNECTION),
    Kind("short-body", lambda _: faults.short_body(), CONNECTION),
    Kind("long-body", lambda _: faults.long_body(), VALIDATION),
    Kind("truncated", lambda _: faults.truncated(), VALIDATION),
    Kind("empty-body", lambda _: faults.empty_body(), VALIDATION),
    Kind("null-body", lambda _: faults.null_body(), VALIDATION, VALIDATION, _speaks_json),
    Kind("no-xml", lambda _: faults.null_body(), VALIDATION, applies=_speaks_xml),
    Kind("garbage", lambda _: faults.garbage(), VALIDATION),
    Kind("unlabelled-gzip", lambda _: faults.gzip_body(labelled=False), VALIDATION),
    Kind("slow-first-byte", faults.slow_first_byte, CONNECTION, settings=HURRIED),
    Kind("slow-body", faults.slow_body, CONNECTION, settings=HURRIED),
    Kind("refused-token", lambda _: faults.unauthorized(), AUTHENTICATION, applies=_has_tokens),
    Kind("expired-token", lambda _: faults.expired_token(), AUTHENTICATION, applies=_has_tokens),
    Kind("refused-key", lambda _: faults.unauthorized(), AUTHENTICATION, AUTHENTICATION, _has_keys),
    Kind("forbidden", lambda _: faults.forbidden(), AUTHENTICATION, AUTHENTICATION),
    Kind("too-many", lambda _: faults.rate_limited(), RATE_LIMIT, preludes=TURNED),
    Kind("too-many-seconds", lambda _: faults.rate_limited(30), RATE_LIMIT, preludes=TURNED),
    Kind("too-many-until", _rate_limited_until, RATE_LIMIT, preludes=TURNED),
    Kind("too-many-today", _rate_limited_today, RATE_LIMIT, RATE_LIMIT, _tells_days),
    Kind("blocked", lambda _: faults.blocked(), RATE_LIMIT, RATE_LIMIT),
)
