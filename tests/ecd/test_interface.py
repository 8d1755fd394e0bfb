"""Filed ledgers through the Python interface, and at the edges of what a file states."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ecd import writer
from ecd.reading import filing
from ecd.tapped import Folder, read
from ecd.writer import CNPJ, changed, write
from erp_common import ERPValidationError, create_connector

QUARTER = (date(2024, 10, 1), date(2024, 12, 31))


def folder() -> Folder:
    return Folder({"ecd.txt": write(changed(filing(), start=QUARTER[0]))})


def test_a_trial_balance_and_an_accounts_postings() -> None:
    config = {"paths": [folder().path]}
    with create_connector(erp_type="sped_ecd", credentials={}, config=config) as filed:
        books = filed.get_trial_balance(CNPJ, *QUARTER)
        expected = {row.code: row.closing for row in filing().company.trial_balance(*QUARTER)}
        assert {one.account_code: one.closing_balance for one in books.accounts} == expected
        account = "1.1.01.02.001"
        lines = filing().company.lines(*QUARTER, account)
        found = filed.get_subledger_details(CNPJ, account, *QUARTER)
        assert [(one.debit_amount, one.credit_amount) for one in found] == [
            (one.line.debit, one.line.credit) for one in lines
        ]
        part = filed.get_subledger_details(CNPJ, account, date(2024, 10, 10), date(2024, 10, 20))
        assert {date(2024, 10, 10) <= one.transaction_date <= date(2024, 10, 20) for one in part}
        with pytest.raises(ERPValidationError, match="has no account 77"):
            filed.get_subledger_details(CNPJ, "77", *QUARTER)
        with pytest.raises(ERPValidationError, match="whole months"):
            filed.get_trial_balance(CNPJ, date(2024, 10, 10), date(2024, 10, 20))


def test_a_line_that_cannot_be_read_is_an_error_where_nothing_tells_of_it() -> None:
    data = write(changed(filing(), start=QUARTER[0]))
    line = next(one for one in data.split(b"\r\n") if one.startswith(b"|I250|1.1.01.02.001|"))
    values = line.split(b"|")
    values[4] = b"?"
    config = {"paths": [Folder({"ecd.txt": data.replace(line, b"|".join(values), 1)}).path]}
    with (
        create_connector(erp_type="sped_ecd", credentials={}, config=config) as filed,
        pytest.raises(ERPValidationError, match="VL_DC"),
    ):
        filed.get_subledger_details(CNPJ, "1.1.01.02.001", *QUARTER)


def test_a_month_without_balances_still_has_its_entries_and_says_so() -> None:
    wanted = changed(filing(), start=QUARTER[0])
    lines = writer.records(wanted)
    begin = next(p for p, one in enumerate(lines) if one[:2] == ["I150", "01112024"])
    end = next(p for p, one in enumerate(lines) if one[:2] == ["I150", "01122024"])
    run = read({"ecd.txt": writer.as_bytes(wanted, [*lines[:begin], *lines[end:]])})
    assert len(run.rows["subledger"]) == len(wanted.company.lines(*QUARTER))
    november = {
        row["code"] for row in run.rows["validation_issues"] if row["period_start"] == "2024-11-01"
    }
    assert {"MONTH_MISSING", "SUBLEDGER_MISMATCH"} <= november


def test_an_entry_of_another_year_is_told_and_not_emitted() -> None:
    wanted = changed(filing(), start=QUARTER[0])
    lines = writer.records(wanted)
    entry = next(one for one in lines if one[0] == "I200")
    entry[2] = "05022019"
    run = read({"ecd.txt": writer.as_bytes(wanted, lines)})
    told = [row for row in run.rows["validation_issues"] if row["code"] == "OUT_OF_PERIOD"]
    assert told
    assert {row["period_start"] for row in told} == {"2024-10-01"}
    assert entry[1] not in {row["journal_id"] for row in run.rows["subledger"]}


def test_a_file_without_accounts_fails_the_company() -> None:
    wanted = changed(filing(), start=QUARTER[0])
    kept = [one for one in writer.records(wanted) if one[0] not in {"I050", "I051", "I052", "I155"}]
    run = read({"ecd.txt": writer.as_bytes(wanted, kept)})
    assert "not one account" in run.failed["ACME"]
    assert "cannot be read: " not in run.failed["ACME"]


def test_a_file_of_which_no_account_can_be_read_says_why() -> None:
    """Its records have fields of the company's own that it does not declare."""
    wanted = changed(filing(), start=QUARTER[0], extra=True)
    kept = [one for one in writer.records(wanted) if one[0] != "I020"]
    why = read({"ecd.txt": writer.as_bytes(wanted, kept)}).failed["ACME"]
    assert "not one account" in why
    assert "cannot be read: the record has 9 fields, where its layout and I020 have 8" in why


def test_an_account_that_the_chart_lacks_is_emitted_and_told() -> None:
    wanted = changed(filing(), start=QUARTER[0])
    kept = [
        one for one in writer.records(wanted) if one[:1] + one[5:6] != ["I050", "1.1.01.02.001"]
    ]
    run = read({"ecd.txt": writer.as_bytes(wanted, kept)})
    rows = [row for row in run.rows["trial_balance"] if row["account_code"] == "1.1.01.02.001"]
    assert len(rows) == 3
    assert all(row["closing_balance"] != Decimal(0) for row in rows)
    assert "ACCOUNT_NOT_IN_CHART" in run.codes()
    assert all(row["is_balanced"] for row in run.rows["periods"])
