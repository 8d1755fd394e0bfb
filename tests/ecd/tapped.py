"""The tap run in this process over files in memory, as the streams see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]

from ecd.writer import CNPJ
from erp_common.errors import ERPError
from erp_common.singer.streams import LedgerStream, as_json
from tap_ecd.tap import TapEcd

Row = dict[str, Any]
ACME = {"id": "ACME", "cnpj": CNPJ, "name": "Acme Ltda"}


class Folder:
    """A folder of files, in memory."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.path = f"memory://{uuid4().hex}"
        for name, data in (files or {}).items():
            self.put(name, data)

    def put(self, name: str, data: bytes) -> None:
        """Write a file, or write it anew."""
        with fsspec.open(f"{self.path}/{name}", "wb") as file:
            file.write(data)

    def remove(self, name: str) -> None:
        """Remove a file."""
        system, path = fsspec.core.url_to_fs(f"{self.path}/{name}")
        system.rm(path)


class Run:
    """What a run of the tap gives."""

    def __init__(
        self, folder: Folder, state: Row | None = None, *, without: str = "", **settings: Any
    ) -> None:
        config = {"paths": [folder.path], "companies": [ACME], **settings}
        self.rows: dict[str, list[Row]] = {}
        self.failed: dict[str, str] = {}
        tap = TapEcd(config=config, state=state or {})
        if without:  # one stream is not selected
            tap.streams[without].metadata[()].selected = False
        run = tap.open_run()
        try:
            for company in tap.companies:
                try:
                    for extract in run.periods(company):
                        self._take(tap, extract)
                except ERPError as error:
                    self.failed[company.id] = str(error)
        finally:
            run.close()
        self.state = dict(tap.state)

    def _take(self, tap: TapEcd, extract: Any) -> None:
        streams = [one for one in tap.streams.values() if isinstance(one, LedgerStream)]
        for stream in sorted(streams, key=lambda one: one.name != "subledger"):
            kept = self.rows.setdefault(stream.name, [])
            if stream.name == "periods":
                found: list[Any] = [extract.header()]
            else:
                found = [row for rows in stream.rows(extract) for row in rows]
            constants = extract.constants(stream.name)
            kept += [{**constants, **as_json(row)} for row in found]
        extract.fail_if_strict()
        tap.delivered(extract)

    def codes(self) -> list[str]:
        """The codes of the findings, in order."""
        return [row["code"] for row in self.rows.get("validation_issues", [])]

    def periods(self) -> list[str]:
        """The first days of the periods that were read."""
        return [row["period_start"] for row in self.rows.get("periods", [])]

    def without_times(self) -> dict[str, list[Row]]:
        """The rows without the moment of the extraction and the files' own marks."""
        return {
            stream: [
                {name: value for name, value in row.items() if name not in _OF_THE_FILE}
                for row in rows
            ]
            for stream, rows in self.rows.items()
        }


_OF_THE_FILE = {"extracted_at", "sha256", "file_hash", "modified_at", "file", "file_size"}


def read(files: Mapping[str, bytes], **settings: Any) -> Run:
    """Run the tap over these files."""
    return Run(Folder(files), **settings)
