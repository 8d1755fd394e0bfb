"""BATCH files of plain rows: encoded like messages, compressed for speed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig

from erp_common.singer.writer import encode_rows, encoder

COMPRESSION = 1
"""The fastest: a batch file is read once."""


def plain(
    config: BatchConfig,
    name: str,
    constants: dict[str, Any],
    rows: Iterator[list[Any]],
) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
    """Write rows to JSON Lines files of at most `batch_size` rows.

    Args:
        config: Where the files go and how large they are.
        name: Begins the files' names.
        constants: The fields that all rows share.
        rows: Structs with the other fields.

    Yields:
        The encoding and a file's address, for one BATCH message.
    """
    opening = encoder.encode(constants)[:-1]
    run, storage = uuid4(), config.storage
    for number, chunk in enumerate(_chunks(rows, config.batch_size), start=1):
        filename = f"{storage.prefix or ''}{name}-{run}-{number}.json.gz"
        with (
            storage.open(filename, "wb") as file,
            gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION) as compressed,
        ):
            for part in chunk:
                lines = bytearray()
                encode_rows(lines, opening, part, b"\n")
                compressed.write(lines)
        yield config.encoding, [storage.get_url(filename)]


def _chunks(rows: Iterator[list[Any]], size: int) -> Iterator[list[list[Any]]]:
    """The lists of rows, cut and gathered to chunks of `size` rows."""
    chunk: list[list[Any]] = []
    room = size
    for part in rows:
        start = 0
        while len(part) - start >= room:
            chunk.append(part[start : start + room])
            yield chunk
            start += room
            chunk, room = [], size
        if start < len(part):
            chunk.append(part[start:])
            room -= len(part) - start
    if chunk:
        yield chunk
