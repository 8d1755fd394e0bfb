"""One request over the network: connections, certificates, proxies, time limits.

What goes wrong here becomes one clear sentence. The exceptions of the libraries below are not
kept as its cause: they quote addresses, and addresses may hold keys.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
from requests.auth import AuthBase
from requests.utils import default_headers, get_environ_proxies
from urllib3 import exceptions as urllib3_errors

from erp_common.errors import ERPConnectionError, ERPError, ERPValidationError
from erp_common.http.addresses import certificate_authorities
from erp_common.http.answer import Answer, BoundExceeded, receive
from erp_common.http.clock import SYSTEM_CLOCK, Closed, SystemClock
from erp_common.http.connection import BoundedAdapter, Exchange
from erp_common.http.dialect import AnswerTooLarge

_READ_SIZE = 1 << 16


class Unreachable(Exception):  # noqa: N818 -- a signal that becomes an ERPConnectionError
    """A request that got no complete answer."""

    def __init__(
        self,
        sentence: str,
        kind: type[ERPError] = ERPConnectionError,
        *,
        timeout: bool = False,
        final: bool = False,
        broken_off: bool = False,
    ) -> None:
        """Create the signal.

        Args:
            sentence: What the user is told.
            kind: The error that it becomes.
            timeout: Whether time ran out.
            final: Whether trying again cannot help.
            broken_off: Whether the connection stood and broke before the whole answer was in.
        """
        super().__init__(sentence)
        self.error = kind(sentence)
        self.timeout = timeout
        self.final = final
        self.broken_off = broken_off


class HttpsClient:
    """Sends requests under bounds; each thread keeps its own connections open."""

    def __init__(
        self,
        system: str,
        *,
        ca_bundle: str | None = None,
        user_agent: str = "erp-taps",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare to send.

        Args:
            system: The ERP's name in messages.
            ca_bundle: A private certificate authority.
            user_agent: Sent with every request.
            headers: Sent with every request too.

        Raises:
            ERPValidationError: The certificate authority's file does not exist.
        """
        self._system = system
        self._verify = certificate_authorities(ca_bundle)
        self._headers = {
            **default_headers(),
            "User-Agent": user_agent,
            "Accept-Encoding": "gzip, deflate",
            **(headers or {}),
        }
        self._proxies_to: dict[str, dict[str, str]] = {}
        self._own = threading.local()
        self._all: WeakSet[BoundedAdapter] = WeakSet()
        self._lock = threading.Lock()
        self._closed = False

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        auth: AuthBase | None = None,
        timeout: float,
        turn: Callable[[], None] = lambda: None,
        for_token: bool = False,
    ) -> Answer:
        """Send one request and read the whole answer; redirects are not followed.

        Args:
            method: HTTP method.
            url: The whole address, query included.
            headers: Headers of this request.
            body: Body of this request.
            auth: Signs the request.
            timeout: Seconds to connect, and as many for the exchange, from its turn to the last
                byte of the answer.
            turn: Called when the connection stands and nothing is left but to send; it waits for
                the request's turn. The time it takes is not counted.
            for_token: Whether a token is asked for: who records what is sent leaves that out.

        Raises:
            Unreachable: No answer, or not all of it.
            Undecodable: The answer's content encoding is broken.
            AnswerTooLarge: It is beyond the bounds of any answer.
            Closed: The wire was closed.
        """
        _ = for_token
        adapter = self._adapter()
        failure: Unreachable
        exchange = Exchange(timeout, turn)
        try:
            # As `Session.prepare_request` does it, without merging defaults that nobody has set,
            # which is a tenth of what a request costs. No cookie is kept either: a session that
            # one company's answer begins is not for the next.
            request = requests.PreparedRequest()
            request.prepare(
                method, url, headers={**self._headers, **(headers or {})}, data=body, auth=auth
            )
            with exchange:
                # By the adapter and not by a session, which looks for redirects and cookies in
                # every answer, and reads the body of a redirect whole.
                response = adapter.send(
                    request,
                    stream=True,
                    timeout=timeout,
                    verify=self._verify,
                    # By hand: the environment as a whole is not trusted, since with it come
                    # passwords from .netrc in place of the settings' own.
                    proxies=self._proxies(str(request.url)),
                )
                try:
                    answer = receive(
                        self._reader(response, exchange),
                        response.status_code,
                        response.headers,
                        exchange.left,
                    )
                    answer.sent = request
                    return answer
                finally:
                    response.close()
        except BoundExceeded as bound:
            raise AnswerTooLarge(
                f"{self._system} answered {method} {urlsplit(url).path or '/'} with {bound}; "
                f"ask for less with page_size or periods_per_request."
            ) from None
        except (
            requests.RequestException,
            urllib3_errors.HTTPError,
            OSError,
            ValueError,  # a header with a line break or a letter that HTTP has no place for
        ) as error:
            failure = self._failure(error, url, timeout)
        raise failure

    def close(self) -> None:
        """Close all connections; nothing more is sent."""
        with self._lock:
            self._closed = True
            adapters = list(self._all)
        for each in adapters:
            each.close()

    def _adapter(self) -> BoundedAdapter:
        own: BoundedAdapter | None = getattr(self._own, "value", None)
        if own is None:
            own = self._own.value = BoundedAdapter(self._verify)
            with self._lock:
                self._all.add(own)
        if self._closed:
            raise Closed
        return own

    def _proxies(self, url: str) -> dict[str, str]:
        """The proxies that the environment names for this host, looked up once a run."""
        host = urlsplit(url).netloc
        proxies = self._proxies_to.get(host)
        if proxies is None:
            proxies = self._proxies_to[host] = get_environ_proxies(url, no_proxy=None)
        return proxies

    def _reader(self, response: requests.Response, exchange: Exchange) -> Callable[[], bytes]:
        """What gives the next bytes of an answer's body, as they come over the wire."""

        def read() -> bytes:
            # As it arrives, and while there is time: what is read may have been received before.
            exchange.left()
            piece: bytes = response.raw.read1(_READ_SIZE, decode_content=False)
            return piece

        return read

    def _failure(self, error: Exception, url: str, timeout: float) -> Unreachable:
        """The sentence for what went wrong."""
        host = urlsplit(url).hostname
        chain = list(_chain(error))
        # NewConnectionError calls itself a timeout too: refused, or a name without an address.
        if _first(chain, requests.Timeout, urllib3_errors.ReadTimeoutError, TimeoutError) and (
            not _first(chain, requests.exceptions.ProxyError)
        ):
            return Unreachable(
                f"{self._system} did not answer within {timeout:g} s ({host}); try again "
                "later or raise timeout or extract_timeout.",
                timeout=True,
            )
        if _first(chain, ssl.SSLCertVerificationError, ssl.CertificateError):
            return Unreachable(
                f"The TLS certificate of {host} cannot be verified; set ca_bundle to the file "
                "of the authority that issued it, or correct the address.",
                final=True,
            )
        if _first(chain, urllib3_errors.InvalidHeader):
            return Unreachable(
                f"{self._system} answers at {host} with headers that contradict each other; "
                "check the address and the proxies on the way, or try again later."
            )
        # InvalidURL, InvalidHeader and the like are ValueErrors too.
        if isinstance(error, ValueError):
            return Unreachable(
                f"The request to {self._system} cannot be sent ({type(error).__name__}); "
                "correct the address and the credentials in the settings.",
                ERPValidationError,
                final=True,
            )
        named = (said for kinds, said in _REASONS if _first(chain, *kinds))
        reason = next(named, f"the connection failed ({type(chain[-1]).__name__})")
        return Unreachable(
            f"{self._system} cannot be reached at {host}: {reason}; check the address and the "
            "network, or try again later.",
            broken_off=_first(chain, *_BROKEN_OFF) is not None,
        )


