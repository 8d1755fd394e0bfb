"""Asking for what moved: the lists first, side by side, then the details of what they name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

from erp_common.errors import ERPValidationError
from erp_common.extract.ahead import FetchAhead
from erp_common.extract.composite import gaps, pages
from erp_common.extract.listing import Gap, Page
from erp_common.extract.paged import HttpQuery
from erp_common.http.dialect import NoRecords
from erp_common.http.transport import Transport
from erp_common.ledger.models import Finding
from erp_common.ledger.normalize import InvalidValue, cents
from erp_common.ledger.periods import Period
from tap_contaazul.public import calls, doubts
from tap_contaazul.public.doubts import SIDES
from tap_contaazul.public.entries import ELSEWHERE, entry
from tap_contaazul.public.payments import (
    Paid,
    Parts,
    day_or,
    each,
    is_cancelled,
    is_paid,
    kind_of,
    origin_of,
    own_day,
    settlements,
)
from tap_contaazul.public.plan import Plan
from tap_contaazul.public.rows import Moved, Transfer
from tap_contaazul.public.shares import Lookups

BACK: Final = 1827
"""Days: what is paid today may have been due five years ago."""
AHEAD: Final = 731
"""Days: or not be due for two years; nor is anything else asked for of a later day."""
AROUND: Final = 31
"""Days: a transfer's sides may have days of their own, at most so far from the transfer's."""
BEGINNING: Final = date(2010, 1, 1)
"""No account of Conta Azul's is older."""
TELL_EVERY: Final = 1000
"""Installments; at ten a second nobody should wonder for long."""

Row = TypeVar("Row")
T = TypeVar("T")

# The tap's own: what it says of its progress is shown.
logger = logging.getLogger("tap-contaazul")


