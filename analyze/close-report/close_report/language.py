"""Portuguese and English: texts from the gettext catalogue, numbers and dates from Babel.

English is the source; a language's catalogue lies in `locale/`.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Context, Decimal, localcontext
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, get_month_names
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

from close_report.periods import Period
from close_report.text import harmless, plain

LANGUAGES: Final = ("pt-BR", "en")
"""What `--language` takes; the first is the default."""

_DIGITS: Final = 80


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for the catalogue that is translated when it is shown."""
    return message


class Language:
    """One language; calling it translates."""

    def __init__(self, code: str) -> None:
        """Take one of `LANGUAGES`."""
        self.code = code
        self.locale = Locale.parse(code, sep="-")
        self.messages = catalogue(code)
        self.decimal = get_decimal_symbol(self.locale)
        self.group = get_group_symbol(self.locale)

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, with its placeholders filled in."""
        said = self.messages.get(message, message)
        return said.format(**values) if values else said

    def counted(self, one: str, many: str, number: int, **values: object) -> str:
        """The message for one thing or for several, whichever the language takes for this number.

        Args:
            one: The message for one.
            many: The message for several.
            number: How many; filled in as `{number}`.
            values: What else is filled in.
        """
        form = one if self.locale.plural_form(number) == "one" else many
        return self(form, number=self.number(number), **values)

    def amount(self, value: Decimal) -> str:
        """The amount with two decimals, or as many as it has; a negative one in parentheses."""
        places = max(2, len(plain(value).partition(".")[2]))
        # Babel rounds to a context's 28 digits; here every digit stays.
        with localcontext(Context(prec=_DIGITS)):
            written = format_decimal(abs(value), f"#,##0.{places * '0'}", locale=self.locale)
        return f"({written})" if value < 0 else written

    def balance(self, value: Decimal) -> str:
        """A debit-positive balance with its side: `1.234,56 D`, `1.234,56 C`, `0,00`."""
        written = self.amount(abs(value))
        return f"{written} {'D' if value > 0 else 'C'}" if value else written

    def number(self, value: int) -> str:
        """A count."""
        return format_decimal(value, locale=self.locale)

    def date(self, value: date) -> str:
        """A day, in figures."""
        return format_date(value, "dd/MM/yyyy" if self.code == "pt-BR" else "yyyy-MM-dd", "en")

    def moment(self, value: datetime | None) -> str:
        """A time in São Paulo, to the minute."""
        if value is None:
            return "—"
        pattern = "dd/MM/yyyy HH:mm" if self.code == "pt-BR" else "yyyy-MM-dd HH:mm"
        # Warehouses keep times without a zone in UTC.
        utc = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return format_datetime(utc.astimezone(ZoneInfo("America/Sao_Paulo")), pattern, locale="en")

    def period(self, period: Period) -> str:
        """A period in words: `dezembro de 2024`, `4º tri 2024`, `2024`, or its two days."""
        if period.is_month:
            pattern = "MMMM 'de' y" if self.code == "pt-BR" else "MMMM y"
            return format_date(period.end, pattern, locale=self.locale)
        if period.is_year:
            return str(period.end.year)
        if period.quarter:
            return self(N_("Q{quarter} {year}"), quarter=period.quarter, year=period.end.year)
        return f"{self.date(period.start)} \N{EN DASH} {self.date(period.end)}"

    def short(self, period: Period) -> str:
        """The heading of a column below its year: `dez`, `T4`, or the last day."""
        if period.is_month:
            names = get_month_names("abbreviated", locale=self.locale)
            return str(names[period.end.month]).rstrip(".")
        if period.is_year:
            return str(period.end.year)
        if period.quarter:
            return self(N_("Q{quarter}"), quarter=period.quarter)
        return f"{period.end:%d/%m}"

    def text(self, value: str | None) -> str:
        """A text of the ERP, harmless, or a dash."""
        return harmless(value) if value else "—"


@cache
def catalogue(code: str) -> dict[str, str]:
    """The translations of a language by their English text; none for English itself."""
    if code == "en":
        return {}
    folder = resources.files("close_report") / "locale" / code.replace("-", "_")
    with (folder / "LC_MESSAGES" / "close_report.po").open("rb") as file:
        messages = read_po(file)
    return {
        message.id: message.string
        for message in messages
        # The catalogue's own head, which holds the time, has no id.
        if isinstance(message.id, str) and message.id
        if isinstance(message.string, str) and message.string
    }
