"""A line at the bottom of a terminal that says how far a run is, for a person who watches it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import NamedTuple


class Line(NamedTuple):
    """The line, which shows what `say` is told until `close`; the log goes on above it."""

    say: Callable[[str], object]
    """Count a period, and say where the run is."""
    close: Callable[[], object]


NOBODY_WATCHES = Line(lambda _: None, lambda: None)


def line(periods: int) -> Line:
    """A line about so many periods, where somebody watches standard error alone.

    Where the messages go to the same terminal they would scroll it away; where there is no
    terminal, as under Meltano, the log says it all. It needs the package `rich`.
    """
    watched = sys.stderr.isatty() and not sys.stdout.isatty()
    if not watched or os.environ.get("TERM") == "dumb" or find_spec("rich") is None:
        return NOBODY_WATCHES
    return _open(periods)


def _open(periods: int) -> Line:
    from rich.console import Console  # noqa: PLC0415 - where somebody watches alone
    from rich.progress import (  # noqa: PLC0415 - likewise
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    progress = Progress(
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # it holds the messages, and nothing else
    )
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
    ]
    terminal = sys.stderr
    task = progress.add_task("", total=periods)
    progress.start()
    for handler in handlers:
        handler.setStream(sys.stderr)  # which writes above the line now

    def close() -> None:
        for handler in handlers:
            handler.setStream(terminal)
        with suppress(OSError):  # the terminal may have been closed
            progress.stop()

    return Line(lambda text: progress.update(task, advance=1, description=text), close)
