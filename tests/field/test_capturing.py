"""`--capture` and what it leaves: everything to replay the run, and nothing of the books."""

from __future__ import annotations

import gzip
import json
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import Self

from bench.largest import largest_account
from contract.commands import Preloaded, PreloadedRunner, Run
from e2e.commands import Result, TapRunner, environment, installed
from erp_common.ledger.vocabulary import fold
from erp_common.replay import archive
from erp_common.replay.disguise import inflated
from erp_common.replay.vocabulary import stays
from field.recorded import CASES, simulated
from field.test_captures import assert_replays
from simulator import Books, Line, faults
from simulator.faults import Exchange, Fault
from simulator.http11 import Response

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
NIGHTLY = [name for name in CASES if name not in FEW_AT_A_TIME]


_MOST_SEARCHED = 500


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
    with opened() as settings:
        return *capture(tap, settings, preloaded, folder, *options, *more), settings


def capture(
    tap: str,
    settings: dict[str, Any],
    preloaded: Preloaded,
    folder: Path,
    *more: str,
    state: dict[str, Any] | None = None,
) -> tuple[Run, Path]:
    """A run with its capture."""
    file = folder / "books.zip"
    runner = PreloadedRunner(folder, preloaded)
    return Run(runner(tap, settings, state=state, args=("--capture", str(file), *more))), file


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
        format(abs(value), "f")
        for message in run.messages
        if message.get("type") == "RECORD"
        for value in message["record"].values()
        if isinstance(value, Decimal) and abs(value) > 1
    }


