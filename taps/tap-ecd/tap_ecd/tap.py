"""tap-ecd: its settings, and which periods of the files a run reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from typing_extensions import override

from erp_common.errors import ERPError
from erp_common.extract.work import Work
from erp_common.ledger.periods import Period, Periodicity, containing, periods_touching, today
from erp_common.setup.parse import refusal
from erp_common.singer.tap import LedgerTap
from tap_ecd.memory import Memory
from tap_ecd.settings import EcdSettings
from tap_ecd.source import FiledLedgers
from tap_ecd.streams import ECD_STREAMS

if TYPE_CHECKING:
    from erp_common.extract.period import PeriodExtract
    from erp_common.extract.source import Source
    from erp_common.ledger.models import Company
    from erp_common.setup.connection import Build
    from erp_common.singer.state import Bookmarks
    from tap_ecd.shelf import Shelf


class TapEcd(LedgerTap[EcdSettings]):
    """Singer tap for the filed ledger of a Brazilian company, the ECD of the SPED."""

    name = "tap-ecd"
    settings_class = EcdSettings
    source_class = FiledLedgers
    stream_classes = ECD_STREAMS
    _books: FiledLedgers

    @classmethod
    @override
    def source(cls, config: EcdSettings, build: Build) -> FiledLedgers:
        """The files that `paths` names."""
        return FiledLedgers(config.paths, config.company_list)

    @override
    def work(self, company: Company, source: Source, bookmarks: Bookmarks) -> Work:
        """The periods that files state, without those of which they say what they said before."""
        self._books = cast("FiledLedgers", source)
        self._books.remember({one.id: self._memory(one, bookmarks).files for one in self.companies})
        try:
            shelf = self._books.shelf(company)
        except ERPError:
            # The books say why when they are asked for: the other companies are read all the same.
            return Work(company, [containing(today(), Periodicity.MONTH)])
        stated = [period for period in self._span(shelf) if shelf.ledgers_of(period)]
        memory = self._memory(company, bookmarks)
        memory.plan(stated, shelf)
        return Work(company, [one for one in stated if not memory.has_read(one, shelf)])

    def _span(self, shelf: Shelf) -> list[Period]:
        settings = self.settings
        first = settings.start_date or min(file.head.starts for file in shelf.ledgers)
        last = settings.end_date or max(file.head.ends for file in shelf.ledgers)
        if settings.period is Periodicity.RANGE:
            month, end = containing(first, Periodicity.MONTH), containing(last, Periodicity.MONTH)
            if (settings.start_date and month.start != first) or (
                settings.end_date and end.end != last
            ):
                sentence = (
                    f"period is range from {first} to {last}, but an ECD states whole months; "
                    "begin with a month's first day and end with a month's last"
                )
                raise refusal(sentence)
            return [Period(month.start, end.end)]
        return list(periods_touching(first, last, settings.period)) if first <= last else []

    @override
    def tell_what_is_read_already(self, work: list[Work]) -> None:
        """Say it where a run would end without a word and without a row."""
        for company in [one.company.id for one in work if not one.periods]:
            self.logger.info(
                "%s: no file says anything else than when it was read last; nothing is read",
                company,
            )

    @override
    def delivered(self, extract: PeriodExtract) -> None:
        """Keep what the files said of the period, and move the bookmarks past it."""
        if extract.moves_bookmark:
            memory = self._memory(extract.company, self._bookmarks)
            memory.delivered(extract.period, self._books.shelf(extract.company))
        super().delivered(extract)

    def _memory(self, company: Company, bookmarks: Bookmarks) -> Memory:
        return Memory(bookmarks, company, self.settings.period.value)
