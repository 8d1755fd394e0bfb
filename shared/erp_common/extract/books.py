"""The books of a run: every company's periods, fetched ahead and handed over one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from erp_common.extract.ahead import FetchAhead
from erp_common.extract.company import CompanyBooks
from erp_common.extract.composed import ComposedCompany, ComposedSource
from erp_common.extract.derived import DerivedCompany
from erp_common.extract.period import PeriodExtract
from erp_common.extract.reported import ReportedCompany
from erp_common.extract.source import DerivedSource, ReportedSource, Source
from erp_common.extract.work import Extraction, Work
from erp_common.ledger.models import Company


class Books:
    """What a run reads.

    While one period is handed over, the requests of those after it are under way already, across
    the border between companies too.
    """

    def __init__(
        self,
        source: Source,
        work: list[Work],
        extraction: Extraction,
    ) -> None:
        """Plan the run; the first request goes out when the first period is asked for."""
        self._ahead = FetchAhead(extraction.threads, more=self._plan())
        self._given_up: set[int] = set()
        self._companies: list[CompanyBooks[Any, Any]] = [
            self._open(source, place, one, extraction) for place, one in enumerate(work)
        ]

    def periods(self, company: Company) -> Iterator[PeriodExtract]:
        """The company's periods in order.

        Raises:
            ERPError: If the company's books cannot be read; the other companies' can.
        """
        books = self._companies[self._place(company)]
        self._ahead.start()
        for number in range(len(books.work.periods)):
            yield books.take(number)

    def give_up(self, company: Company) -> None:
        """Ask for nothing more of this company."""
        place = self._place(company)
        self._given_up.add(place)
        self._ahead.forget((place,))

    def close(self) -> None:
        """Ask for nothing more at all."""
        self._ahead.close()

    def _place(self, company: Company) -> int:
        return next(
            place for place, books in enumerate(self._companies) if books.work.company == company
        )

    def _open(
        self, source: Source, place: int, work: Work, extraction: Extraction
    ) -> CompanyBooks[Any, Any]:
        if isinstance(source, ReportedSource):
            return ReportedCompany(source, place, work, extraction, self._ahead)
        if isinstance(source, ComposedSource):
            return ComposedCompany(source, place, work, extraction, self._ahead)
        return DerivedCompany(
            cast("DerivedSource", source),
            place,
            work,
            extraction,
            self._ahead,
        )

    def _plan(self) -> Iterator[object]:
        """Begin period after period; drawn whenever the threads have nothing else to do."""
        for place, books in enumerate(self._companies):
            for number in range(len(books.work.periods)):
                if place in self._given_up:
                    break
                books.begin(number)
                yield books
