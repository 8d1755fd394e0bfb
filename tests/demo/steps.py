"""The demo's progress on the screen: what is being done, and since when."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.markup import escape

WIDER_THAN_ANY_TABLE = 1000


class Screen:
    """Where the demo prints; every step is a line that begins with the seconds since the start."""

    def __init__(self, console: Console | None = None) -> None:
        """Start the clock; without `console`, print to standard output."""
        self._console = console or Console(highlight=False)
        self._started = time.monotonic()

    def step(self, text: str) -> None:
        """Begin a step; `text` may hold rich's markup."""
        self._console.print(f"[dim]{self._seconds()}[/dim]  {text}", soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something about the step that is under way, word for word."""
        self._console.print(f"[dim]{self._seconds()}    {escape(text)}[/dim]", soft_wrap=True)

    def print(self, what: RenderableType) -> None:
        """Show a table, or text that may hold rich's markup, as wide as it has to be."""
        # In a terminal too narrow for it, a line is better broken than an amount cut off.
        unbounded = self._console.options.update(width=WIDER_THAN_ANY_TABLE)
        needed = self._console.measure(what, options=unbounded).maximum
        self._console.width = max(self._console.width, needed)
        self._console.print(what)

    def plain(self, text: str) -> None:
        """Show text word for word."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._started:6.1f} s"
