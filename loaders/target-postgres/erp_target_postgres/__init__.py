"""MeltanoLabs' target-postgres with a bulk insert of its own; everything else is the library's.

The library's INSERT is exact and takes most of a pipeline's time; its COPY is hardly faster and
rounds amounts, since NUMERIC columns pass through Python's floats there. Here the text of a record
is never parsed in Python: it is copied as it stands into a temporary table of one jsonb column, and
PostgreSQL makes the columns of it (`jsonb_populate_record`), exactly, and upserts them.

Where a record must be changed on its way (stream maps, flattening, metadata columns, validation, a
stream without keys, another driver than psycopg), the library's own way is taken.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec
import psycopg
from psycopg.errors import CardinalityViolation, DeadlockDetected, InvalidColumnReference
from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchFileFormat, StorageTarget
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.singerlib.json import deserialize_json
from target_postgres.sinks import PostgresSink
from target_postgres.target import TargetPostgres

if TYPE_CHECKING:
    import sqlalchemy
    from singer_sdk.target_base import Target

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

COPIED_AT_ONCE = 1000  # records
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""U+0000 as JSON writes it (behind backslashes in pairs); PostgreSQL has no such character."""


class Record(msgspec.Struct, tag_field="type", tag="RECORD"):
    """A RECORD message; the record is left as it is written."""

    stream: str
    record: msgspec.Raw


read_record = msgspec.json.Decoder(Record).decode


class TextReader(GenericSingerReader[bytes]):
    """Reads messages; a record stays the text that it is."""

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    @override
    def deserialize_json(self, line: bytes | str) -> dict[str, Any]:
        try:
            message = read_record(line)
        except msgspec.DecodeError:  # another message, or a broken one
            return deserialize_json(line)
        return {"type": "RECORD", "stream": message.stream, "text": message.record, "line": line}


class JsonSink(PostgresSink):
    """A table that takes the text of records."""

    def __init__(self, target: Target, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's own
        """Create the sink of a stream of this target."""
        super().__init__(target, *args, **kwargs)
        self._mapper = target.mapper

    @override
    def setup(self) -> None:
        # Loaders that start at once would all find no table, and all but one fail to make it.
        with self.connector._connect() as connection, connection.begin():  # noqa: SLF001
            connection.exec_driver_sql("select pg_advisory_xact_lock(hashtext('erp-taps: tables'))")
            super().setup()

    @cached_property
    def takes_text(self) -> bool:
        """Whether records of this stream go into the table as they are written."""
        maps = self._mapper.stream_maps.get(self.stream_name, [])
        return (
            len(maps) == 1
            and isinstance(maps[0], SameRecordTransform)
            and not maps[0].flattening_enabled
            and bool(self.key_properties)
            and not self.include_sdc_metadata_properties
            and not self.validate_schema
            and self.connector._engine.dialect.driver == "psycopg"  # noqa: SLF001 - no other way to it
        )

    def take(self, record: bytes) -> None:
        """Keep a record for the next batch."""
        self._get_context({}).setdefault("texts", []).append(record)
        self.tally_record_read()

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        texts: list[bytes] | None = context.get("texts")
        if texts is None:
            super().process_batch(context)
            return
        self.record_counter_metric.increment(len(texts))
        try:
            self._load(texts)
        except DeadlockDetected:  # with another loader of the same rows, which is through by now
            self._load(texts)
        except (psycopg.DataError, InvalidColumnReference) as error:
            # The library's own insert may take the value, or say better which one is wrong; it also
            # fills tables that are not its own and have no unique key.
            said = str(error).splitlines()[0]
            self.logger.warning("%s: inserting a batch row by row: %s", self.stream_name, said)
            super().process_batch({"records": [deserialize_json(bytes(text)) for text in texts]})

    @override
    def process_batch_files(self, encoding: BaseBatchFileEncoding, files: Sequence[str]) -> None:
        if encoding.format != BatchFileFormat.JSONL or not self.takes_text:
            super().process_batch_files(encoding, files)
            return
        storage = self.batch_config.storage if self.batch_config else None
        for path in files:
            head, tail = StorageTarget.split_url(path)
            with (storage or StorageTarget.from_url(head)).open(tail, mode="rb") as file:
                lines: Any = gzip.GzipFile(fileobj=file) if encoding.compression == "gzip" else file
                while texts := [line.rstrip(b"\r\n") for line in islice(lines, self.max_size)]:
                    self.process_batch({"texts": texts})

    def _load(self, texts: list[bytes]) -> None:
        with self.connector._connect() as connection, connection.begin():  # noqa: SLF001
            table = self.connector.prepare_table(
                self.full_table_name, self.schema, self.key_properties, connection
            )
            driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
            driver.execute(
                "create temp table arrived (number bigserial, document jsonb) on commit drop"
            )
            with driver.cursor().copy("copy arrived (document) from stdin") as copy:
                for start in range(0, len(texts), COPIED_AT_ONCE):
                    piece = b"\n".join(texts[start : start + COPIED_AT_ONCE])
                    if b"\\u0000" in piece:
                        piece = NUL.sub(rb"\1", piece)
                    copy.write(piece.replace(b"\\", b"\\\\") + b"\n")
            # A record's key comes twice in a batch now and then: only then is it worth sorting.
            try:
                with driver.transaction():
                    driver.execute(self._upsert(table, last_of_each=False))
            except CardinalityViolation:
                driver.execute(self._upsert(table, last_of_each=True))

    def _upsert(self, table: sqlalchemy.Table, *, last_of_each: bool) -> bytes:
        """Make rows of the documents; where a key may come twice, `last_of_each` stays."""
        names = self.connector._engine.dialect.identifier_preparer  # noqa: SLF001
        quote, name = names.quote, names.format_table(table)
        columns = [quote(column) for column in self.schema["properties"]]
        keys = [quote(key) for key in self.key_properties]
        listed, key = ", ".join(columns), ", ".join(keys)
        made, of_made = (", ".join(f"made.{one}" for one in some) for some in (columns, keys))
        order = f"order by {of_made}, arrived.number desc" if last_of_each else ""
        taken = f"select distinct on ({of_made}) {made}" if last_of_each else f"select {made}"
        then = ", ".join(f"{one} = excluded.{one}" for one in columns if one not in keys)
        return (
            f"insert into {name} ({listed}) {taken} from arrived cross join lateral "
            f"jsonb_populate_record(null::{name}, arrived.document) as made {order} "
            f"on conflict ({key}) do " + (f"update set {then}" if then else "nothing")
        ).encode()


class ErpTargetPostgres(TargetPostgres):
    """MeltanoLabs' target-postgres, faster and as exact."""

    name = "target-postgres"
    package_name = "erp-target-postgres"
    default_sink_class = JsonSink
    message_reader_class = TextReader

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        if "line" not in message_dict:
            super()._process_record_message(message_dict)
            return
        sink = self._sinks_active.get(message_dict["stream"])
        if not isinstance(sink, JsonSink) or not sink.takes_text:
            super()._process_record_message(deserialize_json(message_dict["line"]))
            return
        sink.take(message_dict["text"])
        if sink.is_full:
            self.drain_one(sink)
        self._handle_max_record_age()
