"""Which refresh token comes next: the setting's, the store's, or the one just handed out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from erp_common.auth.token_endpoint import Granted
from erp_common.auth.token_store import StoredToken, TokenStore, fingerprint
from erp_common.errors import ERPAuthenticationError, ERPValidationError
from erp_common.http.clock import SystemClock
from erp_common.http.masking import Masker

logger = logging.getLogger(__name__)

_MAX_MARGIN = 60.0


@dataclass(frozen=True, repr=False)
class AccessToken:
    """An access token; times in seconds, on the clock that does not jump.

    Attributes:
        value: The token.
        good_until: When it expires.
        lifetime: For how long it was given.
    """

    value: str
    good_until: float
    lifetime: float

    @property
    def stale_at(self) -> float:
        """When to replace it: early, since it must last for a whole request."""
        return self.good_until - min(_MAX_MARGIN, self.lifetime / 10)


@dataclass(repr=False, eq=False)
class RefreshChain:
    """Refresh tokens that may be replaced at each use.

    With a store, whoever refreshes holds its lock, reads it again, and puts what is new on disk
    before using it. The store wins over the setting, unless the setting holds another token than
    the one the store began with, which is a new authorisation. Not for several threads at once.

    Attributes:
        setting: The refresh token of the settings.
        store: Where later ones are kept; None for memory alone.
        name: The application's name in the store.
        clock: Tells when an access token expires.
        default_lifetime: Seconds; for access tokens that do not say how long they are good.
        masker: Told every token that comes out of the store.
        current: The refresh token to use next.
        warned: Whether it has been said that the next run will need another one.
    """

    setting: str | None
    store: TokenStore | None
    name: str
    clock: SystemClock
    default_lifetime: float
    masker: Masker
    current: str = ""
    warned: bool = False

    def renew(self, old: str | None, exchange: Callable[[str], Granted]) -> AccessToken:
        """Get an access token other than `old`.

        Args:
            old: The access token that is no good any more; None at first.
            exchange: Hands a refresh token in.

        Raises:
            ERPAuthenticationError: There is no refresh token, or it is refused.
            ERPError: No token can be had, or the store cannot be used.
        """
        if self.store is None:
            given = exchange(self.current)
            if given.refresh_token and given.refresh_token != self.current:
                self.current = given.refresh_token
                self._warn()
            return self.lasting(given)
        with self.store.locked():
            kept = self.store.load(self.name)
            if kept is not None and self.setting and kept.seed != fingerprint(self.setting):
                kept = None
            if kept is None:
                self.current = self.setting or ""
            else:
                self.masker.learn(kept.refresh_token, kept.access_token)
                self.current = kept.refresh_token
                fresh = self._fresh(kept, old)
                if fresh is not None:
                    return fresh
            if not self.current:
                raise ERPAuthenticationError(
                    "There is no refresh token yet; authorise the application, or set "
                    "refresh_token.",
                    ends_run=True,
                )
            self.store.reserve()
            given = exchange(self.current)
            seed = fingerprint(self.setting) if kept is None else kept.seed
            return self._keep(self.store, given, seed)

    def begin(self, exchange: Callable[[], Granted]) -> AccessToken:
        """Begin a new chain, with what an authorisation gives.

        Raises:
            ERPValidationError: It gives no refresh token, or the store cannot be used.
        """
        if self.store is None:
            given = exchange()
            self.current = given.refresh_token
            return self.lasting(given)
        with self.store.locked():
            self.store.reserve()
            given = exchange()
            if not given.refresh_token:
                raise ERPValidationError(
                    "The token endpoint gave no refresh token; check that the application may "
                    "have one."
                )
            # The setting, if any, is older than this chain and must not win over it.
            return self._keep(self.store, given, fingerprint(self.setting))

    def lasting(self, given: Granted) -> AccessToken:
        """What was given, with its lifetime from now on."""
        lifetime = given.expires_in or self.default_lifetime
        return AccessToken(given.access_token, self.clock.monotonic() + lifetime, lifetime)

    def _fresh(self, kept: StoredToken, old: str | None) -> AccessToken | None:
        """The stored access token, if another process has just got it or it is still good."""
        # A clock set back must not make a token look younger than it can be.
        left = min(kept.expires_at - self.clock.time(), kept.lifetime)
        now = self.clock.monotonic()
        token = AccessToken(kept.access_token, now + left, kept.lifetime)
        return token if token.value and token.value != old and token.stale_at > now else None

    def _keep(self, store: TokenStore, given: Granted, seed: str) -> AccessToken:
        """Put what was given on disk, before anything is done with it."""
        self.current = given.refresh_token or self.current
        token = self.lasting(given)
        store.save(
            self.name,
            StoredToken(
                refresh_token=self.current,
                seed=seed,
                access_token=token.value,
                expires_at=self.clock.time() + token.lifetime,
                lifetime=token.lifetime,
            ),
        )
        return token

    def _warn(self) -> None:
        if not self.warned:
            self.warned = True
            logger.warning(
                "The token endpoint has replaced the refresh token, and the next run will need the "
                "new one: set token_store to a file where it can be kept."
            )
