"""How far a run is: rows a second, and the time left, from the calls that are still due.

In words for the log, and in a line at the bottom of a terminal for a person who watches it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Final, NamedTuple

import msgspec

from erp_common.extract.books import CallsDue

TELL_EVERY: Final = 5.0
"""Seconds between one word on it and the next."""


class Progress(msgspec.Struct):
    """Says now and then how fast a run is and how long it will take.

    Attributes:
        due: How many calls were made, and how many are still due.
        calls_a_second: What the allowance permits.
        clock: Seconds.
        began: When the run did, by that clock.
        told: When it was said last.
        rows: Rows so far.
    """

    due: Callable[[], CallsDue]
    calls_a_second: float
    clock: Callable[[], float] = time.monotonic
    began: float = 0.0
    told: float = 0.0
    rows: int = 0

    def __post_init__(self) -> None:
        """Begin to measure."""
        self.began = self.told = self.clock()

    def say(self, rows: int) -> str:
        """Count rows in; in words what they make of the run, or nothing if that was just said."""
        self.rows += rows
        now = self.clock()
        if now - self.told < TELL_EVERY:
            return ""
        self.told = now
        return self.words()

    def words(self) -> str:
        """What the rows so far make of the run."""
        took = self.clock() - self.began
        if not took:
            return ""
        due = self.due()
        words = f"; {self.rows / took:,.0f} rows a second"
        if due.left and due.made:
            # The allowance is the bound, unless the ERP is slower than it lets us be.
            left = due.left * max(1 / self.calls_a_second, took / due.made)
            words += f", {in_words(left)} left"
        return words


def in_words(seconds: float) -> str:
    """A time as people say it: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:  # noqa: PLR2004 - an hour and a half
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


class Line(NamedTuple):
    """The line, which shows what `say` is told until `close`; the log goes on above it."""

    say: Callable[[str], object]
    """Count a period, and say where the run is."""
    close: Callable[[], object]


def line(periods: int) -> Line:
    """A line about so many periods, where somebody watches standard error alone.

    Where the messages go to the same terminal they would scroll it away; where there is no
    terminal, as under Meltano, the log says it all. It needs the package `rich`.
    """
    watched = sys.stderr.isatty() and not sys.stdout.isatty()
    if not watched or os.environ.get("TERM") == "dumb" or find_spec("rich") is None:
        return Line(lambda _: None, lambda: None)
    return _open(periods)


def _open(periods: int) -> Line:
    from rich import console, progress  # noqa: PLC0415 - where somebody watches alone

    shown = progress.Progress(
        progress.SpinnerColumn(),
        progress.MofNCompleteColumn(),
        progress.BarColumn(bar_width=24),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.description}", markup=False),
        console=console.Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # it holds the messages, and nothing else
    )
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
    ]
    terminal = sys.stderr
    task = shown.add_task("", total=periods)
    shown.start()
    for handler in handlers:
        handler.setStream(sys.stderr)  # which writes above the line now

    def close() -> None:
        for handler in handlers:
            handler.setStream(terminal)
        with suppress(OSError):  # the terminal may have been closed
            shown.stop()

    return Line(lambda text: shown.update(task, advance=1, description=text), close)
