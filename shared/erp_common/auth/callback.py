"""Takes the answer of an authorization page where a browser brings it: on this machine alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import final

from erp_common.auth.authorization import Stray
from erp_common.auth.visits import Page, VisitServer
from erp_common.errors import ERPError, ERPValidationError
from erp_common.http.addresses import Loopback

_LOOK = 0.05
"""Seconds between looks at whether it is over."""


@dataclass(frozen=True, repr=False)
class Arrival:
    """An answer to the request.

    Attributes:
        code: What to exchange for tokens; empty if access is refused.
        refusal: Why there is no code.
        page: Set once it is known how it ended; the browser waits for it.
    """

    code: str = ""
    refusal: ERPError | None = None
    page: Future[Page] = field(default_factory=Future)

    def ended(self, error: ERPError | None, said: str) -> None:
        """Let the browser show how it ended, in a sentence without secrets."""
        if error is None:
            page = Page(HTTPStatus.OK, "The tap is authorised", said)
        else:
            page = Page(HTTPStatus.BAD_REQUEST, "The tap is not authorised", said)
        self.page.set_result(page)


@final
class Callback:
    """Listens until it is closed; the first answer to the request is the only one that counts."""

    def __init__(
        self, where: Loopback, read: Callable[[str], str], arrived: Callable[[Arrival], None]
    ) -> None:
        """Listen.

        Args:
            where: The address.
            read: Gives the code in a query, or raises `Stray` or why there is none.
            arrived: Told of the answer, once, on another thread.

        Raises:
            ERPValidationError: The address is taken, or not this machine's.
        """
        self._read = read
        self._arrived = arrived
        self._lock = threading.Lock()
        self._arrival: Arrival | None = None
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
        self._thread = threading.Thread(target=serve, args=(_LOOK,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Callback:
        """It listens already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell browsers that still wait that it is over, and listen no more."""
        with self._lock:
            self._arrival = self._arrival or Arrival()
        page = self._arrival.page
        if not page.done():
            text = "The tap waits for no answer any more. Look at what it says."
            page.set_result(Page(HTTPStatus.BAD_REQUEST, "It is over", text))
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, query: str) -> Page:
        """Take a browser's answer, and wait for how it ends."""
        try:
            arrival = Arrival(self._read(query))
        except Stray as stray:
            return Page(HTTPStatus.BAD_REQUEST, "Not this one", str(stray))
        except ERPError as refusal:
            arrival = Arrival(refusal=refusal)
        with self._lock:
            first = self._arrival is None
            # A browser may bring it twice; it is told the same twice.
            arrival = self._arrival = self._arrival or arrival
        if first:
            self._arrived(arrival)
        return arrival.page.result()
