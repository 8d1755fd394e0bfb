"""One call and its attempts: what each outcome of an attempt leads to."""

from __future__ import annotations

import threading
from collections import Counter
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
from erp_common.http.request import Request
from erp_common.http.retry import MAX_WAIT, RetryPolicy, TryAgain
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
        self._limits: dict[str, ConcurrencyLimit] = {}
        self._closed = False

    def of(self, lane: str | None) -> AbstractContextManager[None]:
        """The lane's turn; without a lane there is no waiting."""
        if lane is None:
            return nullcontext()
        with self._lock:
            if lane not in self._limits:
                self._limits[lane] = ConcurrencyLimit(1)
                if self._closed:
                    self._limits[lane].close()
            return self._limits[lane]

    def close(self) -> None:
        """Refuse everyone from now on, those who wait already too."""
        with self._lock:
            self._closed = True
            for limit in self._limits.values():
                limit.close()


@dataclass(frozen=True)
class CallContext:
    """What all calls of a transport share."""

    base_url: str
    client: HttpsClient
    in_flight: ConcurrencyLimit
    lanes: Lanes
    limiter: TokenBucketRateLimiter
    breaker: CircuitBreaker
    auth: Credentials
    masker: Masker
    policy: RetryPolicy
    retry_on_timeout: bool
    stop: threading.Event


