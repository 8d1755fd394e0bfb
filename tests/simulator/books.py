"""The companies' books: generated once, read by every ERP, changed by tests between runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from simulator.chart import chart_of_accounts, dashed, flat, recoded
from simulator.company import Company
from simulator.generate import RETAINED, Closing, Opening, Plan, generate, months
from simulator.sales_between import close_again, sell_to_each_other

_NAMES: Final = (
    "Aurora Comércio de Alimentos Ltda",
    "Bandeirantes Construções S.A.",
    "Cataratas Turismo e Eventos Ltda",
    "Dom Pedro Indústria Têxtil S.A.",
    "Estância Verde Agropecuária Ltda",
    "Farmácias São João da Boa Vista Ltda",
    "Guarapari Pescados ME",
    "Horizonte Tecnologia e Serviços Ltda",
    "Itaipava Distribuidora de Bebidas S.A.",
    "Jequitibá Móveis e Decorações Ltda",
)

# How large each company is beside the first.
_SIZES: Final = (1.0, 1.6, 0.35, 0.8, 0.5)


@dataclass(frozen=True, slots=True)
class Preset:
    """A size of books; `turnover` is what is sold in a year, in BRL."""

    start: date
    end: date
    entries_per_month: int
    turnover: int
    companies: int = 1
    small: bool = False


PRESETS: Final = {
    "tiny": Preset(date(2024, 1, 1), date(2024, 3, 31), 40, 3_600_000, small=True),
    "demo": Preset(date(2023, 1, 1), date(2024, 12, 31), 600, 48_000_000, companies=3),
    "large": Preset(date(2024, 1, 1), date(2024, 1, 31), 410_000, 1_200_000_000),
}


class Books:
    """The books of several companies."""

    def __init__(self, companies: Sequence[Company]) -> None:
        """Hold the companies, whose ids must differ."""
        self.companies = list(companies)
        self._by_id = {company.id: company for company in companies}
        if len(self._by_id) != len(self.companies):
            raise ValueError("two companies have the same id")

    @property
    def company(self) -> Company:
        """The first company."""
        return self.companies[0]

    def __getitem__(self, company_id: str) -> Company:
        """Return the company with that id; KeyError if there is none."""
        return self._by_id[company_id]

    def get(self, company_id: str) -> Company | None:
        """Return the company with that id, if there is one."""
        return self._by_id.get(company_id)

    @classmethod
    def generate(  # noqa: PLR0913 - each is a keyword that some test sets alone
        cls,
        *,
        preset: str = "tiny",
        companies: int | Sequence[str | tuple[str, str]] | None = None,
        start: date | None = None,
        end: date | None = None,
        entries_per_month: int | None = None,
        seed: int = 1,
        small: bool | None = None,
        accounts: int = 0,
        flat_codes: bool = False,
        memorandum: bool | None = None,
        opening: Opening = "balances",
        year_end_closing: bool = False,
        closing: Closing = "none",
        closing_day: int | None = None,
        fiscal_year_start_month: int = 1,
        own_charts: bool = False,
        sales_between: bool = False,
    ) -> Books:
        """Generate books; the same arguments give the same books.

        Args:
            preset: `tiny` (79 accounts, 40 entries a month, the first quarter of 2024), `demo`
                (392 accounts, 3 companies, two years) or `large` (a million lines in one month),
                with 3.6, 48 and 1200 million BRL of sales a year; the other arguments overrule it
                one by one.
            companies: How many, or their ids, or pairs of id and name.
            start: First day; the opening balances are those before it.
            end: Last day.
            entries_per_month: Per company; an entry has 2.5 lines on average. More entries are
                smaller ones: the turnover stays.
            seed: Other seeds give other books.
            small: The small chart of accounts.
            accounts: At least so many accounts in the chart.
            flat_codes: Account codes without separators.
            memorandum: With accounts without a type (Compensação); as given by `small` if None.
            opening: Opening `balances`, or an `entry` of the day before `start`, or `none`.
            year_end_closing: Entries of 31 December that zero the result accounts; short for
                `closing="yearly"`.
            closing: Entries that zero the result accounts at the end of each fiscal year or of each
                quarter of it.
            closing_day: The day of the following month on which they are dated (January for the
                year's); None for the last day itself.
            fiscal_year_start_month: The month in which fiscal years begin.
            own_charts: Another form of account codes for each company: with dots, without
                separators, with dashes.
            sales_between: Each company sells a service to the next, every month.
        """
        size = PRESETS[preset]
        small = size.small if small is None else small
        chart = chart_of_accounts(
            small=small,
            memorandum=not small if memorandum is None else memorandum,
            accounts=accounts,
        )
        made = []
        renames = [
            (str, flat, dashed)[index % 3] if own_charts else flat if flat_codes else str
            for index in range(len(_names(companies or size.companies)))
        ]
        for index, (company_id, name) in enumerate(_names(companies or size.companies)):
            plan = Plan(
                accounts=chart,
                start=start or size.start,
                end=end or size.end,
                entries_per_month=entries_per_month or size.entries_per_month,
                turnover=round(size.turnover * 100 * _SIZES[index % len(_SIZES)]),
                seed=f"{seed}/{index}",
                company_index=index,
                opening=opening,
                closing="yearly" if year_end_closing else closing,
                closing_day=closing_day,
                fiscal_year_start_month=fiscal_year_start_month,
                rename=renames[index],
            )
            balances, entries = generate(plan)
            made.append(
                Company(
                    company_id,
                    name,
                    recoded(chart, renames[index]),
                    balances,
                    entries,
                    filial=f"{index + 1:02d}01",
                )
            )
        if sales_between:
            span = [first for first, _ in months(start or size.start, end or size.end)]
            sell_to_each_other(made, renames, span, str(seed))
            for company, rename in zip(made, renames, strict=True):
                close_again(company, rename(RETAINED))
        return cls(made)


def _names(companies: int | Sequence[str | tuple[str, str]]) -> list[tuple[str, str]]:
    if isinstance(companies, int):
        companies = [str(101 + index) for index in range(companies)]
    named = []
    for index, company in enumerate(companies):
        suffix = f" {index // len(_NAMES) + 1}" if index >= len(_NAMES) else ""
        default = _NAMES[index % len(_NAMES)] + suffix
        named.append((company, default) if isinstance(company, str) else company)
    return named
