"""Ordinary mistakes: each names the file or the setting, and says what to do."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.commands import Preloaded, PreloadedRunner, shared
from e2e.commands import Result, environment, installed
from hostile.raw import serving
from hostile.runs import OMIE
from hostile.test_commands import ledger

COMMAND = OMIE.command
BOOKMARK = {"context": {"company_id": "c1"}, "replication_key_value": "2024-01-31"}


@pytest.fixture(scope="module")
def preloaded() -> Preloaded:
    return shared()


class Files:
    """Runs with files that are written as they are."""

    def __init__(self, folder: Path, preloaded: Preloaded) -> None:
        self.folder = folder
        self._preloaded = preloaded
        self.settings: dict[str, Any] = {
            "base_url": "https://localhost:1",
            "companies": [{"id": "c1"}],
            "start_date": "2024-01-01",
            **OMIE.settings,
        }

    def write(self, name: str, content: bytes | str | object) -> str:
        path = self.folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def __call__(self, *args: str, **more: Any) -> Result:
        config = self.write("config.json", self.settings | more)
        return self.line("--config", config, *args)

    def line(self, *args: str) -> Result:
        return self._preloaded.run([str(installed(COMMAND)), *args], {}, self.folder)


@pytest.fixture
def files(tmp_path: Path, preloaded: Preloaded) -> Files:
    PreloadedRunner(tmp_path, preloaded)
    return Files(tmp_path, preloaded)


def assert_told(done: Result, *words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert done.last_error.startswith("ConfigValidationError: "), done.stderr
    assert "unforeseen" not in done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.last_error, done.last_error


@pytest.mark.parametrize("option", ["config", "state", "catalog"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b'{"a": ', "is no JSON from line 1, column 7"),
        (b'{"a": Infinity}', "holds Infinity, which JSON does not know"),
        (b"[]", "holds a list"),
        (b"7", "holds a single value"),
        ('{"a": 1}'.encode("utf-16"), "is no text in UTF-8"),
    ],
    ids=["empty", "broken", "endless", "list", "number", "UTF-16"],
)
def test_a_file_that_is_none(files: Files, option: str, content: bytes, words: str) -> None:
    path = files.write("odd.json", content)
    done = files.line("--config", path) if option == "config" else files(f"--{option}", path)
    assert_told(done, f"The {option} file {path} {words}")


@pytest.mark.parametrize("option", ["config", "state", "catalog"])
def test_a_file_that_is_missing_or_a_folder(files: Files, option: str, tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.json", "does not exist"), (tmp_path, "is a folder")):
        given = str(path)
        done = files.line("--config", given) if option == "config" else files(f"--{option}", given)
        assert_told(done, f"The {option} file {given} {words}")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"bookmarks": None}, "bookmarks"),
        ({"bookmarks": []}, "bookmarks"),
        ({"marks": {}}, "has no bookmarks, only marks"),
        ({"bookmarks": {"periods": 7}}, "the bookmark of periods"),
        ({"bookmarks": {"periods": {"partitions": {}}}}, "partitions of periods"),
        ({"bookmarks": {"periods": {"partitions": [7]}}}, "a partition of periods"),
        (
            {"bookmarks": {"periods": {"partitions": [BOOKMARK, BOOKMARK]}}},
            "company c1 has two partitions of periods",
        ),
    ],
)
def test_a_state_of_another_shape(files: Files, state: object, words: str) -> None:
    done = files("--state", files.write("state.json", state))
    assert_told(done, words, "state.json")
    assert done.stdout == ""


def stream(**more: object) -> dict[str, Any]:
    """A catalog of one stream that says as little as one may."""
    return {"streams": [{"tap_stream_id": "periods", **more}]}


def said(metadata: object, breadcrumb: object = ()) -> dict[str, Any]:
    """The same with an entry of metadata."""
    return stream(metadata=[{"breadcrumb": breadcrumb, "metadata": metadata}])


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ({}, "has no streams"),
        ({"streams": "x"}, "streams must be a list"),
        ({"streams": None}, "streams must be a list"),
        ({"streams": ["x"]}, "streams[0] must be an object"),
        ({"streams": [{"schema": {}}]}, "tap_stream_id"),
        (stream(tap_stream_id=5), "streams[0].tap_stream_id must be text"),
        (stream(replication_key=["x"]), "streams[0].replication_key must be text"),
        (stream(replication_method=["x"]), "streams[0].replication_method must be text"),
        (stream(key_properties=5), "streams[0].key_properties must be a list"),
        (stream(schema=None), "streams[0].schema must be an object"),
        (stream(schema={"properties": "x"}), "streams[0].schema.properties must be an object"),
        (stream(schema={"properties": {"x": True}}), "streams[0].schema.properties[...] must be"),
        (stream(metadata=None), "streams[0].metadata must be a list"),
        (stream(metadata={}), "streams[0].metadata must be a list"),
        (stream(metadata=["x"]), "streams[0].metadata[0] must be an object"),
        (stream(metadata=[{"metadata": {}}]), "breadcrumb"),
        (said({}, None), "streams[0].metadata[0].breadcrumb must be a list"),
        (said({}, "x"), "streams[0].metadata[0].breadcrumb must be a list"),
        (said({}, [["x"]]), "streams[0].metadata[0].breadcrumb[0] must be text"),
        (said(None), "streams[0].metadata[0].metadata must be an object"),
        (said({"table-key-properties": 5}), "table-key-properties must be a list"),
        (said({"replication-method": ["x"]}), "replication-method must be text"),
        (said({"replication-key": ["x"]}), "replication-key must be text"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--test",)], ids=["run", "test"])
def test_a_catalog_of_another_shape(
    files: Files, catalog: object, words: str, more: tuple[str, ...]
) -> None:
    done = files("--catalog", files.write("catalog.json", catalog), *more)
    assert_told(done, words, "catalog.json", "discover it again (--discover)")
    assert done.stdout == ""


@pytest.mark.parametrize(
    "catalog",
    [
        stream(),
        stream(stream="other", schema={"type": "object"}, metadata=[]),
        said({"selected": True, "replication-method": None}),
    ],
    ids=["nothing", "another name", "selected"],
)
def test_a_catalog_that_says_little(files: Files, catalog: object) -> None:
    path = files.write("catalog.json", catalog)
    with serving(ledger) as server:
        done = files("--catalog", path, **OMIE.configured(server))
    assert done.returncode == 0, done.stderr
    assert {one["stream"] for one in done.messages if one["type"] == "RECORD"} == {"periods"}


def test_debug_shows_where_it_failed(files: Files) -> None:
    done = files("--state", files.write("state.json", "["), debug=True)
    assert done.last_error.startswith("ConfigValidationError: The state file")
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"base_url": "https://erp.example:abc"}, "base_url must be an address"),
        ({"base_url": "https://erp.example/api?x=1"}, "base_url"),
        ({"base_url": "https://erp.example/api#x"}, "base_url"),
        ({"rate_limit": {"storage_url": "redis://[::1"}}, "rate_limit.storage_url"),
        ({"rate_limit": {"storage_url": "redis://host:abc"}}, "rate_limit.storage_url"),
        ({"rate_limit": {"storage_url": "memcached://host"}}, "rate_limit.storage_url"),
    ],
)
def test_an_address_that_is_none(files: Files, more: dict[str, Any], words: str) -> None:
    done = files(**more)
    assert done.returncode == 1, done.stderr
    assert done.last_error.startswith("ConfigValidationError: "), done.stderr
    assert words in done.last_error, done.stderr
    assert "unforeseen" not in done.stderr


def test_authorities_that_are_none(files: Files) -> None:
    path = files.write("ca.pem", "no certificate")
    done = files(ca_bundle=path)
    assert done.returncode == 1
    assert (
        f"ConfigValidationError: ca_bundle names {path}, which is no certificate in PEM form"
        in done.last_error
    )


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ({"periods": {"x": "nothing + 1"}}, "nothing + 1 fails for a row of periods"),
        ({"trial_balance": {"x": "1/0"}}, "1/0 fails for a row of trial_balance (ZeroDivision"),
        ({"periods": {"x": "int(company_id)"}}, "int(company_id) fails for a row of periods"),
        ({"trial_balance": {"x": "md5"}}, "md5 fails for a row of trial_balance"),
        ({"other": {"__source__": "periods", "x": "1/0"}}, "1/0 fails for a row of periods"),
        ({"trial_balance": {"__filter__": "account_code > 5"}}, "account_code > 5 fails for a row"),
        ({"trial_balance": {"x": ""}}, "another form"),
        ({"trial_balance": {"x": ["a"]}}, "another form"),
        ({"trial_balance": {"__filter__": 5}}, "another form"),
        ({"trial_balance": {"__alias__": "1/0"}}, "another form"),
        ({"trial_balance": {"__else__": "x"}}, "another form"),
        ({"trial_balance": 5}, "Unexpected stream definition"),
        ({"__else__": ["x"]}, "another form"),
    ],
)
def test_a_stream_map_that_fails(files: Files, maps: object, words: str) -> None:
    with serving(ledger) as server:
        done = files(**OMIE.configured(server, stream_maps=maps))
    assert_told(done, "stream_maps cannot be applied", words, "correct stream_maps")


@pytest.mark.parametrize("way", ["test", "batches"])
def test_a_stream_map_that_fails_in_another_kind_of_run(files: Files, way: str) -> None:
    maps = {"trial_balance": {"__filter__": "account_code > 5"}}
    batches = {"encoding": {"format": "jsonl"}, "storage": {"root": f"file://{files.folder}"}}
    more = {"batch_config": batches} if way == "batches" else {}
    with serving(ledger) as server:
        settings = OMIE.configured(server, stream_maps=maps, **more)
        done = files(*(["--test"] if way == "test" else []), **settings)
    assert_told(done, "stream_maps cannot be applied: account_code > 5 fails for a row of trial_")


def test_no_secret_shows_where_a_stream_map_fails(files: Files) -> None:
    secret = OMIE.settings["app_secret"]
    with serving(ledger) as server:
        settings = OMIE.configured(server, stream_maps={"periods": {"x": f"int('{secret}')"}})
        done = files(**settings)
    assert_told(done, "stream_maps cannot be applied")
    assert secret not in done.stderr


def test_standard_output_on_a_full_disk(files: Files) -> None:
    with serving(ledger) as server, Path("/dev/full").open("wb") as full:
        config = files.write("config.json", OMIE.configured(server))
        done = subprocess.run(
            [str(installed(COMMAND)), "--config", config],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=180,
            env=environment(),
        )
    last = done.stderr.decode().rstrip().rpartition("\n")[2]
    assert done.returncode == 1
    assert last.startswith("ERPValidationError: Standard output cannot be written to (No space")
    assert b"Exception ignored" not in done.stderr


def test_a_temporary_folder_without_room(files: Files) -> None:
    """The system lets no file grow beyond a few bytes, as a full disk would."""
    rows = [{"cCodConta": str(number), "cDescConta": "x" * 100} for number in range(5000)]
    whole = json.dumps({"balancete": rows}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
    with serving(lambda _: [head + whole]) as server:
        config = files.write("config.json", OMIE.configured(server))
        limited = f"ulimit -f 100; exec {installed(COMMAND)} --config {config}"
        done = subprocess.run(
            ["/bin/sh", "-c", limited],
            capture_output=True,
            check=False,
            timeout=180,
            env=environment(),
        )
    last = done.stderr.decode().rstrip().rpartition("\n")[2]
    assert done.returncode == 1
    assert last.startswith("ERPValidationError: The temporary folder"), done.stderr


@pytest.fixture
def _heard() -> Iterator[None]:
    """Under nohup SIGHUP is ignored, and the commands that a test starts would inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_heard")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_run_that_is_ended_says_so(files: Files, number: signal.Signals) -> None:
    with serving(lambda _: []) as server:
        config = files.write("config.json", OMIE.configured(server, extract_timeout=60))
        with subprocess.Popen(
            [str(installed(COMMAND)), "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        ) as process:
            until = time.monotonic() + 180
            while not server.asked and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(number)
            _, stderr = process.communicate(timeout=180)
    assert process.returncode == 128 + number
    assert stderr.decode().rstrip().endswith("run again to go on from the last state.")


def test_a_reader_that_stalls_needs_no_second_signal(files: Files) -> None:
    rows = [{"cCodConta": str(number), "cDescConta": "x" * 100} for number in range(1, 5000)]
    whole = json.dumps({"balancete": rows}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
    with serving(lambda _: [head + whole]) as server:
        config = files.write("config.json", OMIE.configured(server))
        with subprocess.Popen(
            [str(installed(COMMAND)), "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            process.stdout.read(1)  # and no more: the pipe is full soon
            time.sleep(1)
            process.terminate()
            assert process.wait(30) == 128 + signal.SIGTERM
            assert process.stderr is not None
            assert process.stderr.read().decode().rstrip().endswith("from the last state.")


@pytest.mark.parametrize("secret", ["null", ":", "{", '"', "error"])
def test_no_secret_breaks_the_health_line(files: Files, secret: str) -> None:
    done = files("--health-check", app_secret=secret)
    line = json.loads(done.stdout)
    assert line["source_system"] == "omie"
    assert line["status"] == "unreachable"
