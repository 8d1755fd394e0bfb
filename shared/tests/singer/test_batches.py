"""BATCH files hold every row once, in order, in files of the size and form asked for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

import msgspec
import pytest
from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig, StorageTarget

from erp_common.singer.batches import plain


class Row(msgspec.Struct):
    """A row of one field."""

    number: int


def written(folder: Path, compression: str | None, size: int, parts: list[int]) -> list[list[Any]]:
    """The rows in each file, of lists of so many rows."""
    config = BatchConfig(
        BaseBatchFileEncoding("jsonl", compression),
        StorageTarget(folder.as_uri()),
        batch_size=size,
    )
    rows = iter(range(sum(parts)))
    lists = ([Row(next(rows)) for _ in range(length)] for length in parts)
    files = []
    for encoding, addresses in plain(config, "tap--stream", {"company": "1"}, lists):
        assert encoding is config.encoding
        for address in addresses:
            data = Path(url2pathname(address.removeprefix("file://"))).read_bytes()
            if compression == "gzip":
                assert address.endswith(".json.gz")
                data = gzip.decompress(data)
            files.append([json.loads(line) for line in data.splitlines()])
    return files


@pytest.mark.parametrize("compression", ["gzip", "none", None])
@pytest.mark.parametrize(
    ("size", "parts", "files"),
    [
        (10, [], []),
        (10, [0], []),
        (10, [3, 4], [7]),
        (10, [10], [10]),
        (10, [4, 6, 0, 1], [10, 1]),
        (3, [8, 2], [3, 3, 3, 1]),
    ],
)
def test_files_hold_all_rows_in_order(
    tmp_path: Path, compression: str | None, size: int, parts: list[int], files: list[int]
) -> None:
    found = written(tmp_path, compression, size, parts)
    assert [len(rows) for rows in found] == files
    rows = [row for rows in found for row in rows]
    assert rows == [{"company": "1", "number": number} for number in range(sum(parts))]


def test_a_file_that_cannot_be_finished_is_not_left_behind(tmp_path: Path) -> None:
    config = BatchConfig(
        BaseBatchFileEncoding("jsonl", "gzip"), StorageTarget(tmp_path.as_uri()), batch_size=5
    )

    def rows() -> Any:
        yield [Row(1)]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(plain(config, "tap--stream", {"company": "1"}, rows()))
    assert not list(tmp_path.iterdir())
