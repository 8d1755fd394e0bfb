"""How far a run is, in words and now and then."""

from __future__ import annotations

import pytest

from erp_common.extract.books import CallsDue
from erp_common.singer.progress import Progress, in_words


class Clock:
    """Seconds that pass when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_told_at_most_every_few_seconds() -> None:
    clock, due = Clock(), CallsDue(10, 90)
    progress = Progress(lambda: due, 5.0, clock)
    assert progress.say(100) == ""
    clock.now += 4.9
    assert progress.say(100) == ""
    clock.now += 5.1
    assert progress.say(800) == "; 100 rows a second, 2 min left"
    assert progress.say(100) == ""


@pytest.mark.parametrize(
    ("made", "took", "words"),
    [
        (100, 10.0, "; 10 rows a second, 20 s left"),  # the allowance lets five through a second
        (10, 10.0, "; 10 rows a second, 2 min left"),  # the ERP is slower
    ],
)
def test_the_slower_of_allowance_and_erp_counts(made: int, took: float, words: str) -> None:
    clock = Clock()
    progress = Progress(lambda: CallsDue(made, 100), 5.0, clock)
    clock.now += took
    assert progress.say(100) == words


def test_nothing_is_left_to_say_at_the_end() -> None:
    clock = Clock()
    progress = Progress(lambda: CallsDue(7, 0), 5.0, clock)
    clock.now += 10
    assert progress.say(50_000) == "; 5,000 rows a second"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "1 s"), (89.4, "89 s"), (90, "2 min"), (3600, "60 min"), (12_000, "3 h 20 min")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
