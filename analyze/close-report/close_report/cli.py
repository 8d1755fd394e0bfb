"""The command `close-report`: `render`, `sign` and `status`.

Exit status: 0 done; 1 a signed period has changed since (`status`), or the signature was refused
(`sign`); 2 something is wrong that one sentence on standard error names.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date, timezone
from pathlib import Path
from typing import Final

from close_report import status
from close_report.directory import read_directory
from close_report.errors import CloseReportError, SignatureRefusedError
from close_report.language import LANGUAGES, Language
from close_report.matrix import read_matrix
from close_report.periods import a_day, last_day, today
from close_report.render import Options, render
from close_report.signoffs import Request, Signoff, read_signoffs, sign, standing
from close_report.text import harmless, plain
from close_report.warehouse import Warehouse

DONE: Final = 0
CHANGED: Final = 1
FAILED: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen)
    except SignatureRefusedError as error:
        print(f"close-report: {error}", file=sys.stderr)  # noqa: T201 - what a command says
        return CHANGED
    except CloseReportError as error:
        print(f"close-report: {error}", file=sys.stderr)  # noqa: T201
        return FAILED
    except OSError as error:
        print(f"close-report: {error}", file=sys.stderr)  # noqa: T201
        return FAILED


def _run(chosen: argparse.Namespace) -> int:
    address = chosen.database or os.environ.get("CLOSE_REPORT_DATABASE", "")
    if not address:
        raise CloseReportError(
            "No database is named: give --database, or set CLOSE_REPORT_DATABASE."
        )
    schema = chosen.schema or os.environ.get("CLOSE_REPORT_SCHEMA") or "close"
    spoken = chosen.language or os.environ.get("CLOSE_REPORT_LANGUAGE") or LANGUAGES[0]
    if spoken not in LANGUAGES:
        raise CloseReportError(f"The language is '{spoken}': write {' or '.join(LANGUAGES)}.")
    language = Language(spoken)
    day = a_day(chosen.as_of) if chosen.as_of else today()
    with Warehouse(address, schema, writable=chosen.command == "sign") as warehouse:
        if chosen.command == "sign":
            # What will be over by a later day is open today, and is signed with --anyway alone.
            return _sign(warehouse, chosen, min(day, today()))
        if chosen.command == "status":
            return _status(warehouse, chosen, language, day)
        written = render(
            warehouse, Path(chosen.out), language, Options(day, chosen.postings, chosen.split_above)
        )
        for file in written:
            print(file)  # noqa: T201
        return DONE


def _sign(warehouse: Warehouse, chosen: argparse.Namespace, day: date) -> int:
    request = Request(
        chosen.company,
        last_day(chosen.period),
        harmless(chosen.by),
        harmless(chosen.note, 2000) if chosen.note else None,
        anyway=chosen.anyway,
        withdraw=chosen.withdraw,
    )
    if not request.by:
        raise CloseReportError("--by is empty: say who signs.")
    row = sign(warehouse, request, day)
    print(_withdrawn(warehouse, row) if chosen.withdraw else _signed(row))  # noqa: T201
    return DONE


def _signed(row: Signoff) -> str:
    accounts = "account" if row.account_count == 1 else "accounts"
    return (
        f"Signed: {_period(row)}, by {row.signed_by}; {row.account_count} {accounts}, debits "
        f"{plain(row.total_debit)}, credits {plain(row.total_credit)}, digest {row.digest[:12]}."
    )


def _withdrawn(warehouse: Warehouse, row: Signoff) -> str:
    """What was taken back, and what counts now: a period may have been signed before."""
    rows = read_signoffs(warehouse)
    taken = next(one for one in rows if one.signoff_id == row.withdraws)
    left = standing(rows).get((row.company_id, row.period_end))
    now = "the period is not signed now"
    if left is not None:
        now = f"the one by {_by(left)} counts again; withdraw it too if it is not to"
    return f"The signature by {_by(taken)} is withdrawn: {_period(row)}; {now}."


def _by(row: Signoff) -> str:
    return f"{row.signed_by} of {row.signed_at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def _period(row: Signoff) -> str:
    return f"{row.company_id}, {row.period_start} to {row.period_end}"


def _status(warehouse: Warehouse, chosen: argparse.Namespace, language: Language, day: date) -> int:
    matrix = read_matrix(warehouse, read_directory(warehouse), day)
    if chosen.json:
        print(status.as_json(matrix))  # noqa: T201
    else:
        said = status.brief if chosen.brief else status.table
        print(said(matrix, language), end="")  # noqa: T201
    return CHANGED if matrix.changed else DONE


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--database",
        metavar="URL",
        help="SQLAlchemy address, postgresql://… or duckdb:///file; else CLOSE_REPORT_DATABASE",
    )
    shared.add_argument("--schema", help="where the dbt models lie (default: close)")
    shared.add_argument("--language", help=f"{' or '.join(LANGUAGES)} (default: {LANGUAGES[0]})")
    shared.add_argument(
        "--as-of", metavar="DATE", help="the day that decides what is open (default: today)"
    )
    parser = argparse.ArgumentParser(prog="close-report", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser(
        "render", parents=[shared], help="write the page and the workbook"
    )
    command.add_argument("--out", required=True, metavar="DIR", help="the folder to write to")
    command.add_argument(
        "--postings",
        type=int,
        default=20_000,
        metavar="N",
        help="postings of a company at most, whole months, the newest first (default: 20000)",
    )
    command.add_argument(
        "--split-above",
        type=float,
        default=8.0,
        metavar="MB",
        help="beyond this size each company has a file of its own (default: 8)",
    )

    command = commands.add_parser("sign", parents=[shared], help="sign a company's period")
    command.add_argument("--company", required=True, metavar="ID", help="the company_id")
    command.add_argument("--period", required=True, metavar="YYYY-MM", help="month or last day")
    command.add_argument("--by", required=True, metavar="NAME", help="who signs")
    command.add_argument("--note", help="what is worth remembering")
    command.add_argument(
        "--anyway", action="store_true", help="sign an open, unbalanced or unreconciled period too"
    )
    command.add_argument("--withdraw", action="store_true", help="withdraw the signature instead")

    command = commands.add_parser(
        "status",
        parents=[shared],
        help="print the matrix; exit 1 where a signed period has changed",
    )
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for machines")
    form.add_argument("--brief", action="store_true", help="a short text for a mail or a chat")
    return parser
