"""The transport: every call to an ERP, by the same rules.

A call is made of attempts. An attempt asks the circuit breaker, gets its credentials ready, takes
one of the places in flight, waits for its turn in the allowance and sends at once: the allowance
comes last, since a turn that is not used when it comes adds up to a burst the ERP does not allow.
The answer is read to its end, checked by the ERP's dialect and decoded inside the attempt, so that
half an answer is asked for again and never used.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.request import getproxies

from msgspec.structs import replace

from erp_common.errors import ERPConnectionError, ERPError
from erp_common.http.answer import Answer
from erp_common.http.attempt import Call, CallContext, ConcurrencyLimit, Lanes
from erp_common.http.breaker import CircuitBreaker
from erp_common.http.bucket import AllowanceUnreachable
from erp_common.http.clock import SystemClock
from erp_common.http.credentials import Credentials
from erp_common.http.dialect import AnswerTooLarge, Dialect, TooMuchAtOnce
from erp_common.http.masking import Masker
from erp_common.http.options import TransportOptions
from erp_common.http.request import Request
from erp_common.http.retry import TryAgain, retrying
from erp_common.http.shared_bucket import RedisBucket
from erp_common.http.throttle import LONG_WAIT, TokenBucketRateLimiter
from erp_common.http.wire import NETWORK, Wire

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Transport:
    """Calls one ERP; safe to use from many threads at once."""

    def __init__(
        self,
        options: TransportOptions,
        auth: Credentials | None = None,
        dialect: Dialect | None = None,
        mask: Masker | None = None,
        *,
        wire: Wire = NETWORK,
        clock: SystemClock | None = None,
    ) -> None:
        """Prepare to call; nothing is sent yet.

        Args:
            options: How the ERP is called.
            auth: Its credentials; None for none.
            dialect: Its way of saying that something is wrong; None for plain HTTP.
            mask: What keeps secrets out of texts; it learns those of `auth`.
            wire: How requests reach the ERP.
            clock: Another clock than the wire's, for tests.

        Raises:
            ERPValidationError: The address is no https, or an option makes no sense.
        """
        self._options = options
        self.auth = auth or Credentials()
        """The credentials that requests are signed with."""
        self._dialect = dialect or Dialect()
        self._masker = mask or Masker()
        for proxy in getproxies().values():
            self._masker.learn_address(proxy)
        self._clock = clock = clock or wire.clock
        self._stop = threading.Event()
        system, allowance = self._dialect.system, options.allowance
        self.breaker = CircuitBreaker(
            options.circuit_breaker.failure_threshold,
            options.circuit_breaker.recovery_timeout,
            ERPConnectionError,
            name=system,
            clock=clock,
        )
        self._bucket = self._shared_bucket()
        self._context = CallContext(
            options=options,
            client=wire.client(
                options.base_url.strip(),
                system,
                ca_bundle=options.ca_bundle,
                user_agent=options.user_agent,
                headers=options.headers,
            ),
            in_flight=ConcurrencyLimit(options.max_concurrency),
            lanes=Lanes(),
            limiter=TokenBucketRateLimiter(
                allowance.requests,
                allowance.interval,
                allowance.burst,
                per_day=allowance.per_day,
                margin=allowance.margin,
                bucket=self._bucket,
                name=system,
                clock=clock,
            ),
            breaker=self.breaker,
            auth=self.auth,
            masker=self._masker,
            stop=self._stop,
        )
        self.auth.bind(self.call_for_token, self._masker, system)

    @property
    def max_attempts(self) -> int:
        """How often something is tried in all."""
        return self._options.retry.max_attempts

    def wait(self, seconds: float, why: str) -> None:
        """Wait, unless the connection is closed meanwhile; a long wait is told.

        Raises:
            Closed: The connection was closed.
        """
        if seconds > LONG_WAIT:
            logger.info("Waiting %.0f s: %s, and is read again.", seconds, self._masker.mask(why))
        self._clock.wait(seconds, self._stop)

    def fetch(
        self,
        request: Request,
        decode: Callable[[Answer], T],
        *,
        timeout: float | None = None,
        attempts: int | None = None,
        may_split: bool = False,
    ) -> T:
        """Call the ERP and decode its answer, trying again where that may help.

        Args:
            request: What to ask.
            decode: Makes something of the whole answer, which is closed afterwards. It raises
                `Undecodable` (or msgspec.DecodeError, UnicodeDecodeError) for a body that is not
                what it claims to be, which is asked for again, and ERPValidationError (or
                msgspec.ValidationError) for one of another shape, which is final.
            timeout: Seconds for one request; None for what the options say.
            attempts: How often to try; None for what the options say. 1 also forgoes the waits
                that a fault prescribes and that are no attempts.
            may_split: Whether the caller can ask for less instead. Then a call that times out or
                breaks off is not made again, and the circuit breaker does not count it.

        Raises:
            NoRecords: The ERP says that there is nothing.
            TooMuchAtOnce: It failed, and may be split.
            AnswerTooLarge: It breaks on an answer this large.
            ERPConnectionError: It cannot be reached, fails, or the circuit is open.
            ERPAuthenticationError: It refuses the credentials.
            ERPRateLimitError: Its allowance is used up.
            ERPValidationError: It refuses the call, or its answer is not what it must be.
        """
        admitted = self.breaker.admit()
        options = self._options
        if timeout is None:
            timeout = options.extract_timeout if request.extract else options.timeout
        call = Call(
            self._context,
            request,
            decode,
            self._dialect,
            timeout,
            admitted,
            patient=attempts != 1,
            may_split=may_split,
        )
        try:
            result = self._run(call.attempt, attempts)
        except (AnswerTooLarge, TooMuchAtOnce, AllowanceUnreachable):
            # It answers, and is about to be asked for less; or it was never asked.
            self.breaker.abandoned(admitted)
            raise
        except BaseException as error:
            if may_split and isinstance(error, ERPConnectionError) and not error.ends_run:
                self.breaker.abandoned(admitted)
                raise TooMuchAtOnce(str(error)) from None
            self.breaker.settle(admitted, error)
            raise
        self.breaker.succeeded(admitted)
        return result

    def call_for_token(
        self, request: Request, decode: Callable[[Answer], T], dialect: Dialect
    ) -> T:
        """Send a token request by the same rules.

        It takes no place in flight, since those that hold one may be waiting for the token, and
        leaves the circuit breaker to the call that needs it.
        """
        call = Call(self._context, request, decode, dialect, self._options.timeout, admitted=None)
        return self._run(call.attempt, None)

    @contextmanager
    def masked(self) -> Iterator[None]:
        """Mask what errors say that are raised meanwhile."""
        try:
            yield
        except ERPError as error:
            self._masker.clean(error)
            raise

    def close(self) -> None:
        """Wake everyone who waits, refuse new calls and close all connections."""
        self._stop.set()
        self._context.lanes.close()
        self._context.in_flight.close()
        self._context.client.close()
        if self._bucket is not None:
            self._bucket.close()

    def _run(self, attempt: Callable[[], T], attempts: int | None) -> T:
        policy = self._options.retry
        if attempts is not None:
            policy = replace(policy, max_attempts=attempts)

        def report(error: Exception, seconds: float, made: int) -> None:
            what = str(error).rpartition(";")[0] or str(error)
            logger.info(
                "%s; %d of %d attempts made, trying again in %.1f s.",
                self._masker.mask(what),
                made,
                policy.max_attempts,
                seconds,
            )

        trying = retrying(
            policy, retry_on=TryAgain, on_wait=report, stop=self._stop, clock=self._clock
        )(attempt)
        with self.masked():
            try:
                return trying()
            except TryAgain as again:
                failure = again.error
            raise failure

    def _shared_bucket(self) -> RedisBucket | None:
        options = self._options
        url = options.rate_limit.storage_url
        if url is None:
            return None
        self._masker.learn_address(url)
        owner = f"{self._dialect.system}\n{options.account}"
        return RedisBucket(options.allowance, url, owner=owner, clock=self._clock)
