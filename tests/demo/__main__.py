"""`make demo`.

Everything runs on this machine: the fictional ERPs on a loopback address, PostgreSQL on a socket.
What is loaded stays in `.demo/`, so that a second run shows an incremental load.
"""

from __future__ import annotations

import signal
import sys
from datetime import date
from types import FrameType

import psycopg

from demo import KEPT
from demo.close import CloseError
from demo.meltano import MeltanoError
from demo.members import holding
from demo.postgres import PostgresError
from demo.show import Show
from demo.steps import Screen
from demo.truth import Difference

START, END = date(2024, 1, 1), date(2024, 12, 31)
ENTRIES_PER_MONTH = 300
FURTHER = """
To look further (tables and views are in the schema erp, kept in .demo/):
  make demo-psql                                          a SQL prompt
  make demo-psql SQL='select * from current_subledger'    one query
  make demo                                               again: only what may have changed is read
"""


def main() -> int:
    """Run the demo; gives the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    screen = Screen()
    try:
        books = holding(START, END, ENTRIES_PER_MONTH)
        Show(screen, books, START, END, KEPT, closes=True).run()
    except KeyboardInterrupt:
        screen.step("[bold]Interrupted[/bold]; everything that was started has been stopped.")
        return 130
    except Difference as difference:
        screen.step("[bold red]What was loaded is not what the books say.[/bold red]")
        screen.plain(str(difference))
        screen.plain("If .demo/ is an earlier version's: make clean, then make demo again.")
        return 1
    except (PostgresError, MeltanoError, CloseError, psycopg.Error) as error:
        screen.step("[bold red]The demo failed.[/bold red]")
        screen.plain(str(error))
        return 1
    screen.plain(FURTHER)
    screen.step("Done. The ERPs and PostgreSQL have been stopped.")
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # One is enough: a second must not break off the cleaning up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
