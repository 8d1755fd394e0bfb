"""Asking for what moved: the lists first, side by side, then the details of what they name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
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
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.periods import Period
from tap_contaazul.public import calls
from tap_contaazul.public.payments import Paid, Parts, day_or, each, is_paid, own_day, settled_parts
from tap_contaazul.public.plan import Plan
from tap_contaazul.public.shares import cents

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

    def __init__(self, transport: Transport, plan: Plan, accounts: list[str]) -> None:
        """Plan to ask; nothing is asked for yet.

        Args:
            transport: How Conta Azul is reached.
            plan: What the run asks for.
            accounts: The money accounts whose balances are to be compared.
        """
        self._transport = transport
        self._plan = plan
        self._seen: set[tuple[str, ...]] = set()
        self._accounts = accounts
        self.balances: dict[str, Decimal] = {}
        """What they hold now, if the days asked for reach today."""
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
        count = len(paid.people)
        logger.info("Something was paid of %d installments in %s: asking for each", count, days)
        ask = [partial(self._details, number) for number in paid.people]
        found = zip(paid.people.values(), self._together(ask), strict=True)
        for at, (person, details) in enumerate(found, 1):
            if at % TELL_EVERY == 0:
                logger.info("%d of %d installments are in", at, count)
            parts = settled_parts(details, days.start) if details is not None else []
            if parts:
                yield {"parcela": details, "pessoa": person}, parts

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
                if self._is_new("parcela", row and row.id):
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
                if not self._is_new("transferencia", row and row.id):
                    continue
                sides = ("origem", "destino")
                yield (
                    {"transferencia": raw},
                    [(day_or(own_day(row, side), days.start), side) for side in sides],
                )

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
                if not self._is_new("saldo", account, row and row.data_competencia):
                    continue
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

    def _balance(self, account: str) -> Decimal:
        said = self._transport.fetch(calls.balance(account), calls.read_object)
        try:
            return cents(said.get("saldo_atual"), "saldo_atual")
        except InvalidValue as error:
            raise ERPValidationError(
                f"the balance of account {account} cannot be read: {error}"
            ) from None

    # Details

    def _details(self, number: str) -> dict[str, Any] | None:
        """An installment with what settled it; None if it was deleted since it was listed."""
        try:
            details = self._transport.fetch(calls.installment(number), calls.read_object)
            if str(details.get("id", "")).strip() != number:
                raise ERPValidationError(
                    f"Conta Azul answers with the details of installment {details.get('id')} where "
                    f"those of {number} were asked for; run again, and if it stays so, ask Conta "
                    "Azul's support",
                )
            if not details.get("baixas") and is_paid(details):
                settled = self._transport.fetch(calls.settlements(number), calls.read_settlements)
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

    def _is_new(self, *key: object) -> bool:
        """Whether this has not been listed before; what has no number always is new."""
        if any(one is None or not str(one).strip() for one in key):
            return True
        name = tuple(str(one).strip() for one in key)
        is_new = name not in self._seen
        self._seen.add(name)
        return is_new
