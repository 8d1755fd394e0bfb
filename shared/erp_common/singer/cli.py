"""The command line of every tap: the SDK's, with one clear last line where something fails."""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.logging import StructuredFormatter
from singer_sdk.plugin_base import SingerCommand

from erp_common.errors import ERPError
from erp_common.extract.ahead import threads_end
from erp_common.http.masking import formatter_of, handlers
from erp_common.singer.ending import Terminated

if TYPE_CHECKING:
    from erp_common.singer.base import TapBase


_FAREWELL = 0.5
"""Seconds for requests under way to notice that the run has ended."""


class ReaderGone(Exception):  # noqa: N818 - tells what happened
    """Nobody reads the messages any more."""


class LedgerCommand(SingerCommand):
    """Runs a tap and turns every failure into exit status 1 and one sentence."""

    tap_class: type[TapBase[Any]]

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command; unlike the SDK's, wrong settings are told in `main`, in one line."""
        logging.captureWarnings(capture=True)
        try:
            return click.Command.invoke(self, ctx)
        except BrokenPipeError:
            raise ReaderGone from None  # click would end the process without a word

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401 - as click has it
        """Run the command line.

        `--test` and `--discover` run while options are parsed, so failures are caught out here.
        """
        status = 1
        # What the imports have made lives to the end: the garbage collector need not look at it.
        gc.freeze()
        self.tap_class.quieten()
        try:
            kwargs["standalone_mode"] = False
            result = super().main(*args, **kwargs)
            status = result if isinstance(result, int) else 0
            self.tap_class.flush()
        except click.ClickException as error:
            error.show()
            status = error.exit_code
        except Terminated as signal:
            status = signal.status
            self._say_last(signal.sentence)
        except SystemExit as leave:
            status = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except (BrokenPipeError, ReaderGone):
            # The reader of our messages is gone: nothing more can be said there, not even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._say_last("The target stopped reading; see its own messages for why.")
        except ConfigValidationError as error:
            self._fail(
                "ConfigValidationError", "; ".join(map(str, error.errors)) or str(error), error
            )
        except ERPError as error:
            self._fail(_public_name(error), str(error), error)
        except Exception as error:  # noqa: BLE001 - nobody but us can explain it
            self._fail(
                "ERPValidationError",
                f"something unforeseen went wrong ({type(error).__name__}: {error}); "
                "run with debug: true and report the traceback",
                error,
            )
        self.tap_class.stop()
        if not threads_end(_FAREWELL):
            atexit.register(_leave, status)  # the last one registered is the first one to run
        sys.exit(status)

    def _fail(self, kind: str, sentence: str, error: BaseException | None = None) -> None:
        """Say what failed, after a traceback if that is wanted."""
        trace = ""
        if error is not None and self.tap_class.debugging():
            trace = "".join(traceback.format_exception(error)).rstrip() + "\n"
        self._say_last(f"{trace}{kind}: {' '.join(sentence.split())}")

    def _say_last(self, text: str) -> None:
        """Say something below which nothing is said; requests under way end without a word."""
        self.tap_class.stop()
        logging.disable()
        for handler in handlers():
            # A thread may be about to log already. It waits for this, which is never released.
            handler.acquire()
        line = self._as_logged(self.tap_class.masked(text))
        print(line, file=sys.stderr)  # noqa: T201 - the user's last line

    def _as_logged(self, text: str) -> str:
        """The text; where logs are read by a machine, as Meltano does, as an error among them."""
        for handler in logging.getLogger().handlers:
            if isinstance(formatter_of(handler), StructuredFormatter):
                name, level = self.tap_class.name, logging.ERROR
                return handler.format(logging.LogRecord(name, level, "", 0, text, None, None))
        return text


def _leave(status: int) -> NoReturn:
    """End the process while a request is still under way.

    Its thread would go on while the interpreter is taken down around it, and libraries would
    complain of that below the user's last line.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _public_name(error: ERPError) -> str:
    """The name of one of the four public errors, for an error or a more special one."""
    for kind in type(error).__mro__:
        if kind.__module__ == "erp_common.errors":
            return kind.__name__
    return "ERPError"


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
        click.echo(tap_class.masked(json.dumps(line, ensure_ascii=False)))
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
