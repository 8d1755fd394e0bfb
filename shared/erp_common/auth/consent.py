"""Getting a user's consent: the address to open, and the answer by browser or by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from queue import Empty, Queue
from typing import NoReturn

import msgspec

from erp_common.auth import pasted
from erp_common.auth.authorization import AuthorizationRequest, Stray
from erp_common.auth.callback import Callback, Redirect
from erp_common.errors import ERPAuthenticationError, ERPError
from erp_common.http.addresses import Loopback

CONSENT_TIMEOUT = 600.0
"""Seconds to wait for the user."""


class Consent(msgspec.Struct):
    """One attempt to get a user's consent, and the token that it gives.

    Attributes:
        request: What the user is asked.
        where: Where the browser brings the answer; None if the user has to.
        say: Tells the user something.
        timeout: Seconds to wait for the user.
        came: What has come: by browser, by hand, or the end of what can.
    """

    request: AuthorizationRequest
    where: Loopback | None
    say: Callable[[str], None]
    timeout: float = CONSENT_TIMEOUT
    came: Queue[Redirect | str | None] = msgspec.field(default_factory=Queue)

    def obtain(self, show: Callable[[str], None], redeem: Callable[[str], str]) -> None:
        """Ask, wait for the answer, and exchange it.

        Args:
            show: Shows the address to open.
            redeem: Exchanges the code and keeps the tokens; gives the sentence about it.

        Raises:
            ERPAuthenticationError: Access is refused, or nobody has answered in time.
            ERPError: Nothing can listen at the address, or the code cannot be exchanged.
        """
        with ExitStack() as open_until_then:
            if self.where is not None:
                callback = Callback(self.where, self.request.code, self.came.put)
                open_until_then.enter_context(callback)
            self._explain(may_paste=pasted.watch(self.came.put, lambda: self.came.put(None)))
            show(self.request.address)
            redirect = self._answer()
            try:
                if redirect.refusal is not None:
                    raise redirect.refusal
                said = redeem(redirect.code)
            except ERPError as error:
                redirect.ended(error, "Look at what the tap says, and authorise it again.")
                raise
            redirect.ended(None, "You may close this window: the tap has got its first token.")
            self.say(said)

    def _explain(self, *, may_paste: bool) -> None:
        """Say what to do with the address that follows."""
        paste = "paste the address that the browser ends on, or the code in it, here at once"
        if self.where is not None:
            also = f" If the browser does not reach it, {paste}." if may_paste else ""
            how = f"The answer is awaited on {self.where} for {self.timeout / 60:.0f} minutes."
            self.say(f"Open this address in a browser and allow access. {how}{also}")
        elif may_paste:
            self.say(f"Open this address in a browser and allow access; then {paste}.")
        else:
            self._nothing_can_come()

    def _answer(self) -> Redirect:
        """Wait for the first answer that is one."""
        end = time.monotonic() + self.timeout
        while True:
            try:
                came = self.came.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                raise ERPAuthenticationError(
                    f"Nobody has allowed access within {self.timeout / 60:.0f} minutes; "
                    "authorise again.",
                    ends_run=True,
                ) from None
            if isinstance(came, Redirect):
                return came
            if came is None and self.where is None:
                self._nothing_can_come()
            if came and came.strip():
                try:
                    return Redirect(self.request.pasted(came))
                except Stray as stray:
                    self.say(str(stray))

    @staticmethod
    def _nothing_can_come() -> NoReturn:
        raise ERPAuthenticationError(
            "No answer can come: redirect_uri is no address of this machine, and nothing can be "
            "pasted into standard input; run it in a terminal, or set redirect_uri.",
            ends_run=True,
        )
