"""`close-report status`: letters for people, JSON for machines, an exit status for schedulers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from report.conftest import TODAY, Database, Run
from report.ledgers import Facts, Rows

NOVEMBER = date(2024, 11, 30)


@pytest.fixture
def facts() -> Facts:
    return Facts(
        unreconciled={("bela", NOVEMBER)},
        unread={("bela", date(2024, 10, 31))},
        ecd={("aurora", date(2024, 12, 31)): "EQUAL", ("bela", date(2024, 12, 31)): "DIFFERS"},
    )


@pytest.mark.usefixtures("close")
def test_the_matrix_in_letters(run: Run) -> None:
    run("sign", "--company", "aurora", "--period", "2024-10", "--by", "Ana")
    lines = run("status").out.splitlines()
    assert lines[1].split() == ["Empresa", "out", "nov", "dez", "jan", "fev"]
    letters = {line.rpartition("  ")[0]: line.split()[-5:] for line in lines[2:4]}
    assert list(letters.values()) == [
        ["S", "+", "+", "+", "o"],
        ["!", "X", "!", "+", "o"],
    ]
    assert "S assinado" in lines[5]
    assert "X não confere" in lines[5]


@pytest.mark.usefixtures("close")
def test_machines_read_the_same(run: Run) -> None:
    told = json.loads(run("status", "--json").out)
    by_key = {(row["company_id"], row["period_end"]): row for row in told["periods"]}
    assert len(by_key) == 10
    assert by_key["bela", "2024-11-30"]["state"] == "failed"
    assert by_key["bela", "2024-11-30"]["is_reconciled"] is False
    assert by_key["bela", "2024-10-31"]["is_reconciled"] is None
    assert by_key["aurora", "2024-12-31"]["ecd"] == "equal"
    assert by_key["bela", "2024-12-31"]["ecd"] == "differs"
    assert by_key["aurora", "2025-02-28"]["is_open"] is True


@pytest.mark.usefixtures("close")
def test_a_few_words_for_a_chat(run: Run) -> None:
    portuguese = run("status", "--brief").out.splitlines()
    assert portuguese[0] == (
        "Fechamento de janeiro de 2025: assinado em 0 de 2 empresas, conciliado em 2."
    )
    assert portuguese[1].startswith("Bandeirantes Construções S.A., novembro de 2024: o razão não")
    english = run("status", "--brief", "--language", "en").out.splitlines()
    assert english[0] == "Close of January 2025: 0 of 2 companies signed, 2 tied out."


def test_one_company_is_one(database: Database, run: Run, rows: Rows) -> None:
    database.build(
        {
            table: [row for row in listed if row.get("company_id", "bela") == "bela"]
            for table, listed in rows.items()
        }
    )
    said = [run("status", "--brief", "--language", language).out for language in ("pt-BR", "en")]
    assert "assinado em 0 de 1 empresa, conciliado em 1." in said[0]
    assert "0 of 1 company signed, 1 tied out." in said[1]


def test_nothing_yet(database: Database, run: Run) -> None:
    database.build({})
    assert "Ainda não há períodos" in run("status").out
    assert "Ainda não há períodos" in run("status", "--brief").out
    assert json.loads(run("status", "--json").out) == {"changed": False, "periods": []}


@pytest.mark.parametrize("database", ["duckdb"], indirect=True)
def test_the_installed_command_takes_the_environment(close: Database) -> None:
    command = Path(sys.executable).parent / "close-report"
    environment = {
        **os.environ,
        "CLOSE_REPORT_DATABASE": close.address,
        "CLOSE_REPORT_LANGUAGE": "en",
    }
    done = subprocess.run(
        [command, "status", "--as-of", TODAY.isoformat()],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["Company", "Oct", "Nov", "Dec", "Jan", "Feb"]


def test_names_are_the_seed_s_else_the_erp_s_else_the_ids(
    database: Database, run: Run, rows: Rows
) -> None:
    named = [{"company_id": "aurora", "name": "Aurora", "valid_from": None}]

    def names() -> set[str]:
        return {row["company_name"] for row in json.loads(run("status", "--json").out)["periods"]}

    database.build({**rows, "companies": named})
    assert names() == {"Aurora", "Bandeirantes Construções S.A."}
    database.build({**rows, "companies": named, "stg_erp__periods": []})
    assert names() == {"Aurora", "bela"}