class Wire:
    """How requests reach an ERP: over the network, at the pace of the machine's clock."""

    clock: SystemClock = SYSTEM_CLOCK

    def client(self, base_url: str, system: str, **options: Any) -> HttpsClient:  # noqa: ANN401 -- those of `HttpsClient`
        """What sends the requests to the ERP at this address."""
        _ = base_url
        return HttpsClient(system, **options)


NETWORK = Wire()


_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (requests.exceptions.ProxyError, urllib3_errors.ProxyError),
        "the proxy that the environment names does not let it through",
    ),
    ((urllib3_errors.NameResolutionError,), "its name cannot be resolved"),
    ((ssl.SSLError, urllib3_errors.SSLError), "the TLS connection failed"),
    ((ConnectionRefusedError,), "the connection was refused"),
    (
        (urllib3_errors.IncompleteRead, urllib3_errors.InvalidChunkLength),
        "the answer was cut off",
    ),
    ((ConnectionError,), "the connection was reset"),
)

_BROKEN_OFF = (
    urllib3_errors.IncompleteRead,
    urllib3_errors.InvalidChunkLength,
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
)


def _chain(error: BaseException | None) -> list[BaseException]:
    """An exception and all that it carries, outermost first."""
    found: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        each = pending.pop(0)
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            pending += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
    return found


def _first(chain: list[BaseException], *kinds: type[BaseException]) -> BaseException | None:
    return next((each for each in chain if isinstance(each, kinds)), None)
