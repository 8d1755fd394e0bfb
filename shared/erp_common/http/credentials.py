"""What a request is signed with, as far as the transport knows it; `auth` has the kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from erp_common.http.answer import Answer
from erp_common.http.dialect import Dialect
from erp_common.http.masking import Masker
from erp_common.http.request import Request

TokenCall = Callable[[Request, Callable[[Answer], Any], Dialect], Any]
"""Sends a token request by the transport's rules: what to ask, what makes something of the answer,
and how the token endpoint says that something is wrong."""


class Credentials(AuthBase):
    """Credentials of any kind; this one signs nothing."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        return request

    def bind(self, call: TokenCall, masker: Masker, system: str) -> None:
        """Learn how to send requests for tokens, who must be told the secrets, and whose they are.

        Args:
            call: Sends a request for a token.
            masker: Is told every secret.
            system: The ERP's name in messages.
        """
        _ = call, system
        masker.learn(*self.secrets())

    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in any text."""
        return ()

    def ready(self) -> None:
        """Get everything that signing needs, before a request takes its place in the queue.

        Raises:
            ERPError: The credentials are no good, or no token can be had.
        """

    def renew(self, failed: PreparedRequest) -> bool:
        """Replace the credentials that an answer of status 401 has refused.

        Returns:
            Whether another try is worth while.
        """
        _ = failed
        return False
