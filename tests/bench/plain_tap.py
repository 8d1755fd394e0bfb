"""The yardstick: the same Omie rows through a plain Meltano SDK tap, as its documentation has it.

Nothing is slowed down on purpose: parent and child streams, a paginator, amounts as `Decimal`, one
bookmark a company, and otherwise the SDK's defaults. It checks nothing and derives nothing; its
`trial_balance` and `subledger` rows have the same fields as those of tap-omie.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, ClassVar

import requests
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.helpers.types import Context
from singer_sdk.pagination import BasePageNumberPaginator
from singer_sdk.streams import Stream

from bench.months import months

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

TYPES = {
    "Ativo": "ASSET",
    "Passivo": "LIABILITY",
    "Patrimônio Líquido": "EQUITY",
    "Receita": "REVENUE",
    "Despesa": "EXPENSE",
    "Custo": "EXPENSE",
}
SHARED = (
    th.Property("source_system", th.StringType, required=True),
    th.Property("company_id", th.StringType, required=True),
    th.Property("company_name", th.StringType),
    th.Property("period_start", th.DateType, required=True),
    th.Property("period_end", th.DateType, required=True),
    th.Property("currency", th.StringType),
    th.Property("extracted_at", th.DateTimeType),
    th.Property("metadata", th.ObjectType()),
)


class Paginator(BasePageNumberPaginator):
    """Goes on until the page that Omie says is the last."""

    @override
    def has_more(self, response: requests.Response) -> bool:
        return bool(self.current_value < response.json()["nTotPaginas"])


class OmieStream(RESTStream[int]):
    """A call of Omie's API for one company and month."""

    http_method = "POST"
    call: str
    replication_key = "period_end"
    state_partitioning_keys: ClassVar[list[str]] = ["company_id"]

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["base_url"])

    @property
    @override
    def requests_session(self) -> requests.Session:
        session = super().requests_session
        session.verify = self.config["ca_bundle"]
        return session

    @override
    def get_new_paginator(self) -> Paginator:
        return Paginator(start_value=1)

    @override
    def prepare_request_payload(
        self, context: Context | None, next_page_token: int | None
    ) -> dict[str, Any]:
        assert context is not None
        return {
            "call": self.call,
            "app_key": self.config["app_key"],
            "app_secret": self.config["app_secret"],
            "param": [
                {
                    **self.filters(context),
                    "dDataDe": f"{date.fromisoformat(context['period_start']):%d/%m/%Y}",
                    "dDataAte": f"{date.fromisoformat(context['period_end']):%d/%m/%Y}",
                    "nCodEmpresa": context["company_id"],
                    "nPagina": next_page_token,
                    "nRegPorPagina": self.config["page_size"],
                }
            ],
        }

    def filters(self, context: Context) -> dict[str, Any]:
        """What the call asks for beside company and dates."""
        del context
        return {}

    def shared(self, context: Context) -> dict[str, Any]:
        """The fields that every row of a company and month has."""
        return {
            "source_system": "omie",
            "company_id": context["company_id"],
            "company_name": context["company_name"],
            "period_start": context["period_start"],
            "period_end": context["period_end"],
            "currency": "BRL",
            "extracted_at": datetime.now(timezone.utc).isoformat(),
            "metadata": {},
        }


class TrialBalance(OmieStream):
    """The balances of a month; the accounts that moved are what the subledger is asked for."""

    name = "trial_balance"
    path = "/geral/balancete/"
    call = "ListarBalancete"
    records_jsonpath = "$.balancete[*]"
    primary_keys = ("company_id", "period_start", "period_end", "account_code")
    schema = th.PropertiesList(
        *SHARED,
        th.Property("account_code", th.StringType, required=True),
        th.Property("account_name", th.StringType),
        th.Property("account_type", th.StringType),
        th.Property("parent_account_code", th.StringType),
        th.Property("level", th.IntegerType),
        th.Property("normal_balance", th.StringType),
        th.Property("opening_balance", th.NumberType),
        th.Property("debit_amount", th.NumberType),
        th.Property("credit_amount", th.NumberType),
        th.Property("closing_balance", th.NumberType),
        th.Property("net_opening_balance", th.NumberType),
        th.Property("net_closing_balance", th.NumberType),
        th.Property("is_summary", th.BooleanType),
        th.Property("basis", th.StringType),
    ).to_dict()

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        return [
            {"company_id": company["id"], "company_name": company["name"], **month}
            for company in self.config["companies"]
            for month in months(
                date.fromisoformat(self.config["start_date"]),
                date.fromisoformat(self.config["end_date"]),
            )
        ]

    @override
    def post_process(self, row: dict[str, Any], context: Context | None = None) -> dict[str, Any]:
        assert context is not None
        opening, closing = Decimal(row["nSaldoInicial"]), Decimal(row["nSaldoFinal"])
        return {
            **self.shared(context),
            "account_code": row["cCodConta"],
            "account_name": row["cDescConta"],
            "account_type": TYPES.get(row.get("cTipoConta", "")),
            "parent_account_code": row.get("cCodContaPai"),
            "level": row["nNivel"],
            "normal_balance": None,
            "opening_balance": opening,
            "debit_amount": Decimal(row["nDebitos"]),
            "credit_amount": Decimal(row["nCreditos"]),
            "closing_balance": closing,
            "net_opening_balance": opening,
            "net_closing_balance": closing,
            "is_summary": row["cSintetica"] == "S",
            "basis": "reported",
        }

    @override
    def generate_child_contexts(
        self, record: dict[str, Any], context: Context | None
    ) -> Iterable[Context | None]:
        assert context is not None
        if not record["is_summary"] and (record["debit_amount"] or record["credit_amount"]):
            yield {**context, "account_code": record["account_code"]}


