"""Findings of files in Portuguese say the same of the same."""

from __future__ import annotations

import re

import pytest

from ecd.reading import filing
from ecd.tapped import Folder, Run
from ecd.writer import Record, as_bytes, changed, records

FIGURES = re.compile(r"-?\d[\d.,-]*\d")
ENGLISH = re.compile(r"\b(the|is|of|and|its|was|with|not|does)\b", re.IGNORECASE)


def broken(*places: tuple[str, int, str]) -> Folder:
    """A month whose first record of each kind has another field."""
    wanted = changed(filing(), start=filing().start.replace(month=12))
    lines: list[Record] = records(wanted)
    for kind, number, value in places:
        next(one for one in lines if one[0] == kind)[number - 1] = value
    return Folder({"ecd.txt": as_bytes(wanted, lines).replace(b"|9900|I250|", b"|9900|I250|1")})


@pytest.mark.parametrize(
    "places",
    [
        [("I250", 4, "1.000,00")],
        [("I250", 5, "?"), ("I200", 4, "1,00")],
        [("I200", 5, "Q")],
        [("I200", 3, "30022024")],
        [("I155", 8, "999,99"), ("I155", 9, "")],
        [("I355", 4, "1,23"), ("I050", 3, "77"), ("I100", 3, "")],
        [("I010", 3, "99.00"), ("I050", 4, "X"), ("0000", 14, "7")],
        [("I150", 3, "15012025")],
        [("J100", 9, "Z"), ("J100", 8, "5,00")],
        [("I250", 8, "A|B"), ("I355", 3, "1|1"), ("J100", 7, "A|B"), ("J150", 7, "A|B")],
    ],
    ids=str,
)
def test_portuguese_says_the_same_of_the_same(places: list[tuple[str, int, str]]) -> None:
    folder = broken(*places)
    english, portuguese = (
        {row["issue_id"]: row["message"] for row in Run(folder, language=one).rows[STREAM]}
        for one in ("en", "pt-BR")
    )
    assert english.keys() == portuguese.keys()
    assert len(english) > 1
    for key, message in english.items():
        assert message != portuguese[key]
        assert sorted(FIGURES.findall(message)) == sorted(FIGURES.findall(portuguese[key]))
        assert not ENGLISH.search(portuguese[key]), portuguese[key]


STREAM = "validation_issues"
