"""OAuth 2: tokens are fetched, kept, and renewed before they expire or once after a 401."""

from __future__ import annotations

import logging
import math
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec
from requests import PreparedRequest

from erp_common.errors import ERPAuthenticationError, ERPError, ERPValidationError
from erp_common.http.addresses import require_https
from erp_common.http.answer import Answer, Undecodable
from erp_common.http.auth import Handler, TokenCall
from erp_common.http.clock import SYSTEM_CLOCK, Clock
from erp_common.http.masking import Masker
from erp_common.http.request import Request
from erp_common.http.token_store import StoredToken, TokenStore, application, fingerprint

logger = logging.getLogger(__name__)

ASSUMED_LIFETIME = 3600.0
"""Seconds; for a token answer without `expires_in` where `token_expires_in` is not set."""
_LARGEST_MARGIN = 60.0
_GRANTS = ("client_credentials", "password", "refresh_token")


@dataclass(frozen=True)
class _Token:
    """An access token and when to replace it, on the clock that does not jump."""

    value: str
    stale_at: float


class OAuth2Handler(Handler):
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
        grant_type: str = "client_credentials",
        *,
        username: str | None = None,
        password: str | None = None,
        refresh_token: str | None = None,
        client_auth: Literal["basic", "body"] = "body",
        headers: Mapping[str, str] | None = None,
        token_expires_in: float | None = None,
        token_store: TokenStore | None = None,
        clock: Clock = SYSTEM_CLOCK,
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
            token_expires_in: Seconds; where the answer does not say.
            token_store: Where rotated refresh tokens are kept; None for memory alone.
            clock: Replaced in tests.

        Raises:
            ERPValidationError: The address is no https, or something needed is missing.
        """
        self._token_url = require_https(token_url, "token_url")
        if grant_type not in _GRANTS:
            raise ERPValidationError(
                f"grant_type is {grant_type!r}; set it to one of {', '.join(_GRANTS)}."
            )
        if grant_type == "client_credentials" and not (client_id and client_secret):
            raise ERPValidationError("oauth2 needs client_id and client_secret; set both.")
        if grant_type == "password" and not (username and password):
            raise ERPValidationError("grant_type password needs username and password; set both.")
        if grant_type == "refresh_token" and not (refresh_token or token_store):
            raise ERPValidationError(
                "grant_type refresh_token needs refresh_token or a token_store that holds one; "
                "set either."
            )
        self._client_id, self._client_secret = client_id, client_secret
        self._grant = grant_type
        self._scope = scope
        self._user = {"username": username or "", "password": password or ""}
        self._setting = refresh_token
        self._refresh_token = refresh_token
        self._client_auth = client_auth
        self._headers = dict(headers or {})
        self._default_lifetime = token_expires_in or ASSUMED_LIFETIME
        self._store = token_store
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._turn = 0
        self._failure: ERPError | None = None
        self._warned = False
        self._call: TokenCall | None = None
        self._masker = Masker(self.secrets())

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token, fetching one first where there is none that is good."""
        self.ready()
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.value}"
        return request

    def bind(self, call: TokenCall, masker: Masker) -> None:
        """Send requests for tokens through `call`, and tell `masker` every token."""
        self._call = call
        self._masker = masker
        super().bind(call, masker)
        if self._client_id and self._client_secret:
            masker.learn_pair(*self._pair())

    def secrets(self) -> tuple[str, ...]:
        """The secrets of the settings; those learnt later go straight to the masker."""
        known = (self._client_secret, self._user["password"], self._setting)
        return tuple(secret for secret in known if secret)

    def ready(self) -> None:
        """Fetch or renew the token where there is none or it is about to expire.

        Raises:
            ERPAuthenticationError: The token endpoint refuses.
            ERPError: No token can be had.
        """
        token = self._token
        if token is None or self._clock.monotonic() >= token.stale_at:
            self._renew(token)

    def renew(self, failed: PreparedRequest) -> bool:
        """Renew the token that a 401 has refused, unless it has been renewed since.

        Raises:
            ERPAuthenticationError: The token endpoint refuses.
            ERPError: No token can be had.
        """
        token = self._token
        if token is None or failed.headers.get("Authorization") == f"Bearer {token.value}":
            self._renew(token)
        return True

    def redeem(self, code: str, redirect_uri: str | None = None) -> None:
        """Exchange an authorization code for the first tokens and keep them in the store.

        Args:
            code: The code that the authorization page has handed out.
            redirect_uri: The address it was handed to, where the token endpoint wants it.

        Raises:
            ERPAuthenticationError: The token endpoint refuses the code.
            ERPValidationError: Its answer holds no refresh token.
        """
        form = {"grant_type": "authorization_code", "code": code}
        if redirect_uri:
            form["redirect_uri"] = redirect_uri
        self._masker.learn(code)
        with self._lock:
            if self._store is None:
                self._token = self._adopt(self._send(form))
                return
            with self._store.locked():
                granted = self._send(form)
                if not granted.refresh_token:
                    raise ERPValidationError(
                        "The token endpoint gave no refresh token; check that the application may "
                        "have one."
                    )
                # The setting, if any, is older than this chain and must not win over it.
                self._keep(granted, fingerprint(self._setting))
                self._token = self._adopt(granted)

    def _renew(self, old: _Token | None) -> None:
        """Replace `old`, once for all threads that ask for it."""
        turn = self._turn
        with self._lock:
            if self._token is not old:
                return
            if self._turn != turn and self._failure is not None:
                # They waited for a renewal that failed; asking again would fail the same way.
                failure = self._failure
                raise type(failure)(str(failure), ends_run=failure.ends_run)
            try:
                self._token = self._obtain(old)
                self._failure = None
            except ERPError as error:
                self._failure = error
                raise
            finally:
                self._turn += 1

    def _obtain(self, old: _Token | None) -> _Token:
        if self._grant != "refresh_token":
            form = {"grant_type": self._grant}
            if self._scope:
                form["scope"] = self._scope
            if self._grant == "password":
                form |= self._user
            return self._adopt(self._send(form))
        if self._store is None:
            granted = self._send(self._refresh_form())
            if granted.refresh_token and granted.refresh_token != self._refresh_token:
                self._warn_rotated()
                self._refresh_token = granted.refresh_token
            return self._adopt(granted)
        with self._store.locked():
            return self._obtain_stored(self._store, old)

    def _obtain_stored(self, store: TokenStore, old: _Token | None) -> _Token:
        """Use what the store holds, or renew it; the store's lock is held."""
        name = application(self._token_url, self._client_id)
        kept = store.load(name)
        seed = fingerprint(self._setting)
        if kept is not None and self._setting and kept.seed != seed:
            kept = None  # the setting holds a new authorisation
        if kept is None:
            self._refresh_token = self._setting
        else:
            self._masker.learn(kept.refresh_token, kept.access_token)
            self._refresh_token = kept.refresh_token
            left = min(kept.expires_at - self._clock.time(), kept.lifetime)
            fresh = kept.access_token and left > _margin(kept.lifetime)
            if fresh and (old is None or kept.access_token != old.value):
                return self._token_for(kept.access_token, left, kept.lifetime)
            seed = kept.seed
        if not self._refresh_token:
            raise ERPAuthenticationError(
                "There is no refresh token yet; authorise the application, or set refresh_token.",
                ends_run=True,
            )
        granted = self._send(self._refresh_form())
        self._keep(granted, seed)
        return self._adopt(granted)

    def _keep(self, granted: _Granted, seed: str) -> None:
        """Put what was granted on disk before anything is done with it."""
        if self._store is None:
            return
        self._refresh_token = granted.refresh_token or self._refresh_token or ""
        lifetime = self._lifetime(granted)
        self._store.save(
            application(self._token_url, self._client_id),
            StoredToken(
                refresh_token=self._refresh_token,
                seed=seed,
                access_token=granted.access_token,
                expires_at=self._clock.time() + lifetime,
                lifetime=lifetime,
            ),
        )

    def _refresh_form(self) -> dict[str, str]:
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token or ""}
        if self._scope:
            form["scope"] = self._scope
        return form

    def _send(self, form: dict[str, str]) -> _Granted:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **self._headers,
        }
        if self._client_id and self._client_auth == "basic":
            pair = ":".join(self._pair())
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        elif self._client_id:
            form = {**form, "client_id": self._client_id}
            if self._client_secret:
                form["client_secret"] = self._client_secret
        request = Request(
            "POST",
            self._token_url,
            body=urlencode(form).encode(),
            headers=tuple(headers.items()),
            extract=False,
            no_auth=True,
        )
        granted: _Granted = self._caller()(request, _granted)
        self._masker.learn(granted.access_token, granted.refresh_token)
        return granted

    def _pair(self) -> tuple[str, str]:
        """Id and secret as OAuth wants them in HTTP Basic: form-encoded first."""
        return quote(self._client_id or "", safe=""), quote(self._client_secret or "", safe="")

    def _adopt(self, granted: _Granted) -> _Token:
        lifetime = self._lifetime(granted)
        return self._token_for(granted.access_token, lifetime, lifetime)

    def _token_for(self, value: str, left: float, lifetime: float) -> _Token:
        return _Token(value, self._clock.monotonic() + left - _margin(lifetime))

    def _lifetime(self, granted: _Granted) -> float:
        return granted.expires_in or self._default_lifetime

    def _warn_rotated(self) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "The token endpoint has replaced the refresh token, and the next run will need the "
                "new one: set token_store to a file where it can be kept."
            )

    def _caller(self) -> TokenCall:
        if self._call is None:
            # Imported here because the transport knows the handlers, and not they the transport.
            from erp_common.http.session import Transport, TransportOptions  # noqa: PLC0415

            transport = Transport(TransportOptions(base_url=self._token_url), self)
            self._call = transport.call_for_token
        return self._call


@dataclass(frozen=True)
class _Granted:
    """What a token endpoint has given."""

    access_token: str
    refresh_token: str
    expires_in: float | None


def _granted(answer: Answer) -> _Granted:
    """Decode a token answer.

    Raises:
        Undecodable: It is no JSON.
        ERPValidationError: It holds no access token.
    """
    try:
        content = msgspec.json.decode(answer.utf8())
    except msgspec.DecodeError as error:
        raise Undecodable("JSON", str(error)) from None
    fields = content if isinstance(content, dict) else {}
    token = fields.get("access_token")
    if not isinstance(token, str) or not token.strip():
        raise ERPValidationError(
            "The token endpoint's answer holds no access_token; check token_url.", ends_run=True
        )
    renewal = fields.get("refresh_token")
    return _Granted(
        token.strip(),
        renewal.strip() if isinstance(renewal, str) else "",
        _seconds(fields.get("expires_in")),
    )


def _seconds(value: Any) -> float | None:  # noqa: ANN401 -- whatever the answer holds
    """A lifetime that makes sense, also where it came as a text; None for any other."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _margin(lifetime: float) -> float:
    """Seconds before its end at which a token is replaced: it must last for a whole request."""
    return min(_LARGEST_MARGIN, lifetime / 10)
