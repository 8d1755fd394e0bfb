"""Reading statements: movements become entries, and each balance must follow from the one before.

Readers are used in the order of the books and by one thread, so that what an account held at the
end of one statement is known where the next begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from erp_common.ledger import cash
from erp_common.ledger.cash import Settled, Share
from erp_common.ledger.exact import add, close, subtract, total
from erp_common.ledger.findings import SUBLEDGER, Code, finding
from erp_common.ledger.models import Finding, Posting
from erp_common.ledger.normalize import (
    InvalidValue,
    cents,
    optional_amount,
    optional_cents,
    optional_date,
    shown,
)
from erp_common.ledger.periods import Period
from erp_common.ledger.sentences import Sentence, told
from erp_common.ledger.vocabulary import fold
from tap_omie.public import mapping
from tap_omie.public.rows import After, BankAccount, Head, Held, Movement, Title


class Applied:
    """The splits that the run's periods have read so far, each in the period of its settlement."""

    def __init__(self) -> None:
        """Know of none; no period has been read."""
        self.since = date.max
        """The first day of the first of them."""
        self.keys: set[tuple[str, str]] = set()


class Splits:
    """The categories of settlements, gathered from a period's titles before its statements."""

    def __init__(self, period: Period, numbers: Sequence[str], applied: Applied) -> None:
        """Know nothing yet of a period's titles, but the bank accounts that Omie lists.

        Args:
            period: The period.
            numbers: The bank accounts.
            applied: What earlier periods of the run have read.
        """
        self.settlements: dict[tuple[str, str], list[mapping.Settlement]] = {}
        """By bank account and movement there."""
        self.due: set[tuple[str, str]] = set()
        """Those of the settlements that the period's statements must have."""
        self.late: dict[tuple[str, str], date] = {}
        """Those of the run's earlier periods, which have not read them, with their days."""
        self._applied = applied
        self._applied.since = min(applied.since, period.start)
        self._period = period
        self._numbers = set(numbers)
        self._unlisted: list[tuple[str, str, date]] = []
        """The bank accounts that Omie does not list, each with a movement and its day, once."""
        self._titles: set[str] = set()

    def take(self, row: Title, nature: str) -> None:
        """Take in a title that was asked for by its nature."""
        number = mapping.title_number(row)
        if number in self._titles:
            return  # a title that slid onto the next page must not weigh twice
        if number is not None:
            self._titles.add(number)
        found = mapping.splits(row, nature)
        for one in found:
            self.settlements.setdefault(one.key, []).append(one)
            bank, movement = one.key
            if bank not in self._numbers and one.day is not None and one.day in self._period:
                self._numbers.add(bank)
                self._unlisted.append((bank, movement, one.day))
        # A title tells of all its settlements, those of other periods too; but one that tells of
        # none in this period is here for a day that Omie does not show.
        own = [one for one in found if one.day is None or one.day in self._period]
        self.due.update(one.key for one in own or found)
        if mapping.categories(found)[1:]:
            self._compare_days(found)

    def _compare_days(self, found: Sequence[mapping.Settlement]) -> None:
        """Know the settlements of a split title that this period reads, or an earlier one lacks.

        Nothing says whether Omie finds a title by all of its payments or by the last of them.
        """
        for one in found:
            if one.day is None:
                continue
            if one.day in self._period:
                self._applied.keys.add(one.key)
            elif (
                self._applied.since <= one.day < self._period.start
                and one.key not in self._applied.keys
            ):
                self.late[one.key] = one.day

    def told(self) -> Iterable[Finding]:
        """The accounts whose statements nobody asks for; other statements tell what they lack."""
        unlisted, self._unlisted = self._unlisted, []
        for bank, movement, day in unlisted:
            yield finding(
                Code.ACCOUNT_NOT_IN_CHART,
                "Titles are settled in account {account} (movement {movement} of {day}), which "
                "Omie does not list, so that what moved there is not in the books. Ask Omie's "
                "support why the account is not listed.",
                account=bank,
                movement=movement,
                day=day,
                stream=SUBLEDGER,
                account_code=mapping.money_code(bank),
                entry_id=movement,
                raw={"nCodCC": bank, "nIdLancCC": movement, "dDtLanc": str(day)},
            )


class TitleReader:
    """Reads the titles of one nature; they are no postings."""

    def __init__(self, splits: Splits, nature: str) -> None:
        """Put what titles of this nature tell there."""
        self._splits = splits
        self._nature = nature

    def __call__(self, row: Title) -> Sequence[Posting]:
        """Take a title in."""
        self._splits.take(row, self._nature)
        return ()

    def end(self) -> Sequence[Posting]:
        """Nothing is held back."""
        return ()

    def told(self) -> Iterable[Finding]:
        """What the titles read so far tell together."""
        return self._splits.told()


