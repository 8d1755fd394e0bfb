"""Any one change of the books shows as exactly that difference, be it in the file or in the ERP."""

# Names of tables are the test's own.
# ruff: noqa: S608

from __future__ import annotations

import json
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from close.reading import Reader, Streams
from close.warehouses import Close, DuckClose
from ecd import writer
from ecd.tapped import Folder, Run
from ecd.writer import CNPJ, Filing, Record, changed
from erp_common.ledger.schemas import SCHEMAS
from simulator import Books, Company, Entry, Simulator

FIRST, LAST = date(2023, 11, 1), date(2023, 12, 31)
MONTHS = [(FIRST, date(2023, 11, 30)), (date(2023, 12, 1), LAST)]
ZERO = Decimal(0)
pytestmark = [pytest.mark.close, pytest.mark.timeout(900)]

Difference = Counter[tuple[str, date, str, Decimal]]
"""Postings by account, day, side and amount: positive where the file has more."""


def books() -> Books:
    """Two months that end with the year's closing; the same every time."""
    return Books.generate(entries_per_month=6, start=FIRST, end=LAST, closing="yearly")


def filing_of(company: Company) -> Filing:
    """The books as they are filed."""
    return Filing(company, FIRST, LAST, kind=lambda entry: "E" if entry.closes else "N")


def tapped(files: dict[str, bytes]) -> Streams:
    """The rows of the files, as the tap gives them."""
    run = Run(Folder(files), companies=[{"id": "101", "cnpj": CNPJ}])
    assert run.failed == {}
    return run.rows


class Sides:
    """The ERP's rows in one schema and the filed ones in another, and the models over both."""

    def __init__(self, duck: DuckClose, folder: Path) -> None:
        """Build the models once; from then on they are only filled anew."""
        self._duck = duck
        self._folder = folder
        self.erp, self.file = books(), books()
        self._sim = Simulator(self.erp)
        self._sim.__enter__()
        duck.seed("ecd_account_map")
        self.load_erp()
        self.load_file()
        duck.build("--select", "+ecd_posting_diff", "+ecd_tie_out", "--indirect-selection=empty")
        self._models = list(compiled(folder / "target" / "manifest.json"))

    def close(self) -> None:
        """Stop serving."""
        self._sim.__exit__(None, None, None)

    def load_erp(self) -> None:
        """Read the ERP's books again."""
        rows = Reader(self._sim, self._folder).read("totvs", "101", FIRST, LAST)
        self._replace("erp", rows)

    def load_file(self, **files: bytes) -> None:
        """Read these files, or the one of the books."""
        files = files or {"ecd": writer.write(filing_of(self.file.company))}
        self._replace("ecd", tapped({f"{name}.txt": data for name, data in files.items()}))

    def map(self, *rows: dict[str, str]) -> None:
        """Fill the map of codes."""
        self._duck.seed("ecd_account_map", *rows)

    def _replace(self, schema: str, rows: Streams) -> None:
        self._duck.load({}, schema=schema)
        self._duck.execute(*(f"delete from {schema}.{table}" for table in SCHEMAS))
        self._duck.load(rows, schema=schema)

    def refresh(self) -> None:
        """Fill the models anew, with the statements that dbt has made of them."""
        self._duck.execute(
            *(f"create or replace table {name} as {query}" for name, query in self._models)
        )

    def statuses(self) -> dict[tuple[date, str], str]:
        """What the tie-out says of each account, by its code as filed, else as in the ERP."""
        return {
            (row["period_end"], row["ecd_account_code"] or row["account_code"]): row["status"]
            for row in self._duck.rows("ecd_tie_out")
        }

    def postings(self) -> Difference:
        """The postings that one side has more often."""
        found: Difference = Counter()
        for row in self._duck.rows("ecd_posting_diff"):
            more = row["ecd_count"] - row["erp_count"]
            assert row["missing_in"] == ("ERP" if more > 0 else "ECD")
            key = (row["account_code"], row["transaction_date"], row["side"], row["amount"])
            assert key not in found
            found[key] = more
        return found

    def check(self) -> None:
        """Check that the models say of the two books what a look at both says."""
        file, erp = self.file.company, self.erp.company
        assert self.postings() == more_in(file, erp)
        assert self.statuses() == statuses_of(file, erp)