def assert_private(run: Run, file: Path, settings: dict[str, Any]) -> None:
    """A hostile reader, who knows what to look for, finds nothing of it."""
    said = content(file)
    texts, amounts = sorted(private_texts(run)), private_amounts(run)
    # An amount that another's multiple may be as well (0.38 by 1033 is 392.54) gives nothing away;
    # few are. The tolerance is a cent's multiple.
    multiple = Decimal(str(archive.read(file).manifest.settings["tolerance"]))
    amounts = {amount for amount in amounts if Decimal(amount) % multiple}
    few = texts[:: len(texts) // _MOST_SEARCHED + 1]
    found = [one for one in few if one in said]
    assert [one for one in found if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", said)] == []
    assert amounts & set(re.findall(r"(?<![\d.])\d+(?:\.\d+)?(?!\d)", said)) == set()
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


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True], ids=["in chunks", "gzip"])
def test_an_answer_of_megabytes_is_captured_and_replayed(
    preloaded: Preloaded, tmp_path: Path, *, packed: bool
) -> None:
    """One account has 9,000 rows in an answer: no capture that lies here has one so large."""
    spoilt = [(faults.gzip_body(), nth) for nth in range(1, 6) if packed]
    books = largest_account(date(2024, 1, 1), 9_000)
    with simulated("totvs", *spoilt, books=books) as settings:
        run, file = capture("tap-totvs", settings, preloaded, tmp_path)
    assert run.returncode == 0
    kept = archive.read(file)
    plain = [
        inflated(body)[0] if name.endswith(".gz") else body for name, body in kept.bodies.items()
    ]
    assert any(name.endswith(".gz") for name in kept.bodies) is packed
    assert max(map(len, plain)) > 4 << 20
    assert len(run.records("subledger")) > 8_000
    assert_faithful(run, file)
    assert_private(run, file, settings)
    assert_replays(file, preloaded, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("changed", [False, True], ids=["unchanged", "changed"])
@pytest.mark.parametrize("erp", ["omie", "totvs_public"])
def test_a_run_that_goes_on_from_a_state_is_replayed_from_there(
    erp: str, preloaded: Preloaded, tmp_path: Path, *, changed: bool
) -> None:
    """The past is watched there as it was here: what is known of it is made of other amounts."""
    tap = f"tap-{erp.partition('_')[0]}"
    books = Books.generate(
        companies=1, start=date(2024, 1, 1), end=date(2024, 5, 31), entries_per_month=3
    )
    with simulated(erp, books=books) as settings:
        settings["end_date"] = "2024-05-31"
        before = Run(PreloadedRunner(tmp_path, preloaded)(tap, settings)).state
        if changed:
            lines = [
                Line("1.1.01.02.001", Decimal("77.41"), Decimal(0)),
                Line("3.1.01.01.001", Decimal(0), Decimal("77.41")),
            ]
            books.company.add_entry(date=date(2024, 2, 14), lines=lines)
        run, file = capture(tap, settings, preloaded, tmp_path, state=before)
    assert run.returncode == 0
    assert ("CLOSED_PERIOD_CHANGED" in run.codes) is changed
    kept = archive.read(file)
    known, other = digests(before), digests(kept.manifest.state)
    assert known
    assert set(other) == set(known)
    assert not set(other.values()) & set(known.values())
    assert_faithful(run, file)
    assert_private(run, file, settings)
    assert_replays(file, preloaded, tmp_path)


def digests(state: dict[str, Any] | None) -> dict[str, str]:
    """What a state knows closed periods by."""
    assert state is not None
    (entry,) = state["bookmarks"]["periods"]["partitions"]
    found: dict[str, str] = entry["closed_periods"]["digests"]
    return found


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


@pytest.mark.parametrize("room", [0, 4_096, 6_144, 8_192, 12_288, 16_384, 65_536])
def test_a_disk_that_fills_meanwhile_costs_the_capture_alone(
    run_tap: TapRunner, tmp_path: Path, room: int
) -> None:
    """No file may grow beyond a few bytes: what comes in finds no room, or what is made of it."""
    tap, opened, _ = CASES["omie-odd-rows"]
    file = tmp_path / "books.zip"
    with opened() as settings:
        done = [
            subprocess.run(
                run_tap.command(tap, settings, args=args),
                capture_output=True,
                check=False,
                timeout=180,
                env=environment(),
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
            )
            for args in ((), ("--capture", str(file)))
        ]
    plain, run = done
    assert plain.stdout
    assert run.returncode == plain.returncode
    assert len(run.stdout.splitlines()) == len(plain.stdout.splitlines())
    said = run.stderr.decode()
    assert "Traceback" not in said
    warned = re.findall(r"WARNING +\| erp_common.capture", said)
    assert bool(warned) == (room < 65_536)
    if file.exists():  # what there was room for is a capture
        assert archive.read(file).exchanges
    assert {one.name for one in tmp_path.iterdir() if ".part" in one.name} == set()


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


def test_a_run_without_a_capture_loads_nothing_of_it(tmp_path: Path) -> None:
    """Neither what records nor what disguises; with one, both."""
    tap, opened, options = CASES["bling-wrong-key"]
    with opened() as settings:
        config = tmp_path / "config.json"
        config.write_bytes(msgspec.json.encode(settings))
        command = [sys.executable, "-X", "importtime", str(installed(tap)), "--config", str(config)]
        for more in ((), ("--capture", str(tmp_path / "books.zip"))):
            run = subprocess.run([*command, *options, *more], capture_output=True, check=False)
            assert b"erp_common.http.wire" in run.stderr
            loaded = [
                name
                for name in (b"erp_common.http.tape", b"erp_common.replay")
                if re.search(rb"\| +%b\n" % re.escape(name), run.stderr)
            ]
            assert bool(loaded) is bool(more), loaded


def test_what_asks_the_erp_for_nothing_leaves_no_capture(
    preloaded: Preloaded, tmp_path: Path
) -> None:
    tap, opened, _ = CASES["bling-wrong-key"]
    with opened() as settings:
        run, file = capture(tap, settings, preloaded, tmp_path, "--discover")
    assert run.returncode == 0
    assert run.stdout.lstrip().startswith("{")
    assert "Nothing was asked of the ERP" in run.stderr
    assert not file.exists()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_the_writing_of_a_capture_has_the_run_all_the_same(
    signum: int, tmp_path: Path
) -> None:
    tap, opened, _ = CASES["omie-odd-rows"]
    with opened() as settings:
        config, out = tmp_path / "config.json", tmp_path / "out"
        config.write_bytes(msgspec.json.encode(settings))
        command = [str(installed(tap)), "--config", str(config)]
        command += ["--capture", str(tmp_path / "books.zip")]
        with (
            out.open("wb") as stdout,
            subprocess.Popen(
                command, stdout=stdout, stderr=subprocess.PIPE, env=environment(), text=True
            ) as run,
        ):
            assert run.stderr is not None
            said = []
            for line in run.stderr:
                said.append(line)
                if "Disguising what" in line:
                    run.send_signal(signum)
    assert run.returncode == 0, said
    assert "was given up" in "".join(said)
    assert json.loads(out.read_bytes().splitlines()[-1])["type"] == "STATE"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.json", "out"]


class Waiting:
    """A run with a capture whose server keeps it waiting at its third request."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "books.zip"
        self.spool = folder / "spool"
        self._config, self._out = folder / "config.json", folder / "out"
        self._there, self._on = threading.Event(), threading.Event()
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        def act(exchange: Exchange) -> Response:
            self._there.set()
            assert self._on.wait(60)
            return exchange.honest()

        self.settings = self._opened.enter_context(simulated("omie", (Fault("waits", act), 3)))
        self._config.write_bytes(msgspec.json.encode(self.settings))
        self.spool.mkdir()
        with self._out.open("wb") as out:
            self.run = subprocess.Popen(
                [installed("tap-omie"), "--config", self._config, "--capture", self.file],
                stdout=out,
                stderr=subprocess.PIPE,
                env=environment() | {"TMPDIR": str(self.spool)},
                text=True,
            )
        assert self._there.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._on.set()
        self.run.kill()
        self.run.communicate()
        self._opened.close()

    def beside(self) -> list[int]:
        """The processes that the run has started."""
        task = Path(f"/proc/{self.run.pid}/task/{self.run.pid}/children")
        return list(map(int, task.read_text().split()))

    def rows(self) -> Run:
        """What came out."""
        return Run(Result(self.run.returncode, self._out.read_text(), ""))


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_a_run_has_a_capture_of_what_came_until_then(
    signum: int, preloaded: Preloaded, tmp_path: Path
) -> None:
    with Waiting(tmp_path) as waiting:
        waiting.run.send_signal(signum)
        said = waiting.run.communicate(timeout=120)[1]
    assert waiting.run.returncode == 128 + signum
    assert said.splitlines()[-1].startswith("The run was ended from outside")
    assert "until then is still captured" in said
    kept = archive.read(waiting.file)
    assert kept.manifest.interrupted
    assert kept.manifest.original.status == 128 + signum
    assert len(kept.exchanges) == 2
    assert_private(waiting.rows(), waiting.file, waiting.settings)
    assert_replays(waiting.file, preloaded, tmp_path)
    assert list(waiting.spool.iterdir()) == []


@pytest.mark.slow
def test_who_ends_a_run_twice_has_no_capture_and_nothing_lies_about(tmp_path: Path) -> None:
    with Waiting(tmp_path) as waiting:
        beside = waiting.beside()
        waiting.run.send_signal(signal.SIGINT)
        assert waiting.run.stderr is not None
        said = []
        for line in waiting.run.stderr:
            said.append(line)
            if "until then is still captured" in line:
                waiting.run.send_signal(signal.SIGINT)
        waiting.run.wait(60)
    assert waiting.run.returncode == 128 + signal.SIGINT, said
    assert "was given up" in "".join(said)
    assert said[-1].startswith("The run was ended from outside")
    assert [one for one in tmp_path.iterdir() if "zip" in one.name] == []
    assert list(waiting.spool.iterdir()) == []
    assert all(map(is_gone, beside))


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_nothing_of_what_came(tmp_path: Path) -> None:
    with Waiting(tmp_path) as waiting:
        beside = waiting.beside()
        assert list(waiting.spool.iterdir()) == []
        waiting.run.kill()
        waiting.run.wait(60)
    assert [one for one in tmp_path.iterdir() if "zip" in one.name] == []
    assert list(waiting.spool.iterdir()) == []
    assert all(map(is_gone, beside))


def is_gone(pid: int) -> bool:
    """Whether a process ends, of which nobody may have taken notice yet."""
    for _ in range(600):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def entities() -> Fault:
    """The honest answer, with a document type that declares what one of its texts is made of."""

    def act(exchange: Exchange) -> Response:
        response = exchange.honest()
        assert isinstance(response.body, bytes)
        declared = b'<!DOCTYPE retorno [<!ENTITY nome "Padaria Central">]><retorno>'
        response.body = response.body.replace(b"<retorno>", declared, 1).replace(
            b"</nome>", b" &nome; &#80;adaria</nome>", 1
        )
        return response

    return Fault("entities", act)


@pytest.mark.slow
def test_xml_that_declares_entities_is_captured(preloaded: Preloaded, tmp_path: Path) -> None:
    with simulated("bling_v2", (entities(), 1)) as settings:
        run, file = capture("tap-bling", settings, preloaded, tmp_path)
    assert run.returncode == 1
    assert_faithful(run, file)
    said = content(file)
    assert "<!DOCTYPE retorno [<!ENTITY nome " in said
    assert "Padaria" not in said
    assert_replays(file, preloaded, tmp_path)


def test_two_companies_are_captured_apart(preloaded: Preloaded, tmp_path: Path) -> None:
    """Two with the same account, one of which the ERP refuses."""
    tap, opened, _ = CASES["omie-odd-rows"]
    with opened() as settings:
        first = settings["companies"][0]
        settings["companies"] = [first, first | {"id": "Padaria União", "erp_id": "2"}]
        run, file = capture(tap, settings, preloaded, tmp_path)
    assert len({row["company_id"] for row in run.records("periods")}) == 2
    assert_faithful(run, file)
    assert_private(run, file, settings)
    assert "Padaria" not in content(file)
