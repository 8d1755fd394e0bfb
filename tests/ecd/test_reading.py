"""What a program writes comes back record for record, in every layout and form."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ecd import writer
from ecd.reading import Read, filing, nets
from ecd.writer import Filing, changed, write
from erp_common.ledger.models import ZERO
from simulator.company import Company
from simulator.model import Entry

FORMS: dict[str, dict[str, Any]] = {
    **{f"layout {number}": {"layout": number} for number in range(1, 10)},
    "fields of its own": {"extra": True},
    "no empty fields at the end": {"trailing": False},
    "line feeds alone": {"line_end": "\n"},
    "ISO-8859-1": {"encoding": "latin-1"},
    "no signature": {"signature": b""},
    "no text": {"rtf": None},
    "a text in J801": {"rtf": "J801"},
    "lines of the text counted": {"rtf_counted": True},
    "codes without mask": {"code": lambda code: code.replace(".", "")},
    "functional currency": {"functional": True, "extra": True},
    "summarised": {"book": "R"},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_file_has_no_findings_and_comes_back_whole(form: str) -> None:
    wanted = changed(filing(), **FORMS[form])
    read = Read(write(wanted))
    assert read.survey.findings == []
    assert [one.starts for one in read.survey.months] == [date(2024, m, 1) for m in range(1, 13)]
    assert read.survey.head.layout == wanted.layout
    assert read.survey.head.book == wanted.book
    assert len(read.survey.accounts) == len(wanted.company.accounts)
    assert_balances(read, wanted)
    assert_postings(read, wanted)
    assert read.rejected == []


def assert_balances(read: Read, wanted: Filing) -> None:
    """Every month has exactly the balances of the books."""
    balances = writer.opening_balances(wanted)
    for month, (start, end) in enumerate(writer.months(wanted.start, wanted.end), 1):
        moved = writer.movements(wanted, start, end)
        expected = {}
        for key in {*balances, *moved}:
            opening = balances[key]
            debit, credit = moved.get(key, (ZERO, ZERO))
            balances[key] = opening + debit - credit
            if any((opening, debit, credit)):
                code = wanted.code(key[0])
                expected[code, key[1]] = (opening, debit, credit, balances[key])
        found = {key: nets(balance) for key, balance in read.balances(month).items()}
        assert found == expected


def assert_postings(read: Read, wanted: Filing) -> None:
    """The postings are the books' lines, in their order."""
    found = [
        (
            *(one.account_code, one.account_name, one.journal_id, one.transaction_date),
            *(one.debit_amount, one.credit_amount, one.description, one.document_number),
            *(one.cost_center, one.entity_id, one.entity_name),
            one.posting_kind.value if one.posting_kind else None,
        )
        for one in read.postings()
    ]
    assert found == [line for entry in entries(wanted) for line in lines(wanted, entry)]
    assert all(entry.debit == entry.credit == entry.total for entry in read.entries)


def entries(wanted: Filing) -> list[Entry]:
    """The entries of the books."""
    return wanted.company.entries_between(wanted.start, wanted.end)


def lines(wanted: Filing, entry: Entry) -> list[tuple[Any, ...]]:
    """What each line of an entry must come back as."""
    kind = {"N": "NORMAL", "E": "CLOSING", "X": "LATE"}[wanted.kind(entry)]
    return [
        (
            *(wanted.code(line.account), name(wanted.company, line.account), str(entry.id)),
            *(entry.date, line.debit, line.credit, line.description or entry.description),
            *(entry.document_number, line.cost_center),
            str(entry.entity.id) if entry.entity else None,
            entry.entity.name if entry.entity else None,
            kind,
        )
        for line in entry.lines
    ]


def name(company: Company, code: str) -> str:
    """The name of an account."""
    account = company.account(code)
    assert account is not None
    return account.name


def test_an_unknown_layout_is_read_like_the_newest_and_told() -> None:
    for layout in (10, 27):
        wanted = changed(filing(), layout=layout)
        read = Read(write(wanted))
        assert read.codes == ["UNKNOWN_LAYOUT"]
        assert_balances(read, wanted)
        assert_postings(read, wanted)


def test_a_month_is_read_by_itself() -> None:
    read = Read(write(filing()))
    parts = [read.postings(month) for month in range(1, 13)]
    assert [one.transaction_date.month for part in parts for one in part] == [
        one.transaction_date.month for one in read.postings()
    ]
    assert sum(map(len, parts)) == len(read.postings())


def test_entries_in_no_order_are_read_month_by_month_all_the_same() -> None:
    wanted = filing()
    records = writer.records(wanted)
    first = next(place for place, one in enumerate(records) if one[0] == "I200")
    last = next(place for place, one in enumerate(records) if one[0] == "I350")
    heads = [p for p in range(first, last) if records[p][0] == "I200"]
    groups = [records[begin:end] for begin, end in zip(heads, [*heads[1:], last], strict=True)]
    groups.sort(key=lambda group: group[0][1][::-1])
    mixed = [*records[:first], *(one for group in groups for one in group), *records[last:]]
    read = Read(writer.as_bytes(wanted, mixed))
    assert read.survey.findings == []
    for month in range(1, 13):
        found = sorted((one.journal_id or "", one.account_code) for one in read.postings(month))
        assert found == sorted(
            (str(entry.id), line.account)
            for entry in entries(wanted)
            if entry.date.month == month
            for line in entry.lines
        )


def test_the_records_before_a_closing_and_of_a_late_entry() -> None:
    late = next(entry for entry in entries(filing()) if entry.document_type != "ENC")
    wanted = changed(
        filing(),
        kind=lambda entry: "E" if entry.document_type == "ENC" else "X" if entry is late else "N",
    )
    read = Read(write(wanted))
    found = [one for one in read.postings() if one.posting_kind == "LATE"]
    assert {one.journal_id for one in found} == {str(late.id)}
    assert all(one.metadata == {"occurred_on": "2023-12-02"} for one in found)
    assert [one.starts for one in read.survey.results] == [date(2024, 12, 31)]


def test_the_chart_before_is_kept_with_the_first_months_balances() -> None:
    wanted = changed(filing(), previous=lambda code: f"9{code}")
    read = Read(write(wanted))
    assert read.survey.head.changed_chart
    for (account, center), balance in read.balances(1).items():
        [previous] = balance.previous
        assert (previous.account_code, previous.cost_center or "") == (f"9{account}", center)
        assert previous.opening_balance == balance.opening
    assert not any(balance.previous for balance in read.balances(2).values())
