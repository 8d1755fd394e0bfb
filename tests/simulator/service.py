"""What the ERPs' servers have in common: options, row formats, pages, tampering."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any, ClassVar, Final, Literal, TypeVar

import msgspec

from simulator.books import Books
from simulator.http11 import Request, Response
from simulator.limits import Rejection
from simulator.oauth import Grant, Tokens, bearer_token
from simulator.requestlog import LoggedRequest

Row = dict[str, Any]
Numbers = Literal["number", "string", "brazilian"]
# May change the answer's body in place, or return another one.
Tamper = Callable[[Any, LoggedRequest], Any]

_T = TypeVar("_T")
PORTUGUESE: Final[Mapping[str | None, str]] = {
    "ASSET": "Ativo",
    "LIABILITY": "Passivo",
    "EQUITY": "Patrimônio Líquido",
    "REVENUE": "Receita",
    "EXPENSE": "Despesa",
}

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.decode
_NOT_ASCII = re.compile("[^\x00-\x7f]")


@dataclass
class Options:
    """Switches that every ERP has; each ERP adds its own.

    Attributes:
        numbers: Amounts as JSON numbers, as strings "1234.56", or as strings "1.234,56".
        omit: Fields left out of every row.
        nulls: Absent values as null instead of being left out.
        page_cap: Largest page served, whatever is asked for.
        padded: Texts followed by blanks.
        ascii_json: Letters beyond ASCII as escapes.
        html_entities: Ampersands and quotes in texts as HTML entities.
    """

    numbers: Numbers = "number"
    omit: set[str] = field(default_factory=set)
    nulls: bool = False
    page_cap: int | None = None
    padded: bool = False
    ascii_json: bool = False
    html_entities: bool = False


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the simulator
    """Raised to answer with an error in the vendor's form."""

    def __init__(self, response: Response) -> None:
        """Carry the answer."""
        super().__init__(response.status)
        self.response = response