class Call(Generic[T]):
    """One call; `attempt` is made until it returns or raises anything but `TryAgain`."""

    def __init__(
        self,
        context: CallContext,
        request: Request,
        decode: Callable[[Answer], T],
        dialect: Dialect,
        timeout: float,
        admitted: int | None,
        *,
        patient: bool = True,
        may_split: bool = False,
    ) -> None:
        """Create a call.

        Args:
            context: What it shares with other calls.
            request: What to ask.
            decode: Makes something of the answer.
            dialect: How faults are told.
            timeout: Seconds for one request.
            admitted: The circuit breaker's leave; None for a request for a token, which takes
                no place in flight either.
            patient: Whether the waits that a fault prescribes are taken.
            may_split: Whether less can be asked for where it takes too long or breaks off.
        """
        self._context = context
        self._request = request
        self._decode = decode
        self._dialect = dialect
        self._timeout = timeout
        self._admitted = admitted
        self._patient = patient
        self._may_split = may_split
        self._renewed = False
        self._waited: Counter[str | None] = Counter()
        self._limited = 0

    def attempt(self) -> T:
        """Send the request once.

        Raises:
            TryAgain: Another attempt may succeed.
            NoRecords: The ERP says that there is nothing.
            ERPError: Another attempt cannot help.
        """
        context = self._context
        if context.stop.is_set():
            raise Closed
        if self._admitted is not None:
            context.breaker.still_admits(self._admitted)
        answer = self._ask()
        try:
            fault = self._dialect.fault(answer, self._request)
            if fault is not None:
                self._refuse(fault, answer)
            return self._decode(answer)
        except (
            msgspec.ValidationError,
            WrongShapeError,
            RecursionError,
        ) as error:
            # A recursion error: it is nested too deep.
            raise WrongShapeError(
                self._misshapen(answer, context.masker.mask(str(error)))
            ) from None
        except BoundExceeded as bound:
            raise AnswerTooLarge(
                f"{self._dialect.system} answered {self._what} with {bound}; ask for less with "
                "page_size or periods_per_request."
            ) from None
        except Undecodable as error:
            problem = self._undecodable(answer, error.expected, error.detail)
        except (msgspec.DecodeError, UnicodeDecodeError):
            problem = self._undecodable(answer, "what was asked for")
        finally:
            answer.close()
        if self._may_split:
            raise TooMuchAtOnce(str(problem))
        raise TryAgain(problem)

    def _ask(self) -> Answer:
        """Send the request when its turn has come, and read the whole answer."""
        context, request = self._context, self._request
        try:
            if self._admitted is None:
                return self._send()
            if not request.no_auth:
                context.auth.ready()
            with context.lanes.of(request.lane), context.in_flight:
                return self._send()
        except Unreachable as signal:
            problem = signal
        except Undecodable as error:
            broken = ERPConnectionError(
                f"{self._dialect.system} sent a body that is {error}; try again later."
            )
            if self._may_split:
                raise TooMuchAtOnce(str(broken)) from None
            raise TryAgain(broken) from None
        if self._may_split and (problem.timeout or problem.broken_off):
            raise TooMuchAtOnce(str(problem.error))
        if problem.final or (problem.timeout and not context.retry_on_timeout):
            raise problem.error
        raise TryAgain(problem.error)

    def _send(self) -> Answer:
        context, request = self._context, self._request
        with _retried_if_unreachable():
            turn = context.limiter.book()
            context.limiter.wait_until_near(turn, context.stop)

        def take() -> None:
            with _retried_if_unreachable():
                context.limiter.take(turn, context.stop)

        return context.client.send(
            request.method,
            request.url(context.base_url),
            headers=dict(request.headers),
            body=request.body,
            auth=None if request.no_auth else context.auth,
            timeout=self._timeout,
            turn=take,
            for_token=self._admitted is None,
        )

    def _refuse(self, fault: Fault, answer: Answer) -> NoReturn:
        """Turn a fault into another attempt or into its error."""
        kind = fault.kind
        if kind is FaultKind.NO_RECORDS:
            raise NoRecords(self._context.masker.mask(fault.message))
        wait = max(fault.wait or 0.0, *fault.schedule, 0.0)
        if wait > MAX_WAIT:
            if kind is FaultKind.RATE_LIMIT:
                with _retried_if_unreachable():
                    self._context.limiter.penalise(MAX_WAIT)
            fault = replace(fault, kind=FaultKind.BLOCKED, wait=wait)
            kind = fault.kind
        error = explain(
            self._dialect.system, fault, answer.status, self._request, self._context.masker.mask
        )
        if kind is FaultKind.SCHEDULED:
            done = self._waited[fault.code]
            self._waited[fault.code] += 1
            if self._patient and done < len(fault.schedule):
                raise TryAgain(error, wait=fault.schedule[done], counted=False)
        elif kind is FaultKind.RATE_LIMIT:
            delay = self._context.policy.delay(self._limited)
            with _retried_if_unreachable():
                self._context.limiter.penalise(max(delay, fault.wait or 0.0))
            self._limited += 1
            raise TryAgain(error, wait=fault.wait)
        elif kind in {FaultKind.RETRY, FaultKind.TOO_LARGE}:
            raise TryAgain(error, wait=fault.wait)
        elif self._may_renew(answer):
            raise TryAgain(error, wait=0.0, counted=False)
        raise error

    def _may_renew(self, answer: Answer) -> bool:
        """Whether a 401 may have been an old token, and there is a new one now."""
        if answer.status != HTTPStatus.UNAUTHORIZED or self._renewed or answer.sent is None:
            return False
        if self._request.no_auth:
            return False
        self._renewed = True
        return self._context.auth.renew(answer.sent)

    def _undecodable(self, answer: Answer, expected: str, detail: str = "") -> ERPValidationError:
        kind = cut_off(printable(answer.content_type), _MAX_TYPE)
        what = f"a body of type {kind}" if answer.size else "an empty body"
        if answer.content_type == "text/html":
            what = "a text/html page"
        detail = f" ({detail})" if detail else ""
        return ERPValidationError(
            f"{self._dialect.system} answered {self._what} with status {answer.status} and {what} "
            f"instead of {expected}{detail}; check {self._dialect.address}, or try again later."
        )

    def _misshapen(self, answer: Answer, detail: str) -> str:
        return (
            f"{self._dialect.system} answered {self._what} with status {answer.status} and another "
            f"shape than expected: {detail.rstrip('.')}; check {self._dialect.address} and the "
            "API's version."
        )

    @property
    def _what(self) -> str:
        about = f" ({self._request.about})" if self._request.about else ""
        return f"{self._request.method} {urlsplit(self._request.path).path or '/'}{about}"


@contextmanager
def _retried_if_unreachable() -> Iterator[None]:
    """Try again where the store of a shared allowance cannot be reached."""
    try:
        yield
    except AllowanceUnreachable as error:
        raise TryAgain(error) from None
