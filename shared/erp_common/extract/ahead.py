"""Fetching ahead: requests run on a few threads before their answers are needed.

Every call has a place, a tuple that says where in the run its answer is needed; threads always
take the call with the lowest place. A call starts only while fewer than `window` answers that come
before it are still untaken, so memory stays bounded however far the ERP's allowance would let the
threads run ahead, and work for later never holds up work for now.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from itertools import count
from typing import Any, Generic, TypeVar

import msgspec

from erp_common.errors import ERPConnectionError, ERPError

T = TypeVar("T")
Place = tuple[int, ...]


_NAME = "fetch-"


def threads_end(patience: float) -> bool:
    """Whether the threads of all closed pools end within that many seconds."""
    until = time.monotonic() + patience
    for thread in threading.enumerate():
        if thread.name.startswith(_NAME):
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                return False
    return True


class _State(Enum):
    QUEUED = 1
    RUNNING = 2
    DONE = 3
    DROPPED = 4


class Ticket(msgspec.Struct, Generic[T], eq=False):
    """The claim on one call's answer; `FetchAhead.submit` creates it."""

    ahead: FetchAhead
    place: Place
    call: Callable[[], T] | None
    state: _State = _State.QUEUED
    value: T | None = None
    error: Exception | None = None

    def result(self) -> T:
        """Wait for the answer and take it, once; its room in the window becomes free.

        Raises:
            Exception: What the call raised.
        """
        return self.ahead.take(self)


class OnDemand:
    """Runs each call when its answer is taken, in the thread that takes it."""

    def submit(self, place: Place, call: Callable[[], T]) -> _Kept[T]:
        """Keep a call."""
        _ = place
        return _Kept(call)


class _Kept(msgspec.Struct, Generic[T]):
    result: Callable[[], T]


