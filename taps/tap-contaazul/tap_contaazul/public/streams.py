"""Conta Azul's books on a cash basis: what settled every payable and receivable, and transfers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

from erp_common.errors import ERPValidationError
from erp_common.extract.composite import CompositeQuery, gaps, pages, stated
from erp_common.extract.derived import DerivedSource
from erp_common.extract.listing import Batch, Page
from erp_common.extract.owner import Owner, must_be
from erp_common.extract.paged import Query
from erp_common.extract.reading import NO_OBJECT, LineReader
from erp_common.extract.source import HttpSource
from erp_common.http.answer import Answer
from erp_common.http.request import Request
from erp_common.http.transport import Transport
from erp_common.ledger import cash
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.exact import close
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import Company, Finding, Posting, Severity
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.periods import Period
from erp_common.ledger.vocabulary import fold
from tap_contaazul.public import calls, mapping
from tap_contaazul.public.entries import entry
from tap_contaazul.public.plan import Plan
from tap_contaazul.public.rows import MoneyAccount, Moved
from tap_contaazul.public.shares import Lookups
from tap_contaazul.public.span import Span

Row = TypeVar("Row")
T = TypeVar("T")

OWNER: Final = Owner(
    "Conta Azul",
    "documento",
    "id_empresa",
    "razao_social",
    "let it read the connected account",
)


class Known(NamedTuple):
    """What the chart told of a company, for reading what moved.

    Attributes:
        lookups: What entries need to know of it.
        span: What moved in the days that the run asks for.
    """

    lookups: Lookups
    span: Span


class Reader(NamedTuple):
    """Reads what moved in a period, and tells what is to be told beside."""

    known: Known
    period: Period

    def __call__(self, row: Moved) -> Sequence[Posting]:
        """The entry of what moved."""
        return entry(self.known.lookups, row)

    def end(self) -> Sequence[Posting]:
        """Nothing: no row is held back."""
        return ()

    def told(self) -> Iterable[Finding]:
        """What is to be told of the period."""
        return self.known.span.told(self.period)


class ContaAzulCashBooks(HttpSource, DerivedSource[Known]):
    """Conta Azul's public API."""

    source_system = "contaazul"
    system = "Conta Azul"
    told_apart_by = "whose token it is"
    made_of = cash.CASH
    whole_entries = True
    account = staticmethod(mapping.account)

    def __init__(self, transport: Transport, plan: Plan, tolerance: Decimal) -> None:
        """Read through this transport.

        Args:
            transport: How Conta Azul is reached.
            plan: What a run asks for.
            tolerance: For comparing balances.
        """
        super().__init__(transport)
        self._plan = plan
        self._tolerance = tolerance

    def chart(self, company: Company) -> Query[Any]:
        """Money accounts, categories, and the accounts the ledger adds."""
        return CompositeQuery(self.transport, "chart of accounts", lambda _: self._chart(company))

    def postings(
        self, company: Company, period: Period, chart: Chart, learned: Known
    ) -> Sequence[tuple[Query[Any], LineReader]]:
        """The period's share of what moved in all periods of the run."""
        _ = company, chart
        learned.span.plan(period)
        query: Query[Any] = CompositeQuery(
            self.transport, "money movements", lambda _: learned.span.page(period)
        )
        return [(query, Reader(learned, period))]

    def proof(self, ledger: TrialBalance, learned: Known) -> Iterable[Finding]:
        """The money accounts that hold something else now than the ledger says."""
        if ledger.period is None or ledger.period.end < self._plan.today:
            return
        for number, held in learned.span.held_now(ledger.period.end).items():
            account = ledger.by_code.get(f"CC.{number}")
            closing = Decimal(0) if account is None else account.net_closing_balance
            if held is None:
                yield _unproved(number, ledger.period, closing)
            elif not close(closing, held, self._tolerance):
                is_card = account is not None and _is_card(account.metadata)
                yield _disproved(number, ledger.period, closing, held, is_card=is_card)

    def probe(self, company: Company, period: Period) -> tuple[Request, Callable[[Answer], object]]:
        """A few money accounts."""
        _ = company, period
        return calls.probe(), calls.ACCOUNTS.read

    # In a fetching thread

    def _chart(self, company: Company) -> Page[Any]:
        must_be(company, OWNER, self._owner)
        transport, size = self.transport, self._plan.size
        accounts = pages(calls.accounts(transport, size))
        categories = pages(calls.categories(transport, size))
        listed: list[Page[Any]] = [*accounts, *categories]
        if not any(page.row_count for page in listed):
            raise self.nothing_of(company, "there is neither an account nor a category")
        chosen = pages(calls.operations(transport))
        centers = pages(calls.cost_centers(transport, size))
        lookups = Lookups(
            dict(_read("operations", chosen, mapping.operation)),
            dict(_read("cost centers", centers, mapping.cost_center)),
        )
        known = Known(lookups, Span(transport, self._plan, _numbers(accounts), lookups))
        batches: list[Batch[Any]] = [batch for page in accounts for batch in page.batches]
        batches += [batch for page in categories for batch in page.batches]
        batches.append(stated(cash.counterparts([])))
        rows = sum(len(batch.rows) for batch in batches)
        moved = gaps(accounts, categories, chosen, centers)
        return Page(batches, row_count=rows, learned=known, gaps=moved)

    def _owner(self) -> dict[str, Any]:
        return self.transport.fetch(calls.company(), calls.read_object)


