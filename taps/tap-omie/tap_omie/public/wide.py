"""Statements over several periods, for accounts of so few movements that one answer holds them.

A statement says what the account held before its first day alone. What it held between the periods
is counted up from its movements, and taken only if what Omie says it holds after the last day is
what they come to; else each period is asked for alone.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import msgspec

from erp_common.errors import ERPError, ERPValidationError
from erp_common.extract.spool import Mark, Spool, decode_rows, encode_rows
from erp_common.extract.together import Together
from erp_common.http.dialect import NoRecords
from erp_common.http.transport import Transport
from erp_common.ledger.exact import add, total
from erp_common.ledger.normalize import InvalidValue, cents
from erp_common.ledger.periods import Period
from tap_omie.public import mapping
from tap_omie.public.calls import Calls, Statement, read_statement
from tap_omie.public.rows import Movement

logger = logging.getLogger(__name__)

CUT_OFF_AT: Final = 50
"""Movements at which Omie may have cut a statement off without saying so.

More prove that it cuts nothing there; lines of balances do not count.
"""

Row = tuple[date, Decimal, dict[str, Any]]
"""A movement's day and amount, and the row as Omie sent it."""


class Slice(msgspec.Struct):
    """A period's part of a wider statement."""

    opening: Decimal
    rows: list[dict[str, Any]]
    """Its movements, as Omie sent them."""
    closing: Decimal
    said: dict[str, Any] | None = None
    """What the statement says beside its movements; in its first period alone."""
    held: Any = None
    """What the statement says the account holds; in its last period alone."""


class WideStatements:
    """Asks for statements over several periods; safe to use from several threads."""

    def __init__(self, transport: Transport, calls: Calls, together: Together) -> None:
        """Plan to ask; nothing is asked for yet."""
        self._transport = transport
        self._calls = calls
        self.together = together
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        """None is asked for while another may be refused; Omie takes one at a time anyway."""
        self._accounts: dict[str, _Account] = {}
        self._spool: Spool[list[dict[str, Any]]] = Spool(encode_rows, decode_rows)
        self.stated: dict[tuple[str, date], Decimal] = {}
        """What accounts hold on the day after a statement that it does not lead to: whoever asks
        for that next takes it from here, since Omie refuses the same call within a minute."""

    def of(self, number: str, period: Period) -> Slice | None:
        """An account's movements in a period; None if it must be asked for alone.

        Raises:
            ERPError: If Omie wants to be asked for nothing more.
        """
        with self._lock:
            account = self._accounts.setdefault(number, _Account())
        with account.lock:
            for one in self.together.windows[period]:
                if period in account.kept or period in account.alone:
                    break
                if one not in account.kept and one not in account.alone:
                    with self._asking:
                        self._ask(number, account, one)
            kept = account.kept.get(period)
        if kept is None:
            return None
        found, mark = kept
        return msgspec.structs.replace(found, rows=self._spool.get(mark))

    def _ask(self, number: str, account: _Account, period: Period) -> None:
        """Ask for as many periods as one answer holds, and put away what belongs to each."""
        periods = self.together.window(period, account.days)
        account.alone.add(period)
        try:
            while len(periods) > 1:
                window = Period(periods[0].start, periods[-1].end)
                found = ask(self._transport, self._calls, number, window)
                if isinstance(found, NoRecords):
                    account.days = 1  # where nothing is said, nothing can be proved
                    return
                rows = _movements(found, number, window)
                if not may_be_cut_off(found):
                    break
                account.days = _days_that_fit(rows, window)
                periods = self.together.window(period, account.days)
            else:
                return
            slices = self._sliced(number, found, rows, periods)
        except (InvalidValue, NoRecords, _UnprovedError):
            # There is something to tell, which each period tells by itself.
            account.alone.update(periods)
            return
        except ERPError as error:
            if error.ends_run:
                raise
            account.alone.update(periods)
            if isinstance(error, ERPValidationError):
                # It may be refused for every account, and ten refusals block the key.
                self.together.periods = 1
                logger.warning(
                    "%s. From here on the statement of each period is asked for alone; set "
                    "periods_per_request to 1 if that comes in every run.",
                    str(error).rstrip("."),
                )
            return
        account.alone.discard(period)
        for one, part in zip(periods, slices, strict=True):
            account.kept[one] = part, self._spool.put(part.rows)
            part.rows = []

    def _sliced(
        self, number: str, found: Statement, rows: Sequence[Row], periods: Sequence[Period]
    ) -> list[Slice]:
        """A statement in periods.

        Raises:
            _UnprovedError: If what the account holds after it does not follow from its movements.
            InvalidValue: If there is anything to tell of a row.
        """
        after = periods[-1].end + timedelta(days=1)
        day = Period(after, after)
        said = self._transport.fetch(
            self._calls.statement(number, day, only_balance=True),
            partial(read_statement, window=day),
        )
        by_period: dict[Period, list[Row]] = defaultdict(list)
        for row in rows:
            by_period[next(one for one in periods if row[0] in one)].append(row)
        balance = cents(found.head.nSaldoAnterior, "nSaldoAnterior")
        slices = []
        for one in periods:
            opening = balance
            for _, moved, _ in by_period[one]:
                balance = add(balance, moved)
            slices.append(Slice(opening, [raw for _, _, raw in by_period[one]], balance))
        stated = cents(said.head.nSaldoAnterior, "nSaldoAnterior")
        if stated != balance:
            self.stated[number, after] = stated
            raise _UnprovedError
        slices[0].said = found.said
        slices[-1].held = found.head.nSaldoAtual
        return slices


