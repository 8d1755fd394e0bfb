"""docs/new-erp.md, followed to the letter in a copy of the workspace: an ERP is one new folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.commands import Result, TapRunner
from house.settings import PROJECT
from simulator.http11 import Request, Response
from simulator.tls import ca_bundle, server_context
from simulator.wire import WireServer

PAGE = PROJECT / "docs" / "new-erp.md"
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("new-erp")]

FILE = re.compile(r"^### `(taps/[^`]+)`\n.*?^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = "acme-key-0123456789"
BALANCES: list[dict[str, Any]] = [
    {"code": "1", "name": "Ativo", "kind": "ativo", "opening": "0", "debit": "150.10",
     "credit": "0", "closing": "150.10"},
    {"code": "3", "name": "Receitas", "kind": "receita", "opening": "0", "debit": "0",
     "credit": "150.10", "closing": "-150.10"},
]  # fmt: skip
POSTINGS: dict[str, list[dict[str, Any]]] = {
    "1": [
        {"id": "E1", "day": "2024-01-10", "debit": "100.00", "credit": "0", "text": "Venda"},
        {"id": "E2", "day": "2024-01-20", "debit": "50.10", "credit": "0", "text": "Venda"},
    ],
    "3": [
        {"id": "E1", "day": "2024-01-10", "debit": "0", "credit": "100.00", "text": "Venda"},
        {"id": "E2", "day": "2024-01-20", "debit": "0", "credit": "50.10", "text": "Venda"},
    ],
}


@contextmanager
def acme() -> Iterator[tuple[str, list[Request]]]:
    """Acme itself, one row a page; gives its address and what it is asked."""
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        if request.headers.get("x-app-key") != KEY:
            return Response(401, b'{"message": "unknown key"}')
        query = request.query
        version, _, name = request.path.removeprefix("/").partition("/")
        if name.startswith("details/") and version == "v2":
            number = name.removeprefix("details/")
            rows = [
                row | {"id": f"{row['id']}-{code}"} for code in POSTINGS for row in POSTINGS[code]
            ]
            found = [row for row in rows if row["id"] == number]
            return Response(200, json.dumps({"details": found}).encode())
        assert name in {"balances", "numbers" if version == "v2" else "postings"}
        rows = BALANCES if name == "balances" else POSTINGS.get(query["account"], [])
        if name == "numbers":
            rows = [{"id": f"{row['id']}-{query['account']}"} for row in rows]
        page = int(query["page"])
        body = {name: rows[page - 1 : page], "pages": len(rows)}
        return Response(200, json.dumps(body).encode())

    server = WireServer(answer, server_context())
    server.start()
    try:
        yield f"https://127.0.0.1:{server.port}", asked
    finally:
        server.stop()


class Copy:
    """A copy of the workspace with the new folder, installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "workspace"
        self.python = folder / "venv" / "bin" / "python"
        unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in ("shared", "taps", "hub", "tests", "loaders", "analyze"):
            shutil.copytree(PROJECT / name, self.folder / name, ignore=unwanted)
        for name in ("meltano.yml", "pyproject.toml"):
            shutil.copy(PROJECT / name, self.folder)
        self.before = self.contents()
        for path, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self._install(folder / "venv")

    def _install(self, venv: Path) -> None:
        """As `make install` does, but for what is there already: its packages are borrowed."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        site = next(venv.glob("lib/python*/site-packages"))
        (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        members = [self.folder / "shared", *sorted(self.folder.glob("taps/*"))]
        uv = PROJECT / ".tools" / "uv" / "bin" / "uv"
        editable = [text for member in members for text in ("--editable", str(member))]
        subprocess.run(
            [uv, "pip", "install", "--offline", "--no-deps", "--no-build-isolation", "--quiet",
             "--python", self.python, *editable],
            check=True,
            cwd=self.folder,
        )  # fmt: skip

    def contents(self) -> dict[str, bytes]:
        """Every file by its path."""
        files = (file for file in self.folder.rglob("*") if file.is_file())
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in files
            if file.suffix != ".pyc"
        }

    def run(self, *arguments: str) -> str:
        """Run Python there."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "tests")},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("new-erp"))


@pytest.fixture
def run_acme(copy: Copy, tmp_path: Path) -> Callable[[dict[str, Any]], Result]:
    return partial(TapRunner(tmp_path), str(copy.python.parent / "tap-acme"))


def settings(address: str, version: str = "v1") -> dict[str, Any]:
    return {
        "base_url": f"{address}/{version}",
        "ca_bundle": str(ca_bundle()),
        "companies": [{"id": "ACME", "erp_id": "7"}],
        "start_date": "2024-01-01",
        "end_date": "2024-01-31",
        "api_key": KEY,
        "book": "management",
    }


def test_its_books_are_read(run_acme: Callable[[dict[str, Any]], Result]) -> None:
    with acme() as (address, asked):
        done = run_acme(settings(address))
        assert done.returncode == 0, done.stderr
        (header,) = done.records("periods")
        assert (header["source_system"], header["is_balanced"], header["is_reconciled"]) == (
            "acme",
            True,
            True,
        )
        assert (header["entry_count"], header["issue_count"]) == (4, 0)
        closings = {
            row["account_code"]: str(row["net_closing_balance"])
            for row in done.records("trial_balance")
        }
        assert closings == {"1": "150.10", "3": "-150.10"}
        assert len(done.records("subledger")) == 4
        assert done.records("validation_issues") == []
        assert {one.query["book"] for one in asked} == {"management"}
        assert {one.query["size"] for one in asked} == {"200"}


