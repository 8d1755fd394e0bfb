"""The same postings from the ERP into PostgreSQL by dlt, as its documents advise for much data.

Rows come from Omie page by page, typed and mapped as the floor does; dlt normalises them, copies
CSV files into a staging table and upserts from there by key, amounts declared as decimals. Runs in
an environment of its own, where dlt is installed: `python -m bench.dlt_pipeline CONFIG.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import dlt

from bench.floor import MOVEMENTS, Floor, day
from bench.months import months

KEY = ["company_id", "account_code", "entry_id", "line_number"]
AMOUNT = {"data_type": "decimal", "precision": 38, "scale": 9}


class Books(Floor):
    """One company's books, as rows."""

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """The subledger, a page at a time."""
        first, last = (date.fromisoformat(self.config[key]) for key in ("start_date", "end_date"))
        for company in self.config["companies"]:
            for span in months(first, last):
                for account in self.accounts(company["id"], span):
                    yield from self.pages(company, span, account)

    def pages(
        self, company: dict[str, str], span: dict[str, str], account: str
    ) -> Iterator[list[dict[str, Any]]]:
        """The postings of an account."""
        lines: dict[int, int] = {}
        number = pages = 1
        while number <= pages:
            body = self.ask(
                "/geral/contacorrente/",
                "ListarMovimentos",
                company["id"],
                span,
                nPagina=number,
                cCodConta=account,
            )
            page = MOVEMENTS.decode(body)
            pages, number = page.nTotPaginas, number + 1
            now = datetime.now(timezone.utc)
            rows = []
            for row in page.movimentos:
                line = lines[row.nCodMov] = lines.get(row.nCodMov, 0) + 1
                moved = day(row.dDtMov)
                rows.append(
                    {
                        "source_system": "omie",
                        "company_id": company["id"],
                        "company_name": company["name"],
                        "period_start": date.fromisoformat(span["period_start"]),
                        "period_end": date.fromisoformat(span["period_end"]),
                        "currency": "BRL",
                        "account_code": row.cCodConta,
                        "account_name": row.cDescConta,
                        "entry_id": str(row.nCodMov),
                        "line_number": line,
                        "journal_id": str(row.nCodMov),
                        "transaction_date": moved,
                        "posting_date": day(row.dDtLanc) if row.dDtLanc else moved,
                        "debit_amount": row.nDebito,
                        "credit_amount": row.nCredito,
                        "description": row.cHistorico,
                        "document_number": row.cNumDoc,
                        "document_type": row.cTipoDoc,
                        "cost_center": row.cCodCC,
                        "entity_id": None if row.nCodCliente is None else str(row.nCodCliente),
                        "entity_name": row.cNomeCliente,
                        "extracted_at": now,
                        "metadata": {},
                    }
                )
            yield rows


def main() -> None:
    """Run the pipeline that the configuration describes."""
    config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    pipeline = dlt.pipeline(
        pipeline_name="books",
        pipelines_dir=config["folder"],
        destination=dlt.destinations.postgres(config["database"]),
        dataset_name="erp",
    )
    subledger = dlt.resource(
        Books(config).rows(),
        name="subledger",
        primary_key=KEY,
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns={
            "debit_amount": AMOUNT,
            "credit_amount": AMOUNT,
            "metadata": {"data_type": "json"},
        },
    )
    pipeline.run(subledger, loader_file_format=config["format"]).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
