"""What a period's postings add up to, account by account, while they stream through."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from erp_common.ledger.cash import UNCATEGORISED
from erp_common.ledger.exact import add, plain, total
from erp_common.ledger.findings import SUBLEDGER, Code, finding
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.line_numbers import LineNumbers
from erp_common.ledger.models import ZERO, Finding, Posting
from erp_common.ledger.periods import Period
from erp_common.ledger.sentences import Sentence, told

MOST_STRAYS: Final = 1_000
"""How many postings outside the period are told one by one; the rest are counted, so that an ERP
that ignores the dates asked for does not fill the memory."""


class _Sum:
    """One account's postings so far."""

    __slots__ = ("code", "count", "credit", "debit", "entry_id", "name")

    def __init__(self, first: Posting) -> None:
        self.code = first.account_code
        self.debit = ZERO
        self.credit = ZERO
        self.count = 0
        self.entry_id = first.entry_id
        self.name = first.account_name


class Movements:
    """Debits, credits and counts by account.

    Memory grows with the accounts, and by some 10 bytes for each line that is numbered on accounts
    that are not finished; not with what the postings say. Every posting goes through `take` once,
    before any filter.
    """

    def __init__(self, period: Period | None = None, *, numbered: bool = True) -> None:
        """Start with nothing.

        Args:
            period: The period asked for; postings outside it are refused. None takes any date.
            numbered: Whether lines are numbered; postings that are only summed need no number.
        """
        self.period = period
        self._first, self._last = (period.start, period.end) if period else (date.min, date.max)
        self._numbers = LineNumbers() if numbered else None
        self._sums: dict[str, _Sum] = {}
        self._strays: list[Finding] = []
        self._stray_count = 0

    def take(self, postings: Iterable[Posting]) -> list[Posting]:
        """Count the postings in and number their lines; the result is what is to be emitted.

        A posting outside the period is not emitted and becomes a finding.
        """
        taken = list(postings)
        strays = self.count_in(taken)
        return [one for at, one in enumerate(taken) if at not in strays] if strays else taken

    def count_in(self, postings: Sequence[Posting]) -> set[int]:
        """Count the postings in and number their lines.

        Returns:
            Where among them those are that lie outside the period: each becomes a finding.
        """
        first, last, numbers = self._first, self._last, self._numbers
        inside: date | None = None
        sums: _Sum | None = None
        strays = set()
        for at, posting in enumerate(postings):
            # Most postings are of the day and on the account of the one before.
            if posting.transaction_date is not inside:
                if not first <= posting.transaction_date <= last:
                    self._refuse(posting)
                    strays.add(at)
                    continue
                inside = posting.transaction_date
            code = posting.account_code
            if sums is None or code != sums.code:
                sums = self._sums.get(code)
                if sums is None:
                    sums = self._sums[code] = _Sum(posting)
            if posting.debit_amount:
                sums.debit = add(sums.debit, posting.debit_amount)
            if posting.credit_amount:
                sums.credit = add(sums.credit, posting.credit_amount)
            sums.count += 1
            if numbers is not None:
                posting.line_number = numbers.next(code, posting.entry_id)
        return strays

    def finish(self, account_code: str) -> None:
        """Let go of what only further postings on the account would need; its sums stay."""
        if self._numbers is not None:
            self._numbers.finish(account_code)

    def of(self, account_code: str) -> tuple[Decimal, Decimal]:
        """The account's debit and credit; zero if it was not posted on."""
        sums = self._sums.get(account_code)
        return (ZERO, ZERO) if sums is None else (sums.debit, sums.credit)

    def codes(self) -> KeysView[str]:
        """The accounts posted on, in order of their first posting."""
        return self._sums.keys()

    def name_of(self, account_code: str) -> str | None:
        """The account's name as the first posting on it states it."""
        sums = self._sums.get(account_code)
        return None if sums is None else sums.name

    @property
    def entry_count(self) -> int:
        """How many postings were counted in."""
        return sum(sums.count for sums in self._sums.values())

    @property
    def total_debit(self) -> Decimal:
        """The debits of all postings."""
        return total(sums.debit for sums in self._sums.values())

    @property
    def total_credit(self) -> Decimal:
        """The credits of all postings."""
        return total(sums.credit for sums in self._sums.values())

    @property
    def has_refused(self) -> bool:
        """Whether a posting of another period came."""
        return bool(self._strays)

    def findings(self, chart: Chart) -> list[Finding]:
        """Postings outside the period, on summary accounts, and on accounts not in the chart."""
        findings = list(self._strays)
        if self._stray_count > len(findings):
            findings.append(self._more_strays())
        for code, sums in self._sums.items():
            if code == UNCATEGORISED:
                continue  # told entry by entry
            if code not in chart.by_code:
                findings.append(_not_in_chart(code, sums))
            elif chart.is_summary(code):
                findings.append(_on_summary(code, chart.by_code[code].name, sums))
        return findings

    def _refuse(self, posting: Posting) -> None:
        self._stray_count += 1
        if self._stray_count > MOST_STRAYS:
            return
        self._strays.append(
            finding(
                Code.OUT_OF_PERIOD,
                "Entry {entry} on account {account} is dated {date}, outside {period}, and was "
                "not emitted. The ERP does not keep to the dates it was asked for.",
                account=posting.account_code,
                date=posting.transaction_date,
                period=self.period,
                stream=SUBLEDGER,
                account_code=posting.account_code,
                entry_id=posting.entry_id,
                raw={
                    "transaction_date": posting.transaction_date.isoformat(),
                    "debit_amount": posting.debit_amount,
                    "credit_amount": posting.credit_amount,
                },
            )
        )

    def _more_strays(self) -> Finding:
        return finding(
            Code.OUT_OF_PERIOD,
            "{number} more postings are dated outside {period} and were not emitted. The ERP "
            "does not keep to the dates it was asked for.",
            number=self._stray_count - MOST_STRAYS,
            period=self.period,
            stream=SUBLEDGER,
            expected=MOST_STRAYS,
            actual=self._stray_count,
        )


def _on_summary(code: str, name: str, sums: _Sum) -> Finding:
    return finding(
        Code.POSTING_ON_SUMMARY,
        "Summary account {code} {name} has {postings} of its own. They are kept as its own "
        "amount; move them to an analytic account, or correct the account's class.",
        name=name,
        postings=_counted(sums),
        stream=SUBLEDGER,
        account_code=code,
        entry_id=sums.entry_id,
    )


def _not_in_chart(code: str, sums: _Sum) -> Finding:
    named = f"{code} {sums.name or ''}".rstrip()
    return finding(
        Code.ACCOUNT_NOT_IN_CHART,
        "Account {account} has {postings}, but is not in the chart of accounts. They are "
        "emitted all the same; add the account to the chart, or correct the postings.",
        account=named,
        postings=_counted(sums),
        stream=SUBLEDGER,
        account_code=code,
        entry_id=sums.entry_id,
    )


def _counted(sums: _Sum) -> Sentence:
    debit, credit = plain(sums.debit), plain(sums.credit)
    if sums.count == 1:
        return told("1 posting (debit {debit}, credit {credit})", debit=debit, credit=credit)
    return told(
        "{number} postings (debit {debit}, credit {credit})",
        number=sums.count,
        debit=debit,
        credit=credit,
    )
