"""What is found in a file, as rows of `validation_issues`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from erp_common.ledger.exact import plain
from erp_common.ledger.findings import TRIAL_BALANCE, Code
from erp_common.ledger.models import Finding, Severity
from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.sentences import NOTHING, Sentence, told

MOST_TOLD: Final = 1_000
"""Findings of one kind that a file's survey tells one by one; the rest are counted."""

RECORD_ORDER: Final = "RECORD_ORDER"
UNKNOWN_RECORD: Final = "UNKNOWN_RECORD"
UNKNOWN_LAYOUT: Final = "UNKNOWN_LAYOUT"
WRONG_ENCODING: Final = "WRONG_ENCODING"
FILE_INCOMPLETE: Final = "FILE_INCOMPLETE"
DUPLICATE_CODE: Final = "DUPLICATE_CODE"
NUMBERS_NOT_COMPARED: Final = "NUMBERS_NOT_COMPARED"

_MOST_SHOWN = 500
_COLUMNS = ("account_code", "entry_id", "expected", "actual")
"""What a finding has a column of its own for."""


class Told:
    """The findings of one file."""

    def __init__(self, file: str, stream: str = TRIAL_BALANCE) -> None:
        """Begin without any.

        Args:
            file: What the file is called.
            stream: The stream that they are about.
        """
        self.file = file
        self._stream = stream
        self.findings: list[Finding] = []
        self._counts: dict[str, int] = {}

    def error(self, code: str, message: Sentence, **more: object) -> None:
        """Tell what makes the file's ledger doubtful."""
        self._tell(code, Severity.ERROR, message, more)

    def warning(self, code: str, message: Sentence, **more: object) -> None:
        """Tell what a reader should know, though the ledger may be sound."""
        self._tell(code, Severity.WARNING, message, more)

    def unreadable(
        self, problem: InvalidValue, record: str, line: int, why: Sentence = NOTHING
    ) -> None:
        """Keep a record that cannot be read."""
        self.error(
            Code.INVALID_RECORD.value,
            told(
                "Line {line} of {file} cannot be read: {field} {problem}.{why}",
                line=line,
                file=self.file,
                field=problem.field,
                problem=problem.problem,
                why=why,
            ),
            line=line,
            record=record[:_MOST_SHOWN].rstrip(),
        )

    def close(self) -> list[Finding]:
        """Everything that was told; what was only counted as one finding of each kind."""
        for code, count in self._counts.items():
            if count > MOST_TOLD:
                self.findings.append(
                    Finding(
                        code=code,
                        severity=Severity.ERROR,
                        stream_name=self._stream,
                        message=told(
                            "{more} more findings {code} in {file} were not told one by one.",
                            more=count - MOST_TOLD,
                            code=code,
                            file=self.file,
                        ),
                        raw={"file": self.file, "more": count - MOST_TOLD},
                    )
                )
        return self.findings

    def _tell(
        self, code: str, severity: Severity, message: Sentence, more: dict[str, object]
    ) -> None:
        number = self._counts[code] = self._counts.get(code, 0) + 1
        if number > MOST_TOLD:
            return
        named = {name: _text(more.pop(name, None)) for name in _COLUMNS}
        self.findings.append(
            Finding(
                code=code,
                severity=severity,
                stream_name=self._stream,
                message=message,
                raw={"file": self.file, **more},
                account_code=named["account_code"],
                entry_id=named["entry_id"],
                expected=named["expected"],
                actual=named["actual"],
            )
        )


def _text(value: object) -> str | None:
    if value is None:
        return None
    return plain(value) if isinstance(value, Decimal) else str(value)
