"""Files made to do harm: no field is trusted, nothing is written, memory stays bounded."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from fsspec.implementations.memory import MemoryFile  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecd import writer
from ecd.large import write_large
from ecd.reading import Read, filing
from ecd.tapped import ACME, Folder, Run
from ecd.writer import changed, write
from erp_common.errors import ERPError, ERPValidationError
from tap_ecd import scan, survey
from tap_ecd.scan import Scan

SOUND = write(changed(filing(), start=filing().start.replace(month=12)))


def read(data: bytes) -> Run | None:
    """Whatever is in a file: rows with findings, or one sentence."""
    try:
        return Run(Folder({"ecd.txt": data}))
    except ERPError:
        return None


def whole(run: Run) -> bool:
    """Whether a run has everything of the sound file."""
    return len(run.rows.get("subledger", [])) == len(_sound().rows["subledger"])


def _sound() -> Run:
    return Run(Folder({"ecd.txt": SOUND}))


@pytest.mark.parametrize("seed", range(40))
def test_bytes_changed_anywhere_are_told_or_harmless(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same bytes again are the point
    data = bytearray(SOUND[: SOUND.index(b"|9999|") + 14])
    for _ in range(rng.randint(1, 30)):
        place = rng.randrange(200, len(data))
        kind = rng.randrange(3)
        if kind == 0:
            data[place] = rng.randrange(256)
        elif kind == 1:
            del data[place : place + rng.randrange(1, 200)]
        else:
            data[place:place] = rng.choice([b"|", b"\n", b"\r\n", b"\0", b"|I250|", b"\xff" * 9])
    run = read(bytes(data))
    if run is not None and run.rows and not whole(run):
        assert run.codes(), "rows are missing without a word"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400), st.sampled_from(["0000", "I050", "I155", "I200", "I250", "J100"]))
def test_any_bytes_in_any_record(junk: bytes, kind: str) -> None:
    line = next(one for one in SOUND.split(b"\r\n") if one.startswith(f"|{kind}|".encode()))
    read(SOUND.replace(line, line[:7] + junk + b"|", 1))


@pytest.mark.parametrize(
    "value",
    [
        "9" * 400,
        "1" + "0" * 30 + ",00",
        "1e999999",
        "NaN",
        "Infinity",
        "-0,00",
        "\u0661\u0662,00",
        "1_000,00",
        "0x10",
        "1,234567890123",
        " ",
        "1 000,00",
    ],
)
@pytest.mark.parametrize(("record", "number"), [("I155", 6), ("I250", 4), ("I200", 4)])
def test_no_number_is_taken_for_another(record: str, number: int, value: str) -> None:
    wanted = changed(filing(), encoding="utf-8")
    lines = writer.as_bytes(wanted, writer.records(wanted)).split(b"\r\n")
    place = next(p for p, one in enumerate(lines) if one.startswith(f"|{record}|".encode()))
    values = lines[place].split(b"|")
    values[number] = value.encode()
    lines[place] = b"|".join(values)
    found = Read(b"\r\n".join(lines))
    found.balances(1)
    found.postings()
    assert place + 1 in {line for _, _, line in found.rejected}


def test_texts_lose_what_no_database_keeps_and_formulas_stay_text() -> None:
    line = next(one for one in SOUND.split(b"\r\n") if one.startswith(b"|0150|"))
    name = line.split(b"|")[3]
    run = read(SOUND.replace(name, b"=cmd()\0\x07\x1b[31m" + name))
    assert run is not None
    names = {row["entity_name"] for row in run.rows["subledger"]} - {None}
    hit = [one for one in names if one.startswith("=cmd()")]
    assert hit
    assert not [one for one in names if re.search(r"[\x00-\x08\x1b]", one)]


def test_chains_and_circles_of_accounts_end() -> None:
    wanted = filing()
    lines = writer.records(wanted)
    charts = [one for one in lines if one[0] == "I050"]
    for number, one in enumerate(charts):
        one[6] = charts[(number + 1) % len(charts)][5]
    run = read(writer.as_bytes(wanted, lines))
    assert run is not None
    assert run.codes()


def test_names_of_files_inside_a_file_are_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("untouched", encoding="utf-8")
    wanted = filing()
    lines = writer.records(wanted)
    for record in lines:
        if record[0] == "I250":
            record[5] = str(secret)
    before = sorted(tmp_path.iterdir())
    (tmp_path / "ecd.txt").write_bytes(writer.as_bytes(wanted, lines))
    run = Run(Folder(), paths=[str(tmp_path / "ecd.txt")])
    assert {row["document_number"] for row in run.rows["subledger"]} == {str(secret)}
    assert secret.read_text(encoding="utf-8") == "untouched"
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "ecd.txt"])


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    assert "no file" in Run(Folder(), paths=[str(pipe)]).failed["ACME"]
    (tmp_path / "ecd.txt").write_bytes(SOUND)
    assert Run(Folder(), paths=[str(tmp_path)]).rows["periods"]


def test_links_that_go_round_or_nowhere_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ecd.txt").write_bytes(SOUND)
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "up").symlink_to("..")
    (tmp_path / "gone.txt").symlink_to("nowhere")
    (tmp_path / "itself").symlink_to("itself")
    caplog.set_level("WARNING")
    run = Run(Folder(), paths=[str(tmp_path)])
    assert run.failed == {}
    assert {row["file_name"]: row["use"] for row in run.rows["ecd_files"]} == {"ecd.txt": "ledger"}
    assert "gone.txt leads to no file" in caplog.text


def test_an_archive_is_read_and_one_that_swells_is_refused(tmp_path: Path) -> None:
    """400 MB of one line in 400 kB, of which a megabyte or two is looked at."""
    archive = tmp_path / "filed.zip"
    head = SOUND[: SOUND.index(b"|I200|")]
    with ZipFile(archive, "w", ZIP_DEFLATED) as file:
        file.writestr("a/ecd.txt", SOUND)
        file.writestr("../outside.txt", SOUND)
        with file.open("bomb.txt", "w") as bomb:
            bomb.write(head)
            for _ in range(40):
                bomb.write(b"x" * (10 << 20))
    assert whole(Run(Folder(), paths=[f"zip://a/*.txt::{archive}"]))
    assert not list(tmp_path.parent.glob("outside.txt"))
    refused = Run(Folder(), paths=[f"zip://bomb.txt::{archive}"]).failed["ACME"]
    assert "bomb.txt has a line of more than" in refused


def test_a_place_that_breaks_off_is_told_by_the_name_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the errors of a place are called: those of an object store are of its own."""
    folder = Folder({"ecd.txt": SOUND})

    def broken(self: MemoryFile, size: int = -1) -> bytes:
        del self, size
        raise _OfItsOwn

    monkeypatch.setattr(MemoryFile, "read", broken)
    told = Run(folder).failed["ACME"]
    assert told.startswith("ecd.txt broke off while it was read (_OfItsOwn)")