class Search:
    """Asks for what moved; what was asked for once is not asked for again."""

    def __init__(
        self, transport: Transport, plan: Plan, accounts: list[str], lookups: Lookups
    ) -> None:
        """Plan to ask; nothing is asked for yet.

        Args:
            transport: How Conta Azul is reached.
            plan: What the run asks for.
            accounts: The money accounts whose balances are to be compared.
            lookups: What entries need to know of the company.
        """
        self._transport = transport
        self._plan = plan
        self._seen: set[tuple[str, ...]] = set()
        self._gone: set[str] = set()
        """The installments that were not there when their details were asked for."""
        self._accounts = accounts
        self._lookups = lookups
        self._elsewhere = doubts.Elsewhere()
        self._unnamed: list[tuple[str, dict[str, Any], dict[str, Any], date]] = []
        """What belongs to the other lists, and names nothing of theirs."""
        self.balances: dict[str, Decimal | None] = {}
        """What they hold now, if the days asked for reach today; None if that is not said."""
        self.told: list[tuple[date, Finding]] = []
        """What is to be told beside the rows themselves, and with which day."""
        self.gaps: list[Gap] = []
        """What the lists have shown of having moved, until it is told."""
        self.entered: dict[str, date] = {}
        """The day for which each account's initial balance was entered."""

    def rows(self, days: Period) -> Iterator[tuple[dict[str, Any], Parts]]:
        """Everything that moved in some days, as it comes, and on which days it did.

        What cannot be read counts for the first of the days, so that its period tells of it.

        Raises:
            ERPError: If Conta Azul cannot be read.
        """
        paid = self._installments(days)
        yield from paid.unreadable
        yield from self._transfers(days)
        yield from self._initial_balances(days)
        # As soon as it is known what was paid: what is keyed in later is not in the ledger either.
        self._ask_balances(days)
        readings = 1
        while gone := (yield from self._settled(paid, days)):
            # What was deleted since it was listed moved the rows after it, and one of them onto a
            # page that had been read: those not seen yet are asked for too. What is listed still
            # has not gone, and is asked for again.
            if readings == self._transport.max_attempts:
                listed = len(paid.people)
                self.gaps.append(Gap("installments' details", listed, listed - gone, []))
                break
            readings += 1
            paid = self._installments(days)
        unnamed, self._unnamed = self._unnamed, []
        for origin, details, settled, day in unnamed:
            if not self._elsewhere.holds(origin, kind_of(details, settled), settled, day):
                self.told.append((day, doubts.unlisted(origin, details, settled, day)))

    def _settled(
        self, paid: Paid, days: Period
    ) -> Generator[tuple[dict[str, Any], Parts], None, int]:
        """What settled installments; returns how many of them are gone."""
        count = len(paid.people)
        logger.info("Something was paid of %d installments in %s: asking for each", count, days)
        ask = [partial(self._details, one, stated=one in paid.stated) for one in paid.people]
        found = zip(paid.people.items(), self._together(ask), strict=True)
        gone = 0
        for at, ((number, person), details) in enumerate(found, 1):
            if at % TELL_EVERY == 0:
                logger.info("%d of %d installments are in", at, count)
            if details is None:
                gone += 1
                self._gone.add(number)
            elif parts := self._parts(details, days):
                yield {"parcela": details, "pessoa": person}, parts
        return gone

    def _parts(self, details: dict[str, Any], days: Period) -> Parts:
        """The days of an installment's settlements, each once, that are listed nowhere else."""
        parts: Parts = []
        found = list(settlements(details, days.start))
        for at, (day, one, origin) in enumerate(found):
            if origin:
                # The other lists were asked for these days alone; what is cancelled is in none.
                if day in days and not is_cancelled(details):
                    kind = kind_of(details, one)
                    if not self._elsewhere.names(origin, kind, details, one, day):
                        self._unnamed.append((origin, details, one, day))
            elif isinstance(one, dict) and not self._is_new("baixa", one.get("id")):
                self.told.append((day, doubts.repeated(details, one)))
            else:
                parts.append((day, at))
        if parts and not is_cancelled(details) and not any(origin for _, _, origin in found):
            last = max((day for day, _ in parts if day in days), default=parts[-1][0])
            once = [details["baixas"][at] for _, at in parts]
            self.told += [(last, one) for one in doubts.unequal(details, once)]
        return parts

    # Lists

    def _installments(self, paid: Period) -> Paid:
        """The installments of which something was paid."""
        last = min(paid.end, max(self._plan.today, paid.start))
        due = Period(calls.shifted(paid.start, -BACK), calls.shifted(last, AHEAD))
        windows = list(calls.windows(due, calls.DUE_DAYS))
        size = self._plan.size
        ask = [
            (window, calls.installments(self._transport, kind, window, paid, size))
            for kind in ("receber", "pagar")
            for window in windows
        ]
        found = Paid(paid.start)
        for (window, _), got in zip(ask, self._lists([query for _, query in ask]), strict=True):
            for row, raw in each(got):
                number = str(row and row.id).strip()
                if self._is_new("parcela", row and row.id) or number in self._gone:
                    self._gone.discard(number)
                    found.take(row, raw, window)
        if found.strays:
            logger.warning(
                "Conta Azul lists %d installments due on other days than it was asked for; each "
                "counts once, on the days when it was paid.",
                found.strays,
            )
        return found

    def _transfers(self, days: Period) -> Iterator[tuple[dict[str, Any], Parts]]:
        last = min(days.end, calls.shifted(self._plan.today, AHEAD))
        around = Period(calls.shifted(days.start, -AROUND), calls.shifted(last, AROUND))
        windows = calls.windows(around, calls.FILTER_DAYS)
        ask = [calls.transfers(self._transport, one, self._plan.size) for one in windows]
        for got in self._lists(ask):
            for row, raw in each(got):
                if self._came_before("transfers", raw, "transferencia", row and row.id):
                    continue
                moved = [day_or(own_day(row, side), days.start) for side in SIDES]
                if row is not None:
                    self._elsewhere.transfer(row, moved)
                    self._must_arrive(row, raw, moved[0])
                yield {"transferencia": raw}, list(zip(moved, SIDES, strict=True))

    def _must_arrive(self, row: Transfer, raw: dict[str, Any], day: date) -> None:
        try:
            sides = [Moved(transferencia=raw, lado=side) for side in SIDES]
            lines = [line for side in sides for line in entry(self._lookups, side)]
        except InvalidValue:
            return  # told when the side is read
        self.told += [(day, found) for found in doubts.left_over(row, lines, raw)]

    def _initial_balances(self, days: Period) -> Iterator[tuple[dict[str, Any], Parts]]:
        """What the accounts held when they were entered.

        All are asked for, so that none is missed that was entered for a day before the ledger's.
        """
        if ("saldos",) in self._seen:
            return
        self._seen.add(("saldos",))
        everything = Period(BEGINNING, calls.shifted(self._plan.today, AHEAD))
        windows = calls.windows(everything, calls.FILTER_DAYS)
        ask = [calls.initial_balances(self._transport, one, self._plan.size) for one in windows]
        first = self._plan.first_day
        for got in self._lists(ask):
            for row, raw in each(got):
                account = row and row.id_conta_financeira
                key = ("saldo", account, row and row.data_competencia)
                if self._came_before("initial balances", raw, *key):
                    continue
                if row is not None:
                    self._elsewhere.initial_balance(row)
                day = day_or(row and row.data_competencia, days.start)
                self.entered[str(account).strip()] = day
                if first is None or day >= first:
                    yield {"saldo": raw}, [(day, "")]
                elif self._plan.openings_known:
                    yield {"saldo": raw}, [(first, "precoce")]

    def _ask_balances(self, days: Period) -> None:
        if not self._plan.proves or days.end < self._plan.today or self.balances:
            return
        ask = [partial(self._balance, account) for account in self._accounts]
        self.balances = dict(zip(self._accounts, self._together(ask), strict=True))

    def _balance(self, account: str) -> Decimal | None:
        """What an account holds; None if Conta Azul does not say it, which stops no books."""
        asked = calls.balance(account)
        asked.url("")  # an id that leads elsewhere is an error, and no balance that is not said
        try:
            said = self._transport.fetch(asked, calls.read_object)
            return cents(said.get("saldo_atual"), "saldo_atual")
        except (NoRecords, ERPValidationError, InvalidValue):
            return None

    # Details

    def _details(self, number: str, *, stated: bool) -> dict[str, Any] | None:
        """An installment with what settled it; None if it is gone since it was listed.

        One of which the list states a payment that nothing else knows of was deleted, or its
        payment undone.
        """
        try:
            details = self._transport.fetch(calls.installment(number), calls.read_object)
            if str(details.get("id", "")).strip() != number:
                raise ERPValidationError(
                    f"Conta Azul answers with the details of installment {details.get('id')} where "
                    f"those of {number} were asked for; run again, and if it stays so, ask Conta "
                    "Azul's support",
                )
            paid = is_paid(details.get("valor_pago"))
            if not details.get("baixas") and (paid or (stated and not is_cancelled(details))):
                settled = self._transport.fetch(calls.settlements(number), calls.read_settlements)
                if not settled and not paid and origin_of(details) not in ELSEWHERE:
                    return None
                # Something was paid: an empty settlement says that nobody knows what.
                details["baixas"] = settled or [{}]
        except NoRecords:
            return None
        return details

    # Side by side

    def _lists(self, queries: Sequence[HttpQuery[Row]]) -> Iterator[list[Page[Row]]]:
        for found in self._together([partial(pages, query) for query in queries]):
            self.gaps += gaps(found)
            yield found

    def _together(self, ask: Sequence[Callable[[], T]]) -> Iterator[T]:
        """The answers in order, while those after them are asked for."""
        ahead = FetchAhead(self._plan.threads)
        try:
            tickets = [ahead.submit((at,), call) for at, call in enumerate(ask)]
            for ticket in tickets:
                yield ticket.result()
        finally:
            ahead.close()

    def _came_before(self, listing: str, raw: dict[str, Any], kind: str, *key: object) -> bool:
        """Whether a row has come; one that says something else now is told, and kept as it was."""
        came = not self._is_new(kind, *key)
        if self._is_new(kind, *key, hash(repr(raw))) and came:
            self.gaps.append(Gap(listing, None, 0, [(str(key[0]).strip(), raw)]))
        return came

    def _is_new(self, *key: object) -> bool:
        """Whether this has not been listed before; what has no number always is new."""
        if any(one is None or not str(one).strip() for one in key):
            return True
        name = tuple(str(one).strip() for one in key)
        is_new = name not in self._seen
        self._seen.add(name)
        return is_new
