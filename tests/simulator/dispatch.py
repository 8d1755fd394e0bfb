"""The way of a request: log, limits, latency, faults, and then the ERP."""

from __future__ import annotations

from collections.abc import Callable

from simulator import consent
from simulator.fault_rules import Exchange, Faults
from simulator.http11 import Request, Response
from simulator.limits import Limits
from simulator.oauth import Tokens
from simulator.requestlog import LoggedRequest, RequestLog
from simulator.service import Refusal, Service


class Dispatcher:
    """Answers requests, each on the thread of its connection.

    Attributes:
        requests: What was asked.
        limits: Rate limits, none at first.
        tokens: Access and refresh tokens.
        faults: Scripted faults.
        latency: Seconds before each answer; may be changed at any time.
        errors: Tracebacks of the simulator's own bugs.
    """

    def __init__(
        self, latency: float, keep_requests: int | None, wait: Callable[[float], object]
    ) -> None:
        """Start without services; `wait` spends the latency."""
        self.requests = RequestLog(keep_requests)
        self.limits = Limits()
        self.tokens = Tokens()
        self.faults = Faults()
        self.latency = latency
        self.errors: list[BaseException] = []
        self._services: list[Service] = []
        self._wait = wait

    def handle(self, request: Request) -> Response:
        """Answer a request; a failure of the simulator is kept in `errors`."""
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
        if request.path == service.authorize_path:
            logged.endpoint = "authorize"
            self.requests.add(logged)
            response = consent.answer(self.tokens, service.books, service.erp, request)
            response.on_sent = lambda: self.requests.finish(logged)
            return response
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
        fault = self.faults.next(logged)
        if fault is None:
            return self._honest(service, request, logged, self._pause)
        logged.fault = fault.name
        self._pause()

        def proceed() -> Response:
            return self._honest(service, request, logged, lambda: None)

        return fault.act(Exchange(request, logged, service, self.tokens, proceed))

    def _honest(
        self,
        service: Service,
        request: Request,
        logged: LoggedRequest,
        pause: Callable[[], None],
    ) -> Response:
        if logged.endpoint == "token":
            pause()
            return service.token_answer(self.tokens.answer(service.erp, request))
        try:
            return service.serve(request, logged, pause)
        except Refusal as refusal:
            return refusal.response

    def _pause(self) -> None:
        if self.latency:
            self._wait(self.latency)

    def _route(self, request: Request) -> Service | None:
        for service in self._services:
            if request.path in {service.token_path, service.authorize_path}:
                return service
        for service in self._services:
            if request.path.startswith(service.prefix + "/"):
                return service
        return None
