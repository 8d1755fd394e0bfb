"""`--capture`: what the ERP answered in a run, in a file that can be looked at and replayed."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click

from erp_common.errors import ERPError
from erp_common.ledger.periods import BUSINESS_ZONE
from erp_common.setup.parse import refusal
from erp_common.singer.writer import MessageWriter, Terminated

if TYPE_CHECKING:
    from erp_common.singer.base import TapBase

_MOST_MESSAGES = 1 << 28

logger = logging.getLogger("erp_common.capture")


class Capturing:
    """A run that is captured; whatever fails of it costs the capture and never the run."""

    def __init__(self, tap_class: type[TapBase[Any]], path: Path, *, raw: bool) -> None:
        """Listen from now on."""
        # No other run records, or replays.
        from erp_common.http.tape import Tape  # noqa: PLC0415
        from erp_common.replay.standby import standby  # noqa: PLC0415

        self._standby = standby(tap_class)  # first, so that it holds none of what is recorded
        self._tap = tap_class
        self._path = path
        self._raw = raw
        self._began = datetime.now(BUSINESS_ZONE)
        # Unbuffered, so that a full disk is noticed by the block that finds no room.
        self._messages = TemporaryFile(buffering=0)  # noqa: SIM115 -- closed at the end
        self._lacks = False
        self._tape = Tape(tap_class.masker)
        self._settings: dict[str, Any] = {}
        self._state: dict[str, Any] | None = None
        self._catalog: dict[str, Any] | None = None
        self.options: list[str] = []
        tap_class.wire = self._tape
        MessageWriter.listeners.append(self._listen)

    def given(self, settings: Mapping[str, Any]) -> None:
        """Note the settings of the run."""
        self._settings = dict(settings)

    def begun(self, state: Any, catalog: Any) -> None:  # noqa: ANN401 -- the SDK's own
        """Note the files that the run was given."""
        self._state = deepcopy(state) if isinstance(state, dict) and state else None
        if catalog is not None:
            self._catalog = catalog if isinstance(catalog, dict) else catalog.to_dict()

    def _listen(self, block: bytes) -> None:
        if self._lacks:
            return
        known = self._messages.tell()
        try:
            if known > _MOST_MESSAGES:
                reason = "there are too many"
            elif self._messages.write(block) == len(block):
                return
            else:
                reason = "there is no more room for them"
        except OSError as error:
            reason = error.strerror or type(error).__name__
        self._lacks = True
        self._messages.truncate(known)  # whole messages alone
        logger.warning("The capture lacks the run's further messages (%s).", reason)

    def give_up(self) -> None:
        """Write nothing: who ends the writing of a capture does not want to wait."""
        logger.warning(
            "The capture was given up, as somebody ended it; what the run had read by then is "
            "handed over."
        )
        self._forget()

    def _forget(self) -> None:
        MessageWriter.listeners.clear()
        self._tape.close()
        self._messages.close()
        if self._standby is not None:
            self._standby.close()
            self._standby = None

    def end(self, status: int, failure: str = "", *, interrupted: bool = False) -> None:
        """Write the capture, and say where it is.

        Args:
            status: The run's exit status.
            failure: The public name of the error that it ended with.
            interrupted: Whether somebody ended the run.
        """
        # No other run needs what disguises and replays.
        from erp_common.replay import again, archive, keeping  # noqa: PLC0415

        MessageWriter.listeners.clear()
        try:
            if not self._tape.exchanges():
                logger.warning("Nothing was asked of the ERP, so there is no capture.")
                return
            if self._raw:
                logger.info("Writing what the ERP answered, as it is, into %s", self._path)
            else:
                logger.info("Disguising what the ERP answered, into %s", self._path)
            self._messages.seek(0)
            messages = self._messages.read()
            original = archive.outcome(messages, status, failure)
            manifest = archive.Manifest(
                tap=self._tap.name,
                release=str(self._tap.plugin_version),
                mode="raw" if self._raw else "disguised",
                options=self.options,
                moment=self._began.isoformat(timespec="seconds"),
                settings=keeping.settings_kept(self._settings, self._tap.every_setting()),
                state=self._state,
                catalog=self._catalog,
                interrupted=interrupted,
                original=original,
            )
            if interrupted:
                logger.warning(
                    "The run was ended from outside; what the ERP answered until then is still "
                    "captured. End it once more to go without."
                )
            kept = keeping.keep(
                self._tape, manifest, messages, self._tap.masker, self._path, self._standby
            )
            is_shaped = any(map(self._settings.get, again.SHAPING))
            is_whole = not is_shaped and not interrupted and not self._lacks
            self._tell(kept, is_comparable=is_whole)
        except (KeyboardInterrupt, Terminated):
            self.give_up()
        except Exception as error:  # noqa: BLE001 -- the run is not to fail for its capture
            reason = getattr(error, "strerror", None) or type(error).__name__
            logger.warning(
                "The capture %s could not be written (%s); name a file in a folder that can be "
                "written to and has room, or set TMPDIR to one.",
                self._path,
                reason,
            )
        finally:
            self._forget()

    def _tell(self, manifest: Any, *, is_comparable: bool) -> None:  # noqa: ANN401 -- a Manifest, of a room that is loaded late
        if manifest.left_out:
            logger.warning(
                "The capture lacks %d exchanges, being too large otherwise; capture fewer periods "
                "or companies.",
                manifest.left_out,
            )
        if is_comparable and (
            manifest.expected is None or not manifest.expected.is_like(manifest.original)
        ):
            logger.warning(
                "A run against the capture does not read what this run read; say so when you send "
                "it."
            )
        logger.info(
            "Captured into %s; read it before you send it: python -m erp_common.replay --show %s",
            self._path,
            self._path,
        )


def capture_options(tap_class: type[TapBase[Any]]) -> list[click.Option]:
    """`--capture FILE.zip` and `--capture-raw`."""
    return [
        click.Option(
            ["--capture"],
            metavar="FILE.zip",
            help="Keep what the ERP answers in a file, for a test or a report: names, texts, "
            "numbers and amounts are replaced by stand-ins (docs/captures.md).",
            expose_value=False,
            hidden=not tap_class.settings_class.calls,
        ),
        click.Option(
            ["--capture-raw"],
            is_flag=False,
            flag_value="",
            metavar="[FILE.zip]",
            help="With --capture: keep everything as it is, in a file whose name says so.",
            expose_value=False,
            hidden=not tap_class.settings_class.calls,
        ),
    ]


def capturing(tap_class: type[TapBase[Any]], args: Sequence[str]) -> Capturing | None:
    """What listens to a run with these arguments; None if they ask for no capture.

    Raises:
        ConfigValidationError: They name no file, or one that cannot be.
    """
    plain, raw_named = _named(args, "--capture"), _named(args, "--capture-raw")
    named, raw = plain or raw_named, raw_named is not None
    if plain is None and not raw:
        return None
    if not named or not tap_class.settings_class.calls:
        raise refusal(
            "--capture names the file to write, such as --capture books.zip; it is for ERPs that "
            "are asked, not for files"
        )
    path = Path(named)
    if raw and "raw" not in path.stem.lower():
        path = path.with_name(f"{path.stem}.raw{path.suffix or '.zip'}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise refusal(
            f"the capture cannot be written to {path}; name a file in a folder that exists and "
            "can be written to"
        )
    try:
        found = Capturing(tap_class, path, raw=raw)
    except (OSError, ERPError) as error:
        logger.warning("There is no capture of this run (%s).", error)
        return None
    found.options = [one for one in args if one.startswith(("--health-check", "--test"))]
    return found


def _named(args: Sequence[str], option: str) -> str | None:
    """The file that follows an option; empty if none does, None without the option."""
    for at, one in enumerate(args):
        if one == option:
            following = args[at + 1] if at + 1 < len(args) else ""
            return "" if following.startswith("--") else following
        if one.startswith(f"{option}="):
            return one.partition("=")[2]
    return None
