"""The simulator: every ERP behind one port, and the levers that tests pull."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar, final

from simulator.bling_v2 import BlingV2Options, BlingV2Service
from simulator.bling_v3 import BlingOptions, BlingService
from simulator.books import Books
from simulator.contaazul import ContaAzulOptions, ContaAzulService
from simulator.faults import Exchange, Faults
from simulator.limits import Limits
from simulator.oauth import Tokens
from simulator.omie import OmieOptions, OmieService
from simulator.requestlog import LoggedRequest, RequestLog
from simulator.service import Refusal, Service, Tamper
from simulator.tls import ca_bundle, server_context
from simulator.totvs import TotvsOptions, TotvsService
from simulator.wire import Request, Response, WireServer

_S = TypeVar("_S", bound=Service)


class SimulatorError(Exception):
    """The simulator itself failed; a test that meets this has found a bug in it."""


@final
class Simulator:
    """Serves books as the four ERPs do, over HTTPS on 127.0.0.1.

    Attributes:
        books: The companies served; change them at any time.
        requests: What was asked.
        limits: Rate limits, none at first.
        tokens: Access and refresh tokens.
        faults: Scripted faults.
        latency: Seconds before each answer; may be changed at any time.
        errors: Tracebacks of the simulator's own bugs; leaving the `with` block raises them.
    """

    def __init__(
        self,
        books: Books | None = None,
        *,
        latency: float = 0,
        port: int = 0,
        keep_requests: int | None = None,
    ) -> None:
        """Prepare to serve `books` (the tiny ones by default) on a free port, or on `port`."""
        self.books = books or Books.generate()
        self.requests = RequestLog(keep_requests)
        self.limits = Limits()
        self.tokens = Tokens()
        self.faults = Faults()
        self.latency = latency
        self.errors: list[BaseException] = []
        self._port = port
        self._tampers: dict[tuple[str, str], list[Tamper]] = {}
        self._omie = self._service(OmieService)
        self._totvs = self._service(TotvsService)
        self._contaazul = self._service(ContaAzulService)
        self._bling = self._service(BlingService)
        self._bling_v2 = self._service(BlingV2Service)
        self._services: list[Service] = [
            self._omie,
            self._totvs,
            self._contaazul,
            self._bling,
            self._bling_v2,
        ]
        self._wire = WireServer(self._handle, server_context())

    def _service(self, kind: type[_S]) -> _S:
        return kind(self.books, self.tokens, self._tampers)

    # Life

    def start(self) -> Simulator:
        """Listen; the simulator answers when this returns."""
        self._wire.start(self._port)
        return self

    def stop(self) -> None:
        """Close every connection and end every thread."""
        self._wire.stop()

    def __enter__(self) -> Simulator:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; raise the simulator's own failure, if there was one."""
        self.stop()
        if self.errors and error is None:
            raise SimulatorError("the simulator failed on a request") from self.errors[0]

    # Addresses and keys

    @property
    def ca_bundle(self) -> str:
        """Path of the certificate authority's PEM file."""
        return str(ca_bundle())

    @property
    def port(self) -> int:
        """The port, once started."""
        return self._wire.port

    def base_url(self, erp: str, host: str = "127.0.0.1") -> str:
        """Return what the tap's `base_url` must be; `localhost` is certified too."""
        return f"https://{host}:{self.port}{self.service(erp).prefix}"

    def token_url(self, erp: str, host: str = "127.0.0.1") -> str:
        """Return what the tap's `token_url` must be; KeyError where there is none."""
        path = self.service(erp).token_path
        if path is None:
            raise KeyError(erp)
        return f"https://{host}:{self.port}{path}"

    def credentials(
        self, erp: str, auth_type: str | None = None, company: str | None = None
    ) -> dict[str, str]:
        """Return settings with working keys, for the tap's first `auth_type` or for another.

        Args:
            erp: `omie`, `totvs`, `contaazul`, `bling` or `bling_v2`.
            auth_type: As in the tap's settings; also `password` or `refresh_token`, for oauth2
                with that grant type.
            company: Whose keys; ContaAzul and Bling know the company by the key alone. The first
                company's by default.
        """
        settings = self.service(erp).credentials(auth_type, company)
        return (
            settings | {"token_url": self.token_url(erp)} if "client_id" in settings else settings
        )

    @property
    def omie(self) -> OmieOptions:
        """Omie's moods."""
        return self._omie.options

    @property
    def totvs(self) -> TotvsOptions:
        """How the Protheus site is set up."""
        return self._totvs.options

    @property
    def contaazul(self) -> ContaAzulOptions:
        """How ContaAzul answers."""
        return self._contaazul.options

    @property
    def bling(self) -> BlingOptions:
        """How Bling v3 answers."""
        return self._bling.options

    @property
    def bling_v2(self) -> BlingV2Options:
        """How Bling v2 answers."""
        return self._bling_v2.options

    def service(self, erp: str) -> Service:
        """Return one ERP's server; KeyError if there is none."""
        for service in self._services:
            if service.erp == erp:
                return service
        raise KeyError(erp)

    @property
    def page_cap(self) -> int | None:
        """The largest page that any ERP serves; setting it sets it for all."""
        caps = [s.options.page_cap for s in self._services if s.options.page_cap is not None]
        return min(caps, default=None)

    @page_cap.setter
    def page_cap(self, cap: int | None) -> None:
        for service in self._services:
            service.options.page_cap = cap

    # Levers

    @contextmanager
    def tamper(self, erp: str, endpoint: str, change: Tamper) -> Iterator[None]:
        """Change answers just before they are serialised, for as long as the block lasts.

        `change(body, request)` may alter the body in place (rows and envelope alike) or return
        another one. It sees one page at a time, and runs on the serving thread.
        """
        remove = self.add_tamper(erp, endpoint, change)
        try:
            yield
        finally:
            remove()

    def add_tamper(self, erp: str, endpoint: str, change: Tamper) -> Any:
        """Change answers from now on; returns a function that stops it."""
        tampers = self._tampers.setdefault((erp, endpoint), [])
        tampers.append(change)
        return lambda: tampers.remove(change)

    # Serving

    def _handle(self, request: Request) -> Response:
        logged = LoggedRequest(0, "", "", request.method, request.path, headers=request.headers)
        try:
            response = self._respond(request, logged)
        except Exception as error:  # noqa: BLE001 - a bug must reach the test, not the thread
            self.errors.append(error)
            response = Response(500, b"the simulator failed", "text/plain")
            response.on_sent = lambda: self.requests.finish(logged)
        logged.status = response.status or None
        return response

    def _respond(self, request: Request, logged: LoggedRequest) -> Response:
        service = self._route(request)
        if service is None:
            self.requests.add(logged)
            return Response(
                404,
                b'{"message":"no such address"}',
                on_sent=lambda: self.requests.finish(logged),
            )
        logged.erp = service.erp
        logged.params = request.query
        if request.path == service.token_path:
            logged.endpoint = "token"
        else:
            service.understand(request, logged)
        self.requests.add(logged)
        key, lane = service.limited_by(request, logged)
        rejection = (
            None if logged.endpoint == "token" else self.limits.enter(service.erp, key, lane)
        )
        if rejection is not None:
            logged.rejected = rejection.reason
            response = service.too_many(rejection)
            if self.limits.retry_after:
                response.headers["Retry-After"] = str(int(rejection.retry_after) + 1)
            response.on_sent = lambda: self.requests.finish(logged)
            return response
        try:
            response = self._serve(service, request, logged)
        except BaseException:
            self._leave(service, lane, logged)
            raise
        response.on_sent = lambda: self._leave(service, lane, logged)
        return response

    def _leave(self, service: Service, lane: str, logged: LoggedRequest) -> None:
        if logged.endpoint != "token":
            self.limits.leave(service.erp, lane)
        self.requests.finish(logged)

    def _serve(self, service: Service, request: Request, logged: LoggedRequest) -> Response:
        if self.latency:
            self._wire.stopping.wait(self.latency)

        def proceed() -> Response:
            if logged.endpoint == "token":
                return self.tokens.answer(service.erp, request)
            try:
                return service.answer(request, logged)
            except Refusal as refusal:
                return refusal.response

        fault = self.faults.next(logged)
        if fault is None:
            return proceed()
        logged.fault = fault.name
        return fault.act(Exchange(request, logged, service, self.tokens, proceed))

    def _route(self, request: Request) -> Service | None:
        for service in self._services:
            if request.path == service.token_path:
                return service
        for service in self._services:
            if request.path.startswith(service.prefix + "/"):
                return service
        return None
