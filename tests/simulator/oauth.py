"""Token endpoints: client credentials, passwords, codes, refresh tokens that may rotate."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from simulator.http11 import Request, Response


class Grant(NamedTuple):
    """What a token stands for: an ERP, and a company where the ERP has no company parameter."""

    erp: str
    company: str | None


@dataclass
class Client:
    """A registered application; without a `redirect_uri` it may name any."""

    grant: Grant
    client_id: str
    client_secret: str
    username: str = ""
    password: str = ""
    grant_types: frozenset[str] = frozenset({"client_credentials", "refresh_token"})
    basic_only: bool = False
    redirect_uri: str = ""


@dataclass
class _Code:
    """What was handed out for a user's consent, and the tokens that it was exchanged for."""

    client: Client
    redirect_uri: str
    expiry: float
    given: list[str] = field(default_factory=list)


def secret(*parts: object) -> str:
    """Return a key that looks random, and is the same each time."""
    return sha256("/".join(map(str, parts)).encode()).hexdigest()[:40]


class Tokens:
    """Issues and checks tokens; the public attributes may be changed at any time.

    Refresh tokens that began with a code are replaced at each use; others if `rotate` says so.
    """

    def __init__(self) -> None:
        """Start with tokens that live an hour, named in `expires_in`."""
        self.expires_in: float = 3600
        self.code_expires_in: float = 60
        self.name_expiry = True
        self.rotate = False
        self.requests: list[Mapping[str, str]] = []
        self.issued = 0
        self._lock = Lock()
        self._clients: dict[tuple[str, str], Client] = {}
        self._access: dict[str, tuple[Grant, float]] = {}
        self._refresh: dict[str, Grant] = {}
        self._codes: dict[str, _Code] = {}
        self._rotating: set[str] = set()

    @property
    def count(self) -> int:
        """How many token requests came."""
        return len(self.requests)

    def register(self, client: Client) -> None:
        """Make an application known."""
        with self._lock:
            self._clients[client.grant.erp, client.client_id] = client

    def client(self, grant: Grant) -> Client:
        """Return the application that is allowed `grant`; KeyError if there is none."""
        with self._lock:
            for client in self._clients.values():
                if client.grant == grant:
                    return client
        raise KeyError(grant)

    def registered(self, erp: str, client_id: str) -> Client | None:
        """Return the application of this id, None if there is none."""
        with self._lock:
            return self._clients.get((erp, client_id))

    def code(self, client: Client, redirect_uri: str) -> str:
        """Return a new authorization code, good once, for that application and address alone."""
        with self._lock:
            self.issued += 1
            code = "ac-" + secret("code", id(self), self.issued)
            expiry = monotonic() + self.code_expires_in
            self._codes[code] = _Code(client, redirect_uri, expiry)
            return code

    def access_token(self, grant: Grant, lifetime: float | None = None) -> str:
        """Return a new access token, which lives `expires_in` or `lifetime` seconds."""
        with self._lock:
            return self._new_access(grant, lifetime)

    def refresh_token(self, grant: Grant) -> str:
        """Return a new refresh token."""
        with self._lock:
            return self._new_refresh(grant)

    def check(self, erp: str, token: str) -> Grant | None:
        """Return what a token stands for, None if it is unknown, expired or revoked."""
        with self._lock:
            grant, expiry = self._access.get(token, (None, 0.0))
            if grant is None or grant.erp != erp or monotonic() >= expiry:
                return None
            return grant

    def revoke(self, token: str) -> None:
        """Make one access token invalid."""
        with self._lock:
            self._access.pop(token, None)

    def revoke_all(self, erp: str | None = None, *, refresh: bool = False) -> None:
        """Make every access token invalid, with `refresh` the refresh tokens too."""
        with self._lock:
            for token in [t for t, (g, _) in self._access.items() if erp in (None, g.erp)]:
                del self._access[token]
            if refresh:
                for token in [t for t, g in self._refresh.items() if erp in (None, g.erp)]:
                    del self._refresh[token]

    def is_refresh_token(self, token: str) -> bool:
        """Whether a refresh token would still be taken."""
        with self._lock:
            return token in self._refresh

    def answer(self, erp: str, request: Request) -> Response:
        """Serve a token request."""
        form = request.form
        with self._lock:
            self.requests.append(form)
            if request.method != "POST":
                return _refused(405, "invalid_request")
            client_id, client_secret, basic = _presented(request, form)
            client = self._clients.get((erp, client_id))
            if client is None or client.client_secret != client_secret:
                return _refused(401, "invalid_client")
            if client.basic_only and not basic:
                return _refused(401, "invalid_client")
            return self._grant(client, form)

    def _grant(self, client: Client, form: Mapping[str, str]) -> Response:
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            return self._redeemed(client, form)
        if grant_type not in client.grant_types:
            return _refused(400, "unsupported_grant_type")
        if grant_type == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        if grant_type == "client_credentials":
            return self._granted(client.grant, None)
        if (form.get("username"), form.get("password")) != (client.username, client.password):
            return _refused(400, "invalid_grant")
        return self._granted(client.grant, self._new_refresh(client.grant))

    def _refreshed(self, token: str) -> Response:
        grant = self._refresh.get(token)
        if grant is None:
            return _refused(400, "invalid_grant")
        if token in self._rotating:
            del self._refresh[token]
            token = self._new_refresh(grant)
            self._rotating.add(token)
        elif self.rotate:
            del self._refresh[token]
            token = self._new_refresh(grant)
        return self._granted(grant, token)

    def _redeemed(self, client: Client, form: Mapping[str, str]) -> Response:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.client != client:
            return _refused(400, "invalid_grant")
        if code.given:
            # Somebody else may have it: what was given for it is taken back.
            for token in code.given:
                self._access.pop(token, None)
                self._refresh.pop(token, None)
            return _refused(400, "invalid_grant")
        if monotonic() >= code.expiry or form.get("redirect_uri", "") != code.redirect_uri:
            return _refused(400, "invalid_grant")
        refresh = self._new_refresh(client.grant)
        self._rotating.add(refresh)
        access = self._new_access(client.grant, None)
        code.given = [access, refresh]
        return self._answer(access, refresh)

    def _granted(self, grant: Grant, refresh: str | None) -> Response:
        return self._answer(self._new_access(grant, None), refresh)

    def _answer(self, access: str, refresh: str | None) -> Response:
        body: dict[str, Any] = {"access_token": access, "token_type": "Bearer"}
        if self.name_expiry:
            body["expires_in"] = int(self.expires_in)
        if refresh is not None:
            body["refresh_token"] = refresh
        return Response(body=msgspec.json.encode(body))

    def _new_access(self, grant: Grant, lifetime: float | None) -> str:
        self.issued += 1
        token = "at-" + secret("access", id(self), self.issued)
        self._access[token] = (grant, monotonic() + (lifetime or self.expires_in))
        return token

    def _new_refresh(self, grant: Grant) -> str:
        self.issued += 1
        token = "rt-" + secret("refresh", id(self), self.issued)
        self._refresh[token] = grant
        return token


def _presented(request: Request, form: Mapping[str, str]) -> tuple[str, str, bool]:
    basic = basic_credentials(request)
    if basic is not None:
        return *basic, True
    return form.get("client_id", ""), form.get("client_secret", ""), False


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """Return user and password of a Basic authorisation, if the request has one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password


def bearer_token(request: Request) -> str | None:
    """Return the token of a Bearer authorisation, if the request has one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def _refused(status: int, error: str) -> Response:
    return Response(status, msgspec.json.encode({"error": error}))
