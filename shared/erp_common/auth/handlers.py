"""The credentials of an ERP, as `requests` auth objects."""

from __future__ import annotations

import math
from base64 import b64encode
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from requests import PreparedRequest

from erp_common.errors import ERPAuthenticationError, ERPSettingsError
from erp_common.http.clock import SYSTEM_CLOCK, SystemClock
from erp_common.http.credentials import Credentials

KeyLocation = Literal["header", "query"]
"""The setting `api_key_location`."""
_IN_HEADERS = ("X-App-Key", "X-App-Secret")
_ELSEWHERE = ("app_key", "app_secret")


class APIKeyHandler(Credentials):
    """A key, and a secret where the ERP wants one, in headers or in the query."""

    def __init__(
        self,
        api_key: str,
        api_secret: str | None = None,
        key_location: KeyLocation | Literal["body"] = "header",
        *,
        key_name: str | None = None,
        key_format: str = "{api_key}",
    ) -> None:
        """Create the credentials.

        Args:
            api_key: The key.
            api_secret: The secret; None where there is none.
            key_location: `header`, `query`, or `body` for `credentials` to be put into the body
                by whoever builds it.
            key_name: Name of the key's header, parameter or field; None for `X-App-Key` in
                headers and `app_key` elsewhere; the secret's is `X-App-Secret` or `app_secret`.
            key_format: How the key is written, such as `Bearer {api_key}`.

        Raises:
            ERPSettingsError: The location is none of the three, or there is no key.
        """
        if key_location not in {"header", "query", "body"}:
            raise ERPSettingsError(
                f"api_key_location is {key_location!r}; set it to header or query."
            )
        if not api_key or not api_key.strip():
            raise ERPSettingsError("The API key is empty; set it in the settings.")
        names = _IN_HEADERS if key_location == "header" else _ELSEWHERE
        self._location = key_location
        self._key = api_key.strip()
        self._secret = (api_secret or "").strip()
        self._parts = {key_name or names[0]: key_format.format(api_key=self._key)}
        if self._secret:
            self._parts[names[1]] = self._secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the key to the headers or the query."""
        if self._location == "header":
            request.headers.update(self._parts)
        elif self._location == "query":
            query = urlencode(self._parts, quote_via=quote)
            url = str(request.url)
            request.url = f"{url}{'&' if '?' in url else '?'}{query}"
        return request

    def credentials(self) -> dict[str, str]:
        """The key and the secret by their names, for ERPs that want them in the body."""
        return dict(self._parts)

    def secrets(self) -> tuple[str, ...]:
        """The key and the secret."""
        return (self._key, self._secret)


class BasicAuthHandler(Credentials):
    """A user name and a password, in UTF-8."""

    def __init__(self, username: str, password: str) -> None:
        """Create the credentials.

        Raises:
            ERPSettingsError: The user name is empty or holds a colon.
        """
        if not username or ":" in username:
            raise ERPSettingsError("username must not be empty nor hold a colon; correct it.")
        self._password = password
        self._pair = b64encode(f"{username}:{password}".encode()).decode()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Basic {self._pair}"
        return request

    def secrets(self) -> tuple[str, ...]:
        """The password, and the pair as it is sent."""
        return (self._password, self._pair)


class BearerTokenHandler(Credentials):
    """A token that somebody else has obtained."""

    def __init__(
        self,
        token: str,
        token_expiration: float | datetime | None = None,
        *,
        clock: SystemClock = SYSTEM_CLOCK,
    ) -> None:
        """Create the credentials.

        Args:
            token: The access token.
            token_expiration: Seconds from now for which it is good, or the moment of its end;
                None if nobody knows.
            clock: Replaced in tests.

        Raises:
            ERPSettingsError: The token is empty.
        """
        if not token or not token.strip():
            raise ERPSettingsError("access_token is empty; set it in the settings.")
        self._token = token.strip()
        self._clock = clock
        if isinstance(token_expiration, datetime):
            token_expiration = token_expiration.timestamp() - clock.time()
        left = math.inf if token_expiration is None else token_expiration
        self._good_until = clock.monotonic() + left

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header.

        Raises:
            ERPAuthenticationError: The token has expired.
        """
        self.ready()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def ready(self) -> None:
        """Check that the token is still good.

        Raises:
            ERPAuthenticationError: The token has expired.
        """
        if self._clock.monotonic() >= self._good_until:
            raise ERPAuthenticationError(
                "The access token has expired; set a new access_token, or use oauth2, which "
                "renews its own.",
                ends_run=True,
            )

    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self._token,)
