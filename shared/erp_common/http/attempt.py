"""One call and its attempts: what each outcome of an attempt leads to."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

import msgspec

from erp_common.errors import ERPConnectionError, ERPValidationError
from erp_common.http.answer import Answer, BoundExceeded, Undecodable, WrongShapeError
from erp_common.http.breaker import CircuitBreaker
from erp_common.http.bucket import AllowanceUnreachable
from erp_common.http.clock import Closed
from erp_common.http.credentials import Credentials
from erp_common.http.dialect import (
    AnswerTooLarge,
    Dialect,
    Fault,
    FaultKind,
    NoRecords,
    TooMuchAtOnce,
    explain,
)
from erp_common.http.masking import Masker
from erp_common.http.options import TransportOptions
from erp_common.http.request import Request
from erp_common.http.retry import MAX_WAIT, TryAgain
from erp_common.http.throttle import TokenBucketRateLimiter
from erp_common.http.wire import HttpsClient, Unreachable
from erp_common.printable import cut_off, printable

T = TypeVar("T")

_MAX_TYPE = 100


class ConcurrencyLimit:
    """At most `limit` requests in flight at once; closing it wakes everyone who waits."""

    def __init__(self, limit: int) -> None:
        """Let requests through."""
        self._free = threading.Semaphore(limit)
        self._closed = False

    def __enter__(self) -> None:
        """Wait until a request may be sent.

        Raises:
            Closed: The limit was closed.
        """
        self._free.acquire()
        if self._closed:
            self._free.release()  # wakes the next one who waits
            raise Closed

    def __exit__(self, *_: object) -> None:
        """Let another request through."""
        self._free.release()

    def close(self) -> None:
        """Refuse everyone from now on, those who wait already too."""
        self._closed = True
        self._free.release()


class Lanes:
    """Requests of one lane are in flight one at a time; those after it queue."""

    def __init__(self) -> None:
        """Begin without lanes: one opens with its first request."""
        self._lock = threading.Lock()
        self._limits = defaultdict[str, ConcurrencyLimit](lambda: ConcurrencyLimit(1))

    def of(self, lane: str | None) -> AbstractContextManager[None]:
        """The lane's turn; without a lane there is no waiting."""
        if lane is None:
            return nullcontext()
        with self._lock:
            return self._limits[lane]

    def close(self) -> None:
        """Refuse those who wait already; whoever comes later is refused a place in flight."""
        with self._lock:
            for limit in self._limits.values():
                limit.close()


@dataclass(frozen=True)
class CallContext:
    """What all calls of a transport share."""

    options: TransportOptions
    client: HttpsClient
    in_flight: ConcurrencyLimit
    lanes: Lanes
    limiter: TokenBucketRateLimiter
    breaker: CircuitBreaker
    auth: Credentials
    masker: Masker
    stop: threading.Event