def _read(name: str, found: list[Page[Row]], meaning: Callable[[Row], T]) -> list[T]:
    """What rows mean without which no entry can be read.

    Raises:
        ERPValidationError: If one cannot be read.
    """
    rows = [row for page in found for batch in page.batches for row in batch.rows]

    def read(row: Row | None) -> T:
        if row is None:
            raise NO_OBJECT
        return meaning(row)

    try:
        return [read(row) for row in rows]
    except InvalidValue as error:
        raise ERPValidationError(
            f"a row of Conta Azul's {name} cannot be read: {error}; run again, and if it stays so, "
            "ask Conta Azul's support",
        ) from None


def _numbers(accounts: list[Page[MoneyAccount]]) -> list[str]:
    """The ids of the accounts that can be read; the chart tells of the others."""
    found = []
    for page in accounts:
        for batch in page.batches:
            for row in batch.rows:
                try:
                    if row is not None:
                        found.append(mapping.money_code(row.id, "id").removeprefix("CC."))
                except InvalidValue:
                    continue
    return found


def _is_card(metadata: Mapping[str, Any]) -> bool:
    """Whether an account is a card, whose balance Conta Azul counts by invoices."""
    return "cartao" in fold(str(metadata.get("kind") or ""))


def _unproved(number: str, period: Period, closing: Decimal) -> Finding:
    """The finding of a balance that Conta Azul does not say: a warning, since nothing is wrong."""
    found = finding(
        Code.INVALID_RECORD,
        "Conta Azul does not say what account {account} holds now, so that nothing proves the "
        "{closing} that the movements read up to {day} leave. Open the account in Conta Azul and "
        "compare.",
        account="CC." + number,
        day=period.end,
        closing=closing,
        account_code=f"CC.{number}",
        actual=closing,
        raw={"conta_financeira": number, "saldo_atual": None},
    )
    found.severity = Severity.WARNING
    return found


def _disproved(
    number: str, period: Period, closing: Decimal, held: Decimal, *, is_card: bool
) -> Finding:
    """The finding of a balance that differs; that of a card does so in sound books too."""
    found = finding(
        Code.INVALID_RECORD,
        "Conta Azul says that account {account} holds {held} now, but the movements read up to "
        "{day} leave {closing}: one is missing, was changed before the periods read, or was "
        "keyed in meanwhile. Run again, with more lookback_periods.",
        account="CC." + number,
        held=held,
        day=period.end,
        closing=closing,
        account_code=f"CC.{number}",
        expected=held,
        actual=closing,
        raw={"conta_financeira": number, "saldo_atual": held},
    )
    if is_card:
        found.severity = Severity.WARNING
    return found
