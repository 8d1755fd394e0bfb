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
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec
import psycopg
from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchFileFormat, StorageTarget
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.singerlib.json import deserialize_json
from target_postgres.sinks import PostgresSink
from target_postgres.target import TargetPostgres

if TYPE_CHECKING:
    import sqlalchemy
    from singer_sdk.target_base import Target
    from sqlalchemy.engine import Connection

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

COPIED_AT_ONCE = 1000  # records
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""U+0000 as JSON writes it (behind backslashes in pairs); PostgreSQL has no such character."""


class Message(msgspec.Struct):
    """A Singer message whose record is left as it is written."""

    type: str
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw()


read_message = msgspec.json.Decoder(Message).decode


class TextReader(GenericSingerReader[bytes]):
    """Reads messages; a record stays the text that it is."""

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    @override
    def deserialize_json(self, line: bytes | str) -> dict[str, Any]:
        try:
            message = read_message(line)
        except msgspec.DecodeError:
            return deserialize_json(line)  # it says what is wrong
        if message.type != "RECORD" or not message.record:
            return deserialize_json(line)
        return {"type": "RECORD", "stream": message.stream, "record": message.record}


class JsonSink(PostgresSink):
    """A table that takes the text of records."""

    def __init__(self, target: Target, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's own
        """Create the sink of a stream of this target."""
        super().__init__(target, *args, **kwargs)
        self._mapper = target.mapper

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
            and self.connector._engine.dialect.driver == "psycopg"  # noqa: SLF001 - the library has no other way to it
        )

    def take(self, record: bytes) -> None:
        """Keep a record for the next batch."""
        context = self._get_context({})
        context.setdefault("texts", []).append(record)
        self.tally_record_read()

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        texts: list[bytes] = context.pop("texts", [])
        if "records" in context:
            super().process_batch(context)
        if not texts:
            return
        self.record_counter_metric.increment(len(texts))
        try:
            self._load(texts)
        except psycopg.DataError as error:
            # The library's own insert may take the value, or say better which one is wrong.
            self.logger.warning(
                "%s: PostgreSQL cannot read this batch as JSON (%s); inserting it row by row",
                self.stream_name,
                str(error).splitlines()[0],
            )
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
                lines = cast("IO[bytes]", file)
                if encoding.compression == "gzip":
                    lines = cast("IO[bytes]", gzip.GzipFile(fileobj=lines))
                while texts := [line.rstrip(b"\r\n") for line in islice(lines, self.max_size)]:
                    self.process_batch({"texts": texts})

    def _load(self, texts: list[bytes]) -> None:
        with self.connector._connect() as connection, connection.begin():  # noqa: SLF001
            table = self.connector.prepare_table(
                full_table_name=self.full_table_name,
                schema=self.schema,
                primary_keys=self.key_properties,
                as_temp_table=False,
                connection=connection,
            )
            cursor = cast(
                "psycopg.Connection[Any]", connection.connection.driver_connection
            ).cursor()
            cursor.execute(
                "create temporary table arrived (number bigint generated always as identity, "
                "document jsonb) on commit drop"
            )
            with cursor.copy("copy arrived (document) from stdin") as copy:
                for piece in _pieces(texts):
                    copy.write(piece)
            # A record's key comes twice in a batch now and then: only then is it worth sorting.
            cursor.execute("savepoint before_upsert")
            try:
                cursor.execute(self._upsert(connection, table))
            except psycopg.errors.CardinalityViolation:
                cursor.execute("rollback to savepoint before_upsert")
                cursor.execute(self._upsert(connection, table, last_of_each=True))

    def _upsert(
        self, connection: Connection, table: sqlalchemy.Table, *, last_of_each: bool = False
    ) -> bytes:
        """The statement that makes rows of the documents; the last of a key is the one that stays.

        Args:
            connection: Whose dialect quotes names.
            table: Where the rows go.
            last_of_each: Whether a key may come more than once.
        """
        quote = connection.dialect.identifier_preparer.quote
        name = connection.dialect.identifier_preparer.format_table(table)
        columns = [quote(column) for column in self.schema["properties"]]
        keys = [quote(key) for key in self.key_properties]
        listed, key = ", ".join(columns), ", ".join(keys)
        taken = f"select distinct on ({key}) {listed}" if last_of_each else f"select {listed}"
        order = f"order by {key}, arrived.number desc" if last_of_each else ""
        others = [column for column in columns if column not in keys]
        then = ", ".join(f"{column} = excluded.{column}" for column in others)
        action = f"update set {then}" if others else "nothing"
        return (
            f"insert into {name} ({listed}) {taken} from arrived cross join lateral "
            f"jsonb_populate_record(null::{name}, arrived.document) as made {order} "
            f"on conflict ({key}) do {action}"
        ).encode()


class ErpTargetPostgres(TargetPostgres):
    """MeltanoLabs' target-postgres, faster and as exact."""

    name = "target-postgres"
    package_name = "erp-target-postgres"
    default_sink_class = JsonSink
    message_reader_class = TextReader

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        record = message_dict.get("record")
        if not isinstance(record, msgspec.Raw):
            super()._process_record_message(message_dict)
            return
        sink = self._sinks_active.get(message_dict["stream"])
        if not isinstance(sink, JsonSink) or not sink.takes_text:
            super()._process_record_message(
                {**message_dict, "record": deserialize_json(bytes(record))}
            )
            return
        sink.take(record)
        if sink.is_full:
            self.drain_one(sink)
        self._handle_max_record_age()


def _pieces(texts: list[bytes]) -> Iterator[bytes]:
    """The texts in COPY's own format, a line each."""
    for start in range(0, len(texts), COPIED_AT_ONCE):
        piece = b"\n".join(texts[start : start + COPIED_AT_ONCE])
        if b"\\u0000" in piece:
            piece = NUL.sub(rb"\1", piece)
        yield piece.replace(b"\\", b"\\\\") + b"\n"