def test_its_second_api_is_read(run_acme: Callable[[dict[str, Any]], Result]) -> None:
    with acme() as (address, asked):
        done = run_acme(settings(address, "v2") | {"api": "public"})
        assert done.returncode == 0, done.stderr
        (header,) = done.records("periods")
        assert (header["is_balanced"], header["is_reconciled"]) == (True, True)
        assert (header["entry_count"], header["issue_count"]) == (4, 0)
        assert {row["entry_id"] for row in done.records("subledger")} == {
            f"E{number}-{account}" for number in (1, 2) for account in (1, 3)
        }
        assert sum("/details/" in one.path for one in asked) == 4


def test_its_own_setting_is_checked(run_acme: Callable[[dict[str, Any]], Result]) -> None:
    with acme() as (address, asked):
        done = run_acme(settings(address) | {"book": "secret"})
    assert done.returncode == 1
    assert done.last_error == ("ConfigValidationError: book must be one of statutory, management")
    assert asked == []


def test_documents_follow_and_nothing_else_changes(copy: Copy) -> None:
    for module in ("settings", "portfolio", "hub"):
        copy.run("-m", f"house.{module}", "--write")
    after = copy.contents()
    changed = {path for path in after if after[path] != copy.before.get(path)}
    own = {path for path in changed if path.startswith("taps/tap-acme/")}
    assert changed - own == {"meltano.yml", "hub/extractors/tap-acme/erp-taps.yml"}
    assert set(copy.before) <= set(after)

    row = (
        "| `book` | string | `statutory` | Which of a company's books to read "
        "(`statutory` · `management`) |"
    )
    assert row in after["taps/tap-acme/README.md"].decode().splitlines()

    def plugins(content: bytes) -> dict[str, Any]:
        listed = yaml.safe_load(content)["plugins"]["extractors"]
        return {plugin["name"]: plugin for plugin in listed}

    known, now = plugins(copy.before["meltano.yml"]), plugins(after["meltano.yml"])
    assert {name: plugin for name, plugin in now.items() if name in known} == known
    assert set(now) - set(known) == {"tap-acme"}
    hub = yaml.safe_load(after["hub/extractors/tap-acme/erp-taps.yml"])
    assert (hub["label"], hub["domain_url"]) == ("Acme", "https://developer.acme.example")
    for listed in (now["tap-acme"]["settings"], hub["settings"]):
        (book,) = (one for one in listed if one["name"] == "book")
        assert [one["value"] for one in book["options"]] == ["statutory", "management"]


def test_the_python_interface_finds_it(copy: Copy) -> None:
    with acme() as (address, _):
        config = {name: settings(address)[name] for name in ("base_url", "ca_bundle", "book")}
        said = copy.run(
            "-c",
            "import datetime, json, sys\n"
            "from erp_common import create_connector\n"
            "key, config = json.loads(sys.argv[1])\n"
            "day = datetime.date\n"
            "with create_connector('acme', 'api_key', {'api_key': key}, config) as erp:\n"
            "    print(erp.health_check().status.value)\n"
            "    entries = erp.get_subledger_details('7', '1', day(2024, 1, 1), day(2024, 1, 31))\n"
            "    print(sum(entry.debit_amount for entry in entries))\n",
            json.dumps([KEY, config]),
        )
    assert said.split() == ["connected", "150.10"]


def test_what_is_written_passes_lint(copy: Copy) -> None:
    folder = copy.folder / "taps" / "tap-acme"
    for check in (["check"], ["format", "--check"]):
        copy.run("-m", "ruff", *check, str(folder))


def test_a_setting_of_all_taps_is_one_place(
    copy: Copy, run_acme: Callable[[dict[str, Any]], Result]
) -> None:
    home = copy.folder / "shared" / "erp_common" / "setup" / "settings.py"
    text, above = home.read_text(encoding="utf-8"), "    objects: Annotated[\n"
    kind = 'Annotated[Literal["red", "green"], setting("Colour", "Of the rows")]'
    declared = f'    colour: {kind} = "red"\n'
    home.write_text(text.replace(above, declared + above, 1), encoding="utf-8")
    try:
        for module in ("settings", "hub"):
            copy.run("-m", f"house.{module}", "--write")
        with acme() as (address, asked):
            done = run_acme(settings(address) | {"colour": "blue"})
    finally:
        home.write_text(text, encoding="utf-8")
    assert done.last_error == "ConfigValidationError: colour must be one of red, green"
    assert asked == []
    after = copy.contents()
    row = "| `colour` | string | `red` | Of the rows (`red` · `green`) |"
    readmes = {path for path in after if re.fullmatch(r"taps/[^/]+/README\.md", path)}
    readmes.remove("taps/tap-ecd/README.md")  # it reads files, and names which of these it has
    assert "taps/tap-acme/README.md" in readmes
    listed = yaml.safe_load(after["meltano.yml"])["plugins"]["extractors"]
    hub = {path: yaml.safe_load(after[path]) for path in after if path.startswith("hub/extractors")}
    for path in readmes:
        tap = path.split("/")[1]
        assert row in after[path].decode().splitlines(), tap
        (plugin,) = (one for one in listed if one["name"] == tap)
        (page,) = (page for path, page in hub.items() if path.startswith(f"hub/extractors/{tap}/"))
        for known in (plugin, page):
            assert "colour" in {one["name"] for one in known["settings"]}, tap
