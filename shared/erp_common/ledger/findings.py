"""The codes of the checks, and findings in the words of an accountant."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

from erp_common.ledger.exact import plain
from erp_common.ledger.models import Finding, Severity
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.sentences import Sentence, told

TRIAL_BALANCE = "trial_balance"
SUBLEDGER = "subledger"


class Code(str, Enum):
    """Every finding there is; `docs/ledger.md` explains each with an example."""

    UNBALANCED_TRIAL_BALANCE = "UNBALANCED_TRIAL_BALANCE"
    UNBALANCED_ENTRY = "UNBALANCED_ENTRY"
    BALANCE_EQUATION = "BALANCE_EQUATION"
    ORPHAN_ACCOUNT = "ORPHAN_ACCOUNT"
    SUMMARY_MISMATCH = "SUMMARY_MISMATCH"
    DUPLICATE_ACCOUNT = "DUPLICATE_ACCOUNT"
    POSTING_ON_SUMMARY = "POSTING_ON_SUMMARY"
    OUT_OF_PERIOD = "OUT_OF_PERIOD"
    ACCOUNT_NOT_IN_CHART = "ACCOUNT_NOT_IN_CHART"
    OPENING_ASSUMED_ZERO = "OPENING_ASSUMED_ZERO"
    UNKNOWN_ACCOUNT_TYPE = "UNKNOWN_ACCOUNT_TYPE"
    ASSUMED_ACCOUNT_TYPE = "ASSUMED_ACCOUNT_TYPE"
    ACCOUNT_CLASS_INVERTED = "ACCOUNT_CLASS_INVERTED"
    INVALID_RECORD = "INVALID_RECORD"
    SUBLEDGER_MISMATCH = "SUBLEDGER_MISMATCH"
    CONTINUITY_BREAK = "CONTINUITY_BREAK"
    ROW_COUNT_MISMATCH = "ROW_COUNT_MISMATCH"
    CLOSED_PERIOD_CHANGED = "CLOSED_PERIOD_CHANGED"
    DUPLICATE_ENTRY = "DUPLICATE_ENTRY"
    UNKNOWN_SITUATION = "UNKNOWN_SITUATION"
    MISSING_CATEGORY = "MISSING_CATEGORY"
    SPLIT_NOT_MATCHED = "SPLIT_NOT_MATCHED"
    NO_HIERARCHY = "NO_HIERARCHY"
    BALANCE_ON_SUMMARY = "BALANCE_ON_SUMMARY"
    EMPTY_LEDGER = "EMPTY_LEDGER"

    @property
    def severity(self) -> Severity:
        """How much the finding weighs under `validation: strict`."""
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR


_WARNINGS = frozenset(
    {
        Code.OPENING_ASSUMED_ZERO,
        Code.UNKNOWN_ACCOUNT_TYPE,
        Code.ASSUMED_ACCOUNT_TYPE,
        Code.CONTINUITY_BREAK,
        Code.CLOSED_PERIOD_CHANGED,
        Code.MISSING_CATEGORY,
        Code.SPLIT_NOT_MATCHED,
        Code.NO_HIERARCHY,
        Code.EMPTY_LEDGER,
    }
)


class LeftOut(InvalidValue):
    """A row that can be read and still is not posted; the finding's code says why."""

    def __init__(self, code: Code, field: str, problem: str, /, **values: object) -> None:
        """Create the error.

        Args:
            code: What the finding is.
            field: What the ERP calls the field that decides it.
            problem: The rest of the sentence: what is wrong with it, as for `InvalidValue`.
            values: What stands in it.
        """
        super().__init__(field, problem, **values)
        self.code = code


def finding(
    code: Code,
    sentence: str,
    /,
    *,
    stream: str = TRIAL_BALANCE,
    account_code: str | None = None,
    entry_id: str | None = None,
    expected: Decimal | int | None = None,
    actual: Decimal | int | None = None,
    raw: dict[str, Any] | None = None,
    **values: object,
) -> Finding:
    """A finding with the severity of its code.

    Args:
        code: Which check found it.
        sentence: What an accountant understands, with account, amounts and period: a template as
            for `told`, or a sentence that has been told.
        stream: The stream whose rows are meant.
        account_code: The account, if it is about one; `{code}` in the sentence.
        entry_id: The journal entry, if it is about one; `{entry}` in the sentence.
        expected: The amount or count that should be there; it may stand in the sentence.
        actual: The amount or count that is there; likewise.
        raw: The ERP's row, or what else tells this finding from its like.
        values: What else stands in the sentence.
    """
    if not isinstance(sentence, Sentence):
        values = {"code": account_code, "entry": entry_id, **values}
        sentence = told(sentence, **values, expected=expected, actual=actual)
    return Finding(
        code=code.value,
        severity=code.severity,
        stream_name=stream,
        message=sentence,
        account_code=account_code,
        entry_id=entry_id,
        expected=_written(expected),
        actual=_written(actual),
        raw={} if raw is None else raw,
    )


def _written(value: Decimal | int | None) -> str | None:
    if value is None:
        return None
    return plain(value) if isinstance(value, Decimal) else str(value)
