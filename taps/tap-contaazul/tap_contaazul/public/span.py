"""What moved in all periods of a run, asked for once.

A search says which installments were paid in some days, but not when, and its window of due dates
is the same whatever days are asked for. So one search serves the whole run, the details of what it
finds say on which days money moved, and each period takes its own days from that.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from erp_common.errors import ERPError
from erp_common.extract.listing import Batch, Page
from erp_common.extract.spool import Mark, Spool, decode_rows, encode_rows
from erp_common.http.transport import Transport
from erp_common.ledger.models import Finding
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.periods import Period
from tap_contaazul.public import calls
from tap_contaazul.public.entries import entry
from tap_contaazul.public.plan import Plan
from tap_contaazul.public.rows import Moved
from tap_contaazul.public.search import Search
from tap_contaazul.public.shares import Lookups

BLOCK: Final = 250
"""Rows that are taken from the spool together."""


class Moment(NamedTuple):
    """Where in the spool something that moved is, and which part of the row it is."""

    day: date
    order: int
    mark: Mark
    part: int | str


class Span:
    """What moved in the days that a run asks for; safe to use from several threads."""

    def __init__(
        self, transport: Transport, plan: Plan, accounts: list[str], lookups: Lookups
    ) -> None:
        """Plan to read; nothing is asked for yet.

        Args:
            transport: How Conta Azul is reached.
            plan: What the run asks for.
            accounts: The money accounts that are asked what they hold, once the days reach today.
            lookups: What entries need to know of the company.
        """
        self._plan = plan
        self._lookups = lookups
        self._search = Search(transport, plan, accounts, lookups)
        self._lock = threading.Lock()
        self._spool: Spool[dict[str, Any]] = Spool(encode_rows, decode_rows)
        self._moments: list[Moment] = []
        self._begins: date | None = None
        self._known: Period | None = None
        self._failure: ERPError | None = None

    def plan(self, period: Period) -> None:
        """Plan to read a period, in the order of periods.

        The first of all says where the search for all begins, whichever thread asks for it.
        """
        with self._lock:
            if self._begins is None:
                self._begins = period.start

    def page(self, period: Period) -> Page[Moved]:
        """What moved in a period, in the order of its days.

        Raises:
            ERPError: If it cannot be read; then for every other period too.
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            try:
                for days in list(self._missing(period)):
                    self._ask(days)
            except ERPError as error:
                self._failure = error
                raise
            first = bisect_left(self._moments, period.start, key=_day)
            last = bisect_right(self._moments, period.end, key=_day)
            found = self._moments[first:last]
            moved, self._search.gaps = self._search.gaps, []
        return Page(self._batches(found), row_count=len(found), gaps=moved)

    def told(self, period: Period) -> list[Finding]:
        """What is to be told of a period beside its rows, once its page has been read."""
        with self._lock:
            return [found for day, found in self._search.told if day in period]

    def held_now(self, last: date) -> dict[str, Decimal | None]:
        """What Conta Azul says the accounts hold that the ledger knows from their beginning.

        Nothing if the days asked for do not reach today, and nothing of an account that moves
        between today and the ledger's last day: what the ledger says of it is not of now.
        """
        with self._lock:
            search, plan = self._search, self._plan
            ahead = self._moved_after(plan.today, last)
            return {
                account: held
                for account, held in search.balances.items()
                if plan.knows(search.entered.get(account)) and f"CC.{account}" not in ahead
            }

    def _moved_after(self, day: date, last: date) -> set[str]:
        """The accounts that are posted to after a day."""
        found: set[str] = set()
        first, end = (bisect_right(self._moments, one, key=_day) for one in (day, last))
        for one in self._moments[first:end]:
            moved, _ = _moved(self._spool.get(one.mark), one.part)
            try:
                found.update(line.account_code for line in entry(self._lookups, moved))
            except InvalidValue:
                continue  # not posted
        return found

    def _missing(self, period: Period) -> Iterator[Period]:
        """The days of which nothing has been asked yet; at first all that the run will want."""
        known = self._known
        if known is None:
            self._known = Period(
                min(period.start, self._begins or period.start),
                max(period.end, self._plan.last_day or period.end),
            )
            yield self._known
            return
        if period.start < known.start:
            yield Period(period.start, calls.shifted(known.start, -1))
        if period.end > known.end:
            yield Period(calls.shifted(known.end, 1), period.end)
        self._known = Period(min(period.start, known.start), max(period.end, known.end))

    def _ask(self, days: Period) -> None:
        for row, parts in self._search.rows(days):
            mark = self._spool.put(row)
            for day, which in parts:
                self._moments.append(Moment(day, len(self._moments), mark, which))
        self._moments.sort()

    def _batches(self, moments: list[Moment]) -> Iterator[Batch[Moved]]:
        for at in range(0, len(moments), BLOCK):
            block = [
                _moved(self._spool.get(one.mark), one.part) for one in moments[at : at + BLOCK]
            ]
            yield Batch(
                [row for row, _ in block],
                lambda block=block: [raw for _, raw in block],  # type: ignore[misc]
            )


def _day(moment: Moment) -> date:
    return moment.day


def _moved(row: dict[str, Any], which: int | str) -> tuple[Moved, dict[str, Any]]:
    """What moved, and the same as Conta Azul sent it."""
    if "parcela" in row:
        settled = row["parcela"]["baixas"][which] or {}
        return (
            Moved(baixa=settled, parcela=row["parcela"], pessoa=row["pessoa"]),
            {"baixa": settled, **row},
        )
    if "transferencia" in row:
        return Moved(transferencia=row["transferencia"], lado=str(which)), row["transferencia"]
    if "saldo" in row:
        return Moved(saldo=row["saldo"], precoce=which == "precoce"), row["saldo"]
    return Moved(listado=row["listado"]), row["listado"]
