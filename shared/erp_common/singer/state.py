"""Bookmarks: how far each company's books have been delivered, stream by stream.

Partitions are by company alone. A bookmark is the end of the last period whose selected streams
have all been emitted; it is set only then, so that a run killed anywhere resumes without a gap.
Derived ledgers keep one balance per account beside the bookmark of `periods`, as at the start of
the lookback window, since their openings are sums of what came before. Reported ledgers keep a
digest of each closed period that is watched there, so that a change of it is seen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk.helpers._state import StateWriter
from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from erp_common.errors import ERPSettingsError
from erp_common.extract.work import Carried, CarriedDigests, CarriedOpenings
from erp_common.ledger.digest import Digest
from erp_common.ledger.openings import Openings
from erp_common.ledger.periods import Periodicity
from erp_common.ledger.schemas import REPLICATION_KEY

if TYPE_CHECKING:
    from singer_sdk.helpers.types import TapState

OPENINGS = "opening_balances"
CLOSED = "closed_periods"
WRITE_EVERY = 5.0
"""Seconds between STATE messages while companies are under way."""


class Bookmarks(msgspec.Struct):
    """The bookmarks in a tap's state.

    Attributes:
        state: The tap's state.
        streams: The names of the selected streams.
        from_start: Whether everything is read, however far a company has come.
        watched: How many closed periods of a company are known by their digests.
    """

    state: dict[str, Any]
    streams: Sequence[str]
    from_start: bool = False
    watched: int = 0

    def reached(self, company_id: str) -> date | None:
        """End of the last period that all selected streams have delivered.

        None if one of them has no bookmark: it starts from the beginning, and the others with it.

        Raises:
            ERPSettingsError: If the state holds something else than a date.
        """
        if self.from_start:
            return None
        found: list[date] = []
        is_new = False
        for stream in self.streams:
            value = self._partition(stream, company_id).get("replication_key_value")
            if value is None:
                is_new = True  # the others' bookmarks must be dates all the same
                continue
            try:
                found.append(_day(value))
            except ValueError:
                raise ERPSettingsError(
                    f"the state's bookmark of {stream} for {company_id} is {value!r}, which is no "
                    "date; correct the state or run with a full refresh",
                ) from None
        return None if is_new else min(found, default=None)

    def hold_back(self, company_id: str, end: date, *, others: bool = False) -> None:
        """Take back every bookmark of a company that lies beyond this day.

        Args:
            company_id: The company.
            end: The day.
            others: Only of streams that are not selected: what is delivered now they still lack,
                though they came farther before.
        """
        for stream in self.state.get("bookmarks", {}):
            entry = self._partition(stream, company_id)
            held = others and stream in self.streams
            if not held and _lies_beyond(entry.get("replication_key_value"), end):
                entry["replication_key_value"] = str(end)

    def openings(self, company_id: str) -> CarriedOpenings | None:
        """The balances that a derived ledger carries, if the state has them."""
        held = self._partition("periods", company_id).get(OPENINGS)
        if held is None:
            return None
        try:
            openings = Openings(
                as_of=date.fromisoformat(held["as_of"]),
                balances={code: _finite(balance) for code, balance in held["balances"].items()},
            )
            return CarriedOpenings(openings, held["basis"])
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
            raise ERPSettingsError(
                f"the state's opening balances for {company_id} cannot be read; "
                "correct the state or run with a full refresh",
            ) from None

    def noted(self, company_id: str, name: str) -> Any:  # noqa: ANN401 - the tap's own
        """What a tap has noted of a company beside its bookmarks; None if nothing."""
        return self._partition("periods", company_id).get(name)

    def note(self, company_id: str, name: str, value: Any) -> None:  # noqa: ANN401 - likewise
        """Note something of a company beside its bookmarks, in JSON's types."""
        self._partition("periods", company_id, create=True)[name] = value

    def digests(self, company_id: str, periodicity: Periodicity) -> dict[date, Digest]:
        """What closed periods were when last read, by their last days; of this periodicity alone.

        Raises:
            ERPSettingsError: If the state holds something else.
        """
        held = self._partition("periods", company_id).get(CLOSED)
        if held is None:
            return {}
        try:
            if held["period"] != periodicity.value:
                return {}
            return {
                date.fromisoformat(day): Digest.read(written)
                for day, written in held["digests"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ERPSettingsError(
                f"the state's closed_periods for {company_id} cannot be read; "
                "correct the state or run with a full refresh",
            ) from None

    def mark(self, company_id: str, end: date, carried: Carried | None = None) -> None:
        """Say that all selected streams have delivered the period that ends on this day."""
        for stream in self.streams:
            entry = self._partition(stream, company_id, create=True)
            entry.pop("progress_markers", None)
            entry.pop("starting_replication_value", None)
            entry["replication_key"] = REPLICATION_KEY
            before = entry.get("replication_key_value")
            entry["replication_key_value"] = str(max(_day(before), end) if before else end)
        if isinstance(carried, CarriedOpenings):
            self._partition("periods", company_id, create=True)[OPENINGS] = {
                "as_of": str(carried.openings.as_of),
                "basis": carried.mark,
                "balances": {code: str(net) for code, net in carried.openings.balances.items()},
            }
        elif carried is not None:
            self._keep(company_id, carried)

    def _keep(self, company_id: str, carried: CarriedDigests) -> None:
        """Keep the digests of the latest periods, as many as are watched."""
        entry = self._partition("periods", company_id, create=True)
        before = self.digests(company_id, carried.periodicity)
        changed = [day for day, one in carried.digests.items() if before.get(day, one) != one]
        if changed:
            self.hold_back(company_id, min(changed), others=True)
        known = {**before, **carried.digests}
        if self.watched:
            entry[CLOSED] = {
                "period": carried.periodicity.value,
                "digests": {str(day): str(known[day]) for day in sorted(known)[-self.watched :]},
            }
        else:
            entry.pop(CLOSED, None)

    def _partition(self, stream: str, company_id: str, *, create: bool = False) -> dict[str, Any]:
        bookmarks = self.state.setdefault("bookmarks", {})
        partitions = bookmarks.setdefault(stream, {}).setdefault("partitions", [])
        for entry in partitions:
            if entry.get("context") == {"company_id": company_id}:
                return entry  # type: ignore[no-any-return]
        entry = {"context": {"company_id": company_id}}
        if create:
            partitions.append(entry)
        return entry


def _day(written: object) -> date:
    """The day of a bookmark, also of one that somebody has written without its hyphens.

    Raises:
        ValueError: It is no day.
    """
    text = str(written)[:10]
    compact = re.fullmatch("([0-9]{4})([0-9]{2})([0-9]{2})(?:T.?)?", text)
    return date.fromisoformat("-".join(compact.groups()) if compact else text)


def _lies_beyond(written: object, end: date) -> bool:
    """Whether a bookmark lies beyond a day; one that is no day is told when its stream is read."""
    try:
        return bool(written) and _day(written) > end
    except ValueError:
        return False


def _finite(written: str) -> Decimal:
    balance = Decimal(written)
    if not balance.is_finite():
        raise ValueError
    return balance


class PacedStateWriter(StateWriter):
    """Writes STATE where the books allow it, and not more often than is of use.

    The SDK asks for a STATE after every stream of every period; each would hold all companies. Only
    `write_now`, `write_if_due` and `write_if_worth_it`, called between periods, write.
    """

    def __init__(
        self,
        message_writer: GenericSingerWriter[Any, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write through this message writer."""
        super().__init__(message_writer)
        self._clock = clock
        self._last = clock()
        self._written_at = 0
        self._size = 0
        self._partitions = 1

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Ignore the SDK's own wish to write: it comes in the middle of a period."""

    def write_if_due(self, state: Mapping[str, Any]) -> None:
        """Write the state if the last was written some seconds ago."""
        if self._clock() - self._last >= WRITE_EVERY:
            self.write_now(state)

    def write_if_worth_it(self, state: Mapping[str, Any]) -> None:
        """Write the state if that is due, or the messages since the last one outweigh it.

        So all of them together are no longer than the messages between them, however many companies
        each holds. How long this one would be follows from the last and its number of companies.
        """
        size = self._size * _partitions(state) / self._partitions
        if self._bytes() - self._written_at >= size:
            self.write_now(state)
        else:
            self.write_if_due(state)

    def write_now(self, state: Mapping[str, Any]) -> None:
        """Write the state if it has changed."""
        before = self._bytes()
        super().write_state(cast("TapState", state))
        self._last = self._clock()
        self._written_at = self._bytes()
        if self._written_at > before:
            self._size = self._written_at - before
            self._partitions = _partitions(state) or 1

    def _bytes(self) -> int:
        return getattr(self._message_writer, "size", 0)


def _partitions(state: Mapping[str, Any]) -> int:
    """How many bookmarks a state holds."""
    bookmarks = state.get("bookmarks", {}).values()
    return sum(len(of_stream.get("partitions", ())) for of_stream in bookmarks)
