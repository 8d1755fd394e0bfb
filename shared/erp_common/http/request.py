"""What is asked of an ERP."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from erp_common.errors import ERPValidationError


@dataclass(frozen=True)
class Request:
    """One call, the same at each attempt.

    Attributes:
        method: HTTP method.
        path: Appended to the base address, a trailing slash kept; or a whole https address.
        params: The query, in this order; a name may come more than once.
        body: Sent as it is.
        headers: Beside those of the transport.
        extract: Whether `extract_timeout` applies, else `timeout`.
        no_auth: Whether the request is sent without credentials.
        about: Whose rows and which days are asked for, for sentences about an answer that cannot be
            read.
        lane: Requests of one lane are sent one after the other, however many may be in flight; None
            for no such limit.
        safe_query_chars: Characters of the query that the ERP wants unescaped; brackets always
            are escaped.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    # Both may hold credentials, and a repr ends up in logs.
    body: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    extract: bool = True
    no_auth: bool = False
    lane: str | None = None
    about: str = ""
    safe_query_chars: str = ""

    def url(self, base_url: str) -> str:
        """The whole address, query included.

        Raises:
            ERPValidationError: A part of the path would leave the path.
        """
        if not {".", ".."}.isdisjoint(self.path.split("/")):
            raise ERPValidationError(
                f"An id makes {self.path} of a path, which leads elsewhere: '.' and '..' are no "
                "ids; correct that row in the ERP."
            )
        if self.path.startswith("https://"):
            url = self.path
        elif self.path:
            url = f"{base_url.rstrip('/')}/{self.path.lstrip('/')}"
        else:
            url = base_url
        if not self.params:
            return url
        query = urlencode(self.params, safe=self.safe_query_chars, quote_via=quote)
        return f"{url}{'&' if '?' in url else '?'}{query}"
