"""The installed commands against servers that mean harm; one row of `docs/security.md` each."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from hostile.raw import Asked, Piece, answer, dripped, serving
from hostile.runs import (
    BLING,
    BLING_V2,
    CONTAAZUL,
    ERPS,
    OMIE,
    TOTVS,
    Ended,
    Erp,
    assert_failed,
    run,
)

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(180)]

DATE = "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"
SECONDS = "Retry-After: 999999999"


def attacked(erp: Erp, whole: bytes, folder: Path, *args: str, **more: Any) -> Ended:
    """A run of which every request gets this answer."""
    with serving(lambda _: [whole]) as server:
        return run(erp.command, erp.configured(server, **more), folder, *args)


@lru_cache
def packed(size: int, filling: bytes = b" ") -> bytes:
    """So many bytes of JSON or of nothing, in a thousandth of them."""
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(b'{"data":[') + packer.compress(filling * size) + packer.flush()


@pytest.mark.parametrize("erp", ERPS, ids=lambda erp: erp.name)
class TestEachErp:
    @pytest.mark.parametrize(
        "endless",
        [
            lambda: dripped(b"H"),
            lambda: dripped(b"HTTP/1.1 100 Continue\r\n\r\n"),
            lambda: iter([b"HTTP/1.1 200 OK\r\n", *dripped(b"X: y\r\n", 60)]),
            lambda: iter(
                [
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                    *dripped(b"X: y\r\n", 60),
                ]
            ),
        ],
        ids=["status line", "100 Continue", "headers", "trailers"],
    )
    def test_bytes_without_end(
        self, erp: Erp, endless: Callable[[], Iterator[Piece]], tmp_path: Path
    ) -> None:
        with serving(lambda _: endless()) as server:
            ended = run(erp.command, erp.configured(server, extract_timeout=1), tmp_path)
        assert_failed(ended, "ERPConnectionError", f"{erp.system} did not answer within 1 s")

    def test_a_body_packed_twice(self, erp: Erp, tmp_path: Path) -> None:
        twice = gzip.compress(packed(1 << 28))
        ended = attacked(erp, answer(twice, "Content-Encoding: gzip, gzip"), tmp_path)
        assert_failed(ended, "ERPConnectionError", "more than one content encoding")

    def test_a_body_packed_once_and_large(self, erp: Erp, tmp_path: Path) -> None:
        whole = answer(packed(1 << 28), "Content-Encoding: gzip")
        ended = attacked(erp, whole, tmp_path, extract_timeout=30)
        assert_failed(ended, "ERP")

    def test_a_thousand_content_encodings(self, erp: Erp, tmp_path: Path) -> None:
        ended = attacked(erp, answer(b"{}", f"Content-Encoding: {'gzip,' * 1001}"), tmp_path)
        assert_failed(ended, "ERPConnectionError", "more than one content encoding")

    @pytest.mark.parametrize("wait", [SECONDS, DATE], ids=["seconds", "date"])
    @pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
    def test_a_wait_of_years(self, erp: Erp, status: str, wait: str, tmp_path: Path) -> None:
        ended = attacked(erp, answer(b"{}", wait, status=status), tmp_path)
        assert_failed(ended, "ERPRateLimitError", "blocks all requests for")

    def test_escapes_in_the_erps_words(self, erp: Erp, tmp_path: Path) -> None:
        evil = "\x1b[31m\x07\x08\x9b31m\u202eevil" + "x" * 5000
        body = json.dumps({"message": evil, "faultstring": evil, "faultcode": evil}).encode()
        ended = attacked(erp, answer(body, status="400 Bad Request"), tmp_path)
        assert_failed(ended, "ERPValidationError")
        assert not set("\x1b\x07\x08\x9b\u202e") & set(ended.stderr)

    def test_a_content_type_of_60_kilobytes(self, erp: Erp, tmp_path: Path) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: x/{'y' * 60000}\r\nContent-Length: 1\r\n\r\n?"
        assert_failed(attacked(erp, head.encode(), tmp_path), "ERPValidationError")

    @pytest.mark.parametrize(
        ("headers", "kind"),
        [
            ("Content-Length: 2\r\nContent-Length: 3", "ERPConnectionError"),
            ("Content-Type: application/json; charset=undefined\r\nContent-Length: 2", "ERP"),
            ("Location: https://[::1\r\nContent-Length: 2", "ERP"),
        ],
        ids=["two lengths", "no charset", "no location"],
    )
    def test_headers_that_make_no_sense(
        self, erp: Erp, headers: str, kind: str, tmp_path: Path
    ) -> None:
        status = "301 Moved" if "Location" in headers else "200 OK"
        whole = f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n{{}}".encode()
        assert_failed(attacked(erp, whole, tmp_path), kind)

    def test_a_part_is_no_answer(self, erp: Erp, tmp_path: Path) -> None:
        ended = attacked(erp, answer(b"{}", status="206 Partial Content"), tmp_path)
        assert_failed(ended, "ERPConnectionError", "206")

    def test_a_health_check_of_an_answer_without_end(self, erp: Erp, tmp_path: Path) -> None:
        whole = answer(packed(1 << 28), "Content-Encoding: gzip")
        ended = attacked(erp, whole, tmp_path, "--health-check", timeout=30)
        assert json.loads(ended.stdout)["status"] in {"unreachable", "error"}
        assert ended.peak < 400 << 20


@pytest.mark.parametrize("count", ["1e99999999", '"1e99999999"', '"' + "9" * 5000 + '"'])
@pytest.mark.parametrize(
    ("erp", "field", "key"),
    [
        (OMIE, "nTotPaginas", "balancete"),
        (OMIE, "nTotRegistros", "balancete"),
        (CONTAAZUL, "total_pages", "transactions"),
        (CONTAAZUL, "total", "transactions"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_counts_beyond_measure(erp: Erp, field: str, key: str, count: str, tmp_path: Path) -> None:
    def script(asked: Asked) -> list[bytes]:
        if "chart-of-accounts" in asked.target:
            rows = [{"id": "1", "code": "1", "name": "Ativo", "type": "ASSET"}]
            return [answer(json.dumps({"accounts": rows}).encode())]
        return [answer(f'{{"{key}":[{{"cCodConta":"1","id":"1"}}],"{field}":{count}}}'.encode())]

    with serving(script) as server:
        ended = run(erp.command, erp.configured(server), tmp_path)
    assert_failed(ended, "ERPValidationError", field, "no count")


def test_elements_that_are_never_closed(tmp_path: Path) -> None:
    body = b"<retorno>" + b"<a>" * (5 << 20)
    ended = attacked(BLING_V2, answer(body), tmp_path, extract_timeout=30)
    assert_failed(ended, "ERPConnectionError", "elements")


def test_a_wait_of_years_keeps_the_state(tmp_path: Path) -> None:
    """What was read before is not read again, once the ERP may be asked."""

    def script(asked: Asked) -> list[bytes]:
        second = b'"nCodEmpresa":"2"' in asked.body
        return [answer(b"{}", SECONDS, status="429 Too Many")] if second else ledger(asked)

    companies = [{"id": f"c{number}", "erp_id": str(number)} for number in (1, 2)]
    with serving(script) as server:
        settings = OMIE.configured(server, companies=companies, max_concurrency=1)
        ended = run(OMIE.command, settings, tmp_path)
    assert_failed(ended, "ERPRateLimitError", "blocks all requests for")
    assert bookmarks(ended) == [("c1", "2024-01-31")]


def bookmarks(ended: Ended) -> list[tuple[str, str | None]]:
    """Up to where each company is delivered."""
    return [
        (one["context"]["company_id"], one.get("replication_key_value"))
        for one in (ended.state or {})["bookmarks"]["periods"]["partitions"]
    ]


def test_omie_says_to_wait_for_years(tmp_path: Path) -> None:
    fault = {"faultstring": "Consumo redundante. Aguarde 99999999 segundos", "faultcode": "X"}
    ended = attacked(
        OMIE, answer(json.dumps(fault).encode(), status="500 Internal Server Error"), tmp_path
    )
    assert_failed(ended, "ERPRateLimitError", "99999999")


def test_a_token_answer_without_end(tmp_path: Path) -> None:
    oauth = {"auth_type": "oauth2", "client_id": "id", "client_secret": "226dcf372489bb45"}
    whole = answer(packed(1 << 28), "Content-Encoding: gzip")
    with serving(lambda _: [whole]) as server:
        settings = TOTVS.configured(server, **oauth, token_url=f"{server.url}/token", timeout=30)
        ended = run(TOTVS.command, settings, tmp_path)
    assert_failed(ended, "ERPConnectionError", "64 MiB")


def test_a_token_that_trickles(tmp_path: Path) -> None:
    oauth = {"auth_type": "oauth2", "client_id": "id", "client_secret": "226dcf372489bb45"}
    with serving(lambda _: dripped(b"H")) as server:
        settings = TOTVS.configured(server, **oauth, token_url=f"{server.url}/token")
        ended = run(TOTVS.command, settings, tmp_path)
    assert_failed(ended, "ERPConnectionError", "did not answer within 3 s")


def page(asked: Asked) -> int:
    """The page that Bling is asked for."""
    if "pagina=" in asked.target:
        return int(asked.target.partition("pagina=")[2].partition("&")[0])
    return int(asked.target.partition("page=")[2].partition("/")[0])


@pytest.mark.parametrize("pages", [1, 2, 3], ids=["always one", "two in turn", "three in turn"])
def test_pages_of_bling_that_come_again(pages: int, tmp_path: Path) -> None:
    def script(asked: Asked) -> list[bytes]:
        rows = [{"id": (page(asked) % pages) * 100 + one, "codigo": str(one)} for one in range(100)]
        return [answer(json.dumps({"data": rows}).encode())]

    with serving(script) as server:
        ended = run(BLING.command, BLING.configured(server), tmp_path)
    assert_failed(ended, "ERPValidationError", "ignores the page asked for")


def test_the_one_row_of_bling_v2_that_comes_on_every_page(tmp_path: Path) -> None:
    row = "<contacontabil><id>1</id><codigo>1</codigo><descricao>Ativo</descricao></contacontabil>"
    body = f"<retorno><contascontabeis>{row}</contascontabeis></retorno>".encode()
    ended = attacked(BLING_V2, answer(body), tmp_path)
    assert_failed(ended, "ERPValidationError", "ignores the page asked for")


@pytest.mark.parametrize("odd", [".", ".."])
def test_an_id_of_bling_v2_that_would_walk_up_the_path(odd: str, tmp_path: Path) -> None:
    row = f"<contacontabil><id>{odd}</id><codigo>1</codigo><descricao>Caixa</descricao>"
    chart = f"<retorno><contascontabeis>{row}</contacontabil></contascontabeis></retorno>"
    end = "<retorno><erros><erro><cod>14</cod><msg>Sem registros</msg></erro></erros></retorno>"

    def script(asked: Asked) -> list[bytes]:
        return [answer((chart if asked.target.endswith("/page=1/xml/?apikey=x") else end).encode())]

    with serving(script) as server:
        ended = run(BLING_V2.command, BLING_V2.configured(server, api_key="x"), tmp_path)
        paths = [one.target.partition("?")[0] for one in server.asked]
    assert_failed(ended, "ERPValidationError", "leads elsewhere")
    assert paths == [f"/contascontabeis/page={number}/xml/" for number in (1, 2)]


def test_a_million_pages_of_omie(tmp_path: Path) -> None:
    body = {"nTotPaginas": 1_000_000, "balancete": [{"cCodConta": "1", "cDescConta": "Ativo"}]}
    ended = attacked(OMIE, answer(json.dumps(body).encode()), tmp_path)
    assert_failed(ended, "ERPValidationError", "1000000 pages")


def test_a_hundred_thousand_pages_of_one_row_of_omie(tmp_path: Path) -> None:
    body = {"nTotPaginas": 99_999, "balancete": [{"cCodConta": "1", "cDescConta": "Ativo"}]}
    ended = attacked(OMIE, answer(json.dumps(body).encode()), tmp_path)
    assert_failed(ended, "ERPValidationError", "ignores the page asked for")


def ledger(_: Asked, **more: Any) -> list[bytes]:
    """Books of Omie in which nothing has moved."""
    accounts = [
        {
            "cCodConta": code,
            "cDescConta": name,
            "cTipoConta": kind,
            "nSaldoInicial": amount,
            "nDebitos": 0,
            "nCreditos": 0,
            "nSaldoFinal": amount,
        }
        for code, name, kind, amount in (
            ("1", "Caixa", "Ativo", 100),
            ("2", "Capital", "Patrimônio Líquido", -100),
        )
    ]
    rows = [*accounts, more] if more else accounts
    body = json.dumps({"balancete": rows}).replace('"HUGE"', "1E+999999999")
    return [answer(body.encode())]


def test_findings_hold_what_a_database_can(tmp_path: Path) -> None:
    odd = {"cCodConta": "", "cDescConta": "a\x00b\x1b", "nSaldoInicial": "HUGE", "x": "y" * 100000}
    with serving(lambda asked: ledger(asked, **odd)) as server:
        ended = run(OMIE.command, OMIE.configured(server), tmp_path)
    assert ended.returncode == 0, ended.stderr
    (issue,) = [row for row in ended.records("validation_issues") if row["raw"]]
    assert issue["code"] == "INVALID_RECORD"
    assert "\\u0000" not in ended.stdout
    assert "E+999999999" not in json.dumps(issue["raw"], default=str).replace('"1E', "")
    assert len(json.dumps(issue["raw"], default=str)) < 70000


def test_states_grow_with_the_companies_and_not_with_their_square(tmp_path: Path) -> None:
    companies = [{"id": f"company-{number}", "erp_id": str(number)} for number in range(300)]
    with serving(ledger) as server:
        settings = OMIE.configured(server, companies=companies)
        ended = run(OMIE.command, settings, tmp_path)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    states = [line for line in lines if '"type":"STATE"' in line]
    partitions = json.loads(states[-1])["value"]["bookmarks"]["periods"]["partitions"]
    assert len(partitions) == len(companies)
    assert sum(map(len, states[:-1])) <= sum(map(len, lines)) - sum(map(len, states))


def test_a_bookmark_without_hyphens_advances(tmp_path: Path) -> None:
    with serving(ledger) as server:
        settings = OMIE.configured(server, end_date="2024-02-29")
        first = run(OMIE.command, settings, tmp_path)
        state = tmp_path / "state.json"
        state.write_text(json.dumps(first.state).replace("2024-02-29", "20240229"))
        assert "20240229" in state.read_text()
        settings = OMIE.configured(server, end_date="2024-03-31")
        ended = run(OMIE.command, settings, tmp_path, "--state", str(state))
    assert ended.returncode == 0, ended.stderr
    assert bookmarks(ended) == [("c1", "2024-03-31")]


def test_opening_balances_without_end_in_a_state(tmp_path: Path) -> None:
    """A derived ledger goes on from them."""
    rows = [{"id": 1, "codigo": "1", "descricao": "Caixa", "tipo": "Ativo", "saldoInicial": 7}]
    chart, nothing = (answer(json.dumps({"data": data}).encode()) for data in (rows, []))

    def script(asked: Asked) -> list[bytes]:
        return [nothing if "movimentacoes" in asked.target else chart]

    with serving(script) as server:
        settings = BLING.configured(server, end_date="2024-03-31")
        first = run(BLING.command, settings, tmp_path)
        state = tmp_path / "state.json"
        endless = re.sub(r'("balances": \{"1": )"?7"?', r'\1"Infinity"', json.dumps(first.state))
        assert "Infinity" in endless
        state.write_text(endless)
        ended = run(BLING.command, settings, tmp_path, "--state", str(state))
    assert_failed(ended, "ConfigValidationError", "opening balances for c1 cannot be read")


def test_one_sick_company_does_not_keep_the_others(tmp_path: Path) -> None:
    def script(asked: Asked) -> Iterator[Piece]:
        return dripped(b"H") if b'"nCodEmpresa":"2"' in asked.body else iter(ledger(asked))

    companies = [{"id": f"c{number}", "erp_id": str(number)} for number in (1, 2, 3)]
    with serving(script) as server:
        ended = run(OMIE.command, OMIE.configured(server, companies=companies), tmp_path)
    assert_failed(ended, "ERPConnectionError", "1 of 3 companies failed: c2")
    assert {row["company_id"] for row in ended.records("periods")} == {"c1", "c3"}


def test_cookies_are_not_sent_back(tmp_path: Path) -> None:
    with serving(
        lambda asked: [ledger(asked)[0].replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\n", 1)]
    ) as server:
        # One after the other, or none would know the cookie of another's answer.
        settings = OMIE.configured(server, end_date="2024-03-31", max_concurrency=1)
        ended = run(OMIE.command, settings, tmp_path)
        assert [one for one in server.asked if "cookie" in one.headers.lower()] == []
    assert ended.returncode == 0, ended.stderr
