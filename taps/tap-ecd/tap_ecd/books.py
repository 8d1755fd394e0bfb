"""A company's filed books: its periods, each read from the files that state it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, BinaryIO, Final

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.extract.period import CompanyBooks, Header, PeriodExtract
from erp_common.extract.work import Fetcher, Work
from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.exact import add, close, subtract, turned
from erp_common.ledger.findings import SUBLEDGER, TRIAL_BALANCE, Code
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import ZERO, Company, Finding, Posting, StatedAccount
from erp_common.ledger.movements import Movements
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.periods import Period, Periodicity, containing, periods_touching
from erp_common.ledger.sentences import NOTHING, told
from erp_common.ledger.trial_balance import reported
from tap_ecd import statements
from tap_ecd.balances import Balance, Balances, Part, Rejects, chains
from tap_ecd.journal import Entry, Journal
from tap_ecd.natures import NATURES, RESULT
from tap_ecd.rows import BeforeClosingRow, CostCenterRow, FileRow, StatementRow
from tap_ecd.runs import Month
from tap_ecd.shelf import Filed, Shelf
from tap_ecd.survey import (
    MOST_ACCOUNTS,
    Account,
    Section,
    Survey,
    survey,
    too_many_accounts,
)
from tap_ecd.told import Told

BALANCE_ON_SUMMARY: Final = "BALANCE_ON_SUMMARY"
CLOSING_MISMATCH: Final = "CLOSING_MISMATCH"
MONTH_MISSING: Final = "MONTH_MISSING"

BEFORE_CLOSING: Final = "ecd_before_closing"
STATEMENTS: Final = "ecd_statements"


class Surveys:
    """What the files of one company hold, each read once while periods need it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._read: dict[str, Survey] = {}

    def of(self, file: Filed) -> Survey:
        """The survey of a file.

        Raises:
            ERPValidationError: If the file has changed since the run began.
        """
        path = file.found.place
        known = self._read.get(path)
        if known is None:
            with file.found.open() as opened:
                known = survey(opened, file.name)
            if known.sha256 != file.sha256:
                raise ERPValidationError(
                    f"{file.name} was changed while it was read; run again when it is complete",
                )
            self._read[path] = known
        return known

    def keep(self, files: Iterable[Filed]) -> None:
        """Let go of all other files."""
        paths = {file.found.place for file in files}
        self._read = {path: known for path, known in self._read.items() if path in paths}


class FiledBooks(CompanyBooks[Any, "FiledPeriod"]):
    """A company's books, period by period."""

    def __init__(self, fetcher: Fetcher[Any], number: int, work: Work, shelf: Shelf) -> None:
        """Plan the books; nothing is read yet."""
        super().__init__(fetcher, number, work)
        self._shelf = shelf
        self._surveys = Surveys()
        self._told: set[str] = set()

    def take(self, number: int) -> FiledPeriod:
        """The period, to be read now; the one taken before is dropped."""
        self.begin(number)
        period = self._claim(number)
        self._surveys.keep(period.files)
        return self._follow(period)

    def _ask(self, index: int) -> list[FiledPeriod]:
        company, period = self.work.company, self.work.periods[index]
        return [FiledPeriod(self._fetcher, company, period, self._shelf, self._surveys, self._told)]


