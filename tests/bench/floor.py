"""The least that any program in Python pays for these rows: fetch, decode, map, encode, write.

No SDK, no checks, no second thread: one request after the other, typed `msgspec` structs from the
bytes of the answer to the bytes of the message. `python -m bench.floor CONFIG.json`.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import requests

from bench.months import months

# The names of the fields are Omie's own.
# ruff: noqa: N815


class Balance(msgspec.Struct):
    """A row of ListarBalancete: what is needed to ask for the postings."""

    cCodConta: str
    cSintetica: str
    nDebitos: Decimal
    nCreditos: Decimal


class Movement(msgspec.Struct, gc=False):
    """A row of ListarMovimentos."""

    nCodMov: int
    dDtMov: str
    cCodConta: str
    nDebito: Decimal
    nCredito: Decimal
    dDtLanc: str | None = None
    cDescConta: str | None = None
    cHistorico: str | None = None
    cNumDoc: str | None = None
    cTipoDoc: str | None = None
    cCodCC: str | None = None
    nCodCliente: int | None = None
    cNomeCliente: str | None = None


class Record(msgspec.Struct, gc=False):
    """A row of the subledger."""

    source_system: str
    company_id: str
    company_name: str
    period_start: str
    period_end: str
    currency: str
    extracted_at: datetime
    account_code: str
    account_name: str | None
    entry_id: str
    line_number: int
    journal_id: str
    posting_kind: str | None
    transaction_date: date
    posting_date: date
    debit_amount: Decimal
    credit_amount: Decimal
    description: str | None
    document_number: str | None
    document_type: str | None
    cost_center: str | None
    entity_id: str | None
    entity_name: str | None
    metadata: dict[str, str]


class Message(msgspec.Struct, gc=False, tag="RECORD", tag_field="type"):
    """A RECORD."""

    stream: str
    record: Record
    time_extracted: datetime


class Balances(msgspec.Struct):
    """An answer of ListarBalancete."""

    nTotPaginas: int
    balancete: list[Balance]


class Movements(msgspec.Struct):
    """An answer of ListarMovimentos."""

    nTotPaginas: int
    movimentos: list[Movement]


BALANCES = msgspec.json.Decoder(Balances)
MOVEMENTS = msgspec.json.Decoder(Movements)
NOTHING: dict[str, str] = {}


@lru_cache
def day(written: str) -> date:
    """A date as Omie writes it."""
    return date(int(written[6:]), int(written[3:5]), int(written[:2]))


class Floor:
    """One company's books, straight through."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Open a connection."""
        self.config = config
        self.http = requests.Session()
        self.encode = msgspec.json.Encoder(decimal_format="number").encode_lines

    def ask(
        self, path: str, call: str, company: str, span: dict[str, str], **more: object
    ) -> bytes:
        """The bytes of an answer."""
        start, end = (date.fromisoformat(span[key]) for key in ("period_start", "period_end"))
        param = {
            "nCodEmpresa": company,
            "dDataDe": f"{start:%d/%m/%Y}",
            "dDataAte": f"{end:%d/%m/%Y}",
            "nRegPorPagina": self.config.get("page_size", 500),
            **more,
        }
        keys = {key: self.config[key] for key in ("app_key", "app_secret")}
        body = {"call": call, **keys, "param": [param]}
        url, bundle = self.config["base_url"] + path, self.config["ca_bundle"]
        return self.http.post(url, json=body, verify=bundle, timeout=60).content

    def run(self) -> None:
        """Write the subledger of every company and month."""
        first, last = (date.fromisoformat(self.config[key]) for key in ("start_date", "end_date"))
        for company in self.config["companies"]:
            for span in months(first, last):
                for account in self.accounts(company["id"], span):
                    self.postings(company, span, account)

    def accounts(self, company: str, span: dict[str, str]) -> list[str]:
        """The accounts that moved."""
        found: list[str] = []
        number = pages = 1
        while number <= pages:
            body = self.ask("/geral/balancete/", "ListarBalancete", company, span, nPagina=number)
            page = BALANCES.decode(body)
            pages = page.nTotPaginas
            found += [
                row.cCodConta
                for row in page.balancete
                if row.cSintetica == "N" and (row.nDebitos or row.nCreditos)
            ]
            number += 1
        return found

    def postings(self, company: dict[str, str], span: dict[str, str], account: str) -> None:
        """Write the postings of an account."""
        code, name, start, end = company["id"], company["name"], *span.values()
        lines: dict[int, int] = {}
        number = pages = 1
        while number <= pages:
            body = self.ask(
                "/geral/contacorrente/",
                "ListarMovimentos",
                code,
                span,
                nPagina=number,
                cCodConta=account,
            )
            page = MOVEMENTS.decode(body)
            pages = page.nTotPaginas
            now = datetime.now(timezone.utc)
            messages = []
            for row in page.movimentos:
                entry = row.nCodMov
                line = lines[entry] = lines.get(entry, 0) + 1
                moved = day(row.dDtMov)
                record = Record(
                    "omie",
                    code,
                    name,
                    start,
                    end,
                    "BRL",
                    now,
                    row.cCodConta,
                    row.cDescConta,
                    str(entry),
                    line,
                    str(entry),
                    None,
                    moved,
                    day(row.dDtLanc) if row.dDtLanc else moved,
                    row.nDebito,
                    row.nCredito,
                    row.cHistorico,
                    row.cNumDoc,
                    row.cTipoDoc,
                    row.cCodCC,
                    None if row.nCodCliente is None else str(row.nCodCliente),
                    row.cNomeCliente,
                    NOTHING,
                )
                messages.append(Message("subledger", record, now))
            sys.stdout.buffer.write(self.encode(messages))
            number += 1


if __name__ == "__main__":
    Floor(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run()
