"""BATCH files of plain rows: encoded like messages as they come in, and compressed for speed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, count, islice
from typing import IO, Any, cast
from uuid import uuid4

from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig

from erp_common.singer.writer import ROWS_AT_ONCE, encode_rows, encoder

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
        config: Where the files go, how large they are, and whether they are compressed.
        name: Begins the files' names.
        constants: The fields that all rows share.
        rows: Structs with the other fields.

    Yields:
        The encoding and a file's address, for one BATCH message.
    """
    opening = encoder.encode(constants)[:-1]
    name = f"{config.storage.prefix or ''}{name}-{uuid4()}"
    all_rows = chain.from_iterable(rows)
    lines = bytearray()
    for number in count(1):
        of_file = islice(all_rows, config.batch_size)
        if not (few := list(islice(of_file, ROWS_AT_ONCE))):
            return
        with ExitStack() as open_file:
            address, file = _create(config, f"{name}-{number}.json", open_file)
            while few:
                encode_rows(lines, opening, few, b"\n")
                file.write(lines)
                lines.clear()
                few = list(islice(of_file, ROWS_AT_ONCE))
        yield config.encoding, [address]


def _create(config: BatchConfig, filename: str, owner: ExitStack) -> tuple[str, IO[bytes]]:
    """The address of a new file, and what writes to it until its owner is closed."""
    compressed = config.encoding.compression == "gzip"
    filename += ".gz" if compressed else ""
    file: IO[bytes] = owner.enter_context(config.storage.open(filename, "wb"))
    if compressed:
        writer = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION)
        file = cast("IO[bytes]", owner.enter_context(writer))
    return config.storage.get_url(filename), file
