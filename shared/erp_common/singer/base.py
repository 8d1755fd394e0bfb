"""What every tap knows and does, beside its streams and its command line, which stand on this."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, cast

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.metrics import METRICS_LOGGER_NAME
from singer_sdk.singerlib import Catalog, Schema
from typing_extensions import override

from erp_common.errors import ERPError
from erp_common.extract.books import Books
from erp_common.extract.period import PeriodExtract
from erp_common.extract.source import Source
from erp_common.extract.work import Work
from erp_common.http.answer import WrongShapeError
from erp_common.http.dialect import FaultKind, Refusal
from erp_common.http.masking import Masker, install
from erp_common.http.wire import NETWORK, Wire
from erp_common.ledger.models import Company
from erp_common.setup import connection
from erp_common.setup.names import from_environment, misspelt, unread
from erp_common.setup.parse import parse, refusal, with_built_in
from erp_common.setup.settings import Defaults, Settings
from erp_common.singer import start
from erp_common.singer.notation import PLAIN, Notation
from erp_common.singer.progress import Line, Progress, line
from erp_common.singer.state import Bookmarks, PacedStateWriter
from erp_common.singer.writer import MessageWriter, Terminated

if TYPE_CHECKING:
    from types import FrameType

    from erp_common.http.health import HealthCheckResult

S = TypeVar("S", bound=Settings)


class Listener(Protocol):
    """What keeps what the ERP answers in a run."""

    def given(self, settings: Mapping[str, Any]) -> None:
        """Note the settings of the run."""

    def begun(self, state: Any, catalog: Any) -> None:  # noqa: ANN401 - the SDK's own
        """Note the files that the run was given."""


class Run:
    """The books that a run reads, and the connection to the ERP."""

    open_runs: ClassVar[set[Run]] = set()

    def __init__(self, books: Books, build: connection.Build, shown: Line) -> None:
        """Begin the run."""
        self._line = shown
        self.periods = books.periods
        self.give_up = books.give_up
        self._books = books
        self._build = build
        self.open_runs.add(self)

    def close(self) -> None:
        """End the run's threads and connections; what is under way ends unused."""
        self.open_runs.discard(self)
        self._line.close()
        self._books.close()
        self._build.close()


