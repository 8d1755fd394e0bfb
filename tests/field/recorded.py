"""Makes the captures that show the way: `python -m field.recorded`, or with the names of some.

A capture of a live account is worth more than all of them: it is put beside them as it is.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import trustme

from e2e.commands import environment, installed
from field import reference
from field.omie import Movement, Omie, fault
from field.protheus import Protheus, Row, chart, entry, month
from field.server import Answer, Script, Theatre, wire
from simulator import Books, Simulator, faults
from simulator.bling_public import identity as bling_identity
from simulator.contaazul_public import identity as azul_identity
from simulator.faults import Exchange, Fault
from simulator.http11 import Response

FOLDER = Path(__file__).with_name("captures")
SPAN: dict[str, Any] = {
    "start_date": "2024-01-01",
    "end_date": "2024-02-29",
    "rate_limit": {"requests": 100000, "interval": 1, "burst": 100000},
    "retry": {"max_attempts": 3, "base_delay": 0.01, "max_delay": 0.02},
}


def latin_1() -> Fault:
    """The honest answer in ISO-8859-1, with nothing that says so: what old servers send."""

    def act(exchange: Exchange) -> Response:
        response = exchange.honest()
        assert isinstance(response.body, bytes)
        response.body = response.body.decode().encode("latin-1", "replace")
        response.content_type = "application/json"
        return response

    return Fault("latin 1", act)


@contextmanager
def simulated(
    erp: str, *spoilt: tuple[Fault, int], entries: int = 8, books: Books | None = None
) -> Iterator[dict[str, Any]]:
    """Two months of a company in an ERP, or these books; the requests with these numbers go wrong.

    Then one is made after the other: a request that breaks off makes those after it narrower, and
    which these are must not depend on how busy a machine is.
    """
    books = books or Books.generate(
        companies=1, start=date(2024, 1, 1), end=date(2024, 2, 29), entries_per_month=entries
    )
    with Simulator(books) as sim:
        for one, nth in spoilt:
            sim.faults.add(one, nth=nth, times=1)
        settings = sim.settings(erp)
        for name, identity in (("contaazul", azul_identity), ("bling", bling_identity)):
            if erp == f"{name}_public":
                known = identity(books.company)
                number = known.get("documento") or known.get("cnpj")
                settings["companies"] = [{"id": "ACME", "erp_id": number}]
        yield settings | SPAN | ({"max_concurrency": 1} if spoilt else {})


@contextmanager
def played(script: Script, **settings: Any) -> Iterator[dict[str, Any]]:
    """A script of answers on a server, and the settings to read it."""
    with TemporaryDirectory() as folder:
        authority, bundle = trustme.CA(), Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        with Theatre(authority, str(bundle), script) as theatre:
            thread = threading.Thread(target=theatre.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            address = {"base_url": theatre.stage.url, "ca_bundle": str(bundle)}
            companies = [{"id": "acme", "erp_id": "1", "name": "Acme Ltda"}]
            yield address | {"companies": companies} | SPAN | settings
            theatre.shutdown()
            thread.join()


def omie_that_refuses() -> Script:
    """Omie breaks once, then blocks the key."""
    script = Omie([]).script()
    script.once("POST", "/geral/categorias/", fault("Erro temporário. Tente novamente."))
    words = "Consumo indevido detectado. Bloqueado por 1678 segundos."
    blocked = fault(words, "MISUSE_API_PROCESS", 425)
    script.on("POST", "/financas/extrato/", lambda _: blocked)
    return script


def omie_on_a_cash_basis() -> Script:
    """Movements with names written as HTML, one of them in a situation that nobody knows."""
    rows = [
        Movement(
            number,
            date(2024, 1, number),
            Decimal(100 * number) / 7 // Decimal("0.01") * Decimal("0.01"),
            more={"cRazCliente": f"Padaria &amp; Filhos {number}", "cObservacoes": "Pedido 4711"},
            situation="Conciliado" if number != 3 else "Em análise",
        )
        for number in range(1, 6)
    ]
    return Omie(rows).script()


def omie_with_odd_rows() -> Script:
    """Amounts that can be read in two ways, a day that is none, entities, a tax id."""
    rows = reference.omie_posting(
        1, "25.10", cHistorico="A &amp; B, CNPJ 12.345.678/0001-95", cNomeCliente="João &#74;osé"
    )
    rows += reference.omie_posting(2, "30", dDtMov="31/02/2024", cNumDoc="000123")
    return reference.Omie("Aluguéis &amp; Condomínio", rows=rows).script()


def protheus() -> Script:
    """Protheus' tables, with binary dust in an amount."""
    tables: dict[str, Sequence[Row]] = {
        "CT1": [
            chart("1", "ATIVO", CT1_CLASSE="1"),
            chart("11", "CAIXA DA MATRIZ", CT1_CTASUP="1"),
            chart("2", "PASSIVO", CT1_CLASSE="1", CT1_NORMAL="2", CT1_NATCTA="02"),
            chart("21", "FORNECEDORES NACIONAIS", CT1_CTASUP="2", CT1_NORMAL="2", CT1_NATCTA="02"),
        ],
        "CQ0": [
            month("11", "20231231", 100, 0),
            month("21", "20231231", 0, 100),
            month("11", "20240131", "0.30000000000000004", 0),
            month("21", "20240131", 0, "0.3"),
        ],
        "CT2": [entry("001", "3", "0.3", "11", "21")],
    }
    return Protheus(tables).script()


