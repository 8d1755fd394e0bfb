"""What a benchmark finds: figures beside those of the yardsticks, and whether they are reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table; an empty text where a yardstick does not apply.

    Attributes:
        what: What was measured.
        ours: The taps'.
        plain: The plain SDK tap's.
        floor: The bare program's.
        ratio: What is judged.
        goal: What it has to be.
        reached: Whether it is; None where nothing is asked for.
    """

    what: str
    ours: str
    plain: str = ""
    floor: str = ""
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None


@dataclass(frozen=True)
class Section:
    """The figures of one benchmark.

    Attributes:
        title: Its heading.
        how: How it was measured.
        figures: What was found.
        measured: When, and on what machine.
    """

    title: str
    how: str
    figures: list[Figure]
    measured: str = ""
