"""The past watched: which closed periods are not what they were when they were last read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

from erp_common.extract.period import PeriodExtract
from erp_common.extract.work import CarriedDigests
from erp_common.ledger import checks
from erp_common.ledger.digest import Digest
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import Finding
from erp_common.ledger.movements import Movements
from erp_common.ledger.periods import Period


class Watch:
    """Compares closed periods, in order, with what they are known by."""

    def __init__(self, known: Mapping[date, Digest]) -> None:
        """Compare with these digests, by the periods' last days."""
        self.first_seen: dict[date, Digest] = {}
        """Periods of which nothing was known."""
        self._changed: dict[date, Digest] = {}
        self._known = known
        self._before_changed = False

    def changed(self, period: Period, digest: Digest) -> list[Finding] | None:
        """What is to be told of a period that is not what it was; None if it is.

        What its own postings have changed, is told of each; balances alone follow from that.
        """
        known = self._known.get(period.end)
        if known is None:
            self.first_seen[period.end] = digest
        if known is None or known == digest:
            self._before_changed = False
            return None
        self._changed[period.end] = digest
        follows = self._before_changed and known.movements == digest.movements
        self._before_changed = True
        return [] if follows else [_told(period)]

    def known_after(self, period: Period, digest: Digest | None) -> dict[date, Digest]:
        """What closed periods are known by once this one has been delivered.

        Of those that changed nothing is known before the last of them: where a run is killed in
        between, the next reads all of them again, and tells of each what this one would have.

        Args:
            period: The period.
            digest: What it is known by; None if it is not closed.
        """
        known = dict(self.first_seen)
        if period.end not in self._changed:
            return known if digest is None else {**known, period.end: digest}
        return {**known, **self._changed} if period.end == max(self._changed) else known


class WatchedPeriod(PeriodExtract):
    """A period of a reported ledger, whose trial balance the next run compares with this one's."""

    _watch: Watch

    @cached_property
    def movements(self) -> Movements | None:
        """The sums of the postings; None if they are not asked for."""
        return Movements(self.period) if self._extraction.subledger else None

    def carried(self) -> CarriedDigests:
        """What closed periods are known by: this one, and those that were first seen before it."""
        is_open = self.period.is_open(self._extraction.today)
        digest = None if is_open else Digest.of(self.trial_balance)
        known = self._watch.known_after(self.period, digest)
        return CarriedDigests(self._extraction.periodicity, known)

    def _holds_balances(self) -> bool:
        return not self.trial_balance.is_zero

    def _check(self) -> Iterable[Finding]:
        ledger, rules = self.trial_balance, self._extraction.rules
        if self.movements is not None and self._read_whole:
            yield from self.movements.findings(ledger.chart)
            yield from checks.tie_out(ledger, self.movements, rules)
        if self._before is not None:
            yield from checks.continuity(self._before, ledger, rules)


def _told(period: Period) -> Finding:
    return finding(
        Code.CLOSED_PERIOD_CHANGED,
        "The closed period {period} is not what it was when it was last read: "
        "postings came in, were changed or are gone, in it or before it. It was "
        "read again in full; ask who changed it, and close it in the ERP.",
        period=period,
    )
