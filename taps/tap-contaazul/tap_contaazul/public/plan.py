"""What a run asks Conta Azul for."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Plan(NamedTuple):
    """What a run asks for.

    Attributes:
        size: Rows a page.
        threads: Requests under way at once.
        today: Today's date where the company is.
        first_day: Where the ledger begins; None if nothing says it.
        last_day: Where the run's last period ends; None if only the period asked for counts.
        openings_known: Whether the settings say that the ledger begins when the books do.
        proves: Whether balances are compared.
    """

    size: int
    threads: int
    today: date
    first_day: date | None = None
    last_day: date | None = None
    openings_known: bool = False
    proves: bool = True

    def knows(self, entered: date | None) -> bool:
        """Whether the ledger has an account from its beginning.

        Args:
            entered: The day for which its initial balance was entered; None if it has none.
        """
        if self.first_day is None:
            return False
        return self.openings_known if entered is None else entered >= self.first_day
