"""A file read by the tap's parts, without the tap."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import BinaryIO

from ecd.writer import Filing, Key
from erp_common.ledger.models import Posting
from erp_common.ledger.normalize import InvalidValue
from simulator import Books
from simulator.company import Company
from tap_ecd.balances import Balance, Balances, Part, chains
from tap_ecd.journal import Entry, Journal
from tap_ecd.survey import Survey, survey

YEAR = (date(2024, 1, 1), date(2024, 12, 31))


@cache
def company(seed: int = 1) -> Company:
    """A company with a year of books that end with a closing."""
    return Books.generate(end=date(2024, 12, 31), year_end_closing=True, seed=seed).company


def filing(seed: int = 1) -> Filing:
    """That year as it is filed."""
    return Filing(company(seed), *YEAR)


class Read:
    """What a file says."""

    def __init__(self, data: bytes, name: str = "ecd.txt") -> None:
        self.data = data
        self.survey = survey(BytesIO(data), name)
        self.rejected: list[tuple[str, str, int]] = []
        self.entries: list[Entry] = []

    @property
    def codes(self) -> list[str]:
        """The codes of what was found in the file."""
        return [one.code for one in self.survey.findings]

    def balances(self, month: int) -> dict[Key, Balance]:
        """The balances of a month, by account and cost centre."""
        parts = [Part(self.survey, one) for one in self.survey.months if one.month == (2024, month)]
        read = Balances()
        for chain in chains(parts):
            read.take(chain, self._open, self._reject)
        return read.by_key

    def postings(self, *months: int) -> list[Posting]:
        """The postings of these months, of all if none is named."""
        wanted = {(2024, month) for month in months or range(1, 13)}
        names = {account.code: account.name for account in self.survey.accounts.values()}
        journal = Journal(self.survey, wanted, names, self._reject, self.entries.append)
        return [one for batch in journal.read(BytesIO(self.data)) for one in batch]

    def _open(self, survey: Survey) -> BinaryIO:
        _ = survey
        return BytesIO(self.data)

    def _reject(self, problem: InvalidValue, record: str, line: int) -> None:
        self.rejected.append((str(problem), record, line))


def nets(balance: Balance) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """The four amounts of a balance."""
    return balance.opening, balance.debit, balance.credit, balance.closing
