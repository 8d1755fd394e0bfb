"""`--capture` and what it leaves: everything to replay the run, and nothing of the books."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contract.commands import Preloaded, PreloadedRunner, Run
from erp_common.ledger.vocabulary import fold
from erp_common.replay import archive
from erp_common.replay.disguise import inflated
from erp_common.replay.vocabulary import stays
from field.recorded import CASES

PRIVATE = {
    "account_name",
    "company_id",
    "company_name",
    "cost_center",
    "description",
    "document_number",
    "entity_id",
    "entity_name",
    "entry_id",
    "journal_id",
}
FEW_AT_A_TIME = ["omie", "bling-v2"]
"""The others are tried in `make test-all`: a capture takes seconds."""
NIGHTLY = [name for name in CASES if name not in {*FEW_AT_A_TIME, "totvs-large"}]


def content(file: Path) -> str:
    """All of a capture, bodies unpacked."""
    with zipfile.ZipFile(file) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    plain = [inflated(body)[0] if name.endswith(".gz") else body for name, body in parts.items()]
    return "\n".join(part.decode("latin-1") + part.decode(errors="replace") for part in plain)


def captured(
    name: str, preloaded: Preloaded, folder: Path, *more: str
) -> tuple[Run, Path, dict[str, Any]]:
    """A case run with its capture."""
    tap, opened, options = CASES[name]
    file = folder / "books.zip"
    with opened() as settings:
        runner = PreloadedRunner(folder, preloaded)
        run = Run(runner(tap, settings, args=("--capture", str(file), *options, *more)))
    return run, file, settings


def private_texts(run: Run) -> set[str]:
    """What the books say, but for words that say nothing of whose they are."""
    found = {
        str(value)
        for message in run.messages
        if message.get("type") == "RECORD"
        for name, value in message["record"].items()
        if name in PRIVATE and value is not None
    }
    made = {"Saldos iniciais das contas", "Transferências entre contas", "sem categoria"}
    return {
        text
        for text in found - made
        # Among numbers of two or three digits each is some other's stand-in.
        if len(text) > 3 and not all(map(stays, fold(text).split()))
    }


def private_amounts(run: Run) -> set[str]:
    return {
        format(value, "f")
        for message in run.messages
        if message.get("type") == "RECORD"
        for value in message["record"].values()
        if isinstance(value, Decimal) and abs(value) > 1
    }


def assert_private(run: Run, file: Path, settings: dict[str, Any]) -> None:
    """A hostile reader, who knows what to look for, finds nothing of it."""
    said = content(file)
    texts, amounts = private_texts(run), private_amounts(run)
    assert [one for one in texts if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", said)] == []
    assert [one for one in amounts if re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", said)] == []
    secrets = [settings[name] for name in settings if "key" in name or "secret" in name]
    secrets += [settings.get("password"), settings.get("access_token"), settings.get("client_id")]
    assert [one for one in secrets if isinstance(one, str) and len(one) > 3 and one in said] == []
    for word in ("Authorization", "Bearer ", "Basic ", str(settings["base_url"])):
        assert word not in said


def assert_faithful(run: Run, file: Path) -> None:
    """A run against the capture came to the same rows and findings as the run itself."""
    manifest = archive.read(file).manifest
    assert manifest.expected is not None
    assert manifest.expected.is_like(manifest.original)
    assert manifest.original.status == run.returncode
    assert sum(manifest.original.records.values()) == sum(
        message.get("type") == "RECORD" for message in run.messages
    )
    assert "does not read" not in run.stderr


@pytest.mark.parametrize(
    "name",
    [*FEW_AT_A_TIME, *(pytest.param(one, marks=pytest.mark.nightly) for one in NIGHTLY)],
)
def test_a_capture_is_private_and_faithful(name: str, preloaded: Preloaded, tmp_path: Path) -> None:
    run, file, settings = captured(name, preloaded, tmp_path)
    assert_faithful(run, file)
    assert_private(run, file, settings)
    assert file.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir() if ".part" in one.name] == []


def test_a_raw_capture_keeps_all_but_secrets_and_says_so(
    preloaded: Preloaded, tmp_path: Path
) -> None:
    run, file, settings = captured("omie", preloaded, tmp_path, "--capture-raw")
    assert not file.exists()
    file = tmp_path / "books.raw.zip"
    said = content(file)
    assert archive.read(file).manifest.mode == "raw"
    assert all(text in said for text in private_texts(run) if text.isascii())
    assert str(settings["app_key"]) not in said
    assert str(settings["app_secret"]) not in said
    assert_faithful(run, file)


def test_a_capture_can_be_read_and_run(tmp_path: Path) -> None:
    """As the page says: `--show` prints it, `--run` gives its messages again."""
    file = tmp_path / "books.zip"
    shutil.copy(Path(__file__).with_name("captures") / "omie-odd-rows.zip", file)
    command = [sys.executable, "-m", "erp_common.replay"]
    shown = subprocess.run([*command, "--show", file], capture_output=True, check=True, text=True)
    assert "POST /geral/balancete/" in shown.stdout
    assert "stand-ins" in shown.stdout
    assert "INVALID_RECORD" in shown.stdout
    missing = subprocess.run(
        [*command, tmp_path / "none.zip"], capture_output=True, check=False, text=True
    )
    assert missing.returncode == 1
    assert missing.stderr.startswith("ERPValidationError: ")
    file.write_bytes(gzip.compress(b"no capture"))
    broken = subprocess.run([*command, "--show", file], capture_output=True, check=False, text=True)
    assert broken.returncode == 1
    assert "no capture" in broken.stderr


def test_a_capture_that_cannot_be_written_costs_nothing(
    preloaded: Preloaded, tmp_path: Path
) -> None:
    """The disk is full: the rows are all there, and one warning says what is not."""
    tap, opened, _ = CASES["omie-odd-rows"]
    with opened() as settings:
        runner = PreloadedRunner(tmp_path, preloaded)
        plain = Run(runner(tap, settings))
        run = Run(runner(tap, settings, args=("--capture", "/dev/full/../null/books.zip")))
        full = Run(runner(tap, settings, args=("--capture", "/proc/books.zip")))
    assert run.returncode == 1
    assert run.last_error.startswith("ConfigValidationError: ")
    assert full.returncode == plain.returncode
    assert full.stderr.count("could not be written") == 1
    assert len(full.messages) == len(plain.messages)


def test_findings_are_of_the_same_accounts(preloaded: Preloaded, tmp_path: Path) -> None:
    """Account codes stay, so a finding names the account that it named."""
    run, file, _ = captured("omie-odd-rows", preloaded, tmp_path)
    again = [
        json.loads(line, parse_float=Decimal) for line in archive.read(file).messages.splitlines()
    ]
    rows = [
        one["record"]
        for one in again
        if one["type"] == "RECORD" and one["stream"] == "validation_issues"
    ]
    names = ("code", "severity", "stream_name", "period_start", "account_code")
    issues = run.records("validation_issues")
    assert issues
    assert [[row[name] for name in names] for row in rows] == [
        [row[name] for name in names] for row in issues
    ]
