"""The report on what dbt really builds: signed, then changed in the ERP, loaded and built again."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from close import holding
from close.conftest import Serve, close, serve
from close.warehouses import Close
from close_report.cli import main
from report.conftest import scripts
from report.ledgers import months

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
