"""The page's files: the figures in them, what ERPs may write, and a file for each company."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from close_report.text import plain
from report.conftest import END, START, Database, Run, scripts
from report.ledgers import READ, Rows, mismatch, months, restatement
from simulator import Books

ENDS = [end for _, end in months(START, END)]
DECEMBER = date(2024, 12, 31)
CRUEL = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<!-- <script>",
    "\u202etxet desrever\u2066",
    "\x00\x07\x1b[31m\u200b\ufeff",
    '=HYPERLINK("http://example.com","click")',
    "&lt;b&gt; ' \" ` ${1}",
    "x" * 10_000,
)


@pytest.mark.usefixtures("close")
def test_every_balance_is_that_of_the_books(run: Run, books: Books, tmp_path: Path) -> None:
    out = tmp_path / "page"
    said = run("render", "--out", str(out))
    assert said.status == 0, said.err
    assert said.out.split() == [str(out / "index.html"), str(out / "close.xlsx")]
    found = scripts(out / "index.html")
    assert list(found.companies) == ["aurora", "bela"]
    compared = 0
    for company in books.companies:
        shown = found.companies[company.id]
        codes = [account[0] for account in shown["accounts"]]
        for first, last in months(START, END):
            expected = {
                row.code: tuple(row[1:])
                for row in company.trial_balance(first, last)
                if any(row[1:])
            }
            rows = shown["trial"][last.isoformat()]
            assert {codes[row[0]]: tuple(map(Decimal, row[1:5])) for row in rows} == expected
            compared += len(rows)
            lines = Counter(
                (line.entry.date.isoformat(), line.line.account, line.line.debit, line.line.credit)
                for line in company.lines(first, last)
                if line.entry.document_type != "ABT"
            )
            drilled = Counter(
                (line[0], account, Decimal(line[6]), Decimal(line[7]))
                for account, listed in shown["postings"][last.isoformat()].items()
                for line in listed
            )
            assert drilled == lines
    assert compared > 200


@pytest.mark.usefixtures("close")
def test_statements_add_up(run: Run, books: Books, tmp_path: Path) -> None:
    run("render", "--out", str(tmp_path / "page"))
    found = scripts(tmp_path / "page" / "index.html")
    for company in books.companies:
        shown = found.companies[company.id]
        types = {account.code: account.type for account in company.accounts}
        for first, last in months(START, END):
            end = last.isoformat()
            result = -sum(
                line.line.debit - line.line.credit
                for line in company.lines(first, last)
                if types[line.line.account] in {"REVENUE", "EXPENSE"}
                and line.entry.document_type != "ENC"
            )
            analytic = [row for row in shown["income"][end] if not row[2]]
            assert sum(Decimal(row[3]) for row in analytic) == result
            centers = shown["centers"][end]
            assert sum(Decimal(row[2]) for row in centers) == result
            assert sum(Decimal(row[3]) for row in centers) == sum(Decimal(r[4]) for r in analytic)
            sheet = [row for row in shown["sheet"][end] if not row[2]]
            sides = {
                side: sum(Decimal(row[4]) for row in sheet if (row[3] == "ASSET") is side)
                for side in (True, False)
            }
            assert sides[True] == sides[False] != 0
        december = {row[0]: row for row in shown["trial"]["2024-12-31"] if len(row) > 5}
        assert december, "the closing entries of December are shown"


@pytest.mark.usefixtures("close")
def test_the_overview_s_sums_are_those_of_its_rows(run: Run, books: Books, tmp_path: Path) -> None:
    run("render", "--out", str(tmp_path / "page"))
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    table = page[
        page.index('<table id="results">') : page.index("</table>", page.index('results"'))
    ]
    rows = [re.findall(r'<td class="n[^"]*">([^<]*)', row) for row in table.split("<tr>")[2:]]
    *companies, total = rows
    assert len(companies) == 2
    assert {row[2] for row in rows} == {"—"}, "there is no year before"
    for column in (0, 1, 3):
        shown = [brazilian(row[column]) for row in companies]
        assert sum(shown) == brazilian(total[column])
    assert [brazilian(row[0]) for row in companies] == [
        -sum(
            line.line.debit - line.line.credit
            for line in company.lines(date(2025, 1, 1), date(2025, 1, 31))
            if line.line.account[0] in "345"
        )
        for company in books.companies
    ]
    assert "Fechamento de janeiro de 2025" in page


def test_amounts_in_two_currencies_have_no_sum(
    database: Database, run: Run, rows: Rows, tmp_path: Path
) -> None:
    kept_in = {"aurora": "BRL", "bela": "USD"}
    rows["stg_erp__periods"] = [
        {**row, "currency": kept_in[row["company_id"]]} for row in rows["stg_erp__periods"]
    ]
    database.build(rows)
    run("render", "--out", str(tmp_path / "page"))
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    overview = page[: page.index('<script type="application/json"')]
    assert "Valores em BRL, USD." in overview
    assert "Soma das empresas" not in overview
    assert "as empresas escrituram em moedas diferentes" in overview
    found = scripts(tmp_path / "page" / "index.html")
    assert {key: company["currency"] for key, company in found.companies.items()} == kept_in


@pytest.fixture
def cruel_rows(rows: Rows) -> Rows:
    texts = {
        "account_balances": ("account_name",),
        "income_statement": ("account_name",),
        "balance_sheet": ("account_name",),
        "cost_center_result": ("cost_center",),
        "postings": ("description", "document_number", "entity_name", "cost_center"),
        "group_accounts": ("name",),
        "companies": ("name",),
        "stg_erp__validation_issues": ("message", "code"),
    }
    changed: Rows = {}
    for table, listed in rows.items():
        columns = texts.get(table, ())
        changed[table] = [
            {**row, **{column: _cruel(place + at) for at, column in enumerate(columns)}}
            for place, row in enumerate(listed)
        ]
    return changed


def _cruel(place: int) -> str:
    # PostgreSQL's text cannot hold NUL, so nothing of the kind is ever read from it.
    return CRUEL[place % len(CRUEL)].replace("\x00", "")


def test_texts_of_the_erp_do_no_harm(
    database: Database, run: Run, cruel_rows: Rows, tmp_path: Path
) -> None:
    database.build(cruel_rows)
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 0, said.err
    text = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    found = scripts(tmp_path / "page" / "index.html")
    kinds = Counter(tag for tag, _ in found.tags)
    assert kinds["script"] == 2 + 2
    assert kinds["img"] == 0
    assert "x" * 400 not in text
    for harmful in ("\u202e", "\u2066", "\x07", "\x1b", "\u200b", "\ufeff"):
        assert harmful not in text
    names = {account[1] for account in found.companies["aurora"]["accounts"]}
    assert "<script>alert(1)</script>" in names
    assert '=HYPERLINK("http://example.com","click")' in names


@pytest.mark.usefixtures("close")
def test_a_page_names_no_address_and_forbids_every_request(run: Run, tmp_path: Path) -> None:
    run("render", "--out", str(tmp_path / "page"), "--split-above", "0")
    files = [tmp_path / "page" / "index.html", *(tmp_path / "page" / "companies").iterdir()]
    assert len(files) == 3
    for file in files:
        found = scripts(file)
        for tag, attributes in found.tags:
            assert not {"src", "srcset", "action", "data", "poster"} & set(attributes), tag
            href = attributes.get("href") or "#"
            assert not re.match(r"[a-z]+:|//", href)
        policies = [
            attributes["content"]
            for tag, attributes in found.tags
            if attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policies
        assert (policies[0] or "").startswith("default-src 'none'; style-src 'sha256-")
        assert "url(" not in file.read_text(encoding="utf-8")


@pytest.mark.usefixtures("close")
def test_a_file_for_each_company_beyond_a_size(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "page"
    said = run("render", "--out", str(out), "--split-above", "0")
    files = [out / "companies" / "001-aurora.html", out / "companies" / "002-bela.html"]
    assert said.out.split() == [
        str(file) for file in (out / "index.html", *files, out / "close.xlsx")
    ]
    assert list(scripts(files[0]).companies) == ["aurora"]
    index = scripts(out / "index.html")
    assert index.companies == {}
    links = {attributes.get("href") for tag, attributes in index.tags if tag == "a"}
    assert "companies/001-aurora.html#/c/aurora/2024-11-30" in links

    (out / "companies" / "notes.html").write_text("somebody's own", encoding="utf-8")
    run("render", "--out", str(out))
    assert sorted(file.name for file in (out / "companies").iterdir()) == ["notes.html"]
    assert list(scripts(out / "index.html").companies) == ["aurora", "bela"]


def test_postings_are_left_out_by_whole_months(close: Database, run: Run, tmp_path: Path) -> None:
    counts = {
        row["period_end"]: row["number"]
        for row in close.rows(
            "select period_end, count(*) as number from close.postings "
            "where company_id = 'aurora' group by period_end"
        )
    }
    most = counts[ENDS[-1]] + counts[ENDS[-2]]
    run("render", "--out", str(tmp_path / "page"), "--postings", str(most))
    shown = scripts(tmp_path / "page" / "index.html").companies["aurora"]
    assert set(shown["postings"]) == {end.isoformat() for end in ENDS[-2:]}
    assert shown["left_out"] == {end.isoformat(): counts[end] for end in ENDS[:-2]}


def test_nothing_to_show_is_drawn_too(database: Database, run: Run, tmp_path: Path) -> None:
    database.build({})
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 0, said.err
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "Ainda não há períodos." in page


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_what_needs_attention_is_said_in_words(
    database: Database, run: Run, rows: Rows, tmp_path: Path, language: str
) -> None:
    database.build(rows)
    run("sign", "--company", "bela", "--period", "2024-12", "--by", "Ana Souza")
    changed: list[dict[str, Any]] = [dict(row) for row in rows["account_balances"]]
    moved = next(
        row
        for row in changed
        if row["company_id"] == "bela"
        and row["period_end"] == DECEMBER
        and row["debit"]
        and not row["is_summary"]
    )
    moved["debit"] += 1
    restated = {
        "company_id": "bela", "period_end": DECEMBER, "account_code": moved["account_code"],
        "debit_before": moved["debit"] - 1, "debit_after": moved["debit"],
        "credit_before": moved["credit"], "credit_after": moved["credit"],
        "delta": Decimal(1), "first_seen_at": READ,
    }  # fmt: skip
    database.build({**rows, "account_balances": changed, "restatements": [restated]})
    run("render", "--out", str(tmp_path / "page"), "--language", language)
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    said = "alterado desde que Ana Souza assinou" if language == "pt-BR" else "changed since Ana"
    assert said in page
    assert f'<html lang="{language}">' in page
    shared = scripts(tmp_path / "page" / "index.html").shared
    assert shared["restatements"][0][:5] == [
        "bela",
        "2024-12-31",
        moved["account_code"],
        plain(moved["debit"] - 1),
        plain(moved["debit"]),
    ]


@pytest.mark.parametrize("gone", ["aurora", "bela"])
@pytest.mark.parametrize("signatures", [0, 1])
def test_a_company_that_is_gone_hides_no_other(
    database: Database,
    run: Run,
    books: Books,
    rows: Rows,
    tmp_path: Path,
    gone: str,
    signatures: int,
) -> None:
    for _ in range(signatures):
        run("sign", "--company", gone, "--period", "2024-12", "--by", "Ana Souza")
    left = {
        table: [row for row in listed if row.get("company_id") != gone]
        for table, listed in rows.items()
    }
    # What changed, and what was found when it could not be read at all, stays in the warehouse.
    told = [restatement(books, company, DECEMBER) for company in ("aurora", "bela")]
    found = [mismatch(company, DECEMBER) for company in ("aurora", "bela")]
    kept = {"restatements": told, "stg_erp__validation_issues": found}
    database.build({**left, **kept})
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 0, said.err
    [here] = {"aurora", "bela"} - {gone}
    page = scripts(tmp_path / "page" / "index.html")
    assert [row[0] for row in page.shared["restatements"]] == [here]
    assert page.companies[here]["trial"].keys() == {end.isoformat() for end in ENDS}
    assert set(page.companies) == ({gone, here} if signatures else {here})


@pytest.mark.parametrize("company", ["aaa", "zzz"])
def test_a_model_that_is_ahead_of_the_status_is_refused(
    database: Database, run: Run, rows: Rows, tmp_path: Path, company: str
) -> None:
    ahead = [{**rows["balance_sheet"][0], "company_id": company}]
    database.build({**rows, "balance_sheet": [*rows["balance_sheet"], *ahead]})
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 2
    assert f"The model balance_sheet has the company '{company}' where close_status" in said.err


def brazilian(text: str) -> Decimal:
    """The amount that a cell shows."""
    negative = text.startswith("(")
    value = Decimal(text.strip("()").replace(".", "").replace(",", "."))
    return -value if negative else value
