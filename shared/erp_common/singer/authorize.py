"""`--authorize`: the first token, by the consent of a user in a browser."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError

from erp_common.auth.authorization import AuthorizationRequest, Stray
from erp_common.auth.callback import Callback, Redirect
from erp_common.auth.oauth import OAuth2Handler
from erp_common.errors import ERPAuthenticationError, ERPError
from erp_common.http.addresses import Loopback
from erp_common.http.clock import SYSTEM_CLOCK, Clock
from erp_common.singer import pasted
from erp_common.singer.config import Config, parse
from erp_common.singer.ending import Terminated

if TYPE_CHECKING:
    from types import FrameType

    from erp_common.singer.tap import LedgerTap

CONSENT_TIMEOUT = 600.0
"""Seconds to wait for the user."""
_REFRESHES = "the tap refreshes it by itself from now on"
_WILL_REFRESH = "with grant_type set to refresh_token, the tap refreshes it by itself from now on"


class Consent:
    """One attempt to get a user's consent, and the token that it gives."""

    def __init__(
        self,
        request: AuthorizationRequest,
        where: Loopback | None,
        say: Callable[[str], None],
        *,
        timeout: float = CONSENT_TIMEOUT,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            request: What the user is asked.
            where: Where the browser brings the answer; None if the user has to.
            say: Tells the user something.
            timeout: Seconds to wait for the user.
            clock: Replaced in tests.
        """
        self._request = request
        self._where = where
        self._say = say
        self._timeout = timeout
        self._clock = clock
        self._came: Queue[Redirect | str | None] = Queue()

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
            if self._where is not None:
                callback = Callback(self._where, self._request.code, self._came.put)
                open_until_then.enter_context(callback)
            self._explain(may_paste=pasted.watch(self._came.put, lambda: self._came.put(None)))
            show(self._request.address)
            redirect = self._answer()
            try:
                if redirect.refusal is not None:
                    raise redirect.refusal
                said = redeem(redirect.code)
            except ERPError as error:
                redirect.ended(error, "Look at what the tap says, and authorise it again.")
                raise
            redirect.ended(None, "You may close this window: the tap has got its first token.")
            self._say(said)

    def _explain(self, *, may_paste: bool) -> None:
        """Say what to do with the address that follows."""
        paste = "paste the address that the browser ends on, or the code in it, here at once"
        if self._where is not None:
            also = f" If the browser does not reach it, {paste}." if may_paste else ""
            how = f"The answer is awaited on {self._where} for {self._timeout / 60:.0f} minutes."
            self._say(f"Open this address in a browser and allow access. {how}{also}")
        elif may_paste:
            self._say(f"Open this address in a browser and allow access; then {paste}.")
        else:
            self._nothing_can_come()

    def _answer(self) -> Redirect:
        """Wait for the first answer that is one."""
        end = self._clock.monotonic() + self._timeout
        while True:
            try:
                came = self._came.get(timeout=max(0.0, end - self._clock.monotonic()))
            except Empty:
                raise ERPAuthenticationError(
                    f"Nobody has allowed access within {self._timeout / 60:.0f} minutes; "
                    "authorise again.",
                    ends_run=True,
                ) from None
            if isinstance(came, Redirect):
                return came
            if came is None and self._where is None:
                self._nothing_can_come()
            if came and came.strip():
                try:
                    return Redirect(self._request.pasted(came))
                except Stray as stray:
                    self._say(str(stray))

    @staticmethod
    def _nothing_can_come() -> NoReturn:
        raise ERPAuthenticationError(
            "No answer can come: redirect_uri is no address of this machine, and nothing can be "
            "pasted into standard input; run it in a terminal, or set redirect_uri.",
            ends_run=True,
        )


def authorize(tap_class: type[LedgerTap], given: Any) -> None:  # noqa: ANN401 - the SDK's config input
    """Get the first token and keep it in `token_store`.

    Raises:
        ConfigValidationError: The ERP has no such page, or a setting is missing or wrong.
        ERPError: There is no token; what `token_store` holds is as it was.
    """
    raw = tap_class.raw_settings(given)
    config = _settings(tap_class, raw)
    build = tap_class.build(config)
    try:
        handler = tap_class.source(config, build).transport.auth
        if not isinstance(handler, OAuth2Handler) or handler.token_store is None:
            raise _wrong("--authorize needs auth_type oauth2 and a token_store; set both")
        handler.token_store.check()
        request = AuthorizationRequest(
            system=tap_class.defaults.system,
            page=config.authorize_url or tap_class.defaults.authorize_url or "",
            client_id=config.client_id or "",
            redirect_uri=config.redirect_uri.strip(),
            scope=config.scope or tap_class.defaults.authorize_scope,
        )
        tap_class.conceal(request.state)

        def redeem(code: str) -> str:
            handler.redeem(code, request.redirect_uri)
            lasting = config.api == "public" or raw.get("grant_type") == "refresh_token"
            then = _REFRESHES if lasting else _WILL_REFRESH
            return f"The first token is kept in {config.token_store}; {then}."

        def say(text: str) -> None:
            click.echo(tap_class.masked(text), err=True)

        with _ended_by_signals():
            consent = Consent(request, config.redirect, say)
            consent.obtain(click.echo, redeem)
    finally:
        build.close()


def _settings(tap_class: type[LedgerTap], raw: dict[str, Any]) -> Config:
    """The settings, once it is clear that a token can be had with them."""
    defaults = tap_class.defaults
    if defaults.authorize_url is None:
        raise _wrong(
            f"{defaults.system} has no page on which a user lets an application in; leave "
            "--authorize out, and set the credentials of one of its auth_types: "
            f"{', '.join(defaults.auth_types)}"
        )
    usual = defaults.of(str(raw.get("api")))
    if (raw.get("auth_type") or usual.auth_types[0]) != "oauth2":
        raise _wrong("--authorize gets tokens for auth_type oauth2; set auth_type to oauth2")
    if not str(raw.get("token_store") or "").strip():
        raise _wrong(
            "token_store is missing; set it to the path of the file that is to keep the first "
            "token and those that follow"
        )
    return parse({**raw, "grant_type": "refresh_token"}, defaults, books=False)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """While it lasts, Ctrl-C and a request to end are told as what they are."""

    def end(signum: int, frame: FrameType | None) -> None:
        _ = frame
        raise Terminated(signum, "It was broken off; run with --authorize again.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _wrong(sentence: str) -> ConfigValidationError:
    return ConfigValidationError(sentence, errors=[sentence], schema={})