class FetchAhead:
    """Runs calls on threads of its own in the order of their places."""

    def __init__(
        self,
        threads: int,
        *,
        window: int | None = None,
        more: Iterator[object] | None = None,
    ) -> None:
        """Create the pool; threads start with the first call.

        Args:
            threads: How many calls may be under way at once.
            window: How many untaken answers may stand before a call that starts (default: two a
                thread).
            more: Planned work: whenever the queue is empty and the window has room, the next item
                is drawn, by one thread at a time; drawing it submits its calls.
        """
        self._threads = threads
        self._window = window or 2 * threads
        self._more = more
        self._lock = threading.Lock()
        # Whom something concerns is woken, and nobody else: threads cost more to wake than a page.
        self._room = threading.Condition(self._lock)
        """For threads without a call: there may be one to start."""
        self._done = threading.Condition(self._lock)
        """For those who wait for an answer: one has come in, or will not come any more."""
        self._queue: list[tuple[Place, int, Ticket[Any]]] = []
        self._order = count()
        self._started: set[Ticket[Any]] = set()
        self._forgotten: set[Place] = set()
        self.made = 0
        """Calls that have come to an end."""
        self._wanted: Place | None = None
        self._workers = 0
        self._closed = False
        self._ends: dict[Place, ERPError] = {}
        """What ends the run, such as a refused key, once it comes to that place.

        No call for that place or a later one starts any more. Those before it do: of them the run
        has yet to say what it would if it had not read ahead.
        """

    def submit(self, place: Place, call: Callable[[], T]) -> Ticket[T]:
        """Queue a call and return the claim on its answer.

        May be called from any thread, from inside a call too.
        """
        ticket: Ticket[T] = Ticket(self, place, call)
        with self._lock:
            if any(place[: len(prefix)] == prefix for prefix in self._forgotten):
                ticket.state = _State.DROPPED
                return ticket
            heapq.heappush(self._queue, (place, next(self._order), ticket))
            self._hire()
            self._room.notify()
        return ticket

    def start(self) -> None:
        """Begin to draw the planned work."""
        with self._lock:
            self._hire()

    def forget(self, prefix: Place) -> None:
        """Drop every call below this place, also those still to come."""
        depth = len(prefix)
        with self._lock:
            self._forgotten.add(prefix)
            self._ends = {at: end for at, end in self._ends.items() if at[:depth] != prefix}
            kept = []
            for entry in self._queue:
                if entry[0][:depth] == prefix:
                    entry[2].state = _State.DROPPED
                else:
                    kept.append(entry)
            heapq.heapify(kept)
            self._queue = kept
            for ticket in [one for one in self._started if one.place[:depth] == prefix]:
                self._drop(ticket)
            self._wake_everyone()

    def close(self) -> None:
        """Start nothing more; calls under way end by themselves, their answers are dropped."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._wake_everyone()

    def take(self, ticket: Ticket[T]) -> T:
        """Wait for an answer and take it; see `Ticket.result`."""
        with self._lock:
            self._wanted = ticket.place
            if ticket.state is _State.QUEUED:
                self._room.notify()
            while ticket.state in {_State.QUEUED, _State.RUNNING}:
                if self._closed:
                    raise ERPConnectionError("the run ended before this answer came in")
                if ticket.state is _State.QUEUED and self._is_over(ticket.place):
                    raise self._ends[min(self._ends)]
                self._done.wait()
            self._wanted = None
            if ticket.state is _State.DROPPED:
                raise ERPConnectionError("this request was given up because an earlier one failed")
            value, error = ticket.value, ticket.error
            self._drop(ticket)
            self._room.notify()
        if error is not None:
            raise error
        return value  # type: ignore[return-value]

    def _wake_everyone(self) -> None:
        self._room.notify_all()
        self._done.notify_all()

    def _drop(self, ticket: Ticket[Any]) -> None:
        ticket.state = _State.DROPPED
        ticket.value = ticket.error = ticket.call = None
        self._started.discard(ticket)

    def _hire(self) -> None:
        if self._workers < self._threads and not self._closed:
            self._workers += 1
            threading.Thread(target=self._work, name=f"{_NAME}{self._workers}", daemon=True).start()

    def _work(self) -> None:
        while (claimed := self._next()) is not None:
            ticket, call = claimed
            value: object = None
            error: Exception | None = None
            try:
                value = call()
            except Exception as raised:  # noqa: BLE001 - raised again where the answer is taken
                error = raised
            with self._lock:
                self.made += 1
                if ticket.state is _State.RUNNING:
                    ticket.value, ticket.error, ticket.state = value, error, _State.DONE
                    if isinstance(error, ERPError) and error.ends_run:
                        self._ends[ticket.place] = error
                ticket.call = None
                self._done.notify_all()

    def _next(self) -> tuple[Ticket[Any], Callable[[], Any]] | None:
        with self._lock:
            while not self._closed:
                if self._queue:
                    place, _, ticket = self._queue[0]
                    if self._has_room(place) and ticket.call is not None:
                        heapq.heappop(self._queue)
                        ticket.state = _State.RUNNING
                        self._started.add(ticket)
                        return ticket, ticket.call
                elif self._more and not self._ends and len(self._started) < self._window:
                    self._draw(self._more)
                    continue
                self._room.wait()
        return None

    def _is_over(self, place: Place) -> bool:
        return any(end <= place for end in self._ends)

    def _has_room(self, place: Place) -> bool:
        if self._is_over(place):
            return False
        if self._wanted is not None and place <= self._wanted:
            return True
        return sum(one.place < place for one in self._started) < self._window

    def _draw(self, more: Iterator[object]) -> None:
        """Draw the next planned work, by this thread alone, with the lock let go meanwhile."""
        left = self._more = None
        self._lock.release()
        try:
            with suppress(Exception):  # its end; who needs what fails meets that when asking for it
                next(more)
                left = more
        finally:
            self._lock.acquire()
            self._more = left
            self._hire()
            self._wake_everyone()


Pool = FetchAhead | OnDemand
"""What runs calls: ahead of time on threads, or one after the other."""
Claim = Ticket[T] | _Kept[T]
"""The claim on one call's answer: it waits for that and takes it, once."""
