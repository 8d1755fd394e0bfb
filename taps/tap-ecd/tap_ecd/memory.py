"""What a run leaves to the next: which files it has read, and what they said of each period."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from erp_common.ledger.models import Company
from erp_common.ledger.periods import Period
from erp_common.singer.state import Bookmarks
from tap_ecd.shelf import Known, Shelf, remembered

_FILES: Final = "ecd_files"
_PERIODS: Final = "ecd_periods"
_CUT: Final = "cut"


class Memory:
    """The state of one company."""

    def __init__(self, bookmarks: Bookmarks, company: Company, cut: str) -> None:
        """Read and write in these bookmarks.

        Args:
            bookmarks: The state.
            company: Whose files.
            cut: How periods are cut; of another cut nothing is of use.
        """
        self._bookmarks = bookmarks
        self._company = company
        self._cut = cut

    @property
    def files(self) -> dict[str, Known]:
        """The files that were read, by their paths."""
        return remembered(self._bookmarks.noted(self._company.id, _FILES))

    def has_read(self, period: Period, shelf: Shelf) -> bool:
        """Whether all streams were delivered of what the files now say of a period."""
        reached = self._bookmarks.reached(self._company.id)
        if reached is None or reached < period.end:
            return False
        return self._seen().get(str(period.end)) == shelf.digest(period)

    def plan(self, periods: list[Period], shelf: Shelf) -> None:
        """Forget the files and periods that are no more."""
        ends = {str(period.end) for period in periods}
        seen = {end: mark for end, mark in self._seen().items() if end in ends}
        self._note(seen, shelf)

    def delivered(self, period: Period, shelf: Shelf) -> None:
        """Keep what the files said of a period whose streams have all been emitted.

        Streams that are not selected have not got it, however far they came before.
        """
        seen, mark = self._seen(), shelf.digest(period)
        if seen.get(str(period.end)) != mark:
            before = period.start - timedelta(days=1)
            self._bookmarks.hold_back(self._company.id, before, others=True)
        self._note({**seen, str(period.end): mark}, shelf)

    def _seen(self) -> dict[str, str]:
        kept = self._bookmarks.noted(self._company.id, _PERIODS)
        if not isinstance(kept, dict) or kept.get(_CUT) != self._cut:
            return {}
        return {str(end): str(mark) for end, mark in kept.items() if end != _CUT}

    def _note(self, seen: dict[str, str], shelf: Shelf) -> None:
        self._bookmarks.note(self._company.id, _FILES, shelf.known)
        self._bookmarks.note(self._company.id, _PERIODS, {_CUT: self._cut, **seen})
