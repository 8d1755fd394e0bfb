"""How many records a file has, against what its closing records say."""

from __future__ import annotations

from collections.abc import Iterator

from erp_common.ledger.normalize import InvalidValue, shown
from erp_common.ledger.sentences import Sentence, told
from tap_ecd.layout import at
from tap_ecd.told import FILE_INCOMPLETE, MOST_TOLD, Told
from tap_ecd.values import count

_MISMATCH = "ROW_COUNT_MISMATCH"


class Counts:
    """Counts the records of a file, and keeps what its closing records state."""

    def __init__(self, finds: Told) -> None:
        """Begin at nothing.

        Args:
            finds: Where differences are told.
        """
        self.by_head: dict[bytes, int] = {b"|I250|": 0}
        """Records by their first six signs; the most frequent one is known from the start."""
        self.strays = 0
        """Lines that are no records."""
        self._told = finds
        self._stated: dict[str, int] = {}
        self._blocks: dict[str, int] = {}
        self._whole: int | None = None

    @property
    def lines(self) -> int:
        """Lines outside RTF texts."""
        return sum(self.by_head.values()) + self.strays

    def records(self) -> Iterator[tuple[str, int]]:
        """Each kind of record with its number."""
        for head, number in self.by_head.items():
            if number:
                yield head[1:5].decode("ascii"), number

    # What the file states

    def state(self, values: list[str]) -> None:
        """9900: how many there are of a kind."""
        number = count(at(values, 3))
        if number is None:
            raise InvalidValue("QTD_REG_BLC", _no_count(at(values, 3)))
        if len(self._stated) < MOST_TOLD:
            self._stated[at(values, 2)] = number

    def state_block(self, values: list[str]) -> None:
        """0990 to 9990: how many lines a block has."""
        number = count(at(values, 2))
        if number is None:
            raise InvalidValue("QTD_LIN", _no_count(at(values, 2)))
        self._blocks[at(values, 1)] = number

    def state_whole(self, values: list[str]) -> None:
        """9999: how many lines the file has."""
        self._whole = count(at(values, 2))
        if self._whole is None:
            raise InvalidValue("QTD_LIN", _no_count(at(values, 2)))

    # What there is

    def check(self, opening: str, rtf_lines: int) -> None:
        """Compare the two; lines of an RTF may have been counted or not.

        Args:
            opening: QTD_LIN of I030.
            rtf_lines: Lines inside RTF texts.
        """
        found = dict(self.records())
        for record, number in self._stated.items():
            self._compare(
                told("9900 of {record}", record=record), number, {found.get(record, 0)}, record
            )
        for record, number in self._blocks.items():
            lines = sum(many for kind, many in found.items() if kind[0] == record[0])
            texts = rtf_lines if record[0] == "J" else 0
            self._compare(record, number, {lines, lines + texts}, record)
        whole = {self.lines, self.lines + rtf_lines}
        if self._whole is not None:
            self._compare("9999", self._whole, whole, "9999")
        if "9900" in found:
            self._tell_unstated(sorted(set(found) - set(self._stated)))
        else:
            self._incomplete(told("the lines 9900 with the number of each record"))
        for record in ("0990", "I990", "9990"):
            if record not in found:
                self._incomplete(told("the record {record}, which closes a block", record=record))
        stated = count(opening)
        if stated is not None and stated not in whole:
            self._told.warning(
                _MISMATCH,
                told(
                    "{file} opens (I030) with {stated} lines, but has {actual}.",
                    file=self._told.file,
                    stated=stated,
                    actual=max(whole),
                ),
                record="I030",
                expected=stated,
                actual=max(whole),
            )

    def _compare(self, where: str, stated: int, found: set[int], record: str) -> None:
        if stated in found:
            return
        actual = max(found)
        self._told.error(
            _MISMATCH,
            told(
                "{file} states {stated} records or lines ({where}), but has {actual}. It was "
                "changed or cut since it was exported: give the file as the program exports it.",
                file=self._told.file,
                stated=stated,
                where=where,
                actual=actual,
            ),
            record=record,
            expected=stated,
            actual=actual,
        )

    def _tell_unstated(self, records: list[str]) -> None:
        if records:
            self._incomplete(
                told("lines 9900 for the records {records}", records=", ".join(records))
            )

    def _incomplete(self, what: Sentence) -> None:
        self._told.warning(
            FILE_INCOMPLETE,
            told(
                "{file} lacks {what}; its end may be missing or was written by another program.",
                file=self._told.file,
                what=what,
            ),
            lacks=str(what),
        )


def _no_count(written: str) -> Sentence:
    return told("is {value}, which is no count", value=shown(written))
