"""Omie's books through dlt, as its documentation has it: `python dlt_books.py CONFIG FOLDER`.

Each month's trial balance, then each account that moved once over all months; calls run side by
side on dlt's threads, amounts are `Decimal`. Nothing is checked and no allowance is kept to.
"""

from __future__ import annotations

import json
import sys
import threading
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.helpers import requests

CONFIG: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
START, END = (date.fromisoformat(CONFIG[name]) for name in ("start_date", "end_date"))
SEEN: set[str] = set()
LOCK = threading.Lock()


def rows(path: str, call: str, key: str, **param: Any) -> Iterator[list[dict[str, Any]]]:
    """The pages of a listing."""
    number = pages = 1
    while number <= pages:
        found = param | {"nPagina": number, "nRegPorPagina": 500}
        found["nCodEmpresa"] = CONFIG["companies"][0]["id"]
        keys = {name: CONFIG[name] for name in ("app_key", "app_secret")}
        answer = requests.post(
            CONFIG["base_url"] + path,
            json={"call": call, **keys, "param": [found]},
            verify=CONFIG["ca_bundle"],
        )
        body = json.loads(answer.text, parse_float=Decimal)
        yield body[key]
        number, pages = number + 1, body["nTotPaginas"]


def days(first: date, last: date) -> dict[str, str]:
    """A span as Omie has it."""
    return {"dDataDe": f"{first:%d/%m/%Y}", "dDataAte": f"{last:%d/%m/%Y}"}


@dlt.resource
def months() -> Iterator[date]:
    """The first day of each month."""
    for month in range(START.month - 1, START.month - 1 + CONFIG["months"]):
        yield date(START.year + month // 12, month % 12 + 1, 1)


@dlt.transformer(data_from=months, parallelized=True)
def trial_balance(first: date) -> Iterator[list[dict[str, Any]]]:
    """The trial balance of a month."""
    last = first.replace(day=monthrange(first.year, first.month)[1])
    for page in rows("/geral/balancete/", "ListarBalancete", "balancete", **days(first, last)):
        yield [row | {"month": first} for row in page]


@dlt.transformer(data_from=trial_balance)
def accounts(balances: list[dict[str, Any]]) -> Iterator[str]:
    """Each account that moved, once."""
    for row in balances:
        code = row["cCodConta"]
        moved = Decimal(row["nDebitos"]) or Decimal(row["nCreditos"])
        with LOCK:
            new = row["cSintetica"] != "S" and moved and code not in SEEN
            SEEN.add(code)
        if new:
            yield code


@dlt.transformer(data_from=accounts, parallelized=True)
def subledger(code: str) -> Iterator[list[dict[str, Any]]]:
    """The postings of an account."""
    yield from rows(
        "/geral/contacorrente/",
        "ListarMovimentos",
        "movimentos",
        cCodConta=code,
        **days(START, END),
    )


@dlt.source
def omie() -> list[Any]:
    """Both."""
    return [trial_balance, subledger]


if __name__ == "__main__":
    folder = Path(sys.argv[2]).resolve()
    pipeline = dlt.pipeline(
        "omie",
        pipelines_dir=str(folder / "work"),
        destination=dlt.destinations.filesystem(bucket_url=folder.joinpath("loaded").as_uri()),
        dataset_name="books",
    )
    pipeline.run(omie(), loader_file_format="jsonl")
    print(pipeline.last_trace.last_normalize_info.row_counts["subledger"])
