"""Signatures: what is refused, what is kept, and what turns when the ERP changes a signed month."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from report.conftest import END, START, TODAY, Database, Run
from report.ledgers import Facts, models
from simulator import Books

JANUARY, DECEMBER = date(2025, 1, 31), date(2024, 12, 31)
SIGN = ("sign", "--company", "aurora", "--by", "Ana Souza")


def test_a_signature_says_who_when_and_what(close: Database, run: Run, books: Books) -> None:
    said = run(*SIGN, "--period", "2025-01", "--note", "conferido com o banco")
    assert said.status == 0, said.err
    [row] = close.rows("select * from close.close_signoffs")
    lines = books["aurora"].lines(date(2025, 1, 1), JANUARY)
    debit = sum(line.line.debit for line in lines)
    assert (row["action"], row["company_id"]) == ("SIGN", "aurora")
    assert (row["period_start"], row["period_end"]) == (date(2025, 1, 1), JANUARY)
    assert (row["signed_by"], row["note"]) == ("Ana Souza", "conferido com o banco")
    assert (row["total_debit"], row["total_credit"]) == (debit, debit)
    assert row["account_count"] == len({line.line.account for line in lines})
    assert len(row["digest"]) == 64
    assert row["anyway"] is False
    assert row["objections"] is None
    assert "Ana Souza" in said.out


@pytest.mark.parametrize(
    ("period", "facts", "why"),
    [
        ("2025-02", Facts(), "still open"),
        ("2025-01", Facts(unbalanced={("aurora", JANUARY)}), "does not balance"),
        ("2025-01", Facts(unreconciled={("aurora", JANUARY)}), "do not reconcile"),
        ("2025-01", Facts(unread={("aurora", JANUARY)}), "were not read"),
    ],
)
def test_what_is_not_fit_is_refused(close: Database, run: Run, period: str, why: str) -> None:
    said = run(*SIGN, "--period", period)
    assert said.status == 1
    assert why in said.err
    assert "--anyway" in said.err
    assert json.loads(run("status", "--json").out)["periods"][0]["signed_by"] is None

    assert run(*SIGN, "--period", period, "--anyway", "--note", "auditor aware").status == 0
    [row] = close.rows("select anyway, objections from close.close_signoffs")
    assert row["anyway"] is True
    assert why in row["objections"]


@pytest.mark.usefixtures("close")
def test_an_open_period_is_not_signed_as_of_a_later_day(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("close_report.cli.today", lambda: TODAY)
    said = run(*SIGN, "--period", "2025-02", "--as-of", "2030-01-01")
    assert said.status == 1
    assert "still open" in said.err
    assert signed(run) == {}


@pytest.mark.parametrize(
    "database", [pytest.param("postgresql", id="in PostgreSQL")], indirect=True
)
def test_a_signature_is_kept_and_shown(close: Database, run: Run, tmp_path: Path) -> None:
    assert run(*SIGN, "--period", "2025-01").status == 0
    [row] = close.rows("select signed_by, total_debit from close.close_signoffs")
    assert row["signed_by"] == "Ana Souza"
    assert isinstance(row["total_debit"], Decimal)
    assert signed(run) == {("aurora", "2025-01-31"): "Ana Souza"}
    assert run("render", "--out", str(tmp_path / "page")).status == 0
    assert "Ana Souza" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


def test_a_withdrawal_is_a_row_of_its_own(close: Database, run: Run) -> None:
    assert run(*SIGN, "--period", "2024-12").status == 0
    taken = run(*SIGN, "--period", "2024-12", "--withdraw")
    assert taken.status == 0
    assert "The signature by Ana Souza of 20" in taken.out
    assert "the period is not signed now" in taken.out
    rows = close.rows("select * from close.close_signoffs order by signed_at")
    assert [row["action"] for row in rows] == ["SIGN", "WITHDRAW"]
    assert rows[1]["withdraws"] == rows[0]["signoff_id"]
    said = run(*SIGN, "--period", "2024-12", "--withdraw")
    assert said.status == 2
    assert "no signature" in said.err
    assert signed(run) == {}


@pytest.mark.usefixtures("close")
def test_of_two_signatures_the_later_counts_and_the_earlier_stays(run: Run) -> None:
    run(*SIGN, "--period", "2024-12")
    run("sign", "--company", "aurora", "--by", "Rui Lima", "--period", "2024-12-31")
    assert signed(run) == {("aurora", "2024-12-31"): "Rui Lima"}
    withdrawing = ("sign", "--company", "aurora", "--by", "Rui Lima", "--withdraw")
    assert "; the one by Ana Souza of 20" in run(*withdrawing, "--period", "2024-12").out
    assert signed(run) == {("aurora", "2024-12-31"): "Ana Souza"}


def test_exactly_the_changed_month_turns(close: Database, run: Run, books: Books) -> None:
    for company in ("aurora", "bela"):
        for month in ("2024-10", "2024-11", "2024-12", "2025-01"):
            run("sign", "--company", company, "--by", "Ana Souza", "--period", month)
    assert run("status").status == 0

    entry = books["aurora"].entries_between(date(2024, 11, 1), date(2024, 11, 30))[0]
    more = Decimal("100.00")
    other = next(line for line in entry.lines if bool(line.debit) != bool(entry.lines[0].debit))
    larger = tuple(
        replace(
            line,
            debit=line.debit + (more if line.debit else 0),
            credit=line.credit + (more if line.credit else 0),
        )
        if line in (entry.lines[0], other)
        else line
        for line in entry.lines
    )
    books["aurora"].edit_entry(entry.id, lines=larger)
    close.build(models(books, START, END))

    said = run("status")
    assert said.status == 1
    assert "Aurora" in said.out
    told = json.loads(run("status", "--json").out)
    assert told["changed"] is True
    assert [
        (row["company_id"], row["period_end"])
        for row in told["periods"]
        if row["changed_since_signed"]
    ] == [("aurora", "2024-11-30")]
    brief = run("status", "--brief")
    assert brief.status == 1
    assert "novembro de 2024" in brief.out
    assert "Ana Souza" in brief.out

    assert run(*SIGN, "--period", "2024-11").status == 0
    assert run("status").status == 0


def test_a_signed_month_that_is_gone_has_changed(close: Database, run: Run, books: Books) -> None:
    run(*SIGN, "--period", "2024-10")
    close.build(models(books, date(2024, 11, 1), END))
    said = run("status", "--brief", "--language", "en")
    assert said.status == 1
    assert "October 2024: changed since Ana Souza signed it" in said.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--company", "nobody", "--period", "2024-12"),
            "There is no company 'nobody': the companies are aurora, bela.",
        ),
        (("--company", "aurora", "--period", "2019-12"), "2024-10, 2024-11, 2024-12"),
        (("--company", "aurora", "--period", "12/2024"), "write a month, such as 2024-03"),
        (("--company", "aurora", "--period", "2024-13"), "write a month, such as 2024-03"),
    ],
)
@pytest.mark.usefixtures("close")
def test_what_does_not_exist_is_named(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    said = run("sign", "--by", "Ana Souza", *arguments)
    assert said.status == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1


def signed(run: Run) -> dict[tuple[str, str], str]:
    """Who signed what, as far as it counts."""
    told = json.loads(run("status", "--json").out)["periods"]
    return {
        (row["company_id"], row["period_end"]): row["signed_by"] for row in told if row["signed_by"]
    }