class Meaning(Enum):
    """What `nSaldoAtual` is."""

    END = "the balance at the end of the days asked for"
    TODAY = "today's balance"
    UNKNOWN = "neither, or nothing has told yet"


class Balances:
    """What each account held at the start of a day, as far as statements have been read."""

    def __init__(self, tolerance: Decimal | None) -> None:
        """Compare with this tolerance; None compares nothing."""
        self.tolerance = tolerance
        self._known: dict[str, tuple[date, Decimal]] = {}
        self._said: dict[str, tuple[date, object]] = {}
        self._meanings: dict[str, Meaning] = {}
        self._firsts: dict[str, tuple[date, Decimal | None]] = {}
        self._initials: dict[str, tuple[date, Decimal]] = {}
        self.unstated: dict[str, Decimal] = {}
        """The initial balances of accounts of which no statement says what they open with."""

    def put(self, number: str, day: date, balance: Decimal) -> None:
        """Remember a balance."""
        self._known[number] = (day, balance)

    def expect(self, number: str, day: date, row: BankAccount) -> None:
        """Know an initial balance that Omie dates on a day of the ledger, or later.

        An earlier one is part of the opening, unless no statement says what that is.
        """
        try:
            since = optional_date(row.saldo_data, "saldo_data")
            held = optional_amount(row.saldo_inicial, "saldo_inicial")
        except InvalidValue:
            return  # only words for a finding
        if held and since is not None and since >= day:
            self._initials[number] = since, held
        elif held and row.opening is None:
            self.unstated[number] = held

    def begin(self, number: str, day: date, balance: Decimal | None) -> None:
        """Remember what the run's first statement begins with; None if that is told already."""
        self._firsts.setdefault(number, (day, balance))

    def firsts(self, period: Period) -> Iterator[tuple[str, tuple[date, Decimal]]]:
        """What the run's first statements begin with, of those that begin in a period."""
        for number, (day, balance) in self._firsts.items():
            if balance is not None and day in period:
                yield number, (day, balance)

    def unlike(
        self, number: str, day: date, stated: Decimal, known: Decimal, *, just_read: bool = False
    ) -> Sentence | None:
        """What is wrong if Omie states another balance of an account than is known of it.

        Args:
            number: The account.
            day: Before which it holds that.
            stated: What Omie says.
            known: What it is by all that was read.
            just_read: Whether the days before were read just now, and proved until then.
        """
        if self.tolerance is None or close(stated, known, self.tolerance):
            return None
        values = {"stated": stated, "account": number, "day": day, "known": known}
        since, initial = self._initials.get(number, (date.max, Decimal(0)))
        if since < day and close(subtract(stated, known), initial, self.tolerance):
            return told(
                "is {stated} for account {account}, but the movements read before {day} leave "
                "{known}: the difference is the account's initial balance (saldo_inicial) of "
                "{initial}, which Omie dates {since} and lists among no movements, so that the "
                "books lack it; date it before the ledger's first day in Omie, or let start_date "
                "be after it, and run with a full refresh",
                **values,
                initial=initial,
                since=since,
            )
        if just_read:
            return told(
                "is {stated} for account {account}, but the movements read before {day} leave "
                "{known}: a movement is missing or has another sign; run again, and if it stays "
                "so, compare the books with the statement that Omie shows",
                **values,
            )
        return told(
            "is {stated} for account {account}, but the movements read before {day} leave {known}: "
            "a movement is missing or was changed meanwhile; run again, with more lookback_periods",
            **values,
        )

    def learn(self, number: str, head: Head, opening: Decimal) -> None:
        """Learn from two statements in a row what `nSaldoAtual` means for an account.

        Clients of Omie's contradict one another: some have it as the balance at the end of the days
        asked for, Omie's documents as today's. It is no proof where it is neither.
        """
        window, tolerance = head.window, self.tolerance
        if tolerance is None:
            return
        before = self._said.get(number)
        self._said[number] = (window.end + timedelta(days=1), head.nSaldoAtual)
        if before is None or before[0] != window.start or before[1] is None:
            return
        said = cents(before[1], "nSaldoAtual")
        now = optional_cents(head.nSaldoAtual, "nSaldoAtual")
        meaning = Meaning.UNKNOWN
        if close(said, opening, tolerance):
            meaning = Meaning.END
        elif now is not None and close(said, now, tolerance):
            meaning = Meaning.TODAY
        if self._meanings.get(number) is not Meaning.UNKNOWN:
            self._meanings[number] = meaning

    def meaning(self, number: str) -> Meaning:
        """What `nSaldoAtual` has turned out to be."""
        return self._meanings.get(number, Meaning.UNKNOWN)

    def of(self, number: str, day: date) -> Decimal | None:
        """The balance at the start of that very day; None if it is not known."""
        known = self._known.get(number)
        return known[1] if known and known[0] == day else None


