"""What an ERP sends, one value at a time, made into what the ledger works with.

Values come from a decoder that reads JSON numbers as `int` or `Decimal`, or from XML as text. A
value is taken in one of the accepted forms, exactly, or refused: never guessed, rounded or
replaced by a zero. These functions run for every field of every row, so each has a short way for
the common case.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Final

from erp_common.errors import ERPValidationError
from erp_common.ledger import vocabulary
from erp_common.ledger.amount_text import read_amount
from erp_common.ledger.date_text import calendar_date, read_moment
from erp_common.ledger.exact import BOUNDS, close
from erp_common.ledger.models import ZERO, AccountType, Side
from erp_common.ledger.sentences import Sentence, told

_NO_DATE: Final = re.compile(
    r"\s*(?:|0{8}|(?:0{4}-00-00|00/00/0000)(?:[T ]00:00(?::00(?:\.0+)?)?)?|/ {0,2}/)\s*"
)
"""How ERPs write that there is no date; Protheus prints an empty date as its bare mask."""

_bounded: Final = BOUNDS.plus
_INFINITE: Final = Decimal("Infinity")
_CENT: Final = Decimal("0.01")
_ROUNDED: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
_DUST: Final = Decimal("0.0001")
"""What a program that keeps amounts as binary floats adds or takes away at most."""
_NO_AMOUNT: Final = told("is missing; the ERP must send an amount")
_MOST_BITS: Final = 256
_MOST_SHOWN: Final = 40

# Tab, line feed and carriage return are text; PostgreSQL refuses NUL and lone surrogates, and the
# other control characters mean nothing outside a terminal.
_UNPRINTABLE: Final = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)} - set(b"\t\n\r")
)
_INVISIBLE: Final = "\ufeff\u200b"


class InvalidValue(ERPValidationError):  # noqa: N818 - named for what it is, as its siblings are used
    """A field that cannot be read: missing, of the wrong kind, or not in an accepted form."""

    def __init__(self, field: str, problem: str, /, **values: object) -> None:
        """Create the error.

        Args:
            field: What the ERP calls the field.
            problem: The rest of the sentence: what is wrong with it; a template as for `told`, or a
                sentence that has been told.
            values: What stands in the template.
        """
        if not isinstance(problem, Sentence):
            problem = told(problem, **values)
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def text(value: object, field: str = "text") -> str | None:
    """The text without its padding (blanks of every kind), or None if nothing is left.

    Control characters other than tab and line ends, and lone surrogates, are dropped: no database
    keeps them. Whole and decimal numbers become their digits, as written.

    Raises:
        InvalidValue: If the value is a boolean, a list or an object.
    """
    if type(value) is str:
        stripped = value.strip()  # first, since padding may be longer than what it pads
        if stripped.isprintable():
            return stripped or None
        return value.translate(_UNPRINTABLE).strip().strip(_INVISIBLE).strip() or None
    if value is None:
        return None
    if type(value) is int and value.bit_length() <= _MOST_BITS:
        return str(value)
    if type(value) is Decimal and _within_bounds(value) is not None:
        return f"{value:f}"
    raise InvalidValue(field, "is {value}, which is no text", value=shown(value))


def required_text(value: object, field: str) -> str:
    """The text without its padding.

    Raises:
        InvalidValue: If nothing is left, or the value is no text.
    """
    if type(value) is str and (stripped := value.strip()).isprintable():
        result: str | None = stripped
    elif type(value) is int and value.bit_length() <= _MOST_BITS:
        return str(value)
    else:
        result = text(value, field)
    if not result:
        raise InvalidValue(field, "is missing; the ERP must send it with every row")
    return result


def amount(value: object, field: str = "amount") -> Decimal:
    """The amount in the company's currency, with exactly the digits given.

    JSON numbers are taken as they are. Text may be `1234.56`, `1.234,56` or `1,234.56`, with `R$`
    and blanks, and one sign: a leading or trailing minus, parentheses, or a trailing D or C (C is
    negative). One separator followed by exactly three digits is refused, unless the number begins
    with 0: `1.234` may mean a thousand times as much in one country as in the other.

    Raises:
        InvalidValue: If the value is missing, is not in one of these forms, is a binary float, is
            not finite, or has more digits than any books need.
    """
    if type(value) is Decimal:
        number: Decimal | int = value
    elif type(value) is int:
        if not value:  # the other side of nearly every posting
            return ZERO
        number = value
    else:
        number = _written(value, field)
    try:
        checked = _bounded(number)  # a negative zero loses its sign
    except ArithmeticError:
        checked = _INFINITE
    if not checked.is_finite():
        raise InvalidValue(
            field, "is {value}, which is beyond any amount of money", value=shown(value)
        )
    return checked


def cents(value: object, field: str = "amount") -> Decimal:
    """The amount, without what a binary float may have added; otherwise as `amount`.

    What is further from a whole cent than that explains stays as it is.
    """
    return _without_dust(amount(value, field))


def _without_dust(exact: Decimal) -> Decimal:
    rounded = exact.quantize(_CENT, context=_ROUNDED)
    return rounded if exact != rounded and close(exact, rounded, _DUST) else exact


def optional_amount(value: object, field: str = "amount") -> Decimal | None:
    """The amount, or None if the field is absent or blank; otherwise as `amount`."""
    if value is None or (type(value) is str and text(value) is None):
        return None
    return amount(value, field)


def optional_cents(value: object, field: str = "amount") -> Decimal | None:
    """The amount, or None if the field is absent or blank; otherwise as `cents`."""
    found = optional_amount(value, field)
    return None if found is None else _without_dust(found)


def parse_date(value: object, field: str = "date") -> date:
    """The calendar date in `2024-12-31`, `31/12/2024`, `20241231` or `2024-12-31T10:30:00`.

    A time without offset is local. A time with an offset is an instant, and its date is that of
    America/Sao_Paulo; but midnight in the offset it is written in is how many programs write a
    mere date, and is taken as that date.

    Raises:
        InvalidValue: If the value is missing, in another form, or no date of the calendar.
    """
    if type(value) is str:
        day = _read_date(value)
        if day is not None:
            return day
    return _unusual_date(value, field)


def optional_date(value: object, field: str = "date") -> date | None:
    """The date, or None if absent, blank or all zeros (`00000000`, `0000-00-00`)."""
    if value is None:
        return None
    if type(value) is str:
        day = _read_date(value)
        if day is not None:
            return day
        if _NO_DATE.fullmatch(value):
            return None
    return _unusual_date(value, field)


def account_code(value: object, field: str = "account_code") -> str:
    """The account code without its padding; what stands inside it is the ERP's own key and stays.

    Raises:
        InvalidValue: If it is empty or holds anything but letters, digits, `.`, `-`, `/`, `_` and
            single blanks.
    """
    code = _read_code(value) if type(value) is str else _read_code(required_text(value, field))
    if code is not None:
        return code
    required_text(value, field)
    raise InvalidValue(
        field,
        "is {value}; an account code has only letters, digits, . - / _ and single blanks",
        value=shown(value),
    )


def optional_account_code(value: object, field: str = "account_code") -> str | None:
    """The account code, or None if absent or blank; otherwise as `account_code`."""
    if type(value) is str:
        code = _read_code(value)
        if code is not None:
            return code
    return None if text(value, field) is None else account_code(value, field)


def account_type(value: object, field: str = "account_type") -> AccountType | None:
    """The account type that a word names, in Portuguese or English; None if it names none."""
    words = text(value, field)
    return None if words is None else vocabulary.type_of(words)


def side(value: object, field: str = "side") -> Side | None:
    """The side that D/C, 1/2, Devedora/Credora or debit/credit names; None if none."""
    words = text(value, field)
    return None if words is None else vocabulary.side_of(words)


def required_side(value: object, field: str) -> Side:
    """The side, as `side`.

    Raises:
        InvalidValue: If the value names no side: without it the amount has no sign.
    """
    found = side(value, field)
    if found is None:
        raise InvalidValue(
            field, "is {value}; it must say D (debit) or C (credit)", value=shown(value)
        )
    return found


def flag(value: object, field: str = "flag") -> bool | None:
    """What S/N, Sim/Não, yes/no, true/false or 1/0 answers; None if nothing is there.

    Raises:
        InvalidValue: If it says something else: taken for no, amounts would count twice.
    """
    if type(value) is bool:
        return value
    words = text(value, field)
    if words is None:
        return None
    found = vocabulary.flag_of(words)
    if found is None:
        raise InvalidValue(field, "is {value}; it must say S or N, or 1 or 0", value=shown(value))
    return found


def shown(value: object) -> str:
    """The value as a sentence quotes it; of a long one the beginning, and "…"."""
    if type(value) is int and value.bit_length() > _MOST_BITS:
        return "a number of hundreds of digits"
    shown = str(value) if type(value) is Decimal else repr(value)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"


def _written(value: object, field: str) -> Decimal:
    """The amount that a text holds."""
    if value is None:
        raise InvalidValue(field, _NO_AMOUNT)
    if isinstance(value, float):
        raise InvalidValue(
            field, "is a binary float, which has lost digits; give a Decimal, int or text"
        )
    if type(value) is not str:
        raise InvalidValue(field, "is {value}, which is no amount", value=shown(value))
    try:
        return read_amount(value)
    except ValueError as problem:
        if text(value) is None:
            raise InvalidValue(field, _NO_AMOUNT) from None
        raise InvalidValue(
            field, "is {value}, {problem}", value=shown(value), problem=problem.args[0]
        ) from None


def _within_bounds(value: Decimal | int) -> Decimal | None:
    """The number without a negative zero's sign, or None if it is beyond any amount of money."""
    try:
        checked = _bounded(value)
    except ArithmeticError:
        return None
    return checked if checked.is_finite() else None


@lru_cache(maxsize=16384)
def _read_date(written: str) -> date | None:
    moment = read_moment(written)
    return None if moment is None else calendar_date(moment)


def _unusual_date(value: object, field: str) -> date:
    if isinstance(value, datetime):
        return calendar_date(value)
    if isinstance(value, date):
        return value
    written = text(value, field)
    if written is None:
        raise InvalidValue(field, "is missing; the ERP must send a date")
    day = _read_date(written)
    if day is None:
        raise InvalidValue(
            field,
            "is {value}, which is no date such as 2024-12-31 or 31/12/2024",
            value=shown(value),
        )
    return day


@lru_cache(maxsize=65536)
def _read_code(written: str) -> str | None:
    code = written.strip().strip("\0" + _INVISIBLE).strip()
    # str.isalnum takes the letters of every alphabet, as some charts have them.
    bare = code.replace(".", "").replace("-", "").replace("/", "").replace("_", "")
    return code if bare.replace(" ", "").isalnum() and "  " not in code else None
