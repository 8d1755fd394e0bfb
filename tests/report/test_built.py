"""The report on what dbt really builds: signed, then changed in the ERP, loaded and built again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from close import holding
from close.conftest import Serve, close, serve
from close.warehouses import Close
from close_report.cli import main
from report.conftest import scripts
from report.ledgers import months
from simulator import Books

__all__ = ["close", "serve"]

pytestmark = [pytest.mark.close, pytest.mark.timeout(900)]


def test_exactly_the_changed_month_turns_through_dbt(
    close: Close,
    serve: Serve,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    books = holding.generate(closing="yearly")
    holding.seed(close, books, ruled=("104",))
    reader = serve(books)
    close.load(holding.read(reader, closing="yearly"))
    close.build()
    where = ["--database", close.address, "--as-of", "2030-01-01"]
    out = tmp_path / "page"
    assert main(["render", *where, "--out", str(out)]) == 0
    shown = scripts(out / "index.html").companies
    for company in books.companies:
        codes = [account[0] for account in shown[company.id]["accounts"]]
        for first, last in months(holding.FIRST, holding.LAST):
            expected = {
                holding.bare(row.code): tuple(row[1:])
                for row in company.trial_balance(first, last)
                if any(row[1:])
            }
            rows = shown[company.id]["trial"][last.isoformat()]
            found = {holding.bare(codes[row[0]]): tuple(map(Decimal, row[1:5])) for row in rows}
            assert found == expected, (company.id, last)

    spans = months(holding.FIRST, holding.LAST)
    for company in books.companies:
        for _, last in spans:
            signed = ["--company", company.id, "--period", f"{last:%Y-%m}", "--by", "Ana Souza"]
            assert main(["sign", *where, *signed]) == 0
    assert main(["status", *where]) == 0

    first, last = spans[1]
    entry = next(
        one
        for one in books["101"].entries_between(first, last)
        if len(one.lines) == 2 and {line.account[0] for line in one.lines} <= {"1", "2"}
    )
    more = Decimal("100.00")
    larger = tuple(
        replace(
            line,
            debit=line.debit + (more if line.debit else 0),
            credit=line.credit + (more if line.credit else 0),
        )
        for line in entry.lines
    )
    books["101"].edit_entry(entry.id, lines=larger)
    close.load(holding.read(reader, closing="yearly"))
    close.build()
    capsys.readouterr()
    assert main(["status", *where, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["periods"]
    assert [
        (row["company_id"], row["period_end"]) for row in told if row["changed_since_signed"]
    ] == [("101", last.isoformat())]
    assert main(["render", *where, "--out", str(out)]) == 0
    page = scripts(out / "index.html")
    restated = {(row[0], row[1]) for row in page.shared["restatements"]}
    assert restated == {("101", last.isoformat())}


def test_the_model_says_of_a_signed_month_what_status_says(
    close: Close, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, ends = date(2024, 1, 1), [date(2024, 1, 31), date(2024, 2, 29)]
    books = Books.generate(entries_per_month=6, end=ends[-1])
    company = books.company
    reader = serve(books)
    where = ["--database", close.address]
    models = ("+close_status", "+account_balances")

    def sign(*ends: date) -> None:
        for end in ends:
            signed = ["--company", company.id, "--period", str(end), "--by", "Ana Souza"]
            assert main(["sign", *where, *signed]) == 0

    def told(zone: str, *select: str) -> list[bool | None]:
        """Of each month whether it has changed, by a build in a session of a time zone."""
        monkeypatch.setenv("PGTZ", zone)
        monkeypatch.setenv("TZ", zone)
        close.build("--exclude-resource-type", "test", "--select", *select or models)
        found = close.rows("close_status", where="true order by period_end")
        changed = [row["changed_since_signed"] for row in found]
        assert [row["signed_by"] is None for row in found] == [one is None for one in changed]
        assert main(["status", *where]) == int(any(changed))
        return changed

    def load() -> None:
        close.load(reader.read("omie", company.id, first, ends[-1]))

    load()
    assert told("UTC") == [None, None]
    sign(*ends)
    # Two accounts change places, so that the totals are the same; a session east of UTC.
    entries = company.entries_between(first, ends[0])[:2]
    for one, other in (entries, entries[::-1]):
        (debit, credit), (swapped, _) = one.lines, other.lines
        company.edit_entry(one.id, lines=(replace(debit, account=swapped.account), credit))
    load()
    assert told("Asia/Tokyo") == [True, False]
    for entry in entries:
        company.edit_entry(entry.id, lines=entry.lines)
    load()
    assert told("UTC") == [False, False]
    # Signed after all that, and a session west of UTC.
    sign(ends[0])
    assert told("America/Sao_Paulo", "close_status") == [False, False]
    # One month's trial balance is older than its header, the other month is no longer read.
    late = "update erp.periods set extracted_at = extracted_at + interval '1 day' where period_end"
    gone = ("periods", "trial_balance", "subledger", "validation_issues")
    close.execute(
        f"{late} = '{ends[0]}'",
        *(f"delete from erp.{table} where period_end = '{ends[1]}'" for table in gone),  # noqa: S608
    )
    assert told("UTC") == [True]
    to_zero = close.rows("restatements", where="debit_after = 0 and credit_after = 0")
    assert {row["period_end"] for row in to_zero} == {ends[0]}
