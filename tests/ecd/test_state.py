"""A file is read again only if it is new, replaced or changed; a wrong setting is one sentence."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from e2e.commands import TapRunner
from ecd.reading import Read, company, filing
from ecd.tapped import ACME, Folder, Run
from ecd.writer import Filing, changed, write
from erp_common.errors import ERPError

SPAN = (date(2024, 10, 1), date(2024, 12, 31))
MONTHS = ["2024-10-01", "2024-11-01", "2024-12-01"]


def month(number: int, seed: int = 1) -> bytes:
    start = date(2024, number, 1)
    end = date(2024, number, {10: 31, 11: 30, 12: 31}[number])
    return write(Filing(company(seed), start, end))


def test_only_the_periods_of_what_has_changed_are_read_again() -> None:
    folder = Folder({"10.txt": month(10), "11.txt": month(11)})
    first = Run(folder)
    assert first.periods() == MONTHS[:2]
    assert Run(folder, first.state).periods() == []

    folder.put("12.txt", month(12))
    second = Run(folder, first.state)
    assert second.periods() == MONTHS[2:]
    assert Run(folder, second.state).periods() == []

    folder.put("11.txt", month(11, seed=2))
    third = Run(folder, second.state)
    assert third.periods() == MONTHS[1:2]
    assert Run(folder, third.state).periods() == []

    substitute = changed(
        Filing(company(2), SPAN[0], date(2024, 10, 31)), replaces=Read(month(10)).survey.sha1
    )
    folder.put("10-2.txt", write(substitute))
    fourth = Run(folder, third.state)
    assert fourth.periods() == MONTHS[:1]
    assert {row["file_name"]: row["use"] for row in fourth.rows["ecd_files"]} == {
        "10.txt": "replaced",
        "10-2.txt": "ledger",
    }
    bookmarks: Any = fourth.state["bookmarks"]
    assert bookmarks["periods"]["partitions"][0]["replication_key_value"] == "2024-12-31"


def test_what_a_stream_missed_is_read_once_it_is_selected_again() -> None:
    """It had come farther, or as far, before; a file that came or changed meanwhile is not read."""
    folder = Folder({"10.txt": month(10), "11.txt": month(11)})
    first = Run(folder)
    folder.put("12.txt", month(12))
    new = Run(folder, first.state, without="subledger")
    assert new.periods() == MONTHS[2:]
    assert Run(folder, new.state, without="subledger").periods() == []
    both = Run(folder, new.state)
    assert both.periods() == MONTHS[2:]

    folder.put("11.txt", month(11, seed=2))
    changed_one = Run(folder, both.state, without="subledger")
    assert changed_one.periods() == MONTHS[1:2]
    assert Run(folder, changed_one.state).periods() == MONTHS[1:]


def test_a_file_written_anew_with_the_same_content_is_not_read_again() -> None:
    folder = Folder({"10.txt": month(10)})
    first = Run(folder)
    folder.put("10.txt", month(10))
    assert Run(folder, first.state).periods() == []
    folder.remove("10.txt")
    folder.put("moved.txt", month(10))
    assert Run(folder, first.state).periods() == []


def test_what_a_substitute_replaced_is_not_loaded_over_it() -> None:
    folder = Folder({"10.txt": month(10)})
    filed = Filing(company(2), SPAN[0], date(2024, 10, 31))
    folder.put("new.txt", write(changed(filed, replaces=Read(month(10)).survey.sha1)))
    first = Run(folder)
    assert first.periods() == MONTHS[:1]
    folder.remove("new.txt")
    alone = Run(folder, first.state)
    assert alone.periods() == []
    (said,) = alone.failed.values()
    assert "new.txt, which was read in place of 10.txt, is in paths no more" in str(said)
    folder.put("elsewhere.txt", write(changed(filed, replaces=Read(month(10)).survey.sha1)))
    assert Run(folder, first.state).failed == {}
    folder.remove("elsewhere.txt")
    folder.remove("10.txt")
    folder.put("11.txt", month(11))  # all that says anything of October is gone
    assert Run(folder, first.state).failed == {}
    folder.put("10.txt", month(10))
    assert Run(folder).periods() == MONTHS[:2]  # without the state it is read


def test_months_between_two_files_are_missed() -> None:
    run = Run(Folder({"10.txt": month(10), "12.txt": month(12)}))
    (found,) = [row for row in run.rows["validation_issues"] if row["code"] == "MONTH_MISSING"]
    assert str(found["period_start"]) == "2024-12-01"
    assert "2024-11-01 to 2024-11-30" in found["message"]
    whole = Run(Folder({"10.txt": month(10), "11.txt": month(11), "12.txt": month(12)}))
    assert "MONTH_MISSING" not in whole.codes()


def test_a_file_that_is_gone_is_told_once_and_its_periods_stay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING")
    folder = Folder({"10.txt": month(10), "11.txt": month(11)})
    first = Run(folder)
    folder.remove("10.txt")
    folder.put("eleven.txt", month(11))
    folder.remove("11.txt")  # has another name now
    second = Run(folder, first.state)
    assert second.periods() == []
    assert "ACME: 10.txt, read before, is in paths no more" in caplog.text
    assert "11.txt" not in caplog.text
    caplog.clear()
    assert Run(folder, second.state).periods() == []
    assert "no more" not in caplog.text


def test_a_file_of_the_same_size_and_time_is_not_opened_to_hash_it(tmp_path: Path) -> None:
    path = tmp_path / "ecd.txt"
    path.write_bytes(month(10))
    first = Run(Folder(), paths=[str(path)])
    before = path.stat()
    path.write_bytes(month(10).replace(b"Aurora", b"Aurore"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Run(Folder(), first.state, paths=[str(path)]).periods() == []
    os.utime(path)
    assert Run(Folder(), first.state, paths=[str(path)]).periods() == MONTHS[:1]


def test_another_cut_and_an_earlier_start_are_read() -> None:
    folder = Folder({"q.txt": write(changed(filing(), start=SPAN[0]))})
    late = Run(folder, start_date="2024-12-01")
    assert late.periods() == MONTHS[2:]
    assert Run(folder, late.state).periods() == MONTHS[:2]
    assert Run(folder, late.state, period="quarter").periods() == MONTHS[:1]
    assert Run(folder, end_date="2024-10-31").periods() == MONTHS[:1]


def test_a_period_that_is_refused_is_read_again() -> None:
    broken = month(10).replace(b"|9999|", b"|9999|1")
    folder = Folder({"10.txt": broken, "11.txt": month(11)})
    first = Run(folder, validation="strict")
    assert "ROW_COUNT_MISMATCH" in first.failed["ACME"]
    assert first.rows["trial_balance"] == []
    assert Run(folder, first.state).periods() == MONTHS[:2]


def test_without_checks_a_line_that_cannot_be_read_fails_the_company() -> None:
    data = month(10)
    line = next(one for one in data.split(b"\r\n") if one.startswith(b"|I250|"))
    folder = Folder({"10.txt": data.replace(line, line.replace(b"|D|", b"|?|"), 1)})
    assert "INVALID_RECORD" in Run(folder).codes()
    assert "IND_DC" in Run(folder, validation="off").failed["ACME"]


def test_filters() -> None:
    folder = Folder({"10.txt": month(10)})
    run = Run(folder, filters={"level": 1, "cost_center": "ADM"})
    assert {row["level"] for row in run.rows["trial_balance"]} == {1}
    assert {row["cost_center"] for row in run.rows["subledger"]} <= {"ADM"}
    assert run.codes() == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"paths": None}, "paths is missing"),
        ({"companies": None}, "companies is missing"),
        ({"companies": [{"id": "A", "cnpj": "123"}]}, "14 digits"),
        ({"companies": [ACME, ACME]}, "more than once"),
        ({"companies": [{"id": "A"}]}, "cnpj"),
        ({"paths": ["nowhere/*.txt"]}, "nowhere/*.txt, where there is no file"),
        ({"paths": ["nosuch://user:secret@x/y"]}, "nosuch://x/y"),
        ({"period": "range", "start_date": "2024-10-15"}, "whole months"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    caplog: pytest.LogCaptureFixture, settings: dict[str, Any], sentence: str
) -> None:
    folder = Folder({"10.txt": month(10)})
    try:
        told = Run(folder, **settings).failed["ACME"]
    except (ConfigValidationError, ERPError) as error:
        told = str(error)
    assert sentence in told
    assert "secret" not in told + caplog.text


@pytest.mark.slow
def test_the_installed_command(tmp_path: Path) -> None:
    folder = tmp_path / "filed"
    folder.mkdir()
    (folder / "10.txt").write_bytes(month(10))
    config = {"paths": [str(folder)], "companies": [ACME], "amounts": "string"}
    run = TapRunner(tmp_path)
    health = run("tap-ecd", config, args=["--health-check"])
    assert health.returncode == 0
    assert '"status": "connected"' in health.stdout
    first = run("tap-ecd", config)
    assert first.returncode == 0, first.stderr
    assert len(first.records("periods")) == 1
    [header] = first.records("periods")
    assert header["entry_count"] == len(first.records("subledger"))
    balances = first.records("ecd_cost_center_balances")
    assert balances
    assert all(isinstance(row["closing_balance"], str) for row in balances)
    again = run("tap-ecd", config, state=first.state)
    assert [one["type"] for one in again.messages if one["type"] == "RECORD"] == []
    (folder / "10.txt").unlink()
    gone = run("tap-ecd", config)
    assert gone.returncode == 1
    assert gone.last_error.startswith("ERPValidationError: paths names")
    assert "Traceback" not in gone.stderr
