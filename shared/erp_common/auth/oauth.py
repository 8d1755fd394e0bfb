"""OAuth 2: tokens are fetched, kept, and renewed before they expire or once after a 401."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import urljoin

from requests import PreparedRequest

from erp_common.auth.authorized_session import AuthorizedSession
from erp_common.auth.refresh_chain import AccessToken, RefreshChain
from erp_common.auth.token_endpoint import Granted, TokenDialect, TokenEndpoint, granted
from erp_common.auth.token_store import TokenStore, application
from erp_common.errors import ERPError, ERPSettingsError
from erp_common.http.addresses import require_https
from erp_common.http.clock import SYSTEM_CLOCK, SystemClock
from erp_common.http.credentials import Credentials, TokenCall
from erp_common.http.masking import Masker
from erp_common.http.options import TransportOptions
from erp_common.http.transport import Transport

ASSUMED_LIFETIME = 3600.0
"""Seconds; for a token answer without `expires_in` where the settings do not say either."""
GrantType = Literal["client_credentials", "password", "refresh_token"]
GRANT_TYPES: tuple[GrantType, ...] = get_args(GrantType)
"""The usual one first."""


class OAuth2Handler(Credentials):
    """Bearer tokens from a token endpoint, shared by all threads.

    One thread renews and the others wait for it. The request for a token goes through the
    transport that uses this handler; on its own, through one with the same defaults.
    """

    def __init__(  # noqa: PLR0913 -- the settings of OAuth, each by its name
        self,
        client_id: str | None,
        client_secret: str | None,
        token_url: str,
        scope: str | None = None,
        grant_type: str = GRANT_TYPES[0],
        *,
        username: str | None = None,
        password: str | None = None,
        refresh_token: str | None = None,
        client_auth: Literal["basic", "body"] = "body",
        headers: Mapping[str, str] | None = None,
        expires_in: float | None = None,
        token_store: TokenStore | str | os.PathLike[str] | None = None,
        clock: SystemClock = SYSTEM_CLOCK,
    ) -> None:
        """Prepare to fetch tokens; nothing is sent yet.

        Args:
            client_id: The application; None where the token endpoint wants none.
            client_secret: Its secret.
            token_url: The token endpoint.
            scope: What to ask for.
            grant_type: `client_credentials`, `password` or `refresh_token`.
            username: For `password`.
            password: For `password`.
            refresh_token: For `refresh_token`, unless the store holds one.
            client_auth: Whether the application's id and secret go into HTTP Basic or the body.
            headers: Sent with the request for a token.
            expires_in: Seconds; where the answer does not say how long a token is good.
            token_store: Where rotated refresh tokens are kept; None for memory alone.
            clock: Replaced in tests.

        Raises:
            ERPSettingsError: The address is no https, or something needed is missing.
        """
        url = require_https(token_url, "token_url")
        _check(grant_type, (client_id, client_secret), (username, password))
        if grant_type == "refresh_token" and not (refresh_token or token_store):
            raise ERPSettingsError(
                "grant_type refresh_token needs refresh_token or a token_store that holds one; "
                "set either."
            )
        self._endpoint = TokenEndpoint(
            url, client_id or None, client_secret or None, client_auth, dict(headers or {})
        )
        self._form = {"grant_type": grant_type, "scope": scope or ""}
        if grant_type == "password":
            self._form |= {"username": username or "", "password": password or ""}
        if token_store is not None and not isinstance(token_store, TokenStore):
            token_store = TokenStore(token_store)
        self._secrets = tuple(filter(None, (client_secret, password, refresh_token)))
        self._masker = Masker(self._secrets)
        if client_secret:
            self._masker.learn_pair(*self._endpoint.pair)
        self._chain = RefreshChain(
            refresh_token,
            token_store,
            application(url, client_id),
            clock,
            expires_in or ASSUMED_LIFETIME,
            self._masker,
            current=refresh_token or "",
        )
        self._refreshes = grant_type == "refresh_token"
        self.token_store = token_store
        """Where refresh tokens are kept; None for memory alone."""
        self._clock = clock
        self._lock = threading.Lock()
        self._current: AccessToken | None = None
        self._turn = 0
        self._failure: ERPError | None = None
        self._call: TokenCall | None = None
        self._dialect = TokenDialect("The ERP")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token, fetching one first where there is none that is good."""
        request.headers["Authorization"] = f"Bearer {self._usable()}"
        return request

    def get_session(self) -> AuthorizedSession:
        """A session whose requests carry the token; in `async with` its calls are coroutines."""
        return AuthorizedSession(self)

    def bind(self, call: TokenCall, masker: Masker, system: str) -> None:
        """Send requests for tokens through `call`, and tell `masker` every token."""
        super().bind(call, masker, system)
        self._call = call
        self._dialect = TokenDialect(system)
        self._masker = masker
        self._chain.masker = masker
        if self._endpoint.client_secret:
            masker.learn_pair(*self._endpoint.pair)

    def secrets(self) -> tuple[str, ...]:
        """The secrets of the settings; tokens go straight to the masker as they come."""
        return self._secrets

    def ready(self) -> None:
        """Fetch or renew the token where there is none or it is about to expire.

        Raises:
            ERPAuthenticationError: The token endpoint refuses.
            ERPError: No token can be had.
        """
        self._usable()

    def renew(self, failed: PreparedRequest) -> bool:
        """Renew the token that a 401 has refused, unless it has been renewed since.

        Raises:
            ERPAuthenticationError: The token endpoint refuses.
            ERPError: No token can be had.
        """
        current = self._current
        if current is None or failed.headers.get("Authorization") == f"Bearer {current.value}":
            self._replace(current)
        return True

    def redeem(self, code: str, redirect_uri: str | None = None) -> None:
        """Exchange an authorization code for the first tokens and keep them in the store.

        Args:
            code: The code that the authorization page has handed out.
            redirect_uri: The address it was handed to, where the token endpoint wants it.

        Raises:
            ERPAuthenticationError: The token endpoint refuses the code.
            ERPValidationError: Its answer holds no refresh token, or the store cannot be used.
        """
        self._masker.learn(code)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri or "",
        }
        with self._lock:
            self._current = self._chain.begin(lambda: self._send(form))

    def _usable(self) -> str:
        current = self._current
        if current is None or self._clock.monotonic() >= current.stale_at:
            current = self._replace(current)
        return current.value

    def _replace(self, old: AccessToken | None) -> AccessToken:
        """Replace `old`, once for all threads that ask for it."""
        turn = self._turn
        with self._lock:
            if self._current is not old and self._current is not None:
                return self._current
            if self._turn != turn and self._failure is not None:
                # They waited for a renewal that failed; asking again would fail the same way.
                failure = self._failure
                raise type(failure)(str(failure), ends_run=failure.ends_run)
            try:
                self._current = self._obtain(old)
            except ERPError as error:
                self._failure = error
                raise
            else:
                self._failure = None
                return self._current
            finally:
                self._turn += 1

    def _obtain(self, old: AccessToken | None) -> AccessToken:
        if not self._refreshes:
            return self._chain.lasting(self._send(self._form))
        return self._chain.renew(
            None if old is None else old.value,
            lambda token: self._send({**self._form, "refresh_token": token}),
        )

    def _send(self, form: Mapping[str, str]) -> Granted:
        if self._call is None:
            options = TransportOptions(base_url=urljoin(self._endpoint.url, "/"))
            self._call = Transport(options, mask=self._masker).call_for_token
        given: Granted = self._call(self._endpoint.request(form), granted, self._dialect)
        self._masker.learn(given.access_token, given.refresh_token)
        return given


def _check(
    grant_type: str, client: tuple[str | None, str | None], user: tuple[str | None, str | None]
) -> None:
    if grant_type not in GRANT_TYPES:
        raise ERPSettingsError(
            f"grant_type is {grant_type!r}; set it to one of {', '.join(GRANT_TYPES)}."
        )
    if grant_type == "client_credentials" and not all(client):
        raise ERPSettingsError("oauth2 needs client_id and client_secret; set both.")
    if grant_type == "password" and not all(user):
        raise ERPSettingsError("grant_type password needs username and password; set both.")