class _OfItsOwn(Exception):  # noqa: N818
    """As object stores have their own."""


def test_a_chart_of_more_accounts_than_any_books_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_ACCOUNTS", 50)
    with pytest.raises(ERPValidationError, match="more than 50 accounts"):
        Read(SOUND)


def test_what_reads_an_address_may_be_missing() -> None:
    """Which is said with what to install; this environment has no S3."""
    told = Run(Folder(), paths=["s3://filed/*.txt"]).failed["ACME"]
    assert "what reads such addresses is not installed" in told
    assert "install tap-ecd[s3]" in told


class Endless:
    """A file that never ends: a line of text without an end, or lines without one."""

    def __init__(self, begin: bytes, then: bytes) -> None:
        self._begin = begin
        self._then = then
        self.given = 0

    def read(self, size: int) -> bytes:
        if self._begin:
            begin, self._begin = self._begin, b""
            return begin
        self.given += size
        assert self.given < 1 << 30, "it is read on and on"
        return (self._then * (size // len(self._then) + 1))[:size]


@pytest.mark.parametrize(
    ("begin", "then"),
    [
        (b"|0000|LECD|01012024|31122024|A|11222333000181|", b"x"),
        (b"", b"x"),
        (b"|0000|LECD|01012024|31122024|A|11222333000181|\r\n|J800|1|{", b"x"),
    ],
)
def test_a_line_without_end_is_refused(begin: bytes, then: bytes) -> None:
    endless: Any = Endless(begin, then)
    if b"J800" in begin:
        # A text may be long; what follows it is hashed, not kept.
        reader = Scan(BytesIO(begin + then * (80 << 20)), "ecd.txt")
        assert sum(len(lines.raw) for lines in reader.lines()) == 2
        assert reader.open_rtf == 2
        return
    with pytest.raises(ERPValidationError, match="a line of more than"):
        list(Scan(endless, "ecd.txt").lines())


def test_more_accounts_than_any_books_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_HELD", 50)
    with pytest.raises(ERPValidationError, match="more than 50"):
        Read(SOUND)


def test_a_million_bad_lines_are_counted_not_kept() -> None:
    bad = b"not a record\r\n" * 50_000
    begin = SOUND.index(b"|I990|")
    found = Read(SOUND[:begin] + bad + SOUND[begin:])
    assert found.codes.count("INVALID_RECORD") == 1_001
    assert "were not told one by one" in found.survey.findings[-1].message


def test_a_line_longer_than_a_block() -> None:
    line = next(one for one in SOUND.split(b"\r\n") if one.startswith(b"|I250|"))
    values = line.split(b"|")
    values[8] = b"h" * (scan.LONGEST - 2_000)
    found = Read(SOUND.replace(line, b"|".join(values), 1))
    assert max(len(one.description or "") for one in found.postings(12)) > 1_000_000


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = {}
    for times in (5, 100):
        path = tmp_path / f"{times}.txt"
        write_large(path, times)
        script = (
            "from tap_ecd.tap import TapEcd\n"
            "import resource\n"
            f"tap = TapEcd(config={{'paths': [{str(path)!r}], 'companies': [{ACME!r}]}})\n"
            "run = tap.open_run()\n"
            "for extract in run.periods(tap.companies[0]):\n"
            "    print(sum(map(len, extract.postings())), len(extract.findings()))\n"
            "run.close()\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        peaks[times] = int(done.stdout.split()[-1])
    # 20 times the file, 9 MB more of it: what grows is the memory of the lines' numbers.
    assert peaks[100] - peaks[5] < 12 * 1024
