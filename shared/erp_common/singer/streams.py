"""The four streams, the same for every ERP.

`periods` is the parent: for each period of a company its children emit first (subledger, trial
balance, validation issues), then the header row follows, then the bookmark moves. What a period has
fetched is shared by its streams and dropped with it.

The SDK's private methods that are overridden here, and why:

- `_sync_records`: its loop costs many times what a typed row costs, and it knows no company that
  fails while the others go on. Where a setting asks for more than plain rows (stream maps,
  deselected properties, flattening, batches, a dry run), the SDK's own loop runs.
- `_increment_stream_state`, `_write_starting_replication_value`: bookmarks move by period, not by
  row.
- `_write_schema_message`: once a run, not once a period.
- `CustomStreamMap._eval`: it tells of few of the ways in which an expression can fail.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from singer_sdk import metrics
from singer_sdk.batch import Batcher
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import CustomStreamMap, RemoveRecordTransform, SameRecordTransform
from singer_sdk.singerlib.catalog import Metadata
from singer_sdk.streams import Stream
from typing_extensions import override

from erp_common.errors import ERPError
from erp_common.ledger import schemas
from erp_common.singer import batches
from erp_common.singer.meters import Meters, RunCounter, RunTimer
from erp_common.singer.notation import restored
from erp_common.singer.writer import MessageWriter, encoder

if TYPE_CHECKING:
    from ast import Expr

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import MetadataMapping, SchemaMessage

    from erp_common.extract.period import PeriodExtract
    from erp_common.singer.base import TapBase


class LedgerStream(Stream):
    """A stream whose rows belong to one company and one period."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # rows are typed already
    state_partitioning_keys = ("company_id",)
    replication_key = schemas.REPLICATION_KEY
    row_schema: ClassVar[dict[str, Any] | None] = None
    """Of a stream that one tap alone has; what it requires is its key."""
    _tap: TapBase[Any]

    def __init__(self, tap: TapBase[Any]) -> None:
        """Create the stream of this tap."""
        stated = self.row_schema or schemas.SCHEMAS[self.name]
        super().__init__(tap, schema=tap.notation.schema(stated))
        self._form = tap.notation.writer(stated)
        self.primary_keys = tuple(stated["required"])
        self.meters = Meters(self.name)
        self._schema_written = False

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log what the SDK tells of each sync for `debug` alone; the tap tells of the periods."""
        super().log(message, *args, level=logging.DEBUG, **kwargs)

    def rows(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """The rows of a period, as lists of structs that lack the period's constants."""
        raise NotImplementedError

    def _written(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """The rows with amounts and objects as they stand in messages."""
        rows = self.rows(extract)
        return rows if self._form is None else map(self._form, rows)

    @override
    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:
        extract = self._tap.current
        constants = extract.constants(self.name)
        for rows in self._written(extract):
            for row in rows:
                yield {**constants, **as_json(row)}

    @override
    def _sync_records(
        self,
        context: Context | None = None,
        *,
        write_messages: bool = True,
    ) -> Generator[dict[str, Any], Any, Any]:
        writer = self._tap.message_writer
        if not (write_messages and isinstance(writer, MessageWriter) and self._is_plain()):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        extract = self._tap.current
        opening = writer.opening(self.name, extract.constants(self.name), self._stream_version)
        closing = writer.closing(extract.extracted_at)
        with self.get_record_counter() as counter, self.get_sync_timer():
            for rows in self._written(extract):
                writer.write_rows(opening, rows, closing)
                counter.increment(len(rows))

    @override
    def get_batch_config(self, config: Any) -> BatchConfig | None:
        """Batches, unless the rows go to several streams or none: then they are messages."""
        maps = self.stream_maps
        if len(maps) != 1 or isinstance(maps[0], RemoveRecordTransform) or not self.selected:
            return None
        return super().get_batch_config(config)

    @override
    def get_batches(
        self,
        batch_config: BatchConfig,
        context: Context | None = None,
    ) -> Iterator[tuple[Any, list[str]]]:
        """Files with the rows that messages would hold."""
        if batch_config.encoding.format == "jsonl" and self._is_plain():
            extract = self._tap.current
            yield from batches.plain(
                batch_config,
                f"{self.tap_name}--{self.name}",
                extract.constants(self.name),
                self._written(extract),
            )
            return
        mapped = (
            message.record
            for record in self._sync_records(context, write_messages=False)
            for message in self._generate_record_messages(record)
        )
        batcher = Batcher(self.tap_name, self.name, batch_config)
        for manifest in batcher.get_batches(records=mapped):
            yield batch_config.encoding, manifest

    def _is_plain(self) -> bool:
        """Whether every row goes out as it is."""
        return (
            self.selected
            and self.ABORT_AT_RECORD_COUNT is None
            and all(self.mask.get(("properties", name), True) for name in self.schema["properties"])
            and len(self.stream_maps) == 1
            and type(self.stream_maps[0]) is SameRecordTransform
            and self.stream_maps[0].stream_alias == self.name
            and not self.stream_maps[0].flattening_enabled
        )

    @override
    def get_record_counter(
        self, *, endpoint: str | None = None, log_interval: float = metrics.DEFAULT_LOG_INTERVAL
    ) -> RunCounter:
        return self.meters.records

    @override
    def get_batch_counter(self) -> RunCounter:
        return self.meters.batches

    @override
    def get_sync_timer(self) -> RunTimer:
        return self.meters.time

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        return None

    @override
    def _increment_stream_state(
        self,
        latest_record: dict[str, Any],
        *,
        context: Context | None = None,
    ) -> None:
        """Move no bookmark: `periods` does, once all streams of a period are out."""

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Note nothing: where a run starts is decided over all selected streams."""

    @property
    @override
    def metadata(self) -> MetadataMapping:
        """What is selected: always what keys a row or dates it, also by an older catalog."""
        found = super().metadata
        if found:  # one without a word selects everything
            for name in (*self.primary_keys, schemas.REPLICATION_KEY, "extracted_at"):
                found["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC
        return found

    @property
    @override
    def effective_schema(self) -> dict[str, Any]:
        """The stream's own schema: one from a catalog may be of other settings."""
        return self.schema

    @override
    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        for message in super()._generate_schema_messages():
            properties = restored(message.schema["properties"])
            message.schema = {**message.schema, "properties": properties}
            yield message

    @override
    def _write_schema_message(self) -> None:
        if not self._schema_written:
            super()._write_schema_message()
            self._schema_written = True


def as_json(row: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the row structs
    """A row's own fields as JSON knows them, amounts still `Decimal`."""
    fields: dict[str, Any] = msgspec.to_builtins(row, builtin_types=(Decimal,))
    return fields


class PeriodsStream(LedgerStream):
    """Header and control totals of each extraction; the parent of the other streams."""

    name = "periods"

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        return [{"company_id": company.id} for company in self._tap.companies]

    @override
    def rows(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """The header."""
        yield [extract.header()]

    @override
    def get_batch_config(self, config: Any) -> None:
        """No batches: a header row must follow its period's rows at once."""

    @override
    def _sync_records(
        self,
        context: Context | None = None,
        *,
        write_messages: bool = True,
    ) -> Generator[dict[str, Any], Any, Any]:
        try:
            with self.get_record_counter() as counter, self.get_sync_timer():
                yield from self._sync_companies(counter, write_messages=write_messages)
        finally:
            for stream in self._tap.streams.values():
                if isinstance(stream, LedgerStream):
                    stream.meters.finish()

    def _sync_companies(
        self, counter: RunCounter, *, write_messages: bool
    ) -> Generator[dict[str, Any], Any, Any]:
        """Every company's periods; what one company fails of does not keep the others."""
        failures: list[tuple[str, ERPError]] = []
        emitted = 0
        with closing(self._tap.open_run()) as run:
            for company in self._tap.companies:
                try:
                    for extract in run.periods(company):
                        record = self._sync_period(extract)
                        if self.selected and write_messages:
                            self._write_record_message(record)
                            counter.increment()
                            emitted += 1
                        self._tap.delivered(extract)
                        yield record
                        # Before the next period is asked for, of which a dry run wants nothing.
                        self._check_max_record_limit(current_record_index=emitted)
                except ERPError as error:
                    self._tap.company_failed(company, error)
                    failures.append((company.id, error))
                    run.give_up(company)
                self._tap.company_done()
                if failures and failures[-1][1].ends_run:
                    break
        self._tap.run_done()
        if failures:
            raise combined(failures, len(self._tap.companies))

    def _sync_period(self, extract: PeriodExtract) -> dict[str, Any]:
        """Let the children emit a period, and return its header."""
        self._tap.current = extract
        self._sync_children(
            {
                "company_id": extract.company.id,
                "period_start": str(extract.period.start),
                "period_end": str(extract.period.end),
            },
        )
        extract.fail_if_strict()
        ((header,),) = self._written(extract)
        return {**extract.constants(self.name), **as_json(header)}


class SubledgerStream(LedgerStream):
    """The postings of every analytic account, line by line."""

    name = "subledger"
    parent_stream_type = PeriodsStream

    @override
    def rows(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """The postings as they come in."""
        return extract.postings()


class TrialBalanceStream(LedgerStream):
    """The balances of every account in every period."""

    name = "trial_balance"
    parent_stream_type = PeriodsStream

    @override
    def rows(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """The balances, unless the period is refused."""
        if not extract.is_refused:
            yield extract.balances()


class ValidationIssuesStream(LedgerStream):
    """What the checks found, row by row."""

    name = "validation_issues"
    parent_stream_type = PeriodsStream

    @override
    def rows(self, extract: PeriodExtract) -> Iterator[list[Any]]:
        """What the checks found."""
        yield extract.findings()


class ToldMap(CustomStreamMap):
    """A stream map that says which expression failed, and of what."""

    @override
    def _eval(
        self, expr: str, expr_parsed: Expr, record: dict[str, Any], property_name: str | None
    ) -> Any:
        try:
            value = super()._eval(expr, expr_parsed, record, property_name)
            if property_name is not None:
                encoder.encode(value)  # such as a function has no place in a message
        except Exception as error:  # an expression can raise whatever Python can
            reason = error.__cause__ or error
            raise MapExpressionError(
                f"{expr} fails for a row of {self.stream_name} ({type(reason).__name__}: {reason})"
            ) from error
        return value


STREAMS: tuple[type[LedgerStream], ...] = (
    PeriodsStream,
    SubledgerStream,
    TrialBalanceStream,
    ValidationIssuesStream,
)
"""In the order in which a period is emitted, the parent first."""


def combined(failures: list[tuple[str, ERPError]], companies: int) -> ERPError:
    """One error for the run, of the kind of the first failure, that names every failed company."""
    _, first = failures[0]
    if companies == 1:
        return first
    by_reason: dict[str, list[str]] = {}
    for company, error in failures:
        by_reason.setdefault(str(error), []).append(company)
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())
    others = " (the companies after it were not tried)" if failures[-1][1].ends_run else ""
    return type(first)(f"{len(failures)} of {companies} companies failed{others}: {told}")
