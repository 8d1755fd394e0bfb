"""What is said to a token endpoint, and what it answers (RFC 6749)."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.http.answer import Answer, Undecodable
from erp_common.http.dialect import Dialect, Fault, FaultKind
from erp_common.http.request import Request

MIN_LIFETIME = 10.0
"""Seconds; with less, each request would fetch a token. A 401 renews one that ends sooner."""


@dataclass(frozen=True)
class TokenEndpoint:
    """A token endpoint and the application that asks it.

    Attributes:
        url: Its https address.
        client_id: The application; None where the endpoint wants none.
        client_secret: Its secret.
        client_auth: Whether both go into HTTP Basic or into the body.
        headers: Sent with every request.
    """

    url: str
    client_id: str | None
    client_secret: str | None = field(repr=False)
    client_auth: Literal["basic", "body"] = "body"
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self, form: Mapping[str, str]) -> Request:
        """The request that carries `form`; fields without a value are left out."""
        fields = {name: value for name, value in form.items() if value}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **self.headers,
        }
        if self.client_id and self.client_auth == "basic":
            pair = ":".join(self.pair)
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        elif self.client_id:
            fields["client_id"] = self.client_id
            if self.client_secret:
                fields["client_secret"] = self.client_secret
        return Request(
            "POST",
            self.url,
            body=urlencode(fields).encode(),
            headers=tuple(headers.items()),
            extract=False,
            no_auth=True,
        )

    @property
    def pair(self) -> tuple[str, str]:
        """Id and secret as OAuth wants them in HTTP Basic: form-encoded first."""
        return quote(self.client_id or "", safe=""), quote(self.client_secret or "", safe="")


@dataclass(frozen=True, repr=False)
class Granted:
    """What a token endpoint has given; `expires_in` in seconds, None where it does not say."""

    access_token: str
    refresh_token: str
    expires_in: float | None


def granted(answer: Answer) -> Granted:
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
    return Granted(
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
    except (ValueError, OverflowError):
        return None
    return max(seconds, MIN_LIFETIME) if math.isfinite(seconds) and seconds > 0 else None


class TokenDialect(Dialect):
    """How a token endpoint says that something is wrong."""

    address = "token_url"

    def __init__(self, system: str) -> None:
        """Speak of the token endpoint of this ERP."""
        super().__init__(f"The token endpoint of {system}")

    def fault(self, answer: Answer, request: Request) -> Fault | None:
        """What is wrong with an answer; a refusal here ends the run."""
        fault = super().fault(answer, request)
        if answer.status not in _REFUSALS:
            return fault
        return Fault(
            FaultKind.AUTH,
            self.message(answer),
            ends_run=True,
            advice="check the credentials in the settings, or authorise the application again",
        )


_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
