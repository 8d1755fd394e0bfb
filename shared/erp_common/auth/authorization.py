"""What is asked of a vendor's authorization page, and what it answers (RFC 6749, 4.1)."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from erp_common.errors import ERPAuthenticationError

_MAX_FIELDS = 50
_CODE = re.compile(r"[\x21-\x7e]{1,4096}")
_NOT_OURS = (
    "This is no answer to the authorization that is under way; open the address that was printed "
    "last, and allow access there."
)
_ADVICE = "check client_id, redirect_uri and scope against its registration, and authorise again"


class Stray(ValueError):  # noqa: N818 - tells what came
    """What came is no answer to the request; the true one may still come."""


@dataclass(frozen=True, repr=False)
class AuthorizationRequest:
    """One request for a user's consent, which one answer belongs to.

    Attributes:
        system: The ERP, for sentences.
        page: The vendor's authorization page; its query may stand after a `#`.
        client_id: The application that asks.
        redirect_uri: Where the user's browser takes the answer.
        scope: What is asked for; None leaves that to the application's registration.
        state: By which the answer is recognised; nobody else can know it.
    """

    system: str
    page: str
    client_id: str
    redirect_uri: str
    scope: str | None = None
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def address(self) -> str:
        """What the user has to open in a browser."""
        fields = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope or "",
            "state": self.state,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        # An application within a page reads its own query, after the `#`.
        within = self.page.rpartition("#")[2]
        return f"{self.page}{'&' if '?' in within else '?'}{query}"

    def code(self, query: str) -> str:
        """The code in the query of an answer.

        Raises:
            Stray: It does not answer this request.
            ERPAuthenticationError: The user or the vendor refuses.
        """
        try:
            fields = parse_qs(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise Stray(_NOT_OURS) from None
        state, code, error = (_only(fields.get(name)) for name in ("state", "code", "error"))
        if not hmac.compare_digest(state.encode(), self.state.encode()):
            raise Stray(_NOT_OURS)
        if error == "access_denied":
            raise ERPAuthenticationError(
                f"Access was denied on the page of {self.system}; authorise again and allow it.",
                ends_run=True,
            )
        if error:
            said = ": ".join(
                filter(None, map(_plain, (error, *fields.get("error_description", ()))))
            )
            raise ERPAuthenticationError(
                f"{self.system} does not authorise the application ({said}); {_ADVICE}.",
                ends_run=True,
            )
        if not _CODE.fullmatch(code):
            raise Stray(_NOT_OURS)
        return code

    def pasted(self, text: str) -> str:
        """The code in what a user has copied: the code alone, or the address with the answer.

        Raises:
            Stray: It is neither, or does not answer this request.
            ERPAuthenticationError: The user or the vendor refuses.
        """
        text = text.strip()
        if "?" in text:
            return self.code(text.partition("?")[2].partition("#")[0])
        if "://" in text or not _CODE.fullmatch(text):
            raise Stray(
                "This is neither a code nor an address that holds one; copy the whole address that "
                "the browser ends on."
            )
        return text


def _only(values: list[str] | None) -> str:
    """The value of a field that may not be repeated; empty if it is, or is missing."""
    return values[0] if values and len(values) == 1 else ""


def _plain(text: str) -> str:
    """What somebody else has written, fit for one line of a terminal."""
    return re.sub(r"[^\w .,:;/_()-]", "", text)[:200].strip()