class TapBase(Tap, Generic[S]):
    """The settings, secrets and runs of a tap."""

    settings_class: type[S]
    defaults: ClassVar[Defaults]
    """Those of the settings."""
    source_class: ClassVar[type[Source]]
    message_writer_class = MessageWriter
    wire: ClassVar[Wire] = NETWORK
    """How the ERP is reached."""
    capture: ClassVar[Listener | None] = None
    """What keeps what the ERP answers, if that is wanted."""
    masker: ClassVar[Masker] = Masker()
    """One for the process: a secret of any tap in it must show nowhere."""
    debugging: ClassVar[bool] = False
    """Whether the run shows tracebacks."""

    settings: S
    _state_writer: PacedStateWriter
    current: PeriodExtract
    """The period that is being emitted."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's own arguments
        """Create the tap from the SDK's arguments."""
        start.spell_out_methods(kwargs.get("catalog"))
        self._reads_environment = bool(kwargs.get("parse_env_config"))
        if self.capture is not None:
            self.capture.begun(kwargs.get("state"), kwargs.get("catalog"))
        super().__init__(**kwargs)
        _end_on_hangup(self._handle_termination)
        self._state_writer = PacedStateWriter(self.message_writer)
        selected = any(one.selected for one in self.streams.values())
        if kwargs.get("catalog") is not None and not selected:
            self.logger.warning("no stream is selected, so nothing is read; select some")

    # What a tap states about its ERP

    @classmethod
    def source(cls, config: S, build: connection.Build) -> Source:
        """The ERP's books under these settings."""
        raise NotImplementedError

    # Settings

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Read the settings into `self.settings`; secrets are known to the mask before any word."""
        self.heed(self._config)
        try:
            self.settings = self.typed(self._config)
            self._config = with_built_in(self._config)
        except ConfigValidationError as error:
            if raise_errors:
                raise
            return [str(one) for one in error.errors]
        self._tell_what_has_no_effect()
        return []

    @classmethod
    def typed(cls, given: Mapping[str, Any], *, books: bool = True) -> S:
        """The settings as typed values; see `parse`.

        Raises:
            ConfigValidationError: One is missing or wrong; what may be misspelt is told too, for it
                may be the one that is missing.
        """
        if cls.capture is not None:
            cls.capture.given(given)
        try:
            return parse(given, cls.settings_class, books=books)
        except ConfigValidationError as error:
            slips = misspelt(given, cls.every_setting())
            raise refusal(
                *(str(one) for one in error.errors),
                *(f"{cls.name} has no setting {name}; {hint}" for name, hint in slips if hint),
            ) from None

    @classmethod
    def every_setting(cls) -> dict[str, Any]:
        """The schema of all settings, with those that the SDK adds."""
        described = cls.config_jsonschema
        cls.append_builtin_config(described)
        return described

    def _tell_what_has_no_effect(self) -> None:
        """Warn of settings that have none: a slip of the pen must not change what is read."""
        for name, hint in misspelt(self._config, self.every_setting()):
            told = f"; {hint}" if hint else ""
            self.logger.warning("%s has no setting %s: it is ignored%s", self.name, name, told)
        started = any(name.startswith("MELTANO_EXTRACTOR_") for name in os.environ)
        found = [name for name, value in os.environ.items() if value.strip()]
        for sentence in unread(
            self.every_setting(),
            self._env_var_prefix,
            found,
            read=self._reads_environment,
            meltano=self._config if started else None,
        ):
            self.logger.warning("%s", sentence)

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - the SDK's property of the class
        """The settings in the environment; one that cannot be read is a wrong setting."""
        return from_environment(cls.every_setting(), cls._env_var_prefix, os.environ)

    @property
    def notation(self) -> Notation:
        """How values are written; of settings that cannot be read, as in discovery, the usual."""
        settings: Settings | None = getattr(self, "settings", None)
        return Notation(settings.amounts, settings.objects) if settings else PLAIN

    @cached_property
    @override
    def catalog(self) -> Catalog:
        """What a catalog selects, of the streams as they are: it may be of an earlier release."""
        catalog = super().catalog
        for entry in catalog.streams:
            if stream := self.streams.get(entry.tap_stream_id):
                entry.schema, entry.metadata = Schema.from_dict(stream.schema), stream.metadata
                entry.stream = stream.name
        return catalog

    @property
    def companies(self) -> list[Company]:
        """The companies whose books are read."""
        return self.settings.company_list

    # A run

    def open_run(self) -> Run:
        """What is read in this run, from where the state says it starts."""
        selected = [stream for stream in self.streams.values() if stream.selected]
        streams = [stream.name for stream in selected]
        self._bookmarks = Bookmarks(
            cast("dict[str, Any]", self.state),
            streams,
            from_start=start.reads_all(selected),
            watched=self.settings.watched_periods,
        )
        build = self.build(self.settings)
        source = self._source = self.source(self.settings, build)
        work = [self.work(company, source, self._bookmarks) for company in self.companies]
        extraction = connection.extraction(
            self.settings, source, subledger="subledger" in streams, masker=self.masker
        )
        if self._rows_are_cut:
            extraction.narrow(1)  # a row or two are wanted: no year is read for them
        self.logger.info(
            "%s %s reads %s, %s in all",
            self.name,
            self.plugin_version,
            counted(len(work), "company", "companies"),
            counted(sum(len(one.periods) for one in work), "period", "periods"),
        )
        self.tell_what_is_read_already(work)
        books = Books(source, work, extraction, reads_ahead=not self._rows_are_cut)
        rate = self.settings.rate_limit
        self._progress = Progress(lambda: books.calls_due, rate.requests / rate.interval)
        self._line = line(sum(len(one.periods) for one in work))
        return Run(books, build, self._line)

    def tell_what_is_read_already(self, work: list[Work]) -> None:
        """Say it where a run would end without a word and without a row."""
        for company in [one.company.id for one in work if not one.periods]:
            self.logger.warning(
                "%s: nothing is left to read up to end_date (%s), for the state has it up to %s "
                "already; set a later end_date, or run with a full refresh",
                company,
                self.settings.end_date,
                self._bookmarks.reached(company),
            )

    def work(self, company: Company, source: Source, bookmarks: Bookmarks) -> Work:
        """What of a company is read in this run."""
        return start.work(company, self.settings, bookmarks, source.basis)

    def delivered(self, extract: PeriodExtract) -> None:
        """Move the bookmarks past a period whose streams have all been emitted."""
        if extract.moves_bookmark and not self._rows_are_cut:
            self._bookmarks.mark(extract.company.id, extract.period.end, extract.carried())
        self.logger.info("%s%s", extract.summary(), self._progress.say(extract.rows))
        where = f"{extract.company.id}, {extract.period}{extract.position}"
        self._line.say(f"{where}{self._progress.words()}")
        if not self._rows_are_cut:
            self._state_writer.write_if_due(self.state)

    @property
    def _rows_are_cut(self) -> bool:
        """Whether no more than a row or two of each stream is emitted, as by `--test`.

        Then the state stays as it was: it would say that all the others came too.
        """
        return any(one.ABORT_AT_RECORD_COUNT is not None for one in self.streams.values())

    def company_failed(self, company: Company, error: ERPError) -> None:
        """Say that a company's books could not be read; the others go on.

        A refusal that may be of the company names it, and the settings that say which it is.
        """
        refusal = error.__cause__
        refused = (
            isinstance(refusal, Refusal)
            and refusal.fault.kind is FaultKind.BUSINESS
            and refusal.fault.advice is None
        )
        if isinstance(error, WrongShapeError):
            error.args = (f"{str(error).rstrip('.')} (company {company.id}).",)
        elif refused and not self.settings.usual.single_company:
            asked = f"{self._source.whose(company)}: check {self._source.told_apart_by}"
            error.args = (f"{error} This is {asked} if the ERP has another.",)
        if len(self.companies) > 1:
            self.logger.error("%s: %s", company.id, error)

    def company_done(self) -> None:
        """Hand on whatever messages are still gathered, and the state if it is worth it.

        Each STATE holds all companies: written at the end of each, their bytes would grow with the
        square of the companies.
        """
        if not self._rows_are_cut:
            self._state_writer.write_if_worth_it(self.state)
        if isinstance(self.message_writer, MessageWriter):
            self.message_writer.flush()

    def run_done(self) -> None:
        """Write the state at the run's end, whether or not a company failed."""
        self._state_writer.write_now(self.state)

    # What the command line asks for

    @classmethod
    def health_check(cls, given: Any) -> HealthCheckResult:  # noqa: ANN401 - the SDK's config input
        """Check that the ERP can be reached and serves the ledger."""
        config = cls.typed(cls.raw_settings(given), books=False)
        return connection.health(cls.source(config, cls.build(config)), config)

    @classmethod
    def raw_settings(cls, given: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's config input
        """The settings as they were given; from here on their secrets show nowhere."""
        raw: dict[str, Any] = dict(given.config) if given else {}
        if given and given.parse_env:
            raw.update(cls._env_var_config)
        cls.heed(raw)
        return raw

    @classmethod
    def heed(cls, raw: Mapping[str, Any]) -> None:
        """Log, show tracebacks and mask by these settings; they may not have been read yet."""
        learn_secrets(raw, cls.config_jsonschema, cls.masker)
        install(cls.masker)
        cls.debugging = str(raw.get("debug")).strip().lower() in {"true", "1", "yes", "on"}
        cls.quieten(debug=cls.debugging)

    @classmethod
    def build(cls, config: Settings) -> connection.Build:
        """What builds a connection under these settings."""
        return connection.Build(config.usual, cls.masker, cls.wire)

    @classmethod
    def stop(cls) -> None:
        """End the threads and connections of runs under way."""
        for run in list(Run.open_runs):
            run.close()

    @classmethod
    def quieten(cls, *, debug: bool = False) -> None:
        """Log what tells the user something.

        The SDK has several lines for each stream of each period of each company; they are kept
        for `debug`. What the taps themselves say, and all warnings, always show.
        """
        for handler in logging.getLogger().handlers:
            if debug:
                handler.removeFilter(_is_worth_telling)
            else:
                handler.addFilter(_is_worth_telling)
        if debug:
            logging.getLogger().setLevel(logging.DEBUG)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End where no message is cut in two; the last STATE written is a sound one."""
        writer = self.message_writer
        if not isinstance(writer, MessageWriter):
            raise Terminated(signum)
        writer.end(Terminated(signum))


def _end_on_hangup(handle: Callable[[int, FrameType | None], None]) -> None:
    """Take the end of the terminal as a request to end, unless it is to outlive that (nohup)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        return
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handle)


def learn_secrets(config: Mapping[str, Any], schema: Mapping[str, Any], masker: Masker) -> None:
    """Let the mask know every secret among these settings, nested ones too."""
    for name, described in schema.get("properties", {}).items():
        value = config.get(name)
        if described.get("secret") and isinstance(value, (str, int)):
            masker.learn(str(value))
        if isinstance(value, Mapping):
            learn_secrets(value, described, masker)


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Whether a record is more than what libraries tell of their routine."""
    own = record.name.startswith(("tap-", "erp_common"))
    worth = record.name == METRICS_LOGGER_NAME or (own and "singer_sdk" not in record.pathname)
    return worth or record.levelno > logging.INFO