class Service(ABC):
    """One ERP's server."""

    erp: ClassVar[str]
    prefix: ClassVar[str]
    token_path: ClassVar[str | None] = None
    authorize_path: ClassVar[str | None] = None
    authorize_route: ClassVar[str] = ""
    """What follows the path after a `#`, in front of the query."""
    several_companies: ClassVar[bool] = False
    """Whether one key opens all companies."""
    chosen_by: ClassVar[Mapping[str, str]] = {}
    """The tap's settings that choose this API, where it has several."""
    options: Options

    def __init__(
        self, books: Books, tokens: Tokens, tampers: dict[tuple[str, str], list[Tamper]]
    ) -> None:
        """Serve `books`."""
        self.books = books
        self.tokens = tokens
        self._tampers = tampers

    @abstractmethod
    def understand(self, request: Request, logged: LoggedRequest) -> None:
        """Note in the log what is asked for; never fails."""

    @abstractmethod
    def answer(self, request: Request, logged: LoggedRequest) -> Response:
        """Serve a request, or raise `Refusal`."""

    def serve(self, request: Request, logged: LoggedRequest, pause: Callable[[], None]) -> Response:
        """Serve a request after the time that the ERP takes for it, or raise `Refusal`."""
        pause()
        return self.answer(request, logged)

    @abstractmethod
    def credentials(self, auth_type: str | None, company: str | None) -> dict[str, str]:
        """Return the tap's settings for working keys."""

    @abstractmethod
    def unauthorized(self) -> Response:
        """Return the vendor's answer to a wrong key."""

    def forbidden(self) -> Response:
        """Return the vendor's answer to a missing permission."""
        response = self.unauthorized()
        response.status = 403
        return response

    @abstractmethod
    def too_many(self, rejection: Rejection) -> Response:
        """Return the vendor's answer to too many requests."""

    def token_answer(self, response: Response) -> Response:
        """Return the token endpoint's answer with what the vendor adds to it."""
        return response

    def limited_by(self, request: Request, logged: LoggedRequest) -> tuple[str, str]:
        """Return who is limited in rate, and what is limited in concurrency."""
        del logged
        return request.headers.get("authorization", ""), self.erp

    # Keys

    def grant(self, company: str | None) -> Grant:
        """Return what one company's keys stand for; the first company's by default."""
        return Grant(self.erp, (self.books[company] if company else self.books.company).id)

    def company_id(self, request: Request) -> str | None:
        """Return the company that the request's access token belongs to."""
        token = bearer_token(request)
        grant = None if token is None else self.tokens.check(self.erp, token)
        return None if grant is None else grant.company

    def oauth_credentials(self, auth_type: str | None, grant: Grant) -> dict[str, str]:
        """Return the settings of an application that is allowed `grant`.

        `auth_type` may also be `password` or `refresh_token`, for oauth2 with that grant type.
        """
        if auth_type == "bearer_token":
            return {"access_token": self.tokens.access_token(grant)}
        client = self.tokens.client(grant)
        settings = {"client_id": client.client_id, "client_secret": client.client_secret}
        if auth_type == "password":
            settings |= {
                "grant_type": "password",
                "username": client.username,
                "password": client.password,
            }
        elif auth_type == "refresh_token":
            settings |= {
                "grant_type": "refresh_token",
                "refresh_token": self.tokens.refresh_token(grant),
            }
        return settings

    # Answers

    def encode(self, value: Any) -> bytes:
        """Return JSON with amounts in their exact digits."""
        data: bytes = _encode(value)
        return data

    def json(self, body: Any, logged: LoggedRequest, status: int = 200) -> Response:
        """Return a JSON answer, tampered with as tests have asked."""
        encoded = self.encode(self.tampered(body, logged))
        if self.options.ascii_json:
            encoded = _NOT_ASCII.sub(_escape, encoded.decode()).encode("ascii")
        return Response(status, encoded)

    def tampered(self, body: _T, logged: LoggedRequest) -> _T:
        """Return the body after what tests do to it."""
        for tamper in self._tampers.get((self.erp, logged.endpoint), ()):
            changed = tamper(body, logged)
            body = body if changed is None else changed
        return body

    def is_tampered(self, endpoint: str) -> bool:
        """Whether a test changes this endpoint's answers."""
        return bool(self._tampers.get((self.erp, endpoint)))

    def number(self, amount: Decimal) -> Decimal | str:
        """Return an amount as the options want it."""
        if self.options.numbers == "number":
            return amount
        if self.options.numbers == "string":
            return str(amount)
        return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows as the options want them."""
        options = self.options
        dropped = options.omit
        made = []
        for row in rows:
            if dropped or not options.nulls:
                row = {  # noqa: PLW2901
                    key: value
                    for key, value in row.items()
                    if key not in dropped and (value is not None or options.nulls)
                }
            if options.html_entities:
                row = {k: escape(v) if isinstance(v, str) else v for k, v in row.items()}  # noqa: PLW2901
            if options.padded:
                row = {k: f"{v}  " if isinstance(v, str) else v for k, v in row.items()}  # noqa: PLW2901
            made.append(row)
        return made

    def page(self, rows: Sequence[_T], number: int, size: int) -> tuple[Sequence[_T], int]:
        """Return one page of the rows, and how many pages there are."""
        if self.options.page_cap is not None:
            size = min(size, self.options.page_cap)
        start = (number - 1) * size
        return rows[start : start + size], -(-len(rows) // size)


def json_object(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a request's body, if it is one."""
    try:
        decoded = _decode(data)
    except msgspec.DecodeError:
        return None
    return decoded if isinstance(decoded, dict) else None


def whole_number(value: object) -> int | None:
    """Return a positive integer given as number or text, None for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def iso_date(value: str | None) -> date | None:
    """Return the date in YYYY-MM-DD, None for anything else."""
    try:
        return date.fromisoformat(value) if value and len(value) == len("2024-12-31") else None
    except ValueError:
        return None


def _escape(match: re.Match[str]) -> str:
    data = match.group().encode("utf-16-be")
    return "".join(f"\\u{data[i : i + 2].hex()}" for i in range(0, len(data), 2))
