"""Receives the redirect of an authorization page, on a loopback address (RFC 8252, 7.3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import final

from erp_common.auth.authorization import Stray
from erp_common.auth.visits import Page, VisitServer
from erp_common.errors import ERPError, ERPValidationError
from erp_common.http.addresses import Loopback

_POLL_INTERVAL = 0.05
"""Seconds between two looks at whether the server was asked to stop."""


@dataclass(frozen=True, repr=False)
class Redirect:
    """The redirect that answers an authorization request.

    Attributes:
        code: The authorization code; empty if access is refused.
        refusal: Why there is no code.
        page: What the browser shows; it waits until the code has been exchanged.
    """

    code: str = ""
    refusal: ERPError | None = None
    page: Future[Page] = field(default_factory=Future)

    def ended(self, error: ERPError | None, said: str) -> None:
        """Let the browser show how the exchange ended, in a sentence without secrets."""
        if error is None:
            page = Page(HTTPStatus.OK, "The tap is authorised", said)
        else:
            page = Page(HTTPStatus.BAD_REQUEST, "The tap is not authorised", said)
        self.page.set_result(page)


@final
class Callback:
    """Listens until it is closed; the first answer to the request is the only one that counts."""

    def __init__(
        self, where: Loopback, read: Callable[[str], str], received: Callable[[Redirect], None]
    ) -> None:
        """Listen.

        Args:
            where: The address.
            read: Gives the code in a query, or raises `Stray` or why there is none.
            received: Told of the answer, once, on another thread.

        Raises:
            ERPValidationError: The address is taken, or not this machine's.
        """
        self._read = read
        self._received = received
        self._lock = threading.Lock()
        self._redirect: Redirect | None = None
        try:
            self._server = VisitServer(where, self._answer)
        except OSError as error:
            raise ERPValidationError(
                f"Nothing can listen on {where} ({error.strerror or type(error).__name__}); end "
                "the program that uses it, or set another port in redirect_uri and in the "
                "application's registration.",
                ends_run=True,
            ) from None
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(_POLL_INTERVAL,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Callback:
        """It listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Answer the browsers that still wait, and stop listening."""
        with self._lock:
            self._redirect = self._redirect or Redirect()
        page = self._redirect.page
        if not page.done():
            text = "The tap waits for no answer any more. Look at what it says."
            page.set_result(Page(HTTPStatus.BAD_REQUEST, "It is over", text))
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, query: str) -> Page:
        """Take a browser's answer, and wait for how it ends."""
        try:
            redirect = Redirect(self._read(query))
        except Stray as stray:
            return Page(HTTPStatus.BAD_REQUEST, "Not this one", str(stray))
        except ERPError as refusal:
            redirect = Redirect(refusal=refusal)
        with self._lock:
            first = self._redirect is None
            # Browsers reload pages: the same answer a second time gets the same page.
            redirect = self._redirect = self._redirect or redirect
        if first:
            self._received(redirect)
        return redirect.page.result()