class Subledger(OmieStream):
    """The postings of an account in a month."""

    name = "subledger"
    path = "/geral/contacorrente/"
    call = "ListarMovimentos"
    records_jsonpath = "$.movimentos[*]"
    primary_keys = ("company_id", "account_code", "entry_id", "line_number")
    parent_stream_type = TrialBalance
    schema = th.PropertiesList(
        *SHARED,
        th.Property("account_code", th.StringType, required=True),
        th.Property("account_name", th.StringType),
        th.Property("entry_id", th.StringType, required=True),
        th.Property("line_number", th.IntegerType, required=True),
        th.Property("journal_id", th.StringType),
        th.Property("posting_kind", th.StringType),
        th.Property("transaction_date", th.DateType),
        th.Property("posting_date", th.DateType),
        th.Property("debit_amount", th.NumberType),
        th.Property("credit_amount", th.NumberType),
        th.Property("description", th.StringType),
        th.Property("document_number", th.StringType),
        th.Property("document_type", th.StringType),
        th.Property("cost_center", th.StringType),
        th.Property("entity_id", th.StringType),
        th.Property("entity_name", th.StringType),
    ).to_dict()

    @override
    def filters(self, context: Context) -> dict[str, Any]:
        return {"cCodConta": context["account_code"]}

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        self.lines: dict[str, int] = {}
        yield from super().get_records(context)

    @override
    def post_process(self, row: dict[str, Any], context: Context | None = None) -> dict[str, Any]:
        assert context is not None
        entry = str(row["nCodMov"])
        number = self.lines[entry] = self.lines.get(entry, 0) + 1
        day = iso(row["dDtMov"])
        customer = row.get("nCodCliente")
        return {
            **self.shared(context),
            "account_code": row["cCodConta"],
            "account_name": row.get("cDescConta"),
            "entry_id": entry,
            "line_number": number,
            "journal_id": entry,
            "posting_kind": None,
            "transaction_date": day,
            "posting_date": iso(row["dDtLanc"]) if row.get("dDtLanc") else day,
            "debit_amount": Decimal(row["nDebito"]),
            "credit_amount": Decimal(row["nCredito"]),
            "description": row.get("cHistorico"),
            "document_number": row.get("cNumDoc"),
            "document_type": row.get("cTipoDoc"),
            "cost_center": row.get("cCodCC"),
            "entity_id": None if customer is None else str(customer),
            "entity_name": row.get("cNomeCliente"),
        }


class PlainTap(Tap):
    """Trial balance and subledger of Omie."""

    name = "tap-plain"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("app_key", th.StringType, required=True, secret=True),
        th.Property("app_secret", th.StringType, required=True, secret=True),
        th.Property("ca_bundle", th.StringType, required=True),
        th.Property("start_date", th.DateType, required=True),
        th.Property("end_date", th.DateType, required=True),
        th.Property("page_size", th.IntegerType, default=500),
        th.Property(
            "companies",
            th.ArrayType(
                th.ObjectType(
                    th.Property("id", th.StringType, required=True),
                    th.Property("name", th.StringType),
                )
            ),
            required=True,
        ),
    ).to_dict()

    @override
    def discover_streams(self) -> list[Stream]:
        return [TrialBalance(self), Subledger(self)]


def iso(written: str) -> str:
    """A date as Omie writes it, in ISO form."""
    return datetime.strptime(written, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a mere date


if __name__ == "__main__":
    PlainTap.cli()