class StatementReader:
    """Turns an account's statements of one period into entries."""

    def __init__(
        self,
        number: str,
        splits: Splits,
        transfers: frozenset[str],
        balances: Balances,
    ) -> None:
        """Read the statements of a bank account.

        Args:
            number: The account.
            splits: The categories of settlements; complete when the first row is read.
            transfers: The categories of transfers between the company's accounts.
            balances: Compared where a statement begins, and carried on where it ends.
        """
        self._number = number
        self._splits = splits
        self._transfers = transfers
        self._balances = balances
        self._window: Head | None = None
        self._balance = Decimal(0)
        self._latest = date.min
        self._met: set[str] = set()
        """The movements read, of those that titles settle."""
        self._unlike: list[Finding] = []
        """Of the movements that moved something else than their titles tell."""

    def __call__(self, row: Head | After | Held | Movement) -> Sequence[Posting]:
        """The entry of a movement; other rows have none.

        Raises:
            InvalidValue: If the row cannot be read, or its balance does not follow.
        """
        if isinstance(row, Head):
            self._begin(row)
            return ()
        if isinstance(row, After):
            self._close()
            self._window = None
            if row.nSaldoAnterior is None:
                if self._balances.tolerance is None:
                    return ()  # nothing is compared
                raise InvalidValue(
                    "nSaldoAnterior",
                    "is not stated for account {account} on {day}, so that nothing proves that "
                    "Omie sent all movements of the day before; compare that day with the "
                    "statement that Omie shows",
                    account=self._number,
                    day=row.day,
                )
            stated = cents(row.nSaldoAnterior, "nSaldoAnterior")
            known = self._balances.of(self._number, row.day)
            self._balances.put(self._number, row.day, stated)
            self._compare(row.day, stated, known, just_read=True)
            return ()
        if isinstance(row, Held):
            self._prove(row)
            return ()
        if not mapping.is_movement(row):
            return ()
        settled = mapping.settled(row, self._number)
        movement = settled.entry_id.rpartition("-")[2]
        settlements = self._splits.settlements.get((self._number, movement), [])
        if settlements:
            self._met.add(movement)
        window = self._window.window if self._window else None
        if window is not None and settled.day not in window:
            raise InvalidValue(
                "dDataLancamento",
                "is {day}, but {asked} was asked for; Omie must keep to the days it is asked for",
                day=settled.day,
                asked=window,
            )
        self._balance = add(self._balance, settled.amount)
        self._latest = max(self._latest, settled.day)
        return cash.entry(settled, self._parts(settled, settlements))

    def end(self) -> Sequence[Posting]:
        """Carry the balance on; no row is held back."""
        self._close()
        return ()

    def told(self) -> Iterable[Finding]:
        """The splits of titles that are not those of the movement that they name."""
        unlike, self._unlike = self._unlike, []
        yield from unlike
        for (bank, movement), settlements in self._splits.settlements.items():
            categories = mapping.categories(settlements)
            if bank != self._number or movement in self._met or not categories[1:]:
                continue
            day = self._splits.late.get((bank, movement))
            if (bank, movement) not in self._splits.due:
                if day is not None:
                    yield _late(bank, movement, categories, day)
                continue
            yield finding(
                Code.SPLIT_NOT_MATCHED,
                "Titles of {categories} name movement {movement} of account {account} as what "
                "settled them, but the account's statement has no such movement in this "
                "period: the movement keeps its own category, wherever it is.",
                categories=", ".join(categories),
                movement=movement,
                account=bank,
                stream=SUBLEDGER,
                account_code=mapping.money_code(bank),
                entry_id=movement,
                raw={"nCodCC": bank, "nIdLancCC": movement},
            )

    def _parts(
        self, settled: Settled, settlements: Sequence[mapping.Settlement]
    ) -> Sequence[Share]:
        """What a movement was for, to the cent: its titles' categories, else its own."""
        own = self._account(settled.shares[0][0])
        parts: Sequence[Share] | None = [(own, settled.amount)]
        if settlements:
            parts = mapping.shared(settled.amount, settlements)
        if parts is None:
            parts = self._unlike_titles(settled, settlements, own)
        amounts: dict[str, Decimal] = {}
        for category, amount in parts:
            code = self._account(category)
            amounts[code] = add(amounts.get(code, Decimal(0)), amount)
        return [part for part in amounts.items() if part[1]] or [(own, settled.amount)]

    def _unlike_titles(
        self, settled: Settled, settlements: Sequence[mapping.Settlement], own: str
    ) -> Sequence[Share]:
        """What a movement was for that moved something else than its titles tell.

        Where they tell a part of it they have that part; what they tell beyond it is not guessed.
        """
        stated = total(one.paid for one in settlements)
        rest = subtract(settled.amount, stated)
        is_part = min(stated, rest) > 0 or max(stated, rest) < 0
        parts = [(own, settled.amount)]
        keeps = told("it keeps its own category {own}", own=own)
        if is_part:
            parts = [p for one in settlements for p in cash.apportioned(one.paid, one.parts)]
            parts.append((own, rest))
            keeps = told("what is left of it stays in its own category {own}", own=own)
        categories = mapping.categories(settlements)
        if any(code != own for code in categories):  # else all of it falls there anyway
            self._unlike.append(
                finding(
                    Code.SPLIT_NOT_MATCHED,
                    "Titles of {categories} say that {actual} moved in entry {entry}, which moved "
                    "{expected}: {keeps}. Compare the titles' settlements with the movement in "
                    "Omie.",
                    categories=", ".join(categories),
                    keeps=keeps,
                    expected=settled.amount,
                    actual=stated,
                    stream=SUBLEDGER,
                    account_code=settled.money_account,
                    entry_id=settled.entry_id,
                )
            )
        return parts

    def _account(self, code: str) -> str:
        """A category's account; those with 0. are of transfers, listed or not."""
        is_transfer = code in self._transfers or code.startswith("0.")
        return cash.TRANSFERS if is_transfer else code

    def _begin(self, head: Head) -> None:
        """Compare what a statement begins with, with what the one before ended with.

        Nothing else would tell that Omie cut a statement off.
        """
        self._close()
        self._window = head
        known = self._balances.of(self._number, head.window.start)
        if head.nothing is not None:
            self._pass_over(head, known)
            return
        opening = cents(head.nSaldoAnterior, "nSaldoAnterior")
        self._balances.learn(self._number, head, opening)
        self._balance = opening
        self._compare(head.window.start, opening, known)

    def _pass_over(self, head: Head, known: Decimal | None) -> None:
        """Hold what was held before over days of which Omie has no records."""
        self._window = None
        if known is not None:
            self._balances.put(self._number, head.window.end + timedelta(days=1), known)
        if "nenhuma conta" in fold(head.nothing or ""):
            # Not that nothing moved: Omie does not know the account, which it lists.
            raise InvalidValue(
                "nCodCC",
                "is {account}, of which Omie lists no statement though it lists the account; "
                "it says {words}. What moved there is not in the books; ask Omie's support",
                account=self._number,
                words=shown(head.nothing),
            )

    def _compare(
        self, day: date, stated: Decimal, known: Decimal | None, *, just_read: bool = False
    ) -> None:
        number, balances = self._number, self._balances
        problem = None
        if known is not None:
            problem = balances.unlike(number, day, stated, known, just_read=just_read)
        balances.begin(number, day, None if problem else stated)
        if problem is not None:
            raise InvalidValue("nSaldoAnterior", problem)

    def _prove(self, held: Held) -> None:
        """Compare what a month that is not over has come to with what the account holds.

        No later statement begins with it yet.
        """
        meaning, tolerance = self._balances.meaning(self._number), self._balances.tolerance
        said = optional_cents(held.nSaldoAtual, "nSaldoAtual")
        ahead = held.today is not None and self._latest > held.today
        unknown = meaning is Meaning.UNKNOWN or (meaning is Meaning.TODAY and ahead)
        if unknown and held.listed:
            return  # without any movement all meanings are one
        if said is None or tolerance is None or close(said, self._balance, tolerance):
            return
        raise InvalidValue(
            "nSaldoAtual",
            "is {stated} for account {account}, but nSaldoAnterior and the movements leave "
            "{balance}: a movement is missing; run again, and if it stays so, ask Omie's "
            "support",
            stated=said,
            account=self._number,
            balance=self._balance,
        )

    def _close(self) -> None:
        if self._window is not None:
            after = self._window.window.end + timedelta(days=1)
            self._balances.put(self._number, after, self._balance)


def _late(bank: str, movement: str, categories: Sequence[str], day: date) -> Finding:
    """That an earlier period of the run has posted a movement without its title's split."""
    return finding(
        Code.SPLIT_NOT_MATCHED,
        "Titles of {categories} name movement {movement} of account {account} as what settled a "
        "part of them on {day}, but Omie does not list them in that period: the movement keeps "
        "its own category there. Divide it by hand where the categories matter.",
        categories=", ".join(categories),
        movement=movement,
        account=bank,
        day=day,
        stream=SUBLEDGER,
        account_code=mapping.money_code(bank),
        entry_id=movement,
        raw={"nCodCC": bank, "nIdLancCC": movement, "dDtLanc": str(day)},
    )
