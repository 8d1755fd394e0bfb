"""The page in a real browser: its figures, its totals, and a controller's questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from close_report.cli import main
from house.settings import PROJECT
from report.conftest import TODAY, usual_books
from report.ledgers import (
    Facts,
    Rows,
    before_the_change,
    mismatch,
    models,
    months,
    restatement,
)
from report.looking import PHONE, WIDE, Page, amount, browser
from report.tables import create
from report.test_render import CRUEL
from simulator import Books, Company

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

START, END = date(2023, 10, 1), date(2025, 2, 28)
SPANS = months(START, END)
NOVEMBER, DECEMBER, JANUARY = (date(2024, 11, 30), date(2024, 12, 31), date(2025, 1, 31))
AURORA, BELA = "Aurora Comércio de Alimentos Ltda", "Bandeirantes Construções S.A."


@pytest.fixture(scope="module")
def books() -> Books:
    return usual_books(START)


@pytest.fixture(scope="module")
def rows(books: Books) -> Rows:
    facts = Facts(
        unreconciled={("bela", NOVEMBER)},
        ecd={("aurora", DECEMBER): "EQUAL", ("bela", DECEMBER): "DIFFERS"},
        findings=[mismatch("bela", NOVEMBER)],
        restatements=[restatement(books, "aurora", NOVEMBER)],
    )
    return models(books, START, END, facts)


@pytest.fixture(scope="module")
def rendered(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Render the rows, signed as they were before November was changed; gives the page."""
    folder = tmp_path_factory.mktemp("rendered")
    address = f"duckdb:///{folder / 'warehouse.duckdb'}"
    create(address, before_the_change(rows, "aurora", NOVEMBER), folder)
    where = ["--database", address, "--as-of", TODAY.isoformat()]
    for month in ("2024-11", "2024-12"):
        signed = ["--company", "aurora", "--period", month, "--by", "Ana Souza"]
        assert main(["sign", *where, *signed]) == 0
    create(address, rows, folder)

    def render(*options: str) -> Path:
        out = folder / "-".join(("page", *options)).replace("--", "")
        if not out.exists():
            assert main(["render", *where, "--out", str(out), *options]) == 0
        return out / "index.html"

    return render