class FiledPeriod(PeriodExtract):
    """A period as it was filed."""

    def __init__(
        self,
        fetcher: Fetcher[Any],
        company: Company,
        period: Period,
        shelf: Shelf,
        surveys: Surveys,
        told: set[str],
    ) -> None:
        """Plan to read.

        Args:
            fetcher: How the books are read.
            company: Whose they are.
            period: The days.
            shelf: The company's files.
            surveys: What is in them.
            told: The files whose findings have been told.
        """
        super().__init__(fetcher, company, period)
        self.files = shelf.ledgers_of(period)
        self._shelf = shelf
        self._surveys = surveys
        self._told_files = told
        self._rules = msgspec.structs.replace(
            self._extraction.rules, balance_convention="debit_positive"
        )
        self._movements = Movements(period) if self._extraction.subledger else None
        self._told: list[Told] = []
        self._file_findings: list[Finding] = []
        self._balances = Balances()
        self._closed: dict[tuple[date, str], Decimal] = {}

    @property
    def movements(self) -> Movements | None:
        """The sums of the entries; None if they are not asked for."""
        return self._movements

    @cached_property
    def _months(self) -> set[Month]:
        months = periods_touching(self.period.start, self.period.end, Periodicity.MONTH)
        return {(month.start.year, month.start.month) for month in months}

    @cached_property
    def _read(self) -> list[tuple[Filed, Survey]]:
        """The files of the period, surveyed; each one's findings are told in its first period."""
        read = []
        for file in self.files:
            its = self._surveys.of(file)
            read.append((file, its))
            if file.found.place not in self._told_files:
                self._told_files.add(file.found.place)
                self._take_findings(its)
        return read

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """The accounts of the charts; where branches mean different things, the first counts."""
        accounts: dict[str, Account] = {}
        for _, its in self._read:
            accounts = {**its.accounts, **accounts}
        return accounts

    def _take_findings(self, its: Survey) -> None:
        unreadable = [one for one in its.findings if one.code == Code.INVALID_RECORD]
        if unreadable and not self._rules.checks:
            raise ERPValidationError(f"{unreadable[0].message} Correct the file, or {_TOLERATE}")
        self._file_findings += its.findings

    @cached_property
    def trial_balance(self) -> TrialBalance:
        """The trial balance as it was filed, summed up over cost centres and branches.

        Raises:
            ERPValidationError: If the period is not of whole months, or no file has accounts.
        """
        first, last = (
            containing(day, Periodicity.MONTH) for day in (self.period.start, self.period.end)
        )
        if (first.start, last.end) != (self.period.start, self.period.end):
            raise ERPValidationError(
                f"an ECD states the balances of whole months, not of {self.period}; ask from a "
                "month's first day to a month's last",
            )
        parts = [
            Part(its, section) for _, its in self._read for section in self._of(its.months, its)
        ]
        for chain in chains(parts):
            self._balances.take(chain, self._open, self._rejects(chain[0].survey.name))
        return reported(self._stated(self._balances.by_account()), self._rules, self.period)

    def _holds_balances(self) -> bool:
        return not self.trial_balance.is_zero

    def _stated(self, sums: Mapping[str, Balance]) -> list[StatedAccount]:
        """Every account of the charts and of the balances; summary accounts hold those below."""
        stated = {code: _account(account) for code, account in self.accounts.items()}
        for code in sums:
            if code not in stated:
                if len(stated) >= MOST_ACCOUNTS:
                    names = ", ".join(file.name for file in self.files)
                    raise ERPValidationError(too_many_accounts(names))
                stated[code] = StatedAccount(code=code, name=code, is_summary=False)
        for code, balance in sums.items():
            _put(stated[code], balance)
        if not stated:
            unread = [one.message for one in self._file_findings if one.code == Code.INVALID_RECORD]
            raise ERPValidationError(
                f"{', '.join(file.name for file in self.files)} has not one account (I050) nor "
                f"balance (I155) of {self.company.id} that can be read; give the file as the "
                f"program exports it{f' ({unread[0]})' if unread else ''}",
            )
        chart = build(list(stated.values()), self._rules)
        for placed in chart.bottom_up():
            if placed.above is not None and chart.is_summary(placed.above):
                _put(stated[placed.above], _balance(stated[placed.code]))
        return list(stated.values())

    def _postings(self) -> Iterator[list[Posting]]:
        movements = self.movements
        if movements is None:
            return
        names = {code: account.name for code, account in self.accounts.items()}
        for file, its in self._read:
            tells = self._telling(its.name, SUBLEDGER)
            journal = Journal(
                its,
                self._months,
                names,
                self._rejects(its.name, tells),
                partial(self._end, tells=tells),
            )
            with file.found.open() as opened:
                for postings in journal.read(opened):
                    yield movements.take(postings)
            for key, amount in journal.closed.items():
                self._closed[key] = add(self._closed.get(key, ZERO), amount)

    # What only filed books have

    def file_rows(self) -> list[FileRow]:
        """The files that say anything of the period."""
        surveys = {id(file): its for file, its in self._read}
        return [_file_row(file, surveys.get(id(file))) for file in self._shelf.of(self.period)]

    def cost_center_rows(self) -> list[CostCenterRow]:
        """The balances by account and cost centre."""
        _ = self.trial_balance
        names: dict[str, str] = {}
        for _, its in self._read:
            names = {**its.cost_centers, **names}
        return [
            CostCenterRow(
                account_code=account,
                cost_center=center,
                cost_center_name=names.get(center) or None,
                opening_balance=balance.opening,
                debit_amount=balance.debit,
                credit_amount=balance.credit,
                closing_balance=balance.closing,
                metadata={
                    "previous_accounts": msgspec.to_builtins(
                        balance.previous, builtin_types=(Decimal,)
                    )
                }
                if balance.previous
                else {},
            )
            for (account, center), balance in self._balances.by_key.items()
        ]

    def before_closing_rows(self) -> list[BeforeClosingRow]:
        """What the result accounts held before each closing of the period."""
        return [
            BeforeClosingRow(
                closed_on=closed, account_code=account, cost_center=center, closing_balance=amount
            )
            for (closed, account, center), amount in self._before_closing.items()
        ]

    @cached_property
    def _before_closing(self) -> dict[tuple[date, str, str], Decimal]:
        found: dict[tuple[date, str, str], Decimal] = {}
        for file, its in self._read:
            rejects = self._rejects(its.name, self._telling(its.name, BEFORE_CLOSING))
            for section in self._of(its.results, its):
                with file.found.open() as opened:
                    part = Part(its, section)
                    for (account, center), amount in statements.before_closing(
                        opened, part, rejects
                    ):
                        key = (section.ends, account, center)
                        found[key] = add(found.get(key, ZERO), amount)
        return found

    @cached_property
    def statement_rows(self) -> list[StatementRow]:
        """The lines of the statements that end in the period."""
        rows: list[StatementRow] = []
        for file, its in self._read:
            rejects = self._rejects(its.name, self._telling(its.name, STATEMENTS))
            for section in self._of(its.statements, its):
                with file.found.open() as opened:
                    rows += statements.lines_of(opened, Part(its, section), rejects)
        return rows

    # Checks

    def header(self) -> Header:
        """The header, with the files that the period was read from."""
        header = super().header()
        header.metadata["files"] = [file.name for file in self.files]
        return header

    def _check(self) -> Iterable[Finding]:
        ledger, rules = self.trial_balance, self._rules
        yield from self._missing_months()
        yield from self._check_balances()
        if self._movements is not None and self._read_whole:
            yield from self._movements.findings(ledger.chart)
            yield from checks.tie_out(ledger, self._movements, rules)
            yield from self._check_closings()
        if self._before is not None:
            yield from self._continuity(self._before)
        _ = self.statement_rows, self._before_closing
        for tells in self._told:
            yield from tells.close()
        yield from self._file_findings
        for file in self.files:
            if file.note:
                notes = Told(file.name)
                notes.warning(
                    "SUBSTITUTE_NOT_PROVED",
                    told("{note}.", note=file.note),
                    replaces=file.head.replaces,
                )
                yield from notes.findings

    def _missing_months(self) -> Iterable[Finding]:
        stated = {section.month for _, its in self._read for section in self._of(its.months, its)}
        tells = Told(", ".join(file.name for file in self.files))
        skipped = self._shelf.skipped_before(self.period)
        if skipped:
            tells.warning(
                MONTH_MISSING,
                told(
                    "No file has the months from {first} to {last}, before {period}; whether its "
                    "openings are the closings before was not compared.",
                    first=skipped[0].start,
                    last=skipped[-1].end,
                    period=self.period,
                ),
                months=", ".join(f"{month.start:%Y-%m}" for month in skipped),
            )
        missing = sorted(self._months - stated)
        if missing:
            months = ", ".join(f"{year}-{month:02d}" for year, month in missing)
            tells.warning(
                MONTH_MISSING,
                told(
                    "No file has the balances of {months}, which {period} holds; its balances are "
                    "those of the other months.",
                    months=months,
                    period=self.period,
                ),
                months=months,
            )
        yield from tells.findings

    def _check_balances(self) -> Iterable[Finding]:
        """What the sums over cost centres do not show, and where accounts are missing."""
        ledger = self.trial_balance
        known = self.accounts
        tells = Told(", ".join(file.name for file in self.files))
        for repeated in self._balances.repeated:
            account, center = repeated.key
            tells.error(
                Code.DUPLICATE_ACCOUNT.value,
                told(
                    "{file} states the balance of account {account} {center} twice in a month "
                    "(line {line}); the first one counts.",
                    file=repeated.file,
                    account=account,
                    center=center,
                    line=repeated.line,
                ),
                account_code=account,
                line=repeated.line,
            )
        for (account, center), balance in self._balances.by_key.items():
            if account not in known:
                tells.error(
                    Code.ACCOUNT_NOT_IN_CHART.value,
                    told(
                        "Account {account} has a balance in {period}, but is not in the chart "
                        "(I050). It is emitted all the same.",
                        account=account,
                        period=self.period,
                    ),
                    account_code=account,
                    cost_center=center,
                )
            elif ledger.chart.is_summary(account):
                tells.error(
                    BALANCE_ON_SUMMARY,
                    told(
                        "Summary account {account} has a balance of its own in {period}.",
                        account=account,
                        period=self.period,
                    ),
                    account_code=account,
                    cost_center=center,
                )
            expected = add(balance.opening, subtract(balance.debit, balance.credit))
            if center and not close(expected, balance.closing, self._rules.tolerance):
                tells.error(
                    Code.BALANCE_EQUATION.value,
                    told(
                        "Account {account} in cost centre {center} in {period}: opening {opening} "
                        "+ debit {debit} - credit {credit} is {expected}, but the closing balance "
                        "is {actual} (debit-positive).",
                        account=account,
                        center=center,
                        period=self.period,
                        opening=balance.opening,
                        debit=balance.debit,
                        credit=balance.credit,
                        expected=expected,
                        actual=balance.closing,
                    ),
                    account_code=account,
                    cost_center=center,
                    expected=expected,
                    actual=balance.closing,
                )
        yield from tells.close()

    def _check_closings(self) -> Iterable[Finding]:
        """The entries of a closing turn round what the result accounts held before it (I355)."""
        held: dict[tuple[date, str], Decimal] = {}
        for (closed, account, _), amount in self._before_closing.items():
            held[closed, account] = add(held.get((closed, account), ZERO), amount)
        days = {closed for closed, _ in held}
        result = {code for code, account in self.accounts.items() if account.nature == RESULT}
        entries = {
            key: amount for key, amount in self._closed.items() if key[1] in result or key in held
        }
        tells = Told(", ".join(file.name for file in self.files), SUBLEDGER)
        for key in sorted({*held, *entries}):
            closed, account = key
            expected = turned(held.get(key, ZERO))
            actual = entries.get(key, ZERO)
            if not close(expected, actual, self._rules.tolerance):
                why = NOTHING if closed in days else told(" (no I350 is of that day)")
                tells.error(
                    CLOSING_MISMATCH,
                    told(
                        "Account {account} held {held} before the closing of {closed} (I355), but "
                        "its entries of type E come to {actual}{why}, debit-positive.",
                        account=account,
                        held=turned(expected),
                        closed=closed,
                        actual=actual,
                        why=why,
                    ),
                    account_code=account,
                    closed_on=str(closed),
                    expected=expected,
                    actual=actual,
                )
        yield from tells.close()

    def _continuity(self, before: TrialBalance) -> Iterable[Finding]:
        """Openings are the closings before; under a new chart, those that I157 names."""
        previous: dict[str, Decimal] = {}
        for balance in self._balances.by_key.values():
            for one in balance.previous:
                opening = previous.get(one.account_code, ZERO)
                previous[one.account_code] = add(opening, one.opening_balance)
        if not previous:
            yield from checks.continuity(before, self.trial_balance, self._rules)
            return
        tells = Told(", ".join(file.name for file in self.files))
        closings = {one.account_code: one.net_closing_balance for one in before.analytic()}
        for account in sorted({*previous, *closings}):
            expected, actual = closings.get(account, ZERO), previous.get(account, ZERO)
            if not close(expected, actual, self._rules.tolerance):
                tells.warning(
                    Code.CONTINUITY_BREAK.value,
                    told(
                        "Account {account} of the chart before closed with {expected}, but the "
                        "new chart opens with {actual} of it (I157, debit-positive).",
                        account=account,
                        expected=expected,
                        actual=actual,
                    ),
                    account_code=account,
                    expected=expected,
                    actual=actual,
                )
        yield from tells.close()

    def _end(self, entry: Entry, tells: Told) -> None:
        """See that an entry balances, states what its lines add up to, and is alone in its name."""
        if entry.again:
            tells.error(
                Code.DUPLICATE_ENTRY.value,
                told(
                    "Entry {entry} of {day} (line {line}) has the number of another one in the "
                    "file (NUM_LCTO). Both are emitted, this one as {id}.",
                    entry=entry.number,
                    day=entry.day,
                    line=entry.line,
                    id=entry.id,
                ),
                entry_id=entry.id,
                line=entry.line,
            )
        tolerance = self._rules.tolerance
        if not close(entry.debit, entry.credit, tolerance):
            what = told(
                "has debits of {debit} and credits of {credit}",
                debit=entry.debit,
                credit=entry.credit,
            )
            expected, actual = entry.debit, entry.credit
        elif not close(entry.total, entry.debit, tolerance):
            what = told(
                "states {total} (VL_LCTO), its lines {lines}",
                total=entry.total,
                lines=entry.debit,
            )
            expected, actual = entry.total, entry.debit
        else:
            return
        tells.error(
            Code.UNBALANCED_ENTRY.value,
            told(
                "Entry {entry} of {day} {what} (line {line}).",
                entry=entry.number,
                day=entry.day,
                what=what,
                line=entry.line,
            ),
            entry_id=entry.id,
            line=entry.line,
            expected=expected,
            actual=actual,
        )

    def _of(self, sections: Iterable[Section], its: Survey) -> list[Section]:
        """The sections of the period; those of a time that the file is not of come first."""
        known = its.span
        strays = min(known) in self._months
        return [
            section
            for section in sections
            if section.month in self._months or (strays and section.month not in known)
        ]

    def _open(self, its: Survey) -> BinaryIO:
        return next(file for file, known in self._read if known is its).found.open()

    def _telling(self, name: str, stream: str) -> Told:
        tells = Told(name, stream)
        self._told.append(tells)
        return tells

    def _rejects(self, name: str, tells: Told | None = None) -> Rejects:
        """What keeps the records of a file that cannot be read."""
        telling = tells or self._telling(name, TRIAL_BALANCE)

        def reject(problem: InvalidValue, record: str, line: int) -> None:
            if not self._rules.checks:
                raise ERPValidationError(
                    f"line {line} of {name} cannot be read: {problem}; correct the file, or "
                    f"{_TOLERATE}",
                )
            telling.unreadable(problem, record, line)

        return reject


