"""The installed command while it waits for consent, and the user who gives it or does not."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple, final
from urllib.parse import parse_qs, urlsplit

import requests

from contract.commands import PreloadedRunner
from e2e.commands import Result, environment, installed
from faults.leaks import Secrets
from simulator import Company, Simulator, bling_public, contaazul_public

PATIENCE = 180
COMMANDS = {
    "bling": "tap-bling",
    "bling_public": "tap-bling",
    "contaazul": "tap-contaazul",
    "contaazul_public": "tap-contaazul",
}
KNOWN_AS: dict[str, Callable[[Company], str]] = {
    "bling": lambda company: company.id,
    "contaazul": lambda company: company.id,
    "bling_public": lambda company: str(bling_public.identity(company)["cnpj"]),
    "contaazul_public": lambda company: str(contaazul_public.identity(company)["documento"]),
}
"""The public APIs say whose books they open, and the tap compares."""
_FIELD = re.compile(r'type="hidden" name="(.*?)" value="(.*?)"')


class Ended(NamedTuple):
    """What an attempt left behind."""

    status: int
    said: str

    @property
    def last(self) -> str:
        return self.said.rstrip().rpartition("\n")[2]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass
class World:
    """An ERP with a page that asks for consent, and a tap that has no token yet.

    Attributes:
        erp: As the simulator calls it.
        sim: The ERP.
        folder: Where the tap's files are.
        settings: The tap's; no secret of them may be printed.
    """

    erp: str
    sim: Simulator
    folder: Path
    settings: dict[str, Any]

    @classmethod
    def of(cls, erp: str, sim: Simulator, folder: Path) -> World:
        """The settings that the documentation tells a user to begin with."""
        keys = sim.credentials(erp, "refresh_token")
        company = sim.books.company
        settings = {
            **sim.settings(erp),
            "companies": [{"id": company.id, "erp_id": KNOWN_AS[erp](company)}],
            "auth_type": "oauth2",
            "client_id": keys["client_id"],
            "client_secret": keys["client_secret"],
            "token_url": sim.token_url(erp),
            "grant_type": "refresh_token",
            "token_store": str(folder / "tokens.json"),
            "authorize_url": sim.authorize_url(erp),
            "redirect_uri": f"http://127.0.0.1:{free_port()}/callback",
            "start_date": "2024-01-01",
            "end_date": "2024-01-31",
            "rate_limit": {"requests": 100000, "burst": 10000},
            "retry": {"base_delay": 0.01},
            "debug": True,
        }
        settings.pop("refresh_token", None)
        settings.pop("api_key", None)
        return cls(erp, sim, folder, settings)

    @property
    def store(self) -> Path:
        """The file that keeps the tokens."""
        return self.folder / "tokens.json"

    @property
    def kept(self) -> dict[str, Any]:
        """The tokens of the one application in the store."""
        (entry,) = json.loads(self.store.read_text(encoding="utf-8"))["tokens"].values()
        return dict(entry)

    def config(self, **changes: Any) -> Path:
        """A file with the settings; one changed to `...` is left out."""
        given = {name: one for name, one in {**self.settings, **changes}.items() if one is not ...}
        file = self.folder / "config.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        return file

    def begin(self, stdin: int | None = subprocess.DEVNULL, **changes: Any) -> Attempt:
        """Run the command with `--authorize`; whoever begins it ends it."""
        command = [installed(COMMANDS[self.erp]), "--config", self.config(**changes)]
        return Attempt(self, [*map(str, command), "--authorize"], stdin)

    def refused(self, **changes: Any) -> Ended:
        """Run it where nothing is to be opened, printed or asked."""
        with self.begin(**changes) as attempt:
            assert attempt.address == ""
            ended = attempt.end()
        assert len(self.sim.requests) == 0
        return ended

    def read(self) -> Result:
        """A run with what is in the store."""
        given = {**self.settings}
        result = PreloadedRunner(self.folder)(COMMANDS[self.erp], given)
        Secrets().must_not_be_in(result.stderr)
        return result


@final
class Attempt:
    """The command while it waits."""

    def __init__(self, world: World, command: list[str], stdin: int | None) -> None:
        """Start it, and read the address that it prints; empty if it prints none."""
        self.world = world
        self.process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            cwd=world.folder,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().rstrip("\n")
        self.query = {
            name: values[0] for name, values in parse_qs(self.address.rpartition("?")[2]).items()
        }
        self.secrets = Secrets()
        self.secrets.learn_settings(world.settings)
        if self.query:
            self.secrets.learn(self.query["state"])

    def __enter__(self) -> Attempt:
        """It runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.process.communicate()

    def end(self) -> Ended:
        """Wait for the end; nothing secret may have been printed."""
        rest, said = self.process.communicate(timeout=PATIENCE)
        assert rest == "", "standard output holds the address alone"
        self.secrets.must_not_be_in(said)
        return Ended(self.process.returncode, said)

    def form(self) -> dict[str, str]:
        """What the page of consent wants to know."""
        page = requests.get(
            self.address.partition("#")[0].partition("?")[0],
            params=self.query,
            verify=self.world.sim.ca_bundle,
            timeout=PATIENCE,
        )
        assert page.status_code == 200, page.text
        return {name: unescape(value) for name, value in _FIELD.findall(page.text)}

    def decide(self, decision: str) -> str:
        """Allow or deny on the page; gives the address that it sends the browser to."""
        answer = requests.post(
            self.address.partition("#")[0].partition("?")[0],
            data=self.form() | {"decision": decision},
            verify=self.world.sim.ca_bundle,
            allow_redirects=False,
            timeout=PATIENCE,
        )
        assert answer.status_code == 303
        location = answer.headers["Location"]
        for value in parse_qs(urlsplit(location).query).get("code", ()):
            self.secrets.learn(value)
        return location

    def visit(self, address: str, method: str = "GET", **more: Any) -> requests.Response:
        """What a browser is shown there."""
        return requests.request(method, address, timeout=PATIENCE, **more)