@pytest.fixture(scope="module")
def page(rendered: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile"), WIDE) as driver:
        yield Page(driver, rendered())


def result_of(company: Company, first: date, last: date) -> dict[str, Decimal]:
    """What each analytic result account earned, closing entries left out."""
    types = {account.code: account.type for account in company.accounts}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for posting in company.lines(first, last):
        earned = types[posting.line.account] in {"REVENUE", "EXPENSE"}
        if earned and posting.entry.document_type != "ENC":
            found[posting.line.account] += posting.line.credit - posting.line.debit
    return found


def test_every_figure_of_the_trial_balances_is_the_books(page: Page, books: Books) -> None:
    page.open()
    for company in books.companies:
        for first, last in SPANS:
            page.run(f"location.hash = '#/c/{company.id}/{last}/trial'")
            title = page.run("return document.title")
            shown = page.table("#panel-trial table")
            assert company.name in title
            expected = {
                row.code: row[1:] for row in company.trial_balance(first, last) if any(row[1:])
            }
            cells = {row["code"]: tuple(map(amount, row["cells"][1:5])) for row in shown}
            assert cells == expected
            analytic = [row["cells"] for row in shown if not row["summary"]]
            foot = page.foot("#panel-trial table")
            for column in range(1, len(foot)):
                assert sum(amount(row[column]) for row in analytic) == amount(foot[column])


def test_every_figure_of_the_statements_is_the_books(page: Page, books: Books) -> None:
    page.open()
    for company in books.companies:
        for first, last in SPANS:
            page.run(f"location.hash = '#/c/{company.id}/{last}/income'")
            year = first.replace(month=1)
            month, ytd = (result_of(company, since, last) for since in (first, year))
            before = result_of(company, year.replace(year=year.year - 1), year_before(last))
            rows = [row for row in page.table("#panel-income table") if not row["summary"]]
            for row in rows:
                shown = [amount(text) if text != "—" else None for text in row["cells"][1:4]]
                known = before[row["code"]] if last.year > START.year else None
                expected = [month[row["code"]], ytd[row["code"]], known]
                if year_before(last) < START:
                    expected[2] = None
                assert shown == expected, (company.id, last, row["code"])
            assert {row["code"] for row in rows} >= {code for code, value in ytd.items() if value}
            foot = page.foot("#panel-income table")
            assert amount(foot[1]) == sum(month.values())
            assert amount(foot[2]) == sum(ytd.values())

            centers = [row for row in page.table("#panel-centers table") if not row["summary"]]
            assert sum(amount(row["cells"][1]) for row in centers) == sum(month.values())
            assert page.foot("#panel-centers table")[1] == foot[1]
            assert page.foot("#panel-centers table")[2] == foot[2]

            shown = page.run(
                "return [...document.querySelectorAll('#panel-sheet table tfoot td')]"
                ".map((cell) => cell.textContent)"
            )
            closing = {row.code: row.closing for row in company.trial_balance(first, last)}
            assets = sum(
                closing[account.code]
                for account in company.accounts
                if account.type == "ASSET" and not account.is_summary
            )
            assert [amount(text) for text in shown] == [assets, assets]


def test_sums_of_what_is_folded_are_those_of_what_is_in_it(page: Page) -> None:
    page.open("#/c/aurora/2025-01-31/centers")
    shown = [row for row in page.table("#panel-centers table") if not row["hidden"]]
    assert all(row["summary"] for row in shown), "folded at first"
    foot = page.foot("#panel-centers table")
    assert sum(amount(row["cells"][1]) for row in shown) == amount(foot[1])
    page.click("Expandir tudo", "#panel-centers")
    assert not any(row["hidden"] for row in page.table("#panel-centers table"))


def test_a_search_minds_no_accents(page: Page) -> None:
    page.open("#/c/aurora/2024-12-31/trial")
    page.run(
        "const box = document.querySelector('#panel-trial input[type=search]');"
        "box.value = 'PATRIMONIO LIQUIDO'; box.dispatchEvent(new Event('input'));"
    )
    shown = [row for row in page.table("#panel-trial table") if not row["hidden"]]
    assert [row["code"] for row in shown] == ["2", "2.4"]


def year_before(day: date) -> date:
    """The last day of the same month a year before."""
    return next(
        (last for _, last in SPANS if (last.year, last.month) == (day.year - 1, day.month)),
        date(day.year - 1, day.month, 28),
    )


def test_ten_questions_are_answered_by_clicks(page: Page, books: Books) -> None:
    aurora = books["aurora"]
    page.open()

    # 1. How far is the close of the last month?
    assert page.text("h1") == "Fechamento de janeiro de 2025"
    assert "Conciliado\n2\nde 2 empresas" in page.text(".tiles")

    # 2. What has changed since it was signed, and who had signed it?
    assert f"{AURORA}, novembro de 2024: alterado desde que Ana Souza assinou" in page.text(".todo")
    page.click(f"{AURORA}, novembro de 2024")
    assert "assinado por Ana Souza" in page.text(".facts")

    # 3. What exactly changed, from what to what?
    [row] = page.table("#panel-changes table")
    assert row["cells"][2:4] == ["900,10", "1.000,10"]
    assert amount(row["cells"][6]) == 100

    # 4. Which company does not tie out, and what is there to do?
    page.click("Visão geral")
    page.click(f"{BELA}, novembro de 2024: o razão não concilia")
    assert "o razão tem débitos de 290,00" in page.text("#panel-findings")
    assert "Leia o período de novo" in page.text("#panel-findings .do")

    # 5. What did the company earn in that month, and in the year so far?
    page.click("DRE")
    earned = sum(result_of(books["bela"], date(2024, 11, 1), NOVEMBER).values())
    assert amount(page.foot("#panel-income table")[1]) == earned

    # 6. And in the year before?
    earned = sum(result_of(books["bela"], date(2023, 10, 1), date(2023, 11, 30)).values())
    assert amount(page.foot("#panel-income table")[3]) == earned

    # 7. Which postings make up this expense?
    page.click("Expandir tudo", "#panel-income")
    moved = result_of(books["bela"], date(2024, 11, 1), NOVEMBER)
    code = max(moved, key=lambda account: abs(moved[account]))
    page.run(
        f"document.querySelector('#panel-income tr[data-code=\"{code}\"] button.name').click()"
    )
    lines = books["bela"].lines(date(2024, 11, 1), NOVEMBER, code)
    assert len(page.table("#drill table")) == len(lines)
    assert "Confere com os débitos e créditos do balancete." in page.text("#drill .check")
    foot = page.foot("#drill table")
    assert amount(foot[1]) == sum(line.line.debit for line in lines)
    page.click("Fechar", "#drill")

    # 8. How much of the result has no cost centre?
    page.click("Centros de custo", ".tabs")
    without = [
        row
        for row in page.table("#panel-centers table")
        if "Sem centro de custo" in row["cells"][0]
    ]
    types = {account.code: account.type for account in aurora.accounts}
    assert amount(without[0]["cells"][1]) == sum(
        posting.line.credit - posting.line.debit
        for posting in books["bela"].lines(date(2024, 11, 1), NOVEMBER)
        if posting.line.cost_center is None
        and types[posting.line.account] in {"REVENUE", "EXPENSE"}
    )

    # 9. What do the companies have with each other, and do both sides agree?
    page.click("Consolidado")
    assert "Os dois lados de cada par conferem." in page.text("#view-group")
    assert len(page.table("#eliminations")) == 2

    # 10. What does the group own without what it owes itself?
    row = next(row for row in page.table(".consolidated") if "Ativo do grupo" in row["cells"][0])
    aggregated, eliminated, consolidated = map(amount, row["cells"][1:4])
    assert consolidated == aggregated - eliminated
    assert aggregated == sum(
        row.closing
        for company in books.companies
        for row in company.trial_balance(date(2025, 1, 1), JANUARY)
        if row.code == "1"
    )


def test_the_matrix_shows_each_fact_alone(page: Page) -> None:
    page.open()

    def marks() -> dict[str, list[str]]:
        found: dict[str, list[str]] = page.run(
            "return Object.fromEntries([...document.querySelectorAll('#matrix tbody tr')].map("
            "(row) => [row.children[0].textContent, "
            "[...row.querySelectorAll('.mark > span:first-child')].map((one) => one.textContent)]))"
        )
        return found

    place = [last for _, last in SPANS].index(NOVEMBER)
    assert marks()[AURORA][place : place + 4] == ["↻", "✓", "○", "…"]
    assert marks()[BELA][place : place + 4] == ["✕", "!", "○", "…"]
    page.click("Conciliado", "#facts")
    assert marks()[BELA][place : place + 2] == ["✕", "✓"]
    page.click("Confere com a ECD", "#facts")
    assert (marks()[AURORA][place + 1], marks()[BELA][place + 1]) == ("✓", "✕")
    page.click("Assinado", "#facts")
    assert marks()[AURORA][place : place + 3] == ["✕", "✓", "·"]
    page.click("Situação", "#facts")
    assert marks()[AURORA][place] == "↻"


def test_it_is_worked_by_keyboard_alone(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.open("#/c/aurora/2025-01-31/trial")

    def press(*keys: str) -> None:
        page.browser.switch_to.active_element.send_keys(*keys)

    page.run("document.getElementById('tab-trial').focus()")
    press(Keys.ARROW_RIGHT)
    assert page.run("return document.activeElement.id") == "tab-income"
    assert page.run("return document.getElementById('panel-income').hidden") is False
    press(Keys.ARROW_LEFT)
    page.click("Expandir tudo", "#panel-trial")
    page.run("document.querySelector('#panel-trial button.name').focus()")
    press(Keys.ENTER)
    assert page.run("return document.getElementById('drill').open") is True
    press(Keys.ESCAPE)
    assert page.run("return document.getElementById('drill').open") is False
    assert page.run("return document.activeElement.className").endswith("name")


def test_a_file_for_each_company_leads_from_one_to_the_next(
    page: Page, rendered: Callable[..., Path]
) -> None:
    split = Page(page.browser, rendered("--split-above", "0"))
    split.open()
    split.click(BELA, "#matrix")
    assert split.browser.current_url.endswith("companies/002-bela.html#/c/bela/2025-01-31")
    assert split.text("h1") == BELA
    assert len(split.table("#panel-trial table")) > 20
    split.click("O que mudou", ".top")
    assert split.browser.current_url.endswith("index.html#/changes")
    assert split.text("#view-changes h1") == "O que mudou"


def test_nothing_is_asked_for_and_nothing_goes_wrong(page: Page) -> None:
    page.requests()
    page.complaints()
    page.open()
    for place in ("#/changes", "#/group", "#/c/aurora", "#/c/bela/2024-11-30/findings", "#/c/no"):
        page.open(place)
    asked = page.requests()
    assert asked
    assert {address.partition(":")[0] for address in asked} <= {"file", "about", "data"}
    assert page.complaints() == []


@pytest.mark.parametrize("place", ["", "#/c/aurora/2024-12-31/trial", "#/changes", "#/group"])
def test_a_phone_shows_it_without_scrolling_sideways(
    rendered: Callable[..., Path], tmp_path: Path, place: str
) -> None:
    with browser(tmp_path, PHONE) as driver:
        phone = Page(driver, rendered())
        phone.open(place)
        assert phone.run("return document.documentElement.scrollWidth") == PHONE[0]
        small: list[Any] = phone.run(
            "return [...document.querySelectorAll('main a, main button')].filter((one) => "
            "one.offsetParent && parseFloat(getComputedStyle(one).fontSize) < 10)"
            ".map((one) => one.outerHTML)"
        )
        assert small == []


def test_cruel_texts_stay_texts(page: Page, rows: Rows, tmp_path: Path) -> None:
    cruel = dict(rows)
    for table, column in (
        ("account_balances", "account_name"),
        ("postings", "description"),
        ("stg_erp__validation_issues", "message"),
        ("companies", "name"),
    ):
        cruel[table] = [
            {**row, column: CRUEL[place % len(CRUEL)].replace("\x00", "")}
            for place, row in enumerate(rows[table])
        ]
    address = f"duckdb:///{tmp_path / 'cruel.duckdb'}"
    create(address, cruel, tmp_path)
    out = tmp_path / "page"
    where = ["--database", address, "--as-of", TODAY.isoformat(), "--out", str(out)]
    assert main(["render", *where]) == 0
    shown = Page(page.browser, out / "index.html")
    shown.complaints()
    shown.open("#/c/aurora/2024-11-30/trial")
    assert shown.run("return document.querySelectorAll('main img, main script').length") == 0
    assert "<script>alert(1)</script>" in shown.run("return document.body.textContent")
    shown.click("Expandir tudo", "#panel-trial")
    assert shown.run("return document.documentElement.scrollWidth") <= WIDE[0]
    shown.run("document.querySelector('#panel-trial button.name').click()")
    assert shown.run("return document.querySelectorAll('dialog img, dialog script').length") == 0
    assert shown.complaints() == []


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # in the library itself
def test_formulas_of_the_workbook_give_the_totals_of_the_page(
    page: Page, rendered: Callable[..., Path]
) -> None:
    # Only `make test-browser` has it.
    import formulas  # noqa: PLC0415

    file = rendered().parent / "close.xlsx"
    reckoned = {
        key.replace("'", ""): cell.value[0, 0]
        for key, cell in formulas.ExcelModel().loads(str(file)).finish().calculate().items()
        if hasattr(cell, "value") and ":" not in key
    }
    written, kept = (openpyxl.load_workbook(file, data_only=only) for only in (False, True))
    compared = 0
    for sheet in written:
        for cell in (cell for line in sheet.iter_rows() for cell in line):
            if cell.data_type == "f":
                key = f"[{file.name}]{sheet.title.upper()}!{cell.coordinate}"
                stored = kept[sheet.title][cell.coordinate].value
                assert float(reckoned[key]) == pytest.approx(stored, abs=0.005), key
                compared += 1
    assert compared > 20
    page.open("#/c/aurora/2025-01-31/income")
    shown = amount(page.foot("#panel-income table")[1])
    total = next(
        row for row in kept["DRE"].iter_rows(values_only=True) if row[0] == f"Soma de {AURORA}"
    )
    assert total[4] == pytest.approx(float(shown), abs=0.005)


AXE = PROJECT / ".tools" / "axe" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.accessibility
@pytest.mark.parametrize(
    "place",
    ["", "#/changes", "#/group", "#/c/aurora/2024-11-30/trial", "#/c/bela/2024-11-30/findings"],
)
def test_axe_finds_no_fault(page: Page, place: str) -> None:
    page.open(place)
    page.run(AXE.read_text(encoding="utf-8"))
    found = page.browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((result) => done(result.violations.map("
        "(one) => [one.id, one.impact, one.nodes.length, one.nodes[0].html])));"
    )
    assert found == []