_TOLERATE = "set validation: warn to load everything else"


def _account(account: Account) -> StatedAccount:
    more: dict[str, Any] = {"nature": account.nature}
    if account.references:
        more["reference_accounts"] = account.references
    if account.aggregations:
        more["statement_lines"] = account.aggregations
    return StatedAccount(
        code=account.code,
        name=account.name,
        stated_type=NATURES.get(account.nature),
        parent_code=account.parent,
        is_summary=account.is_summary,
        metadata=more,
    )


def _put(account: StatedAccount, balance: Balance) -> None:
    account.opening = add(account.opening, balance.opening)
    account.debit = add(account.debit, balance.debit)
    account.credit = add(account.credit, balance.credit)
    account.closing = add(account.closing, balance.closing)


def _balance(account: StatedAccount) -> Balance:
    return Balance(account.opening, account.debit, account.credit, account.closing)


def _file_row(file: Filed, its: Survey | None) -> FileRow:
    head, found = file.head, file.found
    return FileRow(
        file=found.place,
        file_name=file.name,
        file_size=found.size,
        modified_at=found.modified or None,
        sha256=file.sha256,
        file_hash=file.sha1,
        use=file.use.value,
        why=file.why or (str(file.note) if file.note else None),
        book=head.book or None,
        layout=head.layout_written or None,
        cnpj=head.cnpj,
        file_company_name=head.name,
        file_start=head.starts,
        file_end=head.ends,
        fiscal_year_end=head.fiscal_year_end,
        book_number=head.book_number,
        is_substitute=head.is_substitute,
        replaces_hash=head.replaces,
        is_decentralised=head.is_decentralised,
        has_functional_currency=head.has_functional_currency,
        chart_changed=head.changed_chart,
        line_count=None if its is None else its.lines,
    )
