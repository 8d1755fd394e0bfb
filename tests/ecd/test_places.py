"""Where files may be: archives, an object store, servers of the web; each is a real one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import ZipFile

import pytest
import requests

from e2e.commands import Result, TapRunner
from ecd.reading import company
from ecd.tapped import ACME, Folder, Run
from ecd.writer import Filing, write
from loaders.known import INSTALLED, S3FS
from loaders.s3 import local_s3
from tap_ecd.addresses import Found

KEY = "never-to-be-seen"


def month(number: int, seed: int = 1) -> bytes:
    """A month's file."""
    last = {10: 31, 11: 30, 12: 31}[number]
    return write(Filing(company(seed), date(2024, number, 1), date(2024, number, last)))


def test_files_of_one_name_in_two_archives_are_two(tmp_path: Path) -> None:
    for number in (10, 11):
        with ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            archive.writestr("ecd.txt", month(number))
    paths = [f"zip://*.txt::{tmp_path}/{number}.zip" for number in (10, 11)]
    first = Run(Folder(), paths=paths)
    assert first.failed == {}
    assert first.periods() == ["2024-10-01", "2024-11-01"]
    places = {row["file"] for row in first.rows["ecd_files"]}
    assert places == {f"ecd.txt::{tmp_path}/{number}.zip" for number in (10, 11)}
    assert Run(Folder(), first.state, paths=paths).periods() == []


@pytest.mark.parametrize(
    ("path", "place", "name"),
    [
        (f"https://ana:{KEY}@host/ecd/10.txt", "https://host/ecd/10.txt", "10.txt"),
        (f"https://ana:x@{KEY}@host/10.txt", "https://host/10.txt", "10.txt"),
        (f"https://host/10.txt?X-Amz-Signature={KEY}", "https://host/10.txt", "10.txt"),
        (f"http://host/10.txt?a=/{KEY}\n#b", "http://host/10.txt", "10.txt"),
        ("/filed/what?/10.txt", "/filed/what?/10.txt", "10.txt"),
        ("filed/ana@acme/10.txt", "filed/ana@acme/10.txt", "10.txt"),
    ],
)
def test_secrets_of_an_address_are_in_no_name(path: str, place: str, name: str) -> None:
    """Rows, state and sentences have the place and the name; only who opens it has the path."""
    found = Found(None, path, 1, "", is_named=True)
    assert (found.place, found.name) == (place, name)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Run the installed command with what `tap-ecd[s3]` brings."""
    [packages] = (INSTALLED / S3FS).glob("lib/python*/site-packages")
    runner = TapRunner(tmp_path)

    def run(path: str, env: dict[str, str], state: Any = None) -> Result:
        config = {"paths": [path], "companies": [ACME]}
        return runner("tap-ecd", config, state=state, env={**env, "PYTHONPATH": str(packages)})

    return run


def rows(run: Result) -> list[Any]:
    """What was read, but for when, and from where."""
    apart = {"extracted_at", "modified_at", "file"}
    return [
        (message["stream"], {k: v for k, v in message["record"].items() if k not in apart})
        for message in run.messages
        if message["type"] == "RECORD"
    ]


@pytest.mark.loaders
@pytest.mark.timeout(600)
def test_a_folder_of_an_object_store(run: Callable[..., Result], tmp_path: Path) -> None:
    files = {f"2024/{number}.txt": month(number) for number in (10, 11)}
    for name, data in {**files, "receipt.pdf": b"%PDF-1.7"}.items():
        file = tmp_path / "filed" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    on_disk = run(str(tmp_path / "filed"), {})
    with local_s3("filed") as address:

        def put(name: str, data: bytes) -> None:
            own = {"Authorization": "AWS AKIDEXAMPLE:"}  # nobody else may write a file anew
            requests.put(
                f"{address}/filed/ecd/{name}", data=data, headers=own, timeout=60
            ).raise_for_status()

        for name, data in files.items():
            put(name, data)
        put("receipt.pdf", b"%PDF-1.7")
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": KEY}
        where = {**keys, "AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "sa-east-1"}
        first = run("s3://filed/ecd", where)
        put("2024/11.txt", month(11, seed=2))
        second = run("s3://filed/ecd", where, first.state)
    gone = run("s3://filed/ecd", where)

    assert on_disk.returncode == first.returncode == second.returncode == 0, first.stderr
    assert len(rows(first)) > 400
    assert rows(first) == rows(on_disk)
    assert [row["period_start"] for row in second.records("periods")] == ["2024-11-01"]
    assert gone.returncode == 1
    assert gone.last_error.startswith("ERPConnectionError: s3://filed/ecd cannot be looked into")
    assert KEY not in "".join(one.stdout + one.stderr for one in (first, second, gone))


class Whole(SimpleHTTPRequestHandler):
    """A server that gives whole files alone, as Python's does."""

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class InParts(Whole):
    """A server that gives parts of files, as most do."""

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()


@contextmanager
def served(handler: type[Whole], folder: Path) -> Iterator[int]:
    """The port of a server of this folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.loaders
@pytest.mark.timeout(600)
def test_a_server_of_the_web(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "10.txt").write_bytes(month(10))
    on_disk = run(str(tmp_path / "10.txt"), {})
    with served(InParts, tmp_path) as port:
        place = f"http://127.0.0.1:{port}/10.txt"
        signed = run(f"http://ana:{KEY}@127.0.0.1:{port}/10.txt?signature={KEY}", {})
    with served(Whole, tmp_path) as port:
        refused = run(f"http://127.0.0.1:{port}/10.txt", {})
        cached = run(f"simplecache::http://127.0.0.1:{port}/10.txt", {})

    assert on_disk.returncode == signed.returncode == cached.returncode == 0, signed.stderr
    assert rows(signed) == rows(cached) == rows(on_disk)
    assert {row["file"] for row in signed.records("ecd_files")} == {place}
    assert KEY not in signed.stdout + signed.stderr + json.dumps(signed.state)
    assert refused.returncode == 1
    assert refused.last_error.startswith("ERPConnectionError: 10.txt cannot be read in parts")
    assert "write simplecache:: before its address" in refused.last_error
