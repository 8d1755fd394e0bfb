"""Keeps secrets out of every text: messages, logs and tracebacks."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import quote, quote_plus, urlsplit

from erp_common.printable import printable

MASK = "***"

_SHORT = 4
"""Secrets with fewer characters are masked as whole words only: with every "1" masked, no log could
be read."""

_ELLIPSIS = "…"
"""Stands where a long text was cut off."""
_MIN_PREFIX = 6
"""A cut-off text that ends with this many first letters of a secret is masked."""


class Masker:
    """Replaces every secret it knows, in each of the forms a secret travels in.

    It may learn more at any time and is safe to share between threads.
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        """Create a masker that knows `secrets`."""
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._follower: Masker | None = None  # learns what this one learns
        self.learn(*secrets)

    def learn(self, *secrets: str | None) -> None:
        """Mask these from now on too; empty ones are ignored."""
        with self._lock:
            new = {secret for secret in secrets if secret and secret.strip()} - self._secrets
            if new:
                self._secrets |= new
                for secret in new:
                    self._forms.update(_forms(secret))
                self._pattern = _pattern(self._forms)
            follower = self._follower
        if follower is not None and new:
            follower.learn(*new)

    def learn_pair(self, user: str, password: str) -> None:
        """Mask a password, and the pair as HTTP Basic sends it."""
        self.learn(password, base64.b64encode(f"{user}:{password}".encode()).decode())

    def learn_address(self, url: str | None) -> None:
        """Mask the password that an address may carry."""
        try:
            self.learn(urlsplit(url or "").password)
        except ValueError:
            self.learn(url)

    def mask(self, text: str) -> str:
        """The text with every known secret replaced."""
        pattern = self._pattern
        if pattern is None:
            return text
        text = pattern.sub(MASK, text)
        return self._without_prefixes(text) if _ELLIPSIS in text else text

    def _without_prefixes(self, text: str) -> str:
        """The text without secrets of which only the first letters are left: `abcdefgh…`."""
        with self._lock:
            forms = list(self._forms)
        parts = text.split(_ELLIPSIS)
        for index, part in enumerate(parts[:-1]):
            longest = max(map(partial(_prefix_length, part), forms), default=0)
            if longest >= _MIN_PREFIX:
                parts[index] = part[:-longest] + MASK
        return _ELLIPSIS.join(parts)

    def clean(self, error: BaseException) -> None:
        """Mask what an exception and its causes say: whoever catches it may print it."""
        link: BaseException | None = error
        while link is not None:
            link.args = tuple(self.mask(one) if isinstance(one, str) else one for one in link.args)
            link = link.__cause__ or link.__context__

    def followed_by(self, follower: Masker) -> None:
        """Let another masker know all that this one knows and will learn."""
        with self._lock:
            self._follower = follower
            known = tuple(self._secrets)
        follower.learn(*known)


def _prefix_length(text: str, form: str) -> int:
    """How many first letters of `form` the text ends with; 0 if fewer than `_MIN_PREFIX`."""
    fitting = range(min(len(form), len(text)), _MIN_PREFIX - 1, -1)
    return next((length for length in fitting if text.endswith(form[:length])), 0)


def _forms(secret: str) -> Iterator[str]:
    """Each way in which a text may spell a secret."""
    for text in {secret, secret.strip()}:
        yield text
        for escaped in (quote(text, safe=""), quote(text), quote_plus(text)):
            yield escaped
            yield re.sub("%..", lambda code: code[0].lower(), escaped)
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield json.dumps(text)[1:-1].replace("/", "\\/")
        yield re.sub(r"(?<=\\u)....", lambda code: code[0].upper(), json.dumps(text)[1:-1])
        yield repr(text)[1:-1]
        yield repr(text.encode())[2:-1]
        yield html.escape(text)
        if len(text) >= _SHORT:
            yield base64.b64encode(text.encode()).decode()


def _pattern(forms: Iterable[str]) -> re.Pattern[str]:
    # The longest first, so that no secret that begins like another leaves its end behind.
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(
        "|".join(
            re.escape(form) if len(form) >= _SHORT else rf"(?<!\w){re.escape(form)}(?!\w)"
            for form in ordered
        )
    )


def handlers() -> list[logging.Handler]:
    """Everything that log output of this process goes through."""
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    found = [
        handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    ]
    return found if logging.lastResort is None else [*found, logging.lastResort]


class _MaskingFormatter(logging.Formatter):
    """Masks what another formatter makes of a record, its traceback included.

    An ERP's words may be in it: nothing is left that a terminal obeys.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return printable(_LOGS.mask(self._inner.format(record)))


def formatter_of(handler: logging.Handler) -> logging.Formatter | None:
    """What makes a handler's lines, whether or not they are masked afterwards."""
    found = handler.formatter
    return found._inner if isinstance(found, _MaskingFormatter) else found  # noqa: SLF001 - our own


_LOGS = Masker()
"""What all log output of this process is masked with."""


def install(masker: Masker) -> None:
    """Mask all log output with what `masker` knows and will learn.

    To be called after logging has been configured: it wraps the formatters of the handlers that
    exist. Calling it again also wraps those that have come since.
    """
    masker.followed_by(_LOGS)
    for handler in handlers():
        if not isinstance(handler.formatter, _MaskingFormatter):
            handler.setFormatter(_MaskingFormatter(handler.formatter or logging.Formatter()))
