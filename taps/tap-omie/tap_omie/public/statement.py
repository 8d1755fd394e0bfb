"""Reading statements: movements become entries, and each balance must follow from the one before.

Readers are used in the order of the books and by one thread, so that what an account held at the
end of one statement is known where the next begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from erp_common.ledger import cash
from erp_common.ledger.cash import Share
from erp_common.ledger.exact import add, close, plain
from erp_common.ledger.models import Posting
from erp_common.ledger.normalize import InvalidValue, amount
from tap_omie.public import mapping
from tap_omie.public.rows import Head, Movement, Title


class Splits:
    """The categories of settlements, gathered from a period's titles before its statements."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.shares: dict[tuple[str, str], list[Share]] = {}

    def __call__(self, row: Title) -> Sequence[Posting]:
        """Take a title in; it is no posting."""
        for key, shares in mapping.splits(row):
            self.shares.setdefault(key, []).extend(shares)
        return ()

    def end(self) -> Sequence[Posting]:
        """Nothing is held back."""
        return ()


class Balances:
    """What each account held at the start of a day, as far as statements have been read."""

    def __init__(self, tolerance: Decimal | None) -> None:
        """Compare with this tolerance; None compares nothing."""
        self.tolerance = tolerance
        self._known: dict[str, tuple[date, Decimal]] = {}

    def put(self, number: str, day: date, balance: Decimal) -> None:
        """Remember a balance."""
        self._known[number] = (day, balance)

    def of(self, number: str, day: date) -> Decimal | None:
        """The balance at the start of that very day; None if it is not known."""
        known = self._known.get(number)
        return known[1] if known and known[0] == day else None


class StatementReader:
    """Turns an account's statements of one period into entries."""

    def __init__(
        self,
        number: str,
        shares: Mapping[tuple[str, str], Sequence[Share]],
        transfers: frozenset[str],
        balances: Balances,
    ) -> None:
        """Read the statements of a bank account.

        Args:
            number: The account.
            shares: The categories of settlements; complete when the first row is read.
            transfers: The categories of transfers between the company's accounts.
            balances: Compared where a statement begins, and carried on where it ends.
        """
        self._number = number
        self._shares = shares
        self._transfers = transfers
        self._balances = balances
        self._window: Head | None = None
        self._balance = Decimal(0)

    def __call__(self, row: Head | Movement) -> Sequence[Posting]:
        """The entry of a movement; other rows have none.

        Raises:
            InvalidValue: If the row cannot be read, or its balance does not follow.
        """
        if isinstance(row, Head):
            self._begin(row)
            return ()
        if not mapping.is_movement(row):
            return ()
        settled = mapping.settled(row, self._number, self._shares)
        window = self._window.window if self._window else None
        if window is not None and settled.day not in window:
            raise InvalidValue(
                "dDataLancamento",
                f"is {settled.day}, but {window} was asked for; Omie must keep "
                "to the days it is asked for",
            )
        self._balance = add(self._balance, settled.amount)
        settled.shares = [
            (cash.TRANSFERS if code in self._transfers else code, weight)
            for code, weight in settled.shares
        ]
        return cash.entry(settled)

    def end(self) -> Sequence[Posting]:
        """Carry the balance on; no row is held back."""
        self._close()
        return ()

    def _begin(self, head: Head) -> None:
        """Compare what a statement begins with, with what the one before ended with.

        Nothing else would tell that Omie cut a statement off.
        """
        self._close()
        self._window = head
        opening = amount(head.nSaldoAnterior, "nSaldoAnterior")
        tolerance = self._balances.tolerance
        known = None if head.window is None else self._balances.of(self._number, head.window.start)
        self._balance = opening
        if known is not None and tolerance is not None and not close(known, opening, tolerance):
            raise InvalidValue(
                "nSaldoAnterior",
                f"is {plain(opening)} for account {self._number}, but the movements read before "
                f"{head.window.start if head.window else ''} leave {plain(known)}: a movement is "
                "missing or was changed meanwhile; run again, with more lookback_periods",
            )

    def _close(self) -> None:
        if self._window is not None and self._window.window is not None:
            after = self._window.window.end + timedelta(days=1)
            self._balances.put(self._number, after, self._balance)