class Call(msgspec.Struct, Generic[T]):
    """One call; `attempt` is made until it returns or raises anything but `TryAgain`.

    Attributes:
        context: What it shares with other calls.
        request: What to ask.
        decode: Makes something of the answer.
        dialect: How faults are told.
        timeout: Seconds for one request.
        admitted: The circuit breaker's leave; None for a request for a token, which takes no place
            in flight either.
        patient: Whether the waits that a fault prescribes are taken.
        may_split: Whether less can be asked for where it takes too long or breaks off.
        renewed: Whether a 401 has led to a new token.
        waited: How many of the waits that a fault prescribes have been taken, by its code.
        limited: How often the ERP has said that there were too many requests.
    """

    context: CallContext
    request: Request
    decode: Callable[[Answer], T]
    dialect: Dialect
    timeout: float
    admitted: int | None
    patient: bool = True
    may_split: bool = False
    renewed: bool = False
    waited: dict[str | None, int] = {}
    limited: int = 0

    def attempt(self) -> T:
        """Send the request once.

        Raises:
            TryAgain: Another attempt may succeed.
            NoRecords: The ERP says that there is nothing.
            ERPError: Another attempt cannot help.
        """
        context = self.context
        if context.stop.is_set():
            raise Closed
        if self.admitted is not None:
            context.breaker.still_admits(self.admitted)
        answer = self._ask()
        try:
            fault = self.dialect.fault(answer, self.request)
            if fault is not None:
                self._refuse(fault, answer)
            return self.decode(answer)
        except (msgspec.ValidationError, WrongShapeError, RecursionError) as error:
            # A recursion error: it is nested too deep.
            detail = context.masker.mask(str(error)).rstrip(".")
            raise WrongShapeError(
                f"{self.dialect.system} answered {self._what} with status {answer.status} and "
                f"another shape than expected: {detail}; check {self.dialect.address} and the "
                "API's version."
            ) from None
        except BoundExceeded as bound:
            raise AnswerTooLarge(
                f"{self.dialect.system} answered {self._what} with {bound}; ask for less with "
                "page_size or periods_per_request."
            ) from None
        except Undecodable as error:
            problem = self._undecodable(answer, error.expected, error.detail)
        except (msgspec.DecodeError, UnicodeDecodeError):
            problem = self._undecodable(answer, "what was asked for")
        finally:
            answer.close()
        if self.may_split:
            raise TooMuchAtOnce(str(problem))
        raise TryAgain(problem)

    def _ask(self) -> Answer:
        """Send the request when its turn has come, and read the whole answer."""
        context, request = self.context, self.request
        try:
            if self.admitted is None:
                return self._send()
            if not request.no_auth:
                context.auth.ready()
            with context.lanes.of(request.lane), context.in_flight:
                return self._send()
        except Unreachable as signal:
            problem = signal
        except Undecodable as error:
            broken = ERPConnectionError(
                f"{self.dialect.system} sent a body that is {error}; try again later."
            )
            if self.may_split:
                raise TooMuchAtOnce(str(broken)) from None
            raise TryAgain(broken) from None
        if self.may_split and (problem.timeout or problem.broken_off):
            raise TooMuchAtOnce(str(problem.error))
        if problem.final or (problem.timeout and not context.options.retry_on_timeout):
            raise problem.error
        raise TryAgain(problem.error)

    def _send(self) -> Answer:
        context, request = self.context, self.request
        with _retried_if_unreachable():
            turn = context.limiter.book()
            context.limiter.wait_until_near(turn, context.stop)
            return context.client.send(
                request.method,
                request.url(context.options.base_url.strip()),
                headers=dict(request.headers),
                body=request.body,
                auth=None if request.no_auth else context.auth,
                timeout=self.timeout,
                turn=lambda: context.limiter.take(turn, context.stop),
                for_token=self.admitted is None,
            )

    def _refuse(self, fault: Fault, answer: Answer) -> NoReturn:
        """Turn a fault into another attempt or into its error."""
        kind = fault.kind
        if kind is FaultKind.NO_RECORDS:
            raise NoRecords(self.context.masker.mask(fault.message))
        wait = max(fault.wait or 0.0, *fault.schedule, 0.0)
        if wait > MAX_WAIT:
            if kind is FaultKind.RATE_LIMIT:
                with _retried_if_unreachable():
                    self.context.limiter.penalise(MAX_WAIT)
            fault = replace(fault, kind=FaultKind.BLOCKED, wait=wait)
            kind = fault.kind
        error = explain(
            self.dialect.system, fault, answer.status, self.request, self.context.masker.mask
        )
        if kind is FaultKind.SCHEDULED:
            done = self.waited.get(fault.code, 0)
            self.waited[fault.code] = done + 1
            if self.patient and done < len(fault.schedule):
                raise TryAgain(error, wait=fault.schedule[done], counted=False)
        elif kind is FaultKind.RATE_LIMIT:
            delay = self.context.options.retry.delay(self.limited)
            with _retried_if_unreachable():
                self.context.limiter.penalise(max(delay, fault.wait or 0.0))
            self.limited += 1
            raise TryAgain(error, wait=fault.wait)
        elif kind in {FaultKind.RETRY, FaultKind.TOO_LARGE}:
            raise TryAgain(error, wait=fault.wait)
        elif self._may_renew(answer):
            raise TryAgain(error, wait=0.0, counted=False)
        raise error

    def _may_renew(self, answer: Answer) -> bool:
        """Whether a 401 may have been an old token, and there is a new one now."""
        if answer.status != HTTPStatus.UNAUTHORIZED or self.renewed or answer.sent is None:
            return False
        if self.request.no_auth:
            return False
        self.renewed = True
        return self.context.auth.renew(answer.sent)

    def _undecodable(self, answer: Answer, expected: str, detail: str = "") -> ERPValidationError:
        kind = cut_off(printable(answer.content_type), _MAX_TYPE)
        what = f"a body of type {kind}" if answer.size else "an empty body"
        if answer.content_type == "text/html":
            what = "a text/html page"
        detail = f" ({detail})" if detail else ""
        return ERPValidationError(
            f"{self.dialect.system} answered {self._what} with status {answer.status} and {what} "
            f"instead of {expected}{detail}; check {self.dialect.address}, or try again later."
        )

    @property
    def _what(self) -> str:
        about = f" ({self.request.about})" if self.request.about else ""
        return f"{self.request.method} {urlsplit(self.request.path).path or '/'}{about}"


@contextmanager
def _retried_if_unreachable() -> Iterator[None]:
    """Try again where the store of a shared allowance cannot be reached."""
    try:
        yield
    except AllowanceUnreachable as error:
        raise TryAgain(error) from None