def bling_with_a_wrong_key() -> Script:
    """Bling says whom it does not let in."""
    said = {"error": {"type": "invalid_token", "message": "invalid_token", "description": "…"}}
    script = Script()
    script.on("GET", "*", lambda _: Answer(said, status=401))
    return script


def totvs_that_is_no_json() -> Script:
    """A trial balance in Windows-1252 that is cut off in the middle of a text."""
    body = wire({"balancete": [{"CT1_CONTA": "11", "CT1_DESC01": "Açúcar e Café"}]})
    cut = Answer(body.encode("cp1252", "replace")[:-12])
    script = Script()
    script.on("GET", "/rest/CTBR020/balancete", lambda _: cut)
    return script


_TOTVS = {"auth_type": "basic_auth", "username": "leitura", "password": "segredo-do-teste"}
_OMIE = {"app_key": "chave-do-teste", "app_secret": "segredo-do-teste"}
_BEARER = {"auth_type": "bearer_token", "access_token": "segredo-do-teste"}

Case = tuple[str, Callable[[], Any], tuple[str, ...]]
CASES: dict[str, Case] = {
    "omie": (
        "tap-omie",
        lambda: simulated("omie", (faults.status(503), 2), (faults.short_body(), 5)),
        (),
    ),
    "omie-odd-rows": ("tap-omie", lambda: played(omie_with_odd_rows(), **_OMIE), ()),
    "omie-public": (
        "tap-omie",
        lambda: simulated("omie_public", (faults.reset(), 3), (faults.gzip_body(), 4)),
        (),
    ),
    "omie-public-cash": (
        "tap-omie",
        lambda: played(omie_on_a_cash_basis(), api="public", **_OMIE),
        (),
    ),
    "omie-public-blocked": (
        "tap-omie",
        lambda: played(omie_that_refuses(), api="public", **_OMIE),
        (),
    ),
    "totvs": (
        "tap-totvs",
        lambda: simulated("totvs", (latin_1(), 1), (faults.garbage(), 3), (latin_1(), 4)),
        (),
    ),
    "totvs-large": ("tap-totvs", lambda: simulated("totvs", entries=300), ()),
    "totvs-cut-off": ("tap-totvs", lambda: played(totvs_that_is_no_json(), **_TOTVS), ()),
    "totvs-public": (
        "tap-totvs",
        lambda: simulated("totvs_public", (faults.html(), 2), (faults.truncated(), 3)),
        (),
    ),
    "totvs-public-dust": (
        "tap-totvs",
        lambda: played(protheus(), api="public", tenant="01,01", **_TOTVS),
        (),
    ),
    "contaazul": (
        "tap-contaazul",
        lambda: simulated("contaazul", (faults.rate_limited(), 2), (faults.empty_body(), 4)),
        (),
    ),
    "contaazul-public": (
        "tap-contaazul",
        lambda: simulated("contaazul_public", (faults.status(500), 4), entries=3),
        (),
    ),
    "bling-v3": (
        "tap-bling",
        lambda: simulated("bling", (faults.reset_in_body(), 3), (faults.gzip_body(), 5)),
        (),
    ),
    "bling-v2": (
        "tap-bling",
        lambda: simulated("bling_v2", (faults.null_body(), 3), (faults.status(502), 5)),
        (),
    ),
    "bling-public": ("tap-bling", lambda: simulated("bling_public", entries=4), ()),
    "bling-wrong-key": (
        "tap-bling",
        lambda: played(bling_with_a_wrong_key(), **_BEARER),
        ("--health-check",),
    ),
    "bling-v2-health": ("tap-bling", lambda: simulated("bling_v2"), ("--health-check",)),
    "omie-test": ("tap-omie", lambda: simulated("omie"), ("--test",)),
}


def record(name: str, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a case and capture it into a file."""
    tap, opened, options = CASES[name]
    with opened() as settings, TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_bytes(msgspec.json.encode(settings))
        command = [str(installed(tap)), "--config", str(config), "--capture", str(file)]
        return subprocess.run(
            [*command, *options, *more],
            capture_output=True,
            check=False,
            env=environment(),
            text=True,
        )


def main() -> None:
    """Make all captures, or those named."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        file = FOLDER / f"{name}.zip"
        done = record(name, file)
        print(f"{name}: exit status {done.returncode}, {file.stat().st_size} bytes")
        for line in done.stderr.splitlines():
            if "does not read" in line or "could not" in line or "lacks" in line:
                print(f"  {line}")


if __name__ == "__main__":
    main()