def compiled(manifest: Path) -> Iterator[tuple[str, str]]:
    """The tables that the models are, each with its query, in the order in which they build."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    done: set[str] = set()

    def visit(name: str) -> Iterator[tuple[str, str]]:
        node = nodes.get(name)
        if node is None or name in done or node["resource_type"] != "model":
            return
        done.add(name)
        for above in node["depends_on"]["nodes"]:
            yield from visit(above)
        if node["config"]["materialized"] != "view" and node["name"] != "int_postings_state":
            yield node["relation_name"], node["compiled_code"]

    for name in ("ecd_tie_out", "ecd_posting_diff"):
        yield from visit(f"model.erp_close.{name}")


def more_in(file: Company, erp: Company) -> Difference:
    """What the journals differ in, without any SQL."""
    found: Difference = Counter()
    for company, sign in ((file, 1), (erp, -1)):
        for entry, line in company.lines(FIRST, LAST):
            for side, amount in (("DEBIT", line.debit), ("CREDIT", line.credit)):
                if amount:
                    found[line.account, entry.date, side, amount] += sign
    return Counter({key: more for key, more in found.items() if more})


Four = tuple[Decimal, Decimal, Decimal, Decimal]


def balances(company: Company, span: tuple[date, date], *, apart: bool) -> dict[str, Four]:
    """Opening, debit, credit and closing of each account, with or without the closing entries."""
    found = {}
    for row in company.trial_balance(*span):
        account = company.account(row.code)
        assert account is not None
        if account.is_summary:
            continue
        opening, debit, credit = row.opening, row.debit, row.credit
        for entry, line in company.lines(FIRST, span[1], row.code) if apart else ():
            if entry.closes and entry.date < span[0]:
                opening -= line.debit - line.credit
            elif entry.closes:
                debit, credit = debit - line.debit, credit - line.credit
        found[row.code] = (opening, debit, credit, opening + debit - credit)
    return found


def statuses_of(file: Company, erp: Company) -> dict[tuple[date, str], str]:
    """What the trial balances differ in, without any SQL."""
    found = {}
    for span in MONTHS:
        whole = [balances(one, span, apart=False) for one in (file, erp)]
        apart = [balances(one, span, apart=True) for one in (file, erp)]
        for code in whole[0]:
            same = whole[0][code] == whole[1][code]
            closed = apart[0][code] == apart[1][code]
            found[span[1], code] = "EQUAL" if same else "ONLY_CLOSING" if closed else "DIFFERS"
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder = tmp_path_factory.mktemp("sides")
    sides = Sides(DuckClose(folder), folder)
    yield sides
    sides.close()


@pytest.fixture
def sides(built: Sides) -> Iterator[Sides]:
    """Both sides alike, and again when the test is over."""
    yield built
    built.map()
    for company, original in ((one.company, books().company) for one in (built.erp, built.file)):
        for entry in company.entries:
            company.delete_entry(entry.id)
        for entry in original.entries:
            company.add_entry(entry)
    built.load_erp()
    built.load_file()
    built.refresh()


Change = Callable[[Company, Entry, Random], None]


def amount(company: Company, entry: Entry, chance: Random) -> None:
    by = Decimal(chance.randint(1, 99)).scaleb(-2) + 1
    lines = [
        replace(line, debit=line.debit and line.debit * by, credit=line.credit and line.credit * by)
        for line in entry.lines
    ]
    rounded = [
        replace(one, debit=round(one.debit, 2), credit=round(one.credit, 2)) for one in lines
    ]
    off = sum((one.debit - one.credit for one in rounded), ZERO)
    last = rounded[-1]
    rounded[-1] = (
        replace(last, credit=last.credit + off) if last.credit else
        replace(last, debit=last.debit - off)
    )  # fmt: skip
    company.edit_entry(entry.id, lines=tuple(rounded))


def day(company: Company, entry: Entry, chance: Random) -> None:
    last = monthrange(entry.date.year, entry.date.month)[1]
    company.edit_entry(entry.id, date=entry.date.replace(day=chance.randint(1, last)))


def month(company: Company, entry: Entry, chance: Random) -> None:
    other = 11 if entry.date.month == 12 else 12
    company.edit_entry(entry.id, date=entry.date.replace(month=other, day=chance.randint(1, 28)))


def code(company: Company, entry: Entry, chance: Random) -> None:
    used = {line.account for line in entry.lines}
    others = [one.code for one in company.accounts if not one.is_summary and one.code not in used]
    company.edit_line(entry.id, chance.randrange(len(entry.lines)), account=chance.choice(others))


def side(company: Company, entry: Entry, chance: Random) -> None:
    del chance
    turned = tuple(replace(one, debit=one.credit, credit=one.debit) for one in entry.lines)
    company.edit_entry(entry.id, lines=turned)


def kind(company: Company, entry: Entry, chance: Random) -> None:
    del chance
    company.edit_entry(entry.id, closes=None if entry.closes else LAST)


def gone(company: Company, entry: Entry, chance: Random) -> None:
    del chance
    company.delete_entry(entry.id)


def twice(company: Company, entry: Entry, chance: Random) -> None:
    del chance
    company.add_entry(
        date=entry.date, description=entry.description, lines=list(entry.lines), closes=entry.closes
    )


CHANGES: tuple[Change, ...] = (amount, day, month, code, side, kind, gone, twice)


def test_books_as_filed_give_no_difference(sides: Sides) -> None:
    assert set(sides.statuses().values()) == {"EQUAL"}
    assert sides.postings() == Counter()
    sides.refresh()
    sides.check()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("where", ["file", "erp"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_any_one_change_gives_exactly_its_difference(
    sides: Sides, change: Change, where: str, seed: int
) -> None:
    chance = Random(f"{change.__name__} {where} {seed}")  # noqa: S311 - the same again is the point
    company = (sides.file if where == "file" else sides.erp).company
    change(company, chance.choice(company.entries), chance)
    if where == "file":
        sides.load_file()
    else:
        sides.load_erp()
    sides.refresh()
    sides.check()


def test_several_changes_on_both_sides_add_up(sides: Sides) -> None:
    chance = Random("both")  # noqa: S311 - the same again is the point
    for company in (sides.file.company, sides.erp.company):
        for change in (amount, month, code, gone):
            change(company, chance.choice(company.entries), chance)
    sides.load_file()
    sides.load_erp()
    sides.refresh()
    sides.check()


def test_an_entry_moved_after_filing_shows_on_both_days(sides: Sides) -> None:
    company = sides.erp.company
    entry = company.entries_between(FIRST, date(2023, 11, 30))[0]
    company.edit_entry(entry.id, date=date(2023, 12, 20))
    sides.load_erp()
    sides.refresh()
    sides.check()
    days = {when: more for (_, when, _, _), more in sides.postings().items()}
    assert days == {entry.date: 1, date(2023, 12, 20): -1}
    touched = {line.account for line in entry.lines}
    differ = {code for (_, code), status in sides.statuses().items() if status != "EQUAL"}
    assert differ == touched


def test_what_closes_the_year_in_the_file_alone_is_set_apart(sides: Sides) -> None:
    company = sides.erp.company
    closing = [entry for entry in company.entries if entry.closes]
    for entry in closing:
        company.delete_entry(entry.id)
    sides.load_erp()
    sides.refresh()
    sides.check()
    touched = {(LAST, line.account) for entry in closing for line in entry.lines}
    odd = {key: status for key, status in sides.statuses().items() if status != "EQUAL"}
    assert odd == dict.fromkeys(touched, "ONLY_CLOSING")


def recoded(sides: Sides, rename: Callable[[str], str]) -> bytes:
    """The books, filed with other codes."""
    return writer.write(changed(filing_of(sides.file.company), code=rename))


def test_codes_without_dots(sides: Sides) -> None:
    sides.load_file(ecd=recoded(sides, lambda one: one.replace(".", "")))
    sides.refresh()
    assert set(sides.statuses().values()) == {"EQUAL"}
    assert sides.postings() == Counter()


def test_reduced_codes_with_a_map(sides: Sides) -> None:
    codes = [one.code for one in sides.file.company.accounts]
    reduced = {one: str(9000 + number) for number, one in enumerate(codes)}
    sides.load_file(ecd=recoded(sides, reduced.__getitem__))
    sides.refresh()
    assert set(sides.statuses().values()) == {"NOT_IN_ERP", "NOT_IN_ECD"}
    sides.map(
        *(
            {"company_id": "101", "ecd_account_code": short, "account_code": whole}
            for whole, short in reduced.items()
        )
    )
    sides.refresh()
    assert set(sides.statuses().values()) == {"EQUAL"}
    assert sides.postings() == Counter()


def test_a_chart_that_changes_is_mapped_by_what_i157_says(sides: Sides) -> None:
    whole = filing_of(sides.file.company)
    files = {
        "november": writer.write(changed(whole, end=MONTHS[0][1])),
        "december": writer.write(
            changed(
                whole,
                start=MONTHS[1][0],
                code=lambda one: f"N{one.replace('.', '')[::-1]}",
                previous=lambda one: one,
            )
        ),
    }
    rows = tapped({f"{name}.txt": data for name, data in files.items()})
    assert [one["code"] for one in rows["validation_issues"]] == []
    pairs = {
        (row["account_code"], one["account_code"])
        for row in rows["ecd_cost_center_balances"]
        for one in row["metadata"].get("previous_accounts", ())
    }
    sides.load_file(**files)
    sides.refresh()
    assert {status for (end, _), status in sides.statuses().items() if end != LAST} == {"EQUAL"}
    sides.map(
        *(
            {
                "company_id": "101",
                "ecd_account_code": new,
                "account_code": old,
                "valid_from": "2023-12-01",
            }
            for new, old in pairs
        )
    )
    sides.refresh()
    mapped = {new for new, _ in pairs}
    found = sides.statuses()
    assert {found[LAST, new] for new in mapped} == {"EQUAL"}
    # An account that only began in December has no old one: it is told, as everything unmapped.
    began = {
        row["account_code"]
        for row in rows["trial_balance"]
        if row["period_end"] == str(LAST) and not row["is_summary"] and row["debit_amount"]
    } - mapped
    assert {code for (end, code), one in found.items() if one == "NOT_IN_ERP"} >= began


def edited(filing: Filing, kind_of: str, nth: int, number: int, value: str) -> tuple[Record, bytes]:
    """The file with one field of one record changed, counted as the manual does; and the record."""
    lines = writer.records(filing)
    record = [one for one in lines if one[0] == kind_of][nth]
    before = list(record)
    record[number - 1] = value
    assert record != before
    return before, writer.as_bytes(filing, lines)


@pytest.mark.parametrize("number", [4, 6, 7, 8])
def test_one_amount_of_a_balance_in_the_file(sides: Sides, number: int) -> None:
    """The tie-out rests on what the file states, and the entries have not changed."""
    filing = filing_of(sides.file.company)
    before, data = edited(filing, "I155", 5, number, "987654,32")
    sides.load_file(ecd=data)
    sides.refresh()
    odd = {key: status for key, status in sides.statuses().items() if status != "EQUAL"}
    assert odd == {(MONTHS[0][1], before[1]): "DIFFERS"}
    assert sides.postings() == Counter()


def decimal(written: str) -> Decimal:
    return Decimal(written.replace(",", "."))


@pytest.mark.parametrize(
    ("number", "value"), [(4, "987654,32"), (5, ""), (2, "1.1.01.02.002")], ids=str
)
def test_one_field_of_a_line_in_the_file(sides: Sides, number: int, value: str) -> None:
    """Amount, side, account: the line as it is filed, and the one that the ERP has."""
    filing = filing_of(sides.file.company)
    lines = [one for one in writer.records(filing) if one[0] == "I250"]
    nth = next(place for place, one in enumerate(lines) if one[1] != value)
    turned = {"D": "C", "C": "D"}[lines[nth][4]]
    before, data = edited(filing, "I250", nth, number, value or turned)
    sides.load_file(ecd=data)
    sides.refresh()
    after = list(before)
    after[number - 1] = value or turned
    found = sides.postings()
    assert {
        (account, "D" if side == "DEBIT" else "C", amount): more
        for (account, _, side, amount), more in found.items()
    } == {
        (after[1], after[4], decimal(after[3])): 1,
        (before[1], before[4], decimal(before[3])): -1,
    }
    assert set(sides.statuses().values()) == {"EQUAL"}


def test_schemas_apart_in_each_database(close: Close, tmp_path: Path) -> None:
    """The ERP's rows in one schema and the filed ones in another, wherever they lie."""
    close.vars |= {"erp_schema": "erp", "ecd_schema": "filed_books"}
    file, erp = books(), books()
    entry = erp.company.entries[3]
    erp.company.edit_entry(entry.id, date=LAST)
    with Simulator(erp) as sim:
        close.load(Reader(sim, tmp_path).read("totvs", "101", FIRST, LAST))
    data = writer.write(filing_of(file.company))
    close.load(tapped({"ecd.txt": data}), schema="filed_books")
    close.build("--select", "+ecd_posting_diff", "+ecd_tie_out", "--indirect-selection=cautious")
    found = {
        (row["account_code"], row["transaction_date"], row["side"], row["amount"]): row["ecd_count"]
        - row["erp_count"]
        for row in close.rows("ecd_posting_diff")
    }
    assert found == dict(more_in(file.company, erp.company))
    statuses = {
        (row["period_end"], row["ecd_account_code"]): row["status"]
        for row in close.rows("ecd_tie_out")
    }
    assert statuses == statuses_of(file.company, erp.company)
