"""The command line of every tap: the SDK's, with one clear last line where something fails."""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.logging import StructuredFormatter
from singer_sdk.plugin_base import SingerCommand

from erp_common.errors import ERPError, ERPSettingsError
from erp_common.extract.ahead import threads_end
from erp_common.http.masking import formatter_of, handlers
from erp_common.printable import cut_off, printable
from erp_common.singer.capturing import Capturing, capturing
from erp_common.singer.files import JsonFile
from erp_common.singer.writer import MessageWriter, Terminated

if TYPE_CHECKING:
    from erp_common.singer.base import TapBase


_MAX_LAST_LINE = 2000
_FAREWELL = 0.5
"""Seconds for requests under way to notice that the run has ended."""


class LedgerCommand(SingerCommand):
    """Runs a tap and turns every failure into exit status 1 and one sentence."""

    tap_class: type[TapBase[Any]]
    _capture: Capturing | None = None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command; unlike the SDK's, wrong settings are told in `main`, in one line."""
        logging.captureWarnings(capture=True)
        try:
            return click.Command.invoke(self, ctx)
        except BrokenPipeError:
            # Over one with the system's number click would end the process without a word.
            raise BrokenPipeError from None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; the files that it names are read first."""
        for option in self.params:
            if option.name in {"config", "state", "catalog"}:
                option.type = JsonFile(option.name, self.tap_class.heed)
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401 - as click has it
        """Run the command line.

        `--test` and `--discover` run while options are parsed, so failures are caught out here.
        """
        # What the imports have made lives to the end: the garbage collector need not look at it.
        gc.freeze()
        self.tap_class.quieten()
        try:
            kwargs["standalone_mode"] = False
            arguments = kwargs.get("args") or (args[0] if args else None) or sys.argv[1:]
            self._capture = self.tap_class.capture = capturing(self.tap_class, arguments)
            result = super().main(*args, **kwargs)
            status = result if isinstance(result, int) else 0
            MessageWriter.flush_all()
            self._end_capture(status, None)
        except BaseException as error:  # noqa: BLE001 - nobody but us can explain it
            self._end_capture(1, error)
            status = self._ended_by(error)
        self.tap_class.stop()
        if not threads_end(_FAREWELL):
            atexit.register(_leave, status)  # the last one registered is the first one to run
        sys.exit(status)

    def _end_capture(self, status: int, error: BaseException | None) -> None:
        """Write the capture, if there is one, before the last word is said."""
        capture, self._capture, self.tap_class.capture = self._capture, None, None
        if capture is None:
            return
        try:
            self.tap_class.stop()
            if isinstance(error, (Terminated, KeyboardInterrupt, click.Abort)):
                ended_by = getattr(error, "status", 128 + signal.SIGINT)
                capture.end(ended_by, interrupted=True)
            elif isinstance(error, SystemExit):
                capture.end(error.code if isinstance(error.code, int) else 1)
            else:
                capture.end(status, "" if error is None else _told(error)[0])
        except (KeyboardInterrupt, Terminated):
            capture.give_up()

    def _ended_by(self, error: BaseException) -> int:
        """Say how the run ended; gives the exit status."""
        if isinstance(error, SystemExit) and not isinstance(error, Terminated):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error, (KeyboardInterrupt, click.Abort)):
            error = Terminated(signal.SIGINT)
        if isinstance(error, click.ClickException):
            error.show()
            return error.exit_code
        if isinstance(error, OSError) or MessageWriter.any_cut_off():
            # Nothing more can be said there, not even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, Terminated):
            self._say_last(error.sentence)
            return error.status
        if isinstance(error, BrokenPipeError):
            self._say_last("The target stopped reading; see its own messages for why.")
        else:
            self._fail(*_told(error), error)
        return 1

    def _fail(self, kind: str, sentence: str, error: BaseException) -> None:
        """Say what failed, after a traceback if that is wanted."""
        trace = ""
        if self.tap_class.debugging:
            trace = "".join(traceback.format_exception(error)).rstrip() + "\n"
        last = f"{kind}: {' '.join(printable(self.tap_class.masker.mask(sentence)).split())}"
        self._say_last(f"{trace}{cut_off(last, _MAX_LAST_LINE)}")

    def _say_last(self, text: str) -> None:
        """Say something below which nothing is said; requests under way end without a word."""
        self.tap_class.stop()
        logging.disable()
        for handler in handlers():
            # A thread may be about to log already. It waits for this, which is never released.
            handler.acquire()
        line = self._as_logged(printable(self.tap_class.masker.mask(text)))
        with suppress(OSError, UnicodeError):
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - the user's last line

    def _as_logged(self, text: str) -> str:
        """The text; where logs are read by a machine, as Meltano does, as an error among them."""
        for handler in logging.getLogger().handlers:
            if isinstance(formatter_of(handler), StructuredFormatter):
                name, level = self.tap_class.name, logging.ERROR
                return handler.format(logging.LogRecord(name, level, "", 0, text, None, None))
        return text


def _told(error: BaseException) -> tuple[str, str]:
    """The public name of a failure, and the sentence about it."""
    if isinstance(error, ConfigValidationError):
        return "ConfigValidationError", "; ".join(map(str, error.errors)) or str(error)
    if isinstance(error, MappingError):
        wrong = "stream_maps cannot be applied: {}; correct stream_maps"
        return "ConfigValidationError", wrong.format(error)
    if isinstance(error, ERPSettingsError):
        return "ConfigValidationError", str(error)
    if isinstance(error, ERPError):
        # One of the four public errors, or a more special one.
        public = (one for one in type(error).__mro__ if one.__module__ == ERPError.__module__)
        return next(public).__name__, str(error)
    if isinstance(error, OSError):
        where = error.filename or "a file that is needed"
        return "ERPValidationError", (
            f"{where} cannot be used ({error.strerror or type(error).__name__}); correct its path "
            "or permissions, or make room on its disk, and run again"
        )
    return "ERPValidationError", (
        f"something unforeseen went wrong ({type(error).__name__}: {error}); "
        "run with debug: true and report the traceback"
    )


def _leave(status: int) -> NoReturn:
    """End the process while a request is still under way.

    Its thread would go on while the interpreter is taken down around it, and libraries would
    complain of that below the user's last line.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def health_check_option(tap_class: type[TapBase[Any]]) -> click.Option:
    """`--health-check`: one JSON line that says whether the ERP serves the ledger."""

    def check(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
        if not value:
            return
        result = tap_class.health_check(ctx.params.get("config"))
        line = {
            "source_system": tap_class.source_class.source_system,
            **msgspec.to_builtins(result),
        }
        # Masked before it is JSON, so that no secret can be a part of its form.
        message = line["error_message"]
        line["error_message"] = message and cut_off(printable(tap_class.masker.mask(message)), 2000)
        click.echo(json.dumps(line, ensure_ascii=False))
        ctx.exit(0 if line["status"] == "connected" else 1)

    return click.Option(
        ["--health-check"],
        is_flag=True,
        help="Check that the ERP can be reached and serves the ledger; prints one JSON line.",
        callback=check,
        expose_value=False,
    )


def authorize_option(tap_class: type[TapBase[Any]]) -> click.Option:
    """`--authorize`: the first token, by the consent of a user in a browser."""

    def begin(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
        if not value:
            return
        # No other run needs a server.
        from erp_common.singer.authorize import authorize  # noqa: PLC0415

        authorize(tap_class, ctx.params.get("config"))
        ctx.exit(0)

    return click.Option(
        ["--authorize"],
        is_flag=True,
        help="Get the first token: prints the address where a user lets the application in, "
        "waits for the answer and writes token_store.",
        callback=begin,
        expose_value=False,
        hidden=tap_class.defaults.authorize_url is None,
    )
