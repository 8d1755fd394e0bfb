"""One company's books: its periods are begun ahead of time, in any thread, and taken in order."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from erp_common.extract.ahead import FetchAhead
from erp_common.extract.period import PeriodExtract
from erp_common.extract.source import Source
from erp_common.extract.work import Extraction, Work

SourceT = TypeVar("SourceT", bound=Source)
PeriodT = TypeVar("PeriodT", bound=PeriodExtract)


class CompanyBooks(ABC, Generic[SourceT, PeriodT]):
    """A company's books, period by period; what follows on what is the kind of ledger's affair."""

    def __init__(
        self,
        source: SourceT,
        place: int,
        work: Work,
        extraction: Extraction,
        ahead: FetchAhead,
    ) -> None:
        """Plan the books; nothing is asked for yet.

        Args:
            source: The ERP.
            place: Where in the run the company stands.
            work: What is read of it.
            extraction: How it is read.
            ahead: Runs the requests.
        """
        self.work = work
        self._source = source
        self._place = place
        self._extraction = extraction
        self._ahead = ahead
        self._lock = threading.Lock()
        self._begun: dict[int, PeriodT] = {}
        self._taken: PeriodT | None = None
        self._next = 0

    def begin(self, number: int) -> None:
        """Ask for a period, unless that has been done; it may be needed long after."""
        self._begin(number)

    @abstractmethod
    def take(self, number: int) -> PeriodExtract:
        """The period, to be read now; the one taken before is dropped."""

    @abstractmethod
    def _ask(self, index: int) -> PeriodT:
        """Ask for what a period is made of; one thread at a time does."""

    def _begin(self, index: int) -> PeriodT | None:
        """The period if it is begun by this call."""
        with self._lock:
            if index < self._next or index in self._begun:
                return None
            period = self._begun[index] = self._ask(index)
        return period

    def _claim(self, index: int) -> PeriodT:
        """The period that was begun; it and those before it are not begun again."""
        with self._lock:
            self._next = index + 1
            return self._begun.pop(index)
