"""Omie's books through Airbyte's CDK, as its documentation has it: `… read --config … --catalog …`.

Each month's trial balance, then each account that moved once over all months, one call after the
other. Amounts are binary floats, nothing is checked, no allowance is kept to.
"""

from __future__ import annotations

import sys
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams.http import HttpStream

JsonObject = dict[str, Any]


class OmieStream(HttpStream):
    """A call of Omie's API."""

    http_method = "POST"
    primary_key = None
    call: str
    key: str
    where: str

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Call with these keys."""
        super().__init__()
        self.config = config

    @property
    def url_base(self) -> str:
        return str(self.config["base_url"]) + "/"

    def path(self, **_: Any) -> str:
        return self.where.removeprefix("/")

    def get_json_schema(self) -> JsonObject:
        return {"type": "object", "properties": {}}

    def request_kwargs(self, *_: Any, **__: Any) -> JsonObject:
        return {"verify": self.config["ca_bundle"]}

    def next_page_token(self, response: Any) -> JsonObject | None:
        body = response.json()
        more = body["nPagina"] < body["nTotPaginas"]
        return {"page": body["nPagina"] + 1} if more else None

    def request_body_json(
        self,
        stream_state: Any = None,  # noqa: ARG002 - as the CDK calls it
        stream_slice: Mapping[str, Any] | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> JsonObject:
        page = (next_page_token or {}).get("page", 1)
        asked = (stream_slice or {}).get("partition") or stream_slice or {}
        company = self.config["companies"][0]["id"]
        return {
            "call": self.call,
            "app_key": self.config["app_key"],
            "app_secret": self.config["app_secret"],
            "param": [{**asked, "nCodEmpresa": company} | {"nPagina": page, "nRegPorPagina": 500}],
        }

    def parse_response(self, response: Any, **_: Any) -> Iterable[JsonObject]:
        yield from response.json()[self.key]


class TrialBalance(OmieStream):
    """The balances of a month."""

    name = "trial_balance"
    call, key, where = "ListarBalancete", "balancete", "/geral/balancete/"

    def stream_slices(self, **_: Any) -> Iterable[JsonObject]:
        start = date.fromisoformat(self.config["start_date"])
        for month in range(start.month - 1, start.month - 1 + self.config["months"]):
            first = date(start.year + month // 12, month % 12 + 1, 1)
            last = first.replace(day=monthrange(first.year, first.month)[1])
            yield days(first, last)

    def parse_response(self, response: Any, **more: Any) -> Iterable[JsonObject]:
        for row in super().parse_response(response, **more):
            if row["cSintetica"] != "S" and (float(row["nDebitos"]) or float(row["nCreditos"])):
                MOVED[row["cCodConta"]] = None
            yield row


class Subledger(OmieStream):
    """The postings of each account that moved."""

    name = "subledger"
    call, key, where = "ListarMovimentos", "movimentos", "/geral/contacorrente/"

    def stream_slices(self, **_: Any) -> Iterable[JsonObject]:
        span = (date.fromisoformat(self.config[name]) for name in ("start_date", "end_date"))
        found = days(*span)
        for code in list(MOVED):
            yield {"cCodConta": code, **found}


MOVED: dict[str, None] = {}


def days(first: date, last: date) -> JsonObject:
    """A span as Omie has it."""
    return {"dDataDe": f"{first:%d/%m/%Y}", "dDataAte": f"{last:%d/%m/%Y}"}


class Omie(AbstractSource):
    """Trial balance and subledger of Omie."""

    def spec(self, *_: Any) -> ConnectorSpecification:
        return ConnectorSpecification(connectionSpecification={"type": "object"})

    def check_connection(self, *_: Any) -> tuple[bool, None]:
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[OmieStream]:
        return [TrialBalance(config), Subledger(config)]


if __name__ == "__main__":
    launch(Omie(), sys.argv[1:])
