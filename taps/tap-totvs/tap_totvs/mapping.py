"""What Protheus' rows mean: pure functions from the columns of CT1, CTI and CT2 to the ledger's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

from erp_common.extract.paged import MAX_TOLD
from erp_common.ledger.fields import sent_text
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import (
    ZERO,
    AccountType,
    Finding,
    Posting,
    PostingKind,
    Side,
    StatedAccount,
    StatedType,
)
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    amount,
    optional_account_code,
    optional_date,
    parse_date,
    required_side,
    required_text,
    text,
)

_NATURES = {
    "01": StatedType(type=AccountType.ASSET),
    "02": StatedType(type=AccountType.LIABILITY),
    "03": StatedType(type=AccountType.EQUITY),
    "04": StatedType(result=True),
    "05": StatedType(off_balance=True),
    "09": StatedType(off_balance=True),
}
"""CT1_NATCTA; 04 says only that it is a result account, 05 and 09 are memorandum accounts."""


_DEBIT: tuple[bool, ...] = (True,)
_CREDIT: tuple[bool, ...] = (False,)
_BOTH: tuple[bool, ...] = (True, False)
"""For each line that a row holds, whether it is on the debit side."""

_DOCUMENT = ("CT2_FILIAL", "CT2_DATA", "CT2_LOTE", "CT2_SBLOTE", "CT2_DOC")
_SEQUENCE = ("CT2_SEQLAN", "CT2_EMPORI", "CT2_FILORI")
"""To which line of a document a text belongs."""

REMEMBERED = 10_000
"""Lines that are remembered at least, to tell one that comes again."""

_WHOLE = ("1", "2", "3")
"""CT2_DC of rows that are lines of their own, as most sites write it."""


_NORMAL = PostingKind.NORMAL


class Balance(msgspec.Struct, gc=False):
    """A row of `balancete`."""

    CT1_CONTA: Any = None
    CT1_DESC01: Any = None
    CT1_CTASUP: Any = None
    CT1_NATCTA: Any = None
    CTI_CLASSE: Any = None
    CTI_NORMAL: Any = None
    CTI_SALDOI: Any = None
    CTI_DEBITO: Any = None
    CTI_CREDITO: Any = None
    CTI_SALDOF: Any = None


class Movement(msgspec.Struct, gc=False):
    """A row of `movimentacao`."""

    CT2_FILIAL: Any = None
    CT2_DATA: Any = None
    CT2_DTLANC: Any = None
    CT2_LOTE: Any = None
    CT2_SBLOTE: Any = None
    CT2_DOC: Any = None
    CT2_LINHA: Any = None
    CT2_DC: Any = None
    CT2_DEBITO: Any = None
    CT2_CREDIT: Any = None
    CT2_VALOR: Any = None
    CT2_HIST: Any = None
    CT2_CCD: Any = None
    CT2_CCC: Any = None
    CT2_TPDOC: Any = None
    CT2_NUMDOC: Any = None
    CT2_CLIFOR: Any = None
    CT2_NOMECF: Any = None
    CT2_SEQLAN: Any = None
    CT2_EMPORI: Any = None
    CT2_FILORI: Any = None
    CT2_DTLP: Any = None


def account(row: Balance, summary_class: str) -> StatedAccount:
    """An account of the trial balance; balances in the sign in which the site states them.

    CT1_NATCTA may be blank or unknown: then headings decide the type.

    Args:
        row: The row.
        summary_class: The CTI_CLASSE of summary accounts, `1` or `2`; the other one is analytic.

    Raises:
        InvalidValue: If a field that every account has is missing or cannot be read.
    """
    code = account_code(row.CT1_CONTA, "CT1_CONTA")
    return StatedAccount(
        code=code,
        name=name_of(row.CT1_DESC01, code),
        stated_type=nature_of(row.CT1_NATCTA),
        parent_code=optional_account_code(row.CT1_CTASUP, "CT1_CTASUP"),
        normal_balance=normal_side(row.CTI_NORMAL, "CTI_NORMAL"),
        is_summary=_class(row.CTI_CLASSE) == summary_class,
        opening=amount(row.CTI_SALDOI, "CTI_SALDOI"),
        debit=amount(row.CTI_DEBITO, "CTI_DEBITO"),
        credit=amount(row.CTI_CREDITO, "CTI_CREDITO"),
        closing=amount(row.CTI_SALDOF, "CTI_SALDOF"),
    )


def nature_of(value: object) -> StatedType | None:
    """What CT1_NATCTA states; None where it is blank. What is none of its values is told of.

    Raises:
        InvalidValue: If the column holds no text.
    """
    words = text(value, "CT1_NATCTA")
    if words is None:
        return None
    return _NATURES.get(words.zfill(2)) or StatedType(unread=words)


def name_of(value: object, code: str) -> str:
    """An account's name; one that nobody has filled in is the code.

    Raises:
        InvalidValue: If the column is absent, or holds no text.
    """
    return sent_text(value, "CT1_DESC01") or code


def normal_side(value: object, column: str) -> Side | None:
    """The side on which an account normally stands; None where nobody has filled it in.

    Raises:
        InvalidValue: If the column is absent, or holds something else.
    """
    return None if sent_text(value, column) is None else required_side(value, column)


def odd_kind(kind: str | None) -> InvalidValue:
    """The error of a row whose CT2_DC is none that holds an amount."""
    names = {"5": " (rateio)", "6": " (lançamento padrão)"}
    what = f"is {kind!r}{names.get(kind or '', '')}"
    return InvalidValue(
        "CT2_DC",
        "{what}, whose sides are not known; it must be 1, 2, 3 or 4. Let Protheus make it into "
        "entries of those kinds",
        what=what,
    )


def lines(row: Movement, asked: str) -> list[Posting]:
    """The lines of one row on the account that was asked for: two if it is on both sides.

    Raises:
        InvalidValue: If a field that every movement has is missing or cannot be read, or the row
            does not concern the account.
    """
    # Here and below, a short way for what nearly every row has.
    kind = row.CT2_DC if row.CT2_DC in _WHOLE else text(row.CT2_DC, "CT2_DC")
    if kind == "1":
        sides = _DEBIT
        if (code := account_code(row.CT2_DEBITO, "CT2_DEBITO")) != asked:
            raise _of_another(code, "CT2_DEBITO", asked)
    elif kind == "2":
        sides = _CREDIT
        if (code := account_code(row.CT2_CREDIT, "CT2_CREDIT")) != asked:
            raise _of_another(code, "CT2_CREDIT", asked)
    elif kind == "3":
        sides = _sides_of_double_entry(row, asked)
    else:
        raise odd_kind(kind)
    value = amount(row.CT2_VALOR, "CT2_VALOR")
    day = parse_date(row.CT2_DATA, "CT2_DATA")
    branch = sent_text(row.CT2_FILIAL, "CT2_FILIAL") or ""  # blank where branches share the table
    lot = required_text(row.CT2_LOTE, "CT2_LOTE")
    sublot = required_text(row.CT2_SBLOTE, "CT2_SBLOTE")
    journal_id = f"{branch}-{_digits(day)}-{lot}-{sublot}-{required_text(row.CT2_DOC, 'CT2_DOC')}"
    entry_id = f"{journal_id}-{required_text(row.CT2_LINHA, 'CT2_LINHA')}"
    kind_of_entry = posting_kind(row.CT2_DTLP)
    description = sent_text(row.CT2_HIST, "CT2_HIST")
    posting_date = (
        day
        if row.CT2_DTLANC is None or row.CT2_DTLANC == row.CT2_DATA
        else optional_date(row.CT2_DTLANC, "CT2_DTLANC") or day
    )
    document_number = text(row.CT2_NUMDOC, "CT2_NUMDOC")
    document_type = text(row.CT2_TPDOC, "CT2_TPDOC")
    entity_id = text(row.CT2_CLIFOR, "CT2_CLIFOR")
    entity_name = text(row.CT2_NOMECF, "CT2_NOMECF")
    return [
        Posting(
            account_code=asked,
            entry_id=entry_id,
            journal_id=journal_id,
            posting_kind=kind_of_entry,
            transaction_date=day,
            posting_date=posting_date,
            debit_amount=value if debited else ZERO,
            credit_amount=ZERO if debited else value,
            description=description,
            document_number=document_number,
            document_type=document_type,
            cost_center=text(row.CT2_CCD, "CT2_CCD") if debited else text(row.CT2_CCC, "CT2_CCC"),
            entity_id=entity_id,
            entity_name=entity_name,
        )
        for debited in sides
    ]


def posting_kind(closing_date: object) -> PostingKind | None:
    """What kind of entry a line belongs to, from CT2_DTLP.

    The column holds the day whose closing the line is part of, blanks in any other line. A site
    that does not send it says nothing.

    Raises:
        InvalidValue: If it is no date.
    """
    if closing_date is None:
        return None
    if type(closing_date) is str and not closing_date.strip():
        return _NORMAL
    return _NORMAL if optional_date(closing_date, "CT2_DTLP") is None else PostingKind.CLOSING


class ContinuedLines:
    """Reads rows of CT2 in order; a line is complete when the next one begins.

    A row of kind 4 holds nothing but more text of the line before.
    """

    def __init__(self, read: Callable[[Any], Sequence[Posting]]) -> None:
        """Read each row that is no continuation with `read`."""
        self._read = read
        self._held: Sequence[Posting] = ()
        self._before: Any = None
        """The row that more text belongs to; None if there is none that can be read."""

    def __call__(self, row: Any) -> Sequence[Posting]:  # noqa: ANN401 - either struct of CT2's columns
        """The lines that this row shows to be complete.

        Raises:
            InvalidValue: If the row cannot be read, or continues no line that can.
        """
        if row.CT2_DC not in _WHOLE and text(row.CT2_DC, "CT2_DC") == "4":
            self._continue(row)
            return ()
        # What continues a row that cannot be read must not end up in the text of another.
        self._before = None
        held = self._read(row)
        self._before = row
        complete, self._held = self._held, held
        return complete

    def end(self) -> Sequence[Posting]:
        """The last line."""
        held, self._held = self._held, ()
        return held

    def told(self) -> Iterable[Finding]:
        """Nothing: a text that continues no line is told as it comes."""
        return ()

    def _continue(self, row: Any) -> None:  # noqa: ANN401
        if self._before is None or not _is_same_document(row, self._before):
            raise InvalidValue("CT2_DC", "is 4, but the line whose text it continues is not there")
        more = sent_text(row.CT2_HIST, "CT2_HIST")
        for posting in self._held:
            posting.description = " ".join(filter(None, (posting.description, more))) or None


class AccountLines(ContinuedLines):
    """Reads the rows of one account, each once.

    A line's key is in its columns: a row that is like another in all of them came again.
    """

    def __init__(self, asked: str) -> None:
        """Read the rows of the account that was asked for."""
        super().__init__(self._once)
        self._asked = asked
        self._known: set[int] = set()
        self._older: set[int] = set()
        self._told: list[Finding] = []

    def end(self) -> Sequence[Posting]:
        """The last line; no row is remembered any longer."""
        self._known, self._older = set(), set()
        return super().end()

    def told(self) -> Iterable[Finding]:
        """The rows that came again."""
        return self._told

    def _once(self, row: Movement) -> Sequence[Posting]:
        read = lines(row, self._asked)
        mark = _mark(row)
        if mark in self._known or mark in self._older:
            if len(self._told) < MAX_TOLD:
                self._told.append(_came_again(row, read[0]))
            return ()
        self._known.add(mark)
        if len(self._known) >= REMEMBERED:
            self._known, self._older = set(), self._known
        return read


def _mark(row: Movement) -> int:
    columns = msgspec.structs.astuple(row)
    try:
        return hash(columns)
    except TypeError:  # something else than a text or a number in a column
        return hash(repr(columns))


def _came_again(row: Movement, line: Posting) -> Finding:
    """A line that is kept once; what continued its text goes with it."""
    return finding(
        Code.DUPLICATE_ENTRY,
        "Line {entry} comes more than once on account {code}, the same in every column; it is kept "
        "once. Run again; if it stays so, correct the report in Protheus.",
        account_code=line.account_code,
        entry_id=line.entry_id,
        stream="subledger",
        raw={name: sent for name, sent in msgspec.structs.asdict(row).items() if sent is not None},
    )


@lru_cache(maxsize=1024)
def _digits(day: date) -> str:
    return day.isoformat().replace("-", "")


def _is_same_document(row: Any, before: Any) -> bool:  # noqa: ANN401
    """Whether all that a row says of its document is what the row before says."""
    for name in (*_DOCUMENT, *_SEQUENCE):
        mine, other = getattr(row, name, None), getattr(before, name, None)
        if mine != other:
            said = text(mine), text(other)
            # A text belongs to the line of the same sequence and origin, where the site says both.
            unsaid = None in said if name in _SEQUENCE else said[0] is None
            if not unsaid and said[0] != said[1]:
                return False
    return True


def _class(value: object) -> str:
    found = required_text(value, "CTI_CLASSE")
    if found not in {"1", "2"}:
        raise InvalidValue("CTI_CLASSE", "is {value}; it must be 1 or 2", value=repr(found))
    return found


def _sides_of_double_entry(row: Movement, asked: str) -> tuple[bool, ...]:
    debited = optional_account_code(row.CT2_DEBITO, "CT2_DEBITO")
    credited = optional_account_code(row.CT2_CREDIT, "CT2_CREDIT")
    if debited == asked:
        return _BOTH if credited == asked else _DEBIT
    if credited == asked:
        return _CREDIT
    raise InvalidValue(
        "CT2_DC",
        "is 3 with {debited} and {credited}, but movements of {asked} were asked for",
        debited=debited,
        credited=credited,
        asked=asked,
    )


def _of_another(code: str, field: str, asked: str) -> InvalidValue:
    """The error of a row on another account than the one asked for."""
    return InvalidValue(
        field, "is {code}, but movements of {asked} were asked for", code=repr(code), asked=asked
    )