class _Account:
    """What is known of an account's statements."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.lock = threading.Lock()
        self.kept: dict[Period, tuple[Slice, Mark]] = {}
        self.alone: set[Period] = set()
        """The periods that must be asked for alone."""
        self.days: int | None = None
        """Days whose movements fit into one answer, if more have been seen not to."""


class _UnprovedError(Exception):
    """A window's statement holds something to tell, or does not lead to the balance after it."""


def ask(transport: Transport, calls: Calls, number: str, window: Period) -> Statement | NoRecords:
    """An account's statement, or what Omie says where it has no records."""
    try:
        return transport.fetch(
            calls.statement(number, window), partial(read_statement, window=window)
        )
    except NoRecords as nothing:
        return nothing


def may_be_cut_off(found: Statement | NoRecords) -> bool:
    """Whether movements may be missing from a statement."""
    if isinstance(found, NoRecords):
        return False
    rows = [row for batch in found.movements.batches for row in batch.rows]
    return sum(row is not None and _is_numbered(row) for row in rows) == CUT_OFF_AT


def ties_out(found: Statement, number: str, window: Period) -> bool:
    """Whether a statement's movements lead to the balance that it states beside them.

    That one may be today's, so that it is no proof of the contrary.
    """
    try:
        moved = total(amount for _, amount, _ in _movements(found, number, window))
        before, said = found.head.nSaldoAnterior, found.head.nSaldoAtual
        return add(cents(before, "nSaldoAnterior"), moved) == cents(said, "nSaldoAtual")
    except (InvalidValue, _UnprovedError):
        return False


def _is_numbered(row: Movement) -> bool:
    try:
        return mapping.is_numbered(row)
    except InvalidValue:
        return True  # a movement with an odd number, which is told when it is read


def _movements(found: Statement, number: str, window: Period) -> list[Row]:
    """What moved, by day; rows that are no money are left out, as the reader would.

    Raises:
        InvalidValue: If there is anything to tell of a row.
        _UnprovedError: If a row is none, or lies outside the window.
    """
    rows = []
    for batch in found.movements.batches:
        for row, raw in zip(batch.rows, batch.raws(), strict=True):
            if row is None:
                raise _UnprovedError
            if not mapping.is_movement(row):
                continue
            settled = mapping.settled(row, number)
            if settled.day not in window:
                raise _UnprovedError
            rows.append((settled.day, settled.amount, raw))
    return rows


def _days_that_fit(rows: Sequence[Row], window: Period) -> int:
    """About how many days' movements one answer holds, by one that may have been cut off."""
    days = [day for day, _, _ in rows]
    spanned = (max(days) - min(days)).days if days else 0
    return max(1, min(spanned, ((window.end - window.start).days + 1) // 2))
