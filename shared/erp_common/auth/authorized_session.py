"""Sessions of `requests` that carry credentials, for calls of a user's own."""

from __future__ import annotations

import asyncio

import requests
from requests.auth import AuthBase


class AuthorizedSession:
    """A session for a `with` block; in `async with` its calls are coroutines."""

    def __init__(self, auth: AuthBase) -> None:
        """Sign requests by this."""
        self._session = requests.Session()
        self._session.auth = auth

    def __enter__(self) -> requests.Session:
        """Open the session."""
        return self._session

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self._session.close()

    async def __aenter__(self) -> AsyncSession:
        """Open the session."""
        return AsyncSession(self._session)

    async def __aexit__(self, *_: object) -> None:
        """Close the session."""
        self._session.close()


class AsyncSession:
    """A session whose calls run on a thread, so that the event loop goes on."""

    def __init__(self, session: requests.Session) -> None:
        """Call through this session."""
        self.session = session
        """The session itself, for its headers, certificates and proxies."""

    async def request(self, method: str, url: str, **options: object) -> requests.Response:
        """Send a request; options as `requests.Session.request` takes them."""
        return await asyncio.to_thread(self.session.request, method, url, **options)  # type: ignore[arg-type]

    async def get(self, url: str, **options: object) -> requests.Response:
        """Send a GET."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: object) -> requests.Response:
        """Send a POST."""
        return await self.request("POST", url, **options)
